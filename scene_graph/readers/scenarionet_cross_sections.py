"""How far the lines beside a lane are from its centreline, measured square to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from scene_graph.polylines import MITRE_LIMIT
from scene_graph.segments import vertex_directions

__all__ = ["CrossSections", "left_normals"]

_PAIRS_AT_ONCE = 1 << 18
_MAX_PAIRS = 1 << 29


class CrossSections:
    """Measures the cross-sections of the lanes of one map.

    Args:
        reach_m: a line that is farther away does not count, metres.
    """

    def __init__(self, reach_m: float) -> None:
        self._reach_m = reach_m
        self._pairs_left = _MAX_PAIRS

    def distances_m(
        self,
        places: Float[np.ndarray, "p 3"],
        aside_xy: Float[np.ndarray, "p 2"],
        lines: Sequence[Float[np.ndarray, "_ 3"]],
    ) -> Float[np.ndarray, " p"]:
        """Distance `p` (m) from each place to the nearest of the lines in a direction; infinite where none is in reach.

        Args:
            places: `p 3` m.
            aside_xy: `p 2`, unit vectors in the ground plane.
            lines: polylines, each `_ 3` m.

        Raises:
            ValueError: the maps' lanes and lines have far more points than those of roads.
        """
        nearest_m = np.full(len(places), np.inf)
        start, end = self._segments(places, lines)
        if not len(start):
            return nearest_m
        self._pairs_left -= len(start) * len(places)
        if self._pairs_left < 0:
            raise ValueError("has boundaries of too many points; expected those of a road")
        block = max(1, _PAIRS_AT_ONCE // len(start))
        for first in range(0, len(places), block):
            some = slice(first, first + block)
            nearest_m[some] = _ray_lengths_m(places[some, :2], aside_xy[some], start, end)
        return np.where(nearest_m <= self._reach_m, nearest_m, np.inf)

    def _segments(
        self, places: Float[np.ndarray, "p 3"], lines: Sequence[Float[np.ndarray, "_ 3"]]
    ) -> tuple[Float[np.ndarray, "m 2"], Float[np.ndarray, "m 2"]]:
        """The lines' pieces that may be within reach of one of the places."""
        if not lines:
            return np.zeros((0, 2)), np.zeros((0, 2))
        start = np.concatenate([line[:-1, :2] for line in lines])
        end = np.concatenate([line[1:, :2] for line in lines])
        low, high = places[:, :2].min(axis=0) - self._reach_m, places[:, :2].max(axis=0) + self._reach_m
        near = ((np.maximum(start, end) >= low) & (np.minimum(start, end) <= high)).all(axis=1)
        return start[near], end[near]


def left_normals(centreline: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "p 2"]:
    """Unit vectors `p 2` to the left of a polyline at its vertices, along the bisectors of its corners."""
    incoming, outgoing = vertex_directions(centreline)
    along = incoming + outgoing
    length = np.hypot(along[:, 0], along[:, 1])
    folds = length <= 2.0 / MITRE_LIMIT
    along = np.where(folds[:, None], incoming, along / np.where(folds, 1.0, length)[:, None])
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


def _ray_lengths_m(
    origin: Float[np.ndarray, "p 2"],
    direction: Float[np.ndarray, "p 2"],
    start: Float[np.ndarray, "m 2"],
    end: Float[np.ndarray, "m 2"],
) -> Float[np.ndarray, " p"]:
    """How far rays `p` go to the first segment `m` that they meet; infinite where they meet none."""
    along = end - start
    away_x, away_y = (start[None] - origin[:, None]).transpose(2, 0, 1)
    turn = direction[:, :1] * along[:, 1] - direction[:, 1:] * along[:, 0]
    parallel = turn == 0.0
    turn = np.where(parallel, 1.0, turn)
    length_m = (away_x * along[:, 1] - away_y * along[:, 0]) / turn
    fraction = (away_x * direction[:, 1:] - away_y * direction[:, :1]) / turn
    met = ~parallel & (length_m >= 0.0) & (fraction >= 0.0) & (fraction <= 1.0)
    return np.where(met, length_m, np.inf).min(axis=1)
