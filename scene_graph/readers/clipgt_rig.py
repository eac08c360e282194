"""The cameras of a ClipGT clip: the rig description inside its calibration table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from scene_graph.cameras import CameraRig, FThetaCamera
from scene_graph.cameras.ftheta import ANGLE_FROM_RADIUS, RADIUS_FROM_ANGLE
from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields
from scene_graph.readers.clipgt_tables import CALIBRATION, ClipFolder
from scene_graph.readers.decoding import parse_json
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import number_array
from scene_graph.se3 import SE3

__all__ = ["FLU_FROM_CAMERA", "POLYNOMIAL_TYPES", "ClipRig", "read_clip_rig"]

FLU_FROM_CAMERA: Float[np.ndarray, "3 3"] = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""From a camera's axes (x right, y down, z forward) to the format's axes of a sensor (x forward, y left, z up)."""
FLU_FROM_CAMERA.setflags(write=False)

POLYNOMIAL_TYPES: Mapping[str, str] = MappingProxyType(
    {"pixeldistance-to-angle": ANGLE_FROM_RADIUS, "angle-to-pixeldistance": RADIUS_FROM_ANGLE}
)
"""Our direction of a lens's polynomial for each type of the format."""

_IDENTITY_CDE = {"c": 1.0, "d": 0.0, "e": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipRig:
    """A rig, with what was computed and what was not read.

    Attributes:
        rig: the f-theta cameras, in the order of the calibration; colons in their names became underscores.
        derived, absent: as in `scene_graph.recording.Source`.
    """

    rig: CameraRig
    derived: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Mounted:
    """A camera and its place; `correction_rad` and `correction_m` say how far the place was corrected."""

    camera: FThetaCamera
    ego_from_camera: SE3
    correction_rad: float
    correction_m: float


def read_clip_rig(clip: ClipFolder, records: Records) -> ClipRig:
    """The cameras of a clip.

    Sensors that are no cameras are passed over, cameras that are no f-theta ones are listed as absent.

    Raises:
        SceneError: the calibration is missing, damaged or without any f-theta camera, or a camera is bad and bad
            records are not skipped.
    """
    table = clip.required_table(CALIBRATION)
    if len(table) == 0:
        raise SceneError("holds no calibration; expected one row", where=table.path, remedy="fetch the file again")
    text, where = table.texts("rig_json")[0], f"{table.where(0)}, rig_json"
    rig = Fields(parse_json(text.encode("utf-8", errors="surrogatepass"), where), where).child("rig")
    mounted: dict[str, _Mounted] = {}
    absent = []
    sensors = rig.get("sensors")
    for index, raw in enumerate(sensors if isinstance(sensors, list) else [sensors]):
        with records.checking(f"{where}, sensor {index} ({raw.get('name') if isinstance(raw, dict) else ''})"):
            sensor = Fields(raw, where, "sensor")
            name = sensor.text("name").replace(":", "_")
            properties = _properties(sensor)
            model = properties.get("Model", "ftheta" if _polynomial_key(properties) else None)
            if model is None:
                if name.startswith("camera"):
                    raise ValueError("has neither a Model nor a polynomial; expected an f-theta camera")
            elif model != "ftheta":
                absent.append(f"camera {name}, whose model {model!r} is not read")
            elif name in mounted:
                raise ValueError(f"repeats the camera {name!r}; expected unique names")
            else:
                mounted[name] = _mounted(name, sensor, properties)
    if not mounted:
        raise SceneError("holds no f-theta camera; expected at least one", where=where)
    return ClipRig(rig=_rig(mounted), derived=tuple(_derived(mounted, len(table))), absent=tuple(absent))


def _rig(mounted: Mapping[str, _Mounted]) -> CameraRig:
    return CameraRig(
        names=tuple(mounted),
        cameras=tuple(one.camera for one in mounted.values()),
        ego_from_camera=SE3(
            rotation=np.stack([one.ego_from_camera.rotation for one in mounted.values()]),
            translation=np.stack([one.ego_from_camera.translation for one in mounted.values()]),
        ),
    )


def _derived(mounted: Mapping[str, _Mounted], num_calibrations: int) -> list[str]:
    derived = []
    corrected = [one for one in mounted.values() if one.correction_rad or one.correction_m]
    if corrected:
        widest_deg = math.degrees(max(one.correction_rad for one in corrected))
        farthest_m = max(one.correction_m for one in corrected)
        derived.append(
            f"Places of {len(corrected)} cameras are their nominal ones with the calibration's corrections, up to "
            f"{widest_deg:.2g} degrees and {farthest_m * 1000:.2g} mm."
        )
    if num_calibrations > 1:
        derived.append(f"Of {num_calibrations} calibrations the first was taken.")
    return derived


def _properties(sensor: Fields) -> dict[str, Any]:
    properties = sensor.get("properties") if "properties" in sensor else {}
    if not isinstance(properties, dict):
        raise ValueError(f"properties: expected an object, received {type(properties).__name__}")
    return properties


def _polynomial_key(properties: Mapping[str, Any]) -> str | None:
    return next((key for key in ("polynomial", "bw-poly") if key in properties), None)


def _mounted(name: str, sensor: Fields, properties: Mapping[str, Any]) -> _Mounted:
    nominal = sensor.child("nominalSensor2Rig_FLU")
    rotation, translation = _rotation(nominal), number_array(nominal.get("t"), "nominalSensor2Rig_FLU.t", (3,))
    turn, shift = np.eye(3), np.zeros(3)
    if "correction_sensor_R_FLU" in sensor:  # in the sensor's frame: applied first
        turn = _rotation(sensor.child("correction_sensor_R_FLU"))
    if "correction_rig_T" in sensor:  # in the rig's frame
        shift = number_array(sensor.get("correction_rig_T"), "correction_rig_T", (3,))
    one = _Mounted(
        camera=_camera(properties),
        ego_from_camera=SE3(rotation=rotation @ turn @ FLU_FROM_CAMERA, translation=translation + shift),
        correction_rad=float(Rotation.from_matrix(turn).magnitude()),
        correction_m=float(np.linalg.norm(shift)),
    )
    _rig({name: one}).validate()
    return one


def _rotation(record: Fields) -> Float[np.ndarray, "3 3"]:
    """The rotation of angles in degrees: a roll about x, then a pitch about y, then a yaw about z, of fixed axes."""
    angles_deg = number_array(record.get("roll-pitch-yaw"), record.path("roll-pitch-yaw"), (3,))
    return Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()


def _camera(properties: Mapping[str, Any]) -> FThetaCamera:
    key = _polynomial_key(properties)
    if key is None:
        raise ValueError("has no polynomial; expected one of up to 6 coefficients")
    polynomial = _coefficients(properties[key], key)
    return FThetaCamera(
        cx_px=_number(properties, "cx"),
        cy_px=_number(properties, "cy"),
        width_px=_size_px(properties, "width"),
        height_px=_size_px(properties, "height"),
        polynomial=polynomial,
        polynomial_direction=_direction(properties, key, polynomial),
        linear_cde=np.array([_number(properties, f"linear-{key}", default) for key, default in _IDENTITY_CDE.items()]),
    )


def _direction(properties: Mapping[str, Any], key: str, polynomial: Float[np.ndarray, "k"]) -> str:
    """As the type says; without one as the key or else the slope on the axis says: rad/px are below 1, px/rad above."""
    kind = properties.get("polynomial-type")
    if kind is not None:
        if str(kind) not in POLYNOMIAL_TYPES:
            raise ValueError(f"polynomial-type is {kind!r}; expected one of {', '.join(POLYNOMIAL_TYPES)}")
        return POLYNOMIAL_TYPES[str(kind)]
    if key == "bw-poly" or (len(polynomial) > 1 and abs(polynomial[1]) < 1.0):
        return ANGLE_FROM_RADIUS
    return RADIUS_FROM_ANGLE


def _coefficients(value: Any, name: str) -> Float[np.ndarray, "k"]:
    """Numbers in a text, separated by blanks, or in a list."""
    parts = value.split() if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise ValueError(f"{name}: expected coefficients, received {type(value).__name__}")
    return np.array([_parsed(part, name) for part in parts], dtype=np.float64)


def _size_px(properties: Mapping[str, Any], name: str) -> int:
    size_px = _number(properties, name)
    if not size_px.is_integer():
        raise ValueError(f"{name} is {size_px:g} px; expected a whole number")
    return int(size_px)


def _number(properties: Mapping[str, Any], name: str, default: float | None = None) -> float:
    if name not in properties and default is not None:
        return default
    if name not in properties:
        raise ValueError(f"properties.{name} is missing")
    return _parsed(properties[name], name)


def _parsed(value: Any, name: str) -> float:
    """A finite number, or a text of one."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is {str(value)[:40]!r}; expected a finite number")
    return number
