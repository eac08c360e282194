"""Rotations from the unit quaternions of logs; quaternions exist only in readers."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

__all__ = ["is_rotation", "rotation_from_quat_wxyz", "rotation_from_quat_xyzw"]


def is_rotation(quat: Float[np.ndarray, "n 4"]) -> Bool[np.ndarray, "n"]:
    """Whether each quaternion is finite and not of norm 0 (in either component order)."""
    largest = np.abs(quat).max(axis=-1)  # NaN where a component is
    return (largest > 1e-6) & (largest < 1e6)


def rotation_from_quat_wxyz(quat_wxyz: Float[np.ndarray, "*b 4"]) -> Float[np.ndarray, "*b 3 3"]:
    """Rotation matrices of quaternions (scalar first), which need not have norm 1.

    Raises:
        ValueError: a quaternion is not finite, or has norm 0.
    """
    return rotation_from_quat_xyzw(np.roll(quat_wxyz, -1, axis=-1))


def rotation_from_quat_xyzw(quat_xyzw: Float[np.ndarray, "*b 4"]) -> Float[np.ndarray, "*b 3 3"]:
    """Rotation matrices of quaternions (scalar last), which need not have norm 1.

    Raises:
        ValueError: a quaternion is not finite, or has norm 0.
    """
    quats = np.asarray(quat_xyzw, dtype=np.float64).reshape(-1, 4)
    good = is_rotation(quats)
    if not good.all():
        x, y, z, w = quats[~good][0].tolist()
        raise ValueError(f"quaternion x={x} y={y} z={z} w={w} has norm 0 or is not finite; expected norm 1")
    return Rotation.from_quat(quats).as_matrix().reshape(*quat_xyzw.shape[:-1], 3, 3)
