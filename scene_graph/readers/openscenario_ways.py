"""Ways over the roads of a network: which roads lead where, how far that is, and which lane to take for it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scene_graph.readers.opendrive_lanes import VEHICLE_LANE_TYPES
from scene_graph.readers.opendrive_links import LaneEnd
from scene_graph.readers.opendrive_roads import Contact
from scene_graph.readers.openscenario_network import LanePlace, RoadNetwork

__all__ = ["RoadWay", "RoadWays", "Route"]

_MAX_SEARCHED = 5000

Heading = tuple[str, int]
"""A road, and 1 or -1 for the direction of its arc length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadWay:
    """A way over roads.

    Attributes:
        roads: from the first to the last, each with its direction.
        gap_m: length of the roads between the first and the last, metres.
    """

    roads: tuple[Heading, ...]
    gap_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way to follow.

    Attributes:
        roads: in the order in which they are driven, each with its direction.
        start, end: its first and its last waypoint.
    """

    roads: tuple[Heading, ...]
    start: LanePlace
    end: LanePlace


class RoadWays:
    """Ways over a network; what was searched is remembered.

    Args:
        network: the roads.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self._ways: dict[tuple[str, int, str], RoadWay | None] = {}
        self._onwards: dict[Heading, list[Heading]] | None = None

    def way(self, start: LanePlace, road_id: str) -> RoadWay | None:
        """The shortest way from a place, in its direction, onto another road; None where none leads there.

        It follows the lanes of motor vehicles.
        """
        key = (start.road_id, start.towards, road_id)
        if key not in self._ways:
            self._ways[key] = self._searched((start.road_id, start.towards), road_id)
        return self._ways[key]

    def distance_m(self, start: LanePlace, end: LanePlace) -> float | None:
        """How far ahead of one place another lies along the roads, metres, negative behind it; None: no way."""
        if start.road_id == end.road_id:
            return (end.s_m - start.s_m) * start.towards
        ahead_m = self._distance_ahead_m(start, end)
        if ahead_m is not None:
            return ahead_m
        behind_m = self._distance_ahead_m(replace(start, heading_rad=start.heading_rad + math.pi), end)
        return None if behind_m is None else -behind_m

    def route(self, waypoints: Sequence[LanePlace]) -> Route:
        """The way through waypoints, the first in the direction of its lane.

        Raises:
            ValueError: there are not two of them, or no road leads from one to the next.
        """
        if len(waypoints) < 2:
            raise ValueError(f"the route has {len(waypoints)} waypoints; expected at least 2")
        roads: list[Heading] = [(waypoints[0].road_id, waypoints[0].towards)]
        for place in waypoints[1:]:
            if place.road_id == roads[-1][0]:
                continue
            here = LanePlace(road_id=roads[-1][0], s_m=0.0, lane_id=0, heading_rad=0.0 if roads[-1][1] > 0 else math.pi)
            way = self.way(here, place.road_id)
            if way is None:
                raise ValueError(f"no way leads from road {roads[-1][0]!r} to road {place.road_id!r}")
            roads += way.roads[1:]
        return Route(roads=tuple(roads), start=waypoints[0], end=waypoints[-1])

    def along_route(self, route: Route, path_s_m: float, lane_id: int, offset_m: float) -> LanePlace:
        """The place some distance along a route from its first waypoint.

        Raises:
            ValueError: the route is shorter, or there is no such lane there.
        """
        left_m = path_s_m
        for index, (road_id, towards) in enumerate(route.roads):
            length_m = self.network.road(road_id).length_m
            from_s_m = route.start.s_m if index == 0 else 0.0 if towards > 0 else length_m
            to_end_m = length_m - from_s_m if towards > 0 else from_s_m
            if left_m <= to_end_m:
                place = self.network.on_lane(road_id, lane_id, from_s_m + towards * left_m, offset_m)
                return replace(place, heading_rad=0.0 if towards > 0 else math.pi)
            left_m -= to_end_m
        raise ValueError(f"the route ends {left_m:g} m before {path_s_m:g} m")

    def lane_towards(self, place: LanePlace, road_id: str) -> int | None:
        """The lane nearest to a place's own from whose end ahead one comes onto a road; None: from none."""
        road = self.network.road(place.road_id)
        last = len(road.sections) - 1 if place.towards > 0 else 0
        if road.section_index(place.s_m) != last:
            return None
        contact: Contact = "end" if place.towards > 0 else "start"
        leading = [
            lane.lane_id
            for lane in road.sections[last].lanes
            if any(
                key[0] == road_id
                for key, _ in self.network.joints.get(((road.road_id, last, lane.lane_id), contact), ())
            )
        ]
        return min(leading, key=lambda lane_id: abs(lane_id - place.lane_id)) if leading else None

    def straightest(self, ends: Sequence[LaneEnd]) -> LaneEnd:
        """The lane end of the road that turns least."""
        return min(ends, key=lambda end: self.network.tables.turn_rad(end[0][0]))

    def _distance_ahead_m(self, start: LanePlace, end: LanePlace) -> float | None:
        way = self.way(start, end.road_id)
        if way is None:
            return None
        first_m = self.network.road(start.road_id).length_m - start.s_m if start.towards > 0 else start.s_m
        last_m = end.s_m if way.roads[-1][1] > 0 else self.network.road(end.road_id).length_m - end.s_m
        return first_m + way.gap_m + last_m

    def _searched(self, start: Heading, road_id: str) -> RoadWay | None:
        """Dijkstra's algorithm over roads with their directions."""
        if self._onwards is None:
            self._onwards = self._linked_roads()
        waiting: list[tuple[float, tuple[Heading, ...]]] = [(0.0, (start,))]
        seen: set[Heading] = set()
        while waiting and len(seen) < _MAX_SEARCHED:
            length_m, roads = heapq.heappop(waiting)
            if roads[-1] in seen:
                continue
            if roads[-1][0] == road_id and len(roads) > 1:
                return RoadWay(roads=roads, gap_m=length_m)
            seen.add(roads[-1])
            passed_m = self.network.road(roads[-1][0]).length_m if len(roads) > 1 else 0.0
            for following in self._onwards.get(roads[-1], ()):
                if following not in seen:
                    heapq.heappush(waiting, (length_m + passed_m, (*roads, following)))
        return None

    def _linked_roads(self) -> dict[Heading, list[Heading]]:
        """A road and direction -> those that one comes onto at its end, along lanes whose traffic drives so."""
        onwards: dict[Heading, dict[Heading, None]] = {}
        for (key, contact), others in self.network.joints.items():
            road = self.network.road(key[0])
            lane = road.sections[key[1]].lane(key[2])
            towards = 1 if contact == "end" else -1
            if lane is None or lane.lane_type.lower() not in VEHICLE_LANE_TYPES or road.forward(lane) != (towards > 0):
                continue
            for other, entered in others:
                if other[0] != road.road_id:
                    onwards.setdefault((road.road_id, towards), {})[other[0], 1 if entered == "start" else -1] = None
        return {heading: list(others) for heading, others in onwards.items()}
