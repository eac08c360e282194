"""The pinhole camera with OpenCV's distortion."""

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

__all__ = ["PinholeCamera"]

_STEEPEST = 1e6  # the tangent that stands for 90 degrees and more, so that pixels stay finite
_WIDEST = 1e3  # the tangent up to which distortion is followed at most: 89.9 degrees, and no overflow in float32
_TANGENTS = np.append(np.linspace(0.0, 10.0, 4001), np.geomspace(10.0, _WIDEST, 1001)[1:])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PinholeCamera:
    """A perspective camera, with the radial and tangential distortion of OpenCV's calib3d module.

    Pixels are continuous: the centre of the first one is at (0.5, 0.5). Take OpenCV's principal point plus 0.5.

    Attributes:
        fx_px, fy_px: focal lengths.
        cx_px, cy_px: principal point.
        width_px, height_px: image size.
        distortion: float64 `5`, (k1, k2, p1, p2, k3).
    """

    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    width_px: int
    height_px: int
    distortion: Float[np.ndarray, "5"] = (0.0, 0.0, 0.0, 0.0, 0.0)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("fx_px", "fy_px", "cx_px", "cy_px"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "distortion", frozen_array(self.distortion, np.float64, (5,), "distortion"))

    @property
    def max_radius(self) -> float:
        """Tangent of the angle from the axis at which the radial distortion folds back: inf without distortion.

        Beyond it nothing is visible: pixels continue linearly, so that nothing folds into the image. Distortion that
        never folds back is followed up to 1000, which is 89.9 degrees.
        """
        return self._radial.limit if self.distortion.any() else math.inf

    @property
    def max_angle_rad(self) -> float:
        """Angle from the optical axis that covers the whole image, at most the lens's limit."""
        rays = self.unproject(image_corners(self.width_px, self.height_px))
        widest = float(np.arctan2(np.hypot(rays[:, 0], rays[:, 1]), rays[:, 2]).max())
        return min(widest, math.atan(self.max_radius))

    def project(
        self, points_camera: Float[np.ndarray, "*n 3"]
    ) -> tuple[Float[np.ndarray, "*n 2"], Float[np.ndarray, "*n"], Bool[np.ndarray, "*n"]]:
        """Pixels `*n 2`, depths `*n` (the coordinate z, m) and visibility `*n` of points in the camera frame, m.

        Visible are points in front of the camera, inside the lens's field and inside the image. Others have finite
        pixels too: those at and behind the camera's plane lie far outside, on their side of the image.
        """
        points = np.asarray(points_camera, dtype=np.float64)
        shape, points = points.shape[:-1], points.reshape(-1, 3)
        depth_m = points[:, 2].copy()
        nearest = np.maximum(depth_m, np.hypot(points[:, 0], points[:, 1]) / _STEEPEST)
        ideal = points[:, :2] / np.where(nearest > 0, nearest, 1.0)[:, None]
        radius = np.hypot(ideal[:, 0], ideal[:, 1])
        pixels = self._distorted(ideal) * (self.fx_px, self.fy_px) + (self.cx_px, self.cy_px)
        inside = inside_image(pixels, self.width_px, self.height_px)
        visible = (depth_m > 0) & (radius <= self.max_radius) & inside
        return pixels.reshape(*shape, 2), depth_m.reshape(shape), visible.reshape(shape)

    def unproject(self, pixels: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 3"]:
        """Unit rays `*n 3` in the camera frame through pixels `*n 2`, inside the image or outside."""
        pixels = np.asarray(pixels, dtype=np.float64)
        shape, pixels = pixels.shape[:-1], pixels.reshape(-1, 2)
        ideal = self._undistorted((pixels - (self.cx_px, self.cy_px)) / (self.fx_px, self.fy_px))
        rays = np.concatenate([ideal, np.ones((len(ideal), 1))], axis=-1)
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        return rays.reshape(*shape, 3)

    def resized(self, width_px: int, height_px: int) -> PinholeCamera:
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

    def cropped(self, left_px: int, top_px: int, width_px: int, height_px: int) -> PinholeCamera:
        """The camera of a part of the image, its upper left corner at (left, top); it may reach over the edges."""
        require_image(width_px, height_px)
        cx_px, cy_px = self.cx_px - left_px, self.cy_px - top_px
        return dataclasses.replace(self, cx_px=cx_px, cy_px=cy_px, width_px=width_px, height_px=height_px)

    def validate(self) -> None:
        """Raises ValueError naming the field that is wrong."""
        require_image(self.width_px, self.height_px)
        require_focal(fx_px=self.fx_px, fy_px=self.fy_px)
        require_finite(cx_px=self.cx_px, cy_px=self.cy_px, distortion=self.distortion)
        if self.distortion.any():
            reach = self._radial.end_value
            require_reach("distortion", (reach * self.fx_px, reach * self.fy_px), self.width_px, self.height_px)
        # the slope of the tangential part is at most six times its coefficients' length times the radius
        bend = 6.0 * math.hypot(*self.distortion[2:4]) * math.tan(self.max_angle_rad)
        if bend > 0.5:
            p1, p2 = self.distortion[2:4]
            raise ValueError(
                f"distortion has p1 {p1:g}, p2 {p2:g}, too large to be inverted towards the image's corners; "
                f"expected the order k1, k2, p1, p2, k3 and a tangential part below 0.01"
            )

    @property
    def _radial(self) -> RisingPolynomial:
        k1, k2, _, _, k3 = self.distortion.tolist()
        return _radial_curve(k1, k2, k3)

    def _distorted(self, ideal: np.ndarray) -> np.ndarray:
        if not self.distortion.any():
            return ideal
        radius = np.hypot(ideal[:, 0], ideal[:, 1])
        scale = self._radial.value(radius) / np.where(radius == 0, 1.0, radius)
        return ideal * scale[:, None] + self._tangential(ideal, radius)

    def _tangential(self, ideal: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """The decentring term, which beyond `max_radius` stays what it is there."""
        p1, p2 = self.distortion[2:4]
        shrink = np.minimum(radius, self.max_radius) / np.where(radius == 0, 1.0, radius)
        x, y = ideal[:, 0] * shrink, ideal[:, 1] * shrink
        square = x * x + y * y
        across = 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x)
        down = p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y
        return np.stack([across, down], axis=-1)

    def _undistorted(self, distorted: np.ndarray) -> np.ndarray:
        """Inverts `_distorted`: exactly for the radial part, by fixed-point steps for the small tangential one."""
        if not self.distortion.any():
            return distorted
        radially_distorted = distorted
        for _ in range(100):
            radius = np.hypot(radially_distorted[:, 0], radially_distorted[:, 1])
            ideal_radius = self._radial.inverse(radius)
            ideal = radially_distorted * (ideal_radius / np.where(radius == 0, 1.0, radius))[:, None]
            following = distorted - self._tangential(ideal, ideal_radius)
            moved = float(np.abs(following - radially_distorted).max(initial=0.0))
            radially_distorted = following
            if moved < 1e-12:
                break
        return ideal


@lru_cache(maxsize=256)
def _radial_curve(k1: float, k2: float, k3: float) -> RisingPolynomial:
    coefficients = (0.0, 1.0, 0.0, k1, 0.0, k2, 0.0, k3)
    return RisingPolynomial(coefficients=coefficients, limit=rising_limit(coefficients, _TANGENTS))
