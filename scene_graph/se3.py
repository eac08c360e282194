"""Rigid transforms, and the frames of this package.

Frames (all right-handed, metres):
    world:  local to the scenario, z up.
    ego:    x forward, y left, z up; origin on the ground below the middle of the rear axle.
    camera: x right, y down, z forward (OpenCV); origin at the optical centre.
    box:    x along the length (heading), y along the width (left), z up; origin at the box centre.

A transform is called `destination_from_source`, so that names cancel when read:
`camera_from_world = camera_from_ego @ ego_from_world`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from scipy.spatial.transform import Rotation

__all__ = ["SE3", "interpolate"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SE3:
    """One rigid transform, or a batch of them: x_destination = rotation @ x_source + translation.

    Attributes:
        rotation: float64 `*b 3 3`, orthonormal, determinant 1.
        translation: float64 `*b 3`, metres, in the destination frame.
    """

    rotation: Float[np.ndarray, "*b 3 3"]
    translation: Float[np.ndarray, "*b 3"]

    def __post_init__(self) -> None:
        rotation = _frozen(self.rotation)
        translation = _frozen(self.translation)
        if rotation.shape[-2:] != (3, 3) or translation.shape[-1:] != (3,):
            raise ValueError(
                f"SE3: expected rotation (*b, 3, 3) and translation (*b, 3), received {rotation.shape} and "
                f"{translation.shape}"
            )
        if rotation.shape[:-2] != translation.shape[:-1]:
            raise ValueError(
                f"SE3: batch shapes differ: rotation {rotation.shape[:-2]}, translation {translation.shape[:-1]}"
            )
        object.__setattr__(self, "rotation", rotation)
        object.__setattr__(self, "translation", translation)

    @classmethod
    def identity(cls, batch_shape: tuple[int, ...] = ()) -> SE3:
        """The identity, repeated over `batch_shape`."""
        return cls(
            rotation=np.broadcast_to(np.eye(3), (*batch_shape, 3, 3)),
            translation=np.zeros((*batch_shape, 3)),
        )

    @classmethod
    def from_matrix(cls, matrix: Shaped[np.ndarray, "*b 4 4"]) -> SE3:
        """The transform of homogeneous matrices `*b 4 4`.

        Raises:
            ValueError: a matrix is not finite, or its upper left part is not a rotation within 1e-3.
        """
        matrix = np.asarray(matrix, dtype=np.float64)
        transform = cls(rotation=matrix[..., :3, :3], translation=matrix[..., :3, 3])
        transform.validate()
        return transform

    @classmethod
    def from_yaw(cls, yaw_rad: Any, translation: Any) -> SE3:
        """A turn of `yaw_rad` `*b` about z (counter-clockwise from above), then `translation` `*b 3`."""
        yaw_rad = np.asarray(yaw_rad, dtype=np.float64)
        cos, sin, zero, one = np.cos(yaw_rad), np.sin(yaw_rad), np.zeros_like(yaw_rad), np.ones_like(yaw_rad)
        rows = [np.stack(row, axis=-1) for row in ((cos, -sin, zero), (sin, cos, zero), (zero, zero, one))]
        return cls(rotation=np.stack(rows, axis=-2), translation=np.asarray(translation, dtype=np.float64))

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The batch dimensions, `()` for a single transform."""
        return self.translation.shape[:-1]

    @property
    def matrix(self) -> Float[np.ndarray, "*b 4 4"]:
        """Homogeneous matrices `*b 4 4`."""
        matrix = np.zeros((*self.batch_shape, 4, 4))
        matrix[..., :3, :3] = self.rotation
        matrix[..., :3, 3] = self.translation
        matrix[..., 3, 3] = 1.0
        return matrix

    @property
    def yaw_rad(self) -> Float[np.ndarray, "*b"]:
        """Heading `*b` of the source's x axis in the destination's x-y plane, in (-pi, pi]."""
        return np.asarray(np.arctan2(self.rotation[..., 1, 0], self.rotation[..., 0, 0]))

    def __matmul__(self, other: SE3) -> SE3:
        """`a_from_b @ b_from_c` is `a_from_c`; batch shapes broadcast."""
        rotation = self.rotation @ other.rotation
        turned = (self.rotation @ other.translation[..., None])[..., 0]
        translation = turned + self.translation
        return SE3(rotation=rotation, translation=translation)

    def __getitem__(self, index: Any) -> SE3:
        """The transform (or transforms) at `index` of the batch."""
        if not self.batch_shape:
            raise IndexError("SE3: a single transform has no batch to index")
        return SE3(rotation=self.rotation[index], translation=self.translation[index])

    def inverse(self) -> SE3:
        """`source_from_destination`."""
        rotation = np.swapaxes(self.rotation, -1, -2)
        return SE3(rotation=rotation, translation=-(rotation @ self.translation[..., None])[..., 0])

    def apply(self, points: Float[np.ndarray, "*p 3"]) -> Float[np.ndarray, "*q 3"]:
        """Maps points from the source to the destination frame.

        A single transform takes points `*p 3`; a batch `*b` takes points `*b n 3`, n a transform.
        """
        points = np.asarray(points, dtype=np.float64)
        if not self.batch_shape:
            return points @ self.rotation.T + self.translation
        return points @ np.swapaxes(self.rotation, -1, -2) + self.translation[..., None, :]

    def validate(self) -> None:
        """Raises ValueError where a transform is not finite or not a rotation within 1e-3."""
        if not (np.isfinite(self.rotation).all() and np.isfinite(self.translation).all()):
            raise ValueError("pose holds NaN or infinity; expected a finite rigid transform")
        gram = self.rotation @ np.swapaxes(self.rotation, -1, -2)
        worst = float(np.abs(gram - np.eye(3)).max(initial=0.0))
        if worst > 1e-3 or not (np.linalg.det(self.rotation) > 0).all():
            raise ValueError(
                f"rotation is not orthonormal with determinant 1 (off by {worst:.2g}); expected a rigid transform"
            )


def interpolate(start: SE3, end: SE3, fraction: Any) -> SE3:
    """Transforms between `start` and `end`: linear in translation, great-circle (slerp) in rotation.

    Args:
        start, end: transforms of one batch shape `n`.
        fraction: `n`, 0 at start, 1 at end; values outside extrapolate at constant velocity.
    """
    fraction = np.asarray(fraction, dtype=np.float64)
    if not fraction.any():
        return start  # the times of a log's own frames
    translation = start.translation + (end.translation - start.translation) * fraction[..., None]
    end_from_start = np.swapaxes(start.rotation, -1, -2) @ end.rotation
    rotation_vector = Rotation.from_matrix(end_from_start.reshape(-1, 3, 3)).as_rotvec()
    partial = Rotation.from_rotvec(rotation_vector * fraction.reshape(-1, 1)).as_matrix()
    return SE3(rotation=start.rotation @ partial.reshape(start.rotation.shape), translation=translation)


def _frozen(values: Any) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C", copy=True)
        array.setflags(write=False)
    return array
