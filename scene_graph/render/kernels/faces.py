"""Triangles in space -> triangles on screen: culled, clipped in 3D, subdivided until the lens no longer shows them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scene_graph.render.kernels.compiled import compiled, inlined
from scene_graph.render.kernels.lens import project
from scene_graph.render.kernels.primitive import depth_cue, depth_key, write_triangle
from scene_graph.render.kernels.strips import (
    RUN,
    depth_of,
    is_bent,
    is_out_of_sight,
    is_outside,
    quarters_are_off,
    to_camera,
)

__all__ = ["STACK_ROWS", "Faces", "emit_faces"]

F = np.float32
# columns of a vertex while it is worked on: camera x y z, red green blue, pixel u v, depth
X, Y, Z, RED, U, V, DEPTH, COLUMNS = 0, 1, 2, 3, 6, 7, 8, 9
DEEPEST = 10
STACK_ROWS = 4 * DEEPEST + 4
COLOUR_TOLERANCE = F(6)  # grey levels
COLOUR_SIZE = F(128)  # a darkening off by 1/128 of a quarter: half a grey level


class Faces(NamedTuple):
    """Triangles of a scene.

    Attributes:
        vertices: float64 `m 3 3`, world frame, m.
        rgb: float32 `m 3 3`, 0..255 at the vertices.
        one_sided: bool `m`, whether only the side is drawn from which the vertices run counter-clockwise.
        bias: float32 `m`, factor on the depth key.
        flat: bool `m`, a face of a box, drawn without regard for the lens where the style says so.
        owner: int32 `m`, what the triangle belongs to (-1: nothing).
        bounds: float64 `m/RUN 4`, as Strips.bounds, around every RUN triangles.
    """

    vertices: np.ndarray
    rgb: np.ndarray
    one_sided: np.ndarray
    bias: np.ndarray
    flat: np.ndarray
    owner: np.ndarray
    bounds: np.ndarray


@inlined
def place(lens, vertex):
    """Fills in the pixel and the depth of a vertex from its camera coordinates."""
    u, v = project(lens, vertex[X], vertex[Y], vertex[Z])
    vertex[U], vertex[V] = u, v
    vertex[DEPTH] = depth_of(lens, vertex[X], vertex[Y], vertex[Z])


@inlined
def halfway(lens, a, b, middle):
    """Fills in the middle of two vertices."""
    for c in range(U):
        middle[c] = (a[c] + b[c]) * F(0.5)
    place(lens, middle)


@compiled
def edge_is_bent(lens, shading, a, b, middle):
    """Whether the edge a-b has to be cut in two; if it may have to be, fills in its middle."""
    du, dv = b[U] - a[U], b[V] - a[V]
    alike = abs(depth_cue(shading, a[DEPTH]) - depth_cue(shading, b[DEPTH])) * COLOUR_SIZE < F(0.25)
    halfway(lens, a, b, middle)
    # the middle in space lies at b / (a + b) of the way on screen, where a and b are the depths of the ends
    slip = abs(a[DEPTH] - b[DEPTH]) / (a[DEPTH] + b[DEPTH]) * F(0.5)
    contrast = max(abs(a[RED] - b[RED]), max(abs(a[RED + 1] - b[RED + 1]), abs(a[RED + 2] - b[RED + 2])))
    if slip * contrast > COLOUR_TOLERANCE:
        return True
    if alike and du * du + dv * dv < lens.straight_px * lens.straight_px:
        return False
    return is_bent(
        lens, shading, a[X], a[Y], a[Z], a[DEPTH], a[U], a[V], b[X], b[Y], b[Z], b[DEPTH], b[U], b[V],
        middle[X], middle[Y], middle[DEPTH], middle[U], middle[V], COLOUR_SIZE,
    ) or quarters_are_off(lens, a[X], a[Y], a[Z], a[U], a[V], b[X], b[Y], b[Z], b[U], b[V])  # fmt: skip


@compiled
def clip_to_depths(corners, column, least, most, clipped, scratch):
    """Clips a convex polygon of `corners[0]` vertices to least <= column <= most; returns the number left."""
    count = 3
    for k in range(3):
        scratch[k] = corners[k]
    for bound in range(2):
        kept = 0
        for k in range(count):
            a, b = scratch[k], scratch[(k + 1) % count]
            da = a[column] - least if bound == 0 else most - a[column]
            db = b[column] - least if bound == 0 else most - b[column]
            if da >= 0:
                clipped[kept] = a
                kept += 1
            if (da >= 0) != (db >= 0):
                f = da / (da - db)
                for c in range(COLUMNS):
                    clipped[kept, c] = a[c] + (b[c] - a[c]) * f
                kept += 1
        count = kept
        for k in range(count):
            scratch[k] = clipped[k]
    return count


@compiled
def emit_triangle(lens, shading, primitives, count, corners, bias, owner, pixels, keys, rgb):
    """Writes one flat triangle unless it is off screen; returns the new count (which may pass the capacity)."""
    least_u, most_u = min(corners[0, U], corners[1, U], corners[2, U]), max(corners[0, U], corners[1, U], corners[2, U])
    least_v, most_v = min(corners[0, V], corners[1, V], corners[2, V]), max(corners[0, V], corners[1, V], corners[2, V])
    if most_u < 0 or least_u > lens.width_px or most_v < 0 or least_v > lens.height_px:
        return count
    if count >= primitives.size:
        return count + 1
    for k in range(3):
        pixels[2 * k] = corners[k, U] + shading.shift_px
        pixels[2 * k + 1] = corners[k, V] + shading.shift_px
        keys[k] = depth_key(shading, corners[k, DEPTH]) * bias
        cue = depth_cue(shading, corners[k, DEPTH])
        for c in range(3):
            rgb[k, c] = corners[k, RED + c] * cue
    return count + 1 if write_triangle(primitives[count], pixels, keys, rgb, owner) else count


@inlined
def push(stack, level, top, work, a, b, c, depth):
    """Puts the triangle of three rows of `work` on the stack; returns the new top."""
    for column in range(COLUMNS):
        stack[top, 0, column] = work[a, column]
        stack[top, 1, column] = work[b, column]
        stack[top, 2, column] = work[c, column]
    level[top] = depth
    return top + 1


@inlined
def count_inside(lens, work):
    """How many of the triangle's three vertices the lens draws."""
    if not lens.wide:
        return 3
    inside = 0
    for k in range(3):
        if not is_outside(lens, work[k, Z], work[k, DEPTH]):
            inside += 1
    return inside


@compiled
def emit_subdivided(lens, shading, primitives, count, stack, level, work, bias, owner, pixels, keys, rgb):
    """Cuts the triangle on the stack until its edges are straight on screen; returns the new count.

    An edge is cut by its own two ends alone, so that neighbours cut a shared edge alike and no crack opens. Rows 0 1 2
    of `work` are the triangle, rows 3 4 5 the middles of its edges 0-1, 1-2, 2-0.
    """
    top = 1
    while top > 0:
        top -= 1
        depth = level[top]
        for k in range(3):
            for column in range(COLUMNS):
                work[k, column] = stack[top, k, column]
        cut0 = edge_is_bent(lens, shading, work[0], work[1], work[3])
        cut1 = edge_is_bent(lens, shading, work[1], work[2], work[4])
        cut2 = edge_is_bent(lens, shading, work[2], work[0], work[5])
        inside = count_inside(lens, work)
        if inside == 0 and not (cut0 or cut1 or cut2):
            continue
        if inside != 3:
            cut0, cut1, cut2 = True, True, True
        cuts = int(cut0) + int(cut1) + int(cut2)
        if cuts == 0 or depth >= DEEPEST:
            if inside == 3:
                count = emit_triangle(lens, shading, primitives, count, work, bias, owner, pixels, keys, rgb)
            continue
        if is_far_off_screen(lens, work):
            continue
        if cuts == 3:
            top = push(stack, level, top, work, 0, 3, 5, depth + 1)
            top = push(stack, level, top, work, 3, 1, 4, depth + 1)
            top = push(stack, level, top, work, 5, 4, 2, depth + 1)
            top = push(stack, level, top, work, 3, 4, 5, depth + 1)
            continue
        # turn the triangle so that its first edge is cut, and of two cut edges the first two
        turn = 0
        if (cuts == 1 and cut1) or (cuts == 2 and not cut0):
            turn = 1
        elif (cuts == 1 and cut2) or (cuts == 2 and not cut1):
            turn = 2
        a, b, c = turn, (turn + 1) % 3, (turn + 2) % 3
        ab, bc = 3 + turn, 3 + (turn + 1) % 3
        if cuts == 1:
            top = push(stack, level, top, work, a, ab, c, depth + 1)
            top = push(stack, level, top, work, ab, b, c, depth + 1)
        else:
            top = push(stack, level, top, work, a, ab, c, depth + 1)
            top = push(stack, level, top, work, ab, b, bc, depth + 1)
            top = push(stack, level, top, work, ab, bc, c, depth + 1)
    return count


@inlined
def is_far_off_screen(lens, work):
    """Whether a triangle, bulges of its edges included, lies outside the image."""
    reach = F(0)
    for k in range(3):
        j = (k + 1) % 3
        bulge = abs(work[3 + k, U] - (work[k, U] + work[j, U]) * F(0.5))
        reach = max(reach, bulge + abs(work[3 + k, V] - (work[k, V] + work[j, V]) * F(0.5)))
    reach = reach * F(4) + F(4)
    return (
        max(work[0, U], work[1, U], work[2, U]) < -reach
        or min(work[0, U], work[1, U], work[2, U]) > lens.width_px + reach
        or max(work[0, V], work[1, V], work[2, V]) < -reach
        or min(work[0, V], work[1, V], work[2, V]) > lens.height_px + reach
    )


@compiled
def emit_faces(lens, shading, rotation, origin, faces, primitives, count):
    """Appends the screen triangles of all faces to `primitives`; arguments and result as `emit_strips`."""
    corners, scratch = np.empty((3, COLUMNS), np.float32), np.empty((8, COLUMNS), np.float32)
    clipped, work = np.empty((8, COLUMNS), np.float32), np.empty((6, COLUMNS), np.float32)
    stack, level = np.empty((STACK_ROWS, 3, COLUMNS), np.float32), np.empty(STACK_ROWS, np.int64)
    pixels, keys, rgb = np.empty(6, np.float32), np.empty(3, np.float32), np.empty((3, 3), np.float32)
    culls = faces.bounds.shape[0] > 0
    hidden = False
    for i in range(faces.vertices.shape[0]):
        if culls and i % RUN == 0:
            hidden = is_out_of_sight(lens, shading, rotation, origin, faces.bounds[i // RUN])
        if hidden:
            continue
        for k in range(3):
            x, y, z = to_camera(rotation, origin, faces.vertices[i, k])
            corners[k, X], corners[k, Y], corners[k, Z] = x, y, z
            for c in range(3):
                corners[k, RED + c] = faces.rgb[i, k, c]
        nearest = min(corners[0, Z], corners[1, Z], corners[2, Z])
        if not lens.wide and (
            max(corners[0, Z], corners[1, Z], corners[2, Z]) < lens.near_m or nearest > shading.far_m
        ):
            continue
        if faces.one_sided[i] and not faces_camera(corners):
            continue
        bias, owner = faces.bias[i], faces.owner[i]
        flat = shading.flat_boxes and faces.flat[i]
        if flat:
            for k in range(3):
                place(lens, corners[k])
            sides = clip_to_depths(corners, Z, F(0), shading.far_m, clipped, scratch)
        elif not lens.wide and nearest < lens.near_m:
            sides = clip_to_depths(corners, Z, lens.near_m, F(1e9), clipped, scratch)
        else:
            sides = 3
            for k in range(3):
                clipped[k] = corners[k]
        for k in range(sides - 2):
            stack[0, 0], stack[0, 1], stack[0, 2] = clipped[0], clipped[k + 1], clipped[k + 2]
            level[0] = 0
            if flat:
                count = emit_triangle(lens, shading, primitives, count, stack[0], bias, owner, pixels, keys, rgb)
                continue
            for j in range(3):
                place(lens, stack[0, j])
            count = emit_subdivided(
                lens, shading, primitives, count, stack, level, work, bias, owner, pixels, keys, rgb
            )
    return count


@inlined
def faces_camera(corners):
    """Whether the camera sees the vertices counter-clockwise."""
    ux, uy, uz = corners[1, X] - corners[0, X], corners[1, Y] - corners[0, Y], corners[1, Z] - corners[0, Z]
    wx, wy, wz = corners[2, X] - corners[0, X], corners[2, Y] - corners[0, Y], corners[2, Z] - corners[0, Z]
    nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
    return nx * corners[0, X] + ny * corners[0, Y] + nz * corners[0, Z] < 0
