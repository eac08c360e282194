"""Polylines in space -> capsules on screen: clipped in 3D, subdivided until the lens no longer shows the chords."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from scene_graph.render.kernels.compiled import compiled, inlined
from scene_graph.render.kernels.lens import project
from scene_graph.render.kernels.primitive import depth_cue, depth_key, write_capsule

__all__ = [
    "RUN",
    "Strips",
    "depth_of",
    "emit_strips",
    "is_bent",
    "is_out_of_sight",
    "is_outside",
    "quarters_are_off",
    "to_camera",
]

F = np.float32
TOLERANCE_PX = F(0.2)
COSINE2_OF_WIDEST_CHORD = F(0.883)  # cos(20 deg) squared
MOST_UNEVEN = F(0.15)
SMALLEST_STEP = F(1.0 / 16384.0)
RUN = 16


class Strips(NamedTuple):
    """Polylines of a scene, one after the other.

    Attributes:
        vertices: float64 `p 3`, world frame, m.
        starts: bool `p`, whether a vertex begins a new polyline.
        rgb: float32 `p 3`, 0..255; the piece that ends at a vertex has this vertex's values.
        width: float32 `p`, px, or m where `metric`.
        metric: bool `p`.
        bias: float32 `p`, factor on the depth key that lifts a line off the surface it lies on.
        flat: bool `p`, an edge of a box, drawn straight where the style says so.
        owner: int32 `p`, what the line belongs to (-1: nothing).
        bounds: float64 `p/RUN 4`, a sphere (centre, radius; m, world frame) around every RUN vertices and the one
            before them, by which whole runs are left out; `0 4`: nothing is left out.
    """

    vertices: np.ndarray
    starts: np.ndarray
    rgb: np.ndarray
    width: np.ndarray
    metric: np.ndarray
    bias: np.ndarray
    flat: np.ndarray
    owner: np.ndarray
    bounds: np.ndarray


@compiled
def is_out_of_sight(lens, shading, rotation, origin, sphere):
    """Whether nothing inside a sphere (centre, radius; m, world frame) can be drawn."""
    x, y, z = to_camera(rotation, origin, sphere)
    radius = F(sphere[3]) + F(0.5)  # and the thickness of lines
    distance = math.sqrt(x * x + y * y + z * z)
    if (distance if lens.wide else z) - radius > shading.far_m:
        return True
    if distance <= radius:
        return False
    if not lens.wide and z + radius < lens.near_m:
        return True
    # outside the cone of half angle a (where the image ends) by more than asin(radius / distance)
    sine_spread = radius / distance
    cosine_spread = math.sqrt(F(1) - sine_spread * sine_spread)
    sine_clip = math.sqrt(max(F(0), F(1) - lens.clip_cosine * lens.clip_cosine))
    if lens.clip_cosine < 0 and sine_spread >= sine_clip:
        return False  # the two angles make a half turn or more
    return z < distance * (lens.clip_cosine * cosine_spread - sine_clip * sine_spread)


@inlined
def to_camera(rotation, origin, vertex):
    """A world point (float64, m) in the camera frame, float32: the subtraction is done in float64."""
    dx, dy, dz = vertex[0] - origin[0], vertex[1] - origin[1], vertex[2] - origin[2]
    return (
        F(rotation[0, 0] * dx + rotation[0, 1] * dy + rotation[0, 2] * dz),
        F(rotation[1, 0] * dx + rotation[1, 1] * dy + rotation[1, 2] * dz),
        F(rotation[2, 0] * dx + rotation[2, 1] * dy + rotation[2, 2] * dz),
    )


@inlined
def depth_of(lens, x, y, z):
    """Depth of a camera point, m: its distance for wide lenses, else its z."""
    return math.sqrt(x * x + y * y + z * z) if lens.wide else z


@inlined
def is_outside(lens, z, depth):
    """Whether a wide lens does not draw this point: too close, or too far from the axis."""
    return depth < lens.near_m or z < lens.clip_cosine * depth


@inlined
def is_bent(lens, shading, ax, ay, az, a_depth, au, av, bx, by, bz, b_depth, bu, bv, mx, my, m_depth, mu, mv, size):
    """Whether the straight screen piece from a to b differs too much from the image of the segment in space.

    m is the middle of the segment in space. Compared are position (px), darkening and width (`size` px), and depth.
    """
    if lens.bends:
        dot = ax * bx + ay * by + az * bz
        a2 = ax * ax + ay * ay + az * az
        b2 = bx * bx + by * by + bz * bz
        if dot < F(0) or dot * dot < COSINE2_OF_WIDEST_CHORD * a2 * b2:
            return True
    du, dv = bu - au, bv - av
    length2 = du * du + dv * dv
    along = F(0.5)
    if length2 > F(1e-4):
        along = ((mu - au) * du + (mv - av) * dv) / length2
        offset = (mu - au) * dv - (mv - av) * du
        if offset * offset > TOLERANCE_PX * TOLERANCE_PX * length2:
            return True
        # where the middle in space is far from the middle on screen, it says little about the piece in between
        if lens.bends and abs(along - F(0.5)) > MOST_UNEVEN and length2 > lens.straight_px * lens.straight_px:
            return True
    straight_cue = depth_cue(shading, a_depth) * (F(1) - along) + depth_cue(shading, b_depth) * along
    if abs(straight_cue - depth_cue(shading, m_depth)) * size > TOLERANCE_PX:
        return True
    key = depth_key(shading, m_depth)
    straight_key = depth_key(shading, a_depth) * (F(1) - along) + depth_key(shading, b_depth) * along
    return lens.bends and abs(straight_key - key) > F(0.01) * abs(key)


@compiled
def quarters_are_off(lens, ax, ay, az, au, av, bx, by, bz, bu, bv):
    """Whether a long straight piece leaves the image of its segment at a quarter or three quarters of the way.

    A curve that turns one way and then the other may cross its chord near the middle.
    """
    du, dv = bu - au, bv - av
    length2 = du * du + dv * dv
    if not lens.bends or length2 < F(16) * lens.straight_px * lens.straight_px:
        return False
    for quarter in range(1, 4, 2):
        f = F(0.25) * F(quarter)
        u, v = project(lens, ax + (bx - ax) * f, ay + (by - ay) * f, az + (bz - az) * f)
        offset = (u - au) * dv - (v - av) * du
        if offset * offset > TOLERANCE_PX * TOLERANCE_PX * length2:
            return True
    return False


@inlined
def radius_of(lens, shading, half_width, metric, depth):
    """Half the width of a line on screen at this depth, px."""
    if metric:
        return max(half_width * lens.focal_px / depth, shading.least_radius_px)
    cue = depth_cue(shading, depth) if shading.cue_widths else F(1)
    return max(half_width * shading.width_scale * cue, shading.least_radius_px)


@compiled
def emit_piece(lens, shading, primitives, count, strips, i, u0, v0, depth0, u1, v1, depth1, rgb0, rgb1):
    """Writes one straight capsule unless it is off screen; returns the new count (which may pass the capacity)."""
    half_width = strips.width[i] * F(0.5)
    r0 = radius_of(lens, shading, half_width, strips.metric[i], depth0)
    r1 = radius_of(lens, shading, half_width, strips.metric[i], depth1)
    u0, v0, u1, v1 = u0 + shading.shift_px, v0 + shading.shift_px, u1 + shading.shift_px, v1 + shading.shift_px
    if (
        max(u0 + r0, u1 + r1) < 0
        or min(u0 - r0, u1 - r1) > lens.width_px
        or max(v0 + r0, v1 + r1) < 0
        or min(v0 - r0, v1 - r1) > lens.height_px
    ):
        return count
    if count < primitives.size:
        cue0, cue1 = depth_cue(shading, depth0), depth_cue(shading, depth1)
        for c in range(3):
            rgb0[c] = strips.rgb[i, c] * cue0
            rgb1[c] = strips.rgb[i, c] * cue1
        key0, key1 = depth_key(shading, depth0) * strips.bias[i], depth_key(shading, depth1) * strips.bias[i]
        write_capsule(
            primitives[count], u0, v0, r0, key0, u1, v1, r1, key1, rgb0, rgb1, shading.brush_y_scale, strips.owner[i]
        )
    return count + 1


@compiled
def emit_segment(lens, shading, primitives, count, strips, i, x0, y0, z0, x1, y1, z1, rgb0, rgb1):
    """Clips and subdivides the segment that ends at vertex i, and writes its pieces; returns the new count."""
    if not lens.wide:
        if (z0 < lens.near_m and z1 < lens.near_m) or (z0 > shading.far_m and z1 > shading.far_m):
            return count
        if z0 < lens.near_m:
            f = (lens.near_m - z0) / (z1 - z0)
            x0, y0, z0 = x0 + (x1 - x0) * f, y0 + (y1 - y0) * f, lens.near_m
        elif z1 < lens.near_m:
            f = (lens.near_m - z1) / (z0 - z1)
            x1, y1, z1 = x1 + (x0 - x1) * f, y1 + (y0 - y1) * f, lens.near_m
    size = max(strips.width[i] * shading.width_scale, F(32))
    margin = size + F(8)
    depth_a = depth_of(lens, x0, y0, z0)
    if lens.wide and depth_a > shading.far_m and depth_of(lens, x1, y1, z1) > shading.far_m:
        return count
    ax, ay, az = x0, y0, z0
    au, av = project(lens, ax, ay, az)
    bx, by, bz = x1, y1, z1
    bu, bv = project(lens, bx, by, bz)
    here, step = F(0), F(1)
    while here < F(1):
        while True:
            depth_b = depth_of(lens, bx, by, bz)
            du, dv = bu - au, bv - av
            near_alike = abs(depth_cue(shading, depth_a) - depth_cue(shading, depth_b)) * size < TOLERANCE_PX
            mx, my, mz = (ax + bx) * F(0.5), (ay + by) * F(0.5), (az + bz) * F(0.5)
            if lens.wide:
                outside = is_outside(lens, az, depth_a), is_outside(lens, bz, depth_b)
                straddles = outside[0] != outside[1]
            else:
                outside = False, False
                straddles = False
            if not straddles and near_alike and du * du + dv * dv < lens.straight_px * lens.straight_px:
                break
            mu, mv = project(lens, mx, my, mz)
            depth_m = depth_of(lens, mx, my, mz)
            if step <= SMALLEST_STEP or not (
                straddles
                or is_bent(
                    lens, shading, ax, ay, az, depth_a, au, av, bx, by, bz, depth_b, bu, bv, mx, my, depth_m, mu, mv,
                    size,
                )
                or quarters_are_off(lens, ax, ay, az, au, av, bx, by, bz, bu, bv)
            ):  # fmt: skip
                break
            reach = margin + F(4) * (abs(mu - (au + bu) * F(0.5)) + abs(mv - (av + bv) * F(0.5)))
            if not straddles and (
                max(au, bu) < -reach
                or min(au, bu) > lens.width_px + reach
                or max(av, bv) < -reach
                or min(av, bv) > lens.height_px + reach
            ):
                break  # off screen, bulge included: no need to look closer
            step *= F(0.5)
            bx, by, bz, bu, bv = mx, my, mz, mu, mv
        if not (outside[0] or outside[1]):
            count = emit_piece(
                lens, shading, primitives, count, strips, i, au, av, depth_a, bu, bv, depth_b, rgb0, rgb1
            )
        here += step
        ax, ay, az, au, av, depth_a = bx, by, bz, bu, bv, depth_b
        while step < F(1) and (here / (step * F(2))) % F(1) == F(0):
            step *= F(2)
        if here < F(1):
            f = here + step
            bx, by, bz = x0 + (x1 - x0) * f, y0 + (y1 - y0) * f, z0 + (z1 - z0) * f
            bu, bv = project(lens, bx, by, bz)
    return count


@compiled
def emit_flat_segment(lens, shading, primitives, count, strips, i, x0, y0, z0, x1, y1, z1, rgb0, rgb1):
    """The straight screen line between two projected points, clipped to depths 0..far in screen space."""
    u0, v0 = project(lens, x0, y0, z0)
    u1, v1 = project(lens, x1, y1, z1)
    near, far = F(0), shading.far_m
    if (z0 < near and z1 < near) or (z0 > far and z1 > far):
        return count
    if z0 < near:
        f = (near - z0) / (z1 - z0)
        u0, v0, z0 = u0 + (u1 - u0) * f, v0 + (v1 - v0) * f, near
    if z1 < near:
        f = (near - z1) / (z0 - z1)
        u1, v1, z1 = u1 + (u0 - u1) * f, v1 + (v0 - v1) * f, near
    return emit_piece(lens, shading, primitives, count, strips, i, u0, v0, z0, u1, v1, z1, rgb0, rgb1)


@compiled
def emit_strips(lens, shading, rotation, origin, strips, primitives, count):
    """Appends the capsules of all strips to `primitives`.

    Args:
        lens, shading: Lens and Shading.
        rotation, origin: float64 3x3 camera_from_world rotation, and the camera's place in the world, m.
        strips: Strips.
        primitives: PRIMITIVE array.
        count: how many of it are in use.

    Returns:
        The new count. More than the array holds: nothing was written beyond its end; draw again with a larger one.
    """
    rgb0, rgb1 = np.empty(3, np.float32), np.empty(3, np.float32)
    x0, y0, z0 = F(0), F(0), F(0)
    culls = strips.bounds.shape[0] > 0
    hidden = False
    for i in range(strips.vertices.shape[0]):
        if culls and i % RUN == 0:
            was_hidden = hidden
            hidden = is_out_of_sight(lens, shading, rotation, origin, strips.bounds[i // RUN])
            if was_hidden and not hidden:
                x0, y0, z0 = to_camera(rotation, origin, strips.vertices[i - 1])
        if hidden:
            continue
        x1, y1, z1 = to_camera(rotation, origin, strips.vertices[i])
        if not strips.starts[i]:
            if shading.flat_boxes and strips.flat[i]:
                count = emit_flat_segment(
                    lens, shading, primitives, count, strips, i, x0, y0, z0, x1, y1, z1, rgb0, rgb1
                )
            else:
                count = emit_segment(lens, shading, primitives, count, strips, i, x0, y0, z0, x1, y1, z1, rgb0, rgb1)
        x0, y0, z0 = x1, y1, z1
    return count
