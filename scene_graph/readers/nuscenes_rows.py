"""Fields of nuScenes rows: every surprise becomes a ValueError that says what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scene_graph.readers.quaternions import rotation_from_quat_wxyz
from scene_graph.readers.vertices import number_array
from scene_graph.se3 import SE3

__all__ = ["file_path", "pose", "time_us", "whole_number"]

_MAX_TIME_US = 10**17


def whole_number(row: Mapping[str, Any], key: str, largest: int) -> int:
    """A whole number of at most this size.

    Raises:
        ValueError: the field is missing or something else.
    """
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > largest:
        shown = repr(value) if isinstance(value, (float, str)) and len(repr(value)) < 40 else type(value).__name__
        raise ValueError(f"{key} is {shown}; expected a whole number of at most {largest:g}")
    return value


def time_us(row: Mapping[str, Any]) -> int:
    """The row's timestamp, microseconds."""
    return whole_number(row, "timestamp", _MAX_TIME_US)


def pose(row: Mapping[str, Any]) -> SE3:
    """The transform of a row's translation (m) and rotation (quaternion, scalar first)."""
    quat_wxyz = number_array(row.get("rotation"), "rotation", (4,))
    return SE3(
        rotation=rotation_from_quat_wxyz(quat_wxyz),
        translation=number_array(row.get("translation"), "translation", (3,)),
    )


def file_path(root: Path, name: Any) -> Path:
    """The file that a row names, inside the data root.

    Raises:
        ValueError: the name is no text, or leads out of the root.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError(f"filename is {type(name).__name__}; expected the path of a file below the data root")
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if name[:1] in ("/", "\\") or ".." in parts or ":" in parts[0]:
        raise ValueError(f"filename {name!r} leads out of the data root; expected a path below it")
    return root / name
