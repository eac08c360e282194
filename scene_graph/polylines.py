"""Polylines: arc length, resampling, offsets, cuts, simplification.

A polyline is an array `p 3` of at least two points, metres. Arc length is measured in 3D; headings, offsets and
distances to the side lie in the ground plane. Repeated points are allowed everywhere.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from scene_graph.segments import Projection, Segments, nearest_segments, project_onto, vertex_directions

__all__ = [
    "MITRE_LIMIT",
    "arc_length_m",
    "closed_loop",
    "cut",
    "headings_at",
    "offset",
    "points_at",
    "project",
    "resample",
    "ribbon",
    "simplify",
]

MITRE_LIMIT = 4.0
"""A corner of an offset polyline lies at most this many times the offset from its vertex."""

MIN_PIECE_M = 1e-6
"""A piece that is not longer than this has no length."""


def arc_length_m(points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, " p"]:
    """Arc length from the first point to each point, `p` m."""
    _require_points(points)
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def closed_loop(points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "q 3"]:
    """The polyline with its first point repeated at the end, unless it ends there already."""
    _require_points(points)
    return points if np.array_equal(points[0], points[-1]) else np.concatenate([points, points[:1]])


def points_at(points: Float[np.ndarray, "p 3"], s_m: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 3"]:
    """Points `n 3` m of a polyline at arc lengths `n` m; arc lengths beyond an end give the end."""
    index, fraction = _places(arc_length_m(points), s_m)
    return points[index] * (1.0 - fraction)[:, None] + points[index + 1] * fraction[:, None]


def headings_at(points: Float[np.ndarray, "p 3"], s_m: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Direction `n` in rad, from x to y, of the piece of a polyline that holds each arc length `n` m."""
    index, _ = _places(arc_length_m(points), s_m)
    _, outgoing = vertex_directions(points)
    return np.arctan2(outgoing[index, 1], outgoing[index, 0])


def resample(points: Float[np.ndarray, "p 3"], spacing_m: float) -> Float[np.ndarray, "q 3"]:
    """Points `q 3` m evenly spaced along a polyline, at most `spacing_m` apart by arc length; both ends are kept."""
    if not (np.isfinite(spacing_m) and spacing_m > 0):
        raise ValueError(f"spacing is {spacing_m} m; expected more than 0")
    length_m = float(arc_length_m(points)[-1])
    num_pieces = max(1, int(np.ceil(length_m / spacing_m - 1e-9)))
    return points_at(points, np.linspace(0.0, length_m, num_pieces + 1))


def project(polyline: Float[np.ndarray, "p 3"], points: Float[np.ndarray, "n 3"]) -> Projection:
    """Where points `n 3` m lie along and beside an open polyline, by the place nearest in the ground plane.

    A loop is projected onto as `closed_loop(polyline)`.
    """
    _require_points(polyline)
    segments = Segments.of(polyline)
    return project_onto(segments, nearest_segments(segments, points), points)


def offset(points: Float[np.ndarray, "p 3"], distance_m: float, *, closed: bool = False) -> Float[np.ndarray, "p 3"]:
    """The polyline moved sideways in the ground plane, `p 3` m; vertex i stays vertex i and keeps its height.

    The corners are mitred, so that every piece lies at exactly `distance_m` from the piece it came from; where a
    corner is sharper than about 29 degrees, its tip is drawn in to MITRE_LIMIT times the distance. A polyline that
    bends more tightly than the offset folds over itself.

    Args:
        points: `p 3` m.
        distance_m: metres, to the left where positive.
        closed: whether the last point joins the first (not repeated at the end).
    """
    _require_points(points)
    incoming, outgoing = vertex_directions(points, closed=closed)
    bisector = incoming + outgoing  # of length 2 cos(turn / 2)
    length = np.hypot(bisector[:, 0], bisector[:, 1])
    folds = length <= 1e-6
    tangent = np.where(folds[:, None], incoming, bisector / np.where(folds, 1.0, length)[:, None])
    stretch = np.minimum(2.0 / np.maximum(length, 1e-6), MITRE_LIMIT)
    left = np.stack([-tangent[:, 1], tangent[:, 0], np.zeros(len(points))], axis=1)
    return points + left * (distance_m * stretch)[:, None]


def ribbon(
    points: Float[np.ndarray, "p 3"], width_m: float, *, closed: bool = False
) -> tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]]:
    """Left and right edge, each `p 3` m, of a band of `width_m` along a polyline, flat in the ground plane."""
    if not (np.isfinite(width_m) and width_m > 0):
        raise ValueError(f"ribbon width is {width_m} m; expected more than 0")
    return offset(points, width_m / 2, closed=closed), offset(points, -width_m / 2, closed=closed)


def cut(
    points: Float[np.ndarray, "p 3"], start_s_m: Float[np.ndarray, " k"], end_s_m: Float[np.ndarray, " k"]
) -> tuple[Float[np.ndarray, "_ 3"], ...]:
    """The pieces of a polyline between arc lengths `k` m, each at least two points.

    A piece keeps the vertices inside it. What lies outside the polyline is left off, pieces of no length are left out.
    """
    s_m = arc_length_m(points)
    start_s_m, end_s_m = np.clip(start_s_m, 0.0, s_m[-1]), np.clip(end_s_m, 0.0, s_m[-1])
    kept = end_s_m - start_s_m > MIN_PIECE_M
    start_s_m, end_s_m = start_s_m[kept], end_s_m[kept]
    starts, ends = points_at(points, start_s_m), points_at(points, end_s_m)
    first = np.searchsorted(s_m, start_s_m, side="right")
    last = np.searchsorted(s_m, end_s_m, side="left")
    return tuple(
        np.concatenate([starts[piece : piece + 1], points[first[piece] : last[piece]], ends[piece : piece + 1]])
        for piece in range(len(starts))
    )


def simplify(points: Float[np.ndarray, "p 3"], tolerance_m: float) -> Float[np.ndarray, "q 3"]:
    """The fewest of its points, by Douglas and Peucker's rule, that keep a polyline within `tolerance_m` in 3D.

    The ends stay; every point that goes lies within the tolerance of the piece that replaces it
    (Douglas and Peucker, Algorithms for the reduction of the number of points, 1973).
    """
    _require_points(points)
    kept = np.zeros(len(points), dtype=bool)
    kept[[0, -1]] = True
    open_spans = [(0, len(points) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        away = _distance_to_segment_m(points[first + 1 : last], points[first], points[last])
        farthest = int(np.argmax(away))
        if away[farthest] > tolerance_m:
            middle = first + 1 + farthest
            kept[middle] = True
            open_spans += [(first, middle), (middle, last)]
    return points[kept]


def _distance_to_segment_m(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - start
    squared = float(along @ along)
    fraction = np.clip((points - start) @ along / squared, 0.0, 1.0) if squared > 0 else np.zeros(len(points))
    return np.linalg.norm(points - start - fraction[:, None] * along, axis=1)


def _places(vertex_s_m: np.ndarray, s_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of the piece that holds each arc length, and the fraction along it."""
    index = np.clip(np.searchsorted(vertex_s_m, s_m, side="right") - 1, 0, len(vertex_s_m) - 2)
    length_m = vertex_s_m[index + 1] - vertex_s_m[index]
    fraction = np.clip((s_m - vertex_s_m[index]) / np.where(length_m > 0, length_m, 1.0), 0.0, 1.0)
    return index, fraction


def _require_points(points: np.ndarray) -> None:
    if len(points) < 2:
        raise ValueError(f"polyline has {len(points)} points; expected at least 2")
