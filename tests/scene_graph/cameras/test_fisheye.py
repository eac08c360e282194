"""OpenCV's fisheye camera, on both sides of 90 degrees."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import pytest
from camera_strategies import fisheyes
from hypothesis import given
from hypothesis import strategies as st

from scene_graph.cameras import FisheyeCamera

EQUIDISTANT = FisheyeCamera(fx_px=400.0, fy_px=300.0, cx_px=700.0, cy_px=500.0, width_px=1400, height_px=1000)


@given(fisheyes(), st.integers(0, 2**32 - 1))
def test_agrees_with_opencv_in_front_of_the_camera(camera: FisheyeCamera, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(100, 3)) * (3.0, 3.0, 1.0)
    points[:, 2] = np.abs(points[:, 2]) + 0.05
    angle_rad = np.arctan2(np.hypot(points[:, 0], points[:, 1]), points[:, 2])
    points = points[angle_rad < camera.radial_profile().max_angle_rad]
    matrix = np.array([[camera.fx_px, 0, camera.cx_px - 0.5], [0, camera.fy_px, camera.cy_px - 0.5], [0, 0, 1]])
    expected = cv2.fisheye.projectPoints(
        points[:, None], np.zeros(3), np.zeros(3), matrix, camera.coefficients.copy()
    )[0][:, 0] + 0.5  # fmt: skip
    np.testing.assert_allclose(camera.project(points)[0], expected, atol=1e-6)


def test_points_by_hand() -> None:
    points = np.array([[1.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, -0.1], [1.0, 0.0, -1.0]])
    pixels, depth_m, visible = EQUIDISTANT.project(points)
    np.testing.assert_allclose(pixels[0], [700.0 + 400.0 * math.pi / 4, 500.0])
    np.testing.assert_allclose(pixels[1], [700.0, 500.0 - 300.0 * math.pi / 2])
    np.testing.assert_allclose(pixels[2], [700.0 + 400.0 * (math.pi / 2 + math.atan(0.1)), 500.0])
    # the third lies behind the plane of the camera and in view, the fourth is beyond the image's edge
    np.testing.assert_array_equal(visible, [True, True, True, False])
    np.testing.assert_array_equal(depth_m, [1.0, 0.0, -0.1, -1.0])


def test_a_point_straight_behind_is_not_drawn_at_the_principal_point() -> None:
    pixels, _, visible = EQUIDISTANT.project(np.array([[0.0, 0.0, -1.0]]))
    np.testing.assert_allclose(pixels[0], [700.0 + 400.0 * math.pi, 500.0])
    assert not visible[0]


def test_max_angle_by_hand() -> None:
    assert EQUIDISTANT.max_angle_rad == pytest.approx(math.hypot(700 / 400, 500 / 300))
    # the corners are further than any ray
    assert dataclasses.replace(EQUIDISTANT, fx_px=200.0).max_angle_rad == pytest.approx(math.pi)


def test_beyond_the_fold_nothing_is_visible_and_pixels_go_on_outwards() -> None:
    folding = dataclasses.replace(EQUIDISTANT, fx_px=600.0, coefficients=np.array([-0.2, 0.0, 0.0, 0.0]))
    limit_rad = math.sqrt(0.99 / 0.6)
    assert folding.max_angle_rad == pytest.approx(limit_rad, abs=1e-9)
    angle_rad = np.linspace(0.0, math.pi, 300)
    rays = np.stack([np.sin(angle_rad), np.zeros(300), np.cos(angle_rad)], axis=-1)
    pixels, _, visible = folding.project(rays)
    assert (np.diff(pixels[:, 0]) > 0).all()
    np.testing.assert_array_equal(visible, angle_rad <= limit_rad)


@given(fisheyes(), st.integers(0, 2**32 - 1))
def test_profile_says_what_project_does(camera: FisheyeCamera, seed: int) -> None:
    profile = camera.radial_profile()
    points = np.random.default_rng(seed).normal(size=(200, 3))
    across = np.hypot(points[:, 0], points[:, 1])
    direction = points[:, :2] / across[:, None]
    radius = profile.radius(np.arctan2(across, points[:, 2]))
    pixels = (radius[:, None] * direction) @ profile.affine.T + profile.center
    np.testing.assert_allclose(pixels, camera.project(points)[0], atol=1e-6)


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [([0, np.inf, 0, 0], "coefficients is .*expected finite"), ([-30.0, 0, 0, 0], "coefficients is not monotone")],
)
def test_validate_refuses_bad_coefficients(coefficients: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(EQUIDISTANT, coefficients=np.array(coefficients)).validate()
