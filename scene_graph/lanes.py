"""The lanes of a scenario: what follows and neighbours what, and coordinates along them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from jaxtyping import Float, Int64

from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import RelationKind, ScenarioGraph
from scene_graph.polylines import arc_length_m, closed_loop, headings_at, points_at
from scene_graph.segments import Segments, project_onto

__all__ = [
    "LEVEL_TOLERANCE_M",
    "MAX_HEADING_DIFFERENCE_RAD",
    "LaneCoordinates",
    "LaneGraph",
    "LaneMatches",
    "wrapped_angle",
]

MAX_HEADING_DIFFERENCE_RAD = np.pi / 3
"""A lane whose direction differs by more than this from a heading is not that heading's lane."""

LEVEL_TOLERANCE_M = 2.5
"""Heights that differ by up to this count as one level: a box centre above its lane, a noisy map."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneMatches:
    """Pairs of a point and a lane near it, ordered by point, then by `cost_m`.

    Attributes:
        point: `k`, index of the point.
        lane: `k`, index of the lane in `LaneGraph.lane_ids`.
        s_m, d_m: `k`, arc length along the lane and offset to its left, metres.
        distance_m: `k`, distance to the centreline in the ground plane, metres.
        cost_m: `k`, the distance, with what the heights differ by beyond LEVEL_TOLERANCE_M at a right angle to it: of
            two lanes above one another, the one on the point's level is nearer.
        heading_rad: `k`, the lane's direction there.
    """

    point: Int64[np.ndarray, " k"]
    lane: Int64[np.ndarray, " k"]
    s_m: Float[np.ndarray, " k"]
    d_m: Float[np.ndarray, " k"]
    distance_m: Float[np.ndarray, " k"]
    cost_m: Float[np.ndarray, " k"]
    heading_rad: Float[np.ndarray, " k"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneCoordinates:
    """Points in the coordinates of their nearest lanes.

    Attributes:
        lane_ids: `n`, the nearest lanes, None where none is near.
        s_m, d_m: `n`, arc length along the lane and offset to its left, metres; NaN where none is near.
        distance_m: `n`, distance to the centreline in the ground plane, metres; infinite where none is near.
    """

    lane_ids: tuple[str | None, ...]
    s_m: Float[np.ndarray, " n"]
    d_m: Float[np.ndarray, " n"]
    distance_m: Float[np.ndarray, " n"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneGraph:
    """The lanes of one scenario, indexed; made by `LaneGraph.of(graph)`.

    Attributes:
        lane_ids: `l` ids, in the graph's order.
        centrelines: lane -> `p 3` m, world frame, in driving direction (a closed lane ends where it starts).
        lengths_m: lane -> arc length, metres.
        successors, predecessors: lane -> lanes that follow it, that it follows.
        left_neighbours, right_neighbours: lane -> lanes beside it in the same direction.
        segments: all pieces of all centrelines, `m`.
        segment_lane: `m`, index in `lane_ids`.
        tree: the segments' spatial index, in the ground plane.
    """

    lane_ids: tuple[str, ...]
    centrelines: Mapping[str, np.ndarray]
    lengths_m: Mapping[str, float]
    successors: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, tuple[str, ...]]
    left_neighbours: Mapping[str, tuple[str, ...]]
    right_neighbours: Mapping[str, tuple[str, ...]]
    segments: Segments | None
    segment_lane: Int64[np.ndarray, " m"]
    tree: shapely.STRtree

    @classmethod
    def of(cls, graph: ScenarioGraph) -> LaneGraph:
        """The lanes of a scenario, by its LANE elements and its successor and neighbour relations."""
        centrelines = {lane.element_id: _centreline(lane) for lane in graph.elements_of(ElementKind.LANE)}
        parts = [Segments.of(centreline) for centreline in centrelines.values()]
        segments = Segments.concatenated(parts) if parts else None
        if segments is None:
            lines = np.zeros(0, dtype=object)
        else:
            lines = shapely.linestrings(np.stack([segments.start[:, :2], segments.end[:, :2]], axis=1))
        return cls(
            lane_ids=tuple(centrelines),
            centrelines=centrelines,
            lengths_m={lane_id: float(arc_length_m(line)[-1]) for lane_id, line in centrelines.items()},
            successors=_related(graph, centrelines, RelationKind.SUCCESSOR),
            predecessors=_related(graph, centrelines, RelationKind.SUCCESSOR, backwards=True),
            left_neighbours=_related(graph, centrelines, RelationKind.LEFT_NEIGHBOUR),
            right_neighbours=_related(graph, centrelines, RelationKind.RIGHT_NEIGHBOUR),
            segments=segments,
            segment_lane=np.repeat(np.arange(len(parts)), [len(part) for part in parts]).astype(np.int64),
            tree=shapely.STRtree(lines),
        )

    def neighbours(self, lane_id: str) -> tuple[str, ...]:
        """The lanes beside this one in the same direction, left before right."""
        self.require_lane(lane_id)
        return self.left_neighbours[lane_id] + self.right_neighbours[lane_id]

    def matches(
        self,
        points_world: Float[np.ndarray, "n 3"],
        *,
        heading_rad: Float[np.ndarray, " n"] | None = None,
        max_distance_m: float = 10.0,
    ) -> LaneMatches:
        """All lanes within reach of each point, each by its nearest place.

        Args:
            points_world: `n 3` m.
            heading_rad: `n`, headings in the world frame; where given, places whose direction differs by more than
                MAX_HEADING_DIFFERENCE_RAD do not count.
            max_distance_m: reach in the ground plane, metres.
        """
        if self.segments is None:
            return _matches(*(np.zeros(0) for _ in range(7)))
        places = shapely.points(np.ascontiguousarray(points_world[:, :2]))
        point, segment = self.tree.query(places, predicate="dwithin", distance=max_distance_m)
        found = project_onto(self.segments, segment, points_world[point])
        above_m = np.abs(found.foot[:, 2] - points_world[point, 2])
        cost_m = np.hypot(found.distance_m, np.maximum(above_m - LEVEL_TOLERANCE_M, 0.0))
        lane = self.segment_lane[segment]

        order = np.lexsort((found.s_m, cost_m, lane, point))
        if heading_rad is not None:
            turned = np.abs(wrapped_angle(found.heading_rad - heading_rad[point]))
            order = order[turned[order] <= MAX_HEADING_DIFFERENCE_RAD]
        pair = point[order] * len(self.lane_ids) + lane[order]
        order = order[np.diff(pair, prepend=-1) != 0]
        order = order[np.lexsort((lane[order], cost_m[order], point[order]))]
        columns = (point, lane, found.s_m, found.d_m, found.distance_m, cost_m, found.heading_rad)
        return _matches(*(column[order] for column in columns))

    def to_lane(
        self,
        points_world: Float[np.ndarray, "n 3"],
        *,
        heading_rad: Float[np.ndarray, " n"] | None = None,
        max_distance_m: float = 10.0,
    ) -> LaneCoordinates:
        """Points in the coordinates of their nearest lanes; for the arguments see `matches`."""
        found = self.matches(points_world, heading_rad=heading_rad, max_distance_m=max_distance_m)
        nearest = np.flatnonzero(np.diff(found.point, prepend=-1) != 0)
        points = found.point[nearest]
        lane_ids: list[str | None] = [None] * len(points_world)
        for point, lane in zip(points, found.lane[nearest], strict=True):
            lane_ids[point] = self.lane_ids[lane]
        s_m, d_m = np.full(len(points_world), np.nan), np.full(len(points_world), np.nan)
        distance_m = np.full(len(points_world), np.inf)
        s_m[points], d_m[points], distance_m[points] = (
            found.s_m[nearest],
            found.d_m[nearest],
            found.distance_m[nearest],
        )
        return LaneCoordinates(lane_ids=tuple(lane_ids), s_m=s_m, d_m=d_m, distance_m=distance_m)

    def from_lane(
        self, lane_id: str, s_m: Float[np.ndarray, " n"], d_m: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, " n"]]:
        """World points `n 3` m and headings `n` rad of a lane at arc lengths `n` m, `d_m` `n` m to the left.

        Arc lengths beyond an end of the lane give the end. Heights are the centreline's.
        """
        self.require_lane(lane_id)
        centreline = self.centrelines[lane_id]
        heading_rad = headings_at(centreline, s_m)
        left = np.stack([-np.sin(heading_rad), np.cos(heading_rad), np.zeros(len(s_m))], axis=1)
        return points_at(centreline, s_m) + left * d_m[:, None], heading_rad

    def require_lane(self, lane_id: str) -> None:
        """Raises ValueError where the scenario has no such lane."""
        if lane_id not in self.centrelines:
            raise ValueError(f"no lane {lane_id!r}; expected one of the scenario's {len(self.lane_ids)} lanes")


def wrapped_angle(angle_rad: np.ndarray) -> np.ndarray:
    """The same angles in [-pi, pi), rad."""
    return (angle_rad + np.pi) % (2.0 * np.pi) - np.pi


def _matches(*columns: np.ndarray) -> LaneMatches:
    point, lane, s_m, d_m, distance_m, cost_m, heading_rad = columns
    return LaneMatches(
        point=point.astype(np.int64),
        lane=lane.astype(np.int64),
        s_m=s_m,
        d_m=d_m,
        distance_m=distance_m,
        cost_m=cost_m,
        heading_rad=heading_rad,
    )


def _centreline(lane: MapElement) -> np.ndarray:
    return closed_loop(lane.vertices_world) if lane.closed else lane.vertices_world


def _related(
    graph: ScenarioGraph, lanes: Mapping[str, np.ndarray], kind: RelationKind, *, backwards: bool = False
) -> dict[str, tuple[str, ...]]:
    """Lane -> its relatives of one kind, each once, in the graph's order."""
    related: dict[str, dict[str, None]] = {lane_id: {} for lane_id in lanes}
    for relation in graph.relations:
        if relation.kind is kind:
            source_id, target_id = relation.source_id, relation.target_id
            if source_id not in lanes or target_id not in lanes:
                raise ValueError(
                    f"relation {kind.value} from {source_id!r} to {target_id!r}: expected two lanes of the scenario"
                )
            if backwards:
                source_id, target_id = target_id, source_id
            related[source_id][target_id] = None
    return {lane_id: tuple(targets) for lane_id, targets in related.items()}
