"""The f-theta camera: a polynomial between the angle from the optical axis and the radius in the image."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float

from scene_graph.arrays import frozen_array
from scene_graph.cameras.image_plane import image_corners, inside_image, require_finite, require_image, require_reach
from scene_graph.cameras.monotone import RisingPolynomial, rising_limit
from scene_graph.cameras.radial import RadialProfile, angle_and_direction, fitted_radius, rays_at

__all__ = ["ANGLE_FROM_RADIUS", "RADIUS_FROM_ANGLE", "FThetaCamera"]

ANGLE_FROM_RADIUS = "angle_from_radius"
RADIUS_FROM_ANGLE = "radius_from_angle"

_NUM_COEFFICIENTS = 6
_NUM_SAMPLES = 4001
_PROFILE_TOLERANCE_PX = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FThetaCamera:
    """NVIDIA's f-theta lens; it may see behind itself.

    At the angle theta from the optical axis, pixel = A @ (r(theta) * direction) + (cx, cy) with A = [[c, d], [e, 1]].
    The polynomial is either r(theta) or theta(r); the other way round it is inverted to rounding error. It holds up to
    the angle of the image corner farthest from the principal point; beyond it r grows linearly. Pixels are
    continuous: the centre of the first one is at (0.5, 0.5).

    Attributes:
        cx_px, cy_px: principal point.
        width_px, height_px: image size.
        polynomial: float64 `6`, k0 ... k5, ascending, in rad and px; k0 must be 0. Fewer are filled up with zeros.
        polynomial_direction: "angle_from_radius" (theta = polynomial(r), "bw") or "radius_from_angle" ("fw").
        linear_cde: float64 `3`, (c, d, e) of A.
    """

    cx_px: float
    cy_px: float
    width_px: int
    height_px: int
    polynomial: Float[np.ndarray, "k"]
    polynomial_direction: str
    linear_cde: Float[np.ndarray, "3"] = (1.0, 0.0, 0.0)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("cx_px", "cy_px"):
            object.__setattr__(self, name, float(getattr(self, name)))
        given = np.asarray(self.polynomial, dtype=np.float64)
        if given.ndim != 1 or not 2 <= len(given) <= _NUM_COEFFICIENTS:
            raise ValueError(f"polynomial has shape {given.shape}; expected 2 to {_NUM_COEFFICIENTS} coefficients")
        if len(given) < _NUM_COEFFICIENTS:
            given = np.concatenate([given, np.zeros(_NUM_COEFFICIENTS - len(given))])
        object.__setattr__(self, "polynomial", frozen_array(given, np.float64, (_NUM_COEFFICIENTS,), "polynomial"))
        object.__setattr__(self, "linear_cde", frozen_array(self.linear_cde, np.float64, (3,), "linear_cde"))
        if self.polynomial_direction not in (ANGLE_FROM_RADIUS, RADIUS_FROM_ANGLE):
            raise ValueError(
                f"polynomial_direction is {self.polynomial_direction!r}; expected {ANGLE_FROM_RADIUS} or "
                f"{RADIUS_FROM_ANGLE}"
            )

    @property
    def max_angle_rad(self) -> float:
        """Angle from the optical axis that covers the whole image, at most the lens's limit."""
        return self._curve.limit if self._is_forward else self._curve.end_value

    def radius_px(self, angle_rad: Float[np.ndarray, "*n"] | float) -> Float[np.ndarray, "*n"]:
        """The radius r, px, at angles `*n` from the optical axis, rad, in [0, pi]."""
        angle_rad = np.asarray(angle_rad, dtype=np.float64)
        return self._curve.value(angle_rad) if self._is_forward else self._curve.inverse(angle_rad)

    def angle_rad(self, radius_px: Float[np.ndarray, "*n"] | float) -> Float[np.ndarray, "*n"]:
        """Angle from the optical axis, rad, at radii `*n`: the inverse of `radius_px`."""
        radius_px = np.asarray(radius_px, dtype=np.float64)
        return self._curve.inverse(radius_px) if self._is_forward else self._curve.value(radius_px)

    def project(
        self, points_camera: Float[np.ndarray, "*n 3"]
    ) -> tuple[Float[np.ndarray, "*n 2"], Float[np.ndarray, "*n"], Bool[np.ndarray, "*n"]]:
        """Pixels `*n 2`, depths `*n` (the coordinate z, m) and visibility `*n` of points in the camera frame, m.

        Visible are points at an angle that the lens can see and inside the image; such a point may have a negative z.
        """
        points = np.asarray(points_camera, dtype=np.float64)
        shape, points = points.shape[:-1], points.reshape(-1, 3)
        angle_rad, direction, visible = angle_and_direction(points)
        pixels = (self.radius_px(angle_rad)[:, None] * direction) @ self._affine.T + (self.cx_px, self.cy_px)
        visible &= (angle_rad <= self.max_angle_rad) & inside_image(pixels, self.width_px, self.height_px)
        return pixels.reshape(*shape, 2), points[:, 2].reshape(shape).copy(), visible.reshape(shape)

    def unproject(self, pixels: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 3"]:
        """Unit rays `*n 3` in the camera frame through pixels `*n 2`.

        Pixels that no ray reaches get the ray of their side at the angle where the linear continuation has them, at
        most straight backwards.
        """
        pixels = np.asarray(pixels, dtype=np.float64)
        shape, offsets = pixels.shape[:-1], self._offsets(pixels.reshape(-1, 2))
        angle_rad = self.angle_rad(np.hypot(offsets[:, 0], offsets[:, 1]))
        return rays_at(angle_rad, offsets).reshape(*shape, 3)

    def resized(self, width_px: int, height_px: int) -> FThetaCamera:
        """The camera of the same image scaled to another size; the aspect may change.

        Radii scale with the height; where the width scales differently, c and d take the ratio, which A = [[c, d],
        [e, 1]] expresses exactly.
        """
        require_image(width_px, height_px)
        scale_x, scale_y = width_px / self.width_px, height_px / self.height_px
        powers = np.arange(_NUM_COEFFICIENTS)
        c, d, e = self.linear_cde
        return dataclasses.replace(
            self,
            cx_px=self.cx_px * scale_x,
            cy_px=self.cy_px * scale_y,
            width_px=width_px,
            height_px=height_px,
            polynomial=self.polynomial * scale_y if self._is_forward else self.polynomial / scale_y**powers,
            linear_cde=np.array([c * scale_x / scale_y, d * scale_x / scale_y, e]),
        )

    def cropped(self, left_px: int, top_px: int, width_px: int, height_px: int) -> FThetaCamera:
        """The camera of a part of the image, its upper left corner at (left, top); it may reach over the edges.

        The polynomial then holds up to the part's own farthest corner.
        """
        require_image(width_px, height_px)
        cx_px, cy_px = self.cx_px - left_px, self.cy_px - top_px
        return dataclasses.replace(self, cx_px=cx_px, cy_px=cy_px, width_px=width_px, height_px=height_px)

    def radial_profile(self) -> RadialProfile:
        """The lens for compiled code, r in pixels: exact for "radius_from_angle", else fitted to 0.01 px.

        Raises:
            ValueError: no polynomial of degree 13 or less is near enough.
        """
        curve = self._curve
        if self._is_forward:
            coefficients, max_radius, slope = np.array(curve.coefficients), curve.end_value, curve.end_slope
        else:
            coefficients = fitted_radius(curve.inverse, self.max_angle_rad, _PROFILE_TOLERANCE_PX)
            max_radius, slope = curve.limit, 1.0 / curve.end_slope
        return RadialProfile(
            coefficients=coefficients,
            max_angle_rad=self.max_angle_rad,
            max_radius=max_radius,
            slope=slope,
            affine=self._affine,
            center=np.array([self.cx_px, self.cy_px]),
        )

    def validate(self) -> None:
        """Raises ValueError naming the field that is wrong."""
        require_image(self.width_px, self.height_px)
        require_finite(cx_px=self.cx_px, cy_px=self.cy_px)
        require_finite(polynomial=self.polynomial, linear_cde=self.linear_cde)
        c, d, e = self.linear_cde
        if not c - d * e > 0:
            raise ValueError(f"linear_cde is [{c:g}, {d:g}, {e:g}]; expected [[c, d], [e, 1]] to keep the orientation")
        k0, k1 = self.polynomial[:2]
        tolerance = 1e-3 if self._is_forward else 1e-6
        if abs(k0) > tolerance:
            raise ValueError(f"polynomial starts with k0 = {k0:g}; expected 0, the optical axis at the principal point")
        if not k1 > 0:
            raise ValueError(f"polynomial is not monotone: it has k1 = {k1:g}; expected a positive slope on the axis")
        reach_px = self._curve.end_value if self._is_forward else self._curve.limit
        require_reach("polynomial", (c * reach_px, reach_px), self.width_px, self.height_px)
        self.radial_profile()

    @property
    def _is_forward(self) -> bool:
        return self.polynomial_direction == RADIUS_FROM_ANGLE

    @property
    def _affine(self) -> np.ndarray:
        c, d, e = self.linear_cde
        return np.array([[c, d], [e, 1.0]])

    @property
    def _curve(self) -> RisingPolynomial:
        """r(theta) or theta(r), whichever the polynomial is, cut at the farthest corner of the image."""
        corners = self._offsets(image_corners(self.width_px, self.height_px))
        farthest_px = float(np.hypot(corners[:, 0], corners[:, 1]).max())
        coefficients = (0.0, *self.polynomial[1:].tolist())
        return _radius_curve(coefficients, farthest_px) if self._is_forward else _angle_curve(coefficients, farthest_px)

    def _offsets(self, pixels: np.ndarray) -> np.ndarray:
        """Vectors r * direction of pixels `n 2`."""
        return (pixels - (self.cx_px, self.cy_px)) @ np.linalg.inv(self._affine).T


@lru_cache(maxsize=256)
def _radius_curve(coefficients: tuple[float, ...], farthest_px: float) -> RisingPolynomial:
    curve = RisingPolynomial(
        coefficients=coefficients, limit=rising_limit(coefficients, np.linspace(0.0, math.pi, _NUM_SAMPLES))
    )
    if curve.end_value <= farthest_px:
        return curve
    return RisingPolynomial(coefficients=coefficients, limit=float(curve.inverse(np.array(farthest_px))))


@lru_cache(maxsize=256)
def _angle_curve(coefficients: tuple[float, ...], farthest_px: float) -> RisingPolynomial:
    curve = RisingPolynomial(
        coefficients=coefficients, limit=rising_limit(coefficients, np.linspace(0.0, farthest_px, _NUM_SAMPLES))
    )
    if curve.end_value <= math.pi:
        return curve
    return RisingPolynomial(coefficients=coefficients, limit=float(curve.inverse(np.array(math.pi))))
