"""Operations on actors: add, remove, move, retime, replace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.edit.change import Change, named, with_actors, without_dangling
from scene_graph.edit.motion import delayed, displaced, explicit_trajectory, lane_trajectory
from scene_graph.edit.operations import (
    AddActor,
    AlongLane,
    CopiedMotion,
    ExplicitTrack,
    MoveActor,
    RemoveActor,
    ReplaceActor,
    RetimeActor,
)
from scene_graph.edit.overlap import require_free
from scene_graph.edit.selection import find_actor, select_actors
from scene_graph.edit.shared import SharedWork
from scene_graph.edit.times import Blend, moment_us, sampled_times_us
from scene_graph.graph import ScenarioGraph
from scene_graph.trajectory import Trajectory

__all__ = ["add_actor", "move_actor", "remove_actor", "replace_actor", "retime_actor"]


def remove_actor(graph: ScenarioGraph, operation: RemoveActor) -> Change:
    """The scenario without some actors and their relations."""
    gone = select_actors(graph, operation.select, allow_none=operation.allow_none)
    ids = {actor.track_id for actor in gone}
    kept = tuple(actor for actor in graph.actors if actor.track_id not in ids)
    return Change(
        graph=without_dangling(replace(graph, actors=kept)) if ids else graph,
        note=f"removed {named('actor', [actor.track_id for actor in gone])}",
    )


def add_actor(graph: ScenarioGraph, operation: AddActor, shared: SharedWork) -> Change:
    """The scenario with one more actor."""
    if any(actor.track_id == operation.actor for actor in graph.actors):
        raise ValueError(f"an actor {operation.actor!r} is there already; choose another id")
    actor = _new_actor(graph, operation, shared)
    _require_seen(graph, actor)
    edited = replace(graph, actors=(*graph.actors, actor))
    if not operation.allow_overlap:
        require_free(None, edited, max(actor.trajectory.start_us, graph.start_us), actor)
    first_s, last_s = ((time_us - graph.start_us) * 1e-6 for time_us in _span_us(actor.trajectory))
    return Change(
        graph=edited,
        note=f"added actor {actor.track_id!r} ({actor.category.value}), {first_s:.6g} to {last_s:.6g} s",
        moved=frozenset({actor.track_id}),
    )


def move_actor(graph: ScenarioGraph, operation: MoveActor) -> Change:
    """The scenario with some actors shifted and turned."""
    chosen = select_actors(graph, operation.select, allow_none=operation.allow_none)
    blend = Blend(graph, operation.during)
    moved = [
        replace(
            actor,
            trajectory=displaced(
                actor.trajectory,
                operation.offset_m,
                frame=operation.frame,
                yaw_deg=operation.yaw_deg,
                blend=blend,
                steer=operation.steer,
            ),
        )
        for actor in chosen
    ]
    offset = ", ".join(f"{part:g}" for part in operation.offset_m)
    turn = f" and by {operation.yaw_deg:g} deg" if operation.yaw_deg else ""
    note = f"moved {_named(chosen)} by ({offset}) m ({operation.frame.value} frame){turn}"
    # where the move has come, or where the actor is first seen in the scenario
    return _changed(graph, moved, note, check=not operation.allow_overlap, not_before_us=blend.full_from_us)


def retime_actor(graph: ScenarioGraph, operation: RetimeActor) -> Change:
    """The scenario with some actors driving their paths at other times."""
    chosen = select_actors(graph, operation.select, allow_none=operation.allow_none)
    retimed = [_retimed(actor, operation) for actor in chosen]
    unseen = [actor.track_id for actor in retimed if not _is_seen(graph, actor)]
    if unseen and len(unseen) == len(retimed):
        _require_seen(graph, retimed[0])
    note = f"retimed {_named(chosen)}: {operation.delay_s:g} s later, {operation.speed_factor:g} times as fast"
    note += f"; {named('actor', unseen)} now outside the scenario's time" if unseen else ""
    return _changed(graph, retimed, note, check=not operation.allow_overlap)


def replace_actor(graph: ScenarioGraph, operation: ReplaceActor) -> Change:
    """The scenario with some actors of another category or size, their undersides where they were."""
    chosen = select_actors(graph, operation.select, allow_none=operation.allow_none)
    replaced = [_resized(_recategorised(actor, operation.category), operation.size_lwh_m) for actor in chosen]
    parts = [] if operation.category is None else [operation.category.value]
    parts += [] if operation.size_lwh_m is None else [" x ".join(f"{side:g}" for side in operation.size_lwh_m) + " m"]
    note = f"made {_named(chosen)} {', '.join(parts)}"
    return _changed(graph, replaced, note, check=not operation.allow_overlap)


def _new_actor(graph: ScenarioGraph, operation: AddActor, shared: SharedWork) -> ActorTrack:
    motion = operation.motion
    if isinstance(motion, CopiedMotion):
        other = find_actor(graph, motion.actor)
        delay_us = round(motion.delay_s * 1e6)
        copy = replace(
            other,
            track_id=operation.actor,
            trajectory=delayed(displaced(other.trajectory, motion.offset_m, frame=motion.frame), delay_us),
            absent_us=other.absent_us + delay_us,
        )
        return _resized(_recategorised(copy, operation.category), operation.size_lwh_m)
    if operation.category is None or operation.size_lwh_m is None:
        raise ValueError("an actor that is no copy needs a category and size_lwh_m")
    return ActorTrack(
        track_id=operation.actor,
        category=operation.category,
        size_lwh_m=np.array(operation.size_lwh_m),
        trajectory=_new_trajectory(graph, motion, shared, up_m=operation.size_lwh_m[2] / 2),
    )


def _new_trajectory(
    graph: ScenarioGraph, motion: ExplicitTrack | AlongLane, shared: SharedWork, *, up_m: float
) -> Trajectory:
    if isinstance(motion, ExplicitTrack):
        return explicit_trajectory(graph, motion, up_m=up_m)
    start_us = moment_us(graph, motion.speeds[0][0], "the first t_s of speeds")
    times_us = sampled_times_us(start_us, graph.end_us)
    return lane_trajectory(graph, shared.lanes(graph), motion, times_us, up_m=up_m)


def _retimed(actor: ActorTrack, operation: RetimeActor) -> ActorTrack:
    start_us = actor.trajectory.start_us

    def later(timestamps_us: np.ndarray) -> np.ndarray:
        since_us = np.rint((timestamps_us - start_us) / operation.speed_factor).astype(np.int64)
        return start_us + round(operation.delay_s * 1e6) + since_us

    times_us = later(actor.trajectory.timestamps_us)
    if (np.diff(times_us) <= 0).any():
        raise ValueError(f"actor {actor.track_id!r} has poses less than a microsecond apart at that speed_factor")
    return replace(
        actor,
        trajectory=Trajectory(timestamps_us=times_us, world_from_body=actor.trajectory.world_from_body),
        absent_us=later(actor.absent_us),
    )


def _recategorised(actor: ActorTrack, category: ActorCategory | None) -> ActorTrack:
    """The actor in another category, without the source's own name of the old one."""
    if category is None or category == actor.category:
        return actor
    return replace(actor, category=category, source_category="")


def _resized(actor: ActorTrack, size_lwh_m: tuple[float, float, float] | None) -> ActorTrack:
    """The actor in another size, its underside where it was."""
    if size_lwh_m is None:
        return actor
    taller_m = size_lwh_m[2] - float(actor.size_lwh_m[2])
    return replace(
        actor,
        size_lwh_m=np.array(size_lwh_m),
        trajectory=displaced(actor.trajectory, (0.0, 0.0, taller_m / 2)),
    )


def _changed(
    graph: ScenarioGraph, changed: list[ActorTrack], note: str, *, check: bool, not_before_us: int | None = None
) -> Change:
    """The scenario with changed tracks; each is checked at the first time it is seen in it, not before some time."""
    edited = with_actors(graph, {actor.track_id: actor for actor in changed}) if changed else graph
    if check:
        for actor in changed:
            first_us = max(actor.trajectory.start_us, graph.start_us)
            first_us = first_us if not_before_us is None else max(first_us, not_before_us)
            if first_us <= min(actor.trajectory.end_us, graph.end_us):
                require_free(graph, edited, first_us, actor)
    return Change(graph=edited, note=note, moved=frozenset(actor.track_id for actor in changed))


def _is_seen(graph: ScenarioGraph, actor: ActorTrack) -> bool:
    return actor.trajectory.start_us <= graph.end_us and actor.trajectory.end_us >= graph.start_us


def _require_seen(graph: ScenarioGraph, actor: ActorTrack) -> None:
    if not _is_seen(graph, actor):
        first_s, last_s = ((time_us - graph.start_us) * 1e-6 for time_us in _span_us(actor.trajectory))
        raise ValueError(
            f"actor {actor.track_id!r} would be there from {first_s:.6g} to {last_s:.6g} s, outside the "
            f"scenario, which runs from 0 to {(graph.end_us - graph.start_us) * 1e-6:.9g} s"
        )


def _span_us(trajectory: Trajectory) -> tuple[int, int]:
    return trajectory.start_us, trajectory.end_us


def _named(actors: Iterable[ActorTrack]) -> str:
    return named("actor", [actor.track_id for actor in actors])
