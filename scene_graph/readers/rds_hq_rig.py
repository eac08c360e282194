"""The cameras of an RDS-HQ clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.cameras import CameraRig, FThetaCamera, PinholeCamera
from scene_graph.errors import SceneError
from scene_graph.readers.rds_hq_clip import Clip
from scene_graph.readers.records import Records
from scene_graph.readers.rigid import rigid_transforms
from scene_graph.se3 import SE3

__all__ = ["ClipRig", "read_clip_rig"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipRig:
    """A rig, with what was computed and what was missing.

    Attributes:
        rig: the cameras that have a calibration and poses, in the order of the calibration.
        derived, absent: as in `scene_graph.recording.Source`.
    """

    rig: CameraRig
    derived: tuple[str, ...]
    absent: tuple[str, ...]


def read_clip_rig(
    clip: Clip,
    lens: Literal["ftheta", "pinhole"],
    ego_frames: Int64[np.ndarray, "t"],
    world_from_ego: SE3,
    records: Records,
) -> ClipRig:
    """The cameras of a clip.

    A camera's place on the vehicle is that of the first frame which has a pose of both; how far others are from it is
    said in `derived`.

    Args:
        clip: the clip.
        lens: which calibration to take; without an f-theta one the pinhole one is taken.
        ego_frames: frames that have a pose of the ego.
        world_from_ego: SE3 `t`, those poses.
        records: what to do with a bad calibration or pose.

    Raises:
        SceneError: there is no calibration or no pose, or one is damaged or bad.
    """
    derived = []
    if lens == "ftheta" and not clip.path("ftheta_intrinsic").exists() and clip.path("pinhole_intrinsic").exists():
        lens = "pinhole"
        derived.append("Cameras are pinholes: there is no f-theta calibration.")
    cameras = _calibration(clip, lens, records)
    mountings = _mountings(clip, ego_frames, world_from_ego, records)
    names = [name for name in cameras if name in mountings]
    if not names:
        raise SceneError("holds no pose of a calibrated camera", where=clip.path("pose"), remedy="fetch the file again")
    farthest_m = max(mountings[name][1] for name in names)
    widest_rad = max(mountings[name][2] for name in names)
    derived.append(
        f"Cameras' places on the vehicle come from the first frame; other frames differ by up to "
        f"{farthest_m * 1000:.2g} mm and {np.degrees(widest_rad):.2g} degrees."
    )
    return ClipRig(
        rig=CameraRig(
            names=tuple(names),
            cameras=tuple(cameras[name] for name in names),
            ego_from_camera=SE3(
                rotation=np.stack([mountings[name][0].rotation for name in names]),
                translation=np.stack([mountings[name][0].translation for name in names]),
            ),
        ),
        derived=tuple(derived),
        absent=(
            *(f"pose of {name}" for name in cameras if name not in mountings),
            *(f"{lens} calibration of {name}" for name in mountings if name not in cameras),
        ),
    )


def _calibration(
    clip: Clip, lens: Literal["ftheta", "pinhole"], records: Records
) -> dict[str, FThetaCamera | PinholeCamera]:
    attribute = f"{lens}_intrinsic"
    cameras: dict[str, FThetaCamera | PinholeCamera] = {}
    for key, content in clip.required_members(attribute).items():
        if not (key.startswith(f"{attribute}.") and key.endswith(".npy")):
            continue
        shapes = ((11,), (14,)) if lens == "ftheta" else ((6,),)
        numbers = clip.array(attribute, key, content, *shapes)
        with records.checking(clip.where(attribute, key)):
            camera = _ftheta(numbers) if lens == "ftheta" else _pinhole(numbers)
            camera.validate()
            cameras[key.removeprefix(f"{attribute}.").removesuffix(".npy")] = camera
    return cameras


def _ftheta(numbers: Float[np.ndarray, "n"]) -> FThetaCamera:
    """The camera of cx, cy, width, height, k0 ... k5, is backward (and c, d, e); a backward polynomial is theta(r)."""
    is_backward = numbers[10]
    if is_backward not in (0.0, 1.0):
        raise ValueError(f"the flag of a backward polynomial is {is_backward:g}; expected 0 or 1")
    width_px, height_px = _image_size(numbers[2:4])
    return FThetaCamera(
        cx_px=float(numbers[0]),
        cy_px=float(numbers[1]),
        width_px=width_px,
        height_px=height_px,
        polynomial=numbers[4:10],
        polynomial_direction="angle_from_radius" if is_backward else "radius_from_angle",
        linear_cde=numbers[11:14] if len(numbers) == 14 else np.array([1.0, 0.0, 0.0]),
    )


def _pinhole(numbers: Float[np.ndarray, "6"]) -> PinholeCamera:
    """The camera of fx, fy, cx, cy, width, height."""
    width_px, height_px = _image_size(numbers[4:6])
    fx_px, fy_px, cx_px, cy_px = (float(number) for number in numbers[:4])
    return PinholeCamera(fx_px=fx_px, fy_px=fy_px, cx_px=cx_px, cy_px=cy_px, width_px=width_px, height_px=height_px)


def _image_size(numbers: Float[np.ndarray, "2"]) -> tuple[int, int]:
    width, height = (float(number) for number in numbers)
    if not (width.is_integer() and height.is_integer()):
        raise ValueError(f"image of {width:g} x {height:g} px; expected whole numbers")
    return int(width), int(height)


def _mountings(
    clip: Clip, ego_frames: Int64[np.ndarray, "t"], world_from_ego: SE3, records: Records
) -> dict[str, tuple[SE3, float, float]]:
    """Of each camera with poses: ego_from_camera, and how far (m, rad) other frames are from it."""
    attribute = "pose"
    members = clip.required_members(attribute)
    row_of = {int(frame): row for row, frame in enumerate(ego_frames)}
    mountings = {}
    for name, keys in clip.frames(members, r"(\d{6})\.pose\.(.+)\.npy").items():
        matrices = [clip.array(attribute, key, members[key], (4, 4)) for key in keys.values()]
        good, world_from_camera = rigid_transforms(
            matrices, [clip.where(attribute, key) for key in keys.values()], records
        )
        frames = np.array(list(keys), dtype=np.int64)[good]
        common = np.array([index for index, frame in enumerate(frames) if int(frame) in row_of], dtype=np.int64)
        if len(common) == 0:
            continue
        ego = world_from_ego[np.array([row_of[int(frames[index])] for index in common])]
        ego_from_camera = ego.inverse() @ world_from_camera[common]
        first = ego_from_camera[0]
        off_m = float(np.linalg.norm(ego_from_camera.translation - first.translation, axis=1).max())
        # the chord between two rotations, which unlike the trace is accurate for small angles
        chord = np.linalg.norm(ego_from_camera.rotation - first.rotation, axis=(1, 2)).max()
        mountings[name] = (first, off_m, 2.0 * float(np.arcsin(min(chord / np.sqrt(8.0), 1.0))))
    return mountings
