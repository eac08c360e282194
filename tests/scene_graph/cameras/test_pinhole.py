"""The pinhole camera and OpenCV's distortion."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import pytest
from camera_strategies import pinholes
from hypothesis import given
from hypothesis import strategies as st

from scene_graph.cameras import PinholeCamera

BARREL = PinholeCamera(
    fx_px=500.0, fy_px=500.0, cx_px=640.0, cy_px=360.0, width_px=1280, height_px=720,
    distortion=np.array([-0.3, 0.0, 0.0, 0.0, 0.0]),
)  # fmt: skip


def in_opencv(camera: PinholeCamera, points: np.ndarray) -> np.ndarray:
    """Pixels `n 2` by OpenCV, whose first pixel has its centre at (0, 0)."""
    matrix = np.array([[camera.fx_px, 0, camera.cx_px - 0.5], [0, camera.fy_px, camera.cy_px - 0.5], [0, 0, 1]])
    return cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, camera.distortion.copy())[0][:, 0] + 0.5


@given(pinholes(), st.integers(0, 2**32 - 1))
def test_agrees_with_opencv(camera: PinholeCamera, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform((-1, -1, 0.8), (1, 1, 1.2), size=(100, 3)) * rng.uniform(1, 50, size=(100, 1))
    radius = np.hypot(points[:, 0], points[:, 1]) / points[:, 2]
    points = points[radius < camera.max_radius]
    pixels, _, _ = camera.project(points)
    np.testing.assert_allclose(pixels, in_opencv(camera, points), atol=1e-6)


def test_a_point_by_hand() -> None:
    camera = PinholeCamera(fx_px=1000.0, fy_px=800.0, cx_px=640.0, cy_px=360.0, width_px=1280, height_px=720)
    pixels, depth_m, visible = camera.project(np.array([[1.0, 0.5, 10.0], [1.0, 0.5, -10.0], [7.0, 0.0, 10.0]]))
    np.testing.assert_allclose(pixels[0], [740.0, 400.0])
    np.testing.assert_array_equal(depth_m, [10.0, -10.0, 10.0])
    np.testing.assert_array_equal(visible, [True, False, False])


def test_points_at_and_behind_the_camera_plane_lie_far_out_on_their_side() -> None:
    for camera in (BARREL, dataclasses.replace(BARREL, distortion=np.zeros(5))):
        points = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, -2.0, -1.0]])
        offsets = camera.project(points)[0] - (camera.cx_px, camera.cy_px)
        assert offsets[0, 0] > 1280
        assert offsets[1, 0] < -1280
        assert offsets[2, 1] > 720
        assert offsets[3, 1] < -720


def test_max_radius_is_where_the_distortion_folds_back() -> None:
    assert BARREL.max_radius == pytest.approx(math.sqrt(1.0 / 0.9), rel=0.006)
    assert BARREL.max_angle_rad == pytest.approx(math.atan(BARREL.max_radius), abs=1e-12)
    assert math.isinf(dataclasses.replace(BARREL, distortion=np.zeros(5)).max_radius)
    assert dataclasses.replace(BARREL, distortion=np.array([-0.28, -0.03, 0, 0, 0.1])).max_radius == 1000.0


def test_points_beyond_the_fold_do_not_come_back_into_the_image() -> None:
    # radius 1.8 would be drawn at 1.8 * (1 - 0.3 * 1.8^2) = 0.05: next to the principal point
    beyond = np.array([[1.8, 0.0, 1.0]])
    ghost = in_opencv(BARREL, beyond)
    assert (np.abs(ghost - (640.0, 360.0)) < 40.0).all()
    pixels, _, visible = BARREL.project(beyond)
    assert not visible[0]
    radius = np.linspace(0.0, 30.0, 500)
    across = BARREL.project(np.stack([radius, np.zeros(500), np.ones(500)], axis=-1))[0][:, 0]
    assert (np.diff(across) > 0).all()
    steps = np.diff(across[radius > BARREL.max_radius])
    np.testing.assert_allclose(steps, steps[0], rtol=1e-6)
    assert pixels[0, 0] > 640.0 + 500.0 * 0.7


def test_angle_of_view_by_hand() -> None:
    camera = PinholeCamera(fx_px=640.0, fy_px=640.0, cx_px=640.0, cy_px=360.0, width_px=1280, height_px=720)
    assert camera.max_angle_rad == pytest.approx(math.atan(math.hypot(1.0, 360.0 / 640.0)))


@pytest.mark.parametrize(
    ("distortion", "message"),
    [
        ([np.nan, 0, 0, 0, 0], r"distortion is \[nan, 0, 0, 0, 0\]; expected finite"),
        ([-40.0, 0, 0, 0, 0], "distortion is not monotone.* rises only to"),
        ([-0.2, 0.1, 0.3, 0.2, 0], "distortion has p1 0.3, p2 0.2, too large"),
    ],
)
def test_validate_refuses_a_bad_distortion(distortion: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(BARREL, distortion=np.array(distortion)).validate()


def test_sane_distortion_that_folds_in_the_corners_is_valid() -> None:
    BARREL.validate()
