from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import points, transforms

from scene_graph.se3 import SE3, interpolate


def close(one: SE3, other: SE3) -> bool:
    return np.allclose(one.rotation, other.rotation, atol=1e-9) and np.allclose(
        one.translation, other.translation, atol=1e-6
    )


@given(transforms())
def test_inverse_composes_to_identity(a_from_b: SE3) -> None:
    assert close(a_from_b @ a_from_b.inverse(), SE3.identity())
    assert close(a_from_b.inverse() @ a_from_b, SE3.identity())


@given(transforms(3), transforms(3), points())
def test_composition_applies_one_after_the_other(a_from_b: SE3, b_from_c: SE3, point: np.ndarray) -> None:
    points_c = np.tile(point, (3, 2, 1))
    np.testing.assert_allclose(
        (a_from_b @ b_from_c).apply(points_c), a_from_b.apply(b_from_c.apply(points_c)), atol=1e-6
    )


@given(transforms(), st.lists(points(), min_size=1, max_size=4))
def test_apply_agrees_with_homogeneous_matrices(a_from_b: SE3, points_b: list[np.ndarray]) -> None:
    homogeneous = np.concatenate([np.array(points_b), np.ones((len(points_b), 1))], axis=1)
    np.testing.assert_allclose(a_from_b.apply(np.array(points_b)), (homogeneous @ a_from_b.matrix.T)[:, :3], atol=1e-6)
    assert close(SE3.from_matrix(a_from_b.matrix), a_from_b)


@given(transforms(2), transforms(2))
def test_interpolation_meets_its_endpoints(start: SE3, end: SE3) -> None:
    assert close(interpolate(start, end, np.zeros(2)), start)
    assert close(interpolate(start, end, np.ones(2)), end)


def test_interpolation_turns_at_a_constant_rate_and_extrapolates() -> None:
    start, end = SE3.from_yaw([0.0], np.zeros((1, 3))), SE3.from_yaw([0.4], np.array([[10.0, 0.0, 2.0]]))
    for fraction in (0.25, 0.5, 1.5, -0.5):
        between = interpolate(start, end, np.array([fraction]))
        np.testing.assert_allclose(between.yaw_rad, [0.4 * fraction], atol=1e-12)
        np.testing.assert_allclose(between.translation, [[10.0 * fraction, 0.0, 2.0 * fraction]])


def test_interpolation_takes_the_short_way_round() -> None:
    start, end = SE3.from_yaw([3.0], np.zeros((1, 3))), SE3.from_yaw([-3.0], np.zeros((1, 3)))
    assert abs(interpolate(start, end, np.array([0.5])).yaw_rad[0]) == pytest.approx(np.pi)


@given(st.floats(-np.pi, np.pi, exclude_min=True))
def test_yaw_is_what_a_turn_about_z_was_made_of(yaw_rad: float) -> None:
    np.testing.assert_allclose(SE3.from_yaw([yaw_rad], np.zeros((1, 3))).yaw_rad, [yaw_rad], atol=1e-12)
    np.testing.assert_allclose(SE3.from_yaw(yaw_rad, np.zeros(3)).yaw_rad, yaw_rad, atol=1e-12)


def test_from_yaw_turns_x_towards_y() -> None:
    turned = SE3.from_yaw(np.pi / 2, np.array([0.0, 0, 1])).apply(np.array([[2.0, 0, 0]]))
    np.testing.assert_allclose(turned, [[0, 2, 1]], atol=1e-15)


def test_arrays_are_read_only_copies() -> None:
    translation = np.zeros(3)
    transform = SE3(rotation=np.eye(3), translation=translation)
    translation[0] = 5.0
    assert transform.translation[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        transform.translation[0] = 1.0


def test_what_is_no_rigid_transform_is_named() -> None:
    with pytest.raises(IndexError, match="no batch"):
        SE3.identity()[0]
    with pytest.raises(ValueError, match="NaN"):
        SE3(rotation=np.eye(3), translation=np.array([0, np.nan, 0])).validate()
    with pytest.raises(ValueError, match="not orthonormal"):
        SE3(rotation=np.eye(3) * 1.01, translation=np.zeros(3)).validate()
    with pytest.raises(ValueError, match="not orthonormal"):
        SE3(rotation=np.diag([1.0, 1.0, -1.0]), translation=np.zeros(3)).validate()
