"""The map layers of an RDS-HQ clip, how they belong together, and the states of its traffic lights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scene_graph.elements import ElementKind, MapElement
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind
from scene_graph.json_fields import Fields
from scene_graph.readers.decoding import parse_json
from scene_graph.readers.rds_hq_clip import Clip
from scene_graph.readers.rds_hq_labels import LAYERS, ParsedLabel, parse_label
from scene_graph.readers.records import Records
from scene_graph.signals import SignalState, SignalTrack

__all__ = ["ClipMap", "read_clip_map"]

_STATUS = "3d_traffic_lights_status"
_STATES = {state.value.upper(): state for state in SignalState}
_NEIGHBOURS = {"left_lane_id": RelationKind.LEFT_NEIGHBOUR, "right_lane_id": RelationKind.RIGHT_NEIGHBOUR}
_CONTROLLERS = {
    "associated_traffic_light_ids": ElementKind.TRAFFIC_LIGHT,
    "associated_traffic_sign_ids": ElementKind.TRAFFIC_SIGN,
    "associated_stopline_ids": ElementKind.WAIT_LINE,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipMap:
    """What the map layers of a clip hold.

    Attributes:
        elements: in the order of `LAYERS`, and within a layer of its file.
        relations: between lanes, and from lights, signs and wait lines to lanes.
        signals: states of the traffic lights.
        present, derived, absent: as in `scene_graph.recording.Source`.
    """

    elements: tuple[MapElement, ...]
    relations: tuple[Relation, ...]
    signals: tuple[SignalTrack, ...]
    present: Mapping[str, str]
    derived: tuple[str, ...]
    absent: tuple[str, ...]


def read_clip_map(clip: Clip, records: Records) -> ClipMap:
    """The map of a clip; layers that are not there are listed in `absent`.

    Raises:
        SceneError: a file is damaged, or a record is bad and bad records are not skipped.
    """
    labels: list[ParsedLabel] = []
    present: dict[str, str] = {}
    absent: list[str] = []
    ids: set[str] = set()
    for layer in LAYERS:
        found = _read_layer(clip, layer, ids, records)
        if found is None:
            absent.append(f"3d_{layer}")
            continue
        present[layer.replace("_", " ").replace("lanelines", "lane lines")] = str(len(found))
        labels += found
    signals, unknown_states = _signals(clip, labels, records)
    if signals is None:
        absent.append(_STATUS)
    else:
        present["signals"] = str(len(signals))
    return ClipMap(
        elements=tuple(label.element for label in labels),
        relations=tuple(_relations(labels)),
        signals=tuple(signals or ()),
        present=present,
        derived=tuple(_derived(labels, unknown_states)),
        absent=tuple(absent),
    )


def _read_layer(clip: Clip, layer: str, ids: set[str], records: Records) -> list[ParsedLabel] | None:
    member = clip.json_member(f"3d_{layer}", f"{layer}.json")
    if member is None:
        return None
    content, where = member
    raw = Fields(parse_json(content, where), where).get("labels")
    if not isinstance(raw, list):
        raise SceneError(f"labels: expected a list, received {type(raw).__name__}", where=where)
    parsed = []
    features: set[str] = set()
    for index, label in enumerate(raw):
        name = label.get("labelId", "without labelId") if isinstance(label, dict) else ""
        with records.checking(f"{where}, label {index} ({name})"):
            found = parse_label(label, layer)
            if found is None:
                continue
            _require_new(found.element.element_id, ids, "labelId")
            if found.element.kind is ElementKind.LANE and "feature_id" in found.values:
                _require_new(str(found.values["feature_id"]), features, "feature_id")
            parsed.append(found)
    return parsed


def _require_new(value: str, known: set[str], name: str) -> None:
    if value in known:
        raise ValueError(f"repeats the {name} {value!r}; expected it to be unique")
    known.add(value)


def _relations(labels: list[ParsedLabel]) -> list[Relation]:
    by_feature: dict[tuple[ElementKind, str], list[str]] = {}
    for label in labels:
        feature = label.values.get("feature_id")
        if isinstance(feature, str):
            by_feature.setdefault((label.element.kind, feature), []).append(label.element.element_id)
    found: dict[Relation, None] = {}
    for label in labels:
        if label.element.kind is not ElementKind.LANE:
            continue
        own, feature = label.element.element_id, label.values.get("feature_id")
        for other in _named(label, "next_lane_ids", by_feature):
            found[Relation(source_id=own, target_id=other, kind=RelationKind.SUCCESSOR)] = None
        for other in _named(label, "previous_lane_ids", by_feature):
            found[Relation(source_id=other, target_id=own, kind=RelationKind.SUCCESSOR)] = None
        for name, kind in _NEIGHBOURS.items():
            for other in _named(label, name, by_feature):
                found[Relation(source_id=own, target_id=other, kind=kind)] = None
        for name, controller in _CONTROLLERS.items():
            for controlling in _texts(label.values.get(name)):
                # a wait line of several lanes is cut into one piece a lane, called "<wait line>-<lane>"
                for piece in (controlling, f"{controlling}-{feature}"):
                    for other in by_feature.get((controller, piece), ()):
                        found[Relation(source_id=other, target_id=own, kind=RelationKind.CONTROLS)] = None
    return list(found)


def _named(label: ParsedLabel, name: str, by_feature: Mapping[tuple[ElementKind, str], list[str]]) -> list[str]:
    """Element ids of the lanes that an attribute names and the map holds."""
    features = _texts(label.values.get(name))
    return [lane for feature in features for lane in by_feature.get((ElementKind.LANE, feature), ())]


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) else []


def _signals(
    clip: Clip, labels: list[ParsedLabel], records: Records
) -> tuple[list[SignalTrack] | None, tuple[str, ...]]:
    """States of the traffic lights (None without a status file), and names of states that are not known."""
    member = clip.json_member(_STATUS, "aggregated_states.json")
    if member is None:
        return None, ()
    content, where = member
    table = Fields(parse_json(content, where), where).get("traffic_light_states")
    if not isinstance(table, dict):
        raise SceneError(f"traffic_light_states: expected an object, received {type(table).__name__}", where=where)
    lights = {
        str(label.values.get("feature_id")): label.element.element_id
        for label in labels
        if label.element.kind is ElementKind.TRAFFIC_LIGHT
    }
    signals, unknown = [], set()
    for key, record in table.items():
        with records.checking(f"{where}, light {key!r}"):
            light = Fields(record, where, "light")
            names, feature = light.texts("state"), light.text("feature_id")
            if feature in lights and names:
                unknown |= set(names) - set(_STATES)
                signals.append(_signal(clip, lights[feature], names))
    return signals, tuple(sorted(unknown))


def _signal(clip: Clip, element_id: str, names: tuple[str, ...]) -> SignalTrack:
    """The track of states given a frame, kept where they change."""
    changes = [frame for frame in range(len(names)) if frame == 0 or names[frame] != names[frame - 1]]
    track = SignalTrack(
        element_id=element_id,
        timestamps_us=clip.times_us(np.array(changes, dtype=np.int64)),
        states=tuple(_STATES.get(names[frame], SignalState.UNKNOWN) for frame in changes),
    )
    track.validate()
    return track


def _derived(labels: list[ParsedLabel], unknown_states: tuple[str, ...]) -> list[str]:
    derived = []
    lanes = [label.element for label in labels if label.element.kind is ElementKind.LANE]
    if lanes:
        derived.append("Lane centrelines are the mid lines of the lanes' rails.")
    if any(lane.lane is not None and lane.lane.speed_limit_mps is not None for lane in lanes):
        derived.append("Speed limits, which have no unit in the source, were read as miles an hour.")
    lines = [label for label in labels if label.element.kind is ElementKind.LANE_LINE]
    unpainted = sum(not (label.values.get("colors") and label.values.get("styles")) for label in lines)
    if unpainted:
        derived.append(f"{unpainted} lane lines without colour or style were read as white, solid, single.")
    narrow = sum(not label.values.get("width") for label in lines)
    if narrow:
        derived.append(f"{narrow} lane lines of no or zero width got the usual width.")
    if unknown_states:
        derived.append(f"States of lights that are not known were read as unknown: {', '.join(unknown_states)}.")
    return derived
