"""The map layers of a ClipGT clip, and how they belong together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.boxes import box_corners
from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.graph import Relation, RelationKind
from scene_graph.readers.clipgt_tables import ClipFolder
from scene_graph.readers.lane_edges import mid_line
from scene_graph.readers.quaternions import rotation_from_quat_xyzw
from scene_graph.readers.rds_hq_labels import lane_mark, lane_shape
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import number_array, points, polygon
from scene_graph.se3 import SE3

__all__ = ["ASSOCIATION", "CONTROLS", "LAYERS", "NEIGHBOURS", "ClipMap", "layer_title", "read_clip_map"]

LAYERS: Mapping[str, ElementKind] = MappingProxyType(
    {
        "lane_line": ElementKind.LANE_LINE,
        "road_boundary": ElementKind.ROAD_BOUNDARY,
        "wait_line": ElementKind.WAIT_LINE,
        "pole": ElementKind.POLE,
        "crosswalk": ElementKind.CROSSWALK,
        "road_marking": ElementKind.ROAD_MARKING,
        "intersection_area": ElementKind.INTERSECTION_AREA,
        "road_island": ElementKind.ROAD_ISLAND,
        "traffic_sign": ElementKind.TRAFFIC_SIGN,
        "traffic_light": ElementKind.TRAFFIC_LIGHT,
        "lane": ElementKind.LANE,
    }
)
"""Map tables and what they hold, in the order in which renderers of this format draw them."""

ASSOCIATION = "association"
NEIGHBOURS: Mapping[str, RelationKind] = MappingProxyType(
    {"LEFT_LANE": RelationKind.LEFT_NEIGHBOUR, "RIGHT_LANE": RelationKind.RIGHT_NEIGHBOUR}
)
CONTROLS: Mapping[str, ElementKind] = MappingProxyType(
    {
        "WAIT_LINE_TO_LANE": ElementKind.WAIT_LINE,
        "LIGHT_TO_LANE": ElementKind.TRAFFIC_LIGHT,
        "SIGN_TO_LANE": ElementKind.TRAFFIC_SIGN,
    }
)

_DEFAULT_SIZES_M = {ElementKind.TRAFFIC_LIGHT: (0.6, 0.6, 1.0), ElementKind.TRAFFIC_SIGN: (0.8, 0.3, 0.8)}
_POLE_HEIGHT_M = 3.0
_UNPAINTED = "VIRTUAL"
_MAX_PAIRS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipMap:
    """What the map layers of a clip hold.

    Attributes:
        elements: in the order of `LAYERS`, and within a layer of its table.
        relations: between lanes, and from lights, signs and wait lines to lanes.
        present, derived, absent: as in `scene_graph.recording.Source`.
    """

    elements: tuple[MapElement, ...]
    relations: tuple[Relation, ...]
    present: Mapping[str, str]
    derived: tuple[str, ...]
    absent: tuple[str, ...]


def layer_title(layer: str) -> str:
    """What counts of a layer's elements are called."""
    return f"{layer.replace('_', ' ')}s".replace("boundarys", "boundaries")


def read_clip_map(clip: ClipFolder, records: Records) -> ClipMap:
    """The map of a clip; layers that are not there are listed in `absent`.

    Raises:
        SceneError: a table is damaged, or a record is bad and bad records are not skipped.
    """
    layers = _Layers(records)
    present: dict[str, str] = {}
    absent: list[str] = []
    for layer, kind in LAYERS.items():
        before = len(layers.elements)
        if layers.read(clip, layer, kind):
            present[layer_title(layer)] = str(len(layers.elements) - before)
        else:
            absent.append(layer)
    relations = _relations(clip, layers, records)
    if relations is None:
        absent.append(f"{ASSOCIATION} (relations of lanes)")
    return ClipMap(
        elements=tuple(layers.elements.values()),
        relations=relations or (),
        present=present,
        derived=tuple(layers.derived()),
        absent=tuple(absent),
    )


class _Layers:
    """The elements read so far, and how often something had to be assumed for one.

    Attributes:
        records: what to do with a bad record.
        elements: by element id.
        of_map_id: ids of the elements of a kind by the source's map id.
        assumed: sentence with a place for the count -> count.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.elements: dict[str, MapElement] = {}
        self.of_map_id: dict[tuple[ElementKind, str], list[str]] = {}
        self.assumed: Counter[str] = Counter()

    def derived(self) -> list[str]:
        """What was assumed, one sentence each."""
        return [sentence.format(count) for sentence, count in self.assumed.items()]

    def read(self, clip: ClipFolder, layer: str, kind: ElementKind) -> bool:
        """Adds the elements of a layer; whether the clip has its table."""
        table = clip.table(layer)
        if table is None:
            return False
        for index, key, payload in table.records():
            with self.records.checking(table.where(index)):
                map_id = key.get("map_id")
                map_id = str(map_id) if map_id is not None else ""
                element = self._element(kind, payload, self._new_id(map_id or f"{layer}-{table.rows[index]}"))
                if element is not None:
                    element.validate()
                    self.elements[element.element_id] = element
                    if map_id:
                        self.of_map_id.setdefault((kind, map_id), []).append(element.element_id)
        return True

    def _new_id(self, wanted: str) -> str:
        element_id, number = wanted, 1
        while element_id in self.elements:
            number += 1
            element_id = f"{wanted}#{number}"
        if number > 1:
            self.assumed["{} elements whose map id another has got a number after it."] += 1
        return element_id

    def _element(self, kind: ElementKind, payload: Mapping[str, Any], element_id: str) -> MapElement | None:
        """The element of a record; None for a lane line without paint."""
        attributes = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in payload.items()
            if isinstance(value, (str, bool, int, float))
        }
        mark = lane = None
        if kind is ElementKind.LANE:
            self.assumed["Lane centrelines are the mid lines of the lanes' rails ({} lanes)."] += 1
            lane = lane_shape(_points(payload, "left_rail"), _points(payload, "right_rail"), self._lane_rules(payload))
            vertices = mid_line(lane.left_world, lane.right_world)
            for side in ("left", "right"):
                if _texts(payload, f"{side}_edge_styles"):
                    attributes[f"{side}_edge"] = _most_common(payload, f"{side}_edge_colors", f"{side}_edge_styles")
        elif kind is ElementKind.LANE_LINE:
            colours, styles = _texts(payload, "colors"), _texts(payload, "styles")
            if styles and Counter(styles).most_common(1)[0][0] == _UNPAINTED:
                self.assumed["{} virtual lane lines, which are not painted, were dropped."] += 1
                return None
            if not (colours and styles):
                self.assumed["{} lane lines without colour or style were read as white, solid, single."] += 1
            vertices = _points(payload, "line_rail" if payload.get("line_rail") is not None else "path")
            mark, attributes["style"] = lane_mark(colours, styles)
        elif kind.geometry is Geometry.CUBOID:
            vertices = self._corners(kind, payload)
        elif kind.geometry is Geometry.POLYGON:
            vertices = polygon(_points(payload, "location"))
        else:
            vertices = _points(payload, "location")
            if kind is ElementKind.POLE and len(vertices) == 1:
                self.assumed[f"{{}} poles that are a single point stand {_POLE_HEIGHT_M:g} m up from it."] += 1
                vertices = vertices + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, _POLE_HEIGHT_M]])
        return MapElement(
            element_id=element_id, kind=kind, vertices_world=vertices, mark=mark, lane=lane, attributes=attributes
        )

    def _lane_rules(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        limit_mph = payload.get("speed_limit")
        if isinstance(limit_mph, str):  # a number, or blank
            limit_mph = float(limit_mph) if limit_mph.strip() else None
        if limit_mph is not None and (isinstance(limit_mph, bool) or not isinstance(limit_mph, (int, float))):
            raise ValueError(f"speed_limit: expected a number, received {type(limit_mph).__name__}")
        if limit_mph is not None and math.isnan(limit_mph):
            limit_mph = None
        if limit_mph:
            self.assumed["Speed limits of {} lanes, miles an hour in the source, became metres a second."] += 1
        return {
            "use_types": _texts(payload, "use_types"),
            "vehicle_types": _texts(payload, "vehicle_types"),
            "lane_direction": payload.get("lane_direction") or "",
            "speed_limit": limit_mph,
        }

    def _corners(self, kind: ElementKind, payload: Mapping[str, Any]) -> Float[np.ndarray, "8 3"]:
        rotation = rotation_from_quat_xyzw(_vector(payload, "orientation", "xyzw"))
        world_from_box = SE3(rotation=rotation[None], translation=_vector(payload, "center", "xyz")[None])
        dimensions: Any = payload.get("dimensions")
        if not isinstance(dimensions, dict) or any(dimensions.get(axis) is None for axis in "xyz"):
            size_m = np.array(_DEFAULT_SIZES_M[kind])
            shown = " x ".join(f"{length:g}" for length in size_m)
            self.assumed[f"{{}} {kind.value.replace('_', ' ')}s without dimensions are {shown} m."] += 1
        else:
            size_m = _vector(payload, "dimensions", "xyz")
        if (size_m < 0).any() or (size_m > 0).sum() < 2:
            raise ValueError(f"dimensions are {' x '.join(f'{length:g}' for length in size_m)} m; expected lengths")
        return box_corners(world_from_box, size_m[None])[0]


def _relations(clip: ClipFolder, layers: _Layers, records: Records) -> tuple[Relation, ...] | None:
    table = clip.table(ASSOCIATION)
    if table is None:
        return None
    found: dict[Relation, None] = {}
    for index, key, payload in table.records():
        with records.checking(table.where(index)):
            subjects, objects = _ids(payload, "subjects"), _ids(payload, "objects")
            if len(subjects) * len(objects) > _MAX_PAIRS:
                raise ValueError(f"relates {len(subjects)} to {len(objects)}; expected at most {_MAX_PAIRS} pairs")
            for subject in subjects:
                for other in objects:
                    found.update(dict.fromkeys(_related(str(key.get("kind")), subject, other, layers)))
    return tuple(found)


def _related(name: str, subject: str, other: str, layers: _Layers) -> list[Relation]:
    """The relations of two map ids; relations of other names and to elements that are not there are none."""

    def pairs(source: str, source_kind: ElementKind, target: str, kind: RelationKind) -> list[Relation]:
        return [
            Relation(source_id=source_id, target_id=target_id, kind=kind)
            for source_id in layers.of_map_id.get((source_kind, source), ())
            for target_id in layers.of_map_id.get((ElementKind.LANE, target), ())
        ]

    if name == "NEXT_LANE":
        return pairs(subject, ElementKind.LANE, other, RelationKind.SUCCESSOR)
    if name == "PREVIOUS_LANE":
        return pairs(other, ElementKind.LANE, subject, RelationKind.SUCCESSOR)
    if name in NEIGHBOURS:
        return pairs(subject, ElementKind.LANE, other, NEIGHBOURS[name])
    if name in CONTROLS:  # either of the two may be the lane
        kind = CONTROLS[name]
        return [
            *pairs(subject, kind, other, RelationKind.CONTROLS),
            *pairs(other, kind, subject, RelationKind.CONTROLS),
        ]
    return []


def _points(payload: Mapping[str, Any], name: str) -> Float[np.ndarray, "p 3"]:
    if payload.get(name) is None:
        raise ValueError(f"{name} is missing; expected points")
    return points(payload[name], name)


def _vector(payload: Mapping[str, Any], name: str, axes: str) -> Float[np.ndarray, "k"]:
    value = payload.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} is missing; expected {', '.join(axes)}")
    return number_array([value.get(axis) for axis in axes], name, (len(axes),))


def _texts(payload: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts in capitals, empty where there is none."""
    value = payload.get(name)
    if value is None:
        return []
    if not (isinstance(value, list) and all(isinstance(text, str) for text in value)):
        raise ValueError(f"{name}: expected a list of texts")
    return [text.upper() for text in value]


def _ids(payload: Mapping[str, Any], name: str) -> list[str]:
    value = payload.get(name)
    if not (isinstance(value, list) and all(isinstance(one, (str, int)) for one in value)):
        raise ValueError(f"{name}: expected a list of ids")
    return [str(one) for one in value]


def _most_common(payload: Mapping[str, Any], colours: str, styles: str) -> str:
    """The paint of most points of a lane's edge, as "<COLOUR> <STYLE>"."""
    names = _texts(payload, styles)
    pairs = Counter(zip(_texts(payload, colours) or ["UNKNOWN"] * len(names), names, strict=False))
    return " ".join(pairs.most_common(1)[0][0]) if pairs else ""
