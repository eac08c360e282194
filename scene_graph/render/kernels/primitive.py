"""Screen primitives: capsules and triangles with planes of depth and colour, and the functions that write them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scene_graph.render.kernels.compiled import compiled, inlined

__all__ = ["CAPSULE", "PRIMITIVE", "TRIANGLE", "Shading", "depth_cue", "depth_key", "write_capsule", "write_triangle"]

F = np.float32
GROWTH_PX = F(0.001)
CAPSULE = 0
TRIANGLE = 1

PRIMITIVE = np.dtype(
    [
        ("kind", np.int32),
        ("owner", np.int32),
        ("left", np.float32),  # bounding box, px
        ("top", np.float32),
        ("right", np.float32),
        ("bottom", np.float32),
        ("depth", np.float32, (3,)),  # depth key = d[0] + d[1] x + d[2] y, larger is nearer
        ("red", np.float32, (3,)),  # 0..255, likewise a plane over the image
        ("green", np.float32, (3,)),
        ("blue", np.float32, (3,)),
        ("shape", np.float32, (9,)),  # triangle: three edges (a, b, c), inside where a x + b y + c >= 0;
        #                               capsule: start x, start y, axis x, axis y, 1/length^2, radius, growth, y scale
    ],
    align=True,
)
"""One screen primitive."""


class Shading(NamedTuple):
    """What a style asks of the kernels; numbers float32.

    Attributes:
        cue_at_camera, cue_slope_per_m: colours (and widths) are multiplied by at_camera - slope * depth, in [0, 1].
        cue_widths: whether widths shrink with that factor too.
        linear_depth: compare depths by far - z, linear in the image, as a GPU does without a perspective divide,
            instead of by 1/z.
        flat_boxes: draw the faces and edges of boxes straight between their projected corners.
        far_m: nothing is drawn beyond.
        brush_y_scale: vertical squeeze of the line brush (1: round).
        shift_px: added to every pixel coordinate.
        least_radius_px: no line gets thinner than this radius.
        width_scale: factor on the widths given in pixels.
    """

    cue_at_camera: np.float32
    cue_slope_per_m: np.float32
    cue_widths: bool
    linear_depth: bool
    flat_boxes: bool
    far_m: np.float32
    brush_y_scale: np.float32
    shift_px: np.float32
    least_radius_px: np.float32
    width_scale: np.float32


@inlined
def depth_cue(shading, depth_m):
    """Factor in [0, 1] by which a thing at this depth is darkened."""
    return min(F(1), max(F(0), shading.cue_at_camera - shading.cue_slope_per_m * depth_m))


@inlined
def depth_key(shading, depth_m):
    """What the depth buffer compares: positive, larger is nearer, and linear over the image."""
    return (shading.far_m - depth_m) if shading.linear_depth else F(1) / depth_m


@inlined
def set_plane(plane, value, slope_x, slope_y, x, y):
    """The plane that has this value at (x, y) and these slopes."""
    plane[0] = value - slope_x * x - slope_y * y
    plane[1] = slope_x
    plane[2] = slope_y


@compiled
def write_capsule(primitive, x0, y0, radius0, key0, x1, y1, radius1, key1, rgb0, rgb1, y_scale, owner):
    """A line piece with round ends, its radius, depth key and colour linear along the axis."""
    dx, dy = x1 - x0, (y1 - y0) * y_scale
    length2 = dx * dx + dy * dy
    inverse = F(1) / length2 if length2 > F(1e-6) else F(0)
    primitive.kind = CAPSULE
    primitive.owner = owner
    primitive.left = min(x0 - radius0, x1 - radius1)
    primitive.right = max(x0 + radius0, x1 + radius1)
    primitive.top = min(y0 - radius0 / y_scale, y1 - radius1 / y_scale)
    primitive.bottom = max(y0 + radius0 / y_scale, y1 + radius1 / y_scale)
    shape = primitive.shape
    shape[0], shape[1], shape[2], shape[3] = x0, y0, dx, dy
    shape[4], shape[5], shape[6], shape[7] = inverse, radius0, radius1 - radius0, y_scale
    along_x, along_y = dx * inverse, dy * y_scale * inverse
    set_plane(primitive.depth, key0, (key1 - key0) * along_x, (key1 - key0) * along_y, x0, y0)
    change = rgb1[0] - rgb0[0]
    set_plane(primitive.red, rgb0[0], change * along_x, change * along_y, x0, y0)
    change = rgb1[1] - rgb0[1]
    set_plane(primitive.green, rgb0[1], change * along_x, change * along_y, x0, y0)
    change = rgb1[2] - rgb0[2]
    set_plane(primitive.blue, rgb0[2], change * along_x, change * along_y, x0, y0)


@inlined
def set_triangle_plane(plane, p, value0, value1, value2, inverse_area):
    """The plane that has these values at the three vertices p = x0, y0, x1, y1, x2, y2."""
    ux, uy, wx, wy = p[2] - p[0], p[3] - p[1], p[4] - p[0], p[5] - p[1]
    du, dw = value1 - value0, value2 - value0
    slope_x, slope_y = (du * wy - dw * uy) * inverse_area, (dw * ux - du * wx) * inverse_area
    set_plane(plane, value0, slope_x, slope_y, p[0], p[1])


@compiled
def write_triangle(primitive, p, keys, rgb, owner):
    """A triangle with pixels p = (x0, y0, x1, y1, x2, y2), depth keys (3) and colours rgb (3 x 3).

    Returns False, writing nothing, where it covers no area.
    """
    ux, uy, wx, wy = p[2] - p[0], p[3] - p[1], p[4] - p[0], p[5] - p[1]
    area = ux * wy - uy * wx
    if abs(area) < F(1e-5):
        return False
    primitive.kind = TRIANGLE
    primitive.owner = owner
    primitive.left, primitive.right = min(p[0], p[2], p[4]), max(p[0], p[2], p[4])
    primitive.top, primitive.bottom = min(p[1], p[3], p[5]), max(p[1], p[3], p[5])
    sign = F(1) if area > 0 else F(-1)
    for k in range(3):
        xa, ya = p[2 * k], p[2 * k + 1]
        xb, yb = p[(2 * k + 2) % 6], p[(2 * k + 3) % 6]
        a, b = (ya - yb) * sign, (xb - xa) * sign
        primitive.shape[3 * k] = a
        primitive.shape[3 * k + 1] = b
        # a thousandth of a pixel larger, so that rounding leaves no gap between neighbours
        primitive.shape[3 * k + 2] = GROWTH_PX * (abs(a) + abs(b)) - (a * xa + b * ya)
    inverse = F(1) / area
    set_triangle_plane(primitive.depth, p, keys[0], keys[1], keys[2], inverse)
    if abs(area) < F(2):
        # the slope of a sliver is noise: one colour
        for plane, c in ((primitive.red, 0), (primitive.green, 1), (primitive.blue, 2)):
            set_plane(plane, (rgb[0, c] + rgb[1, c] + rgb[2, c]) / F(3), F(0), F(0), p[0], p[1])
    else:
        for plane, c in ((primitive.red, 0), (primitive.green, 1), (primitive.blue, 2)):
            set_triangle_plane(plane, p, rgb[0, c], rgb[1, c], rgb[2, c], inverse)
    return True
