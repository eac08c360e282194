"""A recording as a JSON document with packed arrays: the content of the native format, version 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scene_graph.actors import ActorCategory, ActorTrack, EgoTrack
from scene_graph.cameras.rig_yaml import rig_from_dict, rig_to_dict
from scene_graph.elements import ElementKind, LaneMark, LaneShape, MapElement, MarkColour, MarkPattern
from scene_graph.environment import Environment
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.json_fields import Fields
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack
from scene_graph.trajectory import Trajectory

__all__ = ["ARRAYS", "FORMAT", "VERSION", "recording_from_document", "recording_to_document"]

FORMAT = "drivesim scenario"
VERSION = 1

ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {
    "vertices_m": ("<f8", (3,)),
    "pose_times_us": ("<i8", ()),
    "rotations": ("<f8", (3, 3)),
    "translations_m": ("<f8", (3,)),
    "times_us": ("<i8", ()),
}
"""Name -> dtype and shape of one row. The document refers to rows by [start, stop]; poses are rows of three arrays."""


def recording_to_document(recording: Recording) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The document of a recording and its packed arrays by name; what the recording's images show is not in it."""
    packed = _Packed()
    graph, source = recording.graph, recording.source
    absent = source.absent if recording.frames is None else (*source.absent, "images (the file holds none)")
    document = {
        "format": FORMAT,
        "version": VERSION,
        "hash": graph.hash(),
        "scenario_id": graph.scenario_id,
        "source": {
            "format": source.format,
            "path": source.path,
            "present": _text_map(source.present, "source.present"),
            "derived": list(source.derived),
            "absent": list(absent),
            "skipped": list(source.skipped),
        },
        "environment": {
            "weather": graph.environment.weather,
            "time_of_day": graph.environment.time_of_day,
            "prompt": graph.environment.prompt,
            "camera_prompts": _text_map(graph.environment.camera_prompts, "environment.camera_prompts"),
        },
        "ego": {
            "size_lwh_m": graph.ego.size_lwh_m.tolist(),
            "rear_axle_to_center_m": float(graph.ego.rear_axle_to_center_m),
            "poses": packed.add_poses(graph.ego.trajectory),
        },
        "frame_times": packed.add("times_us", recording.frame_timestamps_us),
        "rig": None if recording.rig is None else rig_to_dict(recording.rig),
        "elements": [_element_to_record(element, packed) for element in graph.elements],
        "actors": [_actor_to_record(actor, packed) for actor in graph.actors],
        "signals": [
            {
                "id": signal.element_id,
                "times": packed.add("times_us", signal.timestamps_us),
                "states": [state.value for state in signal.states],
            }
            for signal in graph.signals
        ],
        "relations": [
            {"kind": relation.kind.value, "from": relation.source_id, "to": relation.target_id}
            for relation in graph.relations
        ],
    }
    return document, packed.arrays()


def recording_from_document(fields: Fields, arrays: Mapping[str, np.ndarray]) -> Recording:
    """The recording of a document and its arrays.

    Raises:
        SceneError: a field is missing or of another type.
        ValueError: the fields of a record do not belong together.
    """
    rig = fields.get("rig")
    ego, environment, source = fields.child("ego"), fields.child("environment"), fields.child("source")
    times_us = arrays["times_us"]
    graph = ScenarioGraph(
        scenario_id=fields.text("scenario_id"),
        ego=EgoTrack(
            trajectory=_trajectory(ego, arrays),
            size_lwh_m=_size_lwh_m(ego),
            rear_axle_to_center_m=ego.number("rear_axle_to_center_m"),
        ),
        elements=tuple(_element(record, arrays["vertices_m"]) for record in fields.children("elements")),
        actors=tuple(_actor(record, arrays) for record in fields.children("actors")),
        signals=tuple(
            SignalTrack(
                element_id=record.text("id"),
                timestamps_us=times_us[record.span("times", len(times_us))],
                states=record.choices("states", SignalState),
            )
            for record in fields.children("signals")
        ),
        relations=tuple(
            Relation(
                source_id=record.text("from"), target_id=record.text("to"), kind=record.choice("kind", RelationKind)
            )
            for record in fields.children("relations")
        ),
        environment=Environment(
            weather=environment.text("weather"),
            time_of_day=environment.text("time_of_day"),
            prompt=environment.text("prompt"),
            camera_prompts=environment.text_map("camera_prompts"),
        ),
    )
    return Recording(
        graph=graph,
        rig=None if rig is None else rig_from_dict(rig, where=fields.where),
        frames=None,
        frame_timestamps_us=times_us[fields.span("frame_times", len(times_us))],
        source=Source(
            format=source.text("format"),
            path=source.text("path"),
            present=source.text_map("present"),
            derived=source.texts("derived"),
            absent=source.texts("absent"),
            skipped=source.texts("skipped"),
        ),
    )


class _Packed:
    """Arrays laid end to end, by name."""

    def __init__(self) -> None:
        self._parts: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
        self._lengths = dict.fromkeys(ARRAYS, 0)

    def add(self, name: str, rows: np.ndarray) -> list[int]:
        """Appends rows to an array; returns their [start, stop]."""
        start = self._lengths[name]
        self._parts[name].append(rows)
        self._lengths[name] += len(rows)
        return [start, start + len(rows)]

    def add_poses(self, trajectory: Trajectory) -> list[int]:
        """Appends a trajectory's poses; returns their [start, stop]."""
        self.add("rotations", trajectory.world_from_body.rotation)
        self.add("translations_m", trajectory.world_from_body.translation)
        return self.add("pose_times_us", trajectory.timestamps_us)

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            name: np.concatenate([np.zeros((0, *row), dtype=dtype), *self._parts[name]]).astype(dtype)
            for name, (dtype, row) in ARRAYS.items()
        }


def _element_to_record(element: MapElement, packed: _Packed) -> dict[str, Any]:
    """What is at its default is left out."""
    record: dict[str, Any] = {
        "id": element.element_id,
        "kind": element.kind.value,
        "vertices": packed.add("vertices_m", element.vertices_world),
        "closed": element.closed,
    }
    if element.mark is not None:
        record["mark"] = {
            "colour": element.mark.colour.value,
            "pattern": element.mark.pattern.value,
            "width_m": float(element.mark.width_m),
        }
    if element.lane is not None:
        lane, limit_mps = element.lane, element.lane.speed_limit_mps
        record["lane"] = {
            "left": packed.add("vertices_m", lane.left_world),
            "right": packed.add("vertices_m", lane.right_world),
            "type": lane.lane_type,
            "in_intersection": bool(lane.in_intersection),
            "speed_limit_mps": None if limit_mps is None else float(limit_mps),
        }
    if element.holes_world:
        record["holes"] = [packed.add("vertices_m", hole) for hole in element.holes_world]
    if element.attributes:
        record["attributes"] = _text_map(
            element.attributes, f"attributes of {element.kind.value} {element.element_id!r}"
        )
    return record


def _element(record: Fields, vertices_m: np.ndarray) -> MapElement:
    num_rows = len(vertices_m)
    mark, lane = None, None
    if "mark" in record:
        paint = record.child("mark")
        mark = LaneMark(
            colour=paint.choice("colour", MarkColour),
            pattern=paint.choice("pattern", MarkPattern),
            width_m=paint.number("width_m"),
        )
    if "lane" in record:
        shape = record.child("lane")
        lane = LaneShape(
            left_world=vertices_m[shape.span("left", num_rows)],
            right_world=vertices_m[shape.span("right", num_rows)],
            lane_type=shape.text("type"),
            in_intersection=shape.flag("in_intersection"),
            speed_limit_mps=shape.number("speed_limit_mps") if "speed_limit_mps" in shape else None,
        )
    holes = record.spans("holes", num_rows) if "holes" in record else ()
    return MapElement(
        element_id=record.text("id"),
        kind=record.choice("kind", ElementKind),
        vertices_world=vertices_m[record.span("vertices", num_rows)],
        closed=record.flag("closed"),
        mark=mark,
        lane=lane,
        holes_world=tuple(vertices_m[hole] for hole in holes),
        attributes=record.text_map("attributes") if "attributes" in record else {},
    )


def _actor_to_record(actor: ActorTrack, packed: _Packed) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": actor.track_id,
        "category": actor.category.value,
        "source_category": actor.source_category,
        "size_lwh_m": actor.size_lwh_m.tolist(),
        "poses": packed.add_poses(actor.trajectory),
    }
    if len(actor.absent_us):
        record["absent"] = packed.add("times_us", actor.absent_us.reshape(-1))
    return record


def _actor(record: Fields, arrays: Mapping[str, np.ndarray]) -> ActorTrack:
    times_us = arrays["times_us"]
    absent_us = times_us[record.span("absent", len(times_us))] if "absent" in record else times_us[:0]
    return ActorTrack(
        track_id=record.text("id"),
        category=record.choice("category", ActorCategory),
        source_category=record.text("source_category"),
        size_lwh_m=_size_lwh_m(record),
        trajectory=_trajectory(record, arrays),
        absent_us=absent_us.reshape(-1, 2),
    )


def _size_lwh_m(record: Fields) -> np.ndarray:
    return np.array(record.numbers("size_lwh_m", 3), dtype=np.float64)


def _trajectory(record: Fields, arrays: Mapping[str, np.ndarray]) -> Trajectory:
    rows = record.span("poses", min(len(arrays[name]) for name in ("pose_times_us", "rotations", "translations_m")))
    return Trajectory(
        timestamps_us=arrays["pose_times_us"][rows],
        world_from_body=SE3(rotation=arrays["rotations"][rows], translation=arrays["translations_m"][rows]),
    )


def _text_map(texts: Mapping[Any, Any], name: str) -> dict[str, str]:
    for key, text in texts.items():
        if not (isinstance(key, str) and isinstance(text, str)):
            raise SceneError(f"{name} holds {key!r}: {text!r}; expected texts")
    return {key: texts[key] for key in sorted(texts)}
