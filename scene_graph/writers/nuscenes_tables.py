"""The rows of one scene in nuScenes' tables, and its images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from scene_graph.cameras import Camera, PinholeCamera
from scene_graph.errors import SceneError
from scene_graph.readers.nuscenes_names import TABLES
from scene_graph.readers.nuscenes_objects import KEYFRAME_PERIOD_US
from scene_graph.recording import FrameStore, Recording
from scene_graph.se3 import SE3
from scene_graph.writers.nuscenes_boxes import box_records
from scene_graph.writers.nuscenes_rows import links, pose_fields
from scene_graph.writers.nuscenes_tokens import file_stem, token

__all__ = ["LIDAR", "keyframe_times_us", "scene_records"]

LIDAR = "LIDAR_TOP"
"""Every keyframe needs a lidar record; its file is never there."""

_JPEG_QUALITY = 95
# where the fleet's lidar sits; its x axis points to the right
_EGO_FROM_LIDAR = SE3.from_yaw(-np.pi / 2, np.array([0.94, 0.0, 1.84]))

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One record of a sensor: when, which keyframe's (None: between keyframes), and whether there is an image."""

    timestamp_us: int
    keyframe: int | None
    has_image: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sensor:
    """A camera or the lidar, with its calibration."""

    channel: str
    modality: str
    ego_from_sensor: SE3
    camera: Camera | None = None


def keyframe_times_us(recording: Recording) -> Int64[np.ndarray, " k"]:
    """Times of the keyframes, microseconds: those of the frames nearest to every half second from the first.

    A recording without frames has them every half second of the drive.
    """
    frames_us = _inside(recording, recording.frame_timestamps_us)
    if not len(frames_us):
        ego = recording.graph.ego.trajectory
        return np.arange(ego.start_us, ego.end_us + 1, KEYFRAME_PERIOD_US, dtype=np.int64)
    wanted_us = np.arange(frames_us[0], frames_us[-1] + KEYFRAME_PERIOD_US // 2, KEYFRAME_PERIOD_US, dtype=np.int64)
    return frames_us[np.unique(_nearest(frames_us, wanted_us))]


def scene_records(recording: Recording, location: str, root: Path, *, sweeps: bool) -> Rows:
    """Table -> rows of a valid recording; its images are written below `root`.

    Args:
        recording: the scene.
        location: the name of its map.
        root: the data root.
        sweeps: whether the images between keyframes are written too.

    Raises:
        SceneError: an image cannot be read, or is of another size than its camera.
    """
    graph, stem = recording.graph, file_stem(recording.graph.scenario_id)
    scene = token("scene", graph.scenario_id)
    keyframes_us = keyframe_times_us(recording)
    samples = [token(scene, "sample", str(time)) for time in keyframes_us.tolist()]
    rows: Rows = {table: [] for table in TABLES}
    log = token(scene, "log")
    rows["log"].append(
        {
            "token": log,
            "logfile": stem,
            "vehicle": recording.source.format,
            "date_captured": _date(graph.start_us),
            "location": location,
        }
    )
    rows["scene"].append(
        {
            "token": scene,
            "log_token": log,
            "nbr_samples": len(samples),
            "first_sample_token": samples[0],
            "last_sample_token": samples[-1],
            "name": graph.scenario_id,
            "description": graph.environment.prompt,
        }
    )
    for own, time, chain in zip(samples, keyframes_us.tolist(), links(samples), strict=True):
        rows["sample"].append({"token": own, "timestamp": time, **chain, "scene_token": scene})
    for sensor in _sensors(recording):
        shots = list(_shots(recording, sensor, keyframes_us, sweeps=sweeps))
        filenames = _add_sensor(rows, recording, sensor, shots, keyframes_us, stem)
        for shot, filename in zip(shots, filenames, strict=True):
            if shot.has_image and recording.frames is not None and sensor.camera is not None:
                _write_image(recording.frames, sensor, sensor.camera, shot.timestamp_us, root / filename)
    for table, records in box_records(graph.actors, scene, samples, keyframes_us).items():
        rows[table] += records
    return rows


def _sensors(recording: Recording) -> Iterator[_Sensor]:
    yield _Sensor(channel=LIDAR, modality="lidar", ego_from_sensor=_EGO_FROM_LIDAR)
    if recording.rig is not None:
        for index, name in enumerate(recording.rig.names):
            yield _Sensor(
                channel=name,
                modality="camera",
                ego_from_sensor=recording.rig.ego_from_camera[index],
                camera=recording.rig.cameras[index],
            )


def _shots(recording: Recording, sensor: _Sensor, keyframes_us: np.ndarray, *, sweeps: bool) -> Iterator[_Shot]:
    """The records of a sensor in time.

    The lidar's are at the times of the recording's frames. A camera's are its images: at a keyframe the nearest one
    within half an interval, or a record without an image, and between keyframes the others where `sweeps` is set.
    """
    if sensor.camera is None:
        images_us = np.zeros(0, dtype=np.int64)
        between_us = _inside(recording, recording.frame_timestamps_us)
        keyframe_of = {time: index for index, time in enumerate(keyframes_us.tolist())}
    else:
        stored = recording.frames
        images_us = np.zeros(0, dtype=np.int64)
        if stored is not None:
            images_us = _inside(recording, stored.timestamps_us(sensor.channel))
        between_us = images_us if sweeps else images_us[:0]
        keyframe_of = _keyframe_images(images_us, keyframes_us)
    for time in sorted({*keyframe_of, *between_us.tolist()}):
        yield _Shot(timestamp_us=time, keyframe=keyframe_of.get(time), has_image=bool((images_us == time).any()))


def _keyframe_images(images_us: np.ndarray, keyframes_us: np.ndarray) -> dict[int, int]:
    """Time of an image -> the keyframe that it belongs to; a keyframe without one has its own time."""
    nearest = _nearest(images_us, keyframes_us) if len(images_us) else np.zeros(0, dtype=np.int64)
    found: dict[int, int] = {}
    for index, keyframe_us in enumerate(keyframes_us.tolist()):
        time = int(images_us[nearest[index]]) if len(images_us) else keyframe_us
        near = abs(time - keyframe_us) <= KEYFRAME_PERIOD_US // 2 and time not in found
        found[time if near else keyframe_us] = index
    return found


def _inside(recording: Recording, times_us: np.ndarray) -> np.ndarray:
    """The times at which the ego's pose is known."""
    ego = recording.graph.ego.trajectory
    return times_us[(times_us >= ego.start_us) & (times_us <= ego.end_us)]


def _nearest(times_us: np.ndarray, wanted_us: np.ndarray) -> np.ndarray:
    """Index of the time nearest to each wanted one; times increase, and are at least one."""
    after = np.clip(np.searchsorted(times_us, wanted_us), 1, max(len(times_us) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times_us) - 1)
    return np.where(wanted_us - times_us[before] <= times_us[after] - wanted_us, before, after)


def _date(start_us: int) -> str:
    """The day of a time (microseconds since 1970, UTC); the first one where the time is none of our days."""
    known = 0 <= start_us < 4 * 10**15
    return (datetime(1970, 1, 1) + timedelta(microseconds=start_us if known else 0)).strftime("%Y-%m-%d")


def _add_sensor(
    rows: Rows, recording: Recording, sensor: _Sensor, shots: list[_Shot], keyframes_us: np.ndarray, stem: str
) -> list[str]:
    """Adds a sensor, its calibration, and a record and ego pose for each shot; returns the records' file names."""
    scene = rows["scene"][0]["token"]
    samples = [row["token"] for row in rows["sample"]]
    own, calibration = token("sensor", sensor.channel), token(scene, "calibrated_sensor", sensor.channel)
    rows["sensor"].append({"token": own, "channel": sensor.channel, "modality": sensor.modality})
    intrinsic = [] if sensor.camera is None else _intrinsic(sensor.camera)
    rows["calibrated_sensor"].append(
        {
            "token": calibration,
            "sensor_token": own,
            **pose_fields(sensor.ego_from_sensor),
            "camera_intrinsic": intrinsic,
        }
    )
    times_us = np.array([shot.timestamp_us for shot in shots], dtype=np.int64)
    world_from_ego = recording.graph.ego.trajectory.at(times_us)
    tokens = [token(scene, "sample_data", sensor.channel, str(time)) for time in times_us.tolist()]
    following = np.minimum(np.searchsorted(keyframes_us, times_us), len(samples) - 1).tolist()
    suffix, fileformat = (".pcd.bin", "pcd") if sensor.camera is None else (".jpg", "jpg")
    size_px = (0, 0) if sensor.camera is None else (sensor.camera.width_px, sensor.camera.height_px)
    filenames = []
    for index, (shot, chain) in enumerate(zip(shots, links(tokens), strict=True)):
        folder = "sweeps" if shot.keyframe is None else "samples"
        filename = f"{folder}/{sensor.channel}/{stem}__{sensor.channel}__{shot.timestamp_us}{suffix}"
        filenames.append(filename)
        rows["ego_pose"].append(
            {"token": tokens[index], "timestamp": shot.timestamp_us, **pose_fields(world_from_ego[index])}
        )
        rows["sample_data"].append(
            {
                "token": tokens[index],
                "sample_token": samples[following[index] if shot.keyframe is None else shot.keyframe],
                "ego_pose_token": tokens[index],
                "calibrated_sensor_token": calibration,
                "timestamp": shot.timestamp_us,
                "fileformat": fileformat,
                "is_key_frame": shot.keyframe is not None,
                "height": size_px[1],
                "width": size_px[0],
                "filename": filename,
                **chain,
            }
        )
    return filenames


def _intrinsic(camera: Camera) -> list[list[float]]:
    """The pinhole matrix of a lens, at its principal point; the format counts from the centre of the first pixel."""
    fx_px, fy_px = _focal_px(camera)
    return [[fx_px, 0.0, camera.cx_px - 0.5], [0.0, fy_px, camera.cy_px - 0.5], [0.0, 0.0, 1.0]]


def _focal_px(camera: Camera) -> tuple[float, float]:
    """Pixels a radian at the principal point."""
    if isinstance(camera, PinholeCamera):
        return camera.fx_px, camera.fy_px
    principal = np.array([camera.cx_px, camera.cy_px])
    axis, right, down = camera.unproject(principal + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    across, below = (1.0 / np.linalg.norm(np.cross(axis, ray)) for ray in (right, down))
    return float(across), float(below)


def _write_image(frames: FrameStore, sensor: _Sensor, camera: Camera, timestamp_us: int, path: Path) -> None:
    from PIL import Image

    image = frames.image(sensor.channel, timestamp_us)
    if image.shape != (camera.height_px, camera.width_px, 3):
        raise SceneError(
            f"camera {sensor.channel!r}: the image at {timestamp_us} us is {image.shape[1]}x{image.shape[0]} but the "
            f"rig says {camera.width_px}x{camera.height_px}",
            remedy="resize the rig with rig.resized()",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(image)).save(path, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
