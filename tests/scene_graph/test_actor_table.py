from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import actors, graphs, level_transforms, moved

from scene_graph.actor_table import ActorTable
from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.graph import ScenarioGraph
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory


@given(
    st.lists(actors(), max_size=4),
    st.data(),
    st.sampled_from([0, 1, 300_000]),
)
def test_boxes_are_those_of_each_actor_alone(
    tracks: list[ActorTrack], data: st.DataObject, extrapolate_us: int
) -> None:
    tracks = [replace(track, track_id=f"a{index}") for index, track in enumerate(tracks)]
    own_times = [int(time) for track in tracks for time in track.trajectory.timestamps_us]
    time_us = data.draw(st.sampled_from(own_times) if own_times else st.just(0)) + data.draw(
        st.sampled_from([0, 0, 1, -1]) | st.integers(-400_000, 400_000)
    )
    boxes = ActorTable(tracks).boxes_at(time_us, extrapolate_us=extrapolate_us)

    present = [track for track in tracks if track.present_at(time_us, extrapolate_us=extrapolate_us)]
    assert boxes.track_ids == tuple(track.track_id for track in present)
    assert boxes.categories == tuple(track.category.value for track in present)
    for index, track in enumerate(present):
        pose = track.trajectory.at(time_us, extrapolate_us=extrapolate_us)
        np.testing.assert_allclose(boxes.frame_from_box.rotation[index], pose.rotation, atol=1e-9)
        np.testing.assert_allclose(boxes.centers[index], pose.translation, atol=1e-6)
        np.testing.assert_allclose(boxes.velocity_mps[index], track.trajectory.velocity_at(time_us), rtol=1e-9)
        np.testing.assert_array_equal(boxes.size_lwh_m[index], track.size_lwh_m)


@settings(max_examples=25, deadline=None)
@given(graphs(max_elements=0), level_transforms(), st.integers(-5_000_000, 15_000_000))
def test_moving_the_world_moves_the_boxes(graph: ScenarioGraph, other_from_world: SE3, time_us: int) -> None:
    here = graph.boxes_at(time_us).transformed(other_from_world, "world")
    there = moved(graph, other_from_world).boxes_at(time_us)
    assert here.track_ids == there.track_ids
    np.testing.assert_allclose(here.corners, there.corners, atol=1e-5)
    np.testing.assert_allclose(here.velocity_mps, there.velocity_mps, rtol=1e-6, atol=1e-3)


def test_actors_come_and_go() -> None:
    drive = Trajectory(
        timestamps_us=np.array([0, 100, 200]),
        world_from_body=SE3(rotation=np.tile(np.eye(3), (3, 1, 1)), translation=np.diag([1.0, 2.0, 3.0])),
    )
    size = np.array([4.0, 2.0, 1.5])
    early = ActorTrack(track_id="early", category=ActorCategory.CAR, size_lwh_m=size, trajectory=drive)
    late = replace(
        early,
        track_id="late",
        category=ActorCategory.PEDESTRIAN,
        trajectory=replace(drive, timestamps_us=drive.timestamps_us + 150),
        absent_us=np.array([[250, 350]]),
    )
    table = ActorTable((early, late))
    assert len(table) == 2
    found = {time: table.boxes_at(time).track_ids for time in (-1, 0, 150, 200, 201, 250, 251, 350, 351)}
    assert found == {
        -1: (),
        0: ("early",),
        150: ("early", "late"),
        200: ("early", "late"),
        201: ("late",),
        250: ("late",),
        251: (),
        350: ("late",),
        351: (),
    }
    assert table.boxes_at(351, extrapolate_us=151).track_ids == ("early", "late")


def test_nobody_is_an_empty_set_of_boxes() -> None:
    assert len(ActorTable(()).boxes_at(0)) == 0
    assert ActorTable(()).boxes_at(0).corners.shape == (0, 8, 3)


def test_an_actor_without_poses_is_named() -> None:
    nowhere = Trajectory(timestamps_us=np.zeros(0, dtype=np.int64), world_from_body=SE3.identity((0,)))
    ghost = ActorTrack(track_id="ghost", category=ActorCategory.CAR, size_lwh_m=np.ones(3), trajectory=nowhere)
    with pytest.raises(ValueError, match="'ghost': trajectory holds no pose"):
        ActorTable((ghost,))
