"""Work on a scenario that its variants need not do again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.hashing import _ENCODING, canonical_bytes
from scene_graph.lanes import LaneGraph

__all__ = ["SharedWork"]

_UNORDERED = ("elements", "actors", "signals", "relations")


class SharedWork:
    """Remembers what was worked out for one scenario, for edits that leave most of it as it is.

    Args:
        source: the scenario.
    """

    def __init__(self, source: ScenarioGraph) -> None:
        self.source = source
        self.source_hash = source.hash()
        self._known: dict[int, bytes] = {}  # by identity: the source holds its records, and they never change
        self._lanes_of: tuple[tuple[MapElement, ...], tuple[Relation, ...]] | None = None
        self._lanes: LaneGraph | None = None

    def lanes(self, graph: ScenarioGraph) -> LaneGraph:
        """The scenario's lanes, indexed; the last ones again where lanes and their relations are the same."""
        relations = tuple(one for one in graph.relations if one.kind is not RelationKind.ON_LANE)
        content = (graph.elements_of(ElementKind.LANE), relations)
        if self._lanes is None or content != self._lanes_of:
            self._lanes_of, self._lanes = content, LaneGraph.of(graph)
        return self._lanes

    def hash(self, graph: ScenarioGraph) -> str:
        """`graph.hash()`, in which the records that the source has too are encoded once."""
        if graph is self.source:
            return self.source_hash
        if not self._known:
            records = (record for name in _UNORDERED for record in getattr(self.source, name))
            self._known = {id(record): canonical_bytes(record) for record in records}
        unordered = {name: sorted(self._encoded(record) for record in getattr(graph, name)) for name in _UNORDERED}
        rest = replace(graph, elements=(), actors=(), signals=(), relations=())
        return hashlib.sha256(_ENCODING + canonical_bytes((rest, unordered))).hexdigest()

    def _encoded(self, record: Any) -> bytes:
        known = self._known.get(id(record))
        return canonical_bytes(record) if known is None else known
