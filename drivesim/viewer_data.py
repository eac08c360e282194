"""A recording as the plain values that the viewer page holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from scene_graph import polylines
from scene_graph.actors import ActorTrack
from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.graph import ScenarioGraph
from scene_graph.recording import Recording
from scene_graph.render.style import Rgb, Style
from scene_graph.render.topdown import EGO_RGB, PATH_RGB, camera_wedge
from scene_graph.render.topdown_map import BACKGROUND_RGB
from scene_graph.trajectory import Trajectory

__all__ = ["viewer_data", "viewer_times"]

FRAME_STEP_US = 100_000
_TOLERANCE_M = 0.02
_DECIMALS_YAW = 3


def viewer_times(recording: Recording) -> Int64[np.ndarray, "t"]:
    """The recording's frame times, microseconds, thinned out to ten a second."""
    frames_us = recording.frame_timestamps_us
    kept: list[int] = []
    for time_us in frames_us.tolist():
        # a frame that comes a little early is still the next one
        if not kept or time_us - kept[-1] >= 0.9 * FRAME_STEP_US:
            kept.append(time_us)
    return np.array(kept, dtype=np.int64)


def viewer_data(recording: Recording, style: Style) -> dict[str, Any]:
    """Texts, numbers, lists and dictionaries (JSON).

    Lengths are whole centimetres, relative to `origin_world_m`; points are flat lists x0, y0, x1, y1, ...; headings are
    radians; times are seconds after the first frame.
    """
    graph = recording.graph
    times_us = viewer_times(recording)
    poses = graph.ego.trajectory.world_from_body.translation
    origin_m = np.round((poses.min(axis=0) + poses.max(axis=0)) / 2)[:2]
    start_us = int(times_us[0]) if len(times_us) else graph.start_us
    return {
        "scenario_id": graph.scenario_id,
        "source": recording.source.format,
        "origin_world_m": origin_m.tolist(),
        "times_s": [round((time_us - start_us) * 1e-6, 3) for time_us in times_us.tolist()],
        "environment": {
            "weather": graph.environment.weather,
            "time of day": graph.environment.time_of_day,
            "prompt": graph.environment.prompt,
        },
        "elements": [_element(element, origin_m, style) for element in graph.elements],
        "ego": {
            "size_cm": _centimetres(graph.ego.size_lwh_m),
            "center_cm": round(graph.ego.rear_axle_to_center_m * 100),
            "states": _states(graph.ego.trajectory, times_us, origin_m),
        },
        "actors": [_actor(actor, times_us, origin_m) for actor in graph.actors],
        "signals": [
            {
                "id": signal.element_id,
                "states": [state.value for state in (signal.at(int(time_us)) for time_us in times_us)],
            }
            for signal in graph.signals
        ],
        "relations": _relations(graph),
        "cameras": []
        if recording.rig is None
        else [
            {"name": name, "wedge": _flat(camera_wedge(recording.rig, index), np.zeros(2))}
            for index, name in enumerate(recording.rig.names)
        ],
        "colours": _colours(style),
    }


def _element(element: MapElement, origin_m: Float[np.ndarray, "2"], style: Style) -> dict[str, Any]:
    kind = element.kind
    record: dict[str, Any] = {"id": element.element_id, "kind": kind.value}
    points = element.vertices_world
    if kind.geometry is Geometry.CUBOID:
        return record | {"center": _flat(points.mean(axis=0)[None], origin_m), **_properties(element)}
    if element.closed and kind.geometry is Geometry.POLYLINE:
        points = polylines.closed_loop(points)
    if kind.geometry is Geometry.POLYGON:
        record["rings"] = [_flat(ring, origin_m) for ring in (points, *element.holes_world)]
    elif kind is ElementKind.LANE_LINE:
        record |= _strokes(element, points, origin_m, style)
    else:
        record["line"] = _simple(points, origin_m)
    if element.lane is not None:
        left, right = (
            polylines.simplify(edge, _TOLERANCE_M) for edge in (element.lane.left_world, element.lane.right_world)
        )
        record["rings"] = [_flat(np.concatenate([left, right[::-1]]), origin_m)]
    return record | _properties(element)


def _strokes(
    element: MapElement, points: Float[np.ndarray, "p 3"], origin_m: Float[np.ndarray, "2"], style: Style
) -> dict[str, Any]:
    """The painted lines, each with its dashes, metres."""
    mark = style.mark_of(element)
    strokes = []
    for stroke in mark.strokes:
        moved = points if stroke.offset_m == 0.0 else polylines.offset(points, stroke.offset_m)
        strokes.append({"line": _simple(moved, origin_m), "dashes_m": list(stroke.dashes_m)})
    return {"strokes": strokes, "rgb": list(mark.rgb)}


def _properties(element: MapElement) -> dict[str, Any]:
    """What a click shows: paint, lane rules, height, and the source's own attributes."""
    shown: dict[str, str] = {}
    if element.mark is not None:
        shown |= {
            "colour": element.mark.colour.value,
            "pattern": element.mark.pattern.value.replace("_", " "),
            "width": f"{element.mark.width_m:g} m",
        }
    if element.lane is not None:
        shown["lane type"] = element.lane.lane_type
        shown["in intersection"] = "yes" if element.lane.in_intersection else "no"
        if element.lane.speed_limit_mps is not None:
            shown["speed limit"] = f"{element.lane.speed_limit_mps * 3.6:.0f} km/h"
    if element.kind.geometry is Geometry.POLYLINE and element.kind is not ElementKind.POLE:
        shown["length"] = f"{polylines.arc_length_m(element.vertices_world)[-1]:.1f} m"
    low_m, high_m = element.vertices_world[:, 2].min(), element.vertices_world[:, 2].max()
    shown["height"] = f"{low_m:.2f} m" if high_m - low_m < 0.01 else f"{low_m:.2f} m to {high_m:.2f} m"
    return {"shown": shown | {str(name): str(value) for name, value in element.attributes.items()}}


def _actor(actor: ActorTrack, times_us: Int64[np.ndarray, "t"], origin_m: Float[np.ndarray, "2"]) -> dict[str, Any]:
    """Identity, and x, y, heading at each time; null where the actor is not there."""
    present = np.array([actor.present_at(int(time_us)) for time_us in times_us], dtype=bool)
    states: list[list[int | float] | None] = [None] * len(times_us)
    for index, state in zip(
        np.flatnonzero(present).tolist(), _states(actor.trajectory, times_us[present], origin_m), strict=True
    ):
        states[index] = state
    shown = {"size": " x ".join(f"{length_m:.2f}" for length_m in actor.size_lwh_m) + " m"}
    if actor.source_category:
        shown["source category"] = actor.source_category
    return {
        "id": actor.track_id,
        "kind": actor.category.value,
        "size_cm": _centimetres(actor.size_lwh_m),
        "states": states,
        "shown": shown,
    }


def _states(
    trajectory: Trajectory, times_us: Int64[np.ndarray, "t"], origin_m: Float[np.ndarray, "2"]
) -> list[list[int | float]]:
    """[x, y, heading] at each time, cm and rad."""
    if not len(times_us):
        return []
    poses = trajectory.at(times_us)
    xy_cm = np.round((poses.translation[:, :2] - origin_m) * 100).astype(np.int64)
    yaw_rad = np.arctan2(poses.rotation[:, 1, 0], poses.rotation[:, 0, 0])
    return [[x, y, round(yaw, _DECIMALS_YAW)] for (x, y), yaw in zip(xy_cm.tolist(), yaw_rad.tolist(), strict=True)]


def _relations(graph: ScenarioGraph) -> list[list[Any]]:
    """[source id, target id, kind]."""
    return [[relation.source_id, relation.target_id, relation.kind.value] for relation in graph.relations]


def _colours(style: Style) -> dict[str, Any]:
    return {
        "background": list(BACKGROUND_RGB),
        "ego": list(EGO_RGB),
        "path": list(PATH_RGB),
        "layers": {kind.value: _listed(layer.rgb) for kind, layer in style.layers.items()},
        "widths_m": {kind.value: layer.width_m for kind, layer in style.layers.items() if layer.width_m is not None},
        "actors": {category.value: list(pair[0]) for category, pair in style.boxes.rgb.items()},
        "signals": {state.value: list(rgb) for state, rgb in style.signals.items()},
    }


def _listed(rgb: Rgb | None) -> list[int] | None:
    return None if rgb is None else list(rgb)


def _simple(points: Float[np.ndarray, "p 3"], origin_m: Float[np.ndarray, "2"]) -> list[int]:
    return _flat(polylines.simplify(points, _TOLERANCE_M), origin_m)


def _flat(points: Float[np.ndarray, "p 3"], origin_m: Float[np.ndarray, "2"]) -> list[int]:
    return _centimetres(points[:, :2] - origin_m)


def _centimetres(lengths_m: Float[np.ndarray, "..."]) -> list[int]:
    return [int(length) for length in np.round(np.asarray(lengths_m) * 100).reshape(-1).tolist()]
