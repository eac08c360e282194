"""What a recording holds, in counts, lengths and times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from scene_graph.cameras.rig import Camera, CameraRig
from scene_graph.elements import Geometry, MapElement
from scene_graph.recording import FrameStore, Recording
from scene_graph.trajectory import Trajectory

__all__ = ["summarise"]


def summarise(recording: Recording) -> dict[str, Any]:
    """The recording's content as texts, numbers, lists and dictionaries (JSON); keys carry units."""
    graph, source = recording.graph, recording.source
    rig, times_us = recording.rig, recording.frame_timestamps_us
    span_s = float(times_us[-1] - times_us[0]) * 1e-6 if len(times_us) else 0.0
    return {
        "scenario_id": graph.scenario_id,
        "graph_hash": graph.hash(),
        "source": {
            "format": source.format,
            "path": source.path,
            "present": dict(source.present),
            "derived": list(source.derived),
            "absent": list(source.absent),
            "skipped": list(source.skipped),
        },
        "start_us": graph.start_us,
        "end_us": graph.end_us,
        "duration_s": (graph.end_us - graph.start_us) * 1e-6,
        "frames": {
            "count": len(times_us),
            "rate_hz": (len(times_us) - 1) / span_s if span_s > 0 else None,
        },
        "ego": _motion(graph.ego.trajectory),
        "elements": _elements(graph.elements),
        "actors": _counts(actor.category.value for actor in graph.actors),
        "signals": {
            "count": len(graph.signals),
            "states": _counts(state.value for signal in graph.signals for state in signal.states),
        },
        "relations": _counts(relation.kind.value for relation in graph.relations),
        "environment": {
            "weather": graph.environment.weather,
            "time_of_day": graph.environment.time_of_day,
            "prompt": graph.environment.prompt,
        },
        "cameras": None if rig is None else _cameras(rig, recording.frames),
    }


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _motion(trajectory: Trajectory) -> dict[str, float | int]:
    steps_m = np.linalg.norm(np.diff(trajectory.world_from_body.translation, axis=0), axis=1)
    steps_s = np.diff(trajectory.timestamps_us) * 1e-6
    return {
        "num_poses": len(trajectory.timestamps_us),
        "distance_m": float(steps_m.sum()),
        "mean_speed_mps": float(steps_m.sum() / steps_s.sum()) if len(steps_s) else 0.0,
        "max_speed_mps": float((steps_m / steps_s).max(initial=0.0)),
    }


def _elements(elements: Iterable[MapElement]) -> dict[str, dict[str, float | int]]:
    """By kind: the count, and the length of lines or the ground area of polygons."""
    summary: dict[str, dict[str, float | int]] = {}
    for element in sorted(elements, key=lambda element: element.kind.value):
        geometry = element.kind.geometry
        record = summary.setdefault(element.kind.value, {"count": 0})
        record["count"] += 1
        if geometry is Geometry.POLYLINE:
            record["length_m"] = record.get("length_m", 0.0) + _length_m(element)
        elif geometry is Geometry.POLYGON:
            holes_m2 = sum(_area_m2(hole) for hole in element.holes_world)
            record["area_m2"] = record.get("area_m2", 0.0) + _area_m2(element.vertices_world) - holes_m2
    return summary


def _length_m(element: MapElement) -> float:
    vertices = element.vertices_world
    if element.closed:
        vertices = np.concatenate([vertices, vertices[:1]])
    return float(np.linalg.norm(np.diff(vertices, axis=0), axis=1).sum())


def _area_m2(ring: np.ndarray) -> float:
    """Area of a ring seen from above, by the shoelace formula around its first vertex."""
    x, y = (ring[:, :2] - ring[0, :2]).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _cameras(rig: CameraRig, frames: FrameStore | None) -> list[dict[str, Any]]:
    records = []
    for index, (name, camera) in enumerate(zip(rig.names, rig.cameras, strict=True)):
        ego_from_camera = rig.ego_from_camera[index]
        forward, left, up = (float(part) for part in ego_from_camera.rotation[:, 2])
        records.append(
            {
                "name": name,
                "model": type(camera).__name__.removesuffix("Camera").lower(),
                "width_px": camera.width_px,
                "height_px": camera.height_px,
                "horizontal_fov_deg": _horizontal_fov_deg(camera),
                "position_ego_m": ego_from_camera.translation.tolist(),
                "yaw_deg": float(np.rad2deg(np.arctan2(left, forward))),
                "pitch_up_deg": float(np.rad2deg(np.arctan2(up, np.hypot(forward, left)))),
                "num_images": 0 if frames is None else len(frames.timestamps_us(name)),
            }
        )
    return records


def _horizontal_fov_deg(camera: Camera) -> float:
    """Angle between the rays of the left and right edge at half height, measured over the optical axis."""
    edges = np.array([[0.0, camera.height_px / 2], [camera.width_px, camera.height_px / 2]])
    rays = camera.unproject(edges)
    return float(np.rad2deg(np.arctan2(np.hypot(rays[:, 0], rays[:, 1]), rays[:, 2]).sum()))
