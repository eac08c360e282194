"""The cameras of a recording in the lenses that a format has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scene_graph.cameras import CameraRig, FThetaCamera
from scene_graph.errors import SceneError
from scene_graph.recording import Recording
from scene_graph.writers.ftheta_fit import ftheta_fit
from scene_graph.writers.writer import LeftOut

__all__ = ["checked_rig", "ftheta_rig"]


def checked_rig(recording: Recording, format: str, path: Path) -> CameraRig:
    """The recording's rig, when rig and graph are valid.

    Raises:
        ValueError: the graph or the rig is not valid.
        SceneError: the recording has no rig.
    """
    recording.graph.validate()
    if recording.rig is None:
        problem = f"the recording has no cameras; {format} needs their calibration"
        raise SceneError(problem, where=path, remedy="give it a rig (--rig)")
    recording.rig.validate()
    return recording.rig


def ftheta_rig(rig: CameraRig, max_error_px: float, left_out: LeftOut, path: Path) -> CameraRig:
    """The rig with an f-theta lens for each of its lenses; those that are none are noted.

    Raises:
        SceneError: no f-theta lens is within `max_error_px` of one of them.
    """
    cameras = []
    for name, camera in zip(rig.names, rig.cameras, strict=True):
        try:
            fit, error_px = ftheta_fit(camera)
        except ValueError as error:
            raise SceneError(f"camera {name!r}: {error}", where=path, remedy="use another rig (--rig)") from error
        if error_px > max_error_px:
            model = type(camera).__name__.removesuffix("Camera").lower()
            raise SceneError(
                f"camera {name!r}: its {model} lens is {error_px:.2g} px off the nearest f-theta lens, which is what "
                f"the format has; expected at most {max_error_px:g} px",
                where=path,
                remedy="allow more (--max-lens-error-px), or use another rig (--rig)",
            )
        if not isinstance(camera, FThetaCamera):
            left_out.add(f"The lens of {name}: the f-theta lens in its place moves pixels by up to {error_px:.2g} px.")
        cameras.append(fit)
    return replace(rig, cameras=tuple(cameras))
