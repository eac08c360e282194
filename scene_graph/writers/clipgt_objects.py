"""Actors as rows of a ClipGT clip's table of obstacles."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Int64

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.readers.clipgt_objects import CATEGORIES, DUPLICATE, PERIOD_US, observation_period_us
from scene_graph.se3 import SE3
from scene_graph.writers.clipgt_tables import Row, quaternion, vector
from scene_graph.writers.writer import LeftOut

__all__ = ["obstacle_rows"]

_NAMES: Mapping[ActorCategory, str] = MappingProxyType(
    {
        ActorCategory.CAR: "automobile",
        ActorCategory.TRUCK: "heavy_truck",
        ActorCategory.BUS: "bus",
        ActorCategory.TRAILER: "trailer",
        ActorCategory.CONSTRUCTION_VEHICLE: "heavy_truck",
        ActorCategory.MOTORCYCLE: "motorcycle",
        ActorCategory.BICYCLE: "rider",
        ActorCategory.PEDESTRIAN: "person",
        ActorCategory.ANIMAL: "animal",
        ActorCategory.TRAFFIC_CONE: "traffic_cone",
        ActorCategory.BARRIER: "barrier",
        ActorCategory.OTHER: "other",
    }
)


def obstacle_rows(actors: Sequence[ActorTrack], clip_from_world: SE3, left_out: LeftOut) -> list[Row]:
    """The rows of the table, actor by actor; what is lost is noted in `left_out`."""
    rows: list[Row] = []
    times_of: dict[str, np.ndarray] = {}
    for actor in actors:
        times_us = _observation_times_us(actor)
        if len(times_us) < 2:
            left_out.add("{} actors with a single pose, which readers drop.")
            continue
        if actor.track_id.startswith(DUPLICATE):
            left_out.add(f"{{}} actors whose ids begin with {DUPLICATE}, which readers drop.")
            continue
        times_of[actor.track_id] = times_us
        category, size = _category(actor, left_out), vector(actor.size_lwh_m)
        poses = clip_from_world @ actor.trajectory.at(times_us)
        for index, time_us in enumerate(times_us.tolist()):
            payload: dict[str, Any] = {
                "trackline_id": actor.track_id,
                "center": vector(poses.translation[index]),
                "size": size,
                "orientation": quaternion(poses.rotation[index]),
                "category": category,
            }
            rows.append(({"timestamp_micros": time_us, "label_id": str(len(rows))}, payload))
    _note_absences([actor for actor in actors if actor.track_id in times_of], times_of, left_out)
    return rows


def _observation_times_us(actor: ActorTrack) -> Int64[np.ndarray, "k"]:
    """Times of the actor's rows: its own, the ends of its absences, and between them, PERIOD_US apart at most."""
    track_us = actor.trajectory.timestamps_us
    ends_us = np.clip(actor.absent_us.reshape(-1), track_us[0], track_us[-1])
    known_us = np.union1d(track_us, ends_us)
    pieces = [
        np.linspace(start, end, -(-int(end - start) // PERIOD_US) + 1).round().astype(np.int64)
        for start, end in itertools.pairwise(known_us)
    ]
    times_us = np.unique(np.concatenate([known_us, *pieces]))
    unseen = [(start < times_us) & (times_us < end) for start, end in actor.absent_us]
    return times_us[~np.logical_or.reduce(unseen)] if unseen else times_us


def _note_absences(actors: list[ActorTrack], times_of: Mapping[str, np.ndarray], left_out: LeftOut) -> None:
    """Notes the absences that readers take for none: those of up to three usual steps between rows."""
    ids = tuple(track_id for track_id, times_us in times_of.items() for _ in times_us)
    times_us = np.concatenate([np.zeros(0, dtype=np.int64), *times_of.values()])
    longest_us = 3 * observation_period_us(ids, times_us)
    for actor in actors:
        bridged = (actor.absent_us[:, 1] - actor.absent_us[:, 0]) <= longest_us
        left_out.add("{} absences of actors, too short to be seen in the rows.", int(bridged.sum()))


def _category(actor: ActorTrack, left_out: LeftOut) -> str:
    """The source's own name where the format knows it for this category, else the nearest that the format has."""
    if CATEGORIES.get(actor.source_category.lower()) is actor.category:
        return actor.source_category
    left_out.add("The source's names of the categories of {} actors.", int(bool(actor.source_category)))
    named = _NAMES[actor.category]
    if CATEGORIES[named] is not actor.category:
        left_out.add(f"{{}} actors that are {actor.category.value} became {named}.")
    return named
