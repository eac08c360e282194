"""Static map elements of a scenario: lanes, marks, boundaries, areas, poles, signs, lights."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from jaxtyping import Float

from scene_graph.arrays import frozen_array

__all__ = ["ElementKind", "Geometry", "LaneMark", "LaneShape", "MapElement", "MarkColour", "MarkPattern"]


class Geometry(str, Enum):
    """What the vertices of an element mean."""

    POLYLINE = "polyline"
    POLYGON = "polygon"
    CUBOID = "cuboid"


class ElementKind(str, Enum):
    """What a map element is. Its `geometry` says what the element's vertices mean."""

    LANE = "lane"  # polyline: the centreline in driving direction
    LANE_LINE = "lane_line"
    ROAD_BOUNDARY = "road_boundary"
    WAIT_LINE = "wait_line"  # stop, yield and hold lines
    POLE = "pole"
    CROSSWALK = "crosswalk"
    ROAD_MARKING = "road_marking"  # arrows, words, stencils
    INTERSECTION_AREA = "intersection_area"
    ROAD_ISLAND = "road_island"
    DRIVABLE_AREA = "drivable_area"
    WALKWAY = "walkway"
    PARKING_AREA = "parking_area"
    SPEED_BUMP = "speed_bump"
    TRAFFIC_SIGN = "traffic_sign"
    TRAFFIC_LIGHT = "traffic_light"

    @property
    def geometry(self) -> Geometry:
        """Polyline, polygon or cuboid."""
        return _GEOMETRY[self]


_POLYLINES = (
    ElementKind.LANE,
    ElementKind.LANE_LINE,
    ElementKind.ROAD_BOUNDARY,
    ElementKind.WAIT_LINE,
    ElementKind.POLE,
)
_CUBOIDS = (ElementKind.TRAFFIC_SIGN, ElementKind.TRAFFIC_LIGHT)
_GEOMETRY = {
    kind: Geometry.POLYLINE if kind in _POLYLINES else Geometry.CUBOID if kind in _CUBOIDS else Geometry.POLYGON
    for kind in ElementKind
}


class MarkColour(str, Enum):
    """Paint colour of a lane line."""

    WHITE = "white"
    YELLOW = "yellow"
    BLUE = "blue"
    UNKNOWN = "unknown"


class MarkPattern(str, Enum):
    """Paint pattern of a lane line; of a double line the left one, seen along the vertices, is named first."""

    SOLID_SINGLE = "solid_single"
    SOLID_DOUBLE = "solid_double"
    DASHED_SINGLE = "dashed_single"
    DASHED_DOUBLE = "dashed_double"
    SHORT_DASHED_SINGLE = "short_dashed_single"
    SHORT_DASHED_DOUBLE = "short_dashed_double"
    DOT_SINGLE = "dot_single"
    DOT_DOUBLE = "dot_double"
    DOT_DASHED_SINGLE = "dot_dashed_single"
    DOT_DASHED_DOUBLE = "dot_dashed_double"
    SOLID_DASHED = "solid_dashed"
    DASHED_SOLID = "dashed_solid"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneMark:
    """The paint of a lane line.

    Attributes:
        colour: paint colour.
        pattern: paint pattern.
        width_m: painted width, metres.
    """

    colour: MarkColour = MarkColour.WHITE
    pattern: MarkPattern = MarkPattern.SOLID_SINGLE
    width_m: float = 0.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneShape:
    """What a lane has beside its centreline.

    Attributes:
        left_world, right_world: the lane's edges in driving direction, `p 3` m, world frame.
        lane_type: "vehicle", "bus", "bike" or another name in lower case.
        in_intersection: whether the lane is a connector through a junction.
        speed_limit_mps: m/s, None where the source has none.
    """

    left_world: Float[np.ndarray, "p 3"]
    right_world: Float[np.ndarray, "q 3"]
    lane_type: str = "vehicle"
    in_intersection: bool = False
    speed_limit_mps: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "left_world", frozen_array(self.left_world, np.float64, (None, 3), "left_world"))
        object.__setattr__(self, "right_world", frozen_array(self.right_world, np.float64, (None, 3), "right_world"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapElement:
    """One static thing of the map.

    Attributes:
        element_id: unique in its graph.
        kind: what it is; `kind.geometry` says what the vertices mean.
        vertices_world: `p 3` m, world frame. Polyline: at least 2 points. Polygon: at least 3, in either sense, not
            repeated at the end. Cuboid: 8 corners in the order of `scene_graph.boxes.CORNER_SIGNS`.
        closed: whether a polyline joins its last point to its first (polygons and cuboids: True).
        mark: paint of a lane line, else None.
        lane: edges and rules of a lane, else None.
        holes_world: holes of a polygon, each `p 3` m, world frame.
        attributes: what else the source says, by its own names.
    """

    element_id: str
    kind: ElementKind
    vertices_world: Float[np.ndarray, "p 3"]
    closed: bool = False
    mark: LaneMark | None = None
    lane: LaneShape | None = None
    holes_world: tuple[Float[np.ndarray, "_ 3"], ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vertices = frozen_array(self.vertices_world, np.float64, (None, 3), f"element {self.element_id!r}")
        object.__setattr__(self, "vertices_world", vertices)
        holes = tuple(frozen_array(hole, np.float64, (None, 3), "holes_world") for hole in self.holes_world)
        object.__setattr__(self, "holes_world", holes)
        if self.kind.geometry is not Geometry.POLYLINE:
            object.__setattr__(self, "closed", True)

    def validate(self) -> None:
        """Raises ValueError where a vertex is not finite or there are too few of them."""
        name = f"{self.kind.value} {self.element_id!r}"
        least = {Geometry.POLYLINE: 2, Geometry.POLYGON: 3, Geometry.CUBOID: 8}[self.kind.geometry]
        count = len(self.vertices_world)
        if count < least or (self.kind.geometry is Geometry.CUBOID and count != 8):
            raise ValueError(f"{name} has {count} vertices; a {self.kind.geometry.value} needs {least}")
        for hole in self.holes_world:
            if len(hole) < 3:
                raise ValueError(f"{name} has a hole of {len(hole)} vertices; a polygon needs 3")
        rings = [self.vertices_world, *self.holes_world]
        if self.lane is not None:
            rings += [self.lane.left_world, self.lane.right_world]
        if not all(np.isfinite(ring).all() for ring in rings):
            raise ValueError(f"{name} has a vertex that is NaN or infinite")
        if self.mark is not None and not self.mark.width_m > 0:
            raise ValueError(f"{name} has a mark of width {self.mark.width_m} m; expected more than 0")
