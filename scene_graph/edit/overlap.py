"""Whether boxes overlap: exactly in the ground plane, and in height."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from scene_graph.actor_table import ActorTable
from scene_graph.actors import ActorTrack, EgoTrack
from scene_graph.boxes import CORNER_SIGNS, Boxes3D
from scene_graph.graph import ScenarioGraph
from scene_graph.se3 import SE3

__all__ = ["EGO", "TOUCHING_M", "ego_box", "ego_center", "overlapping", "overlaps_at", "require_free"]

TOUCHING_M = 1e-3
"""Boxes that reach into one another by no more than this touch, and do not overlap."""

EGO = "the ego"


def overlapping(world_from_box: SE3, size_lwh_m: Float[np.ndarray, "3"], others: Boxes3D) -> Bool[np.ndarray, " n"]:
    """Which of `n` boxes a box overlaps, all in one frame with z up.

    The shadows of two boxes on the ground are convex and have edges along the shadows of the boxes' axes, so they
    are apart exactly where they are apart across one of these (the separating-axis theorem; Gottschalk, Lin and
    Manocha, OBBTree, 1996). The heights are compared as intervals.
    """
    corners = world_from_box.apply(CORNER_SIGNS * size_lwh_m / 2)[None]
    depth_m = _shared_m(corners[..., 2], others.corners[..., 2])
    axes = np.concatenate(
        [
            np.broadcast_to(_across(world_from_box.rotation), (len(others), 3, 2)),
            _across(others.frame_from_box.rotation),
        ],
        axis=1,
    )
    for axis in np.moveaxis(axes, 1, 0):
        mine = np.einsum("ki,ni->nk", corners[0, :, :2], axis)
        theirs = np.einsum("nki,ni->nk", others.corners[..., :2], axis)
        goes_nowhere = ~axis.any(axis=1)
        depth_m = np.minimum(depth_m, np.where(goes_nowhere, np.inf, _shared_m(mine, theirs)))
    return depth_m > TOUCHING_M


def ego_center(ego: EgoTrack) -> Float[np.ndarray, "3"]:
    """The middle of the ego's box in the ego frame, metres."""
    return np.array([ego.rear_axle_to_center_m, 0.0, ego.size_lwh_m[2] / 2])


def ego_box(graph: ScenarioGraph, timestamp_us: int) -> SE3:
    """Pose of the ego's box centre, world frame."""
    world_from_ego = graph.ego.trajectory.at(timestamp_us)
    return SE3(rotation=world_from_ego.rotation, translation=world_from_ego.apply(ego_center(graph.ego)))


def overlaps_at(graph: ScenarioGraph, timestamp_us: int, track_id: str | None) -> frozenset[str]:
    """The ids of what an actor (None: the ego) overlaps at a time inside the scenario; EGO stands for the ego.

    Nothing where the actor has no box then.
    """
    others = ActorTable([actor for actor in graph.actors if actor.track_id != track_id]).boxes_at(timestamp_us)
    if track_id is None:
        found = overlapping(ego_box(graph, timestamp_us), graph.ego.size_lwh_m, others)
        return frozenset(other for other, hit in zip(others.track_ids, found, strict=True) if hit)
    actor = next(actor for actor in graph.actors if actor.track_id == track_id)
    if not actor.present_at(timestamp_us):
        return frozenset()
    pose = actor.trajectory.at(timestamp_us)
    found = overlapping(pose, actor.size_lwh_m, others)
    names = [other for other, hit in zip(others.track_ids, found, strict=True) if hit]
    ego_pose = ego_box(graph, timestamp_us)
    ego = Boxes3D(
        frame="world",
        frame_from_box=SE3(rotation=ego_pose.rotation[None], translation=ego_pose.translation[None]),
        size_lwh_m=graph.ego.size_lwh_m[None],
        velocity_mps=np.zeros((1, 3)),
        categories=("ego",),
        track_ids=(EGO,),
    )
    if overlapping(pose, actor.size_lwh_m, ego)[0]:
        names.append(EGO)
    return frozenset(names)


def require_free(
    before: ScenarioGraph | None, after: ScenarioGraph, timestamp_us: int, actor: ActorTrack | None
) -> None:
    """Raises ValueError where an actor (None: the ego) overlaps at a time what it did not overlap before an edit.

    Args:
        before, after: the scenario without and with the edit; None: nobody was where the actor is now.
        timestamp_us: a time inside both, microseconds.
        actor: who.
    """
    track_id = None if actor is None else actor.track_id
    overlapped = overlaps_at(after, timestamp_us, track_id)
    if overlapped and before is not None:
        overlapped -= overlaps_at(before, timestamp_us, track_id)
    if overlapped:
        who = EGO if track_id is None else f"actor {track_id!r}"
        names = [EGO if one == EGO else f"actor {one!r}" for one in sorted(overlapped)]
        at_s = (timestamp_us - after.start_us) * 1e-6
        raise ValueError(
            f"{who} overlaps {', '.join(names[:3])}{' and others' if len(names) > 3 else ''} at {at_s:.6g} s; "
            f"choose another place or time, or set allow_overlap: true"
        )


def _across(rotation: np.ndarray) -> np.ndarray:
    """Unit vectors `*b 3 2` in the ground plane across each axis of boxes; 0 where an axis stands upright."""
    along = np.swapaxes(rotation, -1, -2)[..., :2]
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    upright = length <= 1e-9
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    return np.where(upright, 0.0, across / np.where(upright, 1.0, length))


def _shared_m(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far the intervals that points `n k` span reach into one another, `n`; negative where they are apart."""
    return np.minimum(some.max(axis=1), others.max(axis=1)) - np.maximum(some.min(axis=1), others.min(axis=1))
