"""A scenario in a style -> polylines and triangles in space: what the rasteriser is fed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from scene_graph import polylines
from scene_graph.actors import ActorCategory
from scene_graph.boxes import EDGES, FACES, Boxes3D
from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.render.kernels.faces import Faces
from scene_graph.render.kernels.strips import RUN, Strips
from scene_graph.render.style import LayerStyle, Stroke, Style
from scene_graph.render.triangulate import triangulate

__all__ = [
    "box_faces",
    "box_strips",
    "concatenate_faces",
    "concatenate_strips",
    "element_faces",
    "element_strips",
    "light_faces",
    "stroke_pieces",
]

_FACE_TRIANGLES = np.array([corners for a, b, c, d in FACES for corners in ((a, b, c), (a, c, d))])
_EDGE_CORNERS = np.array(EDGES).reshape(-1)
_FRONT_CORNERS = np.array([True, True, False, False, True, True, False, False])
_NO_BOUNDS = np.zeros((0, 4))


def element_strips(elements: Sequence[MapElement], kind: ElementKind, style: Style) -> Strips:
    """The lines of one layer of polylines, lane marks resolved into their strokes."""
    layer = style.layers[kind]
    pieces: list[np.ndarray] = []
    colours: list[tuple[int, int, int]] = []
    factors: list[float] = []
    for element in elements:
        if element.kind is not kind:
            continue
        points = element.vertices_world
        if element.closed:
            points = polylines.closed_loop(points)
        if layer.rgb is not None:
            pieces.append(points)
            colours.append(layer.rgb)
            factors.append(1.0)
            continue
        mark = style.mark_of(element)
        for stroke in mark.strokes:
            for piece in stroke_pieces(points, stroke):
                pieces.append(piece)
                colours.append(mark.rgb)
                factors.append(mark.width_factor)
    return _strips(pieces, colours, factors, layer)


def stroke_pieces(points: Float[np.ndarray, "p 3"], stroke: Stroke) -> tuple[Float[np.ndarray, "_ 3"], ...]:
    """The painted pieces of one stroke along a polyline `p 3` m."""
    if stroke.offset_m != 0.0:
        points = polylines.offset(points, stroke.offset_m)
    if not stroke.dashes_m:
        return (points,)
    length_m = float(polylines.arc_length_m(points)[-1])
    period_m = sum(stroke.dashes_m)
    bounds = np.concatenate([[0.0], np.cumsum(stroke.dashes_m)])
    periods = np.arange(int(np.ceil(length_m / period_m)))[:, None] * period_m
    starts, ends = (periods + bounds[:-1:2]).reshape(-1), (periods + bounds[1::2]).reshape(-1)
    painted = starts < length_m
    return polylines.cut(points, starts[painted], ends[painted])


def _strips(
    pieces: list[np.ndarray], colours: list[tuple[int, int, int]], factors: list[float], layer: LayerStyle
) -> Strips:
    lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
    total = int(lengths.sum())
    starts = np.zeros(total, dtype=np.bool_)
    starts[np.cumsum(lengths) - lengths] = True
    width = layer.width_px if layer.width_m is None else layer.width_m
    if width is None:
        raise ValueError("a layer of lines needs width_px or width_m")
    return Strips(
        vertices=np.concatenate(pieces) if pieces else np.zeros((0, 3)),
        starts=starts,
        rgb=np.repeat(np.array(colours, dtype=np.float32).reshape(-1, 3), lengths, axis=0),
        width=np.repeat(np.array(factors, dtype=np.float32) * np.float32(width), lengths),
        metric=np.full(total, layer.width_m is not None),
        bias=np.full(total, layer.lift, dtype=np.float32),
        flat=np.zeros(total, dtype=np.bool_),
        owner=np.full(total, -1, dtype=np.int32),
        bounds=_NO_BOUNDS,
    )


def element_faces(elements: Sequence[MapElement], kind: ElementKind, style: Style) -> Faces:
    """The triangles of one layer of areas or cuboids that has one colour."""
    layer = style.layers[kind]
    triangles = [np.zeros((0, 3, 3))]
    for element in elements:
        if element.kind is kind:
            triangles.append(_element_triangles(element, style))
    vertices = np.concatenate(triangles)
    rgb = np.broadcast_to(np.array(layer.rgb, dtype=np.float32), (len(vertices), 3, 3))
    return _faces(vertices, rgb, lift=layer.lift, one_sided=kind.geometry is Geometry.CUBOID)


def _element_triangles(element: MapElement, style: Style) -> Float[np.ndarray, "m 3 3"]:
    if element.kind.geometry is Geometry.CUBOID:
        return element.vertices_world[_outward(element.vertices_world)]
    return triangulate(element.vertices_world, element.holes_world, convex=style.convex_polygons)


def _outward(corners: Float[np.ndarray, "8 3"]) -> np.ndarray:
    """Corner triples of a cuboid's triangles, counter-clockwise from outside even where the cuboid is mirrored."""
    u, v, w = corners[3] - corners[2], corners[1] - corners[2], corners[2] - corners[6]
    mirrored = float(np.dot(np.cross(v, u), w)) < 0
    return _FACE_TRIANGLES[:, ::-1] if mirrored else _FACE_TRIANGLES


def light_faces(lights: Sequence[MapElement], colours: Iterable[tuple[int, int, int]], lift: float) -> Faces:
    """The triangles of traffic lights, each in the colour of its state."""
    vertices = [light.vertices_world[_outward(light.vertices_world)] for light in lights]
    rgb = np.array(list(colours), dtype=np.float32).reshape(-1, 1, 1, 3)
    spread = np.broadcast_to(rgb, (len(vertices), len(_FACE_TRIANGLES), 3, 3)).reshape(-1, 3, 3)
    return _faces(np.array(vertices).reshape(-1, 3, 3), spread, lift=lift, one_sided=True)


def box_faces(boxes: Boxes3D, style: Style) -> Faces:
    """The 12 triangles of each box, coloured from the front to the back."""
    corners = boxes.corners
    front, back = _category_colours(boxes, style)
    by_corner = np.where(_FRONT_CORNERS[None, :, None], front[:, None, :], back[:, None, :])
    faces = _faces(
        corners[:, _FACE_TRIANGLES].reshape(-1, 3, 3),
        by_corner[:, _FACE_TRIANGLES].reshape(-1, 3, 3),
        lift=1.0,
        one_sided=True,
        flat=True,
    )
    return faces._replace(owner=np.repeat(np.arange(len(boxes), dtype=np.int32), len(_FACE_TRIANGLES)))


def box_strips(boxes: Boxes3D, style: Style) -> Strips:
    """The 12 edges of each box."""
    vertices = boxes.corners[:, _EDGE_CORNERS].reshape(-1, 3)
    if style.boxes.filled:
        rgb = np.broadcast_to(np.array(style.boxes.edge_rgb, dtype=np.float32), (len(vertices), 3))
    else:
        rgb = np.repeat(_category_colours(boxes, style)[0], len(_EDGE_CORNERS), axis=0)
    count = len(vertices)
    return Strips(
        vertices=np.ascontiguousarray(vertices),
        starts=np.arange(count) % 2 == 0,
        rgb=np.ascontiguousarray(rgb),
        width=np.full(count, style.boxes.edge_width_px, dtype=np.float32),
        metric=np.zeros(count, dtype=np.bool_),
        bias=np.full(count, style.boxes.edge_lift, dtype=np.float32),
        flat=np.ones(count, dtype=np.bool_),
        owner=np.repeat(np.arange(len(boxes), dtype=np.int32), len(_EDGE_CORNERS)),
        bounds=_NO_BOUNDS,
    )


def _category_colours(boxes: Boxes3D, style: Style) -> tuple[np.ndarray, np.ndarray]:
    """Front and back colour of each box, float32 `n 3` each."""
    pairs = [style.boxes.rgb[ActorCategory(category)] for category in boxes.categories]
    table = np.array(pairs, dtype=np.float32).reshape(-1, 2, 3)
    return table[:, 0], table[:, 1]


def _faces(
    vertices: Float[np.ndarray, "m 3 3"],
    rgb: Float[np.ndarray, "m 3 3"],
    *,
    lift: float,
    one_sided: bool,
    flat: bool = False,
) -> Faces:
    count = len(vertices)
    return Faces(
        vertices=np.ascontiguousarray(vertices, dtype=np.float64),
        rgb=np.ascontiguousarray(rgb, dtype=np.float32),
        one_sided=np.full(count, one_sided),
        bias=np.full(count, lift, dtype=np.float32),
        flat=np.full(count, flat),
        owner=np.full(count, -1, dtype=np.int32),
        bounds=_NO_BOUNDS,
    )


def concatenate_strips(parts: Sequence[Strips]) -> Strips:
    """Several layers of lines, one after the other, with bounds."""
    merged = Strips(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    before = np.concatenate([merged.vertices[:1], merged.vertices[:-1]])
    pieces = np.stack([before, merged.vertices], axis=1)
    pieces[merged.starts, 0] = pieces[merged.starts, 1]
    return merged._replace(bounds=_bounds(pieces))


def concatenate_faces(parts: Sequence[Faces]) -> Faces:
    """Several layers of triangles, one after the other, with bounds."""
    merged = Faces(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return merged._replace(bounds=_bounds(merged.vertices))


def _bounds(pieces: Float[np.ndarray, "n k 3"]) -> Float[np.ndarray, "r 4"]:
    """Spheres (centre, radius) around every RUN pieces of `k` points each."""
    if len(pieces) == 0:
        return _NO_BOUNDS
    first = np.arange(0, len(pieces), RUN)
    low = np.minimum.reduceat(pieces.min(axis=1), first)
    high = np.maximum.reduceat(pieces.max(axis=1), first)
    return np.concatenate([(low + high) / 2, np.linalg.norm(high - low, axis=1, keepdims=True) / 2], axis=1)
