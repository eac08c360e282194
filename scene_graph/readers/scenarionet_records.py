"""What a scene of a motion data set holds, whatever its file format: tracks of states, map features, signals.

The names of types are ScenarioNet's, which are Waymo's with a few more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int64

__all__ = ["BoundarySpan", "FeatureRecord", "LaneRecord", "SceneRecord", "SignalRecord", "TrackRecord"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackRecord:
    """One road user, step by step; rows of steps that are not valid mean nothing.

    Attributes:
        track_id: unique in its scene.
        type_name: "VEHICLE", "PEDESTRIAN" or another of ScenarioNet's types.
        source_category: a finer name where the source has one, else `type_name`.
        positions: float64 `t 3` m, as the source gives them: mostly the box centre.
        heading_rad: float64 `t`, direction of the box's length, counter-clockwise from x.
        size_lwh_m: float64 `t 3`, metres.
        valid: bool `t`, whether the source saw it.
    """

    track_id: str
    type_name: str
    source_category: str
    positions: Float[np.ndarray, "t 3"]
    heading_rad: Float[np.ndarray, " t"]
    size_lwh_m: Float[np.ndarray, "t 3"]
    valid: Bool[np.ndarray, " t"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundarySpan:
    """A part of a lane that has a line or road edge on one side.

    Attributes:
        start, stop: places in the lane's polyline, from `start` up to, not including, `stop`.
        feature_id: the line or edge.
    """

    start: int
    stop: int
    feature_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRecord:
    """What a map feature that is a lane has beside its geometry.

    Attributes:
        entry_ids, exit_ids: lanes before and after it.
        left_ids, right_ids: lanes beside it in the same direction.
        left_boundaries, right_boundaries: lines and edges along it.
        speed_limit_mps: m/s, or None.
        interpolating: whether it only joins two other lanes.
    """

    entry_ids: tuple[str, ...] = ()
    exit_ids: tuple[str, ...] = ()
    left_ids: tuple[str, ...] = ()
    right_ids: tuple[str, ...] = ()
    left_boundaries: tuple[BoundarySpan, ...] = ()
    right_boundaries: tuple[BoundarySpan, ...] = ()
    speed_limit_mps: float | None = None
    interpolating: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureRecord:
    """One feature of the map.

    Attributes:
        feature_id: unique in its scene.
        type_name: "LANE_SURFACE_STREET", "ROAD_LINE_SOLID_SINGLE_WHITE" or another of ScenarioNet's types.
        where: what errors call it.
        polyline: `p 3` m, or None.
        polygon: `q 3` m, or None.
        position: `3` m, or None.
        lane: of a lane.
        controlled_ids: lanes that a stop sign controls.
    """

    feature_id: str
    type_name: str
    where: str
    polyline: Float[np.ndarray, "p 3"] | None = None
    polygon: Float[np.ndarray, "q 3"] | None = None
    position: Float[np.ndarray, "3"] | None = None
    lane: LaneRecord | None = None
    controlled_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalRecord:
    """What the signal of one lane shows, step by step.

    Attributes:
        lane_id: the lane.
        where: what errors call it.
        stop_point: `3` m, where to stop, or None.
        states: `t` names, None where the source did not see the signal.
    """

    lane_id: str
    where: str
    stop_point: Float[np.ndarray, "3"] | None
    states: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneRecord:
    """One scene.

    Attributes:
        scenario_id: the source's name of it.
        dataset: "waymo", "nuscenes" or another; "" where the source does not say.
        where: file (and record) that it comes from.
        timestamps_us: int64 `t`, microseconds, strictly increasing: times of the steps.
        tracks: the road users without the ego.
        ego: the vehicle that recorded the scene.
        ego_rear_axle_to_center_m: metres, None where the source does not say.
        features: the map.
        signals: of lanes.
        notes: what the source says about the scene, name -> short text.
    """

    scenario_id: str
    dataset: str
    where: str
    timestamps_us: Int64[np.ndarray, " t"]
    tracks: tuple[TrackRecord, ...]
    ego: TrackRecord
    ego_rear_axle_to_center_m: float | None
    features: tuple[FeatureRecord, ...]
    signals: tuple[SignalRecord, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
