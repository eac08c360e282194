"""OpenSCENARIO actions that set an entity's speed: changes, profiles, gaps, arrivals together with a master."""

from __future__ import annotations

import math

from scene_graph.readers.openscenario_distances import relative_distance_m
from scene_graph.readers.openscenario_dynamics import LONGITUDINAL, Transition, dynamics_of
from scene_graph.readers.openscenario_positions import Unsupported, place_of
from scene_graph.readers.openscenario_state import STEP_S, Entity, World
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["GapKeeping", "SpeedChange", "SpeedProfile", "Synchronising"]

_MAX_SPEED_MPS = 500.0
_GAP_RESPONSE_PER_S = 0.5
_DEFAULT_ACCELERATION_MPS2 = 10.0
_REACHED_M = 0.2
_LEAST_SYNC_S = 0.05


class SpeedChange:
    """A passage to a speed, absolute or relative to another entity's.

    Args:
        source: the `<SpeedAction>`.
    """

    domains = frozenset({LONGITUDINAL})
    moves = False

    def __init__(self, source: XmlElement) -> None:
        self._dynamics = dynamics_of(source.required("SpeedActionDynamics"))
        target = source.required("SpeedActionTarget")
        absolute, relative = target.find("AbsoluteTargetSpeed"), target.find("RelativeTargetSpeed")
        self._reference: str | None = None
        self._continuous = False
        if absolute is not None:
            self._value = absolute.number("value", limit=_MAX_SPEED_MPS)
        elif relative is not None:
            self._value = relative.number("value", limit=_MAX_SPEED_MPS)
            self._reference = relative.string("entityRef")
            self._is_factor = relative.string("speedTargetValueType", "delta") == "factor"
            self._continuous = relative.flag("continuous", False)
        else:
            raise ValueError(f"{target}: expected an absolute or relative target speed in it")

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        self._start_mps, self._elapsed_s = entity.speed_mps, 0.0
        change = self._target_mps(world) - self._start_mps
        mean_mps = self._start_mps + change / 2.0
        duration_s = 0.0 if change == 0.0 else self._dynamics.duration_s(change, mean_mps)
        self._transition = Transition(shape=self._dynamics.shape, duration_s=duration_s)
        if self._transition.ends_at(0.0):
            entity.speed_mps += change

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        self._elapsed_s += STEP_S
        change = self._target_mps(world) - self._start_mps
        entity.speed_mps = self._start_mps + change * self._transition.at(self._elapsed_s)
        return self._transition.ends_at(self._elapsed_s) and not self._continuous

    def _target_mps(self, world: World) -> float:
        if self._reference is None:
            return self._value
        reference_mps = world.entity(self._reference).speed_mps
        speed_mps = reference_mps * self._value if self._is_factor else reference_mps + self._value
        return min(max(speed_mps, -_MAX_SPEED_MPS), _MAX_SPEED_MPS)


class SpeedProfile:
    """Speeds one after the other, each reached linearly in its time.

    Args:
        source: the `<SpeedProfileAction>`.
    """

    domains = frozenset({LONGITUDINAL})
    moves = False

    def __init__(self, source: XmlElement) -> None:
        self._entries = [
            (entry.number("time", 0.0, limit=1e5), entry.number("speed", limit=_MAX_SPEED_MPS))
            for entry in source.find_all("SpeedProfileEntry")
        ]
        if not self._entries:
            raise ValueError(f"{source}: expected a <SpeedProfileEntry> in it, found none")
        self._reference = source.attributes.get("entityRef")

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        self._elapsed_s, self._start_mps, self._index = 0.0, entity.speed_mps, 0

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        self._elapsed_s += STEP_S
        base_mps = 0.0 if self._reference is None else world.entity(self._reference).speed_mps
        while self._index < len(self._entries):
            duration_s, speed_mps = self._entries[self._index]
            if self._elapsed_s < duration_s:
                part = self._elapsed_s / duration_s
                entity.speed_mps = self._start_mps + (base_mps + speed_mps - self._start_mps) * part
                return False
            entity.speed_mps = self._start_mps = base_mps + speed_mps
            self._elapsed_s -= max(duration_s, 0.0)
            self._index += 1
        return True


class GapKeeping:
    """A distance, or time gap, to another entity, reached as a critically damped spring would.

    Args:
        source: the `<LongitudinalDistanceAction>`.
    """

    domains = frozenset({LONGITUDINAL})
    moves = False

    def __init__(self, source: XmlElement) -> None:
        self._reference = source.string("entityRef")
        self._gap_s = source.number("timeGap", limit=1e4) if "timeGap" in source.attributes else None
        self._gap_m = 0.0 if self._gap_s is not None else source.number("distance", limit=1e5)
        self._continuous = source.flag("continuous", False)
        self._freespace = source.flag("freespace", False)
        bounds = source.find("DynamicConstraints")
        named = {"maxAcceleration": _DEFAULT_ACCELERATION_MPS2, "maxDeceleration": _DEFAULT_ACCELERATION_MPS2}
        named["maxSpeed"] = _MAX_SPEED_MPS
        self._bounds = {
            name: default if bounds is None else abs(bounds.number(name, default)) for name, default in named.items()
        }

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        world.entity(self._reference)

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        reference = world.entity(self._reference)
        ahead_m = relative_distance_m(world, entity, reference, "longitudinal", "road", freespace=self._freespace)
        wanted_m = self._gap_m if self._gap_s is None else self._gap_s * abs(entity.speed_mps)
        missing_m = ahead_m - math.copysign(wanted_m, ahead_m)
        closing_mps = reference.speed_mps - entity.speed_mps
        pull = _GAP_RESPONSE_PER_S**2 * missing_m + 2.0 * _GAP_RESPONSE_PER_S * closing_mps
        pull = min(max(pull, -self._bounds["maxDeceleration"]), self._bounds["maxAcceleration"])
        entity.speed_mps = min(max(entity.speed_mps + pull * STEP_S, 0.0), self._bounds["maxSpeed"])
        return not self._continuous and abs(missing_m) < _REACHED_M and abs(closing_mps) < _REACHED_M


class Synchronising:
    """Arrival at a place when a master arrives at its own, by a speed that changes as a quadratic of time.

    Args:
        source: the `<SynchronizeAction>`.
    """

    domains = frozenset({LONGITUDINAL})
    moves = False

    def __init__(self, source: XmlElement) -> None:
        self._master = source.string("masterEntityRef")
        self._master_goal = source.required("TargetPositionMaster")
        self._goal = source.required("TargetPosition")
        final = source.find("FinalSpeed")
        self._final_mps, self._relative = 0.0, True
        for speed in final.children if final is not None else ():
            self._final_mps = speed.number("value", limit=_MAX_SPEED_MPS)
            self._relative = speed.tag == "RelativeSpeedToMaster"
            if self._relative and speed.string("speedTargetValueType", "delta") != "delta":
                raise Unsupported("SynchronizeAction with a factor")
        self._has_final = final is not None and bool(final.children)

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        master_place, place = place_of(self._master_goal, world), place_of(self._goal, world)
        if master_place is None or place is None:
            raise Unsupported("SynchronizeAction beside the roads")
        self._master_place, self._place = master_place, place

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        master = world.entity(self._master)
        ahead_m = relative_distance_m(world, entity, self._place, "longitudinal", "road", freespace=False)
        master_ahead_m = relative_distance_m(world, master, self._master_place, "longitudinal", "road", freespace=False)
        left_s = master_ahead_m / master.speed_mps if master.speed_mps > 1e-3 else math.inf
        if left_s < _LEAST_SYNC_S or ahead_m < _REACHED_M:
            return True
        if math.isfinite(left_s):
            final_mps = entity.speed_mps
            if self._has_final:
                final_mps = self._final_mps + (master.speed_mps if self._relative else 0.0)
            # v + b t + c t^2 that covers the way in the time left and ends at the final speed: b at t = 0
            pull = (
                6.0 * (ahead_m - entity.speed_mps * left_s) / left_s**2 - 2.0 * (final_mps - entity.speed_mps) / left_s
            )
            pull = min(max(pull, -_DEFAULT_ACCELERATION_MPS2), _DEFAULT_ACCELERATION_MPS2)
            entity.speed_mps = min(max(entity.speed_mps + pull * STEP_S, 0.0), _MAX_SPEED_MPS)
        return False
