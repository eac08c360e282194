"""The boxes of a nuScenes scene: annotations of keyframes, joined to tracks.

An annotation holds at its keyframe's time, that of the lidar. It was made for the keyframe's images too, which were
taken up to 50 ms earlier: where a track begins, its first box is carried back to them at constant velocity (and
forward, where it ends before them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.readers.nuscenes_names import category_of
from scene_graph.readers.nuscenes_rows import pose, time_us
from scene_graph.readers.nuscenes_tables import SceneTables
from scene_graph.readers.records import Records
from scene_graph.readers.tracks import Observations, tracks_from
from scene_graph.readers.vertices import number_array
from scene_graph.se3 import SE3, interpolate
from scene_graph.trajectory import Trajectory

__all__ = ["KEYFRAME_PERIOD_US", "Keyframes", "SceneObjects", "read_objects"]

KEYFRAME_PERIOD_US = 500_000
"""The format's nominal time between two keyframes."""

_MISSED_PERIODS = 1.5
_MAX_REACH_US = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keyframes:
    """The keyframes of a scene in time.

    Attributes:
        timestamps_us: int64 `k`, microseconds, strictly increasing.
        first_image_us, last_image_us: int64 `k`, the span of the keyframe and its images, microseconds; at most
            100 ms and a quarter of the keyframes' interval to either side.
    """

    timestamps_us: Int64[np.ndarray, " k"]
    first_image_us: Int64[np.ndarray, " k"]
    last_image_us: Int64[np.ndarray, " k"]

    @classmethod
    def of(cls, images_us: Mapping[int, list[int]]) -> Keyframes:
        """The keyframes of time -> times of the images that belong to it."""
        times_us = np.array(sorted(images_us), dtype=np.int64)
        first = np.array([min([time, *images_us[time]]) for time in times_us.tolist()], dtype=np.int64)
        last = np.array([max([time, *images_us[time]]) for time in times_us.tolist()], dtype=np.int64)
        reach_us = min(_MAX_REACH_US, _period_us(times_us) // 4)
        return cls(
            timestamps_us=times_us,
            first_image_us=np.maximum(first, times_us - reach_us),
            last_image_us=np.minimum(last, times_us + reach_us),
        )

    @property
    def period_us(self) -> int:
        """Median time between neighbours, microseconds; nominal where there are none."""
        return _period_us(self.timestamps_us)


def _period_us(times_us: np.ndarray) -> int:
    return int(np.median(np.diff(times_us))) if len(times_us) > 1 else KEYFRAME_PERIOD_US


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneObjects:
    """The actors of a scene.

    Attributes:
        tracks: one an instance, in the order in which they first appear.
        num_boxes: how many annotations they come from.
        derived: what was computed, one sentence each.
    """

    tracks: tuple[ActorTrack, ...]
    num_boxes: int
    derived: tuple[str, ...]


def read_objects(tables: SceneTables, keyframes: Keyframes, records: Records) -> SceneObjects:
    """The actors of a scene.

    Raises:
        SceneError: a box has no positive size, no rotation or no category, or an instance two boxes at one time, and
            bad records are not skipped.
    """
    observations = _observations(tables, records)
    unknown = sorted({name for name in observations.source_categories if category_of(name) is None})
    tracks = tracks_from(
        observations,
        category_of=lambda name: category_of(name) or ActorCategory.OTHER,
        period_us=max(round(keyframes.period_us * _MISSED_PERIODS / 3), 1),  # three of these periods are an absence
        records=records,
        where=str(tables.folder / "sample_annotation.json"),
    )
    derived = []
    if tracks:
        derived += [
            "Between keyframes actors move evenly; where more than 1.5 keyframe intervals are missing they are absent.",
            "Where a track begins, its first box is carried back to its keyframe's images, at most 100 ms.",
        ]
    if unknown:
        derived.append(f"Categories that the format does not name were read as other: {', '.join(unknown)}.")
    return SceneObjects(
        tracks=tuple(_over_images(track, keyframes) for track in tracks),
        num_boxes=len(observations.track_ids),
        derived=tuple(derived),
    )


def _observations(tables: SceneTables, records: Records) -> Observations:
    database = tables.database
    rows: list[tuple[str, int, SE3, np.ndarray, str]] = []
    for row in database.sample_annotation:
        with records.checking(tables.where("sample_annotation", row)):
            rows.append((row["instance_token"], *_box(row, database.get("sample", row["sample_token"]))))
    return Observations(
        track_ids=tuple(row[0] for row in rows),
        timestamps_us=np.array([row[1] for row in rows], dtype=np.int64),
        world_from_box=SE3(
            rotation=np.array([row[2].rotation for row in rows]).reshape(-1, 3, 3),
            translation=np.array([row[2].translation for row in rows]).reshape(-1, 3),
        ),
        size_lwh_m=np.array([row[3] for row in rows], dtype=np.float64).reshape(-1, 3),
        source_categories=tuple(row[4] for row in rows),
        # annotations are kept where they are, of actors that stand still too
        moving=np.ones(len(rows), dtype=bool),
    )


def _box(row: Mapping[str, Any], sample: Mapping[str, Any]) -> tuple[int, SE3, np.ndarray, str]:
    """Time, pose, size (length, width, height) and category of an annotation, whose size is width, length, height."""
    width, length, height = number_array(row.get("size"), "size", (3,)).tolist()
    if not min(width, length, height) > 0:
        raise ValueError(f"size is {width:g} x {length:g} x {height:g} m; expected three positive lengths")
    return time_us(sample), pose(row), np.array([length, width, height]), row["category_name"]


def _over_images(track: ActorTrack, keyframes: Keyframes) -> ActorTrack:
    """The track from the first to the last image of its keyframes, also around its absences."""
    times = track.trajectory.timestamps_us
    at = np.searchsorted(keyframes.timestamps_us, times)
    breaks = np.isin(times, track.absent_us[:, 1])  # first observation after an absence
    begins, ends = breaks | (times == times[0]), np.append(breaks[1:], True)
    lead_us = np.where(begins, keyframes.first_image_us[at] - times, 0)
    tail_us = np.where(ends, keyframes.last_image_us[at] - times, 0)
    if not lead_us.any() and not tail_us.any():
        return track
    before, after = np.flatnonzero(lead_us), np.flatnonzero(tail_us)
    added = [
        _carried(track.trajectory, before, np.where(ends[before], before, before + 1), lead_us[before]),
        _carried(track.trajectory, after, np.where(begins[after], after, after - 1), tail_us[after]),
    ]
    absent_us = track.absent_us + np.stack(
        [_shift(track.absent_us[:, 0], times, tail_us), _shift(track.absent_us[:, 1], times, lead_us)], axis=1
    )
    return replace(track, trajectory=_merged(track.trajectory, *added), absent_us=absent_us)


def _carried(trajectory: Trajectory, start: np.ndarray, other: np.ndarray, shift_us: np.ndarray) -> Trajectory:
    """The poses `start`, carried on by `shift_us` with the velocity between them and the poses `other`."""
    times, poses = trajectory.timestamps_us, trajectory.world_from_body
    span_us = times[other] - times[start]
    fraction = np.where(span_us == 0, 0.0, shift_us / np.where(span_us == 0, 1, span_us))
    carried = interpolate(poses[start], poses[other], fraction) if len(start) else poses[start]
    return Trajectory(timestamps_us=times[start] + shift_us, world_from_body=carried)


def _merged(*trajectories: Trajectory) -> Trajectory:
    """All poses of trajectories that share no time, in time."""
    times = np.concatenate([trajectory.timestamps_us for trajectory in trajectories])
    order = np.argsort(times, kind="stable")
    rotation = np.concatenate([trajectory.world_from_body.rotation for trajectory in trajectories])
    translation = np.concatenate([trajectory.world_from_body.translation for trajectory in trajectories])
    return Trajectory(
        timestamps_us=times[order], world_from_body=SE3(rotation=rotation[order], translation=translation[order])
    )


def _shift(moments_us: np.ndarray, times_us: np.ndarray, shifts_us: np.ndarray) -> np.ndarray:
    """The shifts of those times that are the moments."""
    return shifts_us[np.searchsorted(times_us, moments_us)]
