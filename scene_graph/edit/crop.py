"""Operation on everything: a part of the time and of the place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from scene_graph.actors import ActorTrack
from scene_graph.edit.change import Change, counted, without_dangling
from scene_graph.edit.operations import Crop
from scene_graph.edit.selection import ego_path
from scene_graph.edit.times import moment_us
from scene_graph.graph import ScenarioGraph
from scene_graph.se3 import SE3
from scene_graph.signals import SignalTrack
from scene_graph.spatial import footprint
from scene_graph.trajectory import Trajectory

__all__ = ["crop"]


def crop(graph: ScenarioGraph, operation: Crop) -> Change:
    """The scenario in a span of time, with what comes within a radius of the ego's path.

    A track that crosses an end of the span is cut there, at an interpolated pose; it begins or ends at the nearest
    observation where it is unseen at that time. Elements and actors are kept or left out whole: those whose
    footprint or path comes near enough. What refers to something left out goes with it.
    """
    start_us = graph.start_us if operation.from_s is None else moment_us(graph, operation.from_s, "from_s")
    end_us = graph.end_us if operation.to_s is None else moment_us(graph, operation.to_s, "to_s")
    in_time = operation.from_s is not None or operation.to_s is not None
    if in_time and end_us <= start_us:
        first_s, last_s = ((time_us - graph.start_us) * 1e-6 for time_us in (start_us, end_us))
        raise ValueError(f"the span is {first_s:.9g} to {last_s:.9g} s; expected an end after the start")
    cropped = graph
    if in_time:
        cropped = _in_span(graph, start_us, end_us)
    if operation.radius_m is not None:
        cropped = _near_path(cropped, operation.radius_m)
    cropped = without_dangling(cropped)
    before = {actor.track_id: actor for actor in graph.actors}
    cut = [actor.track_id for actor in cropped.actors if actor is not before[actor.track_id]]
    left = counted(len(cropped.actors), "actor"), counted(len(cropped.elements), "element")
    span_s = (cropped.end_us - cropped.start_us) * 1e-6
    radius = "" if operation.radius_m is None else f" and {operation.radius_m:g} m around the ego's path"
    return Change(
        graph=cropped, note=f"cropped to {span_s:.6g} s{radius}: {' and '.join(left)} are left", moved=frozenset(cut)
    )


def _in_span(graph: ScenarioGraph, start_us: int, end_us: int) -> ScenarioGraph:
    actors = (_cropped_actor(actor, start_us, end_us) for actor in graph.actors)
    signals = (_cropped_signal(signal, start_us, end_us) for signal in graph.signals)
    return replace(
        graph,
        ego=replace(graph.ego, trajectory=_cut(graph.ego.trajectory, start_us, end_us)),
        actors=tuple(actor for actor in actors if actor is not None),
        signals=tuple(signal for signal in signals if len(signal.timestamps_us)),
    )


def _cropped_actor(actor: ActorTrack, start_us: int, end_us: int) -> ActorTrack | None:
    """The actor in a span; None where it is not seen in it."""
    start_us, end_us = max(start_us, actor.trajectory.start_us), min(end_us, actor.trajectory.end_us)
    absences = sorted(actor.absent_us.tolist())
    for first_us, last_us in absences:
        start_us = last_us if first_us < start_us < last_us else start_us
    for first_us, last_us in reversed(absences):
        end_us = first_us if first_us < end_us < last_us else end_us
    if start_us > end_us:
        return None
    if (start_us, end_us) == (actor.trajectory.start_us, actor.trajectory.end_us):
        return actor
    absent_us = np.clip(actor.absent_us, start_us, end_us)
    return replace(
        actor,
        trajectory=_cut(actor.trajectory, start_us, end_us),
        absent_us=absent_us[absent_us[:, 0] < absent_us[:, 1]],
    )


def _cut(trajectory: Trajectory, start_us: int, end_us: int) -> Trajectory:
    """The poses of a trajectory in a span that it covers, with poses at both ends of the span."""
    times_us = trajectory.timestamps_us
    inside = (start_us <= times_us) & (times_us <= end_us)
    wanted_us = np.unique(np.concatenate([[start_us, end_us], times_us[inside]]))
    between = trajectory.at(wanted_us)
    rotation, translation = between.rotation.copy(), between.translation.copy()
    own = np.searchsorted(wanted_us, times_us[inside])
    rotation[own] = trajectory.world_from_body.rotation[inside]
    translation[own] = trajectory.world_from_body.translation[inside]
    return Trajectory(timestamps_us=wanted_us, world_from_body=SE3(rotation=rotation, translation=translation))


def _cropped_signal(signal: SignalTrack, start_us: int, end_us: int) -> SignalTrack:
    """The states in a span; the one that holds at its start begins there."""
    times_us = signal.timestamps_us
    first = max(int(np.searchsorted(times_us, start_us, side="right")) - 1, 0)
    last = int(np.searchsorted(times_us, end_us, side="right"))
    return SignalTrack(
        element_id=signal.element_id,
        timestamps_us=np.maximum(times_us[first:last], start_us),
        states=signal.states[first:last],
    )


def _near_path(graph: ScenarioGraph, radius_m: float) -> ScenarioGraph:
    path = ego_path(graph)
    shapely.prepare(path)
    elements = [footprint(element) for element in graph.elements]
    actors = [_path(actor.trajectory) for actor in graph.actors]
    return replace(
        graph,
        elements=_kept(graph.elements, shapely.dwithin(path, np.array(elements, dtype=object), radius_m)),
        actors=_kept(graph.actors, shapely.dwithin(path, np.array(actors, dtype=object), radius_m)),
    )


def _path(trajectory: Trajectory) -> shapely.Geometry:
    places = trajectory.world_from_body.translation[:, :2]
    places = places[np.append(True, (np.diff(places, axis=0) != 0.0).any(axis=1))]
    return shapely.LineString(places) if len(places) > 1 else shapely.Point(places[0])


def _kept(records: tuple, near: np.ndarray) -> tuple:
    return tuple(record for record, kept in zip(records, near, strict=True) if kept)
