"""Whether a scenario graph says something possible."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from scene_graph.elements import ElementKind
from scene_graph.graph import Relation, RelationKind, ScenarioGraph

__all__ = ["validate"]

_NAMED_PROBLEMS = 5
_CONTROLLERS = frozenset({ElementKind.TRAFFIC_LIGHT, ElementKind.TRAFFIC_SIGN, ElementKind.WAIT_LINE})
_CONTROLLER_NAMES = "traffic_light, traffic_sign or wait_line"
_SIGNALLED = frozenset({ElementKind.TRAFFIC_LIGHT, ElementKind.LANE})


def validate(graph: ScenarioGraph) -> None:
    """Raises ValueError where a graph is not sound; one line counts all problems and names the first five.

    Checked are: every part by itself; that element ids are unique, actor ids are unique, and a light or lane has at
    most one signal track; that relations and signals refer to nodes of the right kind. An actor may have the id of an
    element: a relation's kind says which of the two it means.
    """
    problems = [*_own_problems(graph), *_repeated_ids(graph), *_wrong_signals(graph), *_wrong_relations(graph)]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        named = "; ".join(problems[:_NAMED_PROBLEMS])
        more = f"; and {len(problems) - _NAMED_PROBLEMS} more" if len(problems) > _NAMED_PROBLEMS else ""
        raise ValueError(" ".join(f"scenario {graph.scenario_id!r} has {count}: {named}{more}".split()))


def _own_problems(graph: ScenarioGraph) -> Iterator[str]:
    checks: list[Callable[[], None]] = [graph.ego.validate, graph.environment.validate]
    checks += [element.validate for element in graph.elements]
    checks += [actor.validate for actor in graph.actors]
    checks += [signal.validate for signal in graph.signals]
    for check in checks:
        try:
            check()
        except ValueError as error:
            yield str(error)
    if not math.isfinite(graph.ego.rear_axle_to_center_m):
        yield f"ego: rear_axle_to_center_m is {graph.ego.rear_axle_to_center_m}; expected a finite length"
    for element in graph.elements:
        limit_mps = None if element.lane is None else element.lane.speed_limit_mps
        if limit_mps is not None and not (math.isfinite(limit_mps) and limit_mps > 0):
            yield f"lane {element.element_id!r} has a speed limit of {limit_mps} m/s; expected more than 0, or None"
        if element.mark is not None and math.isinf(element.mark.width_m):
            yield f"{element.kind.value} {element.element_id!r} has a mark of infinite width; expected a finite one"


def _repeated_ids(graph: ScenarioGraph) -> Iterator[str]:
    yield from _repeated("elements", (element.element_id for element in graph.elements))
    yield from _repeated("actors", (actor.track_id for actor in graph.actors))
    yield from _repeated("signal tracks", (signal.element_id for signal in graph.signals))


def _repeated(name: str, ids: Iterable[str]) -> Iterator[str]:
    for one, count in Counter(ids).items():
        if not one:
            yield f"{count} {name} have an empty id; expected a text"
        elif count > 1:
            yield f"{count} {name} have the id {one!r}; expected unique ids"


def _wrong_signals(graph: ScenarioGraph) -> Iterator[str]:
    kinds = {element.element_id: element.kind for element in graph.elements}
    for signal in graph.signals:
        kind = kinds.get(signal.element_id)
        if kind not in _SIGNALLED:
            found = "which does not exist" if kind is None else f"a {kind.value}"
            yield f"signal refers to {signal.element_id!r}, {found}; expected a traffic_light or lane"


def _wrong_relations(graph: ScenarioGraph) -> Iterator[str]:
    kinds = {element.element_id: element.kind for element in graph.elements}
    actors = {actor.track_id for actor in graph.actors}
    for relation in graph.relations:
        source = kinds.get(relation.source_id)
        if relation.kind is RelationKind.ON_LANE:
            if relation.source_id not in actors:
                yield f"{_named(relation)}: the first is no actor; expected one"
        elif relation.kind is RelationKind.CONTROLS:
            if source not in _CONTROLLERS:
                yield f"{_named(relation)}: {_found('first', source)}; expected a {_CONTROLLER_NAMES}"
        elif source is not ElementKind.LANE:
            yield f"{_named(relation)}: {_found('first', source)}; expected a lane"
        target = kinds.get(relation.target_id)
        if target is not ElementKind.LANE:
            yield f"{_named(relation)}: {_found('second', target)}; expected a lane"


def _named(relation: Relation) -> str:
    return f"relation {relation.kind.value} from {relation.source_id!r} to {relation.target_id!r}"


def _found(place: str, kind: ElementKind | None) -> str:
    return f"the {place} does not exist" if kind is None else f"the {place} is a {kind.value}"
