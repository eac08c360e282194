"""What the selectors of an operation find in a scenario."""

from __future__ import annotations

import numpy as np
import shapely

from scene_graph.actors import ActorTrack
from scene_graph.edit.arguments import unknown
from scene_graph.edit.overlap import ego_box
from scene_graph.edit.selectors import (
    ActorById,
    ActorSelector,
    ActorsWhere,
    LightById,
    LightsControlling,
    LightSelector,
    LineById,
    LineSelector,
    LinesWhere,
    NearestActor,
    NearestLine,
    Side,
)
from scene_graph.edit.times import moment_us
from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import RelationKind, ScenarioGraph
from scene_graph.polylines import closed_loop, project
from scene_graph.spatial import footprint

__all__ = ["closest_approach_m", "ego_path", "find_actor", "select_actors", "select_lights", "select_lines"]

_SIGNALLED = (ElementKind.TRAFFIC_LIGHT, ElementKind.LANE)


def find_actor(graph: ScenarioGraph, track_id: str) -> ActorTrack:
    """The actor of an id.

    Raises:
        ValueError: there is none.
    """
    for actor in graph.actors:
        if actor.track_id == track_id:
            return actor
    raise ValueError(unknown("actor", track_id, [actor.track_id for actor in graph.actors]))


def select_actors(graph: ScenarioGraph, select: ActorSelector, *, allow_none: bool) -> tuple[ActorTrack, ...]:
    """The actors that a selector means, in the scenario's order.

    Raises:
        ValueError: an id is unknown, a time lies outside the scenario, or nothing is found and that is not allowed.
    """
    if isinstance(select, ActorById):
        if allow_none and all(actor.track_id != select.actor for actor in graph.actors):
            return ()
        return (find_actor(graph, select.actor),)
    found = _nearest_actor(graph, select) if isinstance(select, NearestActor) else _actors_where(graph, select)
    if not found and not allow_none:
        raise ValueError(f"no actor is {_described(select)}; widen the selection or set allow_none: true")
    return found


def select_lines(graph: ScenarioGraph, select: LineSelector, *, allow_none: bool) -> tuple[MapElement, ...]:
    """The lane lines that a selector means, in the scenario's order; for the errors see `select_actors`."""
    lines = graph.elements_of(ElementKind.LANE_LINE)
    if isinstance(select, LineById):
        found = tuple(line for line in lines if line.element_id == select.line)
        if not found and not allow_none:
            raise ValueError(unknown("lane line", select.line, [line.element_id for line in lines]))
        return found
    if isinstance(select, NearestLine):
        found = _nearest_line(graph, lines, select)
        what = f"abeam on the {select.side.value}"
    else:
        found = tuple(line for line in lines if _line_meets(line, select))
        found = _near_path(graph, found, select.within_m)
        what = "as described in `where`"
    if not found and not allow_none:
        raise ValueError(f"no lane line is {what}; widen the selection or set allow_none: true")
    return found


def select_lights(graph: ScenarioGraph, select: LightSelector, *, allow_none: bool) -> tuple[MapElement, ...]:
    """The traffic lights, and lanes with a signal of their own, that a selector means; errors as `select_actors`."""
    signalled = graph.elements_of(*_SIGNALLED)
    with_signal = {signal.element_id for signal in graph.signals}
    if isinstance(select, LightById):
        found = tuple(one for one in signalled if one.element_id == select.light)
        if not found and not allow_none:
            raise ValueError(unknown("traffic light or lane", select.light, [one.element_id for one in signalled]))
        return found
    if isinstance(select, LightsControlling):
        lanes = [one.element_id for one in signalled if one.kind is ElementKind.LANE]
        if select.lane not in lanes:
            raise ValueError(unknown("lane", select.lane, lanes))
        lights = {
            relation.source_id
            for relation in graph.relations
            if relation.kind is RelationKind.CONTROLS and relation.target_id == select.lane
        } | ({select.lane} & with_signal)
        found = tuple(
            one
            for one in signalled
            if one.element_id in lights and (one.kind is ElementKind.TRAFFIC_LIGHT or one.element_id == select.lane)
        )
        if not found and not allow_none:
            raise ValueError(f"no traffic light controls lane {select.lane!r}, and it has no signal of its own")
        return found
    lit = tuple(one for one in signalled if one.kind is ElementKind.TRAFFIC_LIGHT or one.element_id in with_signal)
    found = _near_path(graph, lit, select.within_m)
    if not found and not allow_none:
        raise ValueError("no traffic light is as described in `where`; widen the selection or set allow_none: true")
    return found


def ego_path(graph: ScenarioGraph) -> shapely.Geometry:
    """Where the ego drives, in the ground plane: a line, or a point where it stands."""
    places = graph.ego.trajectory.world_from_body.translation[:, :2]
    moved = np.append(True, (np.diff(places, axis=0) != 0.0).any(axis=1))
    places = places[moved]
    return shapely.LineString(places) if len(places) > 1 else shapely.Point(places[0])


def closest_approach_m(graph: ScenarioGraph, actor: ActorTrack) -> float:
    """How near the middle of an actor's box comes to that of the ego's, in the ground plane, metres.

    Both move in straight lines between their poses, so that each piece of the time has its minimum in closed form.
    Infinite where they are never there at the same time.
    """
    ego, track = graph.ego.trajectory, actor.trajectory
    start_us, end_us = max(ego.start_us, track.start_us), min(ego.end_us, track.end_us)
    if start_us > end_us:
        return float("inf")
    times_us = np.unique(np.concatenate([[start_us, end_us], ego.timestamps_us, track.timestamps_us]))
    times_us = times_us[(start_us <= times_us) & (times_us <= end_us)]
    ahead_m = graph.ego.rear_axle_to_center_m
    ego_xy = (ego.world_from_body.translation + ahead_m * ego.world_from_body.rotation[:, :, 0])[:, :2]
    actor_xy = track.world_from_body.translation[:, :2]
    relative = _interpolated(times_us, track.timestamps_us, actor_xy) - _interpolated(
        times_us, ego.timestamps_us, ego_xy
    )
    present = np.array([actor.present_at(int(time_us)) for time_us in times_us]) if len(actor.absent_us) else None
    nearest_m = np.linalg.norm(relative, axis=1)
    best_m = float(nearest_m[slice(None) if present is None else present].min(initial=np.inf))
    step = np.diff(relative, axis=0)
    squared = (step * step).sum(axis=1)
    part = np.clip(-(relative[:-1] * step).sum(axis=1) / np.where(squared > 0, squared, 1.0), 0.0, 1.0)
    between_m = np.linalg.norm(relative[:-1] + part[:, None] * step, axis=1)
    middle_us = (times_us[:-1] + times_us[1:]) // 2
    if present is not None:
        between_m = between_m[[actor.present_at(int(time_us)) for time_us in middle_us]]
    return min(best_m, float(between_m.min(initial=np.inf)))


def _nearest_actor(graph: ScenarioGraph, select: NearestActor) -> tuple[ActorTrack, ...]:
    moment = moment_us(graph, select.at_s, "nearest.at_s")
    ego_from_world = ego_box(graph, moment).inverse()
    best: tuple[float, ActorTrack] | None = None
    for actor in graph.actors:
        if select.category not in (None, actor.category) or not actor.present_at(moment):
            continue
        x_m, y_m, _ = ego_from_world.apply(actor.trajectory.at(moment).translation)
        distance_m = float(np.hypot(x_m, y_m))
        if x_m <= 0 or abs(y_m) > x_m or distance_m > (np.inf if select.within_m is None else select.within_m):
            continue
        if best is None or distance_m < best[0]:
            best = (distance_m, actor)
    return () if best is None else (best[1],)


def _actors_where(graph: ScenarioGraph, select: ActorsWhere) -> tuple[ActorTrack, ...]:
    found = tuple(actor for actor in graph.actors if not select.categories or actor.category in select.categories)
    if select.at_s is not None:
        moment = moment_us(graph, select.at_s, "where.at_s")
        found = tuple(actor for actor in found if actor.present_at(moment))
        middle = ego_box(graph, moment).translation[:2]
        away_m = [float(np.linalg.norm(actor.trajectory.at(moment).translation[:2] - middle)) for actor in found]
    elif select.within_m is not None:
        away_m = [closest_approach_m(graph, actor) for actor in found]
    if select.within_m is None:
        return found
    return tuple(actor for actor, distance_m in zip(found, away_m, strict=True) if distance_m <= select.within_m)


def _nearest_line(graph: ScenarioGraph, lines: tuple[MapElement, ...], select: NearestLine) -> tuple[MapElement, ...]:
    world_from_ego = graph.ego.trajectory.at(moment_us(graph, select.at_s, "nearest.at_s"))
    place = world_from_ego.translation[None]
    best: tuple[float, MapElement] | None = None
    for line in lines:
        vertices = closed_loop(line.vertices_world) if line.closed else line.vertices_world
        x_m, y_m, _ = world_from_ego.inverse().apply(project(vertices, place).foot)[0]
        on_side = y_m > 0 if select.side is Side.LEFT else y_m < 0
        if on_side and abs(x_m) <= abs(y_m) and (best is None or np.hypot(x_m, y_m) < best[0]):
            best = (float(np.hypot(x_m, y_m)), line)
    return () if best is None else (best[1],)


def _line_meets(line: MapElement, select: LinesWhere) -> bool:
    colour = None if line.mark is None else line.mark.colour
    pattern = None if line.mark is None else line.mark.pattern
    return select.colour in (None, colour) and select.pattern in (None, pattern)


def _near_path(
    graph: ScenarioGraph, elements: tuple[MapElement, ...], within_m: float | None
) -> tuple[MapElement, ...]:
    if within_m is None or not elements:
        return elements
    near = shapely.dwithin([footprint(element) for element in elements], ego_path(graph), within_m)
    return tuple(element for element, kept in zip(elements, near, strict=True) if kept)


def _interpolated(times_us: np.ndarray, known_us: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values `n 2` between known ones, linear in time."""
    # counted from the first, so that floats hold the microseconds
    since, known = times_us - times_us[0], known_us - times_us[0]
    return np.stack([np.interp(since, known, column) for column in values.T], axis=1)


def _described(select: NearestActor | ActorsWhere) -> str:
    if isinstance(select, NearestActor):
        what = "" if select.category is None else f"a {select.category.value} "
        near = "" if select.within_m is None else f" within {select.within_m:g} m"
        return f"{what}ahead of the ego{near} at {select.at_s:g} s"
    what = "there" if not select.categories else f"a {' or '.join(one.value for one in select.categories)}"
    near = "" if select.within_m is None else f" that comes within {select.within_m:g} m of the ego"
    return f"{what}{near}{'' if select.at_s is None else f' at {select.at_s:g} s'}"
