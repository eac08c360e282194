"""Routes over the lanes of a scenario: the shortest, those within a distance, and the one that the ego drove."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scene_graph.graph import ScenarioGraph
from scene_graph.lanes import MAX_HEADING_DIFFERENCE_RAD, LaneGraph, LaneMatches, wrapped_angle
from scene_graph.polylines import cut, points_at, project

__all__ = ["LANE_CHANGE_COST_M", "ego_route", "route_centreline", "routes_within", "shortest_route"]

LANE_CHANGE_COST_M = 50.0
"""How much further a route may be before a lane change is preferred, metres."""

_SAMPLE_SPACING_M = 2.0
_MATCH_DISTANCE_M = 4.0
_SEARCH_AHEAD_M = 150.0
_LANE_CHANGE_COST = 3.0
_BREAK_COST = 12.0


def shortest_route(
    lanes: LaneGraph, start_id: str, end_id: str, *, lane_change_cost_m: float = LANE_CHANGE_COST_M
) -> tuple[str, ...] | None:
    """The lanes to drive from the start of one lane to the start of another, both included; None where there is no way.

    Args:
        lanes: the lanes.
        start_id, end_id: the first and the last lane.
        lane_change_cost_m: how many metres of driving a change to a neighbour counts as; infinite forbids it.
    """
    lanes.require_lane(start_id)
    lanes.require_lane(end_id)
    reached = _reached_from(lanes, start_id, lane_change_cost_m=lane_change_cost_m, goal_id=end_id)
    return _way_to(reached, end_id) if end_id in reached else None


def routes_within(
    lanes: LaneGraph, start_id: str, distance_m: float, *, start_s_m: float = 0.0
) -> tuple[tuple[str, ...], ...]:
    """Every sequence of successors from `start_s_m` on a lane that reaches `distance_m` ahead, or as far as lanes go.

    A route visits no lane twice, and ends in the lane that holds the distance.
    """
    lanes.require_lane(start_id)
    routes: list[tuple[str, ...]] = []
    open_routes = [((start_id,), lanes.lengths_m[start_id] - start_s_m)]
    while open_routes:
        route, length_m = open_routes.pop()
        following = [lane_id for lane_id in lanes.successors[route[-1]] if lane_id not in route]
        if length_m >= distance_m or not following:
            routes.append(route)
        else:
            open_routes += [((*route, lane_id), length_m + lanes.lengths_m[lane_id]) for lane_id in reversed(following)]
    return tuple(routes)


def route_centreline(lanes: LaneGraph, route: tuple[str, ...]) -> Float[np.ndarray, "p 3"]:
    """One polyline `p 3` m, world frame, along the lanes of a route.

    Where the route changes to a neighbour it crosses over in a straight line: of `k` lanes driven side by side, each
    is followed for one of `2 k - 1` equal parts of the first one's length, and the parts between them are crossings.
    """
    if not route:
        raise ValueError("route is empty; expected at least one lane")
    runs: list[list[str]] = [[route[0]]]
    for lane_id, next_id in itertools.pairwise(route):
        if next_id in lanes.successors[lane_id]:
            runs.append([next_id])
        elif next_id in lanes.neighbours(lane_id):
            runs[-1].append(next_id)
        else:
            raise ValueError(f"lane {next_id!r} neither follows nor neighbours lane {lane_id!r} of the route")
    pieces = [piece for run in runs for piece in _side_by_side(lanes, run)]
    points = np.concatenate(pieces)
    repeated = (np.diff(points, axis=0) == 0.0).all(axis=1)
    distinct = points[np.concatenate([[True], ~repeated])]
    return distinct if len(distinct) > 1 else points[:2]


def ego_route(graph: ScenarioGraph, *, lanes: LaneGraph | None = None) -> tuple[str, ...]:
    """The lanes that the ego drives along, in order; empty where no lane is near its trajectory.

    The most likely sequence over samples 2 m apart (Viterbi's algorithm, as in Newson and Krumm, Hidden Markov map
    matching, 2009): near lanes that point the ego's way are likely, and so is going from one to the next by
    successors over the distance driven; lane changes cost something, breaks more. Lanes passed between two samples are
    filled in, so that neighbours in the result are successors or neighbours in the map wherever the map allows it.

    Args:
        graph: the scenario.
        lanes: its lanes, where they are indexed already.
    """
    lanes = LaneGraph.of(graph) if lanes is None else lanes
    points_world, heading_rad, driven_m = _samples(graph)
    found = lanes.matches(points_world, heading_rad=heading_rad, max_distance_m=_MATCH_DISTANCE_M)
    visited = _likeliest(lanes, found, heading_rad, driven_m)
    route: list[str] = []
    for lane_id in visited:
        if not route:
            route.append(lane_id)
        elif lane_id != route[-1]:
            reached = _reached_nearby(lanes, route[-1])
            route += _way_to(reached, lane_id)[1:] if lane_id in reached else (lane_id,)
    return tuple(route)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    """How a lane is reached from another: cost, how far ahead its start lies, lane changes, and the lane before."""

    cost_m: float
    start_m: float
    num_changes: int
    previous_id: str | None


def _reached_from(
    lanes: LaneGraph,
    start_id: str,
    *,
    lane_change_cost_m: float,
    limit_m: float = np.inf,
    goal_id: str | None = None,
) -> dict[str, _Reached]:
    """Lanes reached from the start of a lane at a cost up to `limit_m`, cheapest first (Dijkstra's algorithm)."""
    reached: dict[str, _Reached] = {}
    waiting = [(0.0, 0.0, 0, start_id, "")]
    while waiting:
        cost_m, start_m, num_changes, lane_id, previous_id = heapq.heappop(waiting)
        if lane_id in reached or cost_m > limit_m or not np.isfinite(cost_m):
            continue
        reached[lane_id] = _Reached(
            cost_m=cost_m, start_m=start_m, num_changes=num_changes, previous_id=previous_id or None
        )
        if lane_id == goal_id:
            break
        length_m = lanes.lengths_m[lane_id]
        for next_id in lanes.successors[lane_id]:
            heapq.heappush(waiting, (cost_m + length_m, start_m + length_m, num_changes, next_id, lane_id))
        for next_id in lanes.neighbours(lane_id):
            heapq.heappush(waiting, (cost_m + lane_change_cost_m, start_m, num_changes + 1, next_id, lane_id))
    return reached


def _reached_nearby(lanes: LaneGraph, start_id: str) -> dict[str, _Reached]:
    limit_m = lanes.lengths_m[start_id] + _SEARCH_AHEAD_M
    return _reached_from(lanes, start_id, lane_change_cost_m=LANE_CHANGE_COST_M, limit_m=limit_m)


def _way_to(reached: Mapping[str, _Reached], lane_id: str) -> tuple[str, ...]:
    way = [lane_id]
    while (previous_id := reached[way[-1]].previous_id) is not None:
        way.append(previous_id)
    return tuple(reversed(way))


def _side_by_side(lanes: LaneGraph, run: list[str]) -> list[np.ndarray]:
    """The piece of each of some neighbouring lanes that a route follows before it crosses to the next."""
    if len(run) == 1:
        return [lanes.centrelines[run[0]]]
    marks_m = np.linspace(0.0, lanes.lengths_m[run[0]], 2 * len(run))
    marks = points_at(lanes.centrelines[run[0]], marks_m)
    pieces: list[np.ndarray] = []
    for place, lane_id in enumerate(run):
        centreline = lanes.centrelines[lane_id]
        start_s_m, end_s_m = project(centreline, marks[2 * place : 2 * place + 2]).s_m
        start_s_m = 0.0 if place == 0 else start_s_m
        end_s_m = lanes.lengths_m[lane_id] if place == len(run) - 1 else end_s_m
        pieces += cut(centreline, np.array([start_s_m]), np.array([end_s_m]))
    return pieces


def _samples(graph: ScenarioGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions `n 3` m, headings `n` rad and distance driven `n` m of the ego, about 2 m apart; the last included."""
    world_from_ego = graph.ego.trajectory.world_from_body
    positions = world_from_ego.translation
    driven_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(positions, axis=0), axis=1))])
    _, first_poses = np.unique(np.floor(driven_m / _SAMPLE_SPACING_M), return_index=True)
    chosen = np.unique(np.append(first_poses, len(positions) - 1))
    return positions[chosen], world_from_ego.yaw_rad[chosen], driven_m[chosen]


def _likeliest(lanes: LaneGraph, found: LaneMatches, heading_rad: np.ndarray, driven_m: np.ndarray) -> list[str]:
    """The lane of each sample that has any, on the cheapest way through all samples."""
    turned = np.abs(wrapped_angle(found.heading_rad - heading_rad[found.point]))
    match_cost = 0.5 * found.cost_m**2 + 2.0 * (turned / MAX_HEADING_DIFFERENCE_RAD) ** 2
    samples = np.split(np.arange(len(found.point)), np.flatnonzero(np.diff(found.point)) + 1)
    if not len(found.point):
        return []
    reached: dict[str, dict[str, _Reached]] = {}
    total = match_cost[samples[0]]
    came_from: list[np.ndarray] = []
    for before, now in itertools.pairwise(samples):
        step_m = float(driven_m[found.point[now[0]]] - driven_m[found.point[before[0]]])
        through = total[:, None] + _step_costs(lanes, found, before, now, step_m, reached)
        came_from.append(np.argmin(through, axis=0))
        total = through.min(axis=0) + match_cost[now]
    choice = int(np.argmin(total))
    chosen = [samples[-1][choice]]
    for before, back in zip(reversed(samples[:-1]), reversed(came_from), strict=True):
        choice = int(back[choice])
        chosen.append(before[choice])
    return [lanes.lane_ids[found.lane[match]] for match in reversed(chosen)]


def _step_costs(
    lanes: LaneGraph,
    found: LaneMatches,
    before: np.ndarray,
    now: np.ndarray,
    step_m: float,
    reached: dict[str, dict[str, _Reached]],
) -> np.ndarray:
    """Costs `b n` of going from matches `before` `b` to matches `now` `n` while driving `step_m`.

    What was searched is remembered in `reached`.
    """
    costs = np.full((len(before), len(now)), _BREAK_COST)
    for row, start in enumerate(before):
        start_id = lanes.lane_ids[found.lane[start]]
        if start_id not in reached:
            reached[start_id] = _reached_nearby(lanes, start_id)
        for column, end in enumerate(now):
            way = reached[start_id].get(lanes.lane_ids[found.lane[end]])
            if way is not None:
                ahead_m = way.start_m + found.s_m[end] - found.s_m[start]
                cost = _LANE_CHANGE_COST * way.num_changes + 0.5 * abs(ahead_m - step_m)
                costs[row, column] = min(cost, _BREAK_COST)
    return costs
