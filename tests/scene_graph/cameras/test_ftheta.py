"""The f-theta camera in both directions of its polynomial."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from camera_strategies import floats, fthetas
from hypothesis import given
from hypothesis import strategies as st

from scene_graph.cameras import FThetaCamera

LINEAR = FThetaCamera(
    cx_px=900.0, cy_px=700.0, width_px=1920, height_px=1080,
    polynomial=np.array([0.0, 1e-3]), polynomial_direction="angle_from_radius",
)  # fmt: skip
CURVED = dataclasses.replace(LINEAR, polynomial=np.array([0.0, 1.06e-3, 1e-8, -3e-11, 8e-14, -3e-17]))


def test_points_by_hand() -> None:
    points = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 20.0], [-3.0, -4.0, 5.0]])
    pixels, depth_m, visible = LINEAR.project(points)
    np.testing.assert_allclose(pixels[0], [900.0 + 1000.0 * math.pi / 4, 700.0])
    np.testing.assert_allclose(pixels[1], [900.0, 700.0 + 1000.0 * math.atan(0.1)])
    np.testing.assert_allclose(pixels[2], [900.0 - 600.0 * math.pi / 4, 700.0 - 800.0 * math.pi / 4])
    np.testing.assert_array_equal(depth_m, [1.0, 20.0, 5.0])
    np.testing.assert_array_equal(visible, [True, True, True])


def test_the_linear_part_by_hand() -> None:
    camera = dataclasses.replace(LINEAR, linear_cde=np.array([1.1, 0.2, 0.3]))
    pixels, _, _ = camera.project(np.array([[3.0, 4.0, 5.0]]))
    x, y = 600.0 * math.pi / 4, 800.0 * math.pi / 4
    np.testing.assert_allclose(pixels[0], [900.0 + 1.1 * x + 0.2 * y, 700.0 + 0.3 * x + y])


def test_max_angle_is_that_of_the_farthest_corner() -> None:
    assert LINEAR.max_angle_rad == pytest.approx(1e-3 * math.hypot(1020.0, 700.0), abs=1e-12)


def test_missing_coefficients_are_zero() -> None:
    np.testing.assert_array_equal(LINEAR.polynomial, [0.0, 1e-3, 0.0, 0.0, 0.0, 0.0])


@given(fthetas(), st.integers(0, 2**32 - 1))
def test_radius_and_angle_are_inverse(camera: FThetaCamera, seed: int) -> None:
    radius_px = np.random.default_rng(seed).uniform(0.0, 3000.0, 200)
    np.testing.assert_allclose(camera.radius_px(camera.angle_rad(radius_px)), radius_px, atol=1e-6)


@given(fthetas())
def test_the_polynomial_holds_up_to_the_corners_and_its_tangent_beyond(camera: FThetaCamera) -> None:
    edge_rad = camera.max_angle_rad
    angle_rad = np.linspace(0.0, edge_rad, 50)
    radius_px = camera.radius_px(angle_rad)
    polynomial = np.polynomial.Polynomial(camera.polynomial)
    if camera.polynomial_direction == "angle_from_radius":
        np.testing.assert_allclose(polynomial(radius_px), angle_rad, atol=1e-9)
        slope = 1.0 / polynomial.deriv()(radius_px[-1])
    else:
        np.testing.assert_allclose(polynomial(angle_rad), radius_px, atol=1e-6)
        slope = polynomial.deriv()(edge_rad)
    beyond_px = camera.radius_px(edge_rad + np.array([0.1, 0.5, 1.0]))
    np.testing.assert_allclose(beyond_px, radius_px[-1] + slope * np.array([0.1, 0.5, 1.0]), rtol=1e-9)


@given(floats(5e-4, 2.2e-3), floats(-0.03, 0.03), floats(-0.03, 0.03), st.integers(0, 2**32 - 1))
def test_both_directions_agree_where_one_is_the_inverse_of_the_other(
    k1: float, k2: float, k3: float, seed: int
) -> None:
    backward = dataclasses.replace(LINEAR, polynomial=np.array([0.0, k1, k2 * k1 / 1e3, k3 * k1 / 1e6]))
    angle_rad = np.linspace(0.0, backward.max_angle_rad, 400)
    radius_px = backward.radius_px(angle_rad)
    powers = angle_rad[:, None] ** np.arange(1, 6)
    fitted = np.linalg.lstsq(powers, radius_px, rcond=None)[0]
    tolerance_px = np.abs(powers @ fitted - radius_px).max() + 1e-6
    assert tolerance_px < 0.5
    forward = dataclasses.replace(LINEAR, polynomial=np.array([0.0, *fitted]), polynomial_direction="radius_from_angle")
    pixels = np.random.default_rng(seed).uniform((0, 0), (1920, 1080), size=(100, 2))
    rays = backward.unproject(pixels)
    np.testing.assert_allclose(forward.project(rays)[0], pixels, atol=2.0 * tolerance_px)


def test_resizing_scales_the_coefficients_as_nvidia_does() -> None:
    scale = 2.0 / 3.0
    backward = CURVED.resized(1280, 720)
    np.testing.assert_allclose(backward.polynomial, CURVED.polynomial * (1.0 / scale) ** np.arange(6))
    np.testing.assert_array_equal(backward.linear_cde, [1.0, 0.0, 0.0])
    assert backward.cx_px == pytest.approx(600.0)
    forward = FThetaCamera(
        cx_px=900.0, cy_px=700.0, width_px=1920, height_px=1080,
        polynomial=np.array([0.0, 1570.0, 100.0, -260.0]), polynomial_direction="radius_from_angle",
    )  # fmt: skip
    np.testing.assert_allclose(forward.resized(1280, 720).polynomial, forward.polynomial * scale)


def test_resizing_to_another_aspect_goes_into_the_linear_part() -> None:
    resized = CURVED.resized(1280, 704)
    np.testing.assert_allclose(resized.linear_cde, [(1280 / 1920) / (704 / 1080), 0.0, 0.0])


@given(fthetas(), st.integers(0, 2**32 - 1))
def test_profile_says_what_project_does(camera: FThetaCamera, seed: int) -> None:
    profile = camera.radial_profile()
    assert profile.coefficients[0] == 0.0
    assert len(profile.coefficients) <= 14
    angle_rad = np.linspace(0.0, np.pi, 1000)
    np.testing.assert_allclose(profile.radius(angle_rad), camera.radius_px(angle_rad), atol=0.0101)
    points = np.random.default_rng(seed).normal(size=(200, 3))
    across = np.hypot(points[:, 0], points[:, 1])
    radius = profile.radius(np.arctan2(across, points[:, 2]))
    pixels = (radius[:, None] * points[:, :2] / across[:, None]) @ profile.affine.T + profile.center
    np.testing.assert_allclose(pixels, camera.project(points)[0], atol=0.012)


def test_profile_of_a_forward_polynomial_is_exact() -> None:
    camera = dataclasses.replace(
        LINEAR, polynomial=np.array([0.0, 1570.0, 97.0, -255.0]), polynomial_direction="radius_from_angle"
    )
    np.testing.assert_array_equal(camera.radial_profile().coefficients, camera.polynomial)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"polynomial": np.array([0.0, np.nan])}, "polynomial is .*expected finite"),
        ({"polynomial": np.array([0.1, 1e-3])}, "polynomial starts with k0 = 0.1; expected 0"),
        ({"polynomial": np.array([0.0, -1e-3])}, "polynomial is not monotone: it has k1 = -0.001"),
        ({"polynomial": np.array([0.0, 1e-3, -1e-5])}, "polynomial is not monotone.* only to 49.5 px"),
        ({"linear_cde": np.array([np.inf, 0.0, 0.0])}, "linear_cde is .*expected finite"),
        ({"linear_cde": np.array([-1.0, 0.0, 0.0])}, r"linear_cde is \[-1, 0, 0\]; expected"),
    ],
)
def test_validate_names_the_field(change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(LINEAR, **change).validate()


def test_construction_refuses_what_is_no_polynomial() -> None:
    with pytest.raises(ValueError, match="expected 2 to 6 coefficients"):
        dataclasses.replace(LINEAR, polynomial=np.zeros(7))
    with pytest.raises(ValueError, match="polynomial_direction is 'bw'; expected angle_from_radius"):
        dataclasses.replace(LINEAR, polynomial_direction="bw")
