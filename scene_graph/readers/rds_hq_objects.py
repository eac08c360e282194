"""The actors of an RDS-HQ clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields
from scene_graph.readers.decoding import parse_json
from scene_graph.readers.rds_hq_clip import FRAMES_PER_SECOND, Clip
from scene_graph.readers.records import Records
from scene_graph.readers.rigid import rigid_transforms
from scene_graph.readers.tracks import Observations, tracks_from
from scene_graph.readers.vertices import number_array

__all__ = ["CATEGORIES", "OBJECTS", "read_clip_objects"]

OBJECTS = "all_object_info"
_PERIOD_FRAMES = 3

CATEGORIES: Mapping[str, ActorCategory] = MappingProxyType(
    {
        "automobile": ActorCategory.CAR,
        "bus": ActorCategory.BUS,
        "car": ActorCategory.CAR,
        "cyclist": ActorCategory.BICYCLE,
        "heavy_truck": ActorCategory.TRUCK,
        "other_vehicle": ActorCategory.CAR,
        "others": ActorCategory.OTHER,
        "pedestrian": ActorCategory.PEDESTRIAN,
        "person": ActorCategory.PEDESTRIAN,
        "protruding_object": ActorCategory.OTHER,
        "rider": ActorCategory.BICYCLE,
        "stroller": ActorCategory.PEDESTRIAN,
        "trailer": ActorCategory.TRAILER,
        "train_or_tram_car": ActorCategory.OTHER,
        "trolley_bus": ActorCategory.BUS,
        "truck": ActorCategory.TRUCK,
        "vehicle": ActorCategory.CAR,
    }
)
"""Our category for each type of the source, in lower case; a type that is not here is read as OTHER, and said to be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Box:
    track_id: str
    frame: int
    world_from_box: Float[np.ndarray, "4 4"]
    size_lwh_m: Float[np.ndarray, "3"]
    source_category: str
    moving: bool
    where: str


def read_clip_objects(
    clip: Clip, ego_frames: Int64[np.ndarray, "t"], records: Records
) -> tuple[list[ActorTrack], list[str]] | None:
    """Tracks of the objects and what was derived, one sentence each; None where the clip has no file of them.

    Args:
        clip: the clip.
        ego_frames: frames that have a pose of the ego, increasing; a box outside their span is a bad record.
        records: what to do with a bad record.

    Raises:
        SceneError: the file is damaged, or a record is bad and bad records are not skipped.
    """
    members = clip.members(OBJECTS)
    if members is None:
        return None
    span = int(ego_frames[0]), int(ego_frames[-1])
    boxes = list(_boxes(clip, members, span, records))
    good, poses = rigid_transforms([box.world_from_box for box in boxes], [box.where for box in boxes], records)
    boxes = [box for box, is_good in zip(boxes, good, strict=True) if is_good]
    tracks = tracks_from(
        Observations(
            track_ids=tuple(box.track_id for box in boxes),
            timestamps_us=clip.times_us(np.array([box.frame for box in boxes], dtype=np.int64)),
            world_from_box=poses,
            size_lwh_m=np.array([box.size_lwh_m for box in boxes], dtype=np.float64).reshape(-1, 3),
            source_categories=tuple(box.source_category for box in boxes),
            moving=np.array([box.moving for box in boxes], dtype=bool),
        ),
        category_of=lambda name: CATEGORIES.get(name.lower(), ActorCategory.OTHER),
        period_us=_PERIOD_FRAMES * 1_000_000 // FRAMES_PER_SECOND,
        records=records,
        where=str(clip.path(OBJECTS)),
    )
    return tracks, _derived(boxes)


def _boxes(clip: Clip, members: Mapping[str, bytes], span: tuple[int, int], records: Records) -> Iterator[_Box]:
    keys = clip.frames(members, r"(\d{6})\.all_object_info\.json").get("", {})
    for frame, key in keys.items():
        member = clip.where(OBJECTS, key)
        table = parse_json(members[key], member)
        if not isinstance(table, dict):
            raise SceneError("expected an object of boxes by track id", where=member)
        for track_id, raw in table.items():
            where = f"{member}, object {track_id!r}"
            box = None
            with records.checking(where):
                if not span[0] <= frame <= span[1]:
                    raise ValueError(f"frame {frame} lies outside the poses; expected {span[0]} to {span[1]}")
                record = Fields(raw, where, "object")
                box = _Box(
                    track_id=track_id,
                    frame=frame,
                    world_from_box=number_array(record.get("object_to_world"), "object_to_world", (4, 4)),
                    size_lwh_m=_positive_size(record),
                    source_category=record.text("object_type"),
                    moving=record.flag("object_is_moving"),
                    where=where,
                )
            if box is not None:
                yield box


def _positive_size(record: Fields) -> Float[np.ndarray, "3"]:
    size_lwh_m = number_array(record.get("object_lwh"), "object_lwh", (3,))
    if not (size_lwh_m > 0).all():
        length, width, height = size_lwh_m
        raise ValueError(f"size {length:g} x {width:g} x {height:g} m; expected three positive lengths")
    return size_lwh_m


def _derived(boxes: list[_Box]) -> list[str]:
    derived = []
    unknown = sorted({box.source_category for box in boxes if box.source_category.lower() not in CATEGORIES})
    if unknown:
        derived.append(f"Types that the format does not name were read as other: {', '.join(unknown)}.")
    static = {box.track_id for box in boxes} - {box.track_id for box in boxes if box.moving}
    if static:
        derived.append(f"{len(static)} objects that do not move stand at their mean pose with their mean size.")
    return derived
