"""OpenCV's equidistant fisheye camera."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float

from scene_graph.arrays import frozen_array
from scene_graph.cameras.image_plane import (
    image_corners,
    inside_image,
    require_finite,
    require_focal,
    require_image,
    require_reach,
)
from scene_graph.cameras.monotone import RisingPolynomial, rising_limit
from scene_graph.cameras.radial import RadialProfile, angle_and_direction, rays_at

__all__ = ["FisheyeCamera"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FisheyeCamera:
    """A fisheye lens after Kannala and Brandt (2006), as in OpenCV's fisheye module; it may see behind itself.

    At the angle theta from the optical axis, pixel = (fx, fy) * theta_d * direction + (cx, cy) with
    theta_d = theta * (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8). Pixels are continuous: the centre of
    the first one is at (0.5, 0.5). Take OpenCV's principal point plus 0.5.

    Attributes:
        fx_px, fy_px: focal lengths, pixels per radian on the axis.
        cx_px, cy_px: principal point.
        width_px, height_px: image size.
        coefficients: float64 `4`, (k1, k2, k3, k4).
    """

    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    width_px: int
    height_px: int
    coefficients: Float[np.ndarray, "4"] = (0.0, 0.0, 0.0, 0.0)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("fx_px", "fy_px", "cx_px", "cy_px"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "coefficients", frozen_array(self.coefficients, np.float64, (4,), "coefficients"))

    @property
    def max_angle_rad(self) -> float:
        """Angle from the optical axis that covers the whole image, at most the lens's limit."""
        corners = self._scaled(image_corners(self.width_px, self.height_px))
        widest = self._curve.inverse(np.hypot(corners[:, 0], corners[:, 1]).max(keepdims=True))
        return min(float(widest[0]), self._curve.limit)

    def project(
        self, points_camera: Float[np.ndarray, "*n 3"]
    ) -> tuple[Float[np.ndarray, "*n 2"], Float[np.ndarray, "*n"], Bool[np.ndarray, "*n"]]:
        """Pixels `*n 2`, depths `*n` (the coordinate z, m) and visibility `*n` of points in the camera frame, m.

        Visible are points at an angle that the lens can see and inside the image; such a point may have a negative z.
        Beyond the angle at which theta_d folds back, pixels continue linearly and nothing is visible.
        """
        points = np.asarray(points_camera, dtype=np.float64)
        shape, points = points.shape[:-1], points.reshape(-1, 3)
        angle_rad, direction, visible = angle_and_direction(points)
        scaled = self._curve.value(angle_rad)[:, None] * direction
        pixels = scaled * (self.fx_px, self.fy_px) + (self.cx_px, self.cy_px)
        visible &= (angle_rad <= self._curve.limit) & inside_image(pixels, self.width_px, self.height_px)
        return pixels.reshape(*shape, 2), points[:, 2].reshape(shape).copy(), visible.reshape(shape)

    def unproject(self, pixels: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 3"]:
        """Unit rays `*n 3` in the camera frame through pixels `*n 2`.

        Pixels that no ray reaches get the ray of their side at the angle where the linear continuation has them, at
        most straight backwards.
        """
        pixels = np.asarray(pixels, dtype=np.float64)
        shape, scaled = pixels.shape[:-1], self._scaled(pixels.reshape(-1, 2))
        angle_rad = self._curve.inverse(np.hypot(scaled[:, 0], scaled[:, 1]))
        return rays_at(angle_rad, scaled).reshape(*shape, 3)

    def resized(self, width_px: int, height_px: int) -> FisheyeCamera:
        """The camera of the same image scaled to another size; the aspect may change."""
        require_image(width_px, height_px)
        scale_x, scale_y = width_px / self.width_px, height_px / self.height_px
        return dataclasses.replace(
            self,
            fx_px=self.fx_px * scale_x,
            fy_px=self.fy_px * scale_y,
            cx_px=self.cx_px * scale_x,
            cy_px=self.cy_px * scale_y,
            width_px=width_px,
            height_px=height_px,
        )

    def cropped(self, left_px: int, top_px: int, width_px: int, height_px: int) -> FisheyeCamera:
        """The camera of a part of the image, its upper left corner at (left, top); it may reach over the edges."""
        require_image(width_px, height_px)
        cx_px, cy_px = self.cx_px - left_px, self.cy_px - top_px
        return dataclasses.replace(self, cx_px=cx_px, cy_px=cy_px, width_px=width_px, height_px=height_px)

    def radial_profile(self) -> RadialProfile:
        """The lens for compiled code; exact, with r = theta_d."""
        curve = self._curve
        return RadialProfile(
            coefficients=np.array(curve.coefficients),
            max_angle_rad=curve.limit,
            max_radius=curve.end_value,
            slope=curve.end_slope,
            affine=np.diag([self.fx_px, self.fy_px]),
            center=np.array([self.cx_px, self.cy_px]),
        )

    def validate(self) -> None:
        """Raises ValueError naming the field that is wrong."""
        require_image(self.width_px, self.height_px)
        require_focal(fx_px=self.fx_px, fy_px=self.fy_px)
        require_finite(cx_px=self.cx_px, cy_px=self.cy_px, coefficients=self.coefficients)
        reach = self._curve.end_value
        require_reach("coefficients", (reach * self.fx_px, reach * self.fy_px), self.width_px, self.height_px)

    @property
    def _curve(self) -> RisingPolynomial:
        return _distorted_angle(*self.coefficients.tolist())

    def _scaled(self, pixels: np.ndarray) -> np.ndarray:
        return (pixels - (self.cx_px, self.cy_px)) / (self.fx_px, self.fy_px)


@lru_cache(maxsize=256)
def _distorted_angle(k1: float, k2: float, k3: float, k4: float) -> RisingPolynomial:
    coefficients = (0.0, 1.0, 0.0, k1, 0.0, k2, 0.0, k3, 0.0, k4)
    return RisingPolynomial(
        coefficients=coefficients, limit=rising_limit(coefficients, np.linspace(0.0, math.pi, 4001))
    )
