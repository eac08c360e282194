"""Plausible cameras, for hypothesis."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st
from strategies import composite

from scene_graph.cameras import FisheyeCamera, FThetaCamera, PinholeCamera

sizes = st.tuples(st.integers(200, 2500), st.integers(200, 2500))


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


@composite
def image(draw: st.DrawFn) -> dict[str, float]:
    width_px, height_px = draw(sizes)
    return {
        "width_px": width_px,
        "height_px": height_px,
        "cx_px": width_px * draw(floats(0.4, 0.6)),
        "cy_px": height_px * draw(floats(0.4, 0.6)),
    }


@composite
def pinholes(draw: st.DrawFn) -> PinholeCamera:
    """Fields of view up to 80 degrees from side to side, barrel or pincushion, some folding back inside the image."""
    plane = draw(image())
    fx_px = plane["width_px"] * draw(floats(0.6, 3.0))
    radial = [draw(floats(-0.35, 0.3)), draw(floats(-0.1, 0.1)), draw(floats(-0.05, 0.1))]
    p1, p2 = draw(floats(-1e-3, 1e-3)), draw(floats(-1e-3, 1e-3))
    distortion = draw(
        st.sampled_from([[0.0] * 5, [*radial[:2], p1, p2, radial[2]], [*radial[:2], 0.0, 0.0, radial[2]]])
    )
    return PinholeCamera(fx_px=fx_px, fy_px=fx_px * draw(floats(0.9, 1.1)), distortion=np.array(distortion), **plane)


@composite
def fisheyes(draw: st.DrawFn) -> FisheyeCamera:
    """Up to 250 degrees over the diagonal of the image."""
    plane = draw(image())
    half_diagonal_px = 0.5 * math.hypot(plane["width_px"], plane["height_px"])
    fx_px = half_diagonal_px / draw(floats(0.6, 2.2))
    return FisheyeCamera(
        fx_px=fx_px,
        fy_px=fx_px * draw(floats(0.95, 1.05)),
        coefficients=np.array([draw(floats(-bound, bound)) for bound in (0.05, 0.01, 1e-3, 1e-4)]),
        **plane,
    )


@composite
def fthetas(draw: st.DrawFn) -> FThetaCamera:
    """Either direction, 20 to 230 degrees over the diagonal, slightly curved, with a linear part."""
    plane = draw(image())
    half_diagonal_px = 0.5 * math.hypot(plane["width_px"], plane["height_px"])
    half_angle_rad = draw(floats(0.17, 2.0))
    bends = np.array([draw(floats(-0.015, 0.015)) for _ in range(4)])
    shape = np.concatenate([[0.0, 1.0], bends])
    if draw(st.booleans()):
        direction, polynomial = "angle_from_radius", shape * half_angle_rad / half_diagonal_px ** np.arange(6)
    else:
        direction, polynomial = "radius_from_angle", shape * half_diagonal_px / half_angle_rad ** np.arange(6)
    linear = [draw(floats(0.95, 1.05)), draw(floats(-0.02, 0.02)), draw(floats(-0.02, 0.02))]
    return FThetaCamera(
        polynomial=polynomial,
        polynomial_direction=direction,
        linear_cde=np.array(draw(st.sampled_from([[1.0, 0.0, 0.0], linear]))),
        **plane,
    )


cameras = st.one_of(pinholes(), fisheyes(), fthetas())


def image_grid(camera: PinholeCamera | FisheyeCamera | FThetaCamera, count: int = 9) -> np.ndarray:
    """Pixels `n 2` evenly over the image, the edges included but for the last 1e-6 of it."""
    x = np.linspace(0.0, camera.width_px - 1e-6, count)
    y = np.linspace(0.0, camera.height_px - 1e-6, count)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def angles_rad(rays: np.ndarray) -> np.ndarray:
    """Angles of rays `n 3` from the optical axis."""
    return np.arctan2(np.hypot(rays[..., 0], rays[..., 1]), rays[..., 2])
