"""A tiny RDS-HQ clip, written to disk for tests: ten frames of a slow straight drive."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

CLIP = "session_5000000_6000000"
START_US = 5_000_000
NUM_FRAMES = 10
CAMERA = "camera_front"

Clip = dict[str, dict[str, Any]]
"""attribute -> member key -> array, JSON value or bytes."""


def ego_pose(frame: int) -> np.ndarray:
    """world_from_ego, 4 x 4: one metre a frame along x, turning a little."""
    yaw = 0.02 * frame
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    pose[0, 3] = frame
    return pose


def ego_from_camera() -> np.ndarray:
    """4 x 4: a camera that looks forward."""
    pose = np.eye(4)
    pose[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
    pose[:3, 3] = [1.5, 0.2, 1.3]
    return pose


def label(label_id: str, geometry: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A label; attributes are texts, numbers, flags or lists of texts."""
    listed: list[dict[str, Any]] = [{"name": "coordinate_frame", "text": "rig"}]
    for name, value in attributes.items():
        if isinstance(value, list):
            kind = "textList" if name.endswith("_ids") else "enumsList"
            listed.append({"name": name, kind: {kind: value} if value else {}})
        else:
            kind = {bool: "flag", float: "numerical"}.get(type(value), "text")
            listed.append({"name": name, kind: value})
    return {
        "labelFamily": "SHAPE3D",
        "labelId": label_id,
        "labelData": {"shape3d": {"attributes": listed, "unit": "METRIC", **geometry}},
    }


def polyline(*points: tuple[float, float, float]) -> dict[str, Any]:
    return {"polyline3d": {"vertices": [list(point) for point in points]}}


def surface(*points: tuple[float, float, float]) -> dict[str, Any]:
    return {"surface": {"vertices": [list(point) for point in points]}}


def cuboid(corners: np.ndarray) -> dict[str, Any]:
    return {"cuboid3d": {"vertices": np.asarray(corners).tolist()}}


def source_corners(center: tuple[float, float, float], size: tuple[float, float, float]) -> np.ndarray:
    """Corners in the source's order: 0-3 along x, 0-1 along y, 0-4 along z, left-handed and upside down."""
    signs = np.array(
        [[1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, -1], [1, -1, 1], [1, 1, 1], [-1, 1, 1], [-1, -1, 1]]
    )
    return np.array(center) + signs * np.array(size) / 2


def lane(label_id: str, feature_id: str, left_y: float, right_y: float, x: float = 0.0, **values: Any) -> dict:
    rails = {
        "polylines3d": {
            "polylines": [
                {"vertices": [[x, left_y, 0.0], [x + 20, left_y, 0.0]]},
                {"vertices": [[x, right_y, 0.0], [x + 10, right_y, 0.0], [x + 20, right_y, 0.0]]},
            ]
        }
    }
    values = {
        "previous_lane_ids": [], "next_lane_ids": [], "left_lane_id": "-1", "right_lane_id": "-1",
        "associated_stopline_ids": [], "associated_traffic_light_ids": [], "associated_traffic_sign_ids": [],
        "speed_limit": 25.0, "vehicle_types": ["CAR"], "use_types": [], "lane_direction": "STRAIGHT",
    } | values  # fmt: skip
    return label(label_id, rails, feature_id=feature_id, **values)


def _labels() -> dict[str, list[dict[str, Any]]]:
    return {
        "lanelines": [
            label(
                "line-a", polyline((0, 2, 0), (10, 2, 0), (20, 2, 0)), feature_id="1", width=0.3,
                colors=["WHITE", "YELLOW", "YELLOW"], styles=["SOLID_SINGLE", "SOLID_GROUP", "SOLID_GROUP"],
            ),
            label("line-b", polyline((0, -2, 0), (20, -2, 0)), feature_id="2", width=0.0),
        ],
        "road_boundaries": [label("edge", polyline((0, -6, 0), (20, -6, 0)), boundary_type="tall_curb")],
        "wait_lines": [label("wait", polyline((18, -2, 0), (18, 2, 0)), feature_id="30-11", is_implicit=True)],
        "poles": [label("pole", polyline((5, 8, 4), (5, 8, 0)), pole_type="SIGN")],
        "crosswalks": [label("walk", surface((8, -4, 0), (11, -4, 0), (11, 4, 0), (8, 4, 0), (8, -4, 0)))],
        "road_markings": [label("arrow", surface((3, -1, 0), (4, -1, 0), (4, 1, 0)))],
        "traffic_signs": [label("sign", cuboid(source_corners((9, 7, 3), (0.01, 0.8, 0.6))), feature_id="40")],
        "traffic_lights": [label("light", cuboid(source_corners((20, 0, 5), (0.3, 0.4, 1.0))), feature_id="50")],
        "lanes": [
            lane("lane-a", "11", 2, -2, next_lane_ids=["12", "99"], right_lane_id="13",
                 associated_stopline_ids=["30"], associated_traffic_light_ids=["50"]),
            lane("lane-b", "12", 2, -2, x=20, previous_lane_ids=["11"], lane_direction="LEFT_TURN"),
            lane("lane-c", "13", -2, -6, left_lane_id="11", use_types=["SHOULDER_LANE"], speed_limit=65.0),
        ],
    }  # fmt: skip


def _object(x: float, y: float, yaw: float, kind: str, moving: bool, length: float = 4.0) -> dict[str, Any]:
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    pose[:3, 3] = [x, y, 0.8]
    return {
        "object_to_world": pose.tolist(),
        "object_lwh": [length, 1.8, 1.6],
        "object_type": kind,
        "object_is_moving": moving,
    }


def example_clip() -> Clip:
    """What to write; tests change it first."""
    frames = range(NUM_FRAMES)
    ftheta = np.array([320, 240, 640, 480, 0, 2e-3, 0, 0, 0, 0, 1.0])
    labels = {f"3d_{layer}": {f"{layer}.json": {"labels": listed}} for layer, listed in _labels().items()}
    # a parked truck, once seen the wrong way round and once too long, and a car that moves
    objects = {
        f"{frame:06d}.all_object_info.json": {
            "truck": _object(12 + 0.1 * (frame == 3), -4, np.pi * (frame == 6), "Heavy_truck", False, 8 + frame / 3),
            "car": _object(5 + frame, 4, 0.0, "Car", True),
        }
        for frame in (0, 3, 6, 9)
    }
    return {
        "vehicle_pose": {f"{i:06d}.vehicle_pose.npy": ego_pose(i).astype(np.float32) for i in frames},
        "pose": {
            f"{i:06d}.pose.{CAMERA}.npy": (ego_pose(i) @ ego_from_camera()).astype(np.float32) for i in frames
        },
        "ftheta_intrinsic": {
            f"ftheta_intrinsic.{CAMERA}.npy": ftheta,
            "ftheta_intrinsic.camera_without_pose.npy": ftheta,
        },
        "pinhole_intrinsic": {f"pinhole_intrinsic.{CAMERA}.npy": np.array([500.0, 500, 320, 240, 640, 480])},
        "all_object_info": objects,
        "3d_traffic_lights_status": {
            "aggregated_states.json": {
                "traffic_light_states": {"0": {"feature_id": "50", "state": ["RED"] * 4 + ["GREEN"] * 6}}
            }
        },
        **labels,
    }  # fmt: skip


def content(value: Any) -> bytes:
    """The bytes of a member."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, np.ndarray):
        stream = io.BytesIO()
        np.save(stream, value)
        return stream.getvalue()
    return json.dumps(value).encode()


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def write_clip(root: Path, clip: Clip, name: str = CLIP) -> Path:
    """Writes a clip below `root`; returns `root`."""
    for attribute, members in clip.items():
        write_tar(root / attribute / f"{name}.tar", {f"{name}.{key}": content(value) for key, value in members.items()})
    return root
