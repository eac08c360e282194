"""The readers of motion data sets on real scenes: what must hold whatever the scene is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scene_graph.actor_table import ActorTable
from scene_graph.actors import ActorCategory
from scene_graph.elements import ElementKind
from scene_graph.graph import RelationKind
from scene_graph.lanes import LaneGraph, wrapped_angle
from scene_graph.readers import detect_format, list_scenes, read_recording
from scene_graph.readers.scenarionet import read_scenarionet
from scene_graph.recording import Recording

pytestmark = pytest.mark.data

FOLDERS = {"scenarionet/nuscenes": "scenarionet", "scenarionet/waymo": "scenarionet", "waymo_motion": "waymo_motion"}
MOTORISED = (ActorCategory.CAR, ActorCategory.TRUCK, ActorCategory.BUS)


@pytest.fixture(scope="module", params=FOLDERS)
def recordings(request: pytest.FixtureRequest, data_root: Path) -> list[Recording]:
    folder = data_root / request.param
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    assert detect_format(folder) == FOLDERS[request.param]
    found = [read_recording(folder, scene=scene) for scene in list_scenes(folder)]
    assert found
    return found


def test_reading_takes_less_than_three_seconds_and_a_gigabyte(data_root: Path) -> None:
    folders = [str(data_root / name) for name in FOLDERS if (data_root / name).is_dir()]
    code = (
        "import resource, sys, time\n"
        "from scene_graph.readers import list_scenes, read_recording\n"
        "for folder in sys.argv[1:]:\n"
        "    for scene in list_scenes(folder):\n"
        "        started = time.process_time()\n"
        "        read_recording(folder, scene=scene)\n"
        "        print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *folders], capture_output=True, text=True, check=True)
    measured = np.array([line.split() for line in done.stdout.splitlines()], dtype=float)
    assert len(measured) > 0
    assert measured[:, 0].max() < 3.0
    assert measured[:, 1].max() < 1e6


def lanes_of(recording: Recording) -> dict[str, np.ndarray]:
    return {lane.element_id: lane.vertices_world for lane in recording.graph.elements_of(ElementKind.LANE)}


def test_scenes_are_sound_and_whole(recordings: list[Recording]) -> None:
    for recording in recordings:
        graph, present = recording.graph, recording.source.present
        graph.validate()
        assert recording.source.skipped == ()
        counted = ("lane lines", "road boundaries", "crosswalks", "speed bumps", "drivable areas", "walkways",
                   "traffic signs", "lanes", "traffic lights")  # fmt: skip
        assert len(graph.elements) == sum(int(present.get(name, "0")) for name in counted)
        assert int(present["actors"]) == len(graph.actors) > 10
        assert len(graph.elements_of(ElementKind.LANE)) > 50
        assert len(graph.elements_of(ElementKind.LANE_LINE)) > 10
        assert 8e6 < graph.end_us - graph.start_us < 25e6
        times = recording.frame_timestamps_us
        np.testing.assert_allclose(np.diff(times), 100_000, atol=500)
        assert graph.start_us == times[0]
        assert graph.end_us == times[-1]


def test_relations_refer_to_lanes_that_meet(recordings: list[Recording]) -> None:
    for recording in recordings:
        lanes, relations = lanes_of(recording), recording.graph.relations
        assert len({(r.source_id, r.target_id, r.kind) for r in relations}) == len(relations) > 0
        followed = [r for r in relations if r.kind is RelationKind.SUCCESSOR]
        gaps_m = [np.linalg.norm(lanes[r.source_id][-1] - lanes[r.target_id][0]) for r in followed]
        assert len(followed) > len(lanes) / 2
        assert np.percentile(gaps_m, 99) < 0.1


def test_neighbours_lie_on_their_side(recordings: list[Recording]) -> None:
    for recording in recordings:
        lanes, sides = lanes_of(recording), []
        for relation in recording.graph.relations:
            if relation.kind in (RelationKind.LEFT_NEIGHBOUR, RelationKind.RIGHT_NEIGHBOUR):
                own, other = lanes[relation.source_id], lanes[relation.target_id]
                ahead, across = own[-1] - own[0], other.mean(axis=0) - own.mean(axis=0)
                sides.append((ahead[0] * across[1] > ahead[1] * across[0]) == (relation.kind.value[:4] == "left"))
        assert not sides or np.mean(sides) > 0.95


def test_lanes_have_plausible_widths(recordings: list[Recording]) -> None:
    for recording in recordings:
        widths_m = []
        for lane in recording.graph.elements_of(ElementKind.LANE):
            across = lane.lane.left_world - lane.lane.right_world
            widths_m.append(np.linalg.norm(across, axis=1))
            ahead = lane.vertices_world[-1] - lane.vertices_world[0]
            assert ahead[0] * across.mean(axis=0)[1] > ahead[1] * across.mean(axis=0)[0]
        widths_m = np.concatenate(widths_m)
        assert 3.0 < np.median(widths_m) < 4.0
        assert widths_m.max() <= 8.0 + 1e-9
        assert np.percentile(widths_m, 5) > 1.0


def test_the_ego_drives_on_a_lane_and_stands_on_the_road(recordings: list[Recording]) -> None:
    for recording in recordings:
        poses = recording.graph.ego.trajectory.world_from_body
        found = LaneGraph.of(recording.graph).to_lane(poses.translation, heading_rad=poses.yaw_rad)
        assert np.median(found.distance_m) < 1.5
        assert np.percentile(found.distance_m, 90) < 2.5
        vertices = np.concatenate(list(lanes_of(recording).values()))
        away_m = np.linalg.norm((poses.translation[:, None] - vertices[None])[..., :2], axis=2)
        above_m = poses.translation[:, 2] - vertices[away_m.argmin(axis=1), 2]
        assert np.abs(above_m).max() < 0.15


def test_the_ego_moves_where_it_heads(recordings: list[Recording]) -> None:
    for recording in recordings:
        ego = recording.graph.ego.trajectory
        velocity = ego.velocity_at(ego.timestamps_us)
        fast = np.linalg.norm(velocity, axis=1) > 2.0
        away_rad = np.arctan2(velocity[:, 1], velocity[:, 0]) - ego.world_from_body.yaw_rad
        if fast.any():
            assert np.percentile(np.abs(wrapped_angle(away_rad[fast])), 95) < 0.1


def test_moving_cars_follow_lanes(recordings: list[Recording]) -> None:
    for recording in recordings:
        lanes = LaneGraph.of(recording.graph)
        places, headings = [], []
        for actor in recording.graph.actors:
            if actor.category in MOTORISED:
                track = actor.trajectory
                moving = np.linalg.norm(track.velocity_at(track.timestamps_us)[:, :2], axis=1) > 2.0
                places.append(track.world_from_body.translation[moving])
                headings.append(track.world_from_body.yaw_rad[moving])
        places, headings = np.concatenate(places), np.concatenate(headings)
        assert len(places) > 50
        assert np.median(lanes.to_lane(places).distance_m) < 1.0
        near = lanes.matches(places, max_distance_m=3.0)
        closest_rad = np.full(len(places), np.inf)
        np.minimum.at(closest_rad, near.point, np.abs(wrapped_angle(near.heading_rad - headings[near.point])))
        assert np.isfinite(closest_rad).mean() > 0.85
        assert np.median(closest_rad[np.isfinite(closest_rad)]) < 0.1


def test_cars_stand_on_the_road_where_the_map_has_heights(recordings: list[Recording]) -> None:
    for recording in recordings:
        vertices = np.concatenate(list(lanes_of(recording).values()))
        if not vertices[:, 2].any():
            continue
        above_m = []
        for actor in recording.graph.actors:
            middle = actor.trajectory.world_from_body.translation[len(actor.trajectory.timestamps_us) // 2]
            away_m = np.linalg.norm((vertices - middle)[:, :2], axis=1)
            if actor.category in MOTORISED and away_m.min() < 2.0:
                above_m.append(middle[2] - actor.size_lwh_m[2] / 2 - vertices[away_m.argmin(), 2])
        assert len(above_m) > 10
        assert abs(np.median(above_m)) < 0.15


def test_lights_hang_over_the_lanes_that_they_control(recordings: list[Recording]) -> None:
    for recording in recordings:
        lanes = lanes_of(recording)
        lights = {light.element_id: light for light in recording.graph.elements_of(ElementKind.TRAFFIC_LIGHT)}
        assert {signal.element_id for signal in recording.graph.signals} == set(lights)
        for relation in recording.graph.relations:
            if relation.source_id in lights:
                corners, lane = lights[relation.source_id].vertices_world, lanes[relation.target_id]
                away = lane - corners.mean(axis=0)
                nearest = np.linalg.norm(away[:, :2], axis=1).argmin()
                assert np.linalg.norm(away[nearest, :2]) < 3.0
                assert 4.5 < -away[nearest, 2] < 5.5
                front = corners[[0, 1, 4, 5]].mean(axis=0) - corners.mean(axis=0)
                step = min(nearest, len(lane) - 2)
                assert front @ (lane[step + 1] - lane[step]) < 0


def test_steps_have_the_boxes_that_the_source_marks_as_valid(data_root: Path) -> None:
    import gzip

    paths = sorted((data_root / "scenarionet").rglob("*.json.gz"))
    if not paths:
        pytest.skip("no ScenarioNet scenes")
    for path in paths:
        scene = json.loads(gzip.decompress(path.read_bytes()))
        recording = read_scenarionet(path)
        table = ActorTable(recording.graph.actors)
        for step in (0, 20, 63):
            valid = {
                name for name, track in scene["tracks"].items()
                if track["state"]["valid"][step] and name != scene["metadata"]["sdc_id"]
            }  # fmt: skip
            boxes = table.boxes_at(int(recording.frame_timestamps_us[step]))
            assert set(boxes.track_ids) == valid
            for name, center in zip(boxes.track_ids, boxes.centers, strict=True):
                np.testing.assert_allclose(center, scene["tracks"][name]["state"]["position"][step], atol=1e-6)


def test_a_pickle_holds_the_same_scene_as_the_json_beside_it(data_root: Path) -> None:
    pairs = [(path, path.with_suffix(".json.gz")) for path in sorted((data_root / "scenarionet").rglob("*.pkl"))]
    pairs = [pair for pair in pairs if pair[1].exists()]
    if not pairs:
        pytest.skip("no scene is there in both formats")
    pickled, text = min(pairs, key=lambda pair: pair[0].stat().st_size)
    ours, theirs = read_scenarionet(pickled).graph, read_scenarionet(text).graph
    assert [element.element_id for element in ours.elements] == [element.element_id for element in theirs.elements]
    assert ours.relations == theirs.relations
    for one, other in zip(ours.elements, theirs.elements, strict=True):
        assert one.mark == other.mark
        np.testing.assert_allclose(one.vertices_world, other.vertices_world, atol=2e-3)
    for one, other in zip(ours.actors, theirs.actors, strict=True):
        assert (one.track_id, one.category) == (other.track_id, other.category)
        places = [track.trajectory.world_from_body.translation for track in (one, other)]
        np.testing.assert_allclose(*places, atol=2e-3)


def test_a_scene_in_both_formats_is_the_same(data_root: Path) -> None:
    """Where a Waymo scenario lies there as a tfrecord and as a ScenarioNet record, they agree."""
    tfrecords, records = data_root / "waymo_motion", data_root / "scenarionet/waymo"
    if not (tfrecords.is_dir() and records.is_dir()):
        pytest.skip("no Waymo scenarios")
    names = {scene.rsplit("_", 1)[-1]: scene for scene in list_scenes(records)}
    common = sorted(set(names) & set(list_scenes(tfrecords)))
    if not common:
        pytest.skip("no scenario is there in both formats")
    for scenario_id in common:
        ours = read_recording(tfrecords, scene=scenario_id).graph
        theirs = read_recording(records, scene=names[scenario_id]).graph
        assert [actor.track_id for actor in ours.actors] == [actor.track_id for actor in theirs.actors]
        for one, other in zip(ours.elements, theirs.elements, strict=True):
            assert (one.element_id, one.kind, one.mark) == (other.element_id, other.kind, other.mark)
            np.testing.assert_allclose(one.vertices_world, other.vertices_world, atol=2e-3)
        assert set(ours.relations) == set(theirs.relations)
