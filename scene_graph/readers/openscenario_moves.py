"""OpenSCENARIO actions that say where an entity goes: lanes, offsets, trajectories, leaps, routes."""

from __future__ import annotations

import math
from dataclasses import replace

from scene_graph.readers.openscenario_dynamics import (
    LATERAL,
    LONGITUDINAL,
    Dynamics,
    Transition,
    dynamics_of,
    offset_duration_s,
)
from scene_graph.readers.openscenario_network import LanePlace
from scene_graph.readers.openscenario_paths import path_of
from scene_graph.readers.openscenario_positions import Unsupported, WorldPoint, place_of, resolve, route_of
from scene_graph.readers.openscenario_state import STEP_S, Entity, World
from scene_graph.readers.xml_tree import XmlElement

__all__ = [
    "LaneChange",
    "LaneOffset",
    "LateralShift",
    "RouteAssignment",
    "Teleport",
    "TrajectoryFollowing",
    "Visibility",
]

_LEAST_DRIFT_SPEED_MPS = 0.5


class LateralShift:
    """A passage to an offset from a lane's centre.

    Args:
        lane_id: the lane.
        offset_m: to the left of its centre along the road, metres.
        dynamics: how; over a distance, that driven counts.
    """

    domains = frozenset({LATERAL})
    moves = False

    def __init__(self, lane_id: int, offset_m: float, dynamics: Dynamics) -> None:
        self._lane_id, self._goal_m, self._dynamics = lane_id, offset_m, dynamics

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        if entity.place is None or world.network is None:
            raise Unsupported("lateral action beside the roads")
        entity.place = world.network.to_lane(entity.place, self._lane_id)
        self._towards = entity.place.towards
        self._start_m = entity.place.offset_m
        change_m = self._goal_m - self._start_m
        by_distance = self._dynamics.dimension == "distance" and self._dynamics.shape != "step"
        length = self._dynamics.value if by_distance else self._dynamics.duration_s(change_m, 0.0)
        self._transition = Transition(shape=self._dynamics.shape, duration_s=length)
        self._by_distance, self._elapsed = by_distance, 0.0
        entity.settled_m = self._goal_m

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        if entity.place is None:
            return True
        self._elapsed += abs(entity.speed_mps) * STEP_S if self._by_distance else STEP_S
        side = 1.0 if entity.place.towards == self._towards else -1.0  # the road may have turned round meanwhile
        change_m = side * (self._goal_m - self._start_m)
        offset_m = side * self._start_m + change_m * self._transition.at(self._elapsed)
        entity.place = replace(entity.place, offset_m=offset_m)
        entity.settled_m = side * self._goal_m
        speed = max(abs(entity.speed_mps), _LEAST_DRIFT_SPEED_MPS)
        sideways = change_m * self._transition.rate_at(self._elapsed) * (speed if self._by_distance else 1.0)
        over = self._transition.ends_at(self._elapsed)
        entity.drift_rad = 0.0 if over else math.atan2(sideways * entity.place.towards, speed)
        return over


class LaneChange(LateralShift):
    """A change of lane.

    Args:
        source: the `<LaneChangeAction>`.
    """

    def __init__(self, source: XmlElement) -> None:
        dynamics = dynamics_of(source.required("LaneChangeActionDynamics"))
        super().__init__(0, source.number("targetLaneOffset", 0.0, limit=100.0), dynamics)
        self._target = source.required("LaneChangeTarget")

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        absolute, relative = self._target.find("AbsoluteTargetLane"), self._target.find("RelativeTargetLane")
        if absolute is not None:
            self._lane_id = absolute.integer("value")
        elif relative is not None:
            reference = world.entity(relative.string("entityRef"))
            if reference.place is None or world.network is None:
                raise Unsupported("LaneChangeAction relative to an entity beside the roads")
            self._lane_id = world.network.lane_beside(reference.place, relative.integer("value"))
        else:
            raise ValueError(f"{self._target}: expected an absolute or relative target lane in it")
        super().start(entity, world, time_s)


class LaneOffset(LateralShift):
    """A change of the offset from the lane's centre.

    Args:
        source: the `<LaneOffsetAction>`.
    """

    def __init__(self, source: XmlElement) -> None:
        dynamics = source.required("LaneOffsetActionDynamics")
        self._shape = dynamics.string("dynamicsShape", "step")
        self._max_acceleration = dynamics.number("maxLateralAcc", 0.0)
        super().__init__(0, 0.0, dynamics_of(dynamics))
        self._target = source.required("LaneOffsetTarget")

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        if entity.place is None:
            raise Unsupported("LaneOffsetAction beside the roads")
        absolute = self._target.find("AbsoluteTargetLaneOffset")
        relative = self._target.find("RelativeTargetLaneOffset")
        if absolute is not None:
            self._goal_m = absolute.number("value", limit=100.0)
        elif relative is not None:
            reference = world.entity(relative.string("entityRef")).place
            self._goal_m = relative.number("value", limit=100.0) + (0.0 if reference is None else reference.offset_m)
        else:
            raise ValueError(f"{self._target}: expected an absolute or relative target offset in it")
        self._lane_id = entity.place.lane_id
        change_m = self._goal_m - entity.place.offset_m
        duration_s = offset_duration_s(self._shape, change_m, self._max_acceleration)
        shape = self._shape if duration_s > 0.0 else "step"
        self._dynamics = Dynamics(shape=shape, dimension="time", value=duration_s)
        super().start(entity, world, time_s)


class TrajectoryFollowing:
    """A drive along a path: by its own times, or as fast as the entity goes.

    Args:
        source: the `<FollowTrajectoryAction>`.
    """

    domains = frozenset({LATERAL})
    moves = True

    def __init__(self, source: XmlElement) -> None:
        holder = source.find("TrajectoryRef") or source
        trajectories = [child for child in holder.children if child.tag == "Trajectory"]
        trajectories += [
            entry for child in holder.find_all("CatalogReference") for entry in child.find_all("Trajectory")
        ]
        if not trajectories:
            raise ValueError(f"{source}: expected a <Trajectory> in it, or in the catalog that it names")
        self._trajectory = trajectories[0]
        timing = next(iter(source.within("TimeReference", "Timing")), None)
        self._timing = timing
        if timing is not None:
            self.domains = frozenset({LATERAL, LONGITUDINAL})
            self._scale = timing.number("scale", 1.0, limit=1e6)
            self._offset_s = timing.number("offset", 0.0, limit=1e6)
            self._is_absolute = timing.string("domainAbsoluteRelative", "relative") == "absolute"
            if not self._scale > 0.0:
                raise ValueError(f"{timing}: 'scale' is {self._scale:g}; expected more than 0")
        self._s_m = max(source.number("initialDistanceOffset", 0.0, limit=1e6), 0.0)

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        self._path = path_of(self._trajectory, entity, world)
        self._start_s = 0.0 if self._timing is None or self._is_absolute else time_s
        self._times_s = None if self._timing is None else self._path.times_s
        entity.place, entity.height_given = None, self._path.has_height
        entity.free = self._path.pose_at(self._s_m)
        entity.drift_rad = 0.0
        if self._times_s is not None:
            self._go_to_time(entity, time_s, float(self._times_s[-1]))

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        if self._times_s is not None:
            over = self._go_to_time(entity, time_s + STEP_S, float(self._times_s[-1]))
        else:
            self._s_m += abs(entity.speed_mps) * STEP_S
            pose = self._path.pose_at(self._s_m)
            if entity.speed_mps < 0.0:
                pose = replace(pose, heading_rad=pose.heading_rad + math.pi)
            over = self._s_m >= self._path.length_m
            entity.free = pose
        if over and entity.free is not None:
            world.put(entity, entity.free, keep_height=entity.height_given)
        return over

    def _go_to_time(self, entity: Entity, time_s: float, last_s: float) -> bool:
        """Puts an entity where it is at a time of the scenario, at its speed there; whether the path ends."""
        own_s = (time_s - self._start_s - self._offset_s) / self._scale
        before, entity.free = entity.free, self._path.pose_at_time(own_s)
        if before is not None and time_s > self._start_s:
            moved_m = math.hypot(entity.free.x_m - before.x_m, entity.free.y_m - before.y_m)
            entity.speed_mps = moved_m / STEP_S
        return own_s >= last_s


class Teleport:
    """A leap to a position.

    Args:
        source: the `<TeleportAction>`.
    """

    domains: frozenset[str] = frozenset()
    moves = False

    def __init__(self, source: XmlElement) -> None:
        self._position = source.required("Position")

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        found = resolve(self._position, world)
        if isinstance(found, WorldPoint):
            entity.height_given = found.has_height
            world.put(entity, found.pose, keep_height=found.has_height)
        else:
            world.put(entity, found)

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        return True


class RouteAssignment:
    """A route to follow from now on: a given one, or the way to a position.

    Args:
        source: the `<AssignRouteAction>` or `<AcquirePositionAction>`.
    """

    domains: frozenset[str] = frozenset()
    moves = False

    def __init__(self, source: XmlElement) -> None:
        self._source = source

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        if world.ways is None:
            raise Unsupported(f"{self._source.tag} without a road network")
        if self._source.tag == "AssignRouteAction":
            entity.route = route_of(self._source, world)
            return
        goal = place_of(self._source.required("Position"), world)
        if goal is None or entity.place is None:
            raise Unsupported(f"{self._source.tag} beside the roads")
        entity.route = world.ways.route([_level(entity.place), goal])

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        return True


class Visibility:
    """Whether an entity can be seen by cameras from now on.

    Args:
        source: the `<VisibilityAction>`.
    """

    domains: frozenset[str] = frozenset()
    moves = False

    def __init__(self, source: XmlElement) -> None:
        self._is_visible = source.flag("graphics", True)

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        entity.is_visible = self._is_visible

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        return True


def _level(place: LanePlace) -> LanePlace:
    """A place in the direction of its road that it points to most."""
    return replace(place, heading_rad=0.0 if place.towards > 0 else math.pi)
