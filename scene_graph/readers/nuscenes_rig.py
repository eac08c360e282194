"""The cameras and images of a nuScenes scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scene_graph.cameras import CameraRig, PinholeCamera
from scene_graph.errors import SceneError
from scene_graph.readers.images import ImageFiles
from scene_graph.readers.nuscenes_names import CAMERA_ORDER
from scene_graph.readers.nuscenes_rows import file_path, pose, time_us, whole_number
from scene_graph.readers.nuscenes_tables import SceneTables
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import number_array
from scene_graph.se3 import SE3

__all__ = ["CameraRow", "camera_rows", "read_images", "read_rig"]

_MAX_SIDE_PX = 100_000
_SKEW_TOLERANCE_PX = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRow:
    """One image as the tables know it, whether or not its file is there.

    Attributes:
        timestamp_us: when it was taken, microseconds.
        is_keyframe: whether it belongs to a keyframe.
        row: its row of sample_data.
    """

    timestamp_us: int
    is_keyframe: bool
    row: Mapping[str, Any]


def camera_rows(tables: SceneTables, records: Records, *, keyframes_only: bool) -> dict[str, list[CameraRow]]:
    """Camera -> its images in time; cameras clockwise from the front, others after them as the tables name them."""
    found: dict[str, list[CameraRow]] = {}
    for row in tables.database.sample_data:
        if row["sensor_modality"] != "camera" or (keyframes_only and not row["is_key_frame"]):
            continue
        with records.checking(tables.where("sample_data", row)):
            image = CameraRow(timestamp_us=time_us(row), is_keyframe=row["is_key_frame"], row=row)
            found.setdefault(row["channel"], []).append(image)
    order = [*(name for name in CAMERA_ORDER if name in found), *(name for name in found if name not in CAMERA_ORDER)]
    return {name: sorted(found[name], key=lambda image: image.timestamp_us) for name in order}


def read_rig(
    tables: SceneTables, images: Mapping[str, list[CameraRow]], records: Records
) -> tuple[CameraRig | None, list[str]]:
    """The cameras of a scene, None where it has none, and what was derived, in words."""
    names, cameras, places, notes = [], [], [], []
    for name, rows in images.items():
        calibrations = list(dict.fromkeys(image.row["calibrated_sensor_token"] for image in rows))
        if len(calibrations) > 1:
            notes.append(f"{name} has {len(calibrations)} calibrations: that of its first image was taken.")
        row = tables.database.get("calibrated_sensor", calibrations[0])
        with records.checking(f"{tables.where('calibrated_sensor', row)} of {name}"):
            camera = _camera(row, rows[0].row)
            ego_from_camera = pose(row)
            names.append(name)
            cameras.append(camera)
            places.append(ego_from_camera)
    if not names:
        return None, notes
    rig = CameraRig(
        names=tuple(names),
        cameras=tuple(cameras),
        ego_from_camera=SE3(
            rotation=np.array([place.rotation for place in places]),
            translation=np.array([place.translation for place in places]),
        ),
    )
    return rig, notes


def _camera(row: Mapping[str, Any], image: Mapping[str, Any]) -> PinholeCamera:
    """The camera of a calibration; the format's principal point counts from the centre of the first pixel."""
    matrix = number_array(row.get("camera_intrinsic"), "camera_intrinsic", (3, 3))
    (fx, skew, cx), (zero, fy, cy), last = matrix.tolist()
    if max(abs(skew), abs(zero)) > _SKEW_TOLERANCE_PX or last != [0.0, 0.0, 1.0]:
        raise ValueError(f"camera_intrinsic is {matrix.tolist()}; expected [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]")
    camera = PinholeCamera(
        fx_px=fx,
        fy_px=fy,
        cx_px=cx + 0.5,
        cy_px=cy + 0.5,
        width_px=whole_number(image, "width", _MAX_SIDE_PX),
        height_px=whole_number(image, "height", _MAX_SIDE_PX),
    )
    camera.validate()
    return camera


def read_images(
    root: Path,
    tables: SceneTables,
    images: Mapping[str, list[CameraRow]],
    span_us: tuple[int, int],
    records: Records,
) -> ImageFiles:
    """The image files that are there, of times inside the span; of several at one time the first."""
    files: dict[str, dict[int, Path]] = {}
    for name, rows in images.items():
        times: dict[int, Path] = {}
        for image in rows:
            with records.checking(tables.where("sample_data", image.row)):
                path = file_path(root, image.row.get("filename"))
                if span_us[0] <= image.timestamp_us <= span_us[1] and _is_file(path):
                    times.setdefault(image.timestamp_us, path)
        if times:
            files[name] = times
    return ImageFiles(files=files)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise SceneError(f"filename {path.name[:60]!r} cannot be looked up: {error.strerror}") from error
