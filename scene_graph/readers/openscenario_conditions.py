"""When things happen in an OpenSCENARIO scenario: triggers, their groups of conditions, edges and delays."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from scene_graph.readers.openscenario_distances import KINDS, SYSTEMS, boxes_overlap, relative_distance_m
from scene_graph.readers.openscenario_network import GroundPose, LanePlace
from scene_graph.readers.openscenario_positions import Unsupported, WorldPoint, require_read, resolve
from scene_graph.readers.openscenario_state import STEP_S, Entity, World
from scene_graph.readers.records import Records
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["Board", "Trigger", "trigger_of"]

_EQUAL = 1e-3
_EDGES = ("none", "rising", "falling", "risingOrFalling")
_MAX_DELAY_S = 1e6
_STANDING_MPS = 1e-3

_RULES: dict[str, Callable[[float, float], bool]] = {
    "greaterThan": lambda a, b: a > b,
    "lessThan": lambda a, b: a < b,
    "greaterOrEqual": lambda a, b: a >= b,
    "lessOrEqual": lambda a, b: a <= b,
    "equalTo": lambda a, b: abs(a - b) <= _EQUAL,
    "notEqualTo": lambda a, b: abs(a - b) > _EQUAL,
}


@runtime_checkable
class Board(Protocol):
    """What conditions ask about the storyboard."""

    def shows(self, element_type: str, name: str, state: str, asker: tuple[int, ...]) -> bool:
        """Whether an element of the storyboard is in a state, or just went through a transition.

        Args:
            element_type: "act", "event" and so on.
            name: its name.
            state: of the state or transition.
            asker: where in the storyboard one asks from: of several elements of one name, the nearest is meant.
        """
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class Moment:
    """What a condition is evaluated against.

    Attributes:
        time_s: of the scenario, seconds.
        world: the entities.
        board: the storyboard.
        records: what to do with a condition that cannot be evaluated.
        where: the scenario's file, for errors.
        asker: where in the storyboard the trigger belongs that is evaluated.
    """

    time_s: float
    world: World
    board: Board
    records: Records
    where: str
    asker: tuple[int, ...] = ()


Check = Callable[[Moment], tuple[bool, tuple[str, ...]]]
"""Whether a condition holds, and which entities make it hold."""


class Trigger:
    """Groups of conditions: it fires when all conditions of one group hold.

    Args:
        groups: the conditions of each group.

    Attributes:
        asker: where in the storyboard it belongs.
    """

    def __init__(self, groups: Sequence[Sequence[_Condition]]) -> None:
        self._groups = groups
        self.asker: tuple[int, ...] = ()

    def fires(self, moment: Moment) -> tuple[bool, tuple[str, ...]]:
        """Whether it fires now, and the entities that made it; to be asked once a step."""
        moment.asker = self.asker
        fired, entities = False, []
        for group in self._groups:
            results = [condition.holds(moment) for condition in group]
            if results and all(holds for holds, _ in results):
                fired = True
                entities += [name for _, names in results for name in names]
        return fired, tuple(dict.fromkeys(entities))

    def reset(self) -> None:
        """Forgets what was, as before it was first asked."""
        for group in self._groups:
            for condition in group:
                condition.reset()


class _Condition:
    """One condition with its edge and delay; one that cannot be evaluated never holds."""

    def __init__(self, name: str, check: Check, edge: str, delay_s: float) -> None:
        self._name, self._check, self._edge = name, check, edge
        self._delay_steps = round(delay_s / STEP_S)
        self.reset()

    def reset(self) -> None:
        self._before: bool | None = None
        self._results: deque[tuple[bool, tuple[str, ...]]] = deque()

    def holds(self, moment: Moment) -> tuple[bool, tuple[str, ...]]:
        """Whether it held, edge included, its delay ago."""
        now, checked = False, False
        names: tuple[str, ...] = ()
        with moment.records.checking(f"{moment.where}, condition {self._name!r} at {moment.time_s:.2f} s"):
            now, names = self._check(moment)
            checked = True
        if not checked:
            self._check = _never
        before, self._before = self._before, now
        if self._edge != "none":
            rising, falling = before is False and now, before is True and not now
            wanted = {"rising": rising, "falling": falling, "risingOrFalling": rising or falling}
            now = wanted[self._edge]
        self._results.append((now, names))
        if len(self._results) <= self._delay_steps:
            return False, ()
        return self._results.popleft()


def trigger_of(element: XmlElement | None, note: Callable[[str], None]) -> Trigger | None:
    """The trigger of an element `<StartTrigger>` or `<StopTrigger>`, None without one.

    Args:
        element: the element.
        note: is told the name of each condition that is not read; it never holds.

    Raises:
        ValueError: a condition is damaged.
    """
    if element is None:
        return None
    groups = []
    for group in element.find_all("ConditionGroup"):
        conditions = []
        for source in group.find_all("Condition"):
            edge = source.string("conditionEdge", "none")
            if edge not in _EDGES:
                raise ValueError(f"{source}: 'conditionEdge' is {edge[:40]!r}; expected one of {', '.join(_EDGES)}")
            delay_s = source.number("delay", 0.0, limit=_MAX_DELAY_S)
            try:
                check = _check(source)
            except Unsupported as missing:
                note(missing.what)
                check = _never
            conditions.append(_Condition(source.string("name", ""), check, edge, max(delay_s, 0.0)))
        groups.append(conditions)
    return Trigger(groups)


def _never(moment: Moment) -> tuple[bool, tuple[str, ...]]:
    return False, ()


def _check(source: XmlElement) -> Check:
    by_value, by_entity = source.find("ByValueCondition"), source.find("ByEntityCondition")
    if by_value is not None and by_value.children:
        return _by_value(by_value.children[0])
    if by_entity is not None:
        return _by_entity(by_entity)
    raise ValueError(f"{source}: expected a condition by value or by entity in it")


def _by_value(source: XmlElement) -> Check:
    if source.tag == "SimulationTimeCondition":
        compare, limit_s = _rule(source), source.number("value")
        return lambda moment: (compare(moment.time_s, limit_s), ())
    if source.tag == "StoryboardElementStateCondition":
        element_type, state = source.string("storyboardElementType"), source.string("state")
        name = source.string("storyboardElementRef")
        return lambda moment: (moment.board.shows(element_type, name, state, moment.asker), ())
    if source.tag in ("ParameterCondition", "VariableCondition"):
        return _parameter(source)
    if source.tag == "TrafficSignalCondition":
        signal, shown = source.string("name"), source.string("state")
        return lambda moment: (moment.world.signals.get(signal) == shown, ())
    raise Unsupported(source.tag)


def _parameter(source: XmlElement) -> Check:
    name = source.attributes.get("parameterRef", source.attributes.get("variableRef", ""))
    rule, value = source.string("rule", "equalTo"), source.string("value")
    if rule not in _RULES:
        raise ValueError(f"{source}: 'rule' is {rule[:40]!r}; expected one of {', '.join(_RULES)}")

    def check(moment: Moment) -> tuple[bool, tuple[str, ...]]:
        current = moment.world.parameters.get(name, "")
        try:
            return _RULES[rule](float(current), float(value)), ()
        except ValueError:  # texts, not numbers
            return {"equalTo": current == value, "notEqualTo": current != value}.get(rule, False), ()

    return check


def _by_entity(source: XmlElement) -> Check:
    triggering = source.required("TriggeringEntities")
    needs_all = triggering.string("triggeringEntitiesRule", "any") == "all"
    names = [ref.string("entityRef") for ref in triggering.find_all("EntityRef")]
    conditions = source.required("EntityCondition").children
    if not conditions:
        raise ValueError(f"{source}: expected a condition in <EntityCondition>, found none")
    test = _entity_test(conditions[0])

    def check(moment: Moment) -> tuple[bool, tuple[str, ...]]:
        entities = [moment.world.entity(name) for name in names]
        holding = tuple(entity.name for entity in entities if entity.is_placed and test(entity, moment))
        return (len(holding) == len(names) > 0 if needs_all else bool(holding)), holding

    return check


def _entity_test(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    """Whether a condition holds for one entity."""
    distances = {
        "RelativeDistanceCondition": _relative_distance,
        "DistanceCondition": _distance,
        "ReachPositionCondition": _reach_position,
        "TimeHeadwayCondition": _time_headway,
        "TimeToCollisionCondition": _time_to_collision,
        "RelativeSpeedCondition": _relative_speed,
        "CollisionCondition": _collision,
    }
    if source.tag in distances:
        return distances[source.tag](source)
    if source.tag in ("StandStillCondition", "OffroadCondition", "EndOfRoadCondition"):
        duration_s, tag = source.number("duration", 0.0), source.tag

        def lasted(entity: Entity, moment: Moment) -> bool:
            spans = {"StandStillCondition": entity.standing_s, "OffroadCondition": entity.off_road_s}
            span_s = spans.get(tag, entity.ended_s)
            return span_s > 0.0 and span_s >= duration_s

        return lasted
    if source.tag == "TraveledDistanceCondition":
        driven_m = source.number("value")
        return lambda entity, moment: entity.driven_m >= driven_m
    if source.tag in ("SpeedCondition", "AccelerationCondition"):
        compare, value = _rule(source), source.number("value")
        if source.tag == "SpeedCondition":
            return lambda entity, moment: compare(entity.speed_mps, value)
        return lambda entity, moment: compare(entity.acceleration_mps2, value)
    raise Unsupported(source.tag)


def _relative_distance(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    compare, value, measure = _rule(source), source.number("value"), _measure(source, "relativeDistanceType")
    name = source.string("entityRef")

    def test(entity: Entity, moment: Moment) -> bool:
        target = moment.world.entity(name)
        return target.is_placed and compare(abs(measure(moment.world, entity, target)), value)

    return test


def _distance(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    compare, value, measure = _rule(source), source.number("value"), _measure(source, "relativeDistanceType")
    goal = _Goal(source.required("Position"))
    return lambda entity, moment: compare(abs(measure(moment.world, entity, goal.at(moment.world))), value)


def _reach_position(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    goal, tolerance_m = _Goal(source.required("Position")), source.number("tolerance")

    def test(entity: Entity, moment: Moment) -> bool:
        target = goal.at(moment.world)
        away_m = relative_distance_m(moment.world, entity, target, "cartesianDistance", "entity", freespace=False)
        return away_m <= tolerance_m

    return test


def _time_headway(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    compare, value, measure = _rule(source), source.number("value"), _measure(source, "relativeDistanceType")
    name = source.string("entityRef")

    def test(entity: Entity, moment: Moment) -> bool:
        target = moment.world.entity(name)
        if not target.is_placed or entity.speed_mps <= _STANDING_MPS:
            return False
        ahead_m = measure(moment.world, entity, target)
        return ahead_m >= 0.0 and compare(ahead_m / entity.speed_mps, value)

    return test


def _time_to_collision(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    compare, value, measure = _rule(source), source.number("value"), _measure(source, "relativeDistanceType")
    target_source = source.required("TimeToCollisionConditionTarget")
    other, position = target_source.find("EntityRef"), target_source.find("Position")
    goal = None if position is None else _Goal(position)
    name = None if other is None else other.string("entityRef")

    def test(entity: Entity, moment: Moment) -> bool:
        world = moment.world
        target = goal.at(world) if goal is not None else world.entity(name or "")
        if isinstance(target, Entity) and not target.is_placed:
            return False
        ahead_m = measure(world, entity, target)
        here = world.pose(entity)
        closing_mps = entity.speed_mps
        if isinstance(target, Entity):
            turned_rad = world.pose(target).heading_rad - here.heading_rad
            closing_mps -= target.speed_mps * math.cos(turned_rad)
        if ahead_m < 0.0 or closing_mps <= _STANDING_MPS:
            return False
        return compare(ahead_m / closing_mps, value)

    return test


def _relative_speed(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    compare, value, name = _rule(source), source.number("value"), source.string("entityRef")
    return lambda entity, moment: compare(entity.speed_mps - moment.world.entity(name).speed_mps, value)


def _collision(source: XmlElement) -> Callable[[Entity, Moment], bool]:
    other = source.find("EntityRef")
    if other is None:
        raise Unsupported("CollisionCondition by type")
    name = other.string("entityRef")

    def test(entity: Entity, moment: Moment) -> bool:
        target = moment.world.entity(name)
        return target.is_placed and target is not entity and boxes_overlap(moment.world, entity, target)

    return test


class _Goal:
    """A position to measure to; one that counts from no entity is resolved once."""

    def __init__(self, position: XmlElement) -> None:
        require_read(position)
        self._position = position
        self._moves = any("entityRef" in element.attributes for element in position.descendants())
        self._found: LanePlace | GroundPose | None = None

    def at(self, world: World) -> LanePlace | GroundPose:
        if self._found is None or self._moves:
            found = resolve(self._position, world)
            self._found = found.pose if isinstance(found, WorldPoint) else found
        return self._found


Measure = Callable[[World, Entity, "Entity | LanePlace | GroundPose"], float]


def _measure(source: XmlElement, kind_name: str) -> Measure:
    """How a condition measures distances: `alongRoute` is how version 1.0 says what 1.1 has attributes for."""
    freespace = source.flag("freespace", False)
    system = source.string("coordinateSystem", "entity")
    kind = source.string(kind_name, "euclidianDistance")
    if "alongRoute" in source.attributes and kind_name not in source.attributes:
        along = source.flag("alongRoute", False)
        system, kind = ("road", "longitudinal") if along else ("entity", "euclidianDistance")
    for name, value, known in ((kind_name, kind, KINDS), ("coordinateSystem", system, SYSTEMS)):
        if value not in known:
            raise ValueError(f"{source}: {name!r} is {value[:40]!r}; expected one of {', '.join(known)}")

    def measure(world: World, entity: Entity, target: Entity | LanePlace | GroundPose) -> float:
        return relative_distance_m(world, entity, target, kind, system, freespace=freespace)

    return measure


def _rule(source: XmlElement) -> Callable[[float, float], bool]:
    rule = source.string("rule")
    if rule not in _RULES:
        raise ValueError(f"{source}: 'rule' is {rule[:40]!r}; expected one of {', '.join(_RULES)}")
    return _RULES[rule]
