"""Several cameras mounted on one vehicle."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scene_graph.cameras.fisheye import FisheyeCamera
from scene_graph.cameras.ftheta import FThetaCamera
from scene_graph.cameras.pinhole import PinholeCamera
from scene_graph.errors import SceneError
from scene_graph.se3 import SE3

__all__ = ["Camera", "CameraRig"]

Camera = PinholeCamera | FThetaCamera | FisheyeCamera

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraRig:
    """Cameras and where they sit on the vehicle; the order of `names` is the order of every view axis `v`.

    Attributes:
        names: `v` unique names; they become file names.
        cameras: `v` intrinsics.
        ego_from_camera: SE3 `v`.
    """

    names: tuple[str, ...]
    cameras: tuple[Camera, ...]
    ego_from_camera: SE3

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "cameras", tuple(self.cameras))

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """The place of a camera on the view axis.

        Raises:
            SceneError: the rig has no camera of this name; the message lists those it has.
        """
        if name not in self.names:
            raise SceneError(f"the rig has no camera {name!r}", remedy=f"choose from {', '.join(self.names)}")
        return self.names.index(name)

    def camera(self, name: str) -> Camera:
        """The intrinsics of a camera.

        Raises:
            SceneError: the rig has no camera of this name.
        """
        return self.cameras[self.index(name)]

    def subset(self, names: Iterable[str]) -> CameraRig:
        """The rig of these cameras only, in this order.

        Raises:
            SceneError: the rig has no camera of one of the names.
        """
        indices = [self.index(name) for name in names]
        return CameraRig(
            names=tuple(self.names[i] for i in indices),
            cameras=tuple(self.cameras[i] for i in indices),
            ego_from_camera=SE3(
                rotation=self.ego_from_camera.rotation[indices],
                translation=self.ego_from_camera.translation[indices],
            ),
        )

    def resized(self, width_px: int, height_px: int) -> CameraRig:
        """The rig with every image scaled to one size."""
        return replace(self, cameras=tuple(camera.resized(width_px, height_px) for camera in self.cameras))

    def validate(self) -> None:
        """Raises ValueError naming the camera and what is wrong with it."""
        if not self.names:
            raise ValueError("the rig holds no camera; expected at least one")
        if len(self.cameras) != len(self.names) or self.ego_from_camera.batch_shape != (len(self.names),):
            raise ValueError(
                f"the rig has {len(self.names)} names, {len(self.cameras)} cameras and poses of batch shape "
                f"{self.ego_from_camera.batch_shape}; expected one of each a camera"
            )
        for name, count in Counter(self.names).items():
            if not _SAFE_NAME.fullmatch(name):
                raise ValueError(f"camera {name!r}: expected a name of letters, digits, '.', '_' and '-', as of a file")
            if count > 1:
                raise ValueError(f"camera {name!r}: the rig has {count} cameras of this name; expected unique names")
        for index, (name, camera) in enumerate(zip(self.names, self.cameras, strict=True)):
            try:
                camera.validate()
                self.ego_from_camera[index].validate()
            except ValueError as error:
                raise ValueError(f"camera {name!r}: {error}") from error
