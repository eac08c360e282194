"""The tables of a ClipGT clip: their columns, and how they become parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

__all__ = ["FIELDS", "Row", "point_list", "quaternion", "vector", "write_table"]

Row = tuple[dict[str, Any], dict[str, Any]]
"""Key and payload of a record, fields that are null left out."""

_TIMED = {"clip_id": "text", "timestamp_micros": "integer", "label_class_id": "text"}
_MAPPED = {"clip_id": "text", "label_class_id": "text", "map_id": "text", "map_id_version": "text"}
_SHAPED = {"category": "text", "location": "points"}
_WAITING = {**_SHAPED, "is_implicit": "flag", "intersection_subtype": "text"}
_PLACED = {"center": "vector", "dimensions": "vector", "orientation": "quaternion", "category": "text"}

FIELDS: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = MappingProxyType(
    {
        "calibration_estimate": (_TIMED, {"name": "text", "rig_json": "text"}),
        "egomotion_estimate": (_TIMED, {"name": "text", "location": "vector", "orientation": "quaternion"}),
        "obstacle": (
            {**_TIMED, "label_id": "text"},
            {
                "trackline_id": "text", "center": "vector", "size": "vector", "orientation": "quaternion",
                "category": "text",
            },
        ),
        "lane": (
            _MAPPED,
            {
                "left_rail": "points", "right_rail": "points", "left_edge_styles": "texts",
                "right_edge_styles": "texts", "left_edge_colors": "texts", "right_edge_colors": "texts",
                "lane_direction": "text", "speed_limit": "number", "vehicle_types": "texts", "use_types": "texts",
                "map_end": "text",
            },
        ),
        "lane_line": (_MAPPED, {"line_rail": "points", "styles": "texts", "colors": "texts"}),
        "road_boundary": (_MAPPED, _SHAPED),
        "crosswalk": (_MAPPED, _WAITING),
        "pole": (_MAPPED, _SHAPED),
        "road_marking": (_MAPPED, _SHAPED),
        "wait_line": (_MAPPED, _WAITING),
        "intersection_area": (_MAPPED, _SHAPED),
        "road_island": (_MAPPED, _SHAPED),
        "traffic_light": (_MAPPED, _PLACED),
        "traffic_sign": (_MAPPED, _PLACED),
        "association": (
            {"clip_id": "text", "kind": "text", "label_class_id": "text"}, {"subjects": "texts", "objects": "texts"}
        ),
    }
)  # fmt: skip
"""Of each table the fields of its key and of its payload, with what they hold."""


def write_table(folder: Path, clip: str, name: str, rows: Sequence[Row]) -> None:
    """Writes one table; the same rows give the same bytes with the same release of pyarrow."""
    import pyarrow
    from pyarrow import parquet

    key_fields, payload_fields = FIELDS[name]
    label_class = f"drivesim:{name}:v0"
    keys = [{"clip_id": clip, "label_class_id": label_class, **key} for key, _ in rows]
    table = pyarrow.table(
        {
            "key": pyarrow.array(keys, type=_struct(key_fields)),
            name: pyarrow.array([payload for _, payload in rows], type=_struct(payload_fields)),
            "version": pyarrow.array([1] * len(rows), type=pyarrow.uint64()),
        }
    )
    parquet.write_table(table, folder / f"{clip}.{name}.parquet", write_page_checksum=True)


def _struct(fields: Mapping[str, str]) -> Any:
    import pyarrow

    number = pyarrow.float64()
    point = pyarrow.struct([(axis, number) for axis in "xyz"])
    types = {
        "text": pyarrow.string(),
        "texts": pyarrow.list_(pyarrow.string()),
        "flag": pyarrow.bool_(),
        "integer": pyarrow.int64(),
        "number": number,
        "vector": point,
        "points": pyarrow.list_(point),
        "quaternion": pyarrow.struct([(axis, number) for axis in "xyzw"]),
    }
    return pyarrow.struct([(name, types[kind]) for name, kind in fields.items()])


def vector(point: Float[np.ndarray, "3"]) -> dict[str, float]:
    """A point or a size by its axes."""
    return dict(zip("xyz", point.tolist(), strict=True))


def point_list(points: Float[np.ndarray, "p 3"]) -> list[dict[str, float]]:
    """Points by their axes."""
    return [dict(zip("xyz", point, strict=True)) for point in points.tolist()]


def quaternion(rotation: Float[np.ndarray, "3 3"]) -> dict[str, float]:
    """The unit quaternion of a rotation."""
    return dict(zip("xyzw", Rotation.from_matrix(rotation).as_quat().tolist(), strict=True))
