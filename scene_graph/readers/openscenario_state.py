"""Where the entities of an OpenSCENARIO scenario are while it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from scene_graph.readers.openscenario_entities import EntitySpec
from scene_graph.readers.openscenario_network import GroundPose, LanePlace, RoadNetwork
from scene_graph.readers.openscenario_ways import RoadWays, Route

__all__ = ["STEP_S", "Entity", "World"]

STEP_S = 0.01
"""Time between two steps of a scenario, seconds."""

_ON_ROAD_M = 3.0
_SAME_HEIGHT_M = 0.5


class Entity:
    """One entity on its way.

    Attributes:
        spec: what it is.
        place: where it is on the road network; None beside it.
        free: where it is in the world beside the network; None on it, or before it is put anywhere.
        is_visible: whether cameras see it.
        speed_mps: along its direction, negative backwards.
        acceleration_mps2: change of the speed in the last step.
        height_given: whether the height of `free` is the file's; else it lies on the road below.
        settled_m: the offset from the lane's centre that it keeps.
        drift_rad: how far its nose points away from its lane's direction while it changes lanes.
        route: what it follows.
        driven_m: distance so far.
        located: where `free` was found to be on the road network when that was last asked.
        standing_s, off_road_s, ended_s: how long it has stood, been beside the road, been at a road's end.
    """

    def __init__(self, spec: EntitySpec) -> None:
        self.spec = spec
        self.place: LanePlace | None = None
        self.free: GroundPose | None = None
        self.height_given = True
        self.is_visible = True
        self.settled_m = 0.0
        self.speed_mps = 0.0
        self.acceleration_mps2 = 0.0
        self.drift_rad = 0.0
        self.route: Route | None = None
        self.driven_m = 0.0
        self.standing_s = 0.0
        self.off_road_s = 0.0
        self.ended_s = 0.0
        self.located: tuple[GroundPose, LanePlace | None] | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.spec.name

    @property
    def is_placed(self) -> bool:
        """Whether it is anywhere."""
        return self.place is not None or self.free is not None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """The entities and their road network.

    Attributes:
        entities: by name.
        network: the roads; None where the scenario has none.
        ways: ways over them.
        parameters: values of the global parameters, which actions may change.
        signals: what each traffic signal shows, by its id.
    """

    entities: Mapping[str, Entity]
    network: RoadNetwork | None
    ways: RoadWays | None
    parameters: dict[str, str]
    signals: dict[str, str]

    def entity(self, name: str) -> Entity:
        """An entity by its name.

        Raises:
            ValueError: there is none.
        """
        if name not in self.entities:
            known = ", ".join(list(self.entities)[:8])
            raise ValueError(f"the scenario has no entity {name[:40]!r}; expected one of {known}")
        return self.entities[name]

    def pose(self, entity: Entity) -> GroundPose:
        """Where an entity stands.

        Raises:
            ValueError: it has not been put anywhere.
        """
        if entity.place is not None and self.network is not None:
            pose = self.network.pose(entity.place)
            return replace(pose, heading_rad=pose.heading_rad + entity.drift_rad) if entity.drift_rad else pose
        if entity.free is None:
            raise ValueError(f"entity {entity.name!r} has not been put anywhere")
        return entity.free

    def place(self, entity: Entity) -> LanePlace | None:
        """Where an entity is on the road network, by its lane or by its pose; None beside it."""
        if entity.place is not None or entity.free is None:
            return entity.place
        if entity.located is None or entity.located[0] is not entity.free:
            entity.located = entity.free, self._on_network(entity.free, keep_height=False)
        return entity.located[1]

    def put(self, entity: Entity, where: LanePlace | GroundPose, *, keep_height: bool = False) -> None:
        """Puts an entity somewhere: on the road network where it lies there.

        Args:
            entity: which.
            where: a place of the network, or a pose in the world.
            keep_height: whether the pose's height is to be kept, where it is not the road's.
        """
        entity.drift_rad = 0.0
        entity.ended_s = 0.0
        if isinstance(where, LanePlace):
            entity.place, entity.free, entity.settled_m = where, None, where.offset_m
            return
        place = self._on_network(where, keep_height=keep_height)
        entity.free = where if place is None else None
        entity.place, entity.settled_m = place, 0.0 if place is None else place.offset_m

    def on_ground(self, pose: GroundPose) -> GroundPose:
        """A pose lowered or raised onto the road, and tilted as the road is; as it is where there is no road."""
        if self.network is None:
            return pose
        place, beyond_m = self.network.locate(pose.x_m, pose.y_m)
        if beyond_m > _ON_ROAD_M:
            return pose
        turned = replace(place, heading_rad=pose.heading_rad - self.network.pose(place).heading_rad)
        ground = self.network.pose(turned)
        return replace(pose, z_m=ground.z_m, pitch_rad=ground.pitch_rad, roll_rad=ground.roll_rad)

    def _on_network(self, pose: GroundPose, *, keep_height: bool) -> LanePlace | None:
        if self.network is None:
            return None
        place, beyond_m = self.network.locate(pose.x_m, pose.y_m, pose.z_m if keep_height else None)
        ground = self.network.pose(place)
        if beyond_m > _ON_ROAD_M or (keep_height and abs(ground.z_m - pose.z_m) > _SAME_HEIGHT_M):
            return None
        return replace(place, heading_rad=math.remainder(pose.heading_rad - ground.heading_rad, 2.0 * math.pi))
