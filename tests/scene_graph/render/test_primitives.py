"""From elements to lines and triangles in space."""

from __future__ import annotations

import numpy as np
import pytest
import scenes
import shapely
from hypothesis import given
from hypothesis import strategies as st

from scene_graph.elements import ElementKind, LaneMark, MarkPattern
from scene_graph.render.primitives import box_faces, element_faces, element_strips, stroke_pieces
from scene_graph.render.style import Stroke, load_style
from scene_graph.render.triangulate import triangulate
from scene_graph.se3 import SE3

STYLE = load_style("world_scenario")


def area(triangles: np.ndarray) -> float:
    return float(
        np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1).sum() / 2
    )


def test_dashes_start_at_the_first_vertex_and_end_with_the_line() -> None:
    line = np.array([[0.0, 0, 0], [8.0, 0, 0], [20.0, 0, 0]])
    pieces = stroke_pieces(line, Stroke(dashes_m=(3.0, 9.0)))
    assert [(p[0, 0], p[-1, 0]) for p in pieces] == [(0, 3), (12, 15)]
    pieces = stroke_pieces(line, Stroke(dashes_m=(1.0, 2.0, 2.0, 2.0)))
    assert [(p[0, 0], p[-1, 0]) for p in pieces] == [(0, 1), (3, 5), (7, 8), (10, 12), (14, 15), (17, 19)]
    across = stroke_pieces(line, Stroke(dashes_m=(6.0, 1.0)))
    assert across[1].shape == (3, 3), "a dash keeps the vertex inside it"


def test_strokes_are_offset_to_the_left() -> None:
    (piece,) = stroke_pieces(np.array([[0.0, 0, 5], [10.0, 0, 5]]), Stroke(offset_m=0.1))
    assert piece[:, 1] == pytest.approx(0.1)
    assert piece[:, 2] == pytest.approx(5)


def test_a_double_line_is_two_strips_and_closed_lines_return() -> None:
    mark = LaneMark(pattern=MarkPattern.SOLID_DOUBLE)
    line = scenes.element("lane_line", [[0, 0, 0], [9, 0, 0]], mark=mark)
    strips = element_strips([line], ElementKind.LANE_LINE, STYLE)
    assert strips.starts.sum() == 2
    ring = scenes.element("road_boundary", [[0, 0, 0], [4, 0, 0], [4, 4, 0]], closed=True)
    strips = element_strips([line, ring], ElementKind.ROAD_BOUNDARY, STYLE)
    assert len(strips.vertices) == 4
    assert strips.vertices[-1].tolist() == [0, 0, 0]


def test_an_l_shape_is_not_filled_to_its_hull() -> None:
    shape = np.array([[0.0, 0, 0], [6, 0, 0], [6, 2, 0], [2, 2, 0], [2, 6, 0], [0, 6, 0]])
    assert area(triangulate(shape)) == pytest.approx(20)
    assert area(triangulate(shape, convex=True)) == pytest.approx(28)


def test_holes_stay_open() -> None:
    shape = np.array([[0.0, 0, 1], [6, 0, 1], [6, 6, 1], [0, 6, 1]])
    hole = np.array([[1.0, 1, 1], [2, 1, 1], [2, 3, 1], [1, 3, 1]])
    assert area(triangulate(shape, (hole,))) == pytest.approx(34)


def test_an_upright_polygon_is_filled() -> None:
    shape = np.array([[5.0, 0, 0], [5, 4, 0], [5, 4, 2], [5, 0, 2]])
    triangles = triangulate(shape)
    assert area(triangles) == pytest.approx(8)
    assert triangles[..., 0] == pytest.approx(5)


def test_a_bow_tie_is_two_triangles_and_a_line_is_none() -> None:
    assert area(triangulate(np.array([[0.0, 0, 0], [4, 4, 0], [4, 0, 0], [0, 4, 0]]))) == pytest.approx(8)
    flat = np.array([[0.0, 0, 0], [4, 4, 0], [2, 2, 0]])
    assert len(triangulate(flat)) == 0
    assert len(triangulate(flat, convex=True)) == 0


@given(
    radii=st.lists(st.floats(1, 10), min_size=3, max_size=12),
    yaw_rad=st.floats(-3, 3),
    at=st.tuples(*[st.floats(-1e5, 1e5)] * 3),
)
def test_star_polygons_are_filled_exactly_wherever_they_lie(
    radii: list[float], yaw_rad: float, at: tuple[float, float, float]
) -> None:
    angles = np.arange(len(radii)) / len(radii) * 2 * np.pi
    ring = np.stack([np.array(radii) * np.cos(angles), np.array(radii) * np.sin(angles), np.zeros(len(radii))], axis=1)
    moved = SE3.from_yaw(yaw_rad, np.array(at)).apply(ring)
    assert area(triangulate(moved)) == pytest.approx(shapely.Polygon(ring[:, :2]).area, rel=1e-6)


def test_faces_look_outward_for_boxes_and_cuboids_in_any_corner_order() -> None:
    corners = scenes.cuboid((10, 0, 2), (1.0, 2.0, 3.0))
    mirrored = corners[[1, 0, 3, 2, 5, 4, 7, 6]]
    for vertices in (corners, mirrored):
        faces = element_faces([scenes.element("traffic_sign", vertices)], ElementKind.TRAFFIC_SIGN, STYLE).vertices
        normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
        outward = faces.mean(axis=1) - vertices.mean(axis=0)
        assert ((normals * outward).sum(axis=1) > 0).all()
        assert area(faces) == pytest.approx(22)
    boxes = scenes.graph(actors=(scenes.actor("car", 5, 2, 1.0, (4.0, 2.0, 1.5)),)).boxes_at(0)
    faces = box_faces(boxes, STYLE).vertices
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    assert ((normals * (faces.mean(axis=1) - boxes.centers[0])).sum(axis=1) > 0).all()
