"""f-theta lenses near others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scene_graph.cameras import FisheyeCamera, FThetaCamera, PinholeCamera
from scene_graph.writers.ftheta_fit import ftheta_fit

PINHOLE = PinholeCamera(fx_px=1266.0, fy_px=1260.0, cx_px=816.0, cy_px=491.0, width_px=1600, height_px=900)


def test_an_ftheta_camera_stays_itself() -> None:
    camera = FThetaCamera(
        cx_px=10.0, cy_px=10.0, width_px=20, height_px=20, polynomial=np.array([0, 20.0]),
        polynomial_direction="radius_from_angle",
    )  # fmt: skip
    assert ftheta_fit(camera) == (camera, 0.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(200, 700), st.floats(0.9, 1.1), st.floats(-0.05, 0.05), st.floats(-0.005, 0.005), st.floats(-100, 100))
def test_a_fisheye_of_fifth_degree_is_met_exactly(fx: float, aspect: float, k1: float, k2: float, off: float) -> None:
    camera = FisheyeCamera(
        fx_px=fx, fy_px=fx * aspect, cx_px=640.0 + off, cy_px=360.0 - off / 2, width_px=1280, height_px=720,
        coefficients=np.array([k1, k2, 0.0, 0.0]),
    )  # fmt: skip
    try:
        camera.validate()
    except ValueError:
        return
    fit, error_px = ftheta_fit(camera)
    assert error_px < 1e-3
    pixels = np.random.default_rng(0).uniform([1, 1], [1279, 719], (50, 2))
    seen, _, visible = camera.project(camera.unproject(pixels))
    np.testing.assert_allclose(fit.project(camera.unproject(pixels))[0][visible], seen[visible], atol=1e-3)


def test_the_error_is_what_pixels_move_by() -> None:
    fit, error_px = ftheta_fit(PINHOLE)
    assert 0 < error_px < 0.05
    pixels = np.stack(np.meshgrid(np.linspace(1, 1599, 60), np.linspace(1, 899, 40)), axis=-1).reshape(-1, 2)
    moved_px = np.linalg.norm(fit.project(PINHOLE.unproject(pixels))[0] - pixels, axis=1)
    assert moved_px.max() < 1.2 * error_px + 1e-3


@pytest.mark.parametrize("distortion", [(0, 0, 0.001, 0, 0), (0, 0, 0, 0.001, 0)])
def test_tangential_distortion_cannot_be_met(distortion: tuple[float, ...]) -> None:
    camera = replace(PINHOLE, distortion=np.array(distortion, dtype=np.float64))
    assert ftheta_fit(camera)[1] > 0.5


def test_a_very_wide_pinhole_is_far_off() -> None:
    camera = replace(PINHOLE, fx_px=200.0, fy_px=200.0)
    assert ftheta_fit(camera)[1] > 1.0
