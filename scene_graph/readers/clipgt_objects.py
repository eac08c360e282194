"""The actors of a ClipGT clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Int64

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.readers import rds_hq_objects
from scene_graph.readers.clipgt_tables import OBSTACLE, ClipFolder, ClipTable
from scene_graph.readers.quaternions import is_rotation, rotation_from_quat_xyzw
from scene_graph.readers.records import Records
from scene_graph.readers.tracks import Observations, tracks_from
from scene_graph.readers.vertices import MAX_COORDINATE_M
from scene_graph.se3 import SE3

__all__ = [
    "CATEGORIES",
    "DUPLICATE",
    "MAX_TIME_US",
    "PERIOD_US",
    "ClipObjects",
    "good_rows",
    "observation_period_us",
    "read_clip_objects",
]

CATEGORIES: Mapping[str, ActorCategory] = MappingProxyType(
    {
        **rds_hq_objects.CATEGORIES,
        "animal": ActorCategory.ANIMAL,
        "barrier": ActorCategory.BARRIER,
        "bicycle": ActorCategory.BICYCLE,
        "motorcycle": ActorCategory.MOTORCYCLE,
        "other": ActorCategory.OTHER,
        "traffic_cone": ActorCategory.TRAFFIC_CONE,
    }
)
"""Our category for each name of the source, in lower case; a name that is not here is read as OTHER, and said to be."""

PERIOD_US = 100_000
"""Nominal time between two observations of an actor."""

MAX_TIME_US = 2**53
"""Times beyond this (285 years) are no times of a drive."""

DUPLICATE = "labelstore:"
"""Tracks whose ids begin so are second copies of others."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipObjects:
    """The actors of a clip.

    Attributes:
        tracks: one for each road user.
        derived: one sentence each.
    """

    tracks: tuple[ActorTrack, ...]
    derived: tuple[str, ...]


def read_clip_objects(clip: ClipFolder, records: Records) -> ClipObjects | None:
    """The tracks of a clip; None where it has no table of them.

    A track is absent where two of its observations lie more than three of `observation_period_us` apart.

    Raises:
        SceneError: the table is damaged, or a row is bad and bad records are not skipped.
    """
    table = clip.table(OBSTACLE)
    if table is None:
        return None
    ids = table.texts("trackline_id")
    duplicate = np.array([track_id.startswith(DUPLICATE) for track_id in ids], dtype=bool)
    quat_xyzw, center = table.vectors("orientation", "xyzw"), table.vectors("center", "xyz")
    times_us, size_lwh_m = table.timestamps_us(), table.vectors("size", "xyz")
    solid = ((size_lwh_m > 0) & (size_lwh_m <= MAX_COORDINATE_M)).all(axis=1)
    problems = {
        "trackline_id is empty; expected an id": np.array([bool(track_id) for track_id in ids], dtype=bool),
        "size is not three positive lengths": solid,
    }
    rows = good_rows(table, times_us, center, quat_xyzw, problems, ~duplicate, records)
    counts = Counter(ids[row] for row in rows)
    single = sum(count == 1 for count in counts.values())
    rows = np.array([row for row in rows if counts[ids[row]] > 1], dtype=np.int64)
    kept_ids, kept_times_us = tuple(ids[row] for row in rows), times_us[rows].astype(np.int64)
    names = table.texts("category")
    categories = tuple(names[row] for row in rows)
    tracks = tracks_from(
        Observations(
            track_ids=kept_ids,
            timestamps_us=kept_times_us,
            world_from_box=SE3(rotation=rotation_from_quat_xyzw(quat_xyzw[rows]), translation=center[rows]),
            size_lwh_m=size_lwh_m[rows],
            source_categories=categories,
            moving=np.ones(len(rows), dtype=bool),
        ),
        category_of=lambda name: CATEGORIES.get(name.lower(), ActorCategory.OTHER),
        period_us=observation_period_us(kept_ids, kept_times_us),
        records=records,
        where=str(table.path),
    )
    derived = []
    if duplicate.any():
        num_tracks = len({track_id for track_id in ids if track_id.startswith(DUPLICATE)})
        derived.append(f"{num_tracks} tracks {DUPLICATE}*, which are copies of others, were dropped.")
    if single:
        derived.append(f"{single} tracks of a single observation were dropped.")
    unknown = sorted({name for name in categories if name.lower() not in CATEGORIES})
    if unknown:
        derived.append(f"Categories that the format does not name were read as other: {', '.join(unknown)}.")
    return ClipObjects(tracks=tuple(tracks), derived=tuple(derived))


def observation_period_us(track_ids: tuple[str, ...], timestamps_us: Int64[np.ndarray, "n"]) -> int:
    """The usual time between two observations of an actor, microseconds: their median, at least PERIOD_US."""
    order = np.lexsort((timestamps_us, np.array(track_ids, dtype=object).astype(str)))
    ids = np.array(track_ids, dtype=object)[order]
    steps_us = np.diff(timestamps_us[order])[ids[1:] == ids[:-1]]
    return max(PERIOD_US, int(np.median(steps_us))) if len(steps_us) else PERIOD_US


def good_rows(
    table: ClipTable,
    times_us: Float[np.ndarray, "n"],
    positions: Float[np.ndarray, "n 3"],
    quat_xyzw: Float[np.ndarray, "n 4"],
    problems: Mapping[str, Bool[np.ndarray, "n"]],
    wanted: Bool[np.ndarray, "n"],
    records: Records,
) -> Int64[np.ndarray, "m"]:
    """Indices `m` of the rows of poses that are wanted and good.

    Args:
        table: where the rows come from.
        times_us: microseconds, NaN where there is none.
        positions, quat_xyzw: the pose, NaN where there is none.
        problems: what else may be wrong with a row -> whether it is right.
        wanted: the other rows are passed over.
        records: what to do with a bad row.
    """
    whole = (np.abs(times_us) <= MAX_TIME_US) & (times_us == np.round(times_us))
    checks = {
        "timestamp_micros is not a whole number of microseconds": whole,
        "position is missing, not finite or beyond 1e8 m": (np.abs(positions) <= MAX_COORDINATE_M).all(axis=1),
        "orientation is missing, not finite or of norm 0": is_rotation(quat_xyzw),
        **problems,
    }
    good = wanted.copy()
    for problem, right in checks.items():
        for index in np.flatnonzero(good & ~right):
            records.bad(problem, table.where(index))
        good &= right
    return np.flatnonzero(good).astype(np.int64)
