"""Screen primitives -> pixels: sorted into bands, depth-tested at 4 samples a pixel, averaged to RGB.

The samples of one band (16 rows) stay in cache: a depth key and a colour each, laid out as (row, block of 16 pixels,
4 samples x 16 pixels), so that every inner loop runs over 64 lanes that the compiler turns into vector instructions.
All samples of a pixel take the colour that the primitive has at the pixel's centre.
"""

from __future__ import annotations

import math

import numpy as np

from scene_graph.render.kernels.average import BLOCK, SAMPLES, average_block
from scene_graph.render.kernels.compiled import compiled, inlined
from scene_graph.render.kernels.primitive import CAPSULE

__all__ = ["BAND_ROWS", "BLOCK", "LANES", "LANE_PIXEL", "SAMPLES_X", "SAMPLES_Y", "rasterise", "sort_into_bands"]

F = np.float32
BAND_ROWS = 16
LANES = BLOCK * SAMPLES

# the rotated grid of graphics hardware: four rows and four columns of a pixel, each hit once
_OFFSETS_X = np.array([0.375, 0.875, 0.125, 0.625], np.float32)
_OFFSETS_Y = np.array([0.125, 0.375, 0.625, 0.875], np.float32)
SAMPLES_X = (np.arange(BLOCK, dtype=np.float32)[None, :] + _OFFSETS_X[:, None]).reshape(-1)
SAMPLES_Y = np.repeat(_OFFSETS_Y, BLOCK)
LANE_PIXEL = np.tile(np.arange(BLOCK, dtype=np.float32) + np.float32(0.5), SAMPLES)


@compiled
def sort_into_bands(primitives, count, height, starts, order):
    """Lists, band by band and in drawing order, the primitives that touch each band.

    Args:
        primitives, count: PRIMITIVE array, and how many of it are in use.
        height: rows of the image.
        starts: int64 `bands + 1`, filled in: where a band's list begins in `order`.
        order: int32, filled in where it is large enough.

    Returns:
        The length that `order` needs; where it is too short nothing was written to it.
    """
    bands = starts.size - 1
    starts[:] = 0
    for i in range(count):
        first = max(0, int(primitives[i].top)) // BAND_ROWS
        last = min(height - 1, int(primitives[i].bottom)) // BAND_ROWS
        for band in range(first, last + 1):
            starts[band + 1] += 1
    for band in range(bands):
        starts[band + 1] += starts[band]
    needed = starts[bands]
    if needed > order.size:
        return needed
    for i in range(count):
        first = max(0, int(primitives[i].top)) // BAND_ROWS
        last = min(height - 1, int(primitives[i].bottom)) // BAND_ROWS
        for band in range(first, last + 1):
            order[starts[band]] = i
            starts[band] += 1
    for band in range(bands, 0, -1):
        starts[band] = starts[band - 1]
    starts[0] = 0
    return needed


@inlined
def packed(red, green, blue):
    """Bytes R G B 0 of a colour 0..255 as one integer; float32 holds its 24 bits exactly, and its vectors are short."""
    r = np.floor(min(F(255), max(F(0), red)) + F(0.5))
    g = np.floor(min(F(255), max(F(0), green)) + F(0.5))
    b = np.floor(min(F(255), max(F(0), blue)) + F(0.5))
    return np.int32(r + F(256) * g + F(65536) * b)


@inlined
def at(plane, x, y):
    """Value of a plane."""
    return plane[0] + plane[1] * x + plane[2] * y


@inlined
def is_even(primitive):
    """Whether a primitive's colour stays within one grey level of its middle over a block of a row."""
    steepest = max(abs(primitive.red[1]), max(abs(primitive.green[1]), abs(primitive.blue[1])))
    return steepest * F(BLOCK) <= F(2)


@compiled
def draw_capsule(primitive, width, top, first_row, last_row, keys, colours, touched, samples_x, samples_y, pixel_x):
    """Tests the samples of one capsule in one band."""
    d0, d1, d2 = primitive.depth[0], primitive.depth[1], primitive.depth[2]
    shape = primitive.shape
    start_x, start_y, axis_x, axis_y = shape[0], shape[1], shape[2], shape[3]
    inverse, radius0, growth, y_scale = shape[4], shape[5], shape[6], shape[7]
    even = is_even(primitive)
    red_x, green_x, blue_x = primitive.red[1], primitive.green[1], primitive.blue[1]
    thickest = max(radius0, radius0 + growth)
    # how far from the axis, along the row, a sample may lie: only for axes that are not nearly level
    slope, reach = F(0), F(1e6)
    if abs(axis_y) > F(1e-3):
        slope = axis_x * y_scale / axis_y
        reach = thickest * math.sqrt(axis_x * axis_x + axis_y * axis_y) / abs(axis_y) + F(1) + abs(slope) * F(0.5)
    for row in range(first_row, last_row + 1):
        y = F(top + row)
        middle = start_x + (y + F(0.5) - start_y) * slope
        left, right = max(primitive.left, middle - reach), min(primitive.right, middle + reach)
        if right < left or right < 0 or left >= width:
            continue
        for block in range(max(0, int(left)) // BLOCK, min(width - 1, int(right)) // BLOCK + 1):
            touched[row, block] = 1
            key_lane, colour_lane = keys[row, block], colours[row, block]
            block_x = F(block * BLOCK)
            if even:
                center_x, center_y = block_x + F(BLOCK / 2), y + F(0.5)
                colour = packed(
                    at(primitive.red, center_x, center_y),
                    at(primitive.green, center_x, center_y),
                    at(primitive.blue, center_x, center_y),
                )
                for lane in range(LANES):
                    x, y_sample = block_x + samples_x[lane], y + samples_y[lane]
                    from_x, from_y = x - start_x, (y_sample - start_y) * y_scale
                    along = min(F(1), max(F(0), (from_x * axis_x + from_y * axis_y) * inverse))
                    off_x, off_y = from_x - along * axis_x, from_y - along * axis_y
                    radius = radius0 + growth * along
                    key = d0 + d1 * x + d2 * y_sample
                    wins = (off_x * off_x + off_y * off_y <= radius * radius) & (key > key_lane[lane])
                    key_lane[lane] = key if wins else key_lane[lane]
                    colour_lane[lane] = colour if wins else colour_lane[lane]
                continue
            red = at(primitive.red, block_x, y + F(0.5))
            green = at(primitive.green, block_x, y + F(0.5))
            blue = at(primitive.blue, block_x, y + F(0.5))
            for lane in range(LANES):
                x, y_sample = block_x + samples_x[lane], y + samples_y[lane]
                from_x, from_y = x - start_x, (y_sample - start_y) * y_scale
                along = min(F(1), max(F(0), (from_x * axis_x + from_y * axis_y) * inverse))
                off_x, off_y = from_x - along * axis_x, from_y - along * axis_y
                radius = radius0 + growth * along
                key = d0 + d1 * x + d2 * y_sample
                wins = (off_x * off_x + off_y * off_y <= radius * radius) & (key > key_lane[lane])
                p = pixel_x[lane]
                colour = packed(red + red_x * p, green + green_x * p, blue + blue_x * p)
                key_lane[lane] = key if wins else key_lane[lane]
                colour_lane[lane] = colour if wins else colour_lane[lane]


@inlined
def narrow(a, b, c, inverse, y, left, right):
    """The part of [left, right] in which a x + b y' + c >= 0 can hold for some y' of the row y..y+1.

    `inverse` is 1 / a, or 0 for an edge that is nearly level.
    """
    most = max(b * y, b * (y + F(1))) + c
    if inverse > 0:
        left = max(left, -most * inverse)
    elif inverse < 0:
        right = min(right, -most * inverse)
    elif most < 0:
        right = F(-1)
    return left, right


@inlined
def inverse_of(a):
    """1 / a, or 0 where a is tiny."""
    return F(1) / a if abs(a) > F(1e-6) else F(0)


@compiled
def draw_triangle(primitive, width, top, first_row, last_row, keys, colours, touched, samples_x, samples_y, pixel_x):
    """Tests the samples of one triangle in one band."""
    d0, d1, d2 = primitive.depth[0], primitive.depth[1], primitive.depth[2]
    shape = primitive.shape
    a0, b0, c0 = shape[0], shape[1], shape[2]
    a1, b1, c1 = shape[3], shape[4], shape[5]
    a2, b2, c2 = shape[6], shape[7], shape[8]
    inverse0, inverse1, inverse2 = inverse_of(a0), inverse_of(a1), inverse_of(a2)
    red_x, green_x, blue_x = primitive.red[1], primitive.green[1], primitive.blue[1]
    for row in range(first_row, last_row + 1):
        y = F(top + row)
        left, right = narrow(a0, b0, c0, inverse0, y, primitive.left, primitive.right)
        left, right = narrow(a1, b1, c1, inverse1, y, left, right)
        left, right = narrow(a2, b2, c2, inverse2, y, left, right)
        if right < left or right < 0 or left >= width:
            continue
        for block in range(max(0, int(left)) // BLOCK, min(width - 1, int(right)) // BLOCK + 1):
            touched[row, block] = 1
            key_lane, colour_lane = keys[row, block], colours[row, block]
            block_x = F(block * BLOCK)
            red = at(primitive.red, block_x, y + F(0.5))
            green = at(primitive.green, block_x, y + F(0.5))
            blue = at(primitive.blue, block_x, y + F(0.5))
            end_x = block_x + F(BLOCK)
            least0 = min(a0 * block_x, a0 * end_x) + min(b0 * y, b0 * (y + F(1))) + c0
            least1 = min(a1 * block_x, a1 * end_x) + min(b1 * y, b1 * (y + F(1))) + c1
            least2 = min(a2 * block_x, a2 * end_x) + min(b2 * y, b2 * (y + F(1))) + c2
            if min(least0, min(least1, least2)) >= 0:  # the whole block is inside
                for lane in range(LANES):
                    key = d0 + d1 * (block_x + samples_x[lane]) + d2 * (y + samples_y[lane])
                    wins = key > key_lane[lane]
                    p = pixel_x[lane]
                    colour = packed(red + red_x * p, green + green_x * p, blue + blue_x * p)
                    key_lane[lane] = key if wins else key_lane[lane]
                    colour_lane[lane] = colour if wins else colour_lane[lane]
                continue
            for lane in range(LANES):
                x, y_sample = block_x + samples_x[lane], y + samples_y[lane]
                key = d0 + d1 * x + d2 * y_sample
                wins = (
                    (a0 * x + b0 * y_sample + c0 >= 0)
                    & (a1 * x + b1 * y_sample + c1 >= 0)
                    & (a2 * x + b2 * y_sample + c2 >= 0)
                    & (key > key_lane[lane])
                )
                p = pixel_x[lane]
                colour = packed(red + red_x * p, green + green_x * p, blue + blue_x * p)
                key_lane[lane] = key if wins else key_lane[lane]
                colour_lane[lane] = colour if wins else colour_lane[lane]


@compiled
def rasterise(primitives, starts, order, height, pixels, keys, colours, touched, samples_x, samples_y, pixel_x):
    """Draws the sorted primitives into a black image.

    Args:
        primitives: PRIMITIVE array.
        starts, order: as `sort_into_bands` filled them in.
        height: rows of the image.
        pixels: int32 `height 16*blocks`: RGB0 bytes, rows padded to whole blocks; all zero on entry.
        keys, colours: float32 and int32 `BAND_ROWS blocks LANES`, 0 on entry, and again on return.
        touched: uint8 `BAND_ROWS blocks`, 0 on entry, and again on return.
        samples_x, samples_y, pixel_x: SAMPLES_X, SAMPLES_Y, LANE_PIXEL.
    """
    blocks = touched.shape[1]
    width = blocks * BLOCK
    for band in range(starts.size - 1):
        top = band * BAND_ROWS
        rows = min(BAND_ROWS, height - top)
        for place in range(starts[band], starts[band + 1]):
            primitive = primitives[order[place]]
            first_row = max(0, math.floor(primitive.top) - top)
            last_row = min(rows - 1, math.floor(primitive.bottom) - top)
            if primitive.kind == CAPSULE:
                draw_capsule(
                    primitive, width, top, first_row, last_row, keys, colours, touched, samples_x, samples_y, pixel_x
                )
            else:
                draw_triangle(
                    primitive, width, top, first_row, last_row, keys, colours, touched, samples_x, samples_y, pixel_x
                )
        for row in range(rows):
            for block in range(blocks):
                if touched[row, block] == 0:
                    continue
                touched[row, block] = 0
                average_block(colours[row, block], pixels[top + row], block * BLOCK)
                for lane in range(LANES):
                    keys[row, block, lane] = F(0)
                    colours[row, block, lane] = 0
