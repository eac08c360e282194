from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scene_graph.elements import ElementKind
from scene_graph.hashing import rig_hash
from scene_graph.lanes import LaneGraph
from scene_graph.native import read_native, save_recording
from scene_graph.on_lane import derive_on_lane
from scene_graph.polylines import project
from scene_graph.readers.argoverse2 import read_argoverse2
from scene_graph.readers.rds_hq import read_rds_hq
from scene_graph.recording import Recording
from scene_graph.routes import ego_route, route_centreline

pytestmark = pytest.mark.data


def logs(data_root: Path) -> Iterator[Recording]:
    folder = data_root / "argoverse2"
    for log in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield read_argoverse2(log)
    if (data_root / "rds_hq").is_dir():
        yield read_rds_hq(data_root / "rds_hq")


@pytest.fixture(scope="module")
def recordings(data_root: Path) -> list[Recording]:
    found = list(logs(data_root))
    if not found:
        pytest.skip(f"no logs under {data_root}")
    return found


def test_real_scenarios_are_sound_and_read_back_exactly(recordings: list[Recording], tmp_path: Path) -> None:
    for number, recording in enumerate(recordings):
        recording.graph.validate()
        path = tmp_path / f"{number}.scenario"
        save_recording(recording, path)
        back = read_native(path)
        assert back.graph.hash() == recording.graph.hash()
        if recording.rig is not None:
            assert back.rig is not None
            assert rig_hash(back.rig) == rig_hash(recording.rig)
        np.testing.assert_array_equal(back.frame_timestamps_us, recording.frame_timestamps_us)


def test_the_ego_follows_connected_lanes(recordings: list[Recording]) -> None:
    for recording in recordings:
        graph = recording.graph
        if not graph.elements_of(ElementKind.LANE):
            continue
        lanes = LaneGraph.of(graph)
        route = ego_route(graph, lanes=lanes)
        for lane_id, next_id in itertools.pairwise(route):
            assert next_id in lanes.successors[lane_id] + lanes.neighbours(lane_id)
        away = project(route_centreline(lanes, route), graph.ego.trajectory.world_from_body.translation)
        assert np.median(away.distance_m) < 1.0


def test_most_cars_that_move_are_on_lanes(recordings: list[Recording]) -> None:
    for recording in recordings:
        graph = recording.graph
        moving = {
            actor.track_id
            for actor in graph.actors
            if actor.category.value in ("car", "bus", "truck")
            and np.ptp(actor.trajectory.world_from_body.translation[:, :2], axis=0).max() > 10.0
        }
        on_lane = {relation.source_id for relation in derive_on_lane(graph)}
        if moving and graph.elements_of(ElementKind.LANE):
            assert len(moving & on_lane) >= 0.8 * len(moving)
