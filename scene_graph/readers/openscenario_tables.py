"""Roads sampled evenly, so that single places on them are looked up quickly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scene_graph.readers.opendrive_lanes import LaneKey
from scene_graph.readers.opendrive_roads import Road

__all__ = ["ReferencePoint", "RoadTables"]

_STEP_M = 0.25
_MAX_ROWS = 100_000


class ReferencePoint(NamedTuple):
    """A point of a road's reference line.

    Attributes:
        x_m, y_m, z_m: metres, world frame.
        heading_rad: direction, not wrapped along the road.
        slope: height gained for each metre.
        roll_rad: cross slope, left side up.
        curvature_per_m: to the left where positive.
    """

    x_m: float
    y_m: float
    z_m: float
    heading_rad: float
    slope: float
    roll_rad: float
    curvature_per_m: float


class RoadTables:
    """Look-ups on roads, a quarter of a metre apart and linear between; made when a road is first asked about.

    Args:
        roads: by id.
    """

    def __init__(self, roads: Mapping[str, Road]) -> None:
        self.roads = roads
        self._references: dict[str, tuple[float, list[ReferencePoint]]] = {}
        self._sections: dict[tuple[str, int], _SectionTable] = {}

    def reference(self, road_id: str, s_m: float) -> ReferencePoint:
        """The reference line at an arc length; beyond an end, the end."""
        step_m, rows = self._reference(road_id)
        place = min(max(s_m / step_m, 0.0), len(rows) - 1.0)
        index = min(int(place), len(rows) - 2)
        part = place - index
        return ReferencePoint(*(a + (b - a) * part for a, b in zip(rows[index], rows[index + 1], strict=True)))

    def turn_rad(self, road_id: str) -> float:
        """How much a road turns from its start to its end, rad."""
        _, rows = self._reference(road_id)
        return abs(rows[-1].heading_rad - rows[0].heading_rad)

    def centre_m(self, key: LaneKey, s_m: float) -> float:
        """How far the centre of a lane is to the left of the reference line, metres."""
        table = self._section(key[0], key[1])
        return table.value(table.centres_m[key[2]], s_m)

    def edges_m(self, road_id: str, section: int, s_m: float) -> dict[int, float]:
        """How far the outer edge of each lane is to the left of the reference line, metres; lane 0 is the centre."""
        table = self._section(road_id, section)
        return {lane_id: table.value(edge_m, s_m) for lane_id, edge_m in table.edges_m.items()}

    def lane_at(self, road_id: str, section: int, s_m: float, t_m: float) -> int:
        """The lane that holds an offset from the reference line, else the nearest; 0 where there is none."""
        edges = self.edges_m(road_id, section, s_m)
        best, best_m = 0, math.inf
        for lanes in (self.roads[road_id].sections[section].left, self.roads[road_id].sections[section].right):
            inner = edges[0]
            for lane in lanes:
                outer = edges[lane.lane_id]
                away_m = max(min(inner, outer) - t_m, t_m - max(inner, outer), 0.0)
                if outer != inner and away_m < best_m:
                    best, best_m = lane.lane_id, away_m
                inner = outer
        return best

    def _reference(self, road_id: str) -> tuple[float, list[ReferencePoint]]:
        if road_id not in self._references:
            road = self.roads[road_id]
            s_m = np.linspace(0.0, road.length_m, _num_rows(road.length_m))
            frames = road.frames(s_m)
            heading_rad = np.unwrap(frames.heading_rad)
            columns = [*frames.points.T, heading_rad, frames.slope, frames.roll_rad, np.gradient(heading_rad, s_m[1])]
            rows = [ReferencePoint(*row) for row in np.stack(columns, axis=1).tolist()]
            self._references[road_id] = float(s_m[1]), rows
        return self._references[road_id]

    def _section(self, road_id: str, index: int) -> _SectionTable:
        if (road_id, index) not in self._sections:
            road = self.roads[road_id]
            section = road.sections[index]
            count = _num_rows(section.length_m)
            edges = road.edges_t_m(section, np.linspace(section.start_s_m, section.end_s_m, count))
            centres = {0: edges[0]}
            for lanes in (section.left, section.right):
                inner = edges[0]
                for lane in lanes:
                    centres[lane.lane_id] = (inner + edges[lane.lane_id]) / 2
                    inner = edges[lane.lane_id]
            self._sections[road_id, index] = _SectionTable(
                start_s_m=section.start_s_m,
                step_m=section.length_m / (count - 1),
                edges_m={lane_id: edge.tolist() for lane_id, edge in edges.items()},
                centres_m={lane_id: centre.tolist() for lane_id, centre in centres.items()},
            )
        return self._sections[road_id, index]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SectionTable:
    """Offsets from the reference line along a lane section, every `step_m` from `start_s_m` on, metres."""

    start_s_m: float
    step_m: float
    edges_m: Mapping[int, list[float]]
    centres_m: Mapping[int, list[float]]

    def value(self, values: list[float], s_m: float) -> float:
        """A column's value at an arc length of the road; beyond an end, the end's."""
        place = min(max((s_m - self.start_s_m) / self.step_m, 0.0), len(values) - 1.0)
        index = min(int(place), len(values) - 2)
        return values[index] + (values[index + 1] - values[index]) * (place - index)


def _num_rows(length_m: float) -> int:
    return min(max(math.ceil(length_m / _STEP_M), 1), _MAX_ROWS) + 1
