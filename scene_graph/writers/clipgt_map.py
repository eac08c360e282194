"""Map elements and their relations as rows of a ClipGT clip's tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.boxes import box_corners
from scene_graph.elements import ElementKind, Geometry, LaneMark, LaneShape, MapElement
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.readers.clipgt_map import CONTROLS, NEIGHBOURS
from scene_graph.readers.rds_hq_labels import MPS_PER_MPH
from scene_graph.se3 import SE3
from scene_graph.writers.clipgt_tables import FIELDS, Row, point_list, quaternion, vector
from scene_graph.writers.element_forms import (
    CATEGORY_NAMES,
    edge_paint,
    lane_direction,
    lane_rails,
    lane_types,
    paint,
    ring,
)
from scene_graph.writers.writer import LeftOut

__all__ = ["association_rows", "layer_rows", "nearest_box"]

_RELATION_NAMES: Mapping[RelationKind, str] = MappingProxyType(
    {RelationKind.SUCCESSOR: "NEXT_LANE", **{kind: name for name, kind in NEIGHBOURS.items()}}
)
_CONTROL_NAMES: Mapping[ElementKind, str] = MappingProxyType({kind: name for name, kind in CONTROLS.items()})
# attributes that say nothing beyond the element's other fields
_SAID_ELSEWHERE = frozenset({"style", "width", "speed_limit", "left_edge", "right_edge", "lane_direction"})


def layer_rows(
    graph: ScenarioGraph, layer: str, kind: ElementKind, clip_from_world: SE3, left_out: LeftOut
) -> list[Row]:
    """The rows of a map table; what is lost is noted in `left_out`."""
    rows = []
    for element in graph.elements_of(kind):
        payload = _shape(element, clip_from_world, left_out)
        if payload is None:
            continue
        payload |= _scalars(element, FIELDS[layer][1], left_out)
        rows.append(({"map_id": element.element_id, "map_id_version": "1"}, payload))
    return rows


def association_rows(graph: ScenarioGraph, written: frozenset[str], left_out: LeftOut) -> list[Row]:
    """The rows of the table of relations between the elements that were written."""
    kinds = {element.element_id: element.kind for element in graph.elements}
    rows = []
    for relation in graph.relations:
        if relation.kind is RelationKind.ON_LANE:
            left_out.add("{} relations of actors to their lanes.")
        elif not {relation.source_id, relation.target_id} <= written:
            left_out.add("{} relations of elements that were left out.")
        else:
            row = {"subjects": [relation.source_id], "objects": [relation.target_id]}
            rows.append(({"kind": _relation_name(relation, kinds)}, row))
    return rows


def _relation_name(relation: Relation, kinds: Mapping[str, ElementKind]) -> str:
    if relation.kind is RelationKind.CONTROLS:
        return _CONTROL_NAMES[kinds[relation.source_id]]
    return _RELATION_NAMES[relation.kind]


def _shape(element: MapElement, clip_from_world: SE3, left_out: LeftOut) -> dict[str, Any] | None:
    """The geometry of an element and what comes with its points; None where the format cannot hold it."""
    if element.kind is ElementKind.LANE:
        if element.lane is None:
            left_out.add("{} lanes without edges: the format keeps a lane as its two edges.")
            return None
        return _lane(element, element.lane, clip_from_world, left_out)
    if element.kind.geometry is Geometry.CUBOID:
        box = nearest_box(clip_from_world.apply(element.vertices_world))
        if box is None:
            left_out.add(f"{{}} elements that are {element.kind.value} whose corners are no box.")
            return None
        clip_from_box, size_m = box
        center, orientation = vector(clip_from_box.translation), quaternion(clip_from_box.rotation)
        return {"center": center, "dimensions": vector(size_m), "orientation": orientation}
    points = clip_from_world.apply(ring(element, left_out))
    if element.kind is ElementKind.LANE_LINE:
        colour, style = paint(element, left_out)
        width_m = (element.mark or LaneMark()).width_m
        left_out.add("The painted widths of {} lane lines.", int(width_m != LaneMark().width_m))
        return {"line_rail": point_list(points), "colors": [colour] * len(points), "styles": [style] * len(points)}
    return {"location": point_list(points)}


def _lane(element: MapElement, lane: LaneShape, clip_from_world: SE3, left_out: LeftOut) -> dict[str, Any]:
    payload: dict[str, Any] = {"lane_direction": lane_direction(element, lane)}
    for side, rail in zip(("left", "right"), lane_rails(element, lane, left_out), strict=True):
        colour, style = edge_paint(element, side)
        payload[f"{side}_rail"] = point_list(clip_from_world.apply(rail))
        payload[f"{side}_edge_colors"] = [colour] * len(rail)
        payload[f"{side}_edge_styles"] = [style] * len(rail)
    payload["vehicle_types"], payload["use_types"] = lane_types(lane)
    if lane.speed_limit_mps is not None:
        payload["speed_limit"] = lane.speed_limit_mps / MPS_PER_MPH
    return payload


def _scalars(element: MapElement, fields: Mapping[str, str], left_out: LeftOut) -> dict[str, Any]:
    """The element's attributes that the table has fields for."""
    values: dict[str, Any] = {}
    named = {name: value for name, value in element.attributes.items() if name not in _SAID_ELSEWHERE}
    category = CATEGORY_NAMES.get(element.kind)
    if category in named and "category" not in named:
        named["category"] = named.pop(category)
    for name, value in named.items():
        if fields.get(name) == "flag" and value in ("true", "false"):
            values[name] = value == "true"
        elif fields.get(name) == "text":
            values[name] = value
        else:
            left_out.add("{} attributes of elements that the tables have no field for.")
    return values


def nearest_box(corners: Float[np.ndarray, "8 3"]) -> tuple[SE3, Float[np.ndarray, "3"]] | None:
    """Pose and size (length, width, height, metres) of the box with these corners, in the order of CORNER_SIGNS.

    None where a corner is farther from that box than a hundredth of its longest side. Corners in the mirrored order
    give the same box with its left and right exchanged; one side of the three may be 0.
    """
    edges = np.stack(
        [
            corners[[0, 1, 4, 5]].mean(axis=0) - corners[[2, 3, 6, 7]].mean(axis=0),
            corners[[0, 3, 4, 7]].mean(axis=0) - corners[[1, 2, 5, 6]].mean(axis=0),
            corners[:4].mean(axis=0) - corners[4:].mean(axis=0),
        ]
    )
    lengths_m = np.linalg.norm(edges, axis=1)
    solid = lengths_m > 1e-6 * lengths_m.max()
    if solid.sum() < 2:
        return None
    axes = edges / np.where(solid, lengths_m, 1.0)[:, None]
    for flat in np.flatnonzero(~solid):
        axes[flat] = np.cross(axes[(flat + 1) % 3], axes[(flat + 2) % 3])
    if np.linalg.det(axes) < 0:
        axes[1] = -axes[1]
        corners = corners[[1, 0, 3, 2, 5, 4, 7, 6]]
    left, _, right = np.linalg.svd(axes.T)
    pose = SE3(rotation=left @ right, translation=corners.mean(axis=0))
    batch = SE3(rotation=pose.rotation[None], translation=pose.translation[None])
    off_m = np.abs(box_corners(batch, lengths_m[None])[0] - corners).max()
    return (pose, lengths_m) if off_m <= 0.01 * lengths_m.max() else None
