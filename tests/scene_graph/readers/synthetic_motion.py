"""A tiny motion scene whose geometry is known, as a Waymo Scenario message and as a ScenarioNet dictionary.

A straight road of two lanes, in a frame of its own: `world(forward, left, z)` places it.
"""

from __future__ import annotations

import gzip
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from scene_graph.readers.protobuf_wire import MessageType, Scalar
from scene_graph.readers.waymo_motion_crc32c import masked_crc32c
from scene_graph.readers.waymo_motion_messages import (
    AGENT_TYPES,
    LANE_STATES,
    LANE_TYPES,
    ROAD_EDGE_TYPES,
    ROAD_LINE_TYPES,
    SCENARIO,
)

SCENARIO_ID = "tiny0123"
NUM_STEPS = 11
GROUND_M = 50.0
ORIGIN = np.array([1000.0, -2000.0])
YAW_RAD = float(np.float32(0.5))
FORWARD = np.array([np.cos(YAW_RAD), np.sin(YAW_RAD)])
LEFT = np.array([-FORWARD[1], FORWARD[0]])
EGO_ID, EGO_SIZE_LWH_M, EGO_SPEED_MPS = 99, (5.0, 2.0, 2.5), 10.0
STOP_M = 39.0


def world(forward: float, left: float, z: float = GROUND_M) -> np.ndarray:
    """A place of the road's frame, `3` m, world frame."""
    return np.array([*(ORIGIN + forward * FORWARD + left * LEFT), z])


def point(forward: float, left: float, z: float = GROUND_M) -> dict[str, float]:
    return dict(zip("xyz", world(forward, left, z).tolist(), strict=True))


def line(*places: tuple[float, float]) -> list[dict[str, float]]:
    return [point(*place) for place in places]


def ego_center(step: int) -> np.ndarray:
    return world(5.0 + EGO_SPEED_MPS * 0.1 * step, 0.0, GROUND_M + EGO_SIZE_LWH_M[2] / 2)


def _state(center: np.ndarray, size_lwh_m: tuple[float, float, float], heading_rad: float) -> dict[str, Any]:
    names = ("center_x", "center_y", "center_z", "length", "width", "height", "heading")
    return dict(zip(names, [*center.tolist(), *size_lwh_m, heading_rad], strict=True)) | {"valid": True}


def _tracks() -> list[dict[str, Any]]:
    absent = {"center_z": 0.1, "valid": False}
    car = [
        _state(world(20.0 + 0.5 * step, 3.5, GROUND_M + 0.75), (4.5 if step == 3 else 4.0, 1.75, 1.5), YAW_RAD)
        for step in range(NUM_STEPS)
    ]
    walker = [
        _state(world(10.0, -4.0 + 0.1 * step, GROUND_M + 0.875), (0.5, 0.75, 1.75), -2.5) if step in SEEN else absent
        for step in range(NUM_STEPS)
    ]
    ego = [_state(ego_center(step), EGO_SIZE_LWH_M, YAW_RAD) for step in range(NUM_STEPS)]
    return [
        {"id": 7, "object_type": 1, "states": car},
        {"id": 8, "object_type": 2, "states": walker},
        {"id": 9, "object_type": 3, "states": [absent] * NUM_STEPS},
        {"id": EGO_ID, "object_type": 1, "states": ego},
    ]


SEEN = (2, 3, 4, 6, 7, 8)
"""Steps at which the walker is seen."""


def _lane(**values: Any) -> dict[str, Any]:
    repeated = (
        "polyline", "entry_lanes", "exit_lanes", "left_neighbors", "right_neighbors", "left_boundaries",
        "right_boundaries",
    )  # fmt: skip
    return {"type": 2} | {name: [] for name in repeated} | values


def _span(start: int, last: int, feature_id: int) -> dict[str, int]:
    return {"lane_start_index": start, "lane_end_index": last, "boundary_feature_id": feature_id}


def _features() -> list[dict[str, Any]]:
    along = (0, 10, 20, 30, 40)
    return [
        {"id": 1, "lane": _lane(
            speed_limit_mph=35.0, polyline=line(*((x, 0) for x in along)), exit_lanes=[3, 555],
            left_neighbors=[{"feature_id": 2}], left_boundaries=[_span(0, 4, 11)],
            right_boundaries=[_span(0, 2, 12), _span(2, 4, 777)],
        )},
        {"id": 2, "lane": _lane(
            speed_limit_mph=0.0, polyline=line(*((x, 3.5) for x in along)), right_neighbors=[{"feature_id": 1}],
            left_boundaries=[_span(0, 4, 13)], right_boundaries=[_span(0, 4, 11)],
        )},
        {"id": 3, "lane": _lane(interpolating=True, polyline=line((40, 0), (50, 0)), entry_lanes=[1])},
        {"id": 4, "lane": _lane(type=3, polyline=line((0, -5), (40, -5)))},
        {"id": 5, "lane": _lane(polyline=line((50, 0)), entry_lanes=[3])},
        {"id": 11, "road_line": {"type": 1, "polyline": line((0, 1.75), (40, 1.75))}},
        {"id": 12, "road_edge": {"type": 1, "polyline": line((-5, -2), (25, -2))}},
        {"id": 13, "road_line": {"type": 7, "polyline": line((0, 5.5), (40, 5.5))}},
        {"id": 14, "road_edge": {"type": 2, "polyline": line((0, 7))}},
        {"id": 15, "road_line": {"type": 8, "polyline": line((0, 9), (40, 9))}},
        {"id": 21, "stop_sign": {"lane": [1, 444], "position": point(38, -3, GROUND_M + 2.5)}},
        {"id": 31, "crosswalk": {"polygon": line((41, -6), (44, -6), (44, 6), (41, 6))}},
        {"id": 32, "speed_bump": {"polygon": line((25, -2), (26, -2), (26, 2), (25, 2))}},
        {"id": 33, "driveway": {"polygon": line((5, -2), (9, -2), (9, -9))}},
    ]  # fmt: skip


def _map_states() -> list[dict[str, Any]]:
    states = [None, None, 4, 4, 4, 5, 6, 6, 6, 0, 6]
    return [
        {"lane_states": [] if state is None else [{"lane": 1, "state": state, "stop_point": point(STOP_M, 0)}]}
        for state in states
    ]


def scenario() -> dict[str, Any]:
    """The decoded Scenario message."""
    return {
        "scenario_id": SCENARIO_ID,
        "timestamps_seconds": [0.1 * step for step in range(NUM_STEPS)],
        "tracks": _tracks(),
        "sdc_track_index": 3,
        "dynamic_map_states": _map_states(),
        "map_features": _features(),
    }


def encode_message(values: dict[str, Any], message: MessageType) -> bytes:
    """A message in the wire format; repeated numbers are packed where there are several."""
    parts: list[bytes] = []
    for number, field in message.fields.items():
        given = values.get(field.name, [] if field.repeated else None)
        listed = given if field.repeated else [] if given is None else [given]
        if len(listed) > 1 and field.kind in (Scalar.INT, Scalar.DOUBLE):
            block = b"".join(_encode_scalar(value, field.kind)[1] for value in listed)
            parts += [varint(number << 3 | 2), varint(len(block)), block]
            continue
        for value in listed:
            if isinstance(field.kind, MessageType):
                block = encode_message(value, field.kind)
                parts += [varint(number << 3 | 2), varint(len(block)), block]
            else:
                wire_type, content = _encode_scalar(value, field.kind)
                parts += [varint(number << 3 | wire_type), content]
    return b"".join(parts)


def _encode_scalar(value: Any, kind: Scalar) -> tuple[int, bytes]:
    if kind is Scalar.DOUBLE:
        return 1, struct.pack("<d", value)
    if kind is Scalar.FLOAT:
        return 5, struct.pack("<f", value)
    if kind is Scalar.TEXT:
        return 2, varint(len(value.encode())) + value.encode()
    return 0, varint(int(value) % (1 << 64))


def varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def framed(*records: bytes) -> bytes:
    """A tfrecord file of these records."""
    encoded = b""
    for record in records:
        length = struct.pack("<Q", len(record))
        encoded += length + struct.pack("<I", masked_crc32c(length))
        encoded += record + struct.pack("<I", masked_crc32c(record))
    return encoded


def refusal(read: Callable[[], Any]) -> str:
    """What a reader says of bad input; "" where it reads it."""
    try:
        read()
    except ValueError as error:
        return str(error)
    return ""


def write_tfrecord(path: Path, *scenarios: dict[str, Any]) -> Path:
    path.write_bytes(framed(*(encode_message(values, SCENARIO) for values in scenarios)))
    return path


def _xyz(points: list[dict[str, float]]) -> list[list[float]]:
    return [[place["x"], place["y"], place["z"]] for place in points]


def _scenarionet_track(track: dict[str, Any]) -> dict[str, Any]:
    states = track["states"]
    columns = {name: [state.get(name, 0.0) for state in states] for name in ("length", "width", "height", "heading")}
    positions = [[state.get(f"center_{axis}", 0.0) for axis in "xyz"] for state in states]
    type_name = AGENT_TYPES[track["object_type"]]
    return {
        "type": type_name,
        "state": {"position": positions, "valid": [state["valid"] for state in states], **columns},
        "metadata": {"type": type_name, "object_id": str(track["id"])},
    }


def _scenarionet_feature(feature: dict[str, Any]) -> dict[str, Any]:
    if "lane" in feature:
        lane = feature["lane"]
        sides = {f"{side}_neighbor": lane[f"{side}_neighbors"] for side in ("left", "right")}
        spans = {
            name: [{key: str(value) for key, value in span.items()} for span in lane[name]]
            for name in ("left_boundaries", "right_boundaries")
        }
        return {
            "type": LANE_TYPES[lane["type"]],
            "polyline": _xyz(lane["polyline"]),
            "speed_limit_mph": lane.get("speed_limit_mph", 0.0),
            "interpolating": lane.get("interpolating", False),
            "entry_lanes": lane["entry_lanes"],
            "exit_lanes": lane["exit_lanes"],
            **sides,
            **spans,
        }
    if "road_line" in feature:
        road_line = feature["road_line"]
        return {"type": ROAD_LINE_TYPES[road_line["type"]], "polyline": _xyz(road_line["polyline"])}
    if "road_edge" in feature:
        edge = feature["road_edge"]
        return {"type": ROAD_EDGE_TYPES[edge["type"]], "polyline": _xyz(edge["polyline"])}
    if "stop_sign" in feature:
        sign = feature["stop_sign"]
        return {"type": "STOP_SIGN", "lane": sign["lane"], "position": _xyz([sign["position"]])[0]}
    name = next(name for name in ("crosswalk", "speed_bump", "driveway") if name in feature)
    return {"type": name.upper(), "polygon": _xyz(feature[name]["polygon"])}


def scenarionet_scene() -> dict[str, Any]:
    """The same scene as ScenarioNet's converter writes it, with lists for arrays."""
    message = scenario()
    steps = [step["lane_states"] for step in message["dynamic_map_states"]]
    states = [LANE_STATES[step[0]["state"]] if step else None for step in steps]
    return {
        "id": SCENARIO_ID,
        "version": "tiny",
        "length": NUM_STEPS,
        "metadata": {
            "dataset": "waymo",
            "scenario_id": SCENARIO_ID,
            "ts": message["timestamps_seconds"],
            "sdc_id": str(EGO_ID),
        },
        "tracks": {str(track["id"]): _scenarionet_track(track) for track in message["tracks"]},
        "map_features": {str(feature["id"]): _scenarionet_feature(feature) for feature in message["map_features"]},
        "dynamic_map_states": {
            "1": {
                "type": "TRAFFIC_LIGHT",
                "lane": 1,
                "state": {"object_state": states},
                "stop_point": world(STOP_M, 0).tolist(),
            }
        },
    }


def nuscenes_scene() -> dict[str, Any]:
    """The scene as the converter of nuScenes writes one: flat, headings for heights, areas, no relations."""
    scene = scenarionet_scene()
    scene["metadata"] |= {"dataset": "nuscenes", "map": "singapore-tiny", "sdc_id": "ego"}
    scene["dynamic_map_states"] = {}
    ego = scene["tracks"].pop(str(EGO_ID))
    ego["state"] |= {
        "position": [[x, y, 0.0] for x, y, _ in ego["state"]["position"]],
        "length": [[EGO_SIZE_LWH_M[1]]] * NUM_STEPS,
        "width": [[EGO_SIZE_LWH_M[0]]] * NUM_STEPS,
        "valid": [1.0] * NUM_STEPS,
    }
    scene["tracks"]["ego"] = ego
    scene["tracks"]["7"]["metadata"]["type"] = "vehicle.bus.rigid"
    scene["tracks"]["8"]["metadata"]["type"] = "human.pedestrian.adult"
    lane = {"type": "LANE_SURFACE_STREET", "polyline": _headed((0, 0), (10, 0), (20, 0))}
    scene["map_features"] = {
        "lane-a": lane | {"polygon": _plan((-1, -1.5), (21, -1.5), (21, 2), (-1, 2), (-1, -1.5))},
        "connector": lane | {"polyline": _headed((20, 0), (30, 0)), "speed_limit_kmh": 100},
        "lane-b": lane
        | {"polyline": _headed((30, 0), (40, 0)), "polygon": _plan((29, -9), (41, -9), (41, 9), (29, 9))},
        "opposite": lane | {"polyline": _headed((20, 0), (10, 0)), "polygon": _plan((10, -2), (20, -2), (20, 2))},
        "boundary_0": {"type": "ROAD_LINE_SOLID_SINGLE_WHITE", "polyline": _plan((0, 9), (40, 9), (40, -9), (0, 9))},
        "divider": {"type": "ROAD_LINE_SOLID_SINGLE_YELLOW", "polyline": _plan((0, 4), (40, 4))},
        "sidewalk": {"type": "ROAD_EDGE_SIDEWALK", "polygon": _plan((0, 9), (40, 9), (40, 12))},
    }
    return scene


def _plan(*places: tuple[float, float]) -> list[list[float]]:
    return [world(*place)[:2].tolist() for place in places]


def _headed(*places: tuple[float, float]) -> list[list[float]]:
    steps = np.diff([world(*place)[:2] for place in places], axis=0)
    headings = np.arctan2(steps[:, 1], steps[:, 0]).tolist()
    plan = _plan(*places)
    return [[*place, heading] for place, heading in zip(plan, [*headings, headings[-1]], strict=True)]


def with_arrays(value: Any) -> Any:
    """The scene with arrays where ScenarioNet's pickles have them."""
    if isinstance(value, dict):
        return {key: with_arrays(member) for key, member in value.items()}
    if isinstance(value, list) and value:
        array = np.array(value) if all(isinstance(member, (list, float, bool)) for member in value) else None
        return value if array is None or array.dtype.kind not in "fb" else array
    return value


def write_scene(path: Path, scene: Any) -> Path:
    """Writes a scene as what the file's name says."""
    if path.suffix == ".pkl":
        path.write_bytes(pickle.dumps(with_arrays(scene)))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(json.dumps(scene).encode()))
    else:
        path.write_text(json.dumps(scene))
    return path
