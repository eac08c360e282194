"""What every camera model checks of its image and its numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

__all__ = ["image_corners", "inside_image", "require_finite", "require_focal", "require_image", "require_reach"]


def inside_image(pixels: Float[np.ndarray, "n 2"], width_px: int, height_px: int) -> Bool[np.ndarray, "n"]:
    """Which pixels lie on the image: from its left and upper edge, included, to the others, excluded."""
    x, y = pixels[:, 0], pixels[:, 1]
    return (x >= 0) & (x < width_px) & (y >= 0) & (y < height_px)


def image_corners(width_px: int, height_px: int) -> Float[np.ndarray, "4 2"]:
    """The four outer corners of the image, px."""
    return np.array([[0, 0], [width_px, 0], [0, height_px], [width_px, height_px]], dtype=np.float64)


def require_image(width_px: Any, height_px: Any) -> None:
    """Raises ValueError where a size is not a whole number of at least one pixel."""
    for name, size in (("width_px", width_px), ("height_px", height_px)):
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"{name} is {size}; expected a whole number of at least 1 pixel")


def require_finite(**fields: Any) -> None:
    """Raises ValueError naming the first field that holds NaN or infinity."""
    for name, value in fields.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{name} is {_short(value)}; expected finite numbers")


def require_focal(**fields: float) -> None:
    """Raises ValueError naming the first focal length that is not positive and finite."""
    for name, value in fields.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value:g}; expected a positive focal length in pixels")


def require_reach(name: str, reach_xy_px: tuple[float, float], width_px: int, height_px: int) -> None:
    """Raises ValueError where a lens's curve folds back too near to the principal point to be meant.

    A curve may fold back towards the corners: what lies there is not visible. It must cover a quarter of the image's
    width or height.

    Args:
        name: the field that holds the curve.
        reach_xy_px: where the curve folds back, to the right of and below the principal point.
        width_px, height_px: image size.
    """
    across_px, down_px = reach_xy_px
    if not max(across_px / width_px, down_px / height_px) >= 0.25:
        raise ValueError(
            f"{name} is not monotone: the lens's curve rises only to {across_px:.4g} px beside and {down_px:.4g} px "
            f"below the principal point; expected at least a quarter of the image of {width_px}x{height_px}"
        )


def _short(value: Any) -> str:
    return "[" + ", ".join(f"{number:g}" for number in value) + "]" if np.ndim(value) else f"{value:g}"
