"""Edits applied to a scenario, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scene_graph.edit.actors import add_actor, move_actor, remove_actor, replace_actor, retime_actor
from scene_graph.edit.arguments import unknown
from scene_graph.edit.change import Change
from scene_graph.edit.crop import crop
from scene_graph.edit.diff import Difference, difference_lines, differences
from scene_graph.edit.ego import offset_ego, replace_ego
from scene_graph.edit.environment import set_environment
from scene_graph.edit.marks import mark_lane_line
from scene_graph.edit.mirror import mirror
from scene_graph.edit.operations import (
    AddActor,
    Crop,
    MarkLaneLine,
    Mirror,
    MoveActor,
    OffsetEgo,
    Operation,
    RemoveActor,
    ReplaceActor,
    ReplaceEgo,
    RetimeActor,
    SetEnvironment,
    SetSignal,
)
from scene_graph.edit.parse import operation_where
from scene_graph.edit.shared import SharedWork
from scene_graph.edit.signals import set_signal
from scene_graph.elements import ElementKind
from scene_graph.errors import SceneError
from scene_graph.graph import RelationKind, ScenarioGraph
from scene_graph.on_lane import derive_on_lane
from scene_graph.recording import Recording

__all__ = ["EditReport", "EditResult", "apply_edits", "edit_recording"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EditReport:
    """What edits did to a scenario.

    Attributes:
        operations: what each operation did, one sentence each.
        before, after: the scenario before and after all of them.
        hash_before, hash: their content hashes.
    """

    operations: tuple[str, ...]
    before: ScenarioGraph
    after: ScenarioGraph
    hash_before: str
    hash: str

    def differences(self) -> tuple[Difference, ...]:
        """What is different after all operations; worked out when asked for."""
        return differences(self.before, self.after)

    def lines(self) -> list[str]:
        """The operations and the differences as lines of text."""
        done = [f"{number} {sentence}" for number, sentence in enumerate(self.operations, start=1)]
        return [*done, *difference_lines(self.differences())]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EditResult:
    """An edited scenario and what was done to it."""

    graph: ScenarioGraph
    report: EditReport

    @property
    def hash(self) -> str:
        """Content hash of the edited scenario."""
        return self.report.hash


def apply_edits(
    graph: ScenarioGraph,
    edits: Sequence[Operation],
    *,
    where: str = "edits",
    shared: SharedWork | None = None,
) -> EditResult:
    """A scenario after some edits; the one given stays as it is.

    Which lanes a moved actor is on is found anew where the scenario says of any actor which lanes it is on.

    Args:
        graph: a valid scenario.
        edits: the operations, in order; each sees what those before it have made.
        where: the edits' file, for errors.
        shared: what was worked out for other edits of the same scenario.

    Raises:
        SceneError: an operation cannot be done; names its number, its name and the file.
    """
    shared = SharedWork(graph) if shared is None else shared
    edited, notes, moved = graph, [], frozenset[str]()
    for index, operation in enumerate(edits):
        place = operation_where(where, index, operation.name)
        try:
            change = _applied(edited, operation, shared)
        except ValueError as error:
            raise SceneError(error.problem if isinstance(error, SceneError) else str(error), where=place) from error
        edited = change.graph
        notes.append(change.note)
        moved |= change.moved
    edited = _with_on_lane(edited, moved) if _says_on_lane(graph) else edited
    try:
        edited.validate()
    except ValueError as error:
        raise SceneError(f"the edited scenario is not valid: {error}", where=where) from error
    report = EditReport(
        operations=tuple(notes),
        before=graph,
        after=edited,
        hash_before=shared.hash(graph),
        hash=shared.hash(edited),
    )
    return EditResult(graph=edited, report=report)


def edit_recording(
    recording: Recording,
    edits: Sequence[Operation],
    *,
    where: str = "edits",
    shared: SharedWork | None = None,
) -> tuple[Recording, EditReport]:
    """A recording after some edits, and what they did; for the arguments see `apply_edits`.

    Its frame times are those inside the ego's new span. It has no images: what they show was edited.

    Raises:
        SceneError: an operation cannot be done, names a camera that the rig does not have, or leaves no frame time.
    """
    for index, operation in enumerate(edits):
        if isinstance(operation, SetEnvironment) and recording.rig is not None:
            for camera in operation.camera_prompts:
                if camera not in recording.rig.names:
                    problem = unknown("camera", camera, recording.rig.names)
                    raise SceneError(problem, where=operation_where(where, index, operation.name))
    result = apply_edits(recording.graph, edits, where=where, shared=shared)
    times_us = recording.frame_timestamps_us
    kept_us = times_us[(result.graph.start_us <= times_us) & (times_us <= result.graph.end_us)]
    if len(times_us) and not len(kept_us):
        raise SceneError("no frame of the recording lies in the edited scenario's time", where=where)
    source = recording.source
    absent = source.absent if recording.frames is None else (*source.absent, "images (the recording was edited)")
    derived = (*source.derived, *(f"edited: {note}" for note in result.report.operations))
    edited = Recording(
        graph=result.graph,
        rig=recording.rig,
        frames=None,
        frame_timestamps_us=kept_us,
        source=replace(source, derived=derived, absent=absent),
    )
    return edited, result.report


def _applied(graph: ScenarioGraph, operation: Operation, shared: SharedWork) -> Change:
    match operation:
        case RemoveActor():
            return remove_actor(graph, operation)
        case AddActor():
            return add_actor(graph, operation, shared)
        case MoveActor():
            return move_actor(graph, operation)
        case RetimeActor():
            return retime_actor(graph, operation)
        case ReplaceActor():
            return replace_actor(graph, operation)
        case MarkLaneLine():
            return mark_lane_line(graph, operation)
        case SetSignal():
            return set_signal(graph, operation)
        case SetEnvironment():
            return set_environment(graph, operation)
        case OffsetEgo():
            return offset_ego(graph, operation)
        case ReplaceEgo():
            return replace_ego(graph, operation, shared)
        case Mirror():
            return mirror(graph)
        case Crop():
            return crop(graph, operation)


def _says_on_lane(graph: ScenarioGraph) -> bool:
    return any(relation.kind is RelationKind.ON_LANE for relation in graph.relations)


def _with_on_lane(graph: ScenarioGraph, moved: frozenset[str]) -> ScenarioGraph:
    """The scenario with the lanes that moved actors are on found anew."""
    actors = tuple(actor for actor in graph.actors if actor.track_id in moved)
    if not actors:
        return graph
    kept = [
        relation
        for relation in graph.relations
        if relation.kind is not RelationKind.ON_LANE or relation.source_id not in moved
    ]
    lanes = graph.elements_of(ElementKind.LANE)
    found = derive_on_lane(replace(graph, elements=lanes, actors=actors, signals=(), relations=()))
    return replace(graph, relations=(*kept, *found))
