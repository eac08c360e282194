"""The cameras of an Argoverse 2 log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scene_graph.cameras import CameraRig, PinholeCamera
from scene_graph.errors import SceneError
from scene_graph.readers.argoverse2_tables import POSE_COLUMNS
from scene_graph.readers.feather_tables import read_feather
from scene_graph.readers.quaternions import rotation_from_quat_wxyz
from scene_graph.readers.records import Records
from scene_graph.se3 import SE3

__all__ = ["read_rig"]

_INTRINSIC_COLUMNS: Mapping[str, type] = dict.fromkeys(
    ("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "k3", "height_px", "width_px"), float
)


def read_rig(intrinsics: Path, mountings: Path, ego_from_axle: SE3, records: Records) -> CameraRig:
    """The cameras of a log, in the order of the intrinsics' rows.

    Args:
        intrinsics: the table of lenses.
        mountings: the table of the sensors' poses in the axle's frame, cameras and others.
        ego_from_axle: from the source's ego frame to ours.
        records: what to do with a bad camera.

    Raises:
        SceneError: a table is missing or damaged, a camera is in one only, or bad and bad records are not skipped.
    """
    inner = read_feather(intrinsics, {"sensor_name": str, **_INTRINSIC_COLUMNS})
    outer = read_feather(mountings, {"sensor_name": str, **POSE_COLUMNS})
    row_of = {name: row for row, name in enumerate(outer["sensor_name"])}
    names: list[str] = []
    cameras: list[PinholeCamera] = []
    ego_from_camera: list[SE3] = []
    for row, name in enumerate(inner["sensor_name"]):
        if row_of.get(name) is None or outer["sensor_name"].count(name) > 1:
            problem = f"has {outer['sensor_name'].count(name)} rows of camera {name!r}; expected one"
            raise SceneError(problem, where=mountings, remedy="fetch the calibration again")
        camera = place = None
        with records.checking(f"{intrinsics}, camera {name!r}"):
            camera = _camera({column: float(inner[column][row]) for column in _INTRINSIC_COLUMNS})
        with records.checking(f"{mountings}, camera {name!r}"):
            place = _mounting({column: float(outer[column][row_of[name]]) for column in POSE_COLUMNS})
        if camera is not None and place is not None:
            names.append(name)
            cameras.append(camera)
            ego_from_camera.append(ego_from_axle @ place)
    return CameraRig(
        names=tuple(names),
        cameras=tuple(cameras),
        ego_from_camera=SE3(
            rotation=np.array([pose.rotation for pose in ego_from_camera]).reshape(-1, 3, 3),
            translation=np.array([pose.translation for pose in ego_from_camera]).reshape(-1, 3),
        ),
    )


def _camera(row: Mapping[str, float]) -> PinholeCamera:
    """The camera of a row; OpenCV's principal point counts from the centre of the first pixel, ours from its corner."""
    if not (row["width_px"].is_integer() and row["height_px"].is_integer()):
        raise ValueError(f"image of {row['width_px']:g} x {row['height_px']:g} px; expected whole numbers")
    camera = PinholeCamera(
        fx_px=row["fx_px"],
        fy_px=row["fy_px"],
        cx_px=row["cx_px"] + 0.5,
        cy_px=row["cy_px"] + 0.5,
        width_px=int(row["width_px"]),
        height_px=int(row["height_px"]),
        distortion=np.array([row["k1"], row["k2"], 0.0, 0.0, row["k3"]]),
    )
    camera.validate()
    return camera


def _mounting(row: Mapping[str, float]) -> SE3:
    pose = SE3(
        rotation=rotation_from_quat_wxyz(np.array([row["qw"], row["qx"], row["qy"], row["qz"]])),
        translation=np.array([row["tx_m"], row["ty_m"], row["tz_m"]]),
    )
    pose.validate()
    return pose
