"""Map elements as the labels of an RDS-HQ clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.elements import ElementKind, Geometry, LaneMark, LaneShape, MapElement
from scene_graph.graph import RelationKind, ScenarioGraph
from scene_graph.readers.rds_hq_labels import LAYERS, MPS_PER_MPH
from scene_graph.se3 import SE3
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

__all__ = ["feature_ids", "layer_labels"]

_LINKS: Mapping[RelationKind, tuple[str, str]] = MappingProxyType(
    {
        RelationKind.SUCCESSOR: ("next_lane_ids", "previous_lane_ids"),
        RelationKind.LEFT_NEIGHBOUR: ("left_lane_id", ""),
        RelationKind.RIGHT_NEIGHBOUR: ("right_lane_id", ""),
    }
)
_CONTROLLED_BY: Mapping[ElementKind, str] = MappingProxyType(
    {
        ElementKind.TRAFFIC_LIGHT: "associated_traffic_light_ids",
        ElementKind.TRAFFIC_SIGN: "associated_traffic_sign_ids",
        ElementKind.WAIT_LINE: "associated_stopline_ids",
    }
)
_NO_LANE = "-1"
_GENERATED = frozenset(
    {
        "asset_ref", "clip_version_id", "colors", "coordinate_frame", "feature_id", "feature_version", "label_name",
        "lane_direction", "left_edge_colors", "left_edge_styles", "right_edge_colors", "right_edge_styles",
        "speed_limit", "style", "styles", "timestamp", "use_types", "vehicle_types", "width",
        "next_lane_ids", "previous_lane_ids", "left_lane_id", "right_lane_id", *_CONTROLLED_BY.values(),
    }
)  # fmt: skip
"""Attributes that are written from the element's other fields, or that readers pass over."""

_LIST_ATTRIBUTES = frozenset(name for name in _GENERATED if name.endswith(("_ids", "_types", "colors", "styles")))


def layer_labels(
    graph: ScenarioGraph, layer: str, timestamp_us: int, clip_from_world: SE3, left_out: LeftOut
) -> list[dict[str, Any]]:
    """The labels of one of LAYERS.

    Args:
        graph: the scenario.
        layer: its name.
        timestamp_us: what the labels say they are of, microseconds.
        clip_from_world: into the world of the clip.
        left_out: what is lost is noted there.
    """
    kind = LAYERS[layer]
    features = feature_ids(graph.elements, left_out if kind is ElementKind.LANE else LeftOut())
    links = _links(graph, features, left_out) if kind is ElementKind.LANE else {}
    labels = []
    for element in graph.elements_of(kind):
        shape = _shape(element, clip_from_world, left_out)
        if shape is None:
            continue
        values = {"feature_id": features[element.element_id], "label_name": kind.value, **_values(element, left_out)}
        if kind is ElementKind.LANE:
            values |= links[element.element_id]
        attributes = [_attribute(name, value) for name, value in values.items()]
        labels.append(_label(element.element_id, layer, timestamp_us, {"attributes": attributes, **shape}))
    if not labels:
        labels.append(_label(f"no-{layer}", layer, timestamp_us, None))
    return labels


def _label(label_id: str, layer: str, timestamp_us: int, shape: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "labelFamily": "EMPTY" if shape is None else "SHAPE3D",
        "labelClassKey": {"labelClassNamespace": "minimap", "labelClassIdentifier": layer, "labelClassVersion": "v0"},
        "labelId": label_id,
        "labelData": {"emptyLabel": True} if shape is None else {"shape3d": {"unit": "METRIC", **shape}},
        "timestampMicroseconds": str(timestamp_us),
    }


def _shape(element: MapElement, clip_from_world: SE3, left_out: LeftOut) -> dict[str, Any] | None:
    """The geometry of a label; None where the format cannot hold it."""

    def vertices(points: Float[np.ndarray, "p 3"]) -> dict[str, Any]:
        return {"vertices": clip_from_world.apply(points).tolist()}

    if element.kind is ElementKind.LANE:
        if element.lane is None:
            left_out.add("{} lanes without edges: the format keeps a lane as its two edges.")
            return None
        rails = lane_rails(element, element.lane, left_out)
        return {"polylines3d": {"polylines": [vertices(rail) for rail in rails]}}
    if element.kind.geometry is Geometry.CUBOID:
        if not _is_box(element.vertices_world):
            left_out.add(f"{{}} elements that are {element.kind.value} whose corners are no box.")
            return None
        return {"cuboid3d": vertices(element.vertices_world)}
    points = ring(element, left_out)
    return {"surface" if element.kind.geometry is Geometry.POLYGON else "polyline3d": vertices(points)}


def _is_box(corners: Float[np.ndarray, "8 3"]) -> bool:
    """Whether corners in the order of CORNER_SIGNS have the edges of a box, within a hundredth of its longest side."""
    along = np.stack([corners[0] - corners[3], corners[0] - corners[1], corners[0] - corners[4]])
    steps = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1]])
    lengths_m = np.linalg.norm(along, axis=1)
    off_m = np.abs(corners[0] - steps @ along - corners).max()
    return bool((lengths_m > 0).sum() >= 2 and off_m <= 0.01 * lengths_m.max())


def feature_ids(elements: Sequence[MapElement], left_out: LeftOut) -> dict[str, str]:
    """What labels call each element in relations: its `feature_id` where those of its kind all differ, else its id."""
    by_kind: dict[ElementKind, list[MapElement]] = {}
    for element in elements:
        by_kind.setdefault(element.kind, []).append(element)
    features: dict[str, str] = {}
    for members in by_kind.values():
        named = [element.attributes.get("feature_id", "") for element in members]
        unique = all(named) and len(set(named)) == len(named)
        left_out.add(
            "Feature ids of {} elements: those of their kind are not unique.", 0 if unique else sum(map(bool, named))
        )
        names = named if unique else [element.element_id for element in members]
        features |= {element.element_id: name for element, name in zip(members, names, strict=True)}
    return features


def _links(
    graph: ScenarioGraph, features: Mapping[str, str], left_out: LeftOut
) -> dict[str, dict[str, str | list[str]]]:
    """Of each lane its relations, as attributes."""
    kinds = {element.element_id: element.kind for element in graph.elements}
    lists = ("previous_lane_ids", "next_lane_ids", *_CONTROLLED_BY.values())
    links: dict[str, dict[str, Any]] = {
        lane.element_id: {"left_lane_id": _NO_LANE, "right_lane_id": _NO_LANE, **{name: [] for name in lists}}
        for lane in graph.elements_of(ElementKind.LANE)
    }
    for relation in graph.relations:
        source, target = relation.source_id, relation.target_id
        if relation.kind is RelationKind.ON_LANE:
            left_out.add("{} relations of actors to their lanes.")
        elif relation.kind is RelationKind.CONTROLS:
            links[target][_CONTROLLED_BY[kinds[source]]].append(features[source])
        elif relation.kind is RelationKind.SUCCESSOR:
            links[source]["next_lane_ids"].append(features[target])
            links[target]["previous_lane_ids"].append(features[source])
        elif links[source][_LINKS[relation.kind][0]] != _NO_LANE:
            left_out.add("{} neighbours of lanes beyond the one to a side that the format has.")
        else:
            links[source][_LINKS[relation.kind][0]] = features[target]
    return links


def _values(element: MapElement, left_out: LeftOut) -> dict[str, Any]:
    """Attributes of an element: those it has, and those that say what its other fields do."""
    values: dict[str, Any] = {
        name: {"true": True, "false": False}.get(value, value)
        for name, value in element.attributes.items()
        if name not in _GENERATED
    }
    left_out.add(
        "{} attributes of elements whose names the format uses for lists.",
        sum(name in _LIST_ATTRIBUTES for name in element.attributes),
    )
    category = CATEGORY_NAMES.get(element.kind)
    if category is not None and "category" in element.attributes:
        values.setdefault(category, element.attributes["category"])
    if element.kind is ElementKind.LANE_LINE:
        colour, style = paint(element, left_out)
        count = len(element.vertices_world) + element.closed
        values |= {
            "width": float((element.mark or LaneMark()).width_m),
            "colors": [colour] * count,
            "styles": [style] * count,
        }
    if element.lane is not None:
        values |= _lane_values(element, element.lane)
    return values


def _lane_values(element: MapElement, lane: LaneShape) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for side, edge in (("left", lane.left_world), ("right", lane.right_world)):
        colour, style = edge_paint(element, side)
        values |= {f"{side}_edge_colors": [colour] * len(edge), f"{side}_edge_styles": [style] * len(edge)}
    values["lane_direction"] = lane_direction(element, lane)
    values["vehicle_types"], values["use_types"] = lane_types(lane)
    if lane.speed_limit_mps is not None:
        values["speed_limit"] = lane.speed_limit_mps / MPS_PER_MPH
    return values


def _attribute(name: str, value: str | bool | float | list[str]) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"name": name, "flag": value}
    if isinstance(value, float):
        return {"name": name, "numerical" if name == "speed_limit" else "double": value}
    if isinstance(value, list):
        kind = "textList" if name.endswith("_ids") else "enumsList"
        return {"name": name, kind: {kind: value} if value else {}}
    return {"name": name, "enum" if name in ("label_name", "lane_direction") else "text": value}
