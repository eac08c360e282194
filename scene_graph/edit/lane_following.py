"""Motion along lanes at a speed that changes over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scene_graph.edit.arguments import unknown
from scene_graph.edit.operations import AlongLane, RouteEnd
from scene_graph.lanes import LaneGraph, wrapped_angle
from scene_graph.polylines import arc_length_m, headings_at, offset
from scene_graph.routes import route_centreline

__all__ = ["LaneMotion", "SpeedProfile", "follow_lane", "straight_route"]


class SpeedProfile:
    """A speed over time: linear between given times, steady after the last; none before the first.

    Args:
        speeds: pairs of seconds (increasing) and m/s (not negative).
    """

    def __init__(self, speeds: tuple[tuple[float, float], ...]) -> None:
        self._times_s = np.array([time_s for time_s, _ in speeds])
        self._speeds_mps = np.array([speed_mps for _, speed_mps in speeds])
        steps_s = np.diff(self._times_s)
        self._acceleration_mps2 = np.append(np.diff(self._speeds_mps) / steps_s, 0.0)
        pieces_m = (self._speeds_mps[1:] + self._speeds_mps[:-1]) / 2 * steps_s
        self._travelled_m = np.concatenate([[0.0], np.cumsum(pieces_m)])

    @property
    def start_s(self) -> float:
        """When it begins."""
        return float(self._times_s[0])

    def travelled_m(self, times_s: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
        """Distance covered since the start at times `t` s from there on, metres: the exact integral."""
        piece = np.maximum(np.searchsorted(self._times_s, times_s, side="right") - 1, 0)
        since_s = times_s - self._times_s[piece]
        gained_m = self._speeds_mps[piece] * since_s + self._acceleration_mps2[piece] * since_s**2 / 2
        return self._travelled_m[piece] + gained_m

    def when_s(self, distance_m: float) -> float:
        """The first time at which a distance is covered, infinite where it never is."""
        piece = int(np.searchsorted(self._travelled_m, distance_m, side="left")) - 1
        if piece < 0:
            return self.start_s
        left_m = distance_m - self._travelled_m[piece]
        speed_mps, acceleration_mps2 = self._speeds_mps[piece], self._acceleration_mps2[piece]
        reaches_mps = speed_mps + np.sqrt(max(speed_mps**2 + 2 * acceleration_mps2 * left_m, 0.0))
        return float(self._times_s[piece] + 2 * left_m / reaches_mps) if reaches_mps > 0.0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneMotion:
    """Where something that follows lanes is.

    Attributes:
        times_s: `t`, as asked for; where it leaves at the end of its route, up to then, and the moment of leaving.
        points_world: `t 3` m, on the lane.
        heading_rad: `t`.
        route: the lanes it drives along.
    """

    times_s: Float[np.ndarray, " t"]
    points_world: Float[np.ndarray, "t 3"]
    heading_rad: Float[np.ndarray, " t"]
    route: tuple[str, ...]


def follow_lane(lanes: LaneGraph, along: AlongLane, times_s: Float[np.ndarray, " t"]) -> LaneMotion:
    """Where a motion along lanes is at times `t` s, none of them before its start.

    Raises:
        ValueError: a lane is unknown, the route is not connected, it begins beyond its first lane, or the lanes end
            and `on_route_end` is ERROR.
    """
    for lane_id in along.lanes:
        if lane_id not in lanes.centrelines:
            raise ValueError(unknown("lane", lane_id, lanes.lane_ids))
    first_m = lanes.lengths_m[along.lanes[0]]
    if along.s_m > first_m:
        raise ValueError(f"s_m is {along.s_m:g} m; lane {along.lanes[0]!r} is {first_m:.3f} m long")
    profile = SpeedProfile(along.speeds)
    s_m = along.s_m + profile.travelled_m(times_s)
    route = along.lanes if len(along.lanes) > 1 else straight_route(lanes, along.lanes[0], float(s_m[-1]))
    centreline = route_centreline(lanes, route)
    vertex_s_m = arc_length_m(centreline)
    length_m = float(vertex_s_m[-1])
    if s_m[-1] > length_m:
        end_s = min(profile.when_s(length_m - along.s_m), float(times_s[-1]))
        if along.on_route_end is RouteEnd.ERROR:
            raise ValueError(
                f"the route leaves the map: lane {route[-1]!r} ends after {length_m:.3f} m, at {end_s:.6g} s, "
                f"{s_m[-1] - length_m:.3f} m too early; "
                f"choose on_route_end: stop or leave, other lanes, or lower speeds"
            )
        if along.on_route_end is RouteEnd.LEAVE:
            driven = s_m < length_m
            times_s = np.append(times_s[driven], end_s)
            s_m = np.append(s_m[driven], length_m)
        s_m = np.minimum(s_m, length_m)
    beside = centreline if along.offset_m == 0.0 else offset(centreline, along.offset_m)
    return LaneMotion(
        times_s=times_s,
        points_world=np.stack([np.interp(s_m, vertex_s_m, beside[:, axis]) for axis in range(3)], axis=1),
        heading_rad=headings_at(centreline, s_m),
        route=route,
    )


def straight_route(lanes: LaneGraph, lane_id: str, distance_m: float) -> tuple[str, ...]:
    """A lane and its successors, the straightest at every fork, as far as a distance from its start or as lanes go.

    A route visits no lane twice.
    """
    route = [lane_id]
    length_m = lanes.lengths_m[lane_id]
    while length_m < distance_m:
        following = [next_id for next_id in lanes.successors[route[-1]] if next_id not in route]
        if not following:
            break
        route.append(min(following, key=lambda next_id: _turn_rad(lanes, route[-1], next_id)))
        length_m += lanes.lengths_m[route[-1]]
    return tuple(route)


def _turn_rad(lanes: LaneGraph, lane_id: str, next_id: str) -> float:
    """How much the direction changes along a lane that follows another, from the other's end to its own end."""
    leaves = headings_at(lanes.centrelines[lane_id], np.array([np.inf]))
    arrives = headings_at(lanes.centrelines[next_id], np.array([np.inf]))
    return float(np.abs(wrapped_angle(arrives - leaves))[0])
