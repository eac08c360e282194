"""A depth-tested, anti-aliased software rasteriser for lines and triangles under any lens, on one CPU core.

The stages follow Pineda (SIGGRAPH 1988) for edge functions and the visibility buffer of Burns and Hunt (JCGT 2013)
for shading after visibility.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

from scene_graph.render.kernels import faces as face_kernels
from scene_graph.render.kernels import raster as raster_kernels
from scene_graph.render.kernels import strips as strip_kernels
from scene_graph.render.kernels.faces import Faces
from scene_graph.render.kernels.lens import Lens
from scene_graph.render.kernels.primitive import PRIMITIVE, Shading
from scene_graph.render.kernels.strips import Strips
from scene_graph.se3 import SE3

__all__ = ["Rasteriser"]

_FIRST_CAPACITY = 8192


class Rasteriser:
    """Scratch memory of one drawing thread; it grows to what the scene needs and is used again for every image.

    One object must not be used by two threads at once.
    """

    def __init__(self) -> None:
        self._primitives = np.zeros(_FIRST_CAPACITY, dtype=PRIMITIVE)
        self._order = np.zeros(_FIRST_CAPACITY * 2, dtype=np.int32)
        self._size = (0, 0)

    def set_up(self, lens: Lens, shading: Shading, camera_from_world: SE3, layers: tuple[Strips | Faces, ...]) -> int:
        """Projects everything, in drawing order, and returns the number of screen primitives."""
        rotation = np.ascontiguousarray(camera_from_world.rotation)
        origin = camera_from_world.inverse().translation
        while True:
            count = 0
            for layer in layers:
                emit = strip_kernels.emit_strips if isinstance(layer, Strips) else face_kernels.emit_faces
                count = emit(lens, shading, rotation, origin, layer, self._primitives, count)
            if count <= len(self._primitives):
                return count
            self._primitives = np.zeros(count + count // 2, dtype=PRIMITIVE)

    def primitives(self, count: int) -> np.ndarray:
        """A copy of the first `count` screen primitives, of dtype PRIMITIVE."""
        return self._primitives[:count].copy()

    def sort(self, count: int, height_px: int) -> None:
        """Sorts the first `count` primitives into bands of rows."""
        bands = -(-height_px // raster_kernels.BAND_ROWS)
        self._starts = np.zeros(bands + 1, dtype=np.int64)
        needed = raster_kernels.sort_into_bands(self._primitives, count, height_px, self._starts, self._order)
        if needed > len(self._order):
            self._order = np.zeros(needed + needed // 2, dtype=np.int32)
            raster_kernels.sort_into_bands(self._primitives, count, height_px, self._starts, self._order)

    def fill(self, image: UInt8[np.ndarray, "h w 3"]) -> None:
        """Draws the sorted primitives into an image, black where there is nothing."""
        height_px, width_px = image.shape[:2]
        blocks = -(-width_px // raster_kernels.BLOCK)
        if self._size != (height_px, width_px):
            shape = (raster_kernels.BAND_ROWS, blocks, raster_kernels.LANES)
            self._keys, self._colours = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.int32)
            self._touched = np.zeros(shape[:2], dtype=np.uint8)
            self._pixels = np.zeros((height_px, blocks * raster_kernels.BLOCK), dtype=np.int32)
            self._size = (height_px, width_px)
        self._pixels.fill(0)
        raster_kernels.rasterise(
            self._primitives, self._starts, self._order, height_px, self._pixels,
            self._keys, self._colours, self._touched,
            raster_kernels.SAMPLES_X, raster_kernels.SAMPLES_Y, raster_kernels.LANE_PIXEL,
        )  # fmt: skip
        rgb0 = self._pixels.view(np.uint8).reshape(height_px, -1, 4)[:, :width_px]
        cv2.cvtColor(rgb0, cv2.COLOR_RGBA2RGB, dst=image)

    def draw(
        self,
        lens: Lens,
        shading: Shading,
        camera_from_world: SE3,
        layers: tuple[Strips | Faces, ...],
        image: UInt8[np.ndarray, "h w 3"],
    ) -> None:
        """Draws layers of lines and triangles, in drawing order, into an image of the lens's size."""
        count = self.set_up(lens, shading, camera_from_world, layers)
        self.sort(count, image.shape[0])
        self.fill(image)
