"""A tiny nuScenes data root, written to disk for tests: two scenes of a straight drive past two actors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

START_US = 1_600_000_000_000_000
PERIOD_US = 500_000
YAW_RAD = 0.5
SPEED_MPS = 10.0
ORIGIN = np.array([1000.0, 2000.0])
LOCATION = "boston-seaport"
# sensor -> how long before the keyframe it fires, microseconds
LEAD_US = {"CAM_BACK": 20_000, "CAM_FRONT": 35_000, "LIDAR_TOP": 0}
INTRINSIC = [[500.0, 0.0, 319.5], [0.0, 510.0, 239.5], [0.0, 0.0, 1.0]]
# looks forward: x right, y down, z ahead
FORWARD_QUAT_WXYZ = [0.5, -0.5, 0.5, -0.5]
CAR_AHEAD_M = 20.0
WALKER = (30.0, -4.0)
SCENES = ("scene-a", "scene-b")
NUM_KEYFRAMES = {"scene-a": 4, "scene-b": 1}


def world(forward_m: float, left_m: float) -> np.ndarray:
    """A place given in the frame of the first ego pose, world frame, `2` m."""
    heading = np.array([np.cos(YAW_RAD), np.sin(YAW_RAD)])
    return ORIGIN + forward_m * heading + left_m * np.array([-heading[1], heading[0]])


def ego_position(time_us: int) -> np.ndarray:
    """Where the ego is, `3` m."""
    return np.array([*world(SPEED_MPS * (time_us - START_US) * 1e-6, 0.0), 0.0])


def _yaw_quat_wxyz(yaw_rad: float) -> list[float]:
    return [float(np.cos(yaw_rad / 2)), 0.0, 0.0, float(np.sin(yaw_rad / 2))]


class TinyNuScenes:
    """The tables, to be changed before they are written.

    Attributes:
        tables: table -> rows.
        map: the map expansion of LOCATION, or None.
    """

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {
            "attribute": [{"token": "moving", "name": "vehicle.moving", "description": ""}],
            "visibility": [{"token": "4", "level": "v80-100", "description": ""}],
            "category": [
                {"token": "c-car", "name": "vehicle.car", "description": ""},
                {"token": "c-walker", "name": "human.pedestrian.adult", "description": ""},
            ],
            "sensor": [
                {"token": f"s-{name}", "channel": name, "modality": "lidar" if "LIDAR" in name else "camera"}
                for name in LEAD_US
            ],
            "log": [{"token": "log", "logfile": "n1", "vehicle": "n", "date_captured": "d", "location": LOCATION}],
            "map": [{"token": "map", "log_tokens": ["log"], "category": "semantic_prior", "filename": "missing.png"}],
        }
        for table in ("instance", "calibrated_sensor", "ego_pose", "scene", "sample", "sample_data",
                      "sample_annotation"):  # fmt: skip
            self.tables[table] = []
        self.map: dict[str, Any] | None = None
        for scene in SCENES:
            self._add_scene(scene)

    def row(self, table: str, token: str) -> dict[str, Any]:
        """A row by its token."""
        return next(row for row in self.tables[table] if row["token"] == token)

    def write(self, root: Path, version: str = "v1.0-mini") -> Path:
        """Writes what there is; returns the data root."""
        folder = root / version
        folder.mkdir(parents=True, exist_ok=True)
        for table, rows in self.tables.items():
            (folder / f"{table}.json").write_text(json.dumps(rows))
        if self.map is not None:
            (root / "maps" / "expansion").mkdir(parents=True, exist_ok=True)
            (root / "maps" / "expansion" / f"{LOCATION}.json").write_text(json.dumps(self.map))
        return root

    def _add_scene(self, scene: str) -> None:
        times = [START_US + PERIOD_US * index for index in range(NUM_KEYFRAMES[scene])]
        samples = [f"{scene}-{index}" for index in range(len(times))]
        self.tables["scene"].append(
            {"token": scene, "log_token": "log", "nbr_samples": len(times), "first_sample_token": samples[0],
             "last_sample_token": samples[-1], "name": scene, "description": "Night, rain, a straight road"}
        )  # fmt: skip
        for index, (sample, time) in enumerate(zip(samples, times, strict=True)):
            self.tables["sample"].append(
                {"token": sample, "timestamp": time, "prev": "", "next": "", "scene_token": scene}
            )
            self._add_boxes(scene, sample, index, time)
        for name, lead_us in LEAD_US.items():
            self.tables["calibrated_sensor"].append(
                {"token": f"{scene}-{name}", "sensor_token": f"s-{name}", "translation": [1.5, 0.0, 1.6],
                 "rotation": FORWARD_QUAT_WXYZ, "camera_intrinsic": INTRINSIC if "CAM" in name else []}
            )  # fmt: skip
            for index, (sample, time) in enumerate(zip(samples, times, strict=True)):
                self._add_data(scene, name, sample, time - lead_us, keyframe=True)
                if name == "CAM_FRONT" and index + 1 < len(samples):
                    self._add_data(scene, name, samples[index + 1], time + PERIOD_US // 2, keyframe=False)

    def _add_data(self, scene: str, name: str, sample: str, time: int, *, keyframe: bool) -> None:
        token = f"{scene}-{name}-{time - START_US}"
        folder = "samples" if keyframe else "sweeps"
        self.tables["sample_data"].append(
            {"token": token, "sample_token": sample, "ego_pose_token": token, "timestamp": time,
             "calibrated_sensor_token": f"{scene}-{name}", "fileformat": "jpg", "is_key_frame": keyframe,
             "height": 480, "width": 640, "filename": f"{folder}/{name}/{token}.jpg", "prev": "", "next": ""}
        )  # fmt: skip
        self.tables["ego_pose"].append(
            {"token": token, "timestamp": time, "translation": ego_position(time).tolist(),
             "rotation": _yaw_quat_wxyz(YAW_RAD)}
        )  # fmt: skip

    def _add_boxes(self, scene: str, sample: str, index: int, time: int) -> None:
        """A car that keeps its distance to the ego, and a walker who is seen at the first and last keyframe only."""
        car = np.array([*world(CAR_AHEAD_M + SPEED_MPS * (time - START_US) * 1e-6, 0.0), 0.75])
        walker = np.array([*world(*WALKER), 0.9])
        seen = [("car", car, [1.8, 4.0, 1.5], YAW_RAD)]
        if index in (0, NUM_KEYFRAMES[scene] - 1):
            seen.append(("walker", walker, [0.6, 0.5, 1.8], 0.0))
        for name, place, size_wlh, yaw_rad in seen:
            instance = f"{scene}-{name}"
            if index == 0:
                self.tables["instance"].append({"token": instance, "category_token": f"c-{name}"})
            self.tables["sample_annotation"].append(
                {"token": f"{instance}-{index}", "sample_token": sample, "instance_token": instance,
                 "visibility_token": "", "attribute_tokens": [], "translation": place.tolist(), "size": size_wlh,
                 "rotation": _yaw_quat_wxyz(yaw_rad), "prev": "", "next": "", "num_lidar_pts": 1, "num_radar_pts": 0}
            )  # fmt: skip


class TinyMap:
    """A map expansion along the drive, places given in the frame of the first ego pose.

    Lanes 1 and 2 run forward side by side from 0 to 40 m (2 to the right); the connector 3 turns left after 1. The
    lane divider between them is dashed for 20 m, then unpainted, then solid for 10 m.
    """

    def __init__(self) -> None:
        names = ("polygon", "line", "node", "drivable_area", "road_segment", "road_block", "lane", "ped_crossing",
                 "walkway", "stop_line", "carpark_area", "road_divider", "lane_divider", "traffic_light",
                 "lane_connector")  # fmt: skip
        self.document: dict[str, Any] = {name: [] for name in names}
        self.document |= {"version": "1.3", "canvas_edge": [3000, 3000], "arcline_path_3": {}, "connectivity": {}}
        middle = [(0, 2), (20, 2), (30, 2), (40, 2)]
        self._lane("1", [(0, 6), (40, 6)], middle)
        self._lane("2", middle, [(0, -2), (40, -2)])
        self.polygon("p3", [(40, 2), (40, 6), (50, 16), (54, 16)])
        self.document["lane_connector"].append({"token": "3", "polygon_token": "p3"})
        arc = {"start_pose": [*world(40, 4), YAW_RAD], "end_pose": [*world(52, 16), YAW_RAD + np.pi / 2],
               "shape": "LSR", "radius": 12.0, "segment_length": [6 * np.pi, 0.0, 0.0]}  # fmt: skip
        self.document["arcline_path_3"]["3"] = [arc]
        self.document["connectivity"] = {
            "1": {"incoming": [], "outgoing": ["3", "elsewhere"]},
            "2": {"incoming": [], "outgoing": []},
            "3": {"incoming": ["1"], "outgoing": []},
        }
        nodes = self.line("divider", middle)
        types = ["DOUBLE_DASHED_WHITE", "NIL", "SINGLE_SOLID_YELLOW", "NIL"]
        segments = [{"node_token": node, "segment_type": name} for node, name in zip(nodes, types, strict=True)]
        self.add("lane_divider", "d", line_token="divider", lane_divider_segments=segments)
        self.line("road", [(0, 6), (40, 6)])
        self.add("road_divider", "r", line_token="road", road_segment_token="")
        self.line("empty", [])
        self.add("road_divider", "e", line_token="empty", road_segment_token="")
        self.polygon("area", [(-5, -3), (60, -3), (60, 7), (-5, 7)], hole=[(10, 0), (12, 0), (12, 1), (10, 1)])
        self.polygon("beyond", [(60, -3), (400, -3), (400, 7), (60, 7)])
        self.add("drivable_area", "a", polygon_tokens=["area", "beyond"])
        self.polygon("zebra", [(32, -2), (35, -2), (35, 6), (32, 6)])
        self.add("ped_crossing", "z", polygon_token="zebra", road_segment_token="")
        self.polygon("pavement", [(0, 7), (40, 7), (40, 9), (0, 9)])
        self.add("walkway", "w", polygon_token="pavement")
        self.polygon("bay", [(0, -6), (10, -6), (10, -3), (0, -3)])
        self.add("carpark_area", "k", polygon_token="bay", orientation=0.0, road_block_token="")
        self.polygon("junction", [(40, -3), (60, -3), (60, 20), (40, 20)])
        self.add("road_segment", "j", polygon_token="junction", is_intersection=True, drivable_area_token="a")
        self.polygon("block", [(0, -2), (40, -2), (40, 6), (0, 6)])
        self.add("road_block", "b", polygon_token="block")
        # deeper along the lane than it is wide
        self.polygon("stop", [(33, 2), (39, 2), (39, 6), (33, 6)])
        self.add("stop_line", "s", polygon_token="stop", stop_line_type="TRAFFIC_LIGHT", ped_crossing_tokens=[],
                 traffic_light_tokens=["t"], road_block_token="b")  # fmt: skip
        self.line("light", [(40, 6.5), (40, 6.2)])
        x, y = world(40, 6.5)
        self.add("traffic_light", "t", line_token="light", traffic_light_type="VERTICAL", from_road_block_token="b",
                 items=[], pose={"tx": x, "ty": y, "tz": 2.4, "rx": 0.0, "ry": 0.0, "rz": YAW_RAD})  # fmt: skip
        # half a kilometre away
        self.polygon("far", [(500, -2), (540, -2), (540, 6), (500, 6)])
        self.add("walkway", "far", polygon_token="far")

    def add(self, layer: str, token: str, **fields: Any) -> None:
        self.document[layer].append({"token": token, **fields})

    def row(self, layer: str, token: str) -> dict[str, Any]:
        """A record by its token."""
        return next(row for row in self.document[layer] if row["token"] == token)

    def line(self, token: str, places: list[tuple[float, float]]) -> list[str]:
        nodes = list(self._nodes(places))
        self.add("line", token, node_tokens=nodes)
        return nodes

    def polygon(
        self, token: str, places: list[tuple[float, float]], hole: list[tuple[float, float]] | None = None
    ) -> None:
        holes = [{"node_tokens": list(self._nodes(hole))}, {"node_tokens": []}] if hole else []
        self.add("polygon", token, exterior_node_tokens=list(self._nodes(places)), holes=holes)

    def _nodes(self, places: list[tuple[float, float]]) -> Iterator[str]:
        """Nodes at places, one a place."""
        for place in places:
            token = f"{place[0]},{place[1]}"
            if all(node["token"] != token for node in self.document["node"]):
                x, y = world(*place)
                self.add("node", token, x=float(x), y=float(y))
            yield token

    def _lane(self, token: str, left: list[tuple[float, float]], right: list[tuple[float, float]]) -> None:
        self.polygon(f"p{token}", [*left, *right[::-1]])
        self.line(f"from{token}", [left[0], right[0]])
        self.line(f"to{token}", [left[-1], right[-1]])
        ends = {"from_edge_line_token": f"from{token}", "to_edge_line_token": f"to{token}"}
        dividers = {"left_lane_divider_segments": [], "right_lane_divider_segments": []}
        self.add("lane", token, polygon_token=f"p{token}", lane_type="CAR", **ends, **dividers)
        middle_m = (left[0][1] + right[0][1]) / 2
        arc = {"start_pose": [*world(0, middle_m), YAW_RAD], "end_pose": [*world(40, middle_m), YAW_RAD],
               "shape": "LSR", "radius": 999.999, "segment_length": [0.0, 40.0, 0.0]}  # fmt: skip
        self.document["arcline_path_3"][token] = [arc]
