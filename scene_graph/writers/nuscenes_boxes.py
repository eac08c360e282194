"""The boxes of one scene in nuScenes' tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from scene_graph.actor_table import ActorTable
from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.readers.nuscenes_names import CATEGORIES, CATEGORY_NAMES
from scene_graph.writers.nuscenes_rows import links, pose_fields
from scene_graph.writers.nuscenes_tokens import token

__all__ = ["ATTRIBUTES", "VISIBILITIES", "box_records"]

ATTRIBUTES = (
    "vehicle.moving", "vehicle.stopped", "vehicle.parked", "cycle.with_rider", "cycle.without_rider",
    "pedestrian.moving", "pedestrian.standing", "pedestrian.sitting_lying_down",
)  # fmt: skip

VISIBILITIES = {"1": "v0-40", "2": "v40-60", "3": "v60-80", "4": "v80-100"}
"""Token -> level."""

_UNKNOWN_VISIBILITY = "4"
_UNKNOWN_POINTS = -1
_MOVING_MPS = 0.2
_VEHICLES = (ActorCategory.CAR, ActorCategory.TRUCK, ActorCategory.BUS, ActorCategory.TRAILER,
             ActorCategory.CONSTRUCTION_VEHICLE)  # fmt: skip
_CYCLES = (ActorCategory.BICYCLE, ActorCategory.MOTORCYCLE)


def box_records(
    actors: Sequence[ActorTrack], scene: str, samples: list[str], keyframes_us: Int64[np.ndarray, " k"]
) -> dict[str, list[dict[str, Any]]]:
    """The rows of category, instance and sample_annotation: every actor at the keyframes at which it is present.

    Attributes follow from speeds. How much of a box is visible and how many lidar points lie in it is not known: the
    level is the highest, the counts are -1.

    Args:
        actors: the scene's actors.
        scene: the scene's token.
        samples: the keyframes' tokens, `k`.
        keyframes_us: their times, microseconds.
    """
    rows: dict[str, list[dict[str, Any]]] = {"category": [], "instance": [], "sample_annotation": []}
    if not actors:
        return rows
    table = ActorTable(actors)
    records_of: dict[str, list[dict[str, Any]]] = {}
    speeds_mps: dict[str, list[float]] = {}
    for sample, time in zip(samples, keyframes_us.tolist(), strict=True):
        boxes = table.boxes_at(time)
        for index, track_id in enumerate(boxes.track_ids):
            length, width, height = boxes.size_lwh_m[index].tolist()
            instance = token(scene, "instance", track_id)
            records_of.setdefault(track_id, []).append(
                {
                    "token": token(instance, sample),
                    "sample_token": sample,
                    "instance_token": instance,
                    "visibility_token": _UNKNOWN_VISIBILITY,
                    **pose_fields(boxes.frame_from_box[index]),
                    "size": [width, length, height],
                    "num_lidar_pts": _UNKNOWN_POINTS,
                    "num_radar_pts": _UNKNOWN_POINTS,
                }
            )
            speeds_mps.setdefault(track_id, []).append(float(np.linalg.norm(boxes.velocity_mps[index])))
    for actor in actors:
        records, speeds = records_of.get(actor.track_id, []), speeds_mps.get(actor.track_id, [])
        if not records:
            continue
        name = _category_name(actor)
        rows["category"].append({"token": token("category", name), "name": name, "description": ""})
        rows["instance"].append(
            {
                "token": records[0]["instance_token"],
                "category_token": token("category", name),
                "nbr_annotations": len(records),
                "first_annotation_token": records[0]["token"],
                "last_annotation_token": records[-1]["token"],
            }
        )
        for record, chain, speed in zip(records, links([one["token"] for one in records]), speeds, strict=True):
            attribute = _attribute(actor.category, speed, max(speeds))
            attributes = [] if attribute is None else [token("attribute", attribute)]
            rows["sample_annotation"].append({**record, "attribute_tokens": attributes, **chain})
    return rows


def _category_name(actor: ActorTrack) -> str:
    """The format's name of an actor's category: its source's name where that is one."""
    if CATEGORIES.get(actor.source_category) is actor.category:
        return actor.source_category
    return CATEGORY_NAMES[actor.category]


def _attribute(category: ActorCategory, speed_mps: float, top_speed_mps: float) -> str | None:
    """What an actor does at this speed, when the fastest it is seen at is the other."""
    moving, moves = speed_mps > _MOVING_MPS, top_speed_mps > _MOVING_MPS
    if category in _VEHICLES:
        return "vehicle.moving" if moving else "vehicle.stopped" if moves else "vehicle.parked"
    if category in _CYCLES:
        return "cycle.with_rider" if moves else "cycle.without_rider"
    if category is ActorCategory.PEDESTRIAN:
        return "pedestrian.moving" if moving else "pedestrian.standing"
    return None
