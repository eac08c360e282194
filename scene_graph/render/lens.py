"""Any camera of the package -> the flat record that the kernels read."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from scene_graph.cameras.pinhole import PinholeCamera
from scene_graph.cameras.rig import Camera
from scene_graph.render.kernels.lens import Lens

__all__ = ["NEAR_M", "lens_of"]

NEAR_M = 0.05
WIDE_RAD = np.radians(85.0)
CLIP_MARGIN_RAD = np.radians(4.0)
CHORD_ERROR_PX = 0.1


def lens_of(camera: Camera) -> Lens:
    """The compiled form of a camera; its polynomial follows the camera to 0.01 px."""
    if isinstance(camera, PinholeCamera):
        k1, k2, p1, p2, k3 = camera.distortion
        bends = bool(np.any(np.asarray(camera.distortion) != 0))
        limit = float(min(camera.max_radius, 1e6))
        affine = np.diag([camera.fx_px, camera.fy_px])
        center = np.array([camera.cx_px, camera.cy_px])
        coefficients = np.array([k1, k2, k3, p1, p2])
        r2 = limit**2
        limit_radius = limit * (1 + r2 * (k1 + r2 * (k2 + r2 * k3)))
        limit_slope = 1 + r2 * (3 * k1 + r2 * (5 * k2 + r2 * 7 * k3))
        wide = False
    else:
        profile = camera.radial_profile()
        bends = True
        limit, limit_radius, limit_slope = profile.max_angle_rad, profile.max_radius, profile.slope
        affine, center = profile.affine, profile.center
        coefficients = np.asarray(profile.coefficients)[1:]  # the first is the constant, which is zero
        wide = camera.max_angle_rad >= WIDE_RAD
    clip_angle = min(camera.max_angle_rad + CLIP_MARGIN_RAD, np.radians(179.0))
    real = np.float32
    return Lens(
        radial=not isinstance(camera, PinholeCamera),
        bends=bends,
        wide=bool(wide),
        width_px=real(camera.width_px),
        height_px=real(camera.height_px),
        center_x=real(center[0]),
        center_y=real(center[1]),
        affine_xx=real(affine[0, 0]),
        affine_xy=real(affine[0, 1]),
        affine_yx=real(affine[1, 0]),
        affine_yy=real(affine[1, 1]),
        coefficients=np.ascontiguousarray(coefficients, dtype=np.float32),
        limit=real(limit),
        limit_radius=real(limit_radius),
        limit_slope=real(max(limit_slope, 0.0)),
        near_m=real(NEAR_M),
        clip_cosine=real(np.cos(clip_angle)),
        straight_px=real(_straight_chord_px(camera) if bends else 1e6),
        focal_px=real(_focal_px(camera)),
    )


def _focal_px(camera: Camera) -> float:
    """Pixels a radian on the optical axis."""
    step = 1e-4
    ray = np.array([[0.0, 0.0, 1.0], [np.sin(step), 0.0, np.cos(step)], [0.0, np.sin(step), np.cos(step)]])
    pixels, _, _ = camera.project(ray)
    area = abs(float(np.linalg.det(pixels[1:] - pixels[0])))
    return float(np.sqrt(area)) / step


def _straight_chord_px(camera: Camera) -> float:
    """Length of the longest chord that the image of a straight line leaves by at most CHORD_ERROR_PX.

    The curvature of great circles' images is sampled on a grid of pixels in eight directions.
    """
    grid = np.linspace(0.01, 0.99, 17)
    pixels = np.stack(np.meshgrid(grid * camera.width_px, grid * camera.height_px), axis=-1).reshape(-1, 2)
    rays = camera.unproject(pixels)
    rays = rays[camera.project(rays)[2]]
    helper = np.where(np.abs(rays[:, :1]) < 0.9, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    first = np.cross(rays, helper)
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    second = np.cross(rays, first)
    curvatures = [_curvature(camera, rays, first * np.cos(a) + second * np.sin(a)) for a in np.arange(8) * np.pi / 8]
    worst = float(np.max(curvatures))
    return float(np.clip(np.sqrt(8 * CHORD_ERROR_PX / max(worst, 1e-12)), 1.0, 1e6))


def _curvature(
    camera: Camera, rays: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, " n"]:
    """Curvature (1/px) at the pixels of `rays` of the images of the great circles in `directions`."""
    step = 0.01
    before, _, _ = camera.project(rays * np.cos(step) - directions * np.sin(step))
    here, _, _ = camera.project(rays)
    after, _, _ = camera.project(rays * np.cos(step) + directions * np.sin(step))
    chord = after - before
    length = np.maximum(np.linalg.norm(chord, axis=-1), 1e-9)
    sagitta = np.abs((here[:, 0] - before[:, 0]) * chord[:, 1] - (here[:, 1] - before[:, 1]) * chord[:, 0]) / length
    return 8 * sagitta / length**2
