"""Fields that nuScenes' rows share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from scene_graph.se3 import SE3

__all__ = ["links", "pose_fields"]


def pose_fields(destination_from_source: SE3) -> dict[str, Any]:
    """Translation (m) and rotation (quaternion, scalar first) of one transform."""
    quat_xyzw = Rotation.from_matrix(destination_from_source.rotation).as_quat()
    return {
        "translation": destination_from_source.translation.tolist(),
        "rotation": np.roll(quat_xyzw, 1).tolist(),
    }


def links(tokens: list[str]) -> Iterator[dict[str, str]]:
    """The fields prev and next of each record of a chain."""
    for before, after in zip(["", *tokens[:-1]], [*tokens[1:], ""], strict=True):
        yield {"prev": before, "next": after}
