"""Trajectories that an edit makes: pose by pose, along lanes, or displaced from another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.edit.lane_following import follow_lane
from scene_graph.edit.operations import AlongLane, ExplicitTrack, OffsetFrame, TrackFrame, Vector
from scene_graph.edit.times import Blend, time_us
from scene_graph.graph import ScenarioGraph
from scene_graph.lanes import LaneGraph
from scene_graph.se3 import SE3
from scene_graph.segments import MIN_STEP_M, vertex_directions
from scene_graph.trajectory import Trajectory

__all__ = ["MAX_STEER_RAD", "delayed", "displaced", "explicit_trajectory", "lane_trajectory"]

MAX_STEER_RAD = np.pi / 4
"""A body that steers into a sideways move turns no further than this."""


def explicit_trajectory(graph: ScenarioGraph, track: ExplicitTrack, *, up_m: float) -> Trajectory:
    """The trajectory of a list of poses, `up_m` above its positions along the body's z; one pose stands to the end.

    Raises:
        ValueError: a heading is left out of a track that goes nowhere, or two times are too near.
    """
    points = np.array([pose.position_m for pose in track.poses])
    yaw_rad = np.deg2rad([0.0 if pose.yaw_deg is None else pose.yaw_deg for pose in track.poses])
    open_heading = np.array([pose.yaw_deg is None for pose in track.poses])
    if open_heading.any():
        moved = np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1)
        if not (moved > MIN_STEP_M).any():
            raise ValueError("the track stands still and has no heading; give yaw_deg")
        _, outgoing = vertex_directions(points)
        yaw_rad = np.where(open_heading, np.arctan2(outgoing[:, 1], outgoing[:, 0]), yaw_rad)
    world_from_body = SE3.from_yaw(yaw_rad, points)
    if track.frame is TrackFrame.EGO_START:
        world_from_body = graph.ego.trajectory.world_from_body[0] @ world_from_body
    times_us = np.array([time_us(graph, pose.t_s) for pose in track.poses], dtype=np.int64)
    if len(times_us) == 1 and times_us[0] < graph.end_us:
        times_us = np.append(times_us, graph.end_us)
        world_from_body = world_from_body[np.array([0, 0])]
    if (np.diff(times_us) <= 0).any():
        raise ValueError("two poses of the track have the same time in microseconds; expected times that increase")
    return Trajectory(timestamps_us=times_us, world_from_body=_raised(world_from_body, up_m))


def lane_trajectory(
    graph: ScenarioGraph,
    lanes: LaneGraph,
    along: AlongLane,
    timestamps_us: Int64[np.ndarray, " t"],
    *,
    up_m: float,
) -> Trajectory:
    """The level trajectory of a motion along lanes at times `t`, `up_m` above them; see `follow_lane`."""
    motion = follow_lane(lanes, along, (timestamps_us - graph.start_us) * 1e-6)
    times_us = graph.start_us + np.rint(motion.times_s * 1e6).astype(np.int64)
    kept = np.append(True, np.diff(times_us) > 0)  # it may leave less than a microsecond after a pose
    return Trajectory(
        timestamps_us=times_us[kept],
        world_from_body=_raised(SE3.from_yaw(motion.heading_rad[kept], motion.points_world[kept]), up_m),
    )


def displaced(
    trajectory: Trajectory,
    offset_m: Vector,
    *,
    frame: OffsetFrame = OffsetFrame.OWN,
    yaw_deg: float = 0.0,
    blend: Blend | None = None,
    steer: bool = False,
) -> Trajectory:
    """A trajectory shifted by an offset, and turned about the body's own z, for all or part of the time.

    Where the move comes and goes the trajectory has more poses; a pose to which nothing of the move applies stays
    exactly as it is.

    Args:
        trajectory: what to displace.
        offset_m: metres, in the body's frame at each time or in the world's.
        frame: which of the two.
        yaw_deg: degrees, counter-clockwise.
        blend: when; None: all the time.
        steer: turn the body with its sideways motion while the move comes and goes, by at most MAX_STEER_RAD.
    """
    times_us, world_from_body = _at_times(trajectory, blend)
    weight = np.ones(len(times_us)) if blend is None else blend.weight(times_us)
    offset = np.array(offset_m)
    if frame is OffsetFrame.OWN:
        offset_world, offset_own = world_from_body.rotation @ offset, np.broadcast_to(offset, (len(times_us), 3))
    else:
        offset_world, offset_own = np.broadcast_to(offset, (len(times_us), 3)), offset @ world_from_body.rotation
    turn_rad = weight * np.deg2rad(yaw_deg)
    if steer and blend is not None:
        sliding_mps = offset_own * blend.rate_per_s(times_us)[:, None]
        forward_mps = (trajectory.velocity_at(times_us) * world_from_body.rotation[:, :, 0]).sum(axis=1)
        forward_mps = np.maximum(forward_mps + sliding_mps[:, 0], 0.0)
        turn_rad = turn_rad + np.clip(np.arctan2(sliding_mps[:, 1], forward_mps), -MAX_STEER_RAD, MAX_STEER_RAD)
    turn = SE3.from_yaw(turn_rad, np.zeros((len(times_us), 3)))
    moved = SE3(
        rotation=np.where(
            (turn_rad == 0.0)[:, None, None], world_from_body.rotation, (world_from_body @ turn).rotation
        ),
        translation=world_from_body.translation + weight[:, None] * offset_world,
    )
    return Trajectory(timestamps_us=times_us, world_from_body=moved)


def delayed(trajectory: Trajectory, delay_us: int) -> Trajectory:
    """The same motion later, microseconds."""
    return Trajectory(
        timestamps_us=trajectory.timestamps_us + np.int64(delay_us), world_from_body=trajectory.world_from_body
    )


def _at_times(trajectory: Trajectory, blend: Blend | None) -> tuple[Int64[np.ndarray, " n"], SE3]:
    """The times and poses of a trajectory, with those between its own that a blend needs."""
    times_us = trajectory.timestamps_us if blend is None else blend.times_us(trajectory.timestamps_us)
    if len(times_us) == len(trajectory.timestamps_us):
        return times_us, trajectory.world_from_body
    between = trajectory.at(times_us)
    rotation, translation = between.rotation.copy(), between.translation.copy()
    own = np.searchsorted(times_us, trajectory.timestamps_us)
    rotation[own] = trajectory.world_from_body.rotation
    translation[own] = trajectory.world_from_body.translation
    return times_us, SE3(rotation=rotation, translation=translation)


def _raised(world_from_body: SE3, up_m: Float[np.ndarray, ""] | float) -> SE3:
    """Poses moved along their own z."""
    return SE3(
        rotation=world_from_body.rotation,
        translation=world_from_body.translation + up_m * world_from_body.rotation[..., :, 2],
    )
