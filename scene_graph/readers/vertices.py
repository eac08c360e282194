"""Points and matrices of decoded JSON: every surprise becomes a ValueError that says what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

__all__ = ["MAX_COORDINATE_M", "number_array", "points", "polygon"]

MAX_COORDINATE_M = 1e8
"""Farther from the origin nothing on Earth lies, in any projection."""


def number_array(value: Any, name: str, shape: tuple[int, ...]) -> Float[np.ndarray, "*s"]:
    """The float64 array of a (nested) list; no number is NaN or beyond MAX_COORDINATE_M.

    Raises:
        ValueError: the value is no list of such numbers of that shape; `name` is what the error calls it.
    """
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: expected numbers of shape {shape}") from None
    if array.shape != shape:
        raise ValueError(f"{name}: expected numbers of shape {shape}, received shape {array.shape}")
    if not (np.abs(array) <= MAX_COORDINATE_M).all():
        raise ValueError(f"{name} holds NaN, infinity or a number beyond 1e8; expected ordinary numbers")
    return array


def points(value: Any, name: str, *, z_may_be_missing: bool = False) -> Float[np.ndarray, "p 3"]:
    """Points `p 3` of a list of [x, y, z] or of {"x": .., "y": .., "z": ..}.

    Args:
        value: the decoded list.
        name: what the error calls it.
        z_may_be_missing: a point without a z, or with null there, gets NaN instead of an error.

    Raises:
        ValueError: the value is something else.
    """
    if not isinstance(value, list):
        raise ValueError(f"{name}: expected a list of points, received {type(value).__name__}")
    rows = [[point.get(axis) for axis in "xyz"] if isinstance(point, dict) else point for point in value]
    if z_may_be_missing:
        rows = [_with_z(row) for row in rows]
    try:
        array = np.array([[_number(number) for number in row] for row in rows], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: expected points of three numbers") from None
    if array.size and (array.ndim != 2 or array.shape[1] != 3):
        raise ValueError(f"{name}: expected points of three numbers, received shape {array.shape}")
    if (np.abs(array) > MAX_COORDINATE_M).any():
        raise ValueError(f"{name} has a coordinate beyond 1e8 m; expected places on Earth")
    return array.reshape(-1, 3)


def polygon(vertices: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "q 3"]:
    """The vertices of a polygon without a last one that repeats the first."""
    if len(vertices) > 1 and np.array_equal(vertices[0], vertices[-1]):
        return vertices[:-1]
    return vertices


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return float(value)


def _with_z(row: Any) -> Any:
    if isinstance(row, list) and len(row) == 2:
        return [*row, np.nan]
    if isinstance(row, list) and len(row) == 3 and row[2] is None:
        return [row[0], row[1], np.nan]
    return row
