"""Points against line segments, in the ground plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Float, Int

__all__ = ["MIN_STEP_M", "Projection", "Segments", "nearest_segments", "project_onto", "vertex_directions"]

MIN_STEP_M = 1e-9
"""A step in the ground plane that is not longer than this has no direction."""

_PAIRS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """The segments of one or several polylines that have a direction in the ground plane.

    Attributes:
        start, end: `m 3` m.
        start_s_m, end_s_m: `m`, arc lengths (3D) of their ends on their polyline, metres.
        direction_xy: `m 2`, unit vectors.
        start_tangent_xy, end_tangent_xy: `m 2`, direction of the polyline at the ends: it bisects the corner to the
            next segment. Not of unit length.
        begins, ceases: `m`, whether the polyline begins at the start, ceases at the end (never where it is closed).
    """

    start: Float[np.ndarray, "m 3"]
    end: Float[np.ndarray, "m 3"]
    start_s_m: Float[np.ndarray, " m"]
    end_s_m: Float[np.ndarray, " m"]
    direction_xy: Float[np.ndarray, "m 2"]
    start_tangent_xy: Float[np.ndarray, "m 2"]
    end_tangent_xy: Float[np.ndarray, "m 2"]
    begins: np.ndarray
    ceases: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, points: Float[np.ndarray, "p 3"], *, closed: bool = False) -> Segments:
        """The segments of a polyline `p 3` m; where none has a direction, one that stands at the first point."""
        ring = np.concatenate([points, points[:1]]) if closed else points
        s_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
        incoming, outgoing = vertex_directions(points, closed=closed)
        tangent = incoming + outgoing
        folded = np.hypot(*tangent.T) <= 1e-6
        tangent[folded] = incoming[folded]
        kept = np.flatnonzero(np.hypot(*np.diff(ring[:, :2], axis=0).T) > MIN_STEP_M)
        if not len(kept):
            kept = np.array([0])
        after = (kept + 1) % len(points)
        begins, ceases = np.zeros(len(kept), dtype=bool), np.zeros(len(kept), dtype=bool)
        begins[0], ceases[-1] = not closed, not closed
        return cls(
            start=ring[kept],
            end=ring[kept + 1],
            start_s_m=s_m[kept],
            end_s_m=s_m[kept + 1],
            direction_xy=outgoing[kept],
            start_tangent_xy=tangent[kept],
            end_tangent_xy=tangent[after],
            begins=begins,
            ceases=ceases,
        )

    @classmethod
    def concatenated(cls, parts: Sequence[Segments]) -> Segments:
        """The segments of several polylines, one after the other; at least one part."""
        columns: dict[str, Any] = {
            column.name: np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(cls)
        }
        return cls(**columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projection:
    """Where points lie along and beside a polyline.

    Attributes:
        s_m: `n`, arc length (3D) of the nearest place on the polyline, metres.
        d_m: `n`, signed offset sideways, left positive, metres: plus or minus `distance_m`, but the part across the
            end's direction where the nearest place is an end.
        distance_m: `n`, distance in the ground plane, metres.
        foot: `n 3`, the nearest place, metres.
        heading_rad: `n`, direction of the polyline there, from x to y.
    """

    s_m: Float[np.ndarray, " n"]
    d_m: Float[np.ndarray, " n"]
    distance_m: Float[np.ndarray, " n"]
    foot: Float[np.ndarray, "n 3"]
    heading_rad: Float[np.ndarray, " n"]


def vertex_directions(
    points: Float[np.ndarray, "p 3"], *, closed: bool = False
) -> tuple[Float[np.ndarray, "p 2"], Float[np.ndarray, "p 2"]]:
    """Directions in the ground plane in which a polyline arrives at and leaves each vertex, unit vectors `p 2`.

    Repeated points share the directions around them. A polyline that goes nowhere in the ground plane (a pole, one
    point repeated) is taken to point along x.
    """
    if len(points) < 2:
        raise ValueError(f"polyline has {len(points)} points; expected at least 2")
    steps = np.diff(points[:, :2], axis=0, append=points[:1, :2])
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    if not closed:
        lengths[-1] = 0.0
    moving = np.flatnonzero(lengths > MIN_STEP_M)
    if not len(moving):
        along_x = np.tile([1.0, 0.0], (len(points), 1))
        return along_x, along_x.copy()
    units = steps[moving] / lengths[moving, None]
    following = np.searchsorted(moving, np.arange(len(points)), side="left")
    if closed:
        return units[(following - 1) % len(units)], units[following % len(units)]
    return units[np.maximum(following - 1, 0)], units[np.minimum(following, len(units) - 1)]


def project_onto(segments: Segments, index: Int[np.ndarray, " n"], points: Float[np.ndarray, "n 3"]) -> Projection:
    """Projection of each point `n 3` m onto the segment at its `index` `n`."""
    start, end = segments.start[index], segments.end[index]
    fraction = _fraction(start, end, points)
    foot = start * (1.0 - fraction)[:, None] + end * fraction[:, None]
    away_x, away_y = (points - foot)[:, :2].T
    distance_m = np.hypot(away_x, away_y)

    direction = segments.direction_xy[index]
    at_start, at_end = fraction <= 0.0, fraction >= 1.0
    at_tip = (at_start & segments.begins[index]) | (at_end & segments.ceases[index])
    at_corner = (at_start | at_end) & ~at_tip
    tangent = np.where(at_start[:, None], segments.start_tangent_xy[index], segments.end_tangent_xy[index])
    tangent = np.where(at_corner[:, None], tangent, direction)
    across = tangent[:, 0] * away_y - tangent[:, 1] * away_x
    s_m = segments.start_s_m[index] * (1.0 - fraction) + segments.end_s_m[index] * fraction
    return Projection(
        s_m=s_m,
        d_m=np.where(at_tip, across, np.where(across < 0, -distance_m, distance_m)),
        distance_m=distance_m,
        foot=foot,
        heading_rad=np.arctan2(direction[:, 1], direction[:, 0]),
    )


def nearest_segments(segments: Segments, points: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, " n"]:
    """Index `n` of the segment nearest to each point `n 3` m in the ground plane."""
    nearest = np.zeros(len(points), dtype=np.int64)
    block = max(1, _PAIRS_AT_ONCE // len(segments))
    for first in range(0, len(points), block):
        some = points[first : first + block, None, :]
        fraction = _fraction(segments.start, segments.end, some)
        foot = segments.start * (1.0 - fraction)[..., None] + segments.end * fraction[..., None]
        away = (some - foot)[..., :2]
        nearest[first : first + block] = np.argmin((away * away).sum(axis=-1), axis=1)
    return nearest


def _fraction(start: np.ndarray, end: np.ndarray, points: np.ndarray) -> np.ndarray:
    along = (end - start)[..., :2]
    squared = (along * along).sum(axis=-1)
    product = ((points - start)[..., :2] * along).sum(axis=-1)
    return np.clip(product / np.where(squared > 0.0, squared, 1.0), 0.0, 1.0)
