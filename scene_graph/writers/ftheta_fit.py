"""The f-theta lens nearest to another one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from scene_graph.cameras import Camera, FisheyeCamera, FThetaCamera, PinholeCamera
from scene_graph.cameras.ftheta import ANGLE_FROM_RADIUS, RADIUS_FROM_ANGLE

__all__ = ["ftheta_fit"]

_DEGREE = 5
_NUM_ANGLES = 400
_GRID = (41, 31)


def ftheta_fit(camera: Camera) -> tuple[FThetaCamera, float]:
    """An f-theta camera near `camera`, and how far it is off, px: the largest distance over a grid of its image.

    An f-theta camera is returned as it is. Of both directions of the polynomial, fitted by least squares in pixels, the
    better one is taken. Only what is symmetric about the optical axis can be met: tangential distortion cannot.

    Raises:
        ValueError: no polynomial of this degree describes the lens.
    """
    if isinstance(camera, FThetaCamera):
        return camera, 0.0
    fits = []
    problem: ValueError | None = None
    for direction in (ANGLE_FROM_RADIUS, RADIUS_FROM_ANGLE):
        try:
            fit = _fitted(camera, direction)
            fit.validate()
            fits.append((fit, _largest_error_px(camera, fit)))
        except ValueError as error:
            problem = error
    if not fits:
        raise ValueError(f"no f-theta lens is near it: {problem}") from problem
    return min(fits, key=lambda pair: pair[1])


def _fitted(camera: PinholeCamera | FisheyeCamera, direction: str) -> FThetaCamera:
    angle_rad = camera.max_angle_rad * (0.5 - 0.5 * np.cos(np.pi * (np.arange(_NUM_ANGLES) + 0.5) / _NUM_ANGLES))
    rays = np.stack([np.zeros(_NUM_ANGLES), np.sin(angle_rad), np.cos(angle_rad)], axis=1)
    radius_px = camera.project(rays)[0][:, 1] - camera.cy_px
    if direction == ANGLE_FROM_RADIUS:
        # an error of the angle counts as many pixels as the curve is steep
        polynomial = _least_squares(radius_px, angle_rad, np.gradient(radius_px, angle_rad))
    else:
        polynomial = _least_squares(angle_rad, radius_px, np.ones(_NUM_ANGLES))
    return FThetaCamera(
        cx_px=camera.cx_px,
        cy_px=camera.cy_px,
        width_px=camera.width_px,
        height_px=camera.height_px,
        polynomial=polynomial,
        polynomial_direction=direction,
        linear_cde=np.array([camera.fx_px / camera.fy_px, 0.0, 0.0]),
    )


def _least_squares(
    x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"], weights: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "k"]:
    """Coefficients, ascending, of the polynomial through the origin nearest to y(x)."""
    powers = np.arange(1, _DEGREE + 1)
    basis = (x / x[-1])[:, None] ** powers
    solution = np.linalg.lstsq(basis * weights[:, None], y * weights, rcond=None)[0]
    return np.concatenate([[0.0], solution / x[-1] ** powers])


def _largest_error_px(camera: Camera, fit: FThetaCamera) -> float:
    columns, rows = (
        (np.arange(count) + 0.5) * size / count
        for count, size in zip(_GRID, (camera.width_px, camera.height_px), strict=True)
    )
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    corners = np.array([[0, 0], [camera.width_px, 0], [0, camera.height_px], [camera.width_px, camera.height_px]])
    rays = camera.unproject(np.concatenate([pixels, corners * (1 - 1e-9)]))
    seen, _, visible = camera.project(rays)
    if not visible.any():
        raise ValueError("it sees nothing")
    return float(np.linalg.norm(fit.project(rays)[0] - seen, axis=1)[visible].max())
