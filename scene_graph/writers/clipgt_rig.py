"""A rig of f-theta cameras as the rig description of a ClipGT clip."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from scene_graph.cameras import CameraRig, FThetaCamera
from scene_graph.errors import SceneError
from scene_graph.readers.clipgt_rig import FLU_FROM_CAMERA, POLYNOMIAL_TYPES
from scene_graph.writers.writer import LeftOut

__all__ = ["rig_json"]

_PREFIX = "camera_"
_POLYNOMIAL_NAMES = {direction: name for name, direction in POLYNOMIAL_TYPES.items()}


def rig_json(rig: CameraRig, left_out: LeftOut, folder: Path) -> str:
    """The description of a rig as JSON text, without any rounding; names begin with `camera:`.

    Raises:
        SceneError: two cameras would have one name.
    """
    names = [f"{_PREFIX}{name.removeprefix(_PREFIX)}".replace("_", ":") for name in rig.names]
    if len(set(names)) < len(names):
        problem = f"the format would give two of the cameras {', '.join(rig.names)} one name"
        raise SceneError(problem, where=folder, remedy="use another rig (--rig)")
    renamed = sum(not name.startswith(_PREFIX) for name in rig.names)
    left_out.add(f"The names of {{}} cameras, which begin with {_PREFIX} there.", renamed)
    sensors = [_sensor(name, rig, index) for index, name in enumerate(names)]
    return json.dumps({"rig": {"sensors": sensors}, "version": 1}, allow_nan=False)


def _sensor(name: str, rig: CameraRig, index: int) -> dict[str, Any]:
    camera, ego_from_camera = rig.cameras[index], rig.ego_from_camera[index]
    if not isinstance(camera, FThetaCamera):
        raise TypeError(f"camera {name!r}: expected an f-theta camera, received {type(camera).__name__}")
    c, d, e = camera.linear_cde.tolist()
    return {
        "name": name,
        "properties": {
            "Model": "ftheta",
            "cx": repr(camera.cx_px),
            "cy": repr(camera.cy_px),
            "width": str(camera.width_px),
            "height": str(camera.height_px),
            "polynomial": " ".join(repr(value) for value in camera.polynomial.tolist()),
            "polynomial-type": _POLYNOMIAL_NAMES[camera.polynomial_direction],
            "linear-c": repr(c),
            "linear-d": repr(d),
            "linear-e": repr(e),
        },
        "nominalSensor2Rig_FLU": {
            "t": ego_from_camera.translation.tolist(),
            "roll-pitch-yaw": _roll_pitch_yaw_deg(ego_from_camera.rotation @ FLU_FROM_CAMERA.T),
        },
        "correction_sensor_R_FLU": {"roll-pitch-yaw": [0.0, 0.0, 0.0]},
        "correction_rig_T": [0.0, 0.0, 0.0],
    }


def _roll_pitch_yaw_deg(rotation: Float[np.ndarray, "3 3"]) -> list[float]:
    """Angles about the fixed axes x, y and z, in this order, degrees; a camera that looks up or down has many."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return Rotation.from_matrix(rotation).as_euler("xyz", degrees=True).tolist()
