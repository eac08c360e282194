"""Road users and the ego of a motion data set's scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.actors import ActorCategory, ActorTrack, EgoTrack
from scene_graph.errors import SceneError
from scene_graph.readers.nuscenes_names import category_of
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_records import SceneRecord, TrackRecord
from scene_graph.readers.vertices import MAX_COORDINATE_M
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

__all__ = ["CATEGORIES", "SceneTracks", "read_tracks"]

CATEGORIES: Mapping[str, ActorCategory] = MappingProxyType(
    {
        "VEHICLE": ActorCategory.CAR,
        "PEDESTRIAN": ActorCategory.PEDESTRIAN,
        "CYCLIST": ActorCategory.BICYCLE,
        "TRAFFIC_CONE": ActorCategory.TRAFFIC_CONE,
        "TRAFFIC_BARRIER": ActorCategory.BARRIER,
        "TRAFFIC_OBJECT": ActorCategory.OTHER,
        "OTHER": ActorCategory.OTHER,
        "UNSET": ActorCategory.OTHER,
    }
)
"""Our category for each of the source's types of road users."""

_NUSCENES, _WAYMO = "nuscenes", "waymo"
# nominal: of a Renault Zoe, and half the wheelbase (2.99 m) of a Jaguar I-PACE
_REAR_AXLE_TO_CENTER_M = MappingProxyType({_NUSCENES: 1.385, _WAYMO: 1.5})

_REAR_AXLE_TO_CENTER_PER_LENGTH = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneTracks:
    """What moves in a scene.

    Attributes:
        ego: the vehicle that recorded it.
        actors: the others.
        derived: as in `scene_graph.recording.Source`.
    """

    ego: EgoTrack
    actors: tuple[ActorTrack, ...]
    derived: tuple[str, ...]


def read_tracks(scene: SceneRecord, records: Records) -> SceneTracks:
    """The ego and the actors of a scene.

    Raises:
        SceneError: the ego is nowhere valid or bad, or a track is bad and bad records are not skipped.
    """
    is_flat = _is_flat(scene)
    actors, unknown, num_unseen = [], set(), 0
    for track in scene.tracks:
        with records.checking(f"{scene.where}, track {track.track_id[:60]!r}"):
            if not track.valid.any():
                num_unseen += 1
                continue
            category = _category(track)
            if category is None:
                unknown.add(repr(track.type_name[:60]))
            actors.append(_actor(track, scene.timestamps_us, category or ActorCategory.OTHER, is_flat))
    try:
        ego, ego_note = _ego(scene, is_flat)
        ego.validate()
    except ValueError as error:
        raise SceneError(str(error), where=f"{scene.where}, ego {scene.ego.track_id[:60]!r}") from error

    derived = [ego_note, "Bodies stand upright: the source has their headings, no roll or pitch."]
    if is_flat:
        derived.append("The source has no heights of the road users: they were put on the ground at height 0.")
    names = {actor.source_category for actor in actors}
    if "VEHICLE" in names:
        derived.append("Vehicles, which the source does not tell apart, were read as cars.")
    if "CYCLIST" in names:
        derived.append("Cyclists were read as bicycles.")
    if unknown:
        listed = ", ".join(sorted(unknown)[:10])
        derived.append(f"Types of road users that are not known were read as other: {listed}.")
    if num_unseen:
        derived.append(f"{num_unseen} tracks that are valid at no step were left out.")
    return SceneTracks(ego=ego, actors=tuple(actors), derived=tuple(derived))


def _is_flat(scene: SceneRecord) -> bool:
    """Whether all road users are at height 0, which a box's centre cannot be: the source has no heights.

    The ego alone says nothing: nuScenes has it at height 0, and the others in three dimensions.
    """
    tracks = [track for track in scene.tracks if track.valid.any()] or [scene.ego]
    return scene.dataset != _NUSCENES and not any(track.positions[track.valid, 2].any() for track in tracks)


def _category(track: TrackRecord) -> ActorCategory | None:
    """Our category by the finer name, which nuScenes has, else by the type; None where neither is known."""
    return category_of(track.source_category) or CATEGORIES.get(track.type_name)


def _actor(
    track: TrackRecord, timestamps_us: Int64[np.ndarray, " t"], category: ActorCategory, is_flat: bool
) -> ActorTrack:
    steps, size_lwh_m = _valid_steps(track)
    centers = track.positions[steps]
    if is_flat:
        centers = centers + np.array([0.0, 0.0, size_lwh_m[2] / 2])
    times_us = timestamps_us[steps]
    unseen = np.flatnonzero(np.diff(steps) > 1)
    actor = ActorTrack(
        track_id=track.track_id,
        category=category,
        size_lwh_m=size_lwh_m,
        trajectory=Trajectory(timestamps_us=times_us, world_from_body=SE3.from_yaw(track.heading_rad[steps], centers)),
        absent_us=np.stack([times_us[unseen], times_us[unseen + 1]], axis=1),
        source_category=track.source_category,
    )
    actor.validate()
    return actor


def _valid_steps(track: TrackRecord) -> tuple[Int64[np.ndarray, " n"], Float[np.ndarray, "3"]]:
    """Steps `n` at which a track is valid, and its median size over them (m), all of it checked."""
    steps = np.flatnonzero(track.valid)
    if not len(steps):
        raise ValueError("is valid at no step; expected at least one")
    values = np.column_stack([track.positions, track.heading_rad, track.size_lwh_m])[steps]
    bad = ~(np.abs(values) <= MAX_COORDINATE_M).all(axis=1)
    if bad.any():
        raise ValueError(f"has NaN, infinity or a number beyond 1e8 at step {steps[bad][0]}, which is marked as valid")
    return steps, np.median(track.size_lwh_m[steps], axis=0)


def _ego(scene: SceneRecord, is_flat: bool) -> tuple[EgoTrack, str]:
    """The ego track, and in words how its frame was found.

    nuScenes has the rear axle on the ground. The others have the middle of the box, whose underside is the ground.
    """
    steps, size_lwh_m = _valid_steps(scene.ego)
    exchanged = ""
    if size_lwh_m[1] > size_lwh_m[0]:
        size_lwh_m = size_lwh_m[[1, 0, 2]]
        exchanged = " Its length and width, which are exchanged in the source, were changed back."
    rear_axle_to_center_m, which = _rear_axle_to_center_m(scene, float(size_lwh_m[0]))
    distance = f"{rear_axle_to_center_m:.2f} m behind the middle of the car ({which})"
    world_from_body = SE3.from_yaw(scene.ego.heading_rad[steps], scene.ego.positions[steps])
    if scene.dataset == _NUSCENES:
        world_from_ego = world_from_body
        origin = f"The ego's positions are those of the rear axle on the ground, {distance}."
    else:
        down_m = 0.0 if is_flat else float(size_lwh_m[2]) / 2
        body_from_ego = SE3(rotation=np.eye(3), translation=np.array([-rear_axle_to_center_m, 0.0, -down_m]))
        world_from_ego = world_from_body @ body_from_ego
        below = "" if is_flat else f" and {down_m:.2f} m below it, at the underside of its box"
        origin = f"The ego's origin was moved to the rear axle, {distance}{below}."
    ego = EgoTrack(
        trajectory=Trajectory(timestamps_us=scene.timestamps_us[steps], world_from_body=world_from_ego),
        size_lwh_m=size_lwh_m,
        rear_axle_to_center_m=rear_axle_to_center_m,
    )
    return ego, origin + exchanged


def _rear_axle_to_center_m(scene: SceneRecord, length_m: float) -> tuple[float, str]:
    """Distance from the rear axle to the middle of the ego (m), and in words where it is from."""
    if scene.ego_rear_axle_to_center_m is not None:
        return scene.ego_rear_axle_to_center_m, "as the source says"
    if scene.dataset in _REAR_AXLE_TO_CENTER_M:
        return _REAR_AXLE_TO_CENTER_M[scene.dataset], "nominal for the fleet's car"
    return _REAR_AXLE_TO_CENTER_PER_LENGTH * length_m, f"taken to be {_REAR_AXLE_TO_CENTER_PER_LENGTH} of its length"
