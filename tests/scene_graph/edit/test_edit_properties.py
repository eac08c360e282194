"""Laws that hold of edits for any scenario."""

from dataclasses import replace

import numpy as np
import pytest
from edit_scenarios import actor, places, road, track_of
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import graphs, trajectories

from scene_graph.actors import ActorCategory
from scene_graph.edit import SharedWork, apply_edits, differences
from scene_graph.edit.crop import crop
from scene_graph.edit.mirror import mirror
from scene_graph.edit.operations import (
    AddActor,
    AlongLane,
    CopiedMotion,
    Crop,
    ExplicitTrack,
    MarkLaneLine,
    Mirror,
    MoveActor,
    OffsetEgo,
    Operation,
    RemoveActor,
    ReplaceActor,
    RetimeActor,
    SetEnvironment,
    SetSignal,
    TrackPose,
)
from scene_graph.edit.selectors import ActorById, ActorsWhere, LightsWhere, LinesWhere
from scene_graph.elements import MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.signals import SignalState
from scene_graph.trajectory import Trajectory

POSE = TrackPose(t_s=0.0, position_m=(1.0, 2.0, 0.0), yaw_deg=10.0)
SLOWLY = AlongLane(lanes=("e0",), speeds=((0.0, 1.0),))
NEW = AddActor(
    actor="new",
    category=ActorCategory.BUS,
    size_lwh_m=(9.0, 2.0, 3.0),
    motion=ExplicitTrack(poses=(POSE,)),
    allow_overlap=True,
)
OPERATIONS: list[Operation] = [
    RemoveActor(select=ActorsWhere(), allow_none=True),
    NEW,
    AddActor(actor="copy", category=None, size_lwh_m=None, motion=CopiedMotion(actor="a0"), allow_overlap=True),
    AddActor(actor="lane", category=ActorCategory.CAR, size_lwh_m=(4.0, 2.0, 1.5), motion=SLOWLY),
    MoveActor(select=ActorsWhere(), offset_m=(1.0, 2.0, 3.0), yaw_deg=5.0, allow_none=True, allow_overlap=True),
    RetimeActor(select=ActorsWhere(), delay_s=0.5, speed_factor=0.5, allow_none=True, allow_overlap=True),
    ReplaceActor(select=ActorsWhere(), size_lwh_m=(8.0, 2.5, 3.0), allow_none=True, allow_overlap=True),
    MarkLaneLine(select=LinesWhere(), colour=MarkColour.BLUE, pattern=MarkPattern.OTHER, allow_none=True),
    SetSignal(select=LightsWhere(), state=SignalState.RED, allow_none=True),
    SetEnvironment(weather="snow", camera_prompts={"front": "White."}),
    OffsetEgo(lateral_m=0.5, allow_overlap=True),
    Mirror(),
    Crop(radius_m=100.0),
]  # fmt: skip


@given(graphs(), st.lists(st.sampled_from(OPERATIONS), max_size=4))
@settings(max_examples=40, deadline=None)
def test_edits_leave_the_input_alone_and_give_valid_graphs(graph: ScenarioGraph, edits: list[Operation]) -> None:
    before = graph.hash()
    try:
        result = apply_edits(graph, edits)
    except SceneError as error:
        assert str(error).startswith("edits, operation ")  # noqa: PT017 (not the subject)
    else:
        result.graph.validate()
        assert result.hash == result.graph.hash()
        assert result.report.hash_before == before
        assert bool(result.report.differences()) == (result.hash != before)
        assert len(result.report.operations) == len(edits)
        assert all("\n" not in line for line in result.report.lines())
    assert graph.hash() == before


@given(graphs())
@settings(max_examples=40, deadline=None)
def test_mirroring_twice_gives_everything_back(graph: ScenarioGraph) -> None:
    once = mirror(graph).graph
    twice = mirror(once).graph
    once.validate()
    for one, other in zip((graph.ego, *graph.actors), (twice.ego, *twice.actors), strict=True):
        first, second = one.trajectory.world_from_body, other.trajectory.world_from_body
        np.testing.assert_allclose(second.translation, first.translation, rtol=0, atol=1e-9)
        np.testing.assert_allclose(second.rotation, first.rotation, rtol=0, atol=1e-9)
    for old, new in zip(graph.elements, twice.elements, strict=True):
        np.testing.assert_allclose(new.vertices_world, old.vertices_world, rtol=0, atol=1e-9)
        for hole, other_hole in zip(old.holes_world, new.holes_world, strict=True):
            np.testing.assert_allclose(other_hole, hole, rtol=0, atol=1e-9)
        if old.lane is not None:
            assert new.lane is not None
            np.testing.assert_allclose(new.lane.left_world, old.lane.left_world, rtol=0, atol=1e-9)
            np.testing.assert_allclose(new.lane.right_world, old.lane.right_world, rtol=0, atol=1e-9)
        assert (new.mark, new.attributes, new.closed) == (old.mark, old.attributes, old.closed)
    assert twice.relations == graph.relations


@given(graphs())
@settings(max_examples=40, deadline=None)
def test_mirrored_distances_are_the_same(graph: ScenarioGraph) -> None:
    mirrored = mirror(graph).graph
    points = [
        np.concatenate([one.vertices_world for one in each.elements]) if each.elements else np.zeros((0, 3))
        for each in (graph, mirrored)
    ]
    pole = [each.ego.trajectory.world_from_body.translation[-1] for each in (graph, mirrored)]
    away = [np.sort(np.linalg.norm(some - place, axis=1)) for some, place in zip(points, pole, strict=True)]
    np.testing.assert_allclose(away[0], away[1], atol=1e-9)


spans = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0)).map(sorted)


@given(graphs(), spans)
@settings(max_examples=40, deadline=None)
def test_a_crop_of_a_crop_is_a_crop(graph: ScenarioGraph, parts: list[float]) -> None:
    start_us, span_us = graph.start_us, graph.end_us - graph.start_us
    first_us, second_us, third_us, last_us = (round(part * span_us) for part in parts)
    if not first_us <= second_us < third_us <= last_us:
        return
    outer = crop(graph, Crop(from_s=first_us * 1e-6, to_s=last_us * 1e-6)).graph
    inner = crop(outer, Crop(from_s=(second_us - first_us) * 1e-6, to_s=(third_us - first_us) * 1e-6)).graph
    at_once = crop(graph, Crop(from_s=second_us * 1e-6, to_s=third_us * 1e-6)).graph
    assert inner.start_us == start_us + second_us
    assert [one.track_id for one in inner.actors] == [one.track_id for one in at_once.actors]
    for one, other in zip((inner.ego, *inner.actors), (at_once.ego, *at_once.actors), strict=True):
        first, second = one.trajectory, other.trajectory
        np.testing.assert_array_equal(first.timestamps_us, second.timestamps_us)
        np.testing.assert_allclose(first.world_from_body.translation, second.world_from_body.translation, atol=1e-6)
        np.testing.assert_allclose(first.world_from_body.rotation, second.world_from_body.rotation, atol=1e-6)
    assert [(one.element_id, one.timestamps_us.tolist(), one.states) for one in inner.signals] == [
        (one.element_id, one.timestamps_us.tolist(), one.states) for one in at_once.signals
    ]
    assert (
        crop(inner, Crop(radius_m=50.0)).graph.hash()
        == crop(crop(inner, Crop(radius_m=80.0)).graph, Crop(radius_m=50.0)).graph.hash()
    )


@given(trajectories(), st.floats(-2.0, 2.0), st.floats(0.1, 10.0))
@settings(max_examples=40, deadline=None)
def test_retiming_keeps_the_path(trajectory: Trajectory, delay_s: float, factor: float) -> None:
    lead = replace(actor("lead", 0, 0), trajectory=trajectory)
    ego = replace(road().ego, trajectory=trajectory)
    edit = RetimeActor(select=ActorById(actor="lead"), delay_s=delay_s, speed_factor=factor, allow_overlap=True)
    try:
        retimed = apply_edits(road(lead, ego=ego), [edit])
    except SceneError as error:
        assert "would be there" in str(error) or "less than a microsecond" in str(error)  # noqa: PT017
        return
    np.testing.assert_array_equal(places(track_of(retimed, "lead")), places(lead))
    times_us = track_of(retimed, "lead").trajectory.timestamps_us
    span_us = trajectory.end_us - trajectory.start_us
    assert int(times_us[-1] - times_us[0]) == pytest.approx(span_us / factor, abs=1)


@given(graphs())
@settings(max_examples=40, deadline=None)
def test_adding_and_removing_again_gives_the_same_hash(graph: ScenarioGraph) -> None:
    there_and_back = apply_edits(graph, [NEW, RemoveActor(select=ActorById(actor="new"))])
    assert there_and_back.hash == graph.hash()
    assert there_and_back.report.differences() == ()


@given(graphs(), graphs(), st.lists(st.sampled_from(OPERATIONS), max_size=2))
@settings(max_examples=40, deadline=None)
def test_shared_hashes_are_the_scenarios_own(
    graph: ScenarioGraph, other: ScenarioGraph, edits: list[Operation]
) -> None:
    shared = SharedWork(graph)
    assert shared.hash(graph) == graph.hash()
    assert shared.hash(replace(graph, scenario_id="another")) == replace(graph, scenario_id="another").hash()
    assert shared.hash(other) == other.hash()
    mixed = replace(graph, actors=other.actors, relations=())
    assert shared.hash(mixed) == mixed.hash()


@given(graphs(), graphs())
@settings(max_examples=40, deadline=None)
def test_differences_are_said_exactly_where_hashes_differ(graph: ScenarioGraph, other: ScenarioGraph) -> None:
    assert bool(differences(graph, other)) == (graph.hash() != other.hash())
    assert differences(graph, replace(graph, actors=graph.actors[::-1], elements=graph.elements[::-1])) == ()
