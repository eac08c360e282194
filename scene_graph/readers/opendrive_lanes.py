"""The lanes of an OpenDRIVE map as elements: lanes to drive on, lane lines, walkways, parking areas, islands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from scene_graph.elements import ElementKind, LaneMark, LaneShape, MapElement, MarkColour, MarkPattern
from scene_graph.readers.opendrive_roads import Lane, LaneMarkPiece, SpeedLimit
from scene_graph.readers.opendrive_sampling import SampledSection

__all__ = [
    "LEAST_SECTION_M",
    "LEAST_WIDTH_M",
    "VEHICLE_LANE_TYPES",
    "DrivenLane",
    "LaneKey",
    "area_elements",
    "driven_lanes",
    "lane_element_id",
    "lane_lines",
    "limit_between",
]

LaneKey = tuple[str, int, int]
"""A lane: its road, the place of its section, its id there."""

LEAST_SECTION_M = 0.02
"""A lane section that is shorter makes no elements; lanes go on through it."""

LEAST_WIDTH_M = 0.05
"""A lane that is nowhere wider makes no elements."""

VEHICLE_LANE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "driving": "vehicle",
        "bidirectional": "bidirectional",
        "bus": "bus",
        "taxi": "taxi",
        "hov": "hov",
        "shared": "shared",
        "special1": "special",
        "special2": "special",
        "special3": "special",
        "entry": "entry",
        "exit": "exit",
        "onramp": "on_ramp",
        "offramp": "off_ramp",
        "mwyentry": "entry",
        "mwyexit": "exit",
        "connectingramp": "connecting_ramp",
        "sliplane": "slip_lane",
    }
)
"""Our name of each type of lane, in lower case, that motor vehicles drive on."""

_BIKE_LANE = "biking"
_AREAS = {
    "sidewalk": ElementKind.WALKWAY,
    "walking": ElementKind.WALKWAY,
    "parking": ElementKind.PARKING_AREA,
    "median": ElementKind.ROAD_ISLAND,
}
_UNPAINTED = frozenset({"none", "curb", "edge", "grass"})
_PATTERNS = {
    "solid": MarkPattern.SOLID_SINGLE,
    "broken": MarkPattern.DASHED_SINGLE,
    "solid solid": MarkPattern.SOLID_DOUBLE,
    "solid broken": MarkPattern.SOLID_DASHED,
    "broken solid": MarkPattern.DASHED_SOLID,
    "broken broken": MarkPattern.DASHED_DOUBLE,
    "botts dots": MarkPattern.DOT_SINGLE,
}
_SHORT_DASHES = {
    MarkPattern.DASHED_SINGLE: MarkPattern.SHORT_DASHED_SINGLE,
    MarkPattern.DASHED_DOUBLE: MarkPattern.SHORT_DASHED_DOUBLE,
}
_MIRRORED = {
    MarkPattern.SOLID_DASHED: MarkPattern.DASHED_SOLID,
    MarkPattern.DASHED_SOLID: MarkPattern.SOLID_DASHED,
}
_SHORT_DASH_M = 2.0
_COLOURS = {
    "standard": MarkColour.WHITE,
    "white": MarkColour.WHITE,
    "yellow": MarkColour.YELLOW,
    "blue": MarkColour.BLUE,
}
_WIDTH_M = 0.15
_BOLD_WIDTH_M = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrivenLane:
    """A lane that is an element.

    Attributes:
        key: which lane.
        element: its LANE.
        forward: whether its traffic drives towards greater arc lengths.
        for_vehicles: whether motor vehicles drive on it.
        num_limits: how many speed limits hold along it.
    """

    key: LaneKey
    element: MapElement
    forward: bool
    for_vehicles: bool
    num_limits: int


def lane_element_id(key: LaneKey) -> str:
    """The element's id of a lane: "road.section.lane"."""
    return ".".join(str(part) for part in key)


def driven_lanes(sections: Iterable[SampledSection]) -> list[DrivenLane]:
    """The lanes that traffic drives on, in the order of the file."""
    lanes = []
    for sampled in sections:
        for lane in sampled.section.lanes:
            kind = lane.lane_type.lower()
            if (kind in VEHICLE_LANE_TYPES or kind == _BIKE_LANE) and _has_extent(sampled, lane):
                lanes.append(_driven_lane(sampled, lane, VEHICLE_LANE_TYPES.get(kind, "bike")))
    return lanes


def area_elements(sections: Iterable[SampledSection]) -> list[MapElement]:
    """Sidewalks, parking lanes and medians as areas."""
    elements = []
    for sampled in sections:
        for lane in sampled.section.lanes:
            kind = _AREAS.get(lane.lane_type.lower())
            if kind is not None and _has_extent(sampled, lane):
                inner, outer = sampled.lane_edges(lane)
                elements.append(
                    MapElement(
                        element_id=f"{kind.value}/{lane_element_id(_key(sampled, lane))}",
                        kind=kind,
                        vertices_world=np.concatenate([inner, outer[::-1]]),
                    )
                )
    return elements


def lane_lines(sections: Iterable[SampledSection]) -> tuple[list[MapElement], Counter[str]]:
    """The paint between lanes, along the roads' arc length; and how many marks of each name have no pattern of ours."""
    elements, unknown = [], Counter[str]()
    for sampled in sections:
        if sampled.section.length_m < LEAST_SECTION_M:
            continue
        for lane in (*sampled.section.left, sampled.section.centre, *sampled.section.right):
            if lane.lane_id != 0 and sampled.widths_m[lane.lane_id].max() < LEAST_WIDTH_M:
                continue
            edge = sampled.edges[0] if lane.lane_id == 0 else sampled.lane_edges(lane)[1]
            for index, piece in enumerate(lane.marks):
                line = _between(edge, sampled.s_m, piece)
                if piece.kind in _UNPAINTED or len(line) < 2:
                    continue
                unknown[piece.kind] += piece.kind not in _PATTERNS
                elements.append(_lane_line(f"{lane_element_id(_key(sampled, lane))}.{index}", line, lane, piece))
    return elements, +unknown


def limit_between(limits: Sequence[SpeedLimit], start_s_m: float, end_s_m: float) -> tuple[float | None, int]:
    """The limit (m/s, None: none) that holds longest between two arc lengths, and how many different ones do."""
    held: dict[float | None, float] = {}
    ends = [limit.start_s_m for limit in limits[1:]]
    for limit, until_s_m in zip(limits, [*ends, np.inf], strict=False):
        length_m = min(until_s_m, end_s_m) - max(limit.start_s_m, start_s_m)
        if length_m > 0.0:
            held[limit.limit_mps] = held.get(limit.limit_mps, 0.0) + length_m
    return max(held, key=lambda limit: held[limit]) if held else None, len(held)


def _driven_lane(sampled: SampledSection, lane: Lane, lane_type: str) -> DrivenLane:
    inner, outer = sampled.lane_edges(lane)
    left, right = (inner, outer) if lane.lane_id < 0 else (outer, inner)
    forward = sampled.road.forward(lane)
    if not forward:
        left, right = right[::-1], left[::-1]
    section = sampled.section
    limit_mps, num_limits = limit_between(lane.speeds or sampled.road.speeds, section.start_s_m, section.end_s_m)
    key = _key(sampled, lane)
    return DrivenLane(
        key=key,
        element=MapElement(
            element_id=lane_element_id(key),
            kind=ElementKind.LANE,
            vertices_world=(left + right) / 2.0,
            lane=LaneShape(
                left_world=left,
                right_world=right,
                lane_type=lane_type,
                in_intersection=sampled.road.junction_id is not None,
                speed_limit_mps=limit_mps,
            ),
        ),
        forward=forward,
        for_vehicles=lane_type != "bike",
        num_limits=num_limits,
    )


def _lane_line(name: str, line: np.ndarray, lane: Lane, piece: LaneMarkPiece) -> MapElement:
    pattern = _PATTERNS.get(piece.kind, MarkPattern.OTHER)
    if lane.lane_id > 0:  # named from the inside out, which is from right to left there
        pattern = _MIRRORED.get(pattern, pattern)
    if piece.dash_m is not None and piece.dash_m[0] < _SHORT_DASH_M:
        pattern = _SHORT_DASHES.get(pattern, pattern)
    attributes = {"mark_type": piece.kind, "lane_change": piece.lane_change}
    if piece.dash_m is not None:
        attributes["dash_m"] = " ".join(f"{length_m:g}" for length_m in piece.dash_m)
    if piece.colour not in _COLOURS:
        attributes["colour"] = piece.colour
    return MapElement(
        element_id=f"lane_line/{name}",
        kind=ElementKind.LANE_LINE,
        vertices_world=line,
        mark=LaneMark(
            colour=_COLOURS.get(piece.colour, MarkColour.UNKNOWN),
            pattern=pattern,
            width_m=piece.width_m or (_BOLD_WIDTH_M if piece.bold else _WIDTH_M),
        ),
        attributes={name: value for name, value in attributes.items() if value},
    )


def _between(edge: Float[np.ndarray, "n 3"], s_m: np.ndarray, piece: LaneMarkPiece) -> Float[np.ndarray, "p 3"]:
    """The vertices of an edge where a mark lies; the sampling has one at each of its ends."""
    first, last = np.searchsorted(s_m, [piece.start_s_m - 1e-4, piece.end_s_m + 1e-4])
    return edge[first:last]


def _has_extent(sampled: SampledSection, lane: Lane) -> bool:
    return bool(sampled.section.length_m >= LEAST_SECTION_M and sampled.widths_m[lane.lane_id].max() >= LEAST_WIDTH_M)


def _key(sampled: SampledSection, lane: Lane) -> LaneKey:
    return sampled.road.road_id, sampled.index, lane.lane_id
