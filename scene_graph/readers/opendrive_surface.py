"""The drivable surface of an OpenDRIVE map: its outer edges, and the areas of its intersections."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from scene_graph.elements import ElementKind, MapElement
from scene_graph.readers.opendrive_lanes import LEAST_SECTION_M, LEAST_WIDTH_M, VEHICLE_LANE_TYPES
from scene_graph.readers.opendrive_roads import Junction, Lane
from scene_graph.readers.opendrive_sampling import SampledSection

__all__ = [
    "JunctionArea",
    "Surface",
    "drivable_surfaces",
    "intersection_areas",
    "junction_areas",
    "road_boundaries",
]

_SURFACE_TYPES = frozenset({*VEHICLE_LANE_TYPES, "shoulder", "stop", "parking", "roadworks", "biking"})
_ENDING_MARKS = frozenset({"curb", "edge", "grass"})
_RAISED_M = 0.02
_MAX_PIECES = 64
_PROBE_SPACING_M = 0.5
_MAX_PROBES = 400_000
_MAX_PAIRS = 2_000_000
_MAX_PAIRS_A_POINT = 30
_NUM_COUNTED = 50
_PROBE_OUTWARDS_M = 0.1
_SAME_LINE_M = 0.1
_SAME_LEVEL_M = 2.0
_LEAST_ROADS = 3
_CLOSED_GAP_M = 4.0
_OUTLINE_TOLERANCE_M = 0.02
_ENCLOSED = 0.7
_JOINED_M = 0.1
_MAX_CORNERS = 20_000
_LEAST_ISLAND_M2 = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Lanes side by side that vehicles can drive across, along one lane section.

    Attributes:
        name: unique.
        junction_id: the junction that its road connects roads in, None outside.
        left, right: its outer edges, each `n 3` m, along the road's arc length.
        across: unit vectors `n 3` from the right to the left.
    """

    name: str
    junction_id: str | None
    left: Float[np.ndarray, "n 3"]
    right: Float[np.ndarray, "n 3"]
    across: Float[np.ndarray, "n 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JunctionArea:
    """The pavement of a junction in the ground plane.

    Attributes:
        vertices: `n 3` m, corners of its surfaces.
        outline: its surfaces and the gaps between them.
        gaps: the gaps alone.
    """

    vertices: Float[np.ndarray, "n 3"]
    outline: shapely.Geometry
    gaps: shapely.Geometry


def drivable_surfaces(sections: Iterable[SampledSection]) -> list[Surface]:
    """The surfaces of all sections that hold a lane for motor vehicles.

    A surface ends at a lane that is no road (a sidewalk, a median, a border), at a raised one, and at a curb.
    """
    surfaces = []
    for sampled in sections:
        if sampled.section.length_m < LEAST_SECTION_M:
            continue
        for index, lanes in enumerate(_runs(sampled)):
            surfaces.append(
                Surface(
                    name=f"{sampled.road.road_id}.{sampled.index}.{index}",
                    junction_id=sampled.road.junction_id,
                    left=sampled.edges[_left_edge_id(sampled, lanes[0])],
                    right=sampled.edges[_right_edge_id(sampled, lanes[-1])],
                    across=sampled.road.frames(sampled.s_m).left,
                )
            )
    return surfaces


def junction_areas(surfaces: Sequence[Surface]) -> dict[str, JunctionArea]:
    """Junction -> the area of its surfaces; none for a junction of absurdly many corners.

    Gaps of less than 4 m between them and the surfaces that they join count as surface, and so do holes of less than
    10 m2: where nobody has a way through a junction there is pavement nevertheless.
    """
    rings, surface_of = _cut_rings(surfaces)
    members: dict[str, list[int]] = {}
    for index, surface in enumerate(surface_of):
        junction_id = surfaces[surface].junction_id
        if junction_id is not None:
            members.setdefault(junction_id, []).append(index)
    if not members:
        return {}
    polygons = _polygons(rings)
    tree = shapely.STRtree(polygons)
    areas = {}
    for junction_id, own in members.items():
        vertices = np.concatenate([rings[index] for index in own])
        if len(vertices) > _MAX_CORNERS:
            continue
        pavement = shapely.unary_union(polygons[own])
        near = tree.query(pavement, predicate="dwithin", distance=_JOINED_M)
        joined = shapely.unary_union(polygons[[index for index in near if _same_level(rings[index], vertices)]])
        closed = joined.buffer(_CLOSED_GAP_M / 2).buffer(-_CLOSED_GAP_M / 2)
        filled = shapely.union_all([_without_small_holes(part) for part in shapely.get_parts(closed)])
        gaps = _enclosed(shapely.difference(filled, joined), joined).intersection(pavement.convex_hull)
        outline = shapely.unary_union([pavement, *_touching(gaps, pavement)])
        areas[junction_id] = JunctionArea(vertices=vertices, outline=outline, gaps=gaps)
    return areas


def road_boundaries(surfaces: Sequence[Surface], junctions: Iterable[JunctionArea]) -> list[MapElement]:
    """The edges of surfaces beyond which neither another surface of the same level goes on nor a gap; each once.

    Raises:
        ValueError: so many surfaces overlap that they cannot be roads.
    """
    if not surfaces:
        return []
    probes = _Probes.along(surfaces)
    kept = ~_covered(probes, surfaces) & ~_in_gap(probes, junctions) & ~_repeated(probes, surfaces)
    elements = []
    for edge, (first, last) in enumerate(itertools.pairwise(probes.first)):
        runs = np.flatnonzero(np.diff(np.concatenate([[False], kept[first:last], [False]]).astype(np.int8)))
        for index, (start, end) in enumerate(runs.reshape(-1, 2) + first):
            if end - start < 2:
                continue
            chosen = probes.is_vertex[start:end].copy()
            chosen[[0, -1]] = True
            elements.append(
                MapElement(
                    element_id=f"road_boundary/{surfaces[edge // 2].name}.{'right' if edge % 2 else 'left'}.{index}",
                    kind=ElementKind.ROAD_BOUNDARY,
                    vertices_world=probes.points[start:end][chosen],
                )
            )
    return elements


def intersection_areas(areas: Mapping[str, JunctionArea], junctions: Iterable[Junction]) -> list[MapElement]:
    """The areas of the junctions that at least three roads enter."""
    elements = []
    for junction in junctions:
        num_roads = len({connection.incoming_id for connection in junction.connections})
        area = areas.get(junction.junction_id)
        if area is None or num_roads < _LEAST_ROADS:
            continue
        parts = [part for part in shapely.get_parts(area.outline) if part.geom_type == "Polygon"]
        for index, part in enumerate(parts):
            rings = [part.exterior, *(ring for ring in part.interiors if _is_island(ring))]
            outlines = [np.array(ring.simplify(_OUTLINE_TOLERANCE_M).coords)[:-1] for ring in rings]
            elements.append(
                MapElement(
                    element_id=f"intersection_area/{junction.junction_id}.{index}",
                    kind=ElementKind.INTERSECTION_AREA,
                    vertices_world=_with_heights(outlines[0], area.vertices),
                    holes_world=tuple(_with_heights(outline, area.vertices) for outline in outlines[1:]),
                )
            )
    return elements


def _runs(sampled: SampledSection) -> list[list[Lane]]:
    """The lanes of each surface of a section, from left to right."""
    runs: list[list[Lane]] = [[]]
    for lane in sampled.section.lanes:
        if sampled.widths_m[lane.lane_id].max() < LEAST_WIDTH_M:
            continue
        on_road = (
            lane.lane_type.lower() in _SURFACE_TYPES
            and max((max(h[1:]) for h in lane.heights_m), default=0.0) <= _RAISED_M
        )
        if runs[-1] and (not on_road or _ends_surface(sampled, runs[-1][-1], lane)):
            runs.append([])
        if on_road:
            runs[-1].append(lane)
    return [run for run in runs if any(lane.lane_type.lower() in VEHICLE_LANE_TYPES for lane in run)]


def _ends_surface(sampled: SampledSection, left: Lane, right: Lane) -> bool:
    """Whether a curb runs between two lanes along more than half of the section."""
    if left.lane_id > 0 and right.lane_id < 0:
        between = sampled.section.centre
    else:
        between = right if left.lane_id > 0 else left
    length_m = sum(mark.end_s_m - mark.start_s_m for mark in between.marks if mark.kind in _ENDING_MARKS)
    return length_m > sampled.section.length_m / 2


def _left_edge_id(sampled: SampledSection, lane: Lane) -> int:
    return lane.lane_id if lane.lane_id > 0 else sampled.inner_ids[lane.lane_id]


def _right_edge_id(sampled: SampledSection, lane: Lane) -> int:
    return lane.lane_id if lane.lane_id < 0 else sampled.inner_ids[lane.lane_id]


def _same_level(ring: np.ndarray, vertices: np.ndarray) -> bool:
    """Whether a surface is at the height of other vertices where it is nearest to them in the ground plane."""
    distance_m, nearest = cKDTree(vertices[:, :2]).query(ring[:, :2])
    here = int(np.argmin(distance_m))
    return bool(abs(ring[here, 2] - vertices[nearest[here], 2]) <= _SAME_LEVEL_M)


def _without_small_holes(part: shapely.Geometry) -> shapely.Geometry:
    if part.geom_type != "Polygon":
        return part
    return shapely.Polygon(part.exterior, [ring for ring in part.interiors if _is_island(ring)])


def _enclosed(gaps: shapely.Geometry, area: shapely.Geometry) -> shapely.Geometry:
    """The gaps that an area surrounds for the most part; what closing it filled at its corners is left out."""
    edge = area.boundary.buffer(_OUTLINE_TOLERANCE_M)
    parts = [part for part in shapely.get_parts(gaps) if part.geom_type == "Polygon"]
    kept = [part for part in parts if part.exterior.intersection(edge).length >= _ENCLOSED * part.exterior.length]
    return shapely.union_all(kept)


def _touching(gaps: shapely.Geometry, area: shapely.Geometry) -> list[shapely.Geometry]:
    """The gaps that touch an area along a line, grown a little so that they join it."""
    grown = [gap.buffer(_OUTLINE_TOLERANCE_M) for gap in shapely.get_parts(gaps)]
    return [gap for gap in grown if gap.intersection(area).area > _OUTLINE_TOLERANCE_M]


def _is_island(ring: shapely.LinearRing) -> bool:
    return bool(shapely.Polygon(ring).area >= _LEAST_ISLAND_M2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Probes:
    """Points along the edges of surfaces: edge 2 i is the left, 2 i + 1 the right one of surface i.

    Attributes:
        points: `n 3` m, on the edges.
        outside_xy: `n 2` m, a little outside of them.
        surface: `n`, whose edge.
        is_vertex: `n`, whether the point is a vertex of the edge.
        first: where the points of each edge begin; one more than there are edges.
    """

    points: Float[np.ndarray, "n 3"]
    outside_xy: Float[np.ndarray, "n 2"]
    surface: Int[np.ndarray, " n"]
    is_vertex: Bool[np.ndarray, " n"]
    first: Int[np.ndarray, " e"]

    @classmethod
    def along(cls, surfaces: Sequence[Surface]) -> _Probes:
        lines = [
            (edge, edge + sign * _PROBE_OUTWARDS_M * surface.across)
            for surface in surfaces
            for edge, sign in ((surface.left, 1.0), (surface.right, -1.0))
        ]
        length_m = sum(float(np.linalg.norm(np.diff(edge, axis=0), axis=1).sum()) for edge, _ in lines)
        spacing_m = max(_PROBE_SPACING_M, length_m / _MAX_PROBES)
        dense = [_dense(edge, outside, spacing_m) for edge, outside in lines]
        lengths = [len(points) for points, _, _ in dense]
        return cls(
            points=np.concatenate([points for points, _, _ in dense]),
            outside_xy=np.concatenate([outside[:, :2] for _, outside, _ in dense]),
            surface=np.repeat(np.arange(len(lines)) // 2, lengths),
            is_vertex=np.concatenate([is_vertex for _, _, is_vertex in dense]),
            first=np.concatenate([[0], np.cumsum(lengths)]),
        )


def _dense(edge: np.ndarray, outside: np.ndarray, spacing_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points between the vertices of two lines, at most `spacing_m` apart on the first; which are vertices."""
    lengths_m = np.linalg.norm(np.diff(edge, axis=0), axis=1)
    counts = np.maximum(np.ceil(lengths_m / spacing_m), 1.0).astype(np.int64)
    piece = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    fraction = (step / counts[piece])[:, None]
    dense = [
        np.concatenate([line[piece] * (1 - fraction) + line[piece + 1] * fraction, line[-1:]])
        for line in (edge, outside)
    ]
    return dense[0], dense[1], np.append(step == 0, True)


def _polygons(rings: Sequence[np.ndarray]) -> np.ndarray:
    polygons = np.array([shapely.Polygon(ring[:, :2]) for ring in rings], dtype=object)
    invalid = ~shapely.is_valid(polygons)
    polygons[invalid] = shapely.make_valid(polygons[invalid])
    return polygons


def _cut_rings(surfaces: Sequence[Surface]) -> tuple[list[np.ndarray], Int[np.ndarray, " m"]]:
    """The rings of surfaces in pieces of a few dozen points along the road; and which surface each is from."""
    lefts, surface_of = _cut([surface.left for surface in surfaces])
    rights, _ = _cut([surface.right for surface in surfaces])
    return [np.concatenate([left, right[::-1]]) for left, right in zip(lefts, rights, strict=True)], surface_of


def _cut(lines: Sequence[np.ndarray]) -> tuple[list[np.ndarray], Int[np.ndarray, " m"]]:
    """Lines in pieces of a few dozen points, each starting where the one before ends; and which line each is from."""
    pieces = [
        (line[first : first + _MAX_PIECES + 1], index)
        for index, line in enumerate(lines)
        for first in range(0, len(line) - 1, _MAX_PIECES)
    ]
    return [piece for piece, _ in pieces], np.array([index for _, index in pieces], dtype=np.int64)


def _covered(probes: _Probes, surfaces: Sequence[Surface]) -> Bool[np.ndarray, " n"]:
    """Whether another surface of the same level lies just outside of each point."""
    rings, surface_of = _cut_rings(surfaces)
    tree, areas = shapely.STRtree(shapely.points(probes.outside_xy)), _polygons(rings)
    _check_density(tree, areas)
    area, point = tree.query(areas, predicate="intersects")
    other = surface_of[area] != probes.surface[point]
    covered = np.zeros(len(probes.points), dtype=bool)
    covered[_on_level(probes, point[other], area[other], rings)] = True
    return covered


def _in_gap(probes: _Probes, junctions: Iterable[JunctionArea]) -> Bool[np.ndarray, " n"]:
    """Whether a gap between the surfaces of a junction lies just outside of each point."""
    gaps = [part for junction in junctions for part in shapely.get_parts(junction.gaps)]
    in_gap = np.zeros(len(probes.points), dtype=bool)
    in_gap[shapely.STRtree(gaps).query(shapely.points(probes.outside_xy), predicate="intersects")[0]] = True
    return in_gap


def _check_density(tree: shapely.STRtree, shapes: np.ndarray) -> None:
    """Raises ValueError where so many shapes lie around each point of a tree that they cannot be roads."""
    some = shapes[:: max(len(shapes) // _NUM_COUNTED, 1)]
    pairs = len(tree.query(some)[0]) * len(shapes) / len(some)
    if pairs > max(_MAX_PAIRS, _MAX_PAIRS_A_POINT * len(tree)):
        raise ValueError("the roads lie on top of one another all over; expected a map")


def _repeated(probes: _Probes, surfaces: Sequence[Surface]) -> Bool[np.ndarray, " n"]:
    """Whether each point lies on an edge of an earlier surface, but for the ends where one edge goes on as another."""
    pieces, edge_of = _cut([edge for surface in surfaces for edge in (surface.left, surface.right)])
    tree = shapely.STRtree(shapely.points(probes.points[:, :2]))
    lines = np.array([shapely.LineString(piece[:, :2]) for piece in pieces], dtype=object)
    _check_density(tree, lines)
    line, point = tree.query(lines, predicate="dwithin", distance=_SAME_LINE_M)
    earlier = edge_of[line] // 2 < probes.surface[point]
    repeated = np.zeros(len(probes.points), dtype=bool)
    repeated[_on_level(probes, point[earlier], line[earlier], pieces)] = True
    for end, inwards in ((probes.first[:-1], 1), (probes.first[1:] - 1, -1)):
        repeated[end] &= repeated[end + inwards]
    return repeated


def _on_level(probes: _Probes, point: np.ndarray, other: np.ndarray, lines: Sequence[np.ndarray]) -> np.ndarray:
    """Those points of pairs (point, line) that are at the height of the line's nearest vertex."""
    order = np.argsort(other, kind="stable")
    found = []
    for pairs in np.split(order, np.flatnonzero(np.diff(other[order])) + 1):
        if len(pairs):
            heights_m = _with_heights(probes.points[point[pairs], :2], lines[other[pairs[0]]])[:, 2]
            level = np.abs(heights_m - probes.points[point[pairs], 2]) <= _SAME_LEVEL_M
            found.append(point[pairs[level]])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _with_heights(places_xy: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Places `n 2` m with the height of the vertex (of `m 3` m) that is nearest in the ground plane."""
    _, nearest = cKDTree(vertices[:, :2]).query(places_xy)
    return np.column_stack([places_xy, vertices[nearest, 2]])
