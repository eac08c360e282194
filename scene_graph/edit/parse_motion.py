"""The motions that an operation gives to an actor or the ego, from its arguments."""

from __future__ import annotations

import itertools

from scene_graph.edit.arguments import (
    arguments,
    at_least_zero,
    identity,
    number,
    one_or_more,
    only_one_of,
    or_none,
    seconds,
    vector,
)
from scene_graph.edit.operations import (
    AlongLane,
    CopiedMotion,
    ExplicitTrack,
    OffsetFrame,
    RouteEnd,
    TrackFrame,
    TrackPose,
)
from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields

__all__ = ["along_lane", "copied_motion", "explicit_track"]


def explicit_track(fields: Fields) -> ExplicitTrack:
    """`track:` a list of poses, and `frame:` beside it."""
    poses = []
    for index, value in enumerate(_list(fields, "track")):
        pose = arguments(value, fields.where, ("t_s", "position_m", "yaw_deg"), f"track[{index}]")
        poses.append(
            TrackPose(
                t_s=seconds(pose, "t_s"),
                position_m=vector(pose, "position_m"),
                yaw_deg=or_none(pose, "yaw_deg", number),
            )
        )
    for before, after in itertools.pairwise(poses):
        if not after.t_s > before.t_s:
            raise SceneError(
                f"track: t_s {before.t_s:g} is followed by {after.t_s:g}; expected times that increase",
                where=fields.where,
            )
    frame = fields.choice("frame", TrackFrame) if "frame" in fields else TrackFrame.WORLD
    return ExplicitTrack(poses=tuple(poses), frame=frame)


def along_lane(fields: Fields) -> AlongLane:
    """`along_lane:` a mapping of a lane or route, where and how fast."""
    _refuse_frame(fields, "along_lane")
    known = ("lane", "route", "s_m", "offset_m", "speeds", "on_route_end")
    along = arguments(fields.get("along_lane"), fields.where, known, "along_lane")
    if only_one_of(along, ("lane", "route")) == "lane":
        lanes: tuple[str, ...] = (identity(along, "lane"),)
    else:
        _list(along, "route")
        lanes = tuple(identity(one, "route") for one in one_or_more(along, "route"))
    speeds = []
    for index, value in enumerate(_list(along, "speeds")):
        speed = arguments(value, fields.where, ("t_s", "speed_mps"), f"along_lane.speeds[{index}]")
        speeds.append((seconds(speed, "t_s"), at_least_zero(speed, "speed_mps")))
    for (before_s, _), (after_s, _) in itertools.pairwise(speeds):
        if not after_s > before_s:
            raise SceneError(
                f"along_lane.speeds: t_s {before_s:g} is followed by {after_s:g}; expected times that increase",
                where=fields.where,
            )
    return AlongLane(
        lanes=lanes,
        s_m=at_least_zero(along, "s_m", 0.0),
        offset_m=number(along, "offset_m", 0.0),
        speeds=tuple(speeds),
        on_route_end=along.choice("on_route_end", RouteEnd) if "on_route_end" in along else RouteEnd.ERROR,
    )


def copied_motion(fields: Fields) -> CopiedMotion:
    """`copy:` a mapping of an actor and what is different."""
    _refuse_frame(fields, "copy")
    copy = arguments(fields.get("copy"), fields.where, ("actor", "delay_s", "offset_m", "frame"), "copy")
    return CopiedMotion(
        actor=identity(copy, "actor"),
        delay_s=seconds(copy, "delay_s", 0.0),
        offset_m=vector(copy, "offset_m") if "offset_m" in copy else (0.0, 0.0, 0.0),
        frame=copy.choice("frame", OffsetFrame) if "frame" in copy else OffsetFrame.OWN,
    )


def _list(fields: Fields, key: str) -> list[object]:
    value = fields.get(key)
    if not isinstance(value, list) or not value:
        raise SceneError(f"{fields.path(key)}: expected a list of at least one", where=fields.where)
    return value


def _refuse_frame(fields: Fields, kind: str) -> None:
    if "frame" in fields:
        raise SceneError(f"frame goes with track; {kind} has none beside it", where=fields.where)
