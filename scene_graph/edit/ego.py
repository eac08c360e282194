"""Operations on the ego: another trajectory, or an offset from the one it has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scene_graph.edit.change import Change
from scene_graph.edit.motion import displaced, explicit_trajectory, lane_trajectory
from scene_graph.edit.operations import ExplicitTrack, OffsetEgo, ReplaceEgo
from scene_graph.edit.overlap import require_free
from scene_graph.edit.shared import SharedWork
from scene_graph.edit.times import Blend, moment_us
from scene_graph.graph import ScenarioGraph

__all__ = ["offset_ego", "replace_ego"]


def offset_ego(graph: ScenarioGraph, operation: OffsetEgo) -> Change:
    """The scenario with the ego shifted and turned."""
    offset_m = (operation.longitudinal_m, operation.lateral_m, operation.vertical_m)
    blend = Blend(graph, operation.during)
    trajectory = displaced(
        graph.ego.trajectory, offset_m, yaw_deg=operation.yaw_deg, blend=blend, steer=operation.steer
    )
    edited = replace(graph, ego=replace(graph.ego, trajectory=trajectory))
    if not operation.allow_overlap:
        first_us = graph.start_us if blend.full_from_us is None else blend.full_from_us
        if first_us <= graph.end_us:
            require_free(graph, edited, first_us, None)
    shift = ", ".join(f"{part:g}" for part in offset_m)
    turn = f" and by {operation.yaw_deg:g} deg" if operation.yaw_deg else ""
    return Change(graph=edited, note=f"moved the ego by ({shift}) m (own frame){turn}")


def replace_ego(graph: ScenarioGraph, operation: ReplaceEgo, shared: SharedWork) -> Change:
    """The scenario with another trajectory of the ego.

    Along lanes it has poses at the times of the old one, from the first of its speeds on.
    """
    motion = operation.motion
    if isinstance(motion, ExplicitTrack):
        trajectory = explicit_trajectory(graph, motion, up_m=0.0)
    else:
        start_us = moment_us(graph, motion.speeds[0][0], "the first t_s of speeds")
        old_us = graph.ego.trajectory.timestamps_us
        times_us = np.unique(np.append(old_us[old_us > start_us], np.int64(start_us)))
        trajectory = lane_trajectory(graph, shared.lanes(graph), motion, times_us, up_m=0.0)
    if trajectory.start_us > graph.end_us or trajectory.end_us < graph.start_us:
        raise ValueError("the new trajectory lies outside the scenario's time")
    edited = replace(graph, ego=replace(graph.ego, trajectory=trajectory))
    if not operation.allow_overlap:
        require_free(None, edited, edited.start_us, None)
    start_s, end_s = ((time_us - graph.start_us) * 1e-6 for time_us in (edited.start_us, edited.end_us))
    return Change(graph=edited, note=f"gave the ego another trajectory, {start_s:.6g} to {end_s:.6g} s")
