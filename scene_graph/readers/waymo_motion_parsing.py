"""Waymo's Scenario messages turned into records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float

from scene_graph.errors import SceneError
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_parsing import MPS_PER_MPH, step_times_us
from scene_graph.readers.scenarionet_records import (
    BoundarySpan,
    FeatureRecord,
    LaneRecord,
    SceneRecord,
    SignalRecord,
    TrackRecord,
)
from scene_graph.readers.scenarionet_values import numbers, points
from scene_graph.readers.waymo_motion_messages import (
    AGENT_TYPES,
    LANE_STATES,
    LANE_TYPES,
    ROAD_EDGE_TYPES,
    ROAD_LINE_TYPES,
)

__all__ = ["parse_scenario"]

_MAX_SPEED_MPH = 1000.0
_MAX_SIGNAL_STATES = 10_000_000
_AREAS = MappingProxyType({"crosswalk": "CROSSWALK", "speed_bump": "SPEED_BUMP", "driveway": "DRIVEWAY"})
_STATE_COLUMNS = ("center_x", "center_y", "center_z", "heading", "length", "width", "height", "valid")

_Record = TypeVar("_Record")


def parse_scenario(scenario: Mapping[str, Any], where: str, records: Records) -> SceneRecord:
    """The scene of a decoded Scenario message.

    Args:
        scenario: its fields (see `scene_graph.readers.waymo_motion_messages.SCENARIO`).
        where: file and record, for errors.
        records: what to do with a bad track, map feature or signal.

    Raises:
        SceneError: the scenario's id, times or ego are not there or bad, or a record is bad and bad records are not
            skipped.
    """
    try:
        if not scenario.get("scenario_id"):
            raise ValueError("has no scenario_id; expected one")
        timestamps_us = step_times_us(scenario["timestamps_seconds"], "timestamps_seconds")
        ego_index = scenario.get("sdc_track_index", 0)
        if not 0 <= ego_index < len(scenario["tracks"]):
            raise ValueError(f"sdc_track_index is {ego_index}; expected one of the {len(scenario['tracks'])} tracks")
        ego = _track(scenario["tracks"][ego_index], len(timestamps_us))
    except ValueError as error:
        raise SceneError(str(error), where=where) from error

    tracks: dict[str, TrackRecord] = {}
    for index, message in enumerate(scenario["tracks"]):
        if index != ego_index:
            with records.checking(f"{where}, track {index} (id {message.get('id')})"):
                track = _track(message, len(timestamps_us))
                _add(tracks, track.track_id, track)
    features: dict[str, FeatureRecord] = {}
    for index, message in enumerate(scenario["map_features"]):
        place = f"{where}, map feature {index} (id {message.get('id')})"
        with records.checking(place):
            feature = _feature(message, place)
            _add(features, feature.feature_id, feature)
    return SceneRecord(
        scenario_id=scenario["scenario_id"],
        dataset="waymo",
        where=where,
        timestamps_us=timestamps_us,
        tracks=tuple(tracks.values()),
        ego=ego,
        ego_rear_axle_to_center_m=None,
        features=tuple(features.values()),
        signals=tuple(_signals(scenario["dynamic_map_states"], len(timestamps_us), where, records)),
    )


def _add(known: dict[str, _Record], record_id: str, record: _Record) -> None:
    if record_id in known:
        raise ValueError(f"repeats the id {record_id}; expected unique ids")
    known[record_id] = record


def _track(message: Mapping[str, Any], num_steps: int) -> TrackRecord:
    states = message["states"]
    if len(states) != num_steps:
        raise ValueError(f"has {len(states)} states; expected {num_steps}, one a timestamp")
    rows = numbers([[state.get(name, 0.0) for name in _STATE_COLUMNS] for state in states], "states")
    type_name = _name(AGENT_TYPES, message, "object_type")
    return TrackRecord(
        track_id=str(_id(message)),
        type_name=type_name,
        source_category=type_name,
        positions=rows[:, 0:3],
        heading_rad=rows[:, 3],
        size_lwh_m=rows[:, 4:7],
        valid=rows[:, 7] > 0.5,
    )


def _feature(message: Mapping[str, Any], where: str) -> FeatureRecord:
    feature_id = str(_id(message))
    if "lane" in message:
        lane = message["lane"]
        return FeatureRecord(
            feature_id=feature_id,
            type_name=_name(LANE_TYPES, lane, "type"),
            where=where,
            polyline=_points(lane["polyline"], "lane.polyline"),
            lane=_lane(lane),
        )
    for field, names in (("road_line", ROAD_LINE_TYPES), ("road_edge", ROAD_EDGE_TYPES)):
        if field in message:
            type_name = _name(names, message[field], "type")
            polyline = _points(message[field]["polyline"], f"{field}.polyline")
            return FeatureRecord(feature_id=feature_id, type_name=type_name, where=where, polyline=polyline)
    for field, type_name in _AREAS.items():
        if field in message:
            polygon = _points(message[field]["polygon"], f"{field}.polygon")
            return FeatureRecord(feature_id=feature_id, type_name=type_name, where=where, polygon=polygon)
    if "stop_sign" in message:
        return FeatureRecord(
            feature_id=feature_id,
            type_name="STOP_SIGN",
            where=where,
            position=_point(message["stop_sign"].get("position"), "stop_sign.position"),
            controlled_ids=tuple(str(lane) for lane in message["stop_sign"]["lane"]),
        )
    return FeatureRecord(feature_id=feature_id, type_name="(none)", where=where)


def _lane(lane: Mapping[str, Any]) -> LaneRecord:
    limit_mph = lane.get("speed_limit_mph", 0.0)
    if not 0.0 <= limit_mph < _MAX_SPEED_MPH:
        raise ValueError(f"speed_limit_mph is {limit_mph:g}; expected a speed")
    return LaneRecord(
        entry_ids=tuple(str(other) for other in lane["entry_lanes"]),
        exit_ids=tuple(str(other) for other in lane["exit_lanes"]),
        left_ids=tuple(str(other["feature_id"]) for other in lane["left_neighbors"] if "feature_id" in other),
        right_ids=tuple(str(other["feature_id"]) for other in lane["right_neighbors"] if "feature_id" in other),
        left_boundaries=tuple(_boundary(span) for span in lane["left_boundaries"]),
        right_boundaries=tuple(_boundary(span) for span in lane["right_boundaries"]),
        speed_limit_mps=limit_mph * MPS_PER_MPH or None,
        interpolating=lane.get("interpolating", False),
    )


def _boundary(span: Mapping[str, Any]) -> BoundarySpan:
    start, last = span.get("lane_start_index", 0), span.get("lane_end_index", 0)
    if start < 0 or last < 0:
        raise ValueError(f"a boundary goes from place {start} to {last}; expected places from 0")
    return BoundarySpan(start=start, stop=last + 1, feature_id=str(span.get("boundary_feature_id", 0)))


def _signals(
    steps: Sequence[Mapping[str, Any]], num_steps: int, where: str, records: Records
) -> Iterator[SignalRecord]:
    """The signals of all lanes, from the states of all lanes at each step."""
    if len(steps) not in (0, num_steps):
        records.bad(f"has {len(steps)} dynamic_map_states; expected {num_steps}, one a timestamp", where)
        return
    by_lane: dict[int, dict[int, Mapping[str, Any]]] = {}
    for step, message in enumerate(steps):
        for state in message["lane_states"]:
            with records.checking(f"{where}, dynamic map state {step}"):
                if "lane" not in state or step in by_lane.get(state["lane"], {}):
                    raise ValueError(f"names lane {state.get('lane')} twice or not at all; expected one state a lane")
                by_lane.setdefault(state["lane"], {})[step] = state
    if len(by_lane) * num_steps > _MAX_SIGNAL_STATES:
        raise SceneError(f"has signals of {len(by_lane)} lanes; expected those of one scene", where=where)
    for lane, states in by_lane.items():
        place = f"{where}, signal of lane {lane}"
        with records.checking(place):
            names = {step: _name(LANE_STATES, state, "state") for step, state in states.items()}
            stops = [state["stop_point"] for state in states.values() if "stop_point" in state]
            yield SignalRecord(
                lane_id=str(lane),
                where=place,
                stop_point=_point(stops[-1], "stop_point") if stops else None,
                states=tuple(names.get(step) for step in range(num_steps)),
            )


def _id(message: Mapping[str, Any]) -> int:
    if "id" not in message:
        raise ValueError("has no id; expected one")
    return message["id"]


def _name(names: Sequence[str], message: Mapping[str, Any], field: str) -> str:
    """The name of a value of an enumeration; a value that is newer than our names is called by its number."""
    value = message.get(field, 0)
    return names[value] if 0 <= value < len(names) else f"{field} {value}"


def _points(messages: Sequence[Mapping[str, Any]], name: str) -> Float[np.ndarray, "p 3"]:
    return points([[message.get(axis, 0.0) for axis in "xyz"] for message in messages], name)


def _point(message: Mapping[str, Any] | None, name: str) -> Float[np.ndarray, "3"]:
    if message is None:
        raise ValueError(f"has no {name}; expected a place")
    return _points([message], name)[0]
