"""Poses and annotations of an Argoverse 2 log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.errors import SceneError
from scene_graph.readers.feather_tables import read_feather
from scene_graph.readers.quaternions import is_rotation, rotation_from_quat_wxyz
from scene_graph.readers.records import Records
from scene_graph.readers.tracks import Observations, tracks_from
from scene_graph.readers.vertices import MAX_COORDINATE_M
from scene_graph.se3 import SE3, interpolate

__all__ = ["ANNOTATION_PERIOD_US", "CATEGORIES", "POSE_COLUMNS", "Annotations", "read_annotations", "read_axle_poses"]

ANNOTATION_PERIOD_US = 100_000
POSE_COLUMNS: Mapping[str, type] = MappingProxyType(
    dict.fromkeys(("qw", "qx", "qy", "qz", "tx_m", "ty_m", "tz_m"), float)
)

CATEGORIES: Mapping[str, ActorCategory] = MappingProxyType(
    {
        "ANIMAL": ActorCategory.ANIMAL,
        "ARTICULATED_BUS": ActorCategory.BUS,
        "BICYCLE": ActorCategory.BICYCLE,
        "BICYCLIST": ActorCategory.BICYCLE,
        "BOLLARD": ActorCategory.BARRIER,
        "BOX_TRUCK": ActorCategory.TRUCK,
        "BUS": ActorCategory.BUS,
        "CONSTRUCTION_BARREL": ActorCategory.TRAFFIC_CONE,
        "CONSTRUCTION_CONE": ActorCategory.TRAFFIC_CONE,
        "DOG": ActorCategory.ANIMAL,
        "LARGE_VEHICLE": ActorCategory.TRUCK,
        "MESSAGE_BOARD_TRAILER": ActorCategory.TRAILER,
        "MOBILE_PEDESTRIAN_CROSSING_SIGN": ActorCategory.OTHER,
        "MOTORCYCLE": ActorCategory.MOTORCYCLE,
        "MOTORCYCLIST": ActorCategory.MOTORCYCLE,
        "OFFICIAL_SIGNALER": ActorCategory.PEDESTRIAN,
        "PEDESTRIAN": ActorCategory.PEDESTRIAN,
        "RAILED_VEHICLE": ActorCategory.OTHER,
        "REGULAR_VEHICLE": ActorCategory.CAR,
        "SCHOOL_BUS": ActorCategory.BUS,
        "SIGN": ActorCategory.OTHER,
        "STOP_SIGN": ActorCategory.OTHER,
        "STROLLER": ActorCategory.PEDESTRIAN,
        "TRAFFIC_LIGHT_TRAILER": ActorCategory.TRAILER,
        "TRUCK": ActorCategory.TRUCK,
        "TRUCK_CAB": ActorCategory.TRUCK,
        "VEHICULAR_TRAILER": ActorCategory.TRAILER,
        "WHEELCHAIR": ActorCategory.PEDESTRIAN,
        "WHEELED_DEVICE": ActorCategory.OTHER,
        "WHEELED_RIDER": ActorCategory.PEDESTRIAN,
    }
)
"""Our category for each of the source's 30; a name that is not here is read as OTHER, and said to be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotations:
    """The annotated boxes of a log.

    Attributes:
        tracks: one for each road user.
        timestamps_us: int64 `t`, times at which boxes were annotated, increasing.
        unknown_categories: names that the format does not know.
    """

    tracks: tuple[ActorTrack, ...]
    timestamps_us: Int64[np.ndarray, "t"]
    unknown_categories: tuple[str, ...]


def read_axle_poses(path: Path, records: Records) -> tuple[Int64[np.ndarray, "t"], SE3]:
    """Times `t` (ns, strictly increasing) and poses SE3 `t` of the rear axle in the city frame.

    Raises:
        SceneError: the table is missing, damaged or empty, or a row is bad and bad records are not skipped.
    """
    table = read_feather(path, {"timestamp_ns": int, **POSE_COLUMNS})
    rows, world_from_axle = _poses(table, path, records)
    if len(rows) == 0:
        raise SceneError("holds no good pose; expected at least one", where=path, remedy="fetch the file again")
    times_ns, first = np.unique(table["timestamp_ns"][rows], return_index=True)
    return times_ns, world_from_axle[first]


def read_annotations(
    path: Path, pose_times_ns: Int64[np.ndarray, "t"], world_from_axle: SE3, records: Records
) -> Annotations:
    """The annotations of a log: boxes in the axle's frame at their time, moved to the city frame.

    Args:
        path: the table.
        pose_times_ns: times of the poses, ns.
        world_from_axle: SE3 `t`, poses of the rear axle.
        records: what to do with a bad row.

    Raises:
        SceneError: the table is damaged, or a row is bad and bad records are not skipped.
    """
    sizes = ("length_m", "width_m", "height_m")
    texts = {"track_uuid": str, "category": str}
    table = read_feather(path, {"timestamp_ns": int, **texts, **POSE_COLUMNS, **dict.fromkeys(sizes, float)})
    rows, axle_from_box = _poses(table, path, records)
    size_lwh_m = np.stack([table[name] for name in sizes], axis=1)
    good = _good_boxes(table["timestamp_ns"], size_lwh_m, rows, pose_times_ns, path, records)
    rows, axle_from_box = rows[good], axle_from_box[good]
    times_ns = table["timestamp_ns"][rows]
    categories = tuple(table["category"][row] for row in rows)
    timestamps_us = np.unique(times_ns // 1000)
    tracks = tracks_from(
        Observations(
            track_ids=tuple(table["track_uuid"][row] for row in rows),
            timestamps_us=times_ns // 1000,
            world_from_box=_at(times_ns, pose_times_ns, world_from_axle) @ axle_from_box,
            size_lwh_m=size_lwh_m[rows],
            source_categories=categories,
            moving=np.ones(len(rows), dtype=bool),
        ),
        category_of=lambda name: CATEGORIES.get(name, ActorCategory.OTHER),
        period_us=int(np.median(np.diff(timestamps_us))) if len(timestamps_us) > 1 else ANNOTATION_PERIOD_US,
        records=records,
        where=str(path),
    )
    return Annotations(
        tracks=tuple(tracks),
        timestamps_us=timestamps_us,
        unknown_categories=tuple(sorted(set(categories) - set(CATEGORIES))),
    )


def _poses(table: Mapping[str, Any], path: Path, records: Records) -> tuple[Int64[np.ndarray, "n"], SE3]:
    """Rows `n` of a table whose pose is finite and rigid, and those poses."""
    quat_wxyz = np.stack([table[name] for name in ("qw", "qx", "qy", "qz")], axis=1)
    translation = np.stack([table[name] for name in ("tx_m", "ty_m", "tz_m")], axis=1)
    turned, finite = is_rotation(quat_wxyz), (np.abs(translation) <= MAX_COORDINATE_M).all(axis=1)
    for row in np.flatnonzero(~(turned & finite)):
        quat = tuple(quat_wxyz[row].tolist())
        problem = (
            "position is not finite, or beyond 1e8 m"
            if turned[row]
            else f"quaternion {quat} has norm 0 or is not finite"
        )
        records.bad(f"{problem}; expected a rigid pose", f"{path}, row {row}")
    rows = np.flatnonzero(turned & finite)
    return rows, SE3(rotation=rotation_from_quat_wxyz(quat_wxyz[rows]), translation=translation[rows])


def _good_boxes(
    times_ns: Int64[np.ndarray, "m"],
    size_lwh_m: Float[np.ndarray, "m 3"],
    rows: Int64[np.ndarray, "n"],
    pose_times_ns: Int64[np.ndarray, "t"],
    path: Path,
    records: Records,
) -> Bool[np.ndarray, "n"]:
    """Which of the rows have a size and lie inside the log."""
    start_ns, end_ns = pose_times_ns[0], pose_times_ns[-1]
    solid = ((size_lwh_m[rows] > 0) & (size_lwh_m[rows] <= MAX_COORDINATE_M)).all(axis=1)
    inside = (times_ns[rows] >= start_ns) & (times_ns[rows] <= end_ns)
    for row in rows[~solid]:
        length, width, height = size_lwh_m[row]
        problem = f"size {length:g} x {width:g} x {height:g} m; expected three positive lengths"
        records.bad(problem, f"{path}, row {row}")
    for row in rows[solid & ~inside]:
        problem = f"time {times_ns[row]} ns lies outside the log; expected {start_ns} to {end_ns} ns"
        records.bad(problem, f"{path}, row {row}")
    return solid & inside


def _at(times_ns: np.ndarray, pose_times_ns: np.ndarray, world_from_axle: SE3) -> SE3:
    """Poses `n` at times inside the span: the pose of that very time where there is one, else between two."""
    if len(pose_times_ns) == 1:
        return world_from_axle[np.zeros(len(times_ns), dtype=np.int64)]
    before = np.clip(np.searchsorted(pose_times_ns, times_ns, side="right") - 1, 0, len(pose_times_ns) - 2)
    span_ns = pose_times_ns[before + 1] - pose_times_ns[before]
    fraction = (times_ns - pose_times_ns[before]) / span_ns
    return interpolate(world_from_axle[before], world_from_axle[before + 1], fraction)
