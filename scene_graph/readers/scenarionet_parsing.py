"""ScenarioNet's dictionary of a scene, as JSON or a pickle holds it, turned into records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.errors import SceneError
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_records import (
    BoundarySpan,
    FeatureRecord,
    LaneRecord,
    SceneRecord,
    SignalRecord,
    TrackRecord,
)
from scene_graph.readers.scenarionet_values import (
    id_text,
    id_texts,
    is_text,
    mapping,
    number,
    numbers,
    points,
    sequence,
    text,
)

__all__ = ["MPS_PER_MPH", "parse_scene", "step_times_us"]

MPS_PER_MPH = 0.44704
"""Metres a second in a mile an hour."""

_MPS_PER_KMH = 1 / 3.6
_MAX_SCENE_S = 86_400.0
_LANE_PREFIX = "LANE_"
# data sets whose converter writes one made-up speed limit into every lane
_MADE_UP_SPEED_LIMITS = frozenset({"nuscenes", "av2"})
_NOTES = ("map", "date", "source_file", "scenario_type", "log_name")


def parse_scene(raw: Any, where: str, records: Records) -> SceneRecord:
    """The scene of a decoded file.

    Args:
        raw: the dictionary.
        where: the file, for errors.
        records: what to do with a bad track, map feature or signal.

    Raises:
        SceneError: the scene's times or its ego are not there or bad, or a record is bad and bad records are not
            skipped.
    """
    try:
        scene = mapping(raw, "the document")
        metadata = mapping(scene.get("metadata"), "metadata")
        dataset = _note(metadata.get("dataset"))
        timestamps_us = step_times_us(metadata.get("ts"), "metadata.ts")
        ego_id = id_text(metadata.get("sdc_id"), "metadata.sdc_id")
        tracks = _table(scene, "tracks")
        if ego_id not in tracks:
            raise ValueError(f"metadata.sdc_id is {ego_id[:60]!r}; expected the id of one of the {len(tracks)} tracks")
        ego = _track(ego_id, tracks.pop(ego_id), len(timestamps_us))
        features, signals = _table(scene, "map_features"), _table(scene, "dynamic_map_states", may_be_missing=True)
        scenario_id = id_text(metadata.get("scenario_id", scene.get("id")), "metadata.scenario_id")
        parameters = metadata.get("ego_vehicle_parameters")
        rear_axle_to_center_m = None
        if isinstance(parameters, dict) and "rear_axle_to_center" in parameters:
            rear_axle_to_center_m = number(parameters["rear_axle_to_center"], "ego_vehicle_parameters")
    except ValueError as error:
        raise SceneError(str(error), where=where) from error

    good_tracks, good_features, good_signals = [], [], []
    for track_id, value in tracks.items():
        with records.checking(f"{where}, track {track_id[:60]!r}"):
            good_tracks.append(_track(track_id, value, len(timestamps_us)))
    for feature_id, value in features.items():
        place = f"{where}, map feature {feature_id[:60]!r}"
        with records.checking(place):
            good_features.append(_feature(feature_id, value, place, dataset))
    for key, value in signals.items():
        place = f"{where}, dynamic map state {key[:60]!r}"
        with records.checking(place):
            good_signals.append(_signal(key, value, place, len(timestamps_us)))
    return SceneRecord(
        scenario_id=scenario_id,
        dataset=dataset,
        where=where,
        timestamps_us=timestamps_us,
        tracks=tuple(good_tracks),
        ego=ego,
        ego_rear_axle_to_center_m=rear_axle_to_center_m,
        features=tuple(good_features),
        signals=tuple(good_signals),
        notes={name: _note(metadata[name]) for name in _NOTES if _note(metadata.get(name))},
    )


def step_times_us(value: Any, name: str) -> Int64[np.ndarray, " t"]:
    """Times `t` of steps in whole microseconds, from seconds.

    Raises:
        ValueError: they are no finite seconds, do not increase, or span more than a day; `name` is what the error
            calls them.
    """
    times_s = numbers(value, name)
    if times_s.ndim != 1 or len(times_s) == 0:
        raise ValueError(f"{name} has shape {times_s.shape}; expected one time a step")
    if not (np.abs(times_s) < 1e10).all() or times_s.max() - times_s.min() > _MAX_SCENE_S:
        raise ValueError(f"{name} holds no times of one scene; expected seconds")
    timestamps_us = np.round(times_s * 1e6).astype(np.int64)
    if (np.diff(timestamps_us) <= 0).any():
        step = int(np.argmax(np.diff(timestamps_us) <= 0))
        raise ValueError(f"{name} does not increase after step {step}; expected times that increase")
    return timestamps_us


def _note(value: Any) -> str:
    """A short text in one line; "" where the value is none."""
    return " ".join(value.split())[:100] if is_text(value) else ""


def _table(scene: Mapping[Any, Any], name: str, *, may_be_missing: bool = False) -> dict[str, Any]:
    """The records of one part of the scene by their ids."""
    if may_be_missing and scene.get(name) is None:
        return {}
    table = mapping(scene.get(name), name)
    by_id = {id_text(key, f"an id in {name}"): value for key, value in table.items()}
    if len(by_id) != len(table):
        raise ValueError(f"{name} holds an id twice, as a text and as a number; expected unique ids")
    return by_id


def _track(track_id: str, raw: Any, num_steps: int) -> TrackRecord:
    track = mapping(raw, "the track")
    state = mapping(track.get("state"), "state")
    type_name = text(track.get("type"), "type")
    metadata = track.get("metadata")
    finer = metadata.get("type") if isinstance(metadata, dict) else None
    columns = [_column(state, name, num_steps) for name in ("length", "width", "height")]
    positions = _positions(state.get("position"), num_steps)
    return TrackRecord(
        track_id=track_id,
        type_name=type_name,
        source_category=str(finer) if is_text(finer) else type_name,
        positions=positions,
        heading_rad=_column(state, "heading", num_steps),
        size_lwh_m=np.stack(columns, axis=1),
        valid=_column(state, "valid", num_steps) > 0.5,
    )


def _positions(value: Any, num_steps: int) -> Float[np.ndarray, "t 3"]:
    """Positions `t 3` m, z 0 where there is none; those of steps that are not valid may be anything."""
    array = numbers(value, "state.position")
    if array.ndim != 2 or len(array) != num_steps or array.shape[1] not in (2, 3):
        raise ValueError(f"state.position has shape {array.shape}; expected ({num_steps}, 3)")
    return array if array.shape[1] == 3 else np.pad(array, ((0, 0), (0, 1)))


def _column(state: Mapping[Any, Any], name: str, num_steps: int) -> Float[np.ndarray, " t"]:
    """One number a step, of a list of numbers or of lists of one number each."""
    array = numbers(state.get(name), f"state.{name}")
    if array.shape not in ((num_steps,), (num_steps, 1)):
        raise ValueError(f"state.{name} has shape {array.shape}; expected ({num_steps},)")
    return array.reshape(num_steps)


def _feature(feature_id: str, raw: Any, where: str, dataset: str) -> FeatureRecord:
    feature = mapping(raw, "the map feature")
    type_name = text(feature.get("type"), "type")
    position = feature.get("position")
    return FeatureRecord(
        feature_id=feature_id,
        type_name=type_name,
        where=where,
        polyline=points(feature["polyline"], "polyline") if feature.get("polyline") is not None else None,
        polygon=points(feature["polygon"], "polygon") if feature.get("polygon") is not None else None,
        position=None if position is None else _point(position, "position"),
        lane=_lane(feature, dataset) if type_name.startswith(_LANE_PREFIX) else None,
        controlled_ids=id_texts(feature.get("lane"), "lane"),
    )


def _point(value: Any, name: str) -> Float[np.ndarray, "3"]:
    array = numbers(value, name)
    if array.shape not in ((2,), (3,)):
        raise ValueError(f"{name} has shape {array.shape}; expected one point")
    return points(array[None], name)[0]


def _lane(feature: Mapping[Any, Any], dataset: str) -> LaneRecord:
    return LaneRecord(
        entry_ids=id_texts(feature.get("entry_lanes"), "entry_lanes"),
        exit_ids=id_texts(feature.get("exit_lanes"), "exit_lanes"),
        left_ids=_neighbours(feature.get("left_neighbor"), "left_neighbor"),
        right_ids=_neighbours(feature.get("right_neighbor"), "right_neighbor"),
        left_boundaries=_boundaries(feature.get("left_boundaries"), "left_boundaries"),
        right_boundaries=_boundaries(feature.get("right_boundaries"), "right_boundaries"),
        speed_limit_mps=None if dataset in _MADE_UP_SPEED_LIMITS else _speed_limit_mps(feature),
        interpolating=feature.get("interpolating") is True,
    )


def _speed_limit_mps(feature: Mapping[Any, Any]) -> float | None:
    for name, mps in (("speed_limit_mph", MPS_PER_MPH), ("speed_limit_kmh", _MPS_PER_KMH)):
        if feature.get(name) is not None:
            limit = number(feature[name], name)
            if limit < 0:
                raise ValueError(f"{name} is {limit:g}; expected a speed")
            return limit * mps or None
    return None


def _neighbours(value: Any, name: str) -> tuple[str, ...]:
    """Ids of lanes that are listed as such or as `{"feature_id": ..}`."""
    members = [] if value is None else sequence(value, name)
    ids = [member.get("feature_id") if isinstance(member, dict) else member for member in members]
    return tuple(id_text(member, name) for member in ids)


def _boundaries(value: Any, name: str) -> tuple[BoundarySpan, ...]:
    spans = []
    for member in [] if value is None else sequence(value, name):
        span = mapping(member, name)
        spans.append(
            BoundarySpan(
                start=_index(span.get("lane_start_index"), name),
                stop=_index(span.get("lane_end_index"), name) + 1,
                feature_id=id_text(span.get("boundary_feature_id"), name),
            )
        )
    return tuple(spans)


def _index(value: Any, name: str) -> int:
    """A place in a polyline, which this format writes as a text."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ValueError(f"{name} holds an index that is no whole number from 0; expected a place in the polyline")
    return value


def _signal(key: str, raw: Any, where: str, num_steps: int) -> SignalRecord:
    signal = mapping(raw, "the dynamic map state")
    state = mapping(signal.get("state"), "state")
    states = sequence(state.get("object_state"), "state.object_state")
    if len(states) != num_steps:
        raise ValueError(f"state.object_state has {len(states)} states; expected {num_steps}")
    for name in states:
        if name is not None and not isinstance(name, str):
            raise ValueError("state.object_state holds something else than texts; expected names of states")
    stop_point = signal.get("stop_point")
    return SignalRecord(
        lane_id=key if signal.get("lane") is None else id_text(signal["lane"], "lane"),
        where=where,
        stop_point=None if stop_point is None else _point(stop_point, "stop_point"),
        states=tuple(states),
    )
