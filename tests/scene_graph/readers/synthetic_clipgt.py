"""A tiny ClipGT clip, written to disk for tests: a second of a slow straight drive past two actors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

CLIP = "clip-1"
START_US = 1_700_000_000_000_000
NUM_POSES = 11
CAMERA = "camera:front:wide:120fov"

Clip = dict[str, list[dict[str, Any]]]
"""table -> rows of key, payload and version; the calibration's `rig_json` is a value here."""


def point(x: float, y: float, z: float = 0.0) -> dict[str, float]:
    return {"x": x, "y": y, "z": z}


def quat(x: float = 0.0, y: float = 0.0, z: float = 0.0, w: float = 1.0) -> dict[str, float]:
    return {"x": x, "y": y, "z": z, "w": w}


def line(*places: tuple[float, ...]) -> list[dict[str, float]]:
    return [point(*place) for place in places]


def row(table: str, payload: dict[str, Any], **key: Any) -> dict[str, Any]:
    return {"key": {"clip_id": CLIP, "label_class_id": f"minimap:{table}:v0", **key}, table: payload, "version": 1}


def mapped(table: str, *payloads: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        row(table, payload, map_id=f"{table}-id{index}", map_id_version="7") for index, payload in enumerate(payloads)
    ]


def sensor(name: str, **properties: Any) -> dict[str, Any]:
    """A camera with the numbers of the format's documentation, as texts."""
    return {
        "name": name,
        "properties": {
            "Model": "ftheta", "cx": "1919.420", "cy": "1078.106", "width": "3848", "height": "2168",
            "polynomial": "0 0.000538 2.356e-09 1.907e-12 1.204e-16", "polynomial-type": "pixeldistance-to-angle",
            "linear-c": "1.000000", "linear-d": "0.000000", "linear-e": "0.000000",
        } | properties,
        "nominalSensor2Rig_FLU": {"t": [1.697, -0.010, 1.443], "roll-pitch-yaw": [0.0, 0.0, 0.0]},
    }  # fmt: skip


def observation(track_id: str, step: int, x: float, y: float, category: str = "automobile") -> dict[str, Any]:
    """One box at a tenth of a second."""
    payload = {
        "trackline_id": track_id, "center": point(x, y, 0.8), "size": point(4.5, 1.9, 1.6), "orientation": quat(),
        "category": category,
    }  # fmt: skip
    return row("obstacle", payload, timestamp_micros=START_US + step * 100_000)


def _lane(left_y: float, right_y: float, x: float = 0.0, **values: Any) -> dict[str, Any]:
    return {
        "left_rail": line((x, left_y), (x + 20, left_y)),
        "right_rail": line((x, right_y), (x + 10, right_y), (x + 20, right_y)),
        "left_edge_styles": ["SOLID_SINGLE", "SOLID_SINGLE"],
        "left_edge_colors": ["YELLOW", "YELLOW"],
        "right_edge_styles": ["VIRTUAL", "VIRTUAL", "VIRTUAL"],
        "right_edge_colors": ["UNKNOWN", "UNKNOWN", "UNKNOWN"],
        "lane_direction": "STRAIGHT", "speed_limit": 25.0, "vehicle_types": ["CAR"], "use_types": [], "map_end": "NONE",
    } | values  # fmt: skip


def example_clip() -> Clip:
    """What to write; tests change it first."""
    association = [
        ("NEXT_LANE", ["lane-id0"], ["lane-id1"]),
        ("PREVIOUS_LANE", ["lane-id1"], ["lane-id0"]),
        ("LEFT_LANE", ["lane-id2"], ["lane-id0"]),
        ("RIGHT_LANE", ["lane-id0"], ["lane-id2", "no such lane"]),
        ("WAIT_LINE_TO_LANE", ["lane-id0"], ["wait_line-id0"]),
        ("LIGHT_TO_LANE", ["traffic_light-id0"], ["lane-id0"]),
        ("ROAD_SEGMENT_SIBLING_LANE", ["lane-id0"], ["lane-id2"]),
    ]
    return {
        "calibration_estimate": [
            row(
                "calibration_estimate",
                {
                    "name": "RIG",
                    "rig_json": {"rig": {"sensors": [sensor(CAMERA), {"name": "imu:front"}], "properties": {}}},
                },
                timestamp_micros=-1,
            )
        ],
        "egomotion_estimate": [
            row(
                "egomotion_estimate",
                {"name": "ego", "location": point(float(step), 0.0), "orientation": quat()},
                timestamp_micros=START_US + step * 100_000,
            )
            for step in range(NUM_POSES)
        ],
        "obstacle": [
            *(observation("7", step, 5.0 + step, 4.0) for step in range(NUM_POSES)),
            *(observation("8", step, 9.0, -3.0, "Person") for step in (2, 0, 1)),
        ],
        "lane_line": mapped(
            "lane_line",
            {
                "line_rail": line((0, 2), (10, 2), (20, 2)),
                "colors": ["WHITE", "YELLOW", "YELLOW"], "styles": ["SOLID_SINGLE", "SOLID_GROUP", "SOLID_GROUP"],
            },
            {"line_rail": line((0, -2), (20, -2)), "colors": ["WHITE"] * 2, "styles": ["LONG_DASHED_SINGLE"] * 2},
        ),
        "road_boundary": mapped("road_boundary", {"category": "tall_curb", "location": line((0, -6), (20, -6))}),
        "wait_line": mapped(
            "wait_line",
            {
                "category": "STOP", "location": line((18, -2), (18, 2)), "is_implicit": True,
                "intersection_subtype": "ENTRY",
            },
        ),
        "pole": mapped(
            "pole",
            {"category": "SIGN", "location": line((5, 8, 4), (5, 8, 0))},
            {"category": "TREE", "location": line((6, 8, 0.5))},
        ),
        "crosswalk": mapped(
            "crosswalk", {"category": "PEDESTRIAN", "location": line((8, -4), (11, -4), (11, 4), (8, 4), (8, -4))}
        ),
        "road_marking": mapped("road_marking", {"category": "ARROW", "location": line((3, -1), (4, -1), (4, 1))}),
        "intersection_area": mapped(
            "intersection_area", {"category": "FOUR_WAY", "location": line((20, -9), (40, -9), (40, 9))}
        ),
        "road_island": mapped("road_island", {"category": "", "location": line((50, 0), (51, 0), (51, 1))}),
        "traffic_light": mapped(
            "traffic_light",
            {
                "center": point(20, 0, 5), "dimensions": {"x": None, "y": None, "z": None}, "orientation": quat(),
                "category": "traffic_light",
            },
        ),
        "traffic_sign": mapped(
            "traffic_sign",
            {
                "center": point(9, 7, 3), "dimensions": point(0.1, 0.8, 0.6), "orientation": quat(z=0.6, w=0.8),
                "category": "TRAFFIC_SIGN_INFORMATION",
            },
        ),
        "lane": mapped(
            "lane",
            _lane(2, -2),
            _lane(2, -2, x=20.0, lane_direction="LEFT_TURN"),
            _lane(-2, -6, use_types=["SHOULDER_LANE"], speed_limit=65.0),
        ),
        "association": [
            row("association", {"subjects": subjects, "objects": objects}, kind=kind)
            for kind, subjects, objects in association
        ],
    }  # fmt: skip


def content(table: str, rows: list[dict[str, Any]]) -> pyarrow.Table:
    """The arrow table of rows; a `rig_json` that is no text becomes one."""
    for one in rows:
        payload = one.get(table)
        if isinstance(payload, dict) and isinstance(payload.get("rig_json"), dict):
            payload["rig_json"] = json.dumps(payload["rig_json"])
    return pyarrow.Table.from_pylist(rows)


def write_clip(folder: Path, clip: Clip, prefix: str = f"{CLIP}.") -> Path:
    """Writes a clip into a folder; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in clip.items():
        parquet.write_table(content(table, rows), folder / f"{prefix}{table}.parquet")
    return folder
