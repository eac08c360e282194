"""A road network to drive on: places on its roads, and what lies ahead of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from scene_graph.readers.opendrive_links import LaneEnd
from scene_graph.readers.opendrive_map import RoadMap
from scene_graph.readers.opendrive_roads import Contact, LaneSection, Road
from scene_graph.readers.openscenario_tables import RoadTables

__all__ = ["Chooser", "GroundPose", "LanePlace", "RoadNetwork"]

_INDEX_STEP_M = 2.0
_MAX_INDEX_ROWS = 1_000_000
_NUM_CANDIDATES = 24
_LEAST_STRETCH = 0.1
_MAX_LANES_AT_ONCE = 1000
_SAME_LEVEL_M = 2.0

Chooser = Callable[[Sequence[LaneEnd]], LaneEnd]
"""Chooses at which of several lane ends to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePlace:
    """A place on a road, and a direction there.

    Attributes:
        road_id: the road.
        s_m: along its reference line, metres.
        lane_id: the lane that the offset counts from.
        offset_m: to the left of the lane's centre, seen along the road, metres.
        heading_rad: the direction, counted from the road's.
    """

    road_id: str
    s_m: float
    lane_id: int
    offset_m: float = 0.0
    heading_rad: float = 0.0

    @property
    def towards(self) -> int:
        """1 where the direction is that of growing arc length, else -1."""
        return 1 if math.cos(self.heading_rad) >= -1e-9 else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundPose:
    """Where something stands in the world.

    Attributes:
        x_m, y_m, z_m: metres, world frame.
        heading_rad, pitch_rad, roll_rad: counter-clockwise from above, then nose down, then left side up.
    """

    x_m: float
    y_m: float
    z_m: float
    heading_rad: float
    pitch_rad: float = 0.0
    roll_rad: float = 0.0


class RoadNetwork:
    """The roads of an OpenDRIVE map, to be driven on.

    Args:
        road_map: the map.
    """

    def __init__(self, road_map: RoadMap) -> None:
        self.joints = road_map.joints
        self.tables = RoadTables(road_map.document.roads)
        self._index: tuple[cKDTree, list[tuple[str, float]]] | None = None

    def road(self, road_id: str) -> Road:
        """A road by its id.

        Raises:
            ValueError: there is none.
        """
        roads = self.tables.roads
        if road_id not in roads:
            raise ValueError(f"the map has no road {road_id[:40]!r}; expected one of {', '.join(list(roads)[:5])}")
        return roads[road_id]

    def section(self, place: LanePlace) -> LaneSection:
        """The lane section that holds a place."""
        road = self.road(place.road_id)
        return road.sections[road.section_index(place.s_m)]

    def on_lane(self, road_id: str, lane_id: int, s_m: float, offset_m: float = 0.0) -> LanePlace:
        """A place on a lane, in the direction of its traffic.

        Raises:
            ValueError: there is no such road, or no such lane at that arc length.
        """
        road, s_m = self._checked(road_id, s_m)
        place = LanePlace(road_id=road_id, s_m=s_m, lane_id=lane_id, offset_m=offset_m)
        lane = self.section(place).lane(lane_id)
        if lane is None:
            ids = ", ".join(str(one.lane_id) for one in self.section(place).lanes[:20])
            raise ValueError(f"road {road_id!r} has no lane {lane_id} at {s_m:g} m; expected one of {ids}")
        return place if lane_id == 0 or road.forward(lane) else replace(place, heading_rad=math.pi)

    def on_road(self, road_id: str, s_m: float, t_m: float) -> LanePlace:
        """A place on a road, `t_m` to the left of its reference line, in the direction of the road.

        Raises:
            ValueError: there is no such road, or it is shorter.
        """
        road, s_m = self._checked(road_id, s_m)
        index = road.section_index(s_m)
        lane_id = self.tables.lane_at(road_id, index, s_m, t_m)
        centre_m = self.tables.centre_m((road_id, index, lane_id), s_m)
        return LanePlace(road_id=road_id, s_m=s_m, lane_id=lane_id, offset_m=t_m - centre_m)

    def t_m(self, place: LanePlace) -> float:
        """How far a place is to the left of its road's reference line, metres."""
        index = self.tables.roads[place.road_id].section_index(place.s_m)
        return self.tables.centre_m((place.road_id, index, place.lane_id), place.s_m) + place.offset_m

    def pose(self, place: LanePlace) -> GroundPose:
        """Where a place is in the world."""
        here = self.tables.reference(place.road_id, place.s_m)
        t_m = self.t_m(place)
        along, across = math.cos(place.heading_rad), math.sin(place.heading_rad)
        slope_rad = math.atan(here.slope)
        return GroundPose(
            x_m=here.x_m - math.sin(here.heading_rad) * math.cos(here.roll_rad) * t_m,
            y_m=here.y_m + math.cos(here.heading_rad) * math.cos(here.roll_rad) * t_m,
            z_m=here.z_m + math.sin(here.roll_rad) * t_m,
            heading_rad=here.heading_rad + place.heading_rad,
            pitch_rad=-slope_rad * along - here.roll_rad * across,
            roll_rad=here.roll_rad * along - slope_rad * across,
        )

    def to_lane(self, place: LanePlace, lane_id: int) -> LanePlace:
        """The same place, counted from another lane.

        Raises:
            ValueError: there is no such lane.
        """
        if self.section(place).lane(lane_id) is None:
            raise ValueError(f"road {place.road_id!r} has no lane {lane_id} at {place.s_m:g} m")
        there = replace(place, lane_id=lane_id, offset_m=0.0)
        return replace(there, offset_m=self.t_m(place) - self.t_m(there))

    def lane_beside(self, place: LanePlace, count: int) -> int:
        """The id of the lane `count` lanes to the left, as the place's direction has it; the centre is no lane."""
        step = count * place.towards
        lane_id = place.lane_id + step
        if step and place.lane_id and (lane_id == 0 or (lane_id > 0) != (place.lane_id > 0)):
            lane_id += 1 if step > 0 else -1
        return lane_id

    def locate(self, x_m: float, y_m: float, z_m: float | None = None) -> tuple[LanePlace, float]:
        """The place on the network nearest to a point of the world, in its road's direction.

        Second comes how far it lies beyond the outermost lane, or a road's end, metres. Of roads above one another, one
        on the level of `z_m` is taken, where that is given.
        """
        if self._index is None:
            self._index = self._indexed()
        tree, samples = self._index
        _, found = tree.query([x_m, y_m], k=min(_NUM_CANDIDATES, len(samples)))
        nearest = {samples[i][0]: samples[i][1] for i in reversed(found.tolist())}
        candidates = []
        for road_id, s_m in nearest.items():
            place, beyond_m = self._projected(road_id, s_m, x_m, y_m)
            above_m = 0.0 if z_m is None else max(abs(self.pose(place).z_m - z_m) - _SAME_LEVEL_M, 0.0)
            candidates.append((beyond_m + above_m + 1e-3 * abs(self.t_m(place)), road_id, place, beyond_m))
        _, _, place, beyond_m = min(candidates, key=lambda candidate: candidate[:2])
        return place, beyond_m

    def advanced(self, place: LanePlace, distance_m: float, choose: Chooser) -> tuple[LanePlace, bool]:
        """The place some distance further along its lane and those that follow, and whether the way ends before.

        Args:
            place: where from; its direction says which way, a negative distance goes backwards.
            distance_m: metres, along the place's own line.
            choose: which way to go where there are several.
        """
        left_m = abs(distance_m)
        backwards = distance_m < 0.0
        for _ in range(_MAX_LANES_AT_ONCE):
            road = self.tables.roads[place.road_id]
            index = road.section_index(place.s_m)
            ahead = -place.towards if backwards else place.towards
            section = road.sections[index]
            end_s_m = section.end_s_m if ahead > 0 else section.start_s_m
            stretch = self._stretch(place)
            to_end_m = abs(end_s_m - place.s_m) * stretch
            if left_m < to_end_m:
                return replace(place, s_m=place.s_m + ahead * left_m / stretch), False
            left_m -= to_end_m
            at_end = replace(place, s_m=end_s_m)
            following = self._following(at_end, index, ahead, choose)
            if following is None:
                return replace(at_end, s_m=end_s_m), True
            place = following
        return place, True

    def _checked(self, road_id: str, s_m: float) -> tuple[Road, float]:
        """A road, and an arc length on it."""
        road = self.road(road_id)
        if not -1e-3 <= s_m <= road.length_m + 1e-3:
            raise ValueError(f"s is {s_m:g} m, but road {road_id!r} is {road.length_m:g} m long")
        return road, min(max(s_m, 0.0), road.length_m)

    def _following(self, place: LanePlace, index: int, ahead: int, choose: Chooser) -> LanePlace | None:
        """The place behind the end of section `index`, where a place has come to; None where the way ends."""
        road = self.tables.roads[place.road_id]
        contact: Contact = "end" if ahead > 0 else "start"
        ends = self.joints.get(((place.road_id, index, place.lane_id), contact), ())
        t_m = self.tables.centre_m((place.road_id, index, place.lane_id), place.s_m) + place.offset_m
        next_index = index + ahead
        if 0 <= next_index < len(road.sections):
            lane_id = ends[0][0][2] if ends else self.tables.lane_at(place.road_id, next_index, place.s_m, t_m)
            centre_m = self.tables.centre_m((place.road_id, next_index, lane_id), place.s_m)
            beyond_s_m = place.s_m if ahead > 0 else math.nextafter(place.s_m, -math.inf)
            return replace(place, s_m=beyond_s_m, lane_id=lane_id, offset_m=t_m - centre_m)
        if not ends:
            return None
        (road_id, next_index, lane_id), entered = choose(ends)
        s_m = 0.0 if entered == "start" else self.tables.roads[road_id].length_m
        turned = (ahead > 0) == (entered == "end")
        centre_m = self.tables.centre_m((road_id, next_index, lane_id), s_m)
        reference = self.tables.reference(place.road_id, place.s_m)
        there = self.tables.reference(road_id, s_m)
        away_x = reference.x_m - math.sin(reference.heading_rad) * t_m - there.x_m
        away_y = reference.y_m + math.cos(reference.heading_rad) * t_m - there.y_m
        return LanePlace(
            road_id=road_id,
            s_m=s_m,
            lane_id=lane_id,
            offset_m=away_y * math.cos(there.heading_rad) - away_x * math.sin(there.heading_rad) - centre_m,
            heading_rad=place.heading_rad + (math.pi if turned else 0.0),
        )

    def _stretch(self, place: LanePlace) -> float:
        """Metres along a place's own line for each metre along the reference line."""
        here = self.tables.reference(place.road_id, place.s_m)
        return max(math.hypot(1.0 - here.curvature_per_m * self.t_m(place), here.slope), _LEAST_STRETCH)

    def _projected(self, road_id: str, s_m: float, x_m: float, y_m: float) -> tuple[LanePlace, float]:
        """The place of a road nearest to a point, from a guess on, and how far the point lies beyond its lanes."""
        road = self.tables.roads[road_id]
        along_m = t_m = 0.0
        for _ in range(8):
            here = self.tables.reference(road_id, s_m)
            cos, sin = math.cos(here.heading_rad), math.sin(here.heading_rad)
            along_m = (x_m - here.x_m) * cos + (y_m - here.y_m) * sin
            t_m = ((y_m - here.y_m) * cos - (x_m - here.x_m) * sin) / max(math.cos(here.roll_rad), _LEAST_STRETCH)
            step_m = along_m / max(1.0 - here.curvature_per_m * t_m, _LEAST_STRETCH)
            if abs(step_m) < 1e-4:
                break
            s_m = min(max(s_m + min(max(step_m, -10.0), 10.0), 0.0), road.length_m)
        edges = self.tables.edges_m(road_id, road.section_index(s_m), s_m).values()
        beyond_m = max(min(edges) - t_m, t_m - max(edges), 0.0)
        return self.on_road(road_id, s_m, t_m), math.hypot(beyond_m, along_m if abs(along_m) > 0.05 else 0.0)

    def _indexed(self) -> tuple[cKDTree, list[tuple[str, float]]]:
        """Points of all reference lines, and where each lies."""
        roads = self.tables.roads.values()
        step_m = max(_INDEX_STEP_M, sum(road.length_m for road in roads) / _MAX_INDEX_ROWS)
        points, samples = [], []
        for road in roads:
            s_m = np.linspace(0.0, road.length_m, int(road.length_m / step_m) + 2)
            points.append(road.plan.at(s_m)[0])
            samples += [(road.road_id, s) for s in s_m.tolist()]
        return cKDTree(np.concatenate(points)), samples
