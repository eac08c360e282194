"""Map elements in the words and shapes that RDS-HQ and ClipGT share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from scene_graph.elements import ElementKind, Geometry, LaneMark, LaneShape, MapElement, MarkPattern
from scene_graph.readers.lane_edges import mid_line
from scene_graph.readers.rds_hq_labels import PATTERNS
from scene_graph.writers.writer import LeftOut

__all__ = ["CATEGORY_NAMES", "edge_paint", "lane_direction", "lane_rails", "lane_types", "paint", "ring"]

CATEGORY_NAMES: Mapping[ElementKind, str] = MappingProxyType(
    {
        ElementKind.ROAD_BOUNDARY: "boundary_type",
        ElementKind.WAIT_LINE: "type",
        ElementKind.POLE: "pole_type",
        ElementKind.CROSSWALK: "type",
        ElementKind.ROAD_MARKING: "road_marking_class",
        ElementKind.TRAFFIC_SIGN: "sign_class",
    }
)
"""The attribute that says what sort of its kind an element is."""

_STYLES: Mapping[MarkPattern, str] = MappingProxyType(
    {
        **{pattern: style for style, pattern in PATTERNS.items()},
        MarkPattern.SOLID_DOUBLE: "SOLID_GROUP",
        MarkPattern.DASHED_SINGLE: "LONG_DASHED_SINGLE",
        MarkPattern.DASHED_DOUBLE: "LONG_DASHED_GROUP",
    }
)
_TURN_RAD = np.pi / 6


def ring(element: MapElement, left_out: LeftOut) -> Float[np.ndarray, "p 3"]:
    """The vertices of a line or area where closed lines end at their start, and areas have no holes, `p 3` m."""
    points = element.vertices_world
    if element.kind.geometry is Geometry.POLYGON:
        left_out.add("Holes of areas: {}.", len(element.holes_world))
        # readers take a last vertex that repeats the first for the ring's end
        return np.concatenate([points, points[:1]]) if np.array_equal(points[0], points[-1]) else points
    if element.closed:
        left_out.add("{} closed lines became lines that end where they start.")
        return np.concatenate([points, points[:1]])
    return points


def lane_rails(
    element: MapElement, lane: LaneShape, left_out: LeftOut
) -> tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, "q 3"]]:
    """Left and right edge of a lane, metres; where they do not say the centreline, that is noted."""
    made = mid_line(lane.left_world, lane.right_world)
    if made.shape != element.vertices_world.shape or np.abs(made - element.vertices_world).max() > 1e-6:
        left_out.add("Centrelines of {} lanes: readers take the mid line of the edges.")
    return lane.left_world, lane.right_world


def lane_types(lane: LaneShape) -> tuple[list[str], list[str]]:
    """Vehicle types and use types of a lane."""
    return (["CAR"], []) if lane.lane_type == "vehicle" else ([], [f"{lane.lane_type.upper()}_LANE"])


def paint(element: MapElement, left_out: LeftOut) -> tuple[str, str]:
    """Colour and style of a lane line, by the source's own names where the mark still is what they say."""
    if element.mark is None:
        left_out.add("{} lane lines of unknown paint became white, solid, single.")
    mark = element.mark or LaneMark()
    colour, _, style = element.attributes.get("style", "").partition(" ")
    if colour == mark.colour.value.upper() and style and PATTERNS.get(style, MarkPattern.OTHER) is mark.pattern:
        return colour, style
    return mark.colour.value.upper(), _STYLES.get(mark.pattern, "OTHER")


def edge_paint(element: MapElement, side: str) -> tuple[str, str]:
    """Colour and style of the "left" or "right" edge of a lane; UNKNOWN where the element does not say it."""
    colour, _, style = element.attributes.get(f"{side}_edge", "").partition(" ")
    return (colour, style) if style else ("UNKNOWN", "UNKNOWN")


def lane_direction(element: MapElement, lane: LaneShape) -> str:
    """The lane's own name of its direction where it agrees with the lane, else one by the turn of its centreline."""
    named = element.attributes.get("lane_direction", "")
    if named and named.endswith("_TURN") == lane.in_intersection:
        return named
    if not lane.in_intersection:
        return "STRAIGHT"
    line = element.vertices_world[:, :2]
    first, last = line[1] - line[0], line[-1] - line[-2]
    turn_rad = np.arctan2(first[0] * last[1] - first[1] * last[0], first @ last)
    return "LEFT_TURN" if turn_rad > _TURN_RAD else "RIGHT_TURN" if turn_rad < -_TURN_RAD else "STRAIGHT_TURN"
