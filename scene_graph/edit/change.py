"""What one operation makes of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scene_graph.actors import ActorTrack
from scene_graph.graph import Relation, RelationKind, ScenarioGraph

__all__ = ["Change", "counted", "named", "with_actors", "without_dangling"]

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """The scenario after an operation.

    Attributes:
        graph: the scenario.
        note: what was done, one sentence.
        moved: ids of actors whose place changed, so that which lanes they are on has to be found anew.
    """

    graph: ScenarioGraph
    note: str
    moved: frozenset[str] = frozenset()


def with_actors(graph: ScenarioGraph, changed: Mapping[str, ActorTrack]) -> ScenarioGraph:
    """The scenario with other tracks for some of its actors, in the same order."""
    return replace(graph, actors=tuple(changed.get(actor.track_id, actor) for actor in graph.actors))


def without_dangling(graph: ScenarioGraph) -> ScenarioGraph:
    """The scenario without the relations and signals of what it does not hold."""
    elements = {element.element_id for element in graph.elements}
    actors = {actor.track_id for actor in graph.actors}

    def holds(relation: Relation) -> bool:
        sources = actors if relation.kind is RelationKind.ON_LANE else elements
        return relation.source_id in sources and relation.target_id in elements

    relations = tuple(relation for relation in graph.relations if holds(relation))
    signals = tuple(signal for signal in graph.signals if signal.element_id in elements)
    return replace(
        graph,
        relations=graph.relations if len(relations) == len(graph.relations) else relations,
        signals=graph.signals if len(signals) == len(graph.signals) else signals,
    )


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """How many things there are, in words: "1 actor", "3 actors"."""
    return f"{count} {singular if count == 1 else plural or f'{singular}s'}"


def named(singular: str, ids: Iterable[str]) -> str:
    """Things by their ids, the first five of them: "actor 'a'", "2 actors: 'a', 'b'", "no actor"."""
    names = [repr(one) for one in ids]
    if not names:
        return f"no {singular}"
    if len(names) == 1:
        return f"{singular} {names[0]}"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{counted(len(names), singular)}: {', '.join(names[:_NAMED])}{more}"
