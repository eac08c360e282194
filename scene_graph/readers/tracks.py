"""Actor tracks from a table of single observations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy.spatial.transform import Rotation

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.readers.records import Records
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

__all__ = ["Observations", "absences_us", "static_pose", "tracks_from"]

_ABSENT_AFTER_PERIODS = 3
_SAME_HEADING_DOT = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """Boxes as a source lists them: one row an actor and time, in any order.

    Attributes:
        track_ids: `n` identities.
        timestamps_us: int64 `n`, microseconds.
        world_from_box: SE3 `n`, poses of the box centres.
        size_lwh_m: float64 `n 3`, metres.
        source_categories: `n`, the source's names.
        moving: bool `n`, whether the source says that the actor moves.
    """

    track_ids: tuple[str, ...]
    timestamps_us: Int64[np.ndarray, "n"]
    world_from_box: SE3
    size_lwh_m: Float[np.ndarray, "n 3"]
    source_categories: tuple[str, ...]
    moving: Bool[np.ndarray, "n"]


def tracks_from(
    observations: Observations,
    *,
    category_of: Callable[[str], ActorCategory],
    period_us: int,
    records: Records,
    where: str,
) -> list[ActorTrack]:
    """One track an identity, in the order in which the identities first appear.

    A track has the median size of its observations and its most frequent category, and is absent where two of them
    lie more than three periods apart. One that never moves stands still at its mean pose with its mean size; poses
    that head elsewhere than most (a dot product of the headings below 0.7) do not count there.

    Args:
        observations: the table.
        category_of: our category for a name of the source.
        period_us: nominal time between two observations of an actor.
        records: what to do with a track that is not valid.
        where: the table's file, for errors.
    """
    rows_of: dict[str, list[int]] = {}
    for row, track_id in enumerate(observations.track_ids):
        rows_of.setdefault(track_id, []).append(row)
    tracks = []
    for track_id, rows in rows_of.items():
        with records.checking(f"{where}, track {track_id!r}"):
            track = _track(track_id, np.array(rows), observations, category_of, period_us)
            track.validate()
            tracks.append(track)
    return tracks


def absences_us(timestamps_us: Int64[np.ndarray, "t"], period_us: int) -> Int64[np.ndarray, "g 2"]:
    """Open intervals `g 2` (microseconds) between neighbouring times more than three periods apart."""
    gaps = np.flatnonzero(np.diff(timestamps_us) > _ABSENT_AFTER_PERIODS * period_us)
    return np.stack([timestamps_us[gaps], timestamps_us[gaps + 1]], axis=1)


def static_pose(world_from_box: SE3) -> tuple[SE3, Bool[np.ndarray, "n"]]:
    """The mean of poses `n` of one box, and which of them it is the mean of.

    The heading (x axis) that most others agree with decides which poses count: those whose heading has a dot product
    of at least 0.7 with it.
    """
    headings = world_from_box.rotation[:, :, 0]
    agrees = headings @ headings.T >= _SAME_HEADING_DOT
    kept = agrees[int(np.argmax(agrees.sum(axis=1)))]
    mean = SE3(
        rotation=Rotation.from_matrix(world_from_box.rotation[kept]).mean().as_matrix(),
        translation=world_from_box.translation[kept].mean(axis=0),
    )
    return mean, kept


def _track(
    track_id: str,
    rows: np.ndarray,
    observations: Observations,
    category_of: Callable[[str], ActorCategory],
    period_us: int,
) -> ActorTrack:
    rows = rows[np.argsort(observations.timestamps_us[rows], kind="stable")]
    times = observations.timestamps_us[rows]
    if (np.diff(times) == 0).any():
        raise ValueError(f"is observed twice at {times[:-1][np.diff(times) == 0][0]} us; expected once")
    sizes = observations.size_lwh_m[rows]
    world_from_box = observations.world_from_box[rows]
    category = Counter(observations.source_categories[row] for row in rows).most_common(1)[0][0]
    absent_us = absences_us(times, period_us)
    if observations.moving[rows].any():
        size_lwh_m = np.median(sizes, axis=0)
    else:
        pose, kept = static_pose(world_from_box)
        size_lwh_m = sizes[kept].mean(axis=0)
        times = np.unique(times[[0, -1]])
        world_from_box = SE3(
            rotation=np.broadcast_to(pose.rotation, (len(times), 3, 3)),
            translation=np.broadcast_to(pose.translation, (len(times), 3)),
        )
    return ActorTrack(
        track_id=track_id,
        category=category_of(category),
        size_lwh_m=size_lwh_m,
        trajectory=Trajectory(timestamps_us=times, world_from_body=world_from_box),
        absent_us=absent_us,
        source_category=category,
    )
