"""Lanes of a motion data set's map: their edges, and what follows and neighbours what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from scene_graph.elements import ElementKind, LaneShape, MapElement
from scene_graph.graph import Relation, RelationKind
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_cross_sections import CrossSections, left_normals
from scene_graph.readers.scenarionet_records import BoundarySpan, FeatureRecord, LaneRecord
from scene_graph.segments import vertex_directions

__all__ = ["LANE_TYPES", "Lanes", "has_length", "read_lanes"]

LANE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "LANE_SURFACE_STREET": "vehicle",
        "LANE_SURFACE_UNSTRUCTURE": "vehicle",
        "LANE_FREEWAY": "vehicle",
        "LANE_BIKE_LANE": "bike",
        "LANE_UNKNOWN": "unknown",
    }
)
"""Our name for each of the source's types of lanes; another one keeps its own, in lower case."""

_NOMINAL_HALF_WIDTH_M = 1.75
_NOMINAL_BIKE_HALF_WIDTH_M = 0.75
_REACH_M = 4.0
_JOINT_M = 0.1
_MAX_JOINED = 16
_SAME_ANGLE_RAD = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lanes:
    """The lanes of a map.

    Attributes:
        elements: the lanes.
        relations: between them.
        derived, absent: as in `scene_graph.recording.Source`.
    """

    elements: tuple[MapElement, ...]
    relations: tuple[Relation, ...]
    derived: tuple[str, ...]
    absent: tuple[str, ...]


def read_lanes(
    features: Sequence[FeatureRecord], lines: Mapping[str, Float[np.ndarray, "_ 3"]], records: Records
) -> Lanes:
    """The lanes among the map's features.

    Args:
        features: the map's features that are lanes.
        lines: lines and road edges by their ids, for the lanes' edges.
        records: what to do with a bad lane.
    """
    is_flat = _third_is_heading(features)
    some_have_areas = any(feature.polygon is not None for feature in features)
    some_are_whole = any(feature.lane is not None and not feature.lane.interpolating for feature in features)
    sections = CrossSections(_REACH_M)
    origins: Counter[str] = Counter()
    kept: dict[str, tuple[MapElement, LaneRecord]] = {}
    for feature in features:
        with records.checking(feature.where):
            if feature.polyline is None or feature.lane is None:
                raise ValueError("has no polyline; expected the lane's centreline")
            if not has_length(feature.polyline):
                origins["short"] += 1
                continue
            centreline = feature.polyline * np.array([1.0, 1.0, 0.0]) if is_flat else feature.polyline
            left, right, origin = _edges(feature, feature.lane, centreline, lines, sections)
            is_connector = (
                (feature.lane.interpolating and some_are_whole)
                or feature.type_name == "LANE_SURFACE_UNSTRUCTURE"
                or (feature.polygon is None and some_have_areas)
            )
            kept[feature.feature_id] = _element(feature, centreline, (left, right), is_connector), feature.lane
            origins[origin] += 1
    relations, joints_note = _relations(kept)
    absent = []
    if kept and all(element.lane is None or element.lane.speed_limit_mps is None for element, _ in kept.values()):
        absent.append("speed limits")
    if kept and not any(lane.left_ids or lane.right_ids for _, lane in kept.values()):
        absent.append("neighbours of lanes")
    if kept and not any(element.lane is not None and element.lane.in_intersection for element, _ in kept.values()):
        absent.append("which lanes are connectors")
    return Lanes(
        elements=tuple(element for element, _ in kept.values()),
        relations=tuple(relations),
        derived=tuple(_derived(origins, joints_note, is_flat)),
        absent=tuple(absent),
    )


def has_length(line: Float[np.ndarray, "p 3"]) -> bool:
    """Whether a polyline has two different points."""
    return len(line) > 1 and bool((line != line[0]).any())


def _element(
    feature: FeatureRecord,
    centreline: Float[np.ndarray, "p 3"],
    edges: tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]],
    is_connector: bool,
) -> MapElement:
    element = MapElement(
        element_id=feature.feature_id,
        kind=ElementKind.LANE,
        vertices_world=centreline,
        lane=LaneShape(
            left_world=edges[0],
            right_world=edges[1],
            lane_type=LANE_TYPES.get(feature.type_name, feature.type_name.removeprefix("LANE_").lower()),
            in_intersection=is_connector,
            speed_limit_mps=None if feature.lane is None else feature.lane.speed_limit_mps,
        ),
        attributes={"type": feature.type_name},
    )
    element.validate()
    return element


def _third_is_heading(features: Sequence[FeatureRecord]) -> bool:
    """Whether the third coordinate of centrelines is the heading there and no height, as nuScenes' is."""
    lines = [feature.polyline for feature in features if feature.polyline is not None and len(feature.polyline) > 1]
    if not lines:
        return False
    steps = np.concatenate([np.diff(line[:, :2], axis=0) for line in lines])
    third = np.concatenate([line[:-1, 2] for line in lines])
    moving = steps.any(axis=1)
    away_rad = np.abs(np.angle(np.exp(1j * (third - np.arctan2(steps[:, 1], steps[:, 0])))))[moving]
    return len(away_rad) > 0 and bool(third.any() and np.median(away_rad) < _SAME_ANGLE_RAD)


def _edges(
    feature: FeatureRecord,
    lane: LaneRecord,
    centreline: Float[np.ndarray, "p 3"],
    lines: Mapping[str, Float[np.ndarray, "_ 3"]],
    sections: CrossSections,
) -> tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, "p 3"], str]:
    """Left and right edge (m) of a lane, and where they come from: its "area", its "lines", or "nominal"."""
    normals = left_normals(centreline)
    nominal_m = _NOMINAL_BIKE_HALF_WIDTH_M if feature.type_name == "LANE_BIKE_LANE" else _NOMINAL_HALF_WIDTH_M
    edges, origin = [], "nominal"
    for sign, spans in ((1.0, lane.left_boundaries), (-1.0, lane.right_boundaries)):
        half_m = np.full(len(centreline), np.inf)
        if feature.polygon is not None and len(feature.polygon) > 2:
            ring = np.concatenate([feature.polygon, feature.polygon[:1]])
            half_m = sections.distances_m(centreline, sign * normals, [ring])
            origin = "area"
        for start, stop, ids in _merged(spans, lines):
            part = slice(start, stop)
            beside = [lines[line_id] for line_id in ids]
            if len(centreline[part]):
                found_m = sections.distances_m(centreline[part], sign * normals[part], beside)
                half_m[part] = np.where(np.isfinite(found_m), found_m, half_m[part])
                origin = "lines"
        half_m = _filled(half_m, nominal_m)
        edges.append(centreline + np.pad(sign * normals * half_m[:, None], ((0, 0), (0, 1))))
    return edges[0], edges[1], origin


def _merged(
    spans: Sequence[BoundarySpan], lines: Mapping[str, Float[np.ndarray, "_ 3"]]
) -> list[tuple[int, int, tuple[str, ...]]]:
    """Spans (start, stop, lines) that the map's lines bound; those of one place are one."""
    by_place: dict[tuple[int, int], dict[str, None]] = {}
    for span in spans:
        if span.feature_id in lines:
            by_place.setdefault((span.start, span.stop), {})[span.feature_id] = None
    return [(start, stop, tuple(ids)) for (start, stop), ids in by_place.items()]


def _filled(half_m: Float[np.ndarray, " p"], nominal_m: float) -> Float[np.ndarray, " p"]:
    """Half widths `p` (m), where there is none: between the nearest that there are, else the nominal one."""
    known = np.flatnonzero(np.isfinite(half_m))
    if not len(known):
        return np.full(len(half_m), nominal_m)
    return np.interp(np.arange(len(half_m)), known, half_m[known])


def _relations(kept: Mapping[str, tuple[MapElement, LaneRecord]]) -> tuple[list[Relation], str]:
    """Relations between the lanes, and in words how successors were found where the source has none."""
    found: dict[Relation, None] = {}
    for own, (_, lane) in kept.items():
        pairs = [(own, other, RelationKind.SUCCESSOR) for other in lane.exit_ids]
        pairs += [(other, own, RelationKind.SUCCESSOR) for other in lane.entry_ids]
        pairs += [(own, other, RelationKind.LEFT_NEIGHBOUR) for other in lane.left_ids]
        pairs += [(own, other, RelationKind.RIGHT_NEIGHBOUR) for other in lane.right_ids]
        for source, target, kind in pairs:
            if source in kept and target in kept:
                found[Relation(source_id=source, target_id=target, kind=kind)] = None
    if any(lane.entry_ids or lane.exit_ids for _, lane in kept.values()):
        return list(found), ""
    joints = _joints([element for element, _ in kept.values()])
    note = f"{len(joints)} successors of lanes were found where a lane ends at the start of another." if joints else ""
    return [*found, *joints], note


def _joints(lanes: Sequence[MapElement]) -> list[Relation]:
    """A SUCCESSOR relation wherever a lane ends where another starts and goes on in the same half plane."""
    if len(lanes) < 2:
        return []
    starts = np.array([lane.vertices_world[0] for lane in lanes])
    ends = np.array([lane.vertices_world[-1] for lane in lanes])
    num = min(_MAX_JOINED, len(lanes))
    _, neighbours = cKDTree(starts).query(ends, k=num, distance_upper_bound=_JOINT_M)
    relations = []
    directions = [vertex_directions(lane.vertices_world) for lane in lanes]
    for index, row in enumerate(neighbours):
        arriving = directions[index][0][-1]
        for other in row[row < len(lanes)]:
            leaving = directions[other][1][0]
            if other != index and arriving @ leaving > 0:
                relations.append(
                    Relation(
                        source_id=lanes[index].element_id,
                        target_id=lanes[other].element_id,
                        kind=RelationKind.SUCCESSOR,
                    )
                )
    return relations


def _derived(origins: Counter[str], joints_note: str, is_flat: bool) -> list[str]:
    derived = [joints_note] if joints_note else []
    limit = f"up to {_REACH_M:g} m from the centreline"
    if origins["area"]:
        derived.append(f"The edges of {origins['area']} lanes are where their areas end, {limit}.")
    if origins["lines"]:
        derived.append(f"The edges of {origins['lines']} lanes are the lines and road edges along them, {limit}.")
    if origins["nominal"]:
        width_m = 2 * _NOMINAL_HALF_WIDTH_M
        derived.append(f"{origins['nominal']} lanes have no edges in the source: {width_m:g} m wide (bicycles 1.5 m).")
    if origins["short"]:
        derived.append(f"{origins['short']} lanes of no length were left out.")
    if is_flat:
        derived.append("The third coordinate of centrelines is their heading: the map lies at height 0.")
    return derived
