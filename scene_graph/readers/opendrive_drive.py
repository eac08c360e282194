"""A drive over a map that has none: a route along its lanes, and an ego that follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from scene_graph.actors import EgoTrack
from scene_graph.elements import MapElement
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.lanes import LaneGraph
from scene_graph.polylines import arc_length_m, points_at
from scene_graph.routes import route_centreline
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

__all__ = ["POSE_PERIOD_US", "drive_along", "long_route"]

POSE_PERIOD_US = 50_000

_MAX_TRIED = 20_000
_DEFAULT_SPEED_MPS = 10.0
_LEAST_WIDTH_M = 0.05


def long_route(lanes: Sequence[MapElement], relations: Sequence[Relation], length_m: float) -> tuple[str, ...]:
    """A long way along successors, no lane twice: the first that reaches `length_m` through the most junctions.

    Where none reaches it, the longest. Ways begin outside of junctions. The search goes through the lanes in their
    order and gives up after some thousand tries, so that the same map always gives the same route.

    Args:
        lanes: LANE elements, at least one.
        relations: of the map.
        length_m: how long a way is long enough, metres.
    """
    by_id = {lane.element_id: lane for lane in lanes}
    lengths_m = {lane_id: float(arc_length_m(lane.vertices_world)[-1]) for lane_id, lane in by_id.items()}
    following: dict[str, list[str]] = {lane_id: [] for lane_id in by_id}
    for relation in relations:
        if relation.kind is RelationKind.SUCCESSOR and {relation.source_id, relation.target_id} <= by_id.keys():
            following[relation.source_id].append(relation.target_id)
    starts = [lane_id for lane_id in by_id if not _in_intersection(by_id[lane_id])] or list(by_id)
    best: tuple[float, int] = (-1.0, -1)
    best_route: tuple[str, ...] = ()
    tries_each = max(_MAX_TRIED // len(starts), 10)
    for start_id in starts:
        waiting = [((start_id,), lengths_m[start_id])]
        for _ in range(tries_each):
            if not waiting:
                break
            route, driven_m = waiting.pop()
            onwards = [lane_id for lane_id in following[route[-1]] if lane_id not in route]
            if driven_m < length_m and onwards:
                waiting += [((*route, lane_id), driven_m + lengths_m[lane_id]) for lane_id in reversed(onwards)]
                continue
            worth = (min(driven_m, length_m), _num_junctions(route, by_id))
            if worth > best:
                best, best_route = worth, route
    return best_route or (starts[0],)


def drive_along(
    lanes: Mapping[str, MapElement],
    relations: Sequence[Relation],
    route: Sequence[str],
    *,
    duration_s: float,
    speed_mps: float | None,
) -> Trajectory:
    """The ego's drive along the centrelines of a route, from its start until its end or `duration_s`.

    The rear axle follows the line; the vehicle heads along it and lies on the lanes' surface.

    Args:
        lanes: LANE elements by id.
        relations: of the map.
        route: lanes, each a successor or neighbour of the one before.
        duration_s: seconds.
        speed_mps: m/s; None drives at each lane's speed limit, or at 10 m/s where there is none.

    Raises:
        ValueError: two lanes of the route that follow each other do not belong together.
    """
    driven = {lane_id: lanes[lane_id] for lane_id in route}
    among = [relation for relation in relations if relation.source_id in driven and relation.target_id in driven]
    standing = Trajectory(timestamps_us=np.array([0]), world_from_body=SE3.identity((1,)))
    graph = ScenarioGraph(
        scenario_id="route", ego=EgoTrack(trajectory=standing), elements=tuple(driven.values()), relations=tuple(among)
    )
    line = route_centreline(LaneGraph.of(graph), tuple(route))
    s_m = arc_length_m(line)
    nearest = _nearest_vertices(line, list(driven.values()), speed_mps)
    times_s = _times_s(s_m, nearest.speed_mps)
    last_us = round(min(duration_s, float(times_s[-1])) * 1e6)
    timestamps_us = np.arange(0, last_us + 1, POSE_PERIOD_US, dtype=np.int64)
    at_s_m = np.interp(timestamps_us * 1e-6, times_s, s_m)
    tangents = _interpolated(_vertex_tangents(line), s_m, at_s_m)
    across = _interpolated(nearest.across, s_m, at_s_m)
    return Trajectory(
        timestamps_us=timestamps_us,
        world_from_body=SE3(rotation=_rotations(tangents, across), translation=points_at(line, at_s_m)),
    )


class _Nearest:
    """What the lanes nearest to points say.

    Attributes:
        across: `n 3`, from the right edge to the left one.
        speed_mps: `n`, how fast to drive.
    """

    __slots__ = ("across", "speed_mps")

    def __init__(self, across: Float[np.ndarray, "n 3"], speed_mps: Float[np.ndarray, " n"]) -> None:
        self.across = across
        self.speed_mps = speed_mps


def _nearest_vertices(line: np.ndarray, lanes: Sequence[MapElement], speed_mps: float | None) -> _Nearest:
    vertices, across, speeds = [], [], []
    for lane in lanes:
        if lane.lane is None:
            raise ValueError(f"lane {lane.element_id!r} has no edges")
        vertices.append(lane.vertices_world)
        across.append(lane.lane.left_world - lane.lane.right_world)
        limit_mps = lane.lane.speed_limit_mps or _DEFAULT_SPEED_MPS
        speeds.append(np.full(len(lane.vertices_world), limit_mps if speed_mps is None else speed_mps))
    _, nearest = cKDTree(np.concatenate(vertices)).query(line)
    return _Nearest(across=np.concatenate(across)[nearest], speed_mps=np.concatenate(speeds)[nearest])


def _times_s(s_m: Float[np.ndarray, " n"], speed_mps: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """When each place is reached, seconds; between two places the mean of their speeds holds."""
    return np.concatenate([[0.0], np.cumsum(np.diff(s_m) * 2.0 / (speed_mps[1:] + speed_mps[:-1]))])


def _vertex_tangents(line: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Directions `n 3` of a polyline at its vertices: the mean of the pieces before and after."""
    pieces = np.diff(line, axis=0)
    lengths = np.linalg.norm(pieces, axis=1, keepdims=True)
    units = pieces / np.where(lengths > 0.0, lengths, 1.0)
    return np.concatenate([units[:1], units[:-1] + units[1:], units[-1:]])


def _interpolated(values: Float[np.ndarray, "n 3"], s_m: np.ndarray, at_s_m: np.ndarray) -> Float[np.ndarray, "t 3"]:
    return np.stack([np.interp(at_s_m, s_m, values[:, axis]) for axis in range(3)], axis=1)


def _rotations(forward: Float[np.ndarray, "t 3"], left: Float[np.ndarray, "t 3"]) -> Float[np.ndarray, "t 3 3"]:
    """Rotations whose x axis points forward and whose y axis is as near to the left as that allows.

    Where a lane has no width to say where its left is, it is level.
    """
    x = forward / np.linalg.norm(forward, axis=1, keepdims=True)
    narrow = np.linalg.norm(left, axis=1) < _LEAST_WIDTH_M
    left = np.where(narrow[:, None], np.stack([-x[:, 1], x[:, 0], np.zeros(len(x))], axis=1), left)
    y = left - x * (x * left).sum(axis=1, keepdims=True)
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=2)


def _num_junctions(route: Sequence[str], lanes: Mapping[str, MapElement]) -> int:
    inside = [_in_intersection(lanes[lane_id]) for lane_id in route]
    return sum(now and not before for before, now in zip([False, *inside], inside, strict=False))


def _in_intersection(lane: MapElement) -> bool:
    return lane.lane is not None and lane.lane.in_intersection
