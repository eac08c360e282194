"""What an RDS-HQ clip holds frame by frame: poses, actors, states of lights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Int64

from scene_graph.actor_table import ActorTable
from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.cameras import CameraRig
from scene_graph.elements import ElementKind
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.rds_hq_clip import FRAMES_PER_SECOND
from scene_graph.readers.rds_hq_objects import CATEGORIES
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory
from scene_graph.writers.rds_hq_tars import json_bytes, npy_bytes
from scene_graph.writers.writer import LeftOut

__all__ = ["OBJECT_STEP", "camera_poses", "ego_poses", "frame_times_us", "light_states", "object_boxes"]

OBJECT_STEP = 3
"""Actors are given at every third frame."""

_MAX_FRAMES = 1_000_000  # six digits
_BRIDGED_STEPS = 3  # readers take gaps of up to this many periods for none
_SAME = 1e-9
_TYPES: Mapping[ActorCategory, str] = MappingProxyType(
    {
        ActorCategory.CAR: "Car",
        ActorCategory.TRUCK: "Truck",
        ActorCategory.BUS: "Bus",
        ActorCategory.TRAILER: "Trailer",
        ActorCategory.CONSTRUCTION_VEHICLE: "Truck",
        ActorCategory.MOTORCYCLE: "Cyclist",
        ActorCategory.BICYCLE: "Cyclist",
        ActorCategory.PEDESTRIAN: "Pedestrian",
    }
)


def frame_times_us(ego: Trajectory) -> Int64[np.ndarray, "t"]:
    """Times `t`, microseconds, of the frames at 30 a second from the ego's first pose to its last.

    Raises:
        SceneError: there are more than the format can number.
    """
    num_frames = (ego.end_us - ego.start_us) * FRAMES_PER_SECOND // 1_000_000 + 1
    if num_frames > _MAX_FRAMES:
        problem = f"the drive has {num_frames} frames; RDS-HQ can number {_MAX_FRAMES}"
        raise SceneError(problem, remedy="crop it in time first")
    steps = np.arange(num_frames, dtype=np.int64)
    times_us = ego.start_us + (steps * 1_000_000 + FRAMES_PER_SECOND // 2) // FRAMES_PER_SECOND
    return times_us[times_us <= ego.end_us]


def ego_poses(clip_from_ego: SE3) -> Iterator[tuple[str, bytes]]:
    """Members of `vehicle_pose`, one a frame."""
    for frame, matrix in enumerate(clip_from_ego.matrix):
        yield f"{frame:06d}.vehicle_pose.npy", npy_bytes(matrix)


def camera_poses(clip_from_ego: SE3, rig: CameraRig) -> Iterator[tuple[str, bytes]]:
    """Members of `pose`, one a frame and camera."""
    for frame in range(clip_from_ego.batch_shape[0]):
        matrices = (clip_from_ego[frame] @ rig.ego_from_camera).matrix
        for name, matrix in zip(rig.names, matrices, strict=True):
            yield f"{frame:06d}.pose.{name}.npy", npy_bytes(matrix)


def object_boxes(
    actors: Sequence[ActorTrack], times_us: Int64[np.ndarray, "t"], clip_from_world: SE3, left_out: LeftOut
) -> tuple[list[tuple[str, bytes]], int]:
    """Members of `all_object_info`, one every OBJECT_STEP frames, and how many actors are in them."""
    types = {actor.track_id: _object_type(actor, left_out) for actor in actors}
    moving = {actor.track_id: _moves(actor) for actor in actors}
    table = ActorTable(actors) if actors else None
    times_us = times_us[::OBJECT_STEP]
    members = []
    written: set[str] = set()
    for index, time_us in enumerate(times_us):
        objects: dict[str, Any] = {}
        if table is not None:
            boxes = table.boxes_at(int(time_us)).transformed(clip_from_world, "clip")
            for track_id, matrix, size in zip(
                boxes.track_ids, boxes.frame_from_box.matrix, boxes.size_lwh_m, strict=True
            ):
                objects[track_id] = {
                    "object_to_world": matrix.tolist(),
                    "object_lwh": size.tolist(),
                    "object_is_moving": moving[track_id],
                    "object_type": types[track_id],
                }
        written.update(objects)
        members.append((f"{index * OBJECT_STEP:06d}.all_object_info.json", json_bytes(objects)))
    left_out.add("{} actors that are there at none of the frames.", len(actors) - len(written))
    _note_losses([actor for actor in actors if actor.track_id in written], times_us, left_out)
    return members, len(written)


def _note_losses(actors: Sequence[ActorTrack], times_us: Int64[np.ndarray, "k"], left_out: LeftOut) -> None:
    rate_hz = FRAMES_PER_SECOND // OBJECT_STEP
    for actor in actors:
        track_us = actor.trajectory.timestamps_us
        left_out.add(
            f"What {{}} actors do between their poses, {rate_hz} a second.", not set(track_us) <= set(times_us)
        )
        beyond = track_us[0] < times_us[0] or track_us[-1] > times_us[-1]
        left_out.add("What {} actors do before the first and after the last frame that shows actors.", int(beyond))
        left_out.add(
            "The source's names of the categories of {} actors.", actor.source_category not in ("", _named(actor))
        )
        if len(actor.absent_us):
            before = np.searchsorted(times_us, actor.absent_us[:, 0], side="right") - 1
            after = np.searchsorted(times_us, actor.absent_us[:, 1], side="left")
            bridged = after - before <= _BRIDGED_STEPS
            left_out.add("{} absences of actors that readers bridge, of up to 0.3 s.", int(bridged.sum()))


def _moves(actor: ActorTrack) -> bool:
    poses = actor.trajectory.world_from_body
    apart = np.abs(poses.translation - poses.translation[0]).max(), np.abs(poses.rotation - poses.rotation[0]).max()
    return bool(max(apart) > _SAME)


def _object_type(actor: ActorTrack, left_out: LeftOut) -> str:
    named = _named(actor)
    if CATEGORIES[named.lower()] is not actor.category:
        left_out.add(f"{{}} actors that are {actor.category.value} became {named}.")
    return named


def _named(actor: ActorTrack) -> str:
    """The source's own type where the format knows it for this category, else the nearest that the format has."""
    if CATEGORIES.get(actor.source_category.lower()) is actor.category:
        return actor.source_category
    return _TYPES.get(actor.category, "Others")


def light_states(
    graph: ScenarioGraph, features: Mapping[str, str], times_us: Int64[np.ndarray, "t"], left_out: LeftOut
) -> dict[str, Any]:
    """The table of `3d_traffic_lights_status`: a state a frame for each light that has states."""
    lights = {element.element_id for element in graph.elements_of(ElementKind.TRAFFIC_LIGHT)}
    states: dict[str, Any] = {}
    for signal in graph.signals:
        if signal.element_id not in lights:
            left_out.add("States of {} lanes: the format keeps those of traffic lights.")
            continue
        named = [signal.at(int(time_us)).value.upper() for time_us in times_us]
        states[str(len(states))] = {"feature_id": features[signal.element_id], "state": named}
    return states
