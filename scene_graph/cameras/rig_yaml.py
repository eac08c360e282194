"""Rigs as YAML files, and as the plain dictionaries inside other files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.spatial.transform import Rotation

from scene_graph.atomic_file import write_file
from scene_graph.cameras.fisheye import FisheyeCamera
from scene_graph.cameras.ftheta import FThetaCamera
from scene_graph.cameras.pinhole import PinholeCamera
from scene_graph.cameras.rig import Camera, CameraRig
from scene_graph.errors import SceneError
from scene_graph.resources import config_path
from scene_graph.se3 import SE3

__all__ = ["RIG_VERSION", "load_rig", "rig_from_dict", "rig_to_dict", "save_rig"]

RIG_VERSION = 1

# an upright camera that looks along x (forward): what rpy_deg turns
_UPRIGHT_FROM_CAMERA = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])

_MODELS: dict[str, type[Camera]] = {"pinhole": PinholeCamera, "fisheye": FisheyeCamera, "ftheta": FThetaCamera}
# of each model: the keys that must be there, then those that may be
_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pinhole": (("width_px", "height_px", "fx_px", "fy_px", "cx_px", "cy_px"), ("distortion",)),
    "fisheye": (("width_px", "height_px", "fx_px", "fy_px", "cx_px", "cy_px"), ("coefficients",)),
    "ftheta": (("width_px", "height_px", "cx_px", "cy_px", "polynomial", "polynomial_direction"), ("linear_cde",)),
}
_ARRAY_LENGTHS = {"distortion": 5, "coefficients": 4, "polynomial": None, "linear_cde": 3}
_ROTATION_KEYS = ("rpy_deg", "quat_wxyz", "rotation")
_HEADER = """\
# Camera rig. Lengths in metres, image sizes in pixels, pixel centres at +0.5. ego_from_camera takes camera
# coordinates (x right, y down, z forward) to ego coordinates (x forward, y left, z up, rear axle on the ground).
"""


def load_rig(name_or_path: str | Path) -> CameraRig:
    """The rig of a YAML file, or of a packaged one by its bare name ("nuscenes").

    Raises:
        SceneError: there is no such file or packaged rig, or its content is not a valid rig.
    """
    is_name = isinstance(name_or_path, str) and Path(name_or_path).name == name_or_path
    path = Path(name_or_path)
    if is_name and path.suffix not in (".yaml", ".yml"):
        path = config_path("rigs", str(name_or_path))
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"cannot read the rig: {error}", where=path, remedy="give a readable YAML file") from error
    except yaml.YAMLError as error:
        raise SceneError(f"not valid YAML: {error}", where=path, remedy="correct the file") from error
    return rig_from_dict(content, where=str(path))


def save_rig(rig: CameraRig, path: str | Path) -> None:
    """Writes a rig as YAML; the file appears under its name when it is complete.

    Raises:
        SceneError: the file cannot be written.
    """
    text = _HEADER + yaml.safe_dump(rig_to_dict(rig), sort_keys=False, default_flow_style=None, width=120)
    write_file(path, text.encode("utf-8"))


def rig_to_dict(rig: CameraRig) -> dict[str, Any]:
    """The rig as lists, texts and numbers, without any rounding."""
    cameras = []
    for index, (name, camera) in enumerate(zip(rig.names, rig.cameras, strict=True)):
        model = next(model for model, kind in _MODELS.items() if type(camera) is kind)
        record: dict[str, Any] = {"name": name, "model": model}
        for key in (*_KEYS[model][0], *_KEYS[model][1]):
            value = getattr(camera, key)
            record[key] = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
        ego_from_camera = rig.ego_from_camera[index]
        record["ego_from_camera"] = {
            "translation_m": ego_from_camera.translation.tolist(),
            "rotation": ego_from_camera.rotation.tolist(),
        }
        cameras.append(record)
    return {"rig_version": RIG_VERSION, "cameras": cameras}


def rig_from_dict(content: Any, *, where: str | Path = "rig") -> CameraRig:
    """The rig that `rig_to_dict` or a person wrote.

    Args:
        content: mapping with `rig_version` and `cameras`, see configs/rigs/custom_example.yaml.
        where: the file, for errors.

    Raises:
        SceneError: a key is missing, unknown or of the wrong kind, or the rig is not valid.
    """
    _expect_keys(content, ("rig_version", "cameras"), (), where)
    if content["rig_version"] != RIG_VERSION:
        raise SceneError(
            f"rig_version is {content['rig_version']!r}; expected {RIG_VERSION}",
            where=where,
            remedy="write the file again in the present format",
        )
    if not isinstance(content["cameras"], list):
        raise SceneError("cameras: expected a list of cameras", where=where)
    names, cameras, poses = [], [], []
    for number, record in enumerate(content["cameras"], start=1):
        has_name = isinstance(record, Mapping) and isinstance(record.get("name"), str)
        place = f"{where}: camera {record['name']!r}" if has_name else f"{where}: camera number {number}"
        if not has_name:
            raise SceneError("expected a mapping with the text 'name'", where=place)
        names.append(record["name"])
        cameras.append(_camera(record, place))
        poses.append(_ego_from_camera(record["ego_from_camera"], place))
    rig = CameraRig(
        names=tuple(names),
        cameras=tuple(cameras),
        ego_from_camera=SE3(
            rotation=np.array([pose.rotation for pose in poses]).reshape(-1, 3, 3),
            translation=np.array([pose.translation for pose in poses]).reshape(-1, 3),
        ),
    )
    try:
        rig.validate()
    except ValueError as error:
        raise SceneError(str(error), where=where) from error
    return rig


def _camera(record: Mapping[str, Any], where: str) -> Camera:
    model = record.get("model")
    if not isinstance(model, str) or model not in _MODELS:
        raise SceneError(f"model is {model!r}; expected one of {', '.join(_MODELS)}", where=where)
    required, optional = _KEYS[model]
    _expect_keys(record, ("name", "model", *required, "ego_from_camera"), optional, where)
    values: dict[str, Any] = {}
    for key in (*required, *(key for key in optional if key in record)):
        if key in _ARRAY_LENGTHS:
            values[key] = _numbers(record[key], (_ARRAY_LENGTHS[key],), key, where)
        elif key == "polynomial_direction":
            values[key] = str(record[key])
        elif key in ("width_px", "height_px"):
            values[key] = _whole_number(record[key], key, where)
        else:
            values[key] = float(_numbers(record[key], (), key, where))
    try:
        return _MODELS[model](**values)
    except ValueError as error:
        raise SceneError(str(error), where=where) from error


def _ego_from_camera(record: Any, where: str) -> SE3:
    where = f"{where}: ego_from_camera"
    _expect_keys(record, ("translation_m",), _ROTATION_KEYS, where)
    given = [key for key in _ROTATION_KEYS if key in record]
    if len(given) != 1:
        raise SceneError(f"expected exactly one of {', '.join(_ROTATION_KEYS)}, received {len(given)}", where=where)
    translation = _numbers(record["translation_m"], (3,), "translation_m", where)
    if given == ["rpy_deg"]:
        # extrinsic x, y, z: Rz(yaw) @ Ry(pitch) @ Rx(roll)
        turn = Rotation.from_euler("xyz", _numbers(record["rpy_deg"], (3,), "rpy_deg", where), degrees=True)
        rotation = turn.as_matrix() @ _UPRIGHT_FROM_CAMERA
    elif given == ["quat_wxyz"]:
        quat_wxyz = _numbers(record["quat_wxyz"], (4,), "quat_wxyz", where)
        norm = float(np.linalg.norm(quat_wxyz))
        if abs(norm - 1.0) > 0.01:
            raise SceneError(f"quat_wxyz has the norm {norm:g}; expected 1", where=where)
        rotation = Rotation.from_quat(np.roll(quat_wxyz, -1)).as_matrix()
    else:
        rotation = _numbers(record["rotation"], (3, 3), "rotation", where)
    return SE3(rotation=rotation, translation=translation)


def _expect_keys(record: Any, required: tuple[str, ...], optional: tuple[str, ...], where: str | Path) -> None:
    if not isinstance(record, Mapping):
        raise SceneError(f"expected a mapping with the keys {', '.join(required)}", where=where)
    for key in required:
        if key not in record:
            raise SceneError(f"the key {key!r} is missing; expected {', '.join(required)}", where=where)
    for key in record:
        if key not in required and key not in optional:
            raise SceneError(f"the key {key!r} is unknown; expected {', '.join((*required, *optional))}", where=where)


def _whole_number(value: Any, key: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SceneError(f"{key} is {value!r}; expected a whole number", where=where)
    return value


def _numbers(value: Any, shape: tuple[int | None, ...], key: str, where: str) -> np.ndarray:
    """Finite numbers of a shape (None: any length). YAML takes 1e-3 for a text: such a text is a number here."""
    kind = " x ".join("any number" if size is None else str(size) for size in shape)
    expected = f"{kind} finite numbers" if shape else "a finite number"
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.array(np.nan)
    if isinstance(value, bool):  # YAML's yes and no
        array = np.array(np.nan)
    fits = len(array.shape) == len(shape) and all(
        want in (None, got) for got, want in zip(array.shape, shape, strict=True)
    )
    if not fits or not np.isfinite(array).all():
        raise SceneError(f"{key} is {value!r}; expected {expected}", where=where)
    return array
