"""What is different between two scenarios, for people to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from scene_graph.actors import ActorTrack
from scene_graph.elements import LaneMark, MapElement
from scene_graph.environment import Environment
from scene_graph.graph import ScenarioGraph
from scene_graph.hashing import canonical_bytes
from scene_graph.signals import SignalTrack
from scene_graph.trajectory import Trajectory

__all__ = ["Difference", "difference_lines", "differences"]

_LINES_A_GROUP = 5

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is different.

    Attributes:
        subject: "actor", "signal", "relation", "ego", "environment", or the kind of a map element.
        id: its id; the kind of relations; "" for the ego and the environment.
        change: "added", "removed" or "changed".
        detail: what it is, or from what to what it changed.
    """

    subject: str
    id: str
    change: str
    detail: str


def differences(before: ScenarioGraph, after: ScenarioGraph) -> tuple[Difference, ...]:
    """Everything in which two scenarios differ; empty where their hashes are the same (whatever their order)."""
    if before is after:
        return ()
    return (*_differences(before, after),)


def difference_lines(found: Sequence[Difference]) -> list[str]:
    """Differences as lines of text; of many of one kind the first five, and how many more there are."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for one in found:
        groups.setdefault((one.subject, one.change), []).append(one)
    lines = []
    for (subject, change), group in groups.items():
        for one in group[:_LINES_A_GROUP]:
            name = f"{subject} {one.id}" if one.id else subject
            lines.append(f"{change} {name}: {one.detail}")
        if len(group) > _LINES_A_GROUP:
            lines.append(f"{change} {len(group) - _LINES_A_GROUP} more of kind {subject}")
    return lines


def _differences(before: ScenarioGraph, after: ScenarioGraph) -> Iterator[Difference]:
    start_us = before.start_us
    if before.scenario_id != after.scenario_id:
        yield _changed("scenario", "", f"{before.scenario_id!r} -> {after.scenario_id!r}")
    if not _same(before.ego, after.ego):
        detail = _motion_change(before.ego.trajectory, after.ego.trajectory, start_us)
        if not np.array_equal(before.ego.size_lwh_m, after.ego.size_lwh_m):
            detail += [f"size {_size(before.ego.size_lwh_m)} -> {_size(after.ego.size_lwh_m)}"]
        yield _changed("ego", "", "; ".join(detail) or "other rear_axle_to_center_m")
    yield from _records(
        before.actors,
        after.actors,
        identity=lambda actor: ("actor", actor.track_id),
        described=lambda actor: f"{actor.category.value}, {_span(actor.trajectory, start_us)}",
        change=lambda old, new: _actor_change(old, new, start_us),
    )
    yield from _records(
        before.elements,
        after.elements,
        identity=lambda element: (element.kind.value, element.element_id),
        described=lambda element: f"{len(element.vertices_world)} vertices",
        change=_element_change,
    )
    yield from _records(
        before.signals,
        after.signals,
        identity=lambda signal: ("signal", signal.element_id),
        described=lambda signal: _states(signal, start_us),
        change=lambda old, new: f"{_states(old, start_us)} -> {_states(new, start_us)}",
    )
    yield from _relations(before, after)
    if before.environment != after.environment:
        yield _changed("environment", "", _environment_change(before.environment, after.environment))


def _records(
    before: Sequence[_Record],
    after: Sequence[_Record],
    *,
    identity: Callable[[_Record], tuple[str, str]],
    described: Callable[[_Record], str],
    change: Callable[[_Record, _Record], str],
) -> Iterator[Difference]:
    if before is after:
        return
    old = {identity(record): record for record in before}
    new = {identity(record): record for record in after}
    for (subject, name), record in old.items():
        if (subject, name) not in new:
            yield Difference(subject=subject, id=name, change="removed", detail=described(record))
    for (subject, name), record in new.items():
        known = old.get((subject, name))
        if known is None:
            yield Difference(subject=subject, id=name, change="added", detail=described(record))
        elif not _same(known, record):
            yield _changed(subject, name, change(known, record))


def _relations(before: ScenarioGraph, after: ScenarioGraph) -> Iterator[Difference]:
    if before.relations is after.relations:
        return
    old, new = Counter(before.relations), Counter(after.relations)
    for change, only in (("removed", old - new), ("added", new - old)):
        for kind, count in sorted(Counter(relation.kind.value for relation in only.elements()).items()):
            yield Difference(subject="relation", id=kind, change=change, detail=f"{count} of them")


def _actor_change(old: ActorTrack, new: ActorTrack, start_us: int) -> str:
    parts = []
    if old.category is not new.category:
        parts.append(f"{old.category.value} -> {new.category.value}")
    if not np.array_equal(old.size_lwh_m, new.size_lwh_m):
        parts.append(f"size {_size(old.size_lwh_m)} -> {_size(new.size_lwh_m)}")
    parts += _motion_change(old.trajectory, new.trajectory, start_us)
    if not np.array_equal(old.absent_us, new.absent_us):
        parts.append("unseen at other times")
    if old.source_category != new.source_category:
        parts.append(f"source category {old.source_category!r} -> {new.source_category!r}")
    return "; ".join(parts)


def _motion_change(old: Trajectory, new: Trajectory, start_us: int) -> list[str]:
    """What is different between two motions: their times, their paths, or both."""
    if _same(old, new):
        return []
    parts = []
    if (old.start_us, old.end_us) != (new.start_us, new.end_us):
        parts.append(f"{_span(old, start_us)} -> {_span(new, start_us)}")
    if _same(old.world_from_body, new.world_from_body):
        return [*parts, "same path at other times"]
    first_us, last_us = max(old.start_us, new.start_us), min(old.end_us, new.end_us)
    if first_us > last_us:
        return [*parts, "another path"]
    both_us = np.unique(np.concatenate([old.timestamps_us, new.timestamps_us]))
    both_us = both_us[(first_us <= both_us) & (both_us <= last_us)]
    was, now = old.at(both_us), new.at(both_us)
    moved_m = float(np.linalg.norm(now.translation - was.translation, axis=1).max())
    turned_rad = np.abs(np.angle(np.exp(1j * (now.yaw_rad - was.yaw_rad)))).max()
    if moved_m > 5e-7:
        parts.append(f"moved by up to {moved_m:.3f} m")
    if turned_rad > 5e-7:
        parts.append(f"turned by up to {np.rad2deg(turned_rad):.3f} deg")
    return parts or [f"{len(old.timestamps_us)} poses -> {len(new.timestamps_us)} poses of the same motion"]


def _element_change(old: MapElement, new: MapElement) -> str:
    parts = []
    if old.mark != new.mark:
        parts.append(f"{_mark(old.mark)} -> {_mark(new.mark)}")
    if old.vertices_world.shape != new.vertices_world.shape:
        parts.append(f"{len(old.vertices_world)} -> {len(new.vertices_world)} vertices")
    elif not np.array_equal(old.vertices_world, new.vertices_world):
        moved_m = np.linalg.norm(new.vertices_world - old.vertices_world, axis=1).max()
        parts.append(f"vertices moved by up to {moved_m:.3f} m")
    for name in sorted(set(old.attributes) | set(new.attributes)):
        was, now = old.attributes.get(name), new.attributes.get(name)
        if was != now:
            parts.append(f"{name} {was!r} dropped" if now is None else f"{name} {was!r} -> {now!r}")
    return "; ".join(parts) or "other edges or rules"


def _environment_change(old: Environment, new: Environment) -> str:
    parts = []
    for name in ("weather", "time_of_day", "prompt"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            parts.append(f"{name} {was!r} -> {now!r}")
    for camera in sorted(set(old.camera_prompts) | set(new.camera_prompts)):
        was, now = old.camera_prompts.get(camera, ""), new.camera_prompts.get(camera, "")
        if was != now:
            parts.append(f"prompt of {camera} {was!r} -> {now!r}")
    return "; ".join(parts)


def _changed(subject: str, name: str, detail: str) -> Difference:
    return Difference(subject=subject, id=name, change="changed", detail=detail)


def _same(old: Any, new: Any) -> bool:
    return old is new or canonical_bytes(old) == canonical_bytes(new)


def _span(trajectory: Trajectory, start_us: int) -> str:
    first_s, last_s = ((time_us - start_us) * 1e-6 for time_us in (trajectory.start_us, trajectory.end_us))
    return f"{first_s:.6g} to {last_s:.6g} s"


def _states(signal: SignalTrack, start_us: int) -> str:
    states = [
        f"{state.value} from {(time_us - start_us) * 1e-6:.6g} s"
        for time_us, state in zip(signal.timestamps_us.tolist(), signal.states, strict=True)
    ]
    shown = states if len(states) <= 6 else [*states[:3], f"... ({len(states)} states)", states[-1]]
    return ", ".join(shown) or "nothing"


def _mark(mark: LaneMark | None) -> str:
    return "no mark" if mark is None else f"{mark.colour.value} {mark.pattern.value} {mark.width_m:g} m"


def _size(size_lwh_m: np.ndarray) -> str:
    return " x ".join(f"{side:g}" for side in size_lwh_m) + " m"
