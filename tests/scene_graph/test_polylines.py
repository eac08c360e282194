from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import level_transforms, points, polylines, winding_polylines

from scene_graph.polylines import (
    MITRE_LIMIT,
    arc_length_m,
    closed_loop,
    cut,
    headings_at,
    offset,
    points_at,
    project,
    resample,
    ribbon,
    simplify,
)
from scene_graph.se3 import SE3

CORNER = np.array([[0.0, 0, 0], [10, 0, 0], [10, 10, 5]])
SQUARE = np.array([[0.0, 0, 1], [10, 0, 2], [10, 10, 3], [0, 10, 4]])
NOWHERE = [np.zeros((2, 3)), np.tile([[1.0, 2.0, 3.0]], (4, 1)), np.array([[0.0, 0, 0], [0, 0, 5]])]


def length_m(points: np.ndarray) -> float:
    return float(arc_length_m(points)[-1])


def test_arc_length_is_measured_in_3d() -> None:
    np.testing.assert_allclose(arc_length_m(CORNER), [0, 10, 10 + np.hypot(10, 5)])


def test_fewer_than_two_points_are_refused() -> None:
    with pytest.raises(ValueError, match="1 points; expected at least 2"):
        arc_length_m(np.zeros((1, 3)))


def test_places_and_headings_along() -> None:
    s_m = np.array([-1.0, 0.0, 4.0, 10.0, 10 + np.hypot(10, 5) / 2, 99.0])
    expected = [[0, 0, 0], [0, 0, 0], [4, 0, 0], [10, 0, 0], [10, 5, 2.5], [10, 10, 5]]
    np.testing.assert_allclose(points_at(CORNER, s_m), expected)
    np.testing.assert_allclose(headings_at(CORNER, s_m), [0, 0, 0, np.pi / 2, np.pi / 2, np.pi / 2])


@given(polylines())
def test_every_vertex_lies_at_its_arc_length(points: np.ndarray) -> None:
    np.testing.assert_allclose(points_at(points, arc_length_m(points)), points, atol=1e-9)


@given(polylines(), st.floats(0.5, 50.0))
def test_resampling_is_even_and_keeps_ends(points: np.ndarray, spacing_m: float) -> None:
    resampled = resample(points, spacing_m)
    num_pieces = len(resampled) - 1
    np.testing.assert_array_equal(resampled[[0, -1]], points[[0, -1]])
    assert length_m(points) / num_pieces <= spacing_m + 1e-6
    assert num_pieces == 1 or length_m(points) / (num_pieces - 1) > spacing_m - 1e-6
    assert length_m(resampled) <= length_m(points) + 1e-6
    s_m = np.linspace(0, length_m(points), num_pieces + 1)
    np.testing.assert_allclose(resampled, points_at(points, s_m), atol=1e-9)


@given(winding_polylines())
def test_resampling_keeps_the_length_of_roads(points: np.ndarray) -> None:
    assert length_m(resample(points, 0.05)) == pytest.approx(length_m(points), rel=2e-3)


@given(points(), points(), st.floats(0.1, 30.0))
def test_resampling_keeps_the_length_of_a_line(start: np.ndarray, end: np.ndarray, spacing_m: float) -> None:
    assert length_m(resample(np.array([start, end]), spacing_m)) == pytest.approx(np.linalg.norm(end - start))


@pytest.mark.parametrize("spacing_m", [0.0, -1.0, np.nan, np.inf])
def test_impossible_spacing_is_refused(spacing_m: float) -> None:
    with pytest.raises(ValueError, match="spacing is"):
        resample(CORNER, spacing_m)


def test_projection_left_right_and_beyond() -> None:
    found = project(CORNER, np.array([[3.0, 2, 9], [3, -2, 0], [12, 4, 0], [-3, 1, 0], [10, 13, 0], [11, -1, 0]]))
    slope = np.hypot(10, 5) / 10
    np.testing.assert_allclose(found.s_m, [3, 3, 10 + 4 * slope, 0, 10 + 10 * slope, 10])
    np.testing.assert_allclose(found.d_m, [2, -2, -2, 1, 0, -np.sqrt(2)])
    np.testing.assert_allclose(found.distance_m, [2, 2, 2, np.hypot(3, 1), 3, np.sqrt(2)])
    np.testing.assert_allclose(found.foot[2], [10, 4, 2])


@pytest.mark.parametrize("turn_deg", [-170, -100, -30, 30, 100, 170])
def test_the_outside_of_a_corner_is_on_its_own_side(turn_deg: float) -> None:
    turn = np.deg2rad(turn_deg)
    ahead = np.array([np.cos(turn), np.sin(turn), 0.0])
    doubled = np.array([[-1.0, 0, 0], [0, 0, 0], [0, 0, 0], ahead])
    between = turn / 2 + np.linspace(-0.45, 0.45, 7) * abs(turn) - np.sign(turn) * np.pi / 2
    outside = 0.3 * np.stack([np.cos(between), np.sin(between), np.zeros(7)], axis=1)
    found = project(doubled, outside)
    np.testing.assert_allclose(found.distance_m, 0.3)
    np.testing.assert_allclose(found.d_m, -0.3 * np.sign(turn))


@given(polylines(), st.lists(points(80.0), min_size=1, max_size=5))
def test_projection_finds_the_distance_that_shapely_finds(line: np.ndarray, places: list[np.ndarray]) -> None:
    found = project(line, np.array(places))
    with np.errstate(invalid="ignore"):  # a line may be a point
        distances = shapely.distance(shapely.LineString(line[:, :2]), shapely.points(np.array(places)[:, :2]))
    np.testing.assert_allclose(found.distance_m, distances, atol=1e-6)
    np.testing.assert_allclose(np.hypot(*(found.foot - places)[:, :2].T), distances, atol=1e-6)
    assert (np.abs(found.d_m) <= found.distance_m + 1e-9).all()
    assert (found.s_m <= length_m(line) + 1e-6).all()


@given(winding_polylines(), st.floats(0.02, 0.98), st.floats(-3.0, 3.0))
def test_projecting_what_was_placed_beside(line: np.ndarray, fraction: float, d_m: float) -> None:
    s_m = np.array([fraction * length_m(line)])
    heading = headings_at(line, s_m)
    beside = points_at(line, s_m) + d_m * np.array([[-np.sin(heading[0]), np.cos(heading[0]), 0.0]])
    assume(shapely.LineString(line[:, :2]).distance(shapely.Point(beside[0])) > abs(d_m) - 1e-9)
    found = project(line, beside)
    np.testing.assert_allclose(found.d_m, [d_m], atol=1e-6)
    np.testing.assert_allclose(found.foot, points_at(line, s_m), atol=1e-3 * (1 + abs(d_m)))


@given(polylines(), level_transforms(), points(80.0))
def test_moving_the_world_keeps_distances(line: np.ndarray, other_from_world: SE3, place: np.ndarray) -> None:
    here = project(line, place[None])
    there = project(other_from_world.apply(line), other_from_world.apply(place[None]))
    np.testing.assert_allclose(there.distance_m, here.distance_m, atol=1e-6)


def test_offset_is_mitred() -> None:
    np.testing.assert_allclose(offset(CORNER, 1.0), [[0, 1, 0], [9, 1, 0], [9, 10, 5]], atol=1e-12)
    np.testing.assert_allclose(offset(CORNER, -1.0), [[0, -1, 0], [11, -1, 0], [11, 10, 5]], atol=1e-12)


def test_offset_of_a_ring_has_no_open_corner() -> None:
    inside = [[1, 1, 1], [9, 1, 2], [9, 9, 3], [1, 9, 4]]
    np.testing.assert_allclose(offset(SQUARE, 1.0, closed=True), inside, atol=1e-12)
    doubled = np.repeat(SQUARE, 2, axis=0)
    np.testing.assert_allclose(offset(doubled, 1.0, closed=True), np.repeat(inside, 2, axis=0), atol=1e-12)


@given(winding_polylines(), st.floats(-1.0, 1.0))
def test_every_piece_of_an_offset_lies_at_the_distance(line: np.ndarray, distance_m: float) -> None:
    moved = offset(line, distance_m)
    np.testing.assert_array_equal(moved[:, 2], line[:, 2])
    along = np.diff(line[:, :2], axis=0)
    left = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    for shift in ((moved - line)[:-1, :2], (moved - line)[1:, :2]):
        np.testing.assert_allclose((shift * left).sum(axis=1), distance_m, atol=1e-9)


@given(polylines(), st.floats(-5.0, 5.0), st.booleans())
def test_an_offset_stays_within_the_mitre_limit(line: np.ndarray, distance_m: float, closed: bool) -> None:
    moved = np.hypot(*(offset(line, distance_m, closed=closed) - line)[:, :2].T)
    assert (moved <= MITRE_LIMIT * abs(distance_m) + 1e-6).all()
    assert (moved >= abs(distance_m) - 1e-6).all()


def test_a_ribbon_has_its_width_and_a_wrong_one_is_refused() -> None:
    left, right = ribbon(CORNER[:2], 0.5)
    np.testing.assert_allclose(left - right, [[0, 0.5, 0], [0, 0.5, 0]])
    with pytest.raises(ValueError, match="ribbon width is 0"):
        ribbon(CORNER, 0.0)


def test_cut_keeps_the_vertices_inside() -> None:
    pieces = cut(CORNER, np.array([-5.0, 8.0, 3.0, 30.0, 10.0]), np.array([2.0, 10 + np.hypot(10, 5), 3.0, 40.0, 10.5]))
    assert len(pieces) == 3
    np.testing.assert_allclose(pieces[0], [[0, 0, 0], [2, 0, 0]])
    np.testing.assert_allclose(pieces[1], [[8, 0, 0], [10, 0, 0], [10, 10, 5]])
    assert len(pieces[2]) == 2


@given(polylines(), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6))
def test_cut_pieces_make_up_the_whole(line: np.ndarray, fractions: list[float]) -> None:
    marks = np.unique([0.0, *fractions, 1.0]) * length_m(line)
    pieces = cut(line, marks[:-1], marks[1:])
    assert sum(map(length_m, pieces)) == pytest.approx(length_m(line), abs=1e-4)
    for piece, following in itertools.pairwise(pieces):
        np.testing.assert_allclose(piece[-1], following[0], atol=1e-5)


@given(polylines(max_points=12), st.floats(0.0, 20.0))
def test_simplified_lines_stay_within_tolerance(line: np.ndarray, tolerance_m: float) -> None:
    simple = simplify(line, tolerance_m)
    np.testing.assert_array_equal(simple[[0, -1]], line[[0, -1]])
    start, end = simple[:-1, None], simple[1:, None]
    along = end - start
    squared = (along**2).sum(axis=-1)
    fraction = ((line - start) * along).sum(axis=-1) / np.where(squared > 0, squared, 1.0)
    away = np.linalg.norm(line - start - np.clip(fraction, 0, 1)[..., None] * along, axis=-1)
    assert away.min(axis=0).max() <= tolerance_m + 1e-6


def test_simplify_looks_at_heights_and_drops_what_lies_between() -> None:
    hill = np.array([[0.0, 0, 0], [5, 0, 1], [10, 0, 0]])
    assert len(simplify(hill, 0.5)) == 3
    assert len(simplify(hill, 1.5)) == 2
    straight = np.linspace([0.0, 0, 0], [9.0, 3, 1], 50)
    assert len(simplify(straight, 1e-9)) == 2


def test_closed_loops_end_where_they_start() -> None:
    np.testing.assert_array_equal(closed_loop(SQUARE), SQUARE[[0, 1, 2, 3, 0]])
    assert closed_loop(closed_loop(SQUARE)) is not None
    assert len(closed_loop(closed_loop(SQUARE))) == 5


@pytest.mark.parametrize("line", NOWHERE)
def test_lines_that_go_nowhere_give_no_nan(line: np.ndarray) -> None:
    found = project(line, np.array([[3.0, 6.0, 0.0]]))
    assert found.distance_m[0] == pytest.approx(np.hypot(3.0 - line[0, 0], 6.0 - line[0, 1]))
    everything = [
        *(found.s_m, found.d_m, found.heading_rad),
        *(points_at(line, np.array([0.0, 1.0])), headings_at(line, np.array([0.0, 1.0]))),
        *(resample(line, 1.0), offset(line, 1.0), offset(line, 1.0, closed=True), simplify(line, 0.1)),
    ]
    assert all(np.isfinite(result).all() for result in everything)


@given(polylines())
def test_repeated_points_change_nothing(line: np.ndarray) -> None:
    doubled = np.repeat(line, 2, axis=0)
    s_m = np.linspace(0, length_m(line), 5)
    places = points_at(line, s_m) + np.array([1.0, 2.0, 0.0])
    np.testing.assert_allclose(points_at(doubled, s_m), points_at(line, s_m), atol=1e-9)
    np.testing.assert_allclose(project(doubled, places).distance_m, project(line, places).distance_m, atol=1e-9)
    np.testing.assert_allclose(offset(doubled, 0.7), np.repeat(offset(line, 0.7), 2, axis=0), atol=1e-9)
