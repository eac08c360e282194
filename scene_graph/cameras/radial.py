"""Lenses described by one curve, the image radius as a function of the angle from the optical axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.polynomial import chebyshev, polynomial

from scene_graph.arrays import frozen_array

__all__ = ["MAX_PROFILE_DEGREE", "RadialProfile", "angle_and_direction", "fitted_radius", "rays_at"]

MAX_PROFILE_DEGREE = 13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RadialProfile:
    """A wide lens as plain numbers, for compiled code.

    With theta the angle of a point from the optical axis and `direction` = (x, y) / |(x, y)| in the camera frame:
    pixel = affine @ (r(theta) * direction) + center, where r is the polynomial up to `max_angle_rad` and
    max_radius + slope * (theta - max_angle_rad) beyond it.

    Attributes:
        coefficients: float64 `n`, r(theta) in ascending powers of theta in rad; the first is 0.
        max_angle_rad: end of the polynomial.
        max_radius: r there.
        slope: dr/dtheta there and beyond.
        affine: float64 `2 2`, takes r's unit to pixels.
        center: float64 `2`, principal point, px.
    """

    coefficients: Float[np.ndarray, "n"]
    max_angle_rad: float
    max_radius: float
    slope: float
    affine: Float[np.ndarray, "2 2"]
    center: Float[np.ndarray, "2"]

    def __post_init__(self) -> None:
        for name, shape in (("coefficients", (None,)), ("affine", (2, 2)), ("center", (2,))):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64, shape, name))

    def radius(self, angle_rad: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """The radius r at angles `*n`, in [0, pi]."""
        inside = np.minimum(angle_rad, self.max_angle_rad)
        beyond = self.max_radius + self.slope * (angle_rad - self.max_angle_rad)
        return np.where(angle_rad <= self.max_angle_rad, polynomial.polyval(inside, self.coefficients), beyond)


def angle_and_direction(
    points_camera: Float[np.ndarray, "n 3"],
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n 2"], Bool[np.ndarray, "n"]]:
    """Angle `n` from the optical axis, rad, unit direction `n 2` in the image, and which points are not the origin.

    On the axis, in front and behind, the direction is +x.
    """
    across = np.hypot(points_camera[:, 0], points_camera[:, 1])
    on_axis = across == 0
    direction = points_camera[:, :2] / np.where(on_axis, 1.0, across)[:, None]
    direction[on_axis] = (1.0, 0.0)
    angle_rad = np.arctan2(across, points_camera[:, 2])
    return angle_rad, direction, ~(on_axis & (points_camera[:, 2] == 0))


def rays_at(angle_rad: Float[np.ndarray, "n"], toward: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    """Unit rays `n 3` at angles `n` (cut at pi) from the optical axis, on the side of the vectors `toward` `n 2`."""
    length = np.hypot(toward[:, 0], toward[:, 1])
    angle_rad = np.minimum(angle_rad, np.pi)
    across = np.sin(angle_rad) / np.where(length == 0, 1.0, length)
    return np.stack([toward[:, 0] * across, toward[:, 1] * across, np.cos(angle_rad)], axis=-1)


def fitted_radius(
    radius: Callable[[np.ndarray], np.ndarray], max_angle_rad: float, tolerance: float
) -> Float[np.ndarray, "n"]:
    """The polynomial of lowest degree, ascending and without constant term, within `tolerance` of radius(theta).

    Args:
        radius: the curve to fit, 0 at angle 0.
        max_angle_rad: end of the fitted interval, which starts at 0.
        tolerance: largest difference allowed, in the unit of `radius`.

    Raises:
        ValueError: no polynomial up to MAX_PROFILE_DEGREE is near enough.
    """
    fraction = 0.5 - 0.5 * np.cos(np.pi * (np.arange(256) + 0.5) / 256)
    values = radius(fraction * max_angle_rad)
    check = np.linspace(0.0, 1.0, 2001)
    check_values = radius(check * max_angle_rad)
    error = np.inf
    for degree in range(3, MAX_PROFILE_DEGREE + 1):
        basis = fraction[:, None] * chebyshev.chebvander(2 * fraction - 1, degree - 1)
        weights = np.linalg.lstsq(basis, values, rcond=None)[0]
        error = float(np.abs(check * chebyshev.chebval(2 * check - 1, weights) - check_values).max())
        if error <= tolerance:
            of_fraction = polynomial.Polynomial(chebyshev.cheb2poly(weights))(polynomial.Polynomial([-1.0, 2.0]))
            per_fraction = np.concatenate([[0.0], of_fraction.coef])
            return per_fraction / max_angle_rad ** np.arange(len(per_fraction))
    raise ValueError(
        f"polynomial is too steep near the image's corners: an inverse of degree {MAX_PROFILE_DEGREE} misses it by "
        f"{error:.3g} px; expected at most {tolerance:g} px"
    )
