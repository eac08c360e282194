"""Camera models as the kernels see them: one projection for every lens."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from scene_graph.render.kernels.compiled import compiled

__all__ = ["Lens", "project"]

F = np.float32


class Lens(NamedTuple):
    """A camera's projection, flattened for compiled code; all numbers float32.

    A perspective lens divides by z, bends by OpenCV's radial and tangential terms, and applies `affine`. A radial
    lens turns the angle from the optical axis into a radius by a polynomial, and applies `affine`. Beyond the limit
    (tangent of the angle, or angle) both continue in a straight line, so that nothing folds back into the image.

    Attributes:
        radial: whether the radius is a polynomial of the angle (f-theta, fisheye) or of its tangent (pinhole).
        bends: whether straight lines in space are curved in the image.
        wide: whether the lens sees 85 degrees from its axis or more: depth is then the distance from the camera
            and clipping is by angle; else depth is z and clipping is by the plane z = near.
        width_px, height_px: image size.
        center_x, center_y: principal point, px.
        affine_xx, affine_xy, affine_yx, affine_yy: px a unit of radius.
        coefficients: radial: of angle^1, angle^2, ...; perspective: k1, k2, k3, p1, p2.
        limit: angle, or tangent of the angle, from which the projection continues in a straight line.
        limit_radius, limit_slope: radius at the limit, and its derivative there.
        near_m: distance (plane or sphere) in front of which nothing is drawn.
        clip_cosine: wide lenses: cosine of the angle beyond which nothing is drawn.
        straight_px: a chord up to this length leaves the curve that it replaces by less than a tenth of a pixel.
        focal_px: px a radian on the axis, for widths given in metres.
    """

    radial: bool
    bends: bool
    wide: bool
    width_px: np.float32
    height_px: np.float32
    center_x: np.float32
    center_y: np.float32
    affine_xx: np.float32
    affine_xy: np.float32
    affine_yx: np.float32
    affine_yy: np.float32
    coefficients: np.ndarray
    limit: np.float32
    limit_radius: np.float32
    limit_slope: np.float32
    near_m: np.float32
    clip_cosine: np.float32
    straight_px: np.float32
    focal_px: np.float32


@compiled
def project(lens, x, y, z):
    """Pixel (x, y) of a point in the camera frame (m); perspective lenses need z > 0."""
    if lens.radial:
        across = math.sqrt(x * x + y * y)
        angle = math.atan2(across, z)
        if angle <= lens.limit:
            radius = F(0)
            for k in range(lens.coefficients.size - 1, -1, -1):
                radius = (radius + lens.coefficients[k]) * angle
        else:
            radius = lens.limit_radius + (angle - lens.limit) * lens.limit_slope
        scale = radius / across if across > F(1e-9) else F(0)
        u, v = x * scale, y * scale
    else:
        u, v = x / z, y / z
        if lens.bends:
            r2 = u * u + v * v
            if r2 <= lens.limit * lens.limit:
                k = lens.coefficients
                radial = F(1) + r2 * (k[0] + r2 * (k[1] + r2 * k[2]))
                shear = F(2) * u * v
                bent_u = u * radial + k[3] * shear + k[4] * (r2 + F(2) * u * u)
                v = v * radial + k[3] * (r2 + F(2) * v * v) + k[4] * shear
                u = bent_u
            else:
                r = math.sqrt(r2)
                scale = (lens.limit_radius + (r - lens.limit) * lens.limit_slope) / r
                u, v = u * scale, v * scale
    return (
        lens.affine_xx * u + lens.affine_xy * v + lens.center_x,
        lens.affine_yx * u + lens.affine_yy * v + lens.center_y,
    )
