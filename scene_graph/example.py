"""A small made-up scenario: eight seconds on a street with a signalled crossing, seen by seven cameras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from scene_graph.actors import ActorCategory, ActorTrack, EgoTrack
from scene_graph.cameras.fisheye import FisheyeCamera
from scene_graph.cameras.rig import CameraRig
from scene_graph.cameras.rig_yaml import load_rig
from scene_graph.environment import Environment
from scene_graph.example_street import LIGHTS, STOP_S_M, pose_at, street_elements, tidy
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.on_lane import derive_on_lane
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack
from scene_graph.trajectory import Trajectory

__all__ = ["example_recording"]

_DURATION_US = 8_000_000
_FRAME_US = np.round(np.arange(240) * (1e6 / 30)).astype(np.int64)
_ACTOR_US = np.arange(0, _DURATION_US + 1, 100_000, dtype=np.int64)
_INNER_M, _OUTER_M = 1.75, 5.25  # middles of the lanes, to either side of the street's middle
_SIZES_LWH_M = {
    ActorCategory.CAR: (4.5, 1.85, 1.5),
    ActorCategory.TRUCK: (8.2, 2.45, 3.2),
    ActorCategory.BUS: (11.8, 2.55, 3.1),
    ActorCategory.MOTORCYCLE: (2.1, 0.8, 1.5),
    ActorCategory.BICYCLE: (1.8, 0.6, 1.7),
    ActorCategory.PEDESTRIAN: (0.5, 0.6, 1.75),
    ActorCategory.TRAFFIC_CONE: (0.35, 0.35, 0.7),
    ActorCategory.BARRIER: (0.5, 1.8, 1.0),
}


def example_recording() -> Recording:
    """The scenario, the same in every call and on every machine: 8 s at 30 Hz, no images."""
    graph = ScenarioGraph(
        scenario_id="street",
        ego=_ego(),
        elements=street_elements(),
        actors=tuple(_actors()),
        signals=tuple(_signals()),
        relations=tuple(_map_relations()),
        environment=Environment(
            weather="clear",
            time_of_day="day",
            prompt="A four-lane city street on a clear day, with a crossing whose lights turn green.",
        ),
    )
    graph = replace(graph, relations=(*graph.relations, *derive_on_lane(graph)))
    graph.validate()
    return Recording(
        graph=graph,
        rig=_rig(),
        frames=None,
        frame_timestamps_us=_FRAME_US,
        source=Source(format="example", path="scene_graph.example", absent=("images",)),
    )


def _rig() -> CameraRig:
    """The six nuScenes cameras and a fisheye lens of 190 degrees at the rear, all 1280x720."""
    six = load_rig("nuscenes").resized(1280, 720)
    fisheye = FisheyeCamera(fx_px=380.0, fy_px=380.0, cx_px=640.0, cy_px=360.0, width_px=1280, height_px=720)
    # looks back and 20 degrees down: right in the image is to the ego's left
    down = np.deg2rad(20.0)
    axis = np.array([-np.cos(down), 0.0, -np.sin(down)])
    right = np.array([0.0, 1.0, 0.0])
    rotation = np.stack([right, np.cross(axis, right), axis], axis=-1)
    return CameraRig(
        names=(*six.names, "REAR_FISHEYE"),
        cameras=(*six.cameras, fisheye),
        ego_from_camera=SE3(
            rotation=tidy(np.concatenate([six.ego_from_camera.rotation, rotation[None]]), 9),
            translation=tidy(np.concatenate([six.ego_from_camera.translation, [[-0.95, 0.0, 1.0]]]), 6),
        ),
    )


def _ego() -> EgoTrack:
    times_us = np.append(_FRAME_US, _DURATION_US)
    poses = pose_at(50.0 + 10.0 * times_us * 1e-6, -_INNER_M)
    return EgoTrack(trajectory=Trajectory(timestamps_us=times_us, world_from_body=poses))


def _travelled_m(
    speed_mps: float, *, accelerates_at_s: float = 0.0, acceleration_mps2: float = 0.0, to_mps: float | None = None
) -> np.ndarray:
    """Metres travelled at _ACTOR_US: at one speed, from some moment on with an acceleration until another speed."""
    times_s = _ACTOR_US * 1e-6
    if acceleration_mps2 == 0.0:
        return speed_mps * times_s
    final_mps = speed_mps if to_mps is None else to_mps
    ramp_s = (final_mps - speed_mps) / acceleration_mps2
    since_s = np.maximum(times_s - accelerates_at_s, 0.0)
    on_ramp_s = np.minimum(since_s, ramp_s)
    gained_m = acceleration_mps2 * on_ramp_s**2 / 2 + (final_mps - speed_mps) * (since_s - on_ramp_s)
    return speed_mps * times_s + gained_m


def _actor(
    track_id: str, category: ActorCategory, s_m: Any, l_m: Any, turn_rad: float = 0.0, **fields: Any
) -> ActorTrack:
    """An actor whose middle moves through street coordinates, standing on the road."""
    size_lwh_m = np.array(_SIZES_LWH_M[category])
    s_m, l_m, _ = np.broadcast_arrays(s_m, l_m, _ACTOR_US)
    poses = pose_at(s_m, l_m, turn_rad, size_lwh_m[2] / 2)
    trajectory = Trajectory(timestamps_us=_ACTOR_US, world_from_body=poses)
    return ActorTrack(track_id=track_id, category=category, size_lwh_m=size_lwh_m, trajectory=trajectory, **fields)


def _actors() -> Iterator[ActorTrack]:
    yield from _vehicles()
    yield from _people()
    yield from _roadworks()


def _vehicles() -> Iterator[ActorTrack]:
    left, back, right = np.pi / 2, np.pi, -np.pi / 2
    starts = {"accelerates_at_s": 3.0, "acceleration_mps2": 1.8, "to_mps": 9.0}
    yield _actor("car_ahead", ActorCategory.CAR, 78.0 + _travelled_m(10.5), -_INNER_M)
    waiting_s = STOP_S_M[0] - 3.0
    yield _actor("car_waiting", ActorCategory.CAR, waiting_s + _travelled_m(0.0, **starts), -_OUTER_M)
    starts = {"accelerates_at_s": 4.2, "acceleration_mps2": 1.0, "to_mps": 8.0}
    yield _actor("truck_waiting", ActorCategory.TRUCK, waiting_s - 9.0 + _travelled_m(0.0, **starts), -_OUTER_M)
    yield _actor("car_behind", ActorCategory.CAR, 26.0 + _travelled_m(7.5), -_OUTER_M)
    # hidden from the ego's sensors for a second: it has no box then
    hidden_us = np.array([[3_000_000, 4_000_000]])
    yield _actor(
        "motorcycle_behind", ActorCategory.MOTORCYCLE, 36.0 + _travelled_m(10.0), -_INNER_M, absent_us=hidden_us
    )
    yield _actor("car_oncoming", ActorCategory.CAR, 176.0 - _travelled_m(9.0), _INNER_M, back)
    yield _actor("car_oncoming_far", ActorCategory.CAR, 215.0 - _travelled_m(9.5), _INNER_M, back)
    starts = {"accelerates_at_s": 3.4, "acceleration_mps2": 1.0, "to_mps": 8.0}
    yield _actor("bus_oncoming", ActorCategory.BUS, STOP_S_M[1] + 6.6 - _travelled_m(0.0, **starts), _OUTER_M, back)
    yield _actor("car_side_crossing", ActorCategory.CAR, 121.75, -4.0 + _travelled_m(9.0), left)
    yield _actor("car_side_waiting", ActorCategory.CAR, 118.25, 20.6, right)
    yield _actor("bicycle_right", ActorCategory.BICYCLE, 60.0 + _travelled_m(4.0), -6.75)


def _people() -> Iterator[ActorTrack]:
    left, right = np.pi / 2, -np.pi / 2
    yield _actor("pedestrian_crossing", ActorCategory.PEDESTRIAN, 108.2, -1.0 - _travelled_m(1.5), right)
    yield _actor("pedestrian_crossing_far", ActorCategory.PEDESTRIAN, 131.0, 2.0 + _travelled_m(1.4), left)
    yield _actor("pedestrian_side", ActorCategory.PEDESTRIAN, 113.0 + _travelled_m(1.4), -15.0)
    yield _actor("pedestrian_walkway_right", ActorCategory.PEDESTRIAN, 72.0 + _travelled_m(1.3), -9.0)
    yield _actor("pedestrian_walkway_left", ActorCategory.PEDESTRIAN, 98.0 - _travelled_m(1.4), 8.9, np.pi)


def _roadworks() -> Iterator[ActorTrack]:
    for index, s_m in enumerate((158.0, 161.0, 164.0)):
        yield _actor(f"cone_{index}", ActorCategory.TRAFFIC_CONE, s_m, -4.4 - 0.5 * (2 - index))
    yield _actor("barrier", ActorCategory.BARRIER, 167.0, -5.4)


def _signals() -> Iterator[SignalTrack]:
    """The side street's lights turn red, then the street's turn green."""
    red, yellow, green = SignalState.RED, SignalState.YELLOW, SignalState.GREEN
    for light in LIGHTS:
        if light.startswith("light_side"):
            yield SignalTrack(element_id=light, timestamps_us=np.array([0, 800_000]), states=(yellow, red))
        else:
            yield SignalTrack(element_id=light, timestamps_us=np.array([0, 2_200_000]), states=(red, green))


def _map_relations() -> Iterator[Relation]:
    """Followers and neighbours of the lanes; lights and stop lines hold the lanes on the crossing."""
    streets = [f"lane_{direction}_{place}" for direction in ("forward", "oncoming") for place in ("inner", "outer")]
    sides = ["lane_side_left", "lane_side_right"]
    for lane in (*streets, *sides):
        for first, second in (("in", "crossing"), ("crossing", "out")):
            yield Relation(source_id=f"{lane}_{first}", target_id=f"{lane}_{second}", kind=RelationKind.SUCCESSOR)
    for direction in ("forward", "oncoming"):
        for part in ("in", "crossing", "out"):
            inner, outer = f"lane_{direction}_inner_{part}", f"lane_{direction}_outer_{part}"
            yield Relation(source_id=inner, target_id=outer, kind=RelationKind.RIGHT_NEIGHBOUR)
            yield Relation(source_id=outer, target_id=inner, kind=RelationKind.LEFT_NEIGHBOUR)
    for light, (_, _, _, held) in LIGHTS.items():
        for lane in (*streets, *sides):
            if lane.startswith(held):
                yield Relation(source_id=light, target_id=f"{lane}_crossing", kind=RelationKind.CONTROLS)
    for lane in (*streets, *sides):
        line = lane.replace("lane_", "stop_").removesuffix("_inner").removesuffix("_outer")
        yield Relation(source_id=line, target_id=f"{lane}_crossing", kind=RelationKind.CONTROLS)
