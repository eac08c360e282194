"""All actors' poses in one table, for asking many times where everybody is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scene_graph.actors import ActorTrack
from scene_graph.boxes import Boxes3D
from scene_graph.se3 import SE3, interpolate

__all__ = ["ActorTable"]


class ActorTable:
    """The poses of actors laid end to end, so that one time is answered for all of them at once.

    Args:
        actors: the actors; their order is the order of the boxes.

    Raises:
        ValueError: an actor has no pose.
    """

    def __init__(self, actors: Sequence[ActorTrack]) -> None:
        for actor in actors:
            if not len(actor.trajectory.timestamps_us):
                raise ValueError(f"actor {actor.track_id!r}: trajectory holds no pose; expected at least one")
        tracks = [actor.trajectory for actor in actors]
        self._num_poses = np.array([len(track.timestamps_us) for track in tracks], dtype=np.int64)
        self._first = np.cumsum(self._num_poses) - self._num_poses
        self._timestamps_us = _joined([track.timestamps_us for track in tracks], np.int64, ())
        self._poses = SE3(
            rotation=_joined([track.world_from_body.rotation for track in tracks], np.float64, (3, 3)),
            translation=_joined([track.world_from_body.translation for track in tracks], np.float64, (3,)),
        )
        self._starts_us = self._timestamps_us[self._first]
        self._ends_us = self._timestamps_us[self._first + self._num_poses - 1]
        self._absent_us = _joined([actor.absent_us for actor in actors], np.int64, (2,))
        self._absent_actor = np.repeat(np.arange(len(actors)), [len(actor.absent_us) for actor in actors])
        self._sizes_lwh_m = np.array([actor.size_lwh_m for actor in actors]).reshape(-1, 3)
        self._categories = tuple(actor.category.value for actor in actors)
        self._track_ids = tuple(actor.track_id for actor in actors)

    def __len__(self) -> int:
        return len(self._track_ids)

    def boxes_at(self, timestamp_us: int, *, extrapolate_us: int = 0) -> Boxes3D:
        """The boxes of the actors that are present at one time, in the world frame, in the table's order.

        Poses are those of `Trajectory.at`, velocities those of `Trajectory.velocity_at`.

        Args:
            timestamp_us: microseconds.
            extrapolate_us: how far outside its track an actor is carried on at constant velocity; 0: not at all.
        """
        present = self._present_at(timestamp_us, extrapolate_us)
        first, num_poses = self._first[present], self._num_poses[present]
        passed = np.add.reduceat(self._timestamps_us <= timestamp_us, self._first, dtype=np.int64)[present]
        before = first + np.clip(passed, 1, np.maximum(num_poses - 1, 1)) - 1
        after = before + (num_poses > 1)
        span_us = np.where(num_poses > 1, self._timestamps_us[after] - self._timestamps_us[before], 1)
        fraction = np.where(num_poses > 1, (timestamp_us - self._timestamps_us[before]) / span_us, 0.0)
        start, end = self._poses[before], self._poses[after]
        return Boxes3D(
            frame="world",
            frame_from_box=interpolate(start, end, fraction) if len(present) else start,
            size_lwh_m=self._sizes_lwh_m[present],
            velocity_mps=(end.translation - start.translation) / (span_us[:, None] * 1e-6),
            categories=tuple(self._categories[index] for index in present),
            track_ids=tuple(self._track_ids[index] for index in present),
        )

    def _present_at(self, timestamp_us: int, extrapolate_us: int) -> np.ndarray:
        begun = self._starts_us - extrapolate_us <= timestamp_us
        present = begun & (timestamp_us <= self._ends_us + extrapolate_us)
        unseen = (self._absent_us[:, 0] < timestamp_us) & (timestamp_us < self._absent_us[:, 1])
        present[self._absent_actor[unseen]] = False
        return np.flatnonzero(present)


def _joined(parts: list[np.ndarray], dtype: type, tail: tuple[int, ...]) -> np.ndarray:
    return np.concatenate([np.zeros((0, *tail), dtype=dtype), *parts])
