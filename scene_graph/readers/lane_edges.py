"""What follows from the two edges of a lane: its centreline, and whether two lanes run the same way."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

__all__ = ["mid_line", "same_direction"]


def mid_line(left: Float[np.ndarray, "p 3"], right: Float[np.ndarray, "q 3"]) -> Float[np.ndarray, "r 3"]:
    """The line halfway between two edges, metres: the mean of their points at equal fractions of arc length.

    It has a vertex wherever one of the edges has one (vertices within a ten-thousandth of the length are merged).
    """
    left_fractions, right_fractions = _fractions(left), _fractions(right)
    fractions = np.union1d(left_fractions, right_fractions)
    fractions = np.append(fractions[:-1][np.diff(fractions) > 1e-4], 1.0)
    fractions[0] = 0.0
    return (_resampled(left, left_fractions, fractions) + _resampled(right, right_fractions, fractions)) / 2


def same_direction(line: Float[np.ndarray, "p 3"], other: Float[np.ndarray, "q 3"]) -> bool:
    """Whether two lines, seen from first to last point, run the same way in the ground plane."""
    return bool((line[-1] - line[0])[:2] @ (other[-1] - other[0])[:2] > 0)


def _fractions(line: np.ndarray) -> np.ndarray:
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    if not lengths[-1] > 0:
        return np.linspace(0.0, 1.0, len(line))
    return lengths / lengths[-1]


def _resampled(line: np.ndarray, line_fractions: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(fractions, line_fractions, line[:, axis]) for axis in range(3)], axis=1)
