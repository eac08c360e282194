"""A tiny Argoverse 2 log, written to disk for tests: ten metres of a straight drive past two actors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from pyarrow import feather

LOG_NAME = "tiny-log"
START_NS = 315_966_253_000_000_123
AXLE_HEIGHT_M = 0.35
GROUND_M = 60.0
ORIGIN = np.array([1000.0, 2000.0])
YAW_RAD = 0.5
SPEED_MPS = 10.0


def heading() -> np.ndarray:
    return np.array([np.cos(YAW_RAD), np.sin(YAW_RAD)])


def axle_position(time_ns: int) -> np.ndarray:
    """Where the rear axle is, city frame, m."""
    along = SPEED_MPS * (time_ns - START_NS) * 1e-9
    return np.array([*(ORIGIN + along * heading()), GROUND_M + AXLE_HEIGHT_M])


def world_point(forward: float, left: float, z: float) -> dict[str, float]:
    """A map vertex, placed by its position in the frame of the first ego pose."""
    x, y = ORIGIN + forward * heading() + left * np.array([-heading()[1], heading()[0]])
    return {"x": float(x), "y": float(y), "z": z}


def line(*places: tuple[float, float], z: float = GROUND_M) -> list[dict[str, float]]:
    return [world_point(forward, left, z) for forward, left in places]


def _lane(lane_id: int, left: list, right: list, **values: Any) -> dict[str, Any]:
    return {
        "id": lane_id,
        "is_intersection": False,
        "lane_type": "VEHICLE",
        "left_lane_boundary": left,
        "left_lane_mark_type": "NONE",
        "right_lane_boundary": right,
        "right_lane_mark_type": "NONE",
        "successors": [],
        "predecessors": [],
        "left_neighbor_id": None,
        "right_neighbor_id": None,
    } | values


def _lanes() -> list[dict[str, Any]]:
    middle, middle_back = line((0, 2), (20, 2)), line((20, 2), (0, 2))
    return [
        # 1 and 2 lie side by side; 3, left of 1, drives the other way; 4 follows 1
        _lane(
            1, middle, line((0, -2), (10, -2), (20, -2)), left_lane_mark_type="SOLID_DASH_YELLOW",
            right_lane_mark_type="DASHED_WHITE", successors=[4, 77], left_neighbor_id=3, right_neighbor_id=2,
        ),
        _lane(
            2, line((0, -2), (10, -2), (20, -2)), line((0, -6), (20, -6)), left_lane_mark_type="DASHED_WHITE",
            right_lane_mark_type="SOLID_DASH_WHITE", left_neighbor_id=1, right_neighbor_id=88,
        ),
        _lane(
            3, middle_back, line((20, 6), (0, 6)), left_lane_mark_type="DASH_SOLID_YELLOW", left_neighbor_id=1,
        ),
        _lane(
            4, line((20, 2), (40, 2)), line((20, -2), (40, -2)), predecessors=[1], is_intersection=True,
            lane_type="BIKE",
        ),
    ]  # fmt: skip


def _map() -> dict[str, Any]:
    return {
        "lane_segments": {str(lane["id"]): lane for lane in _lanes()},
        "pedestrian_crossings": {"5": {"id": 5, "edge1": line((8, -6), (8, 6)), "edge2": line((11, 6), (11, -6))}},
        "drivable_areas": {
            "6": {"id": 6, "area_boundary": line((-5, -6), (15, -6), (15, 6), (-5, 6))},
            "7": {"id": 7, "area_boundary": line((15, -6), (40, -6), (40, 6), (15, 6))},
        },
    }


def _pose_table() -> dict[str, list]:
    times = [START_NS + 50_000_000 * step for step in range(21)]
    times.insert(5, times[4] + 300)  # the same microsecond as its predecessor
    rows = [(time, np.cos(YAW_RAD / 2), 0.0, 0.0, np.sin(YAW_RAD / 2), *axle_position(time)) for time in times]
    names = ("timestamp_ns", "qw", "qx", "qy", "qz", "tx_m", "ty_m", "tz_m")
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def _annotation_table() -> dict[str, list]:
    names = (
        "timestamp_ns", "track_uuid", "category", "length_m", "width_m", "height_m", "qw", "qx", "qy", "qz",
        "tx_m", "ty_m", "tz_m",
    )  # fmt: skip
    rows: list[tuple] = []
    for step in range(11):
        time = START_NS + 100_000_000 * step
        length = 4.0 + 0.1 * (step == 3)  # one outlier that a median does not see
        # a car that keeps its place beside the ego, and a walker not seen for half a second
        rows.append((time, "car", "REGULAR_VEHICLE", length, 1.8, 1.5, 1, 0, 0, 0, 10.0, 3.0, 0.75 - AXLE_HEIGHT_M))
        if not 3 <= step <= 6:
            rows.append((time, "walker", "PEDESTRIAN", 0.6, 0.7, 1.8, 0, 0, 0, 2, 5.0, -5.0, 0.9 - AXLE_HEIGHT_M))
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


@dataclass
class TinyLog:
    """What to write; tests change it first. A table or file that is None is not written."""

    poses: dict[str, list] | None = field(default_factory=_pose_table)
    annotations: dict[str, list] | None = field(default_factory=_annotation_table)
    intrinsics: dict[str, list] | None = field(
        default_factory=lambda: {
            "sensor_name": ["front", "left"],
            "fx_px": [500.0, 400.0],
            "fy_px": [510.0, 410.0],
            "cx_px": [319.5, 299.5],
            "cy_px": [239.5, 199.5],
            "k1": [-0.1, 0.0],
            "k2": [0.01, 0.0],
            "k3": [0.001, 0.0],
            "height_px": [480, 400],
            "width_px": [640, 600],
        }
    )
    mountings: dict[str, list] | None = field(
        default_factory=lambda: {
            "sensor_name": ["up_lidar", "left", "front"],
            "qw": [1.0, 0.5, 0.5],
            "qx": [0.0, -0.5, -0.5],
            "qy": [0.0, 0.5, 0.5],
            "qz": [0.0, -0.5, -0.5],
            "tx_m": [1.0, 1.2, 1.6],
            "ty_m": [0.0, 0.3, 0.0],
            "tz_m": [1.6, 1.3, 1.4],
        }
    )
    map: Any = field(default_factory=_map)
    ground: np.ndarray | None = field(default_factory=lambda: np.full((140, 160), GROUND_M, dtype=np.float16))
    placement: Any = field(default_factory=lambda: {"R": [1.0, 0.0, 0.0, 1.0], "t": [-980.0, -1980.0], "s": 2.0})

    def write(self, folder: Path) -> Path:
        """Writes the log into `folder`; returns the log's folder."""
        log = folder / LOG_NAME
        (log / "calibration").mkdir(parents=True)
        (log / "map").mkdir()
        tables = {
            "city_SE3_egovehicle": self.poses,
            "annotations": self.annotations,
            "calibration/intrinsics": self.intrinsics,
            "calibration/egovehicle_SE3_sensor": self.mountings,
        }
        for name, table in tables.items():
            if table is not None:
                feather.write_feather(pyarrow.table(table), log / f"{name}.feather")
        if self.map is not None:
            (log / "map" / f"log_map_archive_{LOG_NAME}____XYZ_city_1.json").write_text(json.dumps(self.map))
        if self.ground is not None:
            np.save(log / "map" / f"{LOG_NAME}_ground_height_surface____XYZ.npy", self.ground)
        if self.placement is not None:
            (log / "map" / f"{LOG_NAME}___img_Sim2_city.json").write_text(json.dumps(self.placement))
        return log
