"""Real images that lie as one file each, decoded when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from scene_graph.errors import SceneError

__all__ = ["ImageFiles"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageFiles:
    """A frame store of image files.

    Attributes:
        files: camera -> timestamp in microseconds -> file, times increasing.
    """

    files: Mapping[str, Mapping[int, Path]]

    def timestamps_us(self, camera: str) -> Int64[np.ndarray, "t"]:
        """Times of a camera's images, microseconds, increasing; empty where there are none."""
        return np.array(list(self.files.get(camera, {})), dtype=np.int64)

    def image(self, camera: str, timestamp_us: int) -> UInt8[np.ndarray, "h w 3"]:
        """The RGB image of a camera at one of its timestamps.

        Raises:
            SceneError: no image has that time, or the file is missing or damaged.
        """
        from PIL import Image

        path = self.files.get(camera, {}).get(int(timestamp_us))
        if path is None:
            raise SceneError(
                f"camera {camera!r} has no image at {timestamp_us} us", remedy="ask for one of its timestamps_us()"
            )
        try:
            with Image.open(path) as image:
                return np.array(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise SceneError(f"expected an image, but {error}", where=path, remedy="fetch the file again") from error
