"""Map elements from the label files of an RDS-HQ clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.elements import ElementKind, LaneMark, LaneShape, MapElement, MarkColour, MarkPattern
from scene_graph.json_fields import Fields
from scene_graph.readers.lane_edges import mid_line
from scene_graph.readers.vertices import points, polygon

__all__ = ["LAYERS", "MPS_PER_MPH", "PATTERNS", "ParsedLabel", "lane_mark", "lane_shape", "parse_label"]

LAYERS: Mapping[str, ElementKind] = MappingProxyType(
    {
        "lanelines": ElementKind.LANE_LINE,
        "road_boundaries": ElementKind.ROAD_BOUNDARY,
        "wait_lines": ElementKind.WAIT_LINE,
        "poles": ElementKind.POLE,
        "crosswalks": ElementKind.CROSSWALK,
        "road_markings": ElementKind.ROAD_MARKING,
        "traffic_signs": ElementKind.TRAFFIC_SIGN,
        "traffic_lights": ElementKind.TRAFFIC_LIGHT,
        "lanes": ElementKind.LANE,
    }
)
"""Map layers and what they hold, in the order in which renderers of this format draw them: ties in depth are decided
by it."""

PATTERNS: Mapping[str, MarkPattern] = MappingProxyType(
    {
        "SOLID_SINGLE": MarkPattern.SOLID_SINGLE,
        "SOLID_GROUP": MarkPattern.SOLID_DOUBLE,
        "SOLID_DOUBLE": MarkPattern.SOLID_DOUBLE,
        "DASHED_SINGLE": MarkPattern.DASHED_SINGLE,
        "DASHED_DOUBLE": MarkPattern.DASHED_DOUBLE,
        "DASHED_GROUP": MarkPattern.DASHED_DOUBLE,
        "LONG_DASHED_SINGLE": MarkPattern.DASHED_SINGLE,
        "LONG_DASHED_GROUP": MarkPattern.DASHED_DOUBLE,
        "SHORT_DASHED_SINGLE": MarkPattern.SHORT_DASHED_SINGLE,
        "SHORT_DASHED_GROUP": MarkPattern.SHORT_DASHED_DOUBLE,
        "DOT_SOLID_SINGLE": MarkPattern.DOT_SINGLE,
        "DOT_SOLID_GROUP": MarkPattern.DOT_DOUBLE,
        "DOT_DASHED_SINGLE": MarkPattern.DOT_DASHED_SINGLE,
        "DOT_DASHED_GROUP": MarkPattern.DOT_DASHED_DOUBLE,
        "SOLID_DASHED": MarkPattern.SOLID_DASHED,
        "DASHED_SOLID": MarkPattern.DASHED_SOLID,
    }
)
"""Our pattern for each style of the source; any other style is OTHER."""

MPS_PER_MPH = 0.44704
"""Speed limits of the source are taken as miles an hour."""

_DEFAULT_STYLE = ("WHITE", "SOLID_SINGLE")
# bookkeeping of the source that says nothing about the element
_BOOKKEEPING = frozenset(
    {"coordinate_frame", "timestamp", "asset_ref", "feature_version", "clip_version_id", "label_name"}
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParsedLabel:
    """One label.

    Attributes:
        element: the map element.
        values: the label's attributes, name -> text, number, flag or list of texts.
    """

    element: MapElement
    values: Mapping[str, Any]


def parse_label(raw: Any, layer: str) -> ParsedLabel | None:
    """The element of a label of one of LAYERS; None where the label says that the layer is empty.

    Raises:
        ValueError: the label is not valid.
    """
    label = Fields(raw, "", "label")
    data = label.child("labelData")
    if ("labelFamily" in label and label.text("labelFamily") == "EMPTY") or "emptyLabel" in data:
        return None
    shape = data.child("shape3d")
    if "unit" in shape and shape.text("unit") != "METRIC":
        raise ValueError(f"unit is {shape.text('unit')!r}; expected 'METRIC'")
    values = _attribute_values(shape)
    kind = LAYERS[layer]
    attributes = {name: _text(value) for name, value in values.items() if not isinstance(value, list)}
    attributes = {name: value for name, value in attributes.items() if name not in _BOOKKEEPING}
    mark = lane = None
    if kind is ElementKind.LANE:
        lane = _lane_shape(shape, values)
        vertices = mid_line(lane.left_world, lane.right_world)
    elif kind is ElementKind.LANE_LINE:
        vertices = _vertices(shape, "polyline3d")
        mark, attributes["style"] = _mark(values)
    elif kind in (ElementKind.TRAFFIC_SIGN, ElementKind.TRAFFIC_LIGHT):
        vertices = _ordered_corners(_vertices(shape, "cuboid3d"))
    elif kind in (ElementKind.CROSSWALK, ElementKind.ROAD_MARKING):
        vertices = polygon(_vertices(shape, "surface"))
    else:
        vertices = _vertices(shape, "polyline3d")
    element = MapElement(
        element_id=label.text("labelId"),
        kind=kind,
        vertices_world=vertices,
        mark=mark,
        lane=lane,
        attributes=attributes,
    )
    if not element.element_id:
        raise ValueError("labelId is empty; expected a unique id")
    element.validate()
    return ParsedLabel(element=element, values=values)


def _attribute_values(shape: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {}
    listed = shape.get("attributes")
    for attribute in listed if isinstance(listed, list) else [listed]:
        name = Fields(attribute, "", "attributes").text("name")
        value = next((value for key, value in attribute.items() if key != "name"), None)
        if isinstance(value, dict):  # {"enumsList": [..]} or {"textList": [..]}, empty where the list is
            value = next(iter(value.values()), [])
            if not (isinstance(value, list) and all(isinstance(text, str) for text in value)):
                raise ValueError(f"attribute {name!r}: expected a list of texts")
        elif not isinstance(value, (str, bool, int, float)):
            raise ValueError(f"attribute {name!r} has no value; expected a text, a number, a flag or a list")
        values[name] = value
    return values


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _texts(values: Mapping[str, Any], name: str) -> list[str]:
    value = values.get(name, [])
    if not isinstance(value, list):
        raise ValueError(f"attribute {name!r}: expected a list of texts, received {value!r}")
    return value


def _vertices(shape: Fields, name: str) -> Float[np.ndarray, "p 3"]:
    return points(shape.child(name).get("vertices"), name)


def _mark(values: Mapping[str, Any]) -> tuple[LaneMark, str]:
    """The paint of a label, and what the source calls it."""
    width_m = values.get("width", 0.0)
    if isinstance(width_m, (str, list)):
        raise ValueError(f"attribute 'width' is {width_m!r}; expected a number")
    return lane_mark(_texts(values, "colors"), _texts(values, "styles"), float(width_m))


def lane_mark(colours: Sequence[str], styles: Sequence[str], width_m: float = 0.0) -> tuple[LaneMark, str]:
    """The paint that most vertices have, and "<COLOUR> <STYLE>" as the source calls it.

    Args:
        colours, styles: the source's names, one a vertex; none at all is white, solid, single.
        width_m: metres; 0 is the usual width.
    """
    pairs = list(zip(colours, styles, strict=False))
    colour, style = Counter(pairs).most_common(1)[0][0] if pairs else _DEFAULT_STYLE
    mark = LaneMark(
        colour=MarkColour(colour.lower()) if colour in ("WHITE", "YELLOW", "BLUE") else MarkColour.UNKNOWN,
        pattern=PATTERNS.get(style, MarkPattern.OTHER),
    )
    if width_m != 0.0:
        mark = LaneMark(colour=mark.colour, pattern=mark.pattern, width_m=width_m)
    return mark, f"{colour} {style}"


def _lane_shape(shape: Fields, values: Mapping[str, Any]) -> LaneShape:
    rails = list(shape.child("polylines3d").children("polylines"))
    if len(rails) != 2:
        raise ValueError(f"has {len(rails)} rails; expected 2, the left and the right one")
    left, right = (points(rail.get("vertices"), "rail") for rail in rails)
    return lane_shape(left, right, values)


def lane_shape(left: Float[np.ndarray, "p 3"], right: Float[np.ndarray, "q 3"], values: Mapping[str, Any]) -> LaneShape:
    """Edges and rules of a lane.

    Args:
        left, right: the rails, metres.
        values: the source's attributes; used are use_types, vehicle_types, lane_direction and speed_limit.

    Raises:
        ValueError: a rail has fewer than 2 points, or an attribute is of another kind.
    """
    if min(len(left), len(right)) < 2:
        raise ValueError(f"has rails of {len(left)} and {len(right)} points; expected at least 2 each")
    uses, vehicles = _texts(values, "use_types"), _texts(values, "vehicle_types")
    if uses:
        lane_type = uses[0].lower().removesuffix("_lane")
    else:
        lane_type = "vehicle" if not vehicles or "CAR" in vehicles else vehicles[0].lower()
    speed_limit = values.get("speed_limit")
    if speed_limit is not None and (isinstance(speed_limit, (str, list)) or not 0 <= speed_limit < 1000):
        raise ValueError(f"attribute 'speed_limit' is {speed_limit!r}; expected a speed")
    return LaneShape(
        left_world=left,
        right_world=right,
        lane_type=lane_type,
        in_intersection=str(values.get("lane_direction", "")).endswith("_TURN"),
        speed_limit_mps=speed_limit * MPS_PER_MPH if speed_limit else None,
    )


def _ordered_corners(corners: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "8 3"]:
    """The same eight corners in the order of `scene_graph.boxes.CORNER_SIGNS`.

    In the source the edge 0-3 runs along the box's x axis, 0-1 along y and 0-4 along z, in either sense. The face
    0, 1, 4, 5 stays the front; top and bottom, then left and right change places where z would point down or the axes
    would be left-handed.
    """
    if len(corners) != 8:
        raise ValueError(f"cuboid has {len(corners)} corners; expected 8")
    along_x, along_y, along_z = corners[0] - corners[3], corners[0] - corners[1], corners[0] - corners[4]
    weights = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1]])
    expected = corners[0] - weights @ np.stack([along_x, along_y, along_z])
    lengths = np.array([np.linalg.norm(edge) for edge in (along_x, along_y, along_z)])
    if not np.isfinite(lengths).all() or (lengths > 0).sum() < 2:
        length, width, height = lengths
        raise ValueError(f"cuboid of {length:g} x {width:g} x {height:g} m; expected positive lengths")
    if np.abs(expected - corners).max() > 0.05 * lengths.max():
        raise ValueError("the corners of the cuboid are no box with the edges 0-3, 0-1 and 0-4")
    if along_z[2] < 0:
        corners, along_z = corners[[4, 5, 6, 7, 0, 1, 2, 3]], -along_z
    if np.linalg.det(np.stack([along_x, along_y, along_z])) < 0:
        corners = corners[[1, 0, 3, 2, 5, 4, 7, 6]]
    return corners
