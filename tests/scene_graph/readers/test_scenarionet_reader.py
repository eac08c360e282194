"""ScenarioNet scenes, on tiny synthetic ones whose geometry is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_motion import (
    EGO_SIZE_LWH_M,
    FORWARD,
    GROUND_M,
    LEFT,
    NUM_STEPS,
    SCENARIO_ID,
    SEEN,
    STOP_M,
    YAW_RAD,
    ego_center,
    nuscenes_scene,
    scenarionet_scene,
    with_arrays,
    world,
    write_scene,
)

from scene_graph.actors import ActorCategory
from scene_graph.elements import ElementKind, MapElement, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import RelationKind
from scene_graph.readers import detect_format, list_scenes, read_recording
from scene_graph.readers.scenarionet import read_scenarionet
from scene_graph.recording import Recording
from scene_graph.signals import SignalState

STEP_US = 100_000
SUFFIXES = (".json", ".json.gz", ".pkl")


def read(tmp_path: Path, scene: Any, **options: Any) -> Recording:
    return read_scenarionet(write_scene(tmp_path / "sd_tiny_1_scene.json", scene), **options)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return read(tmp_path, scenarionet_scene())


@pytest.fixture
def nuscenes(tmp_path: Path) -> Recording:
    return read(tmp_path, nuscenes_scene())


def elements_by_id(recording: Recording) -> dict[str, MapElement]:
    return {element.element_id: element for element in recording.graph.elements}


def offsets_m(points: np.ndarray) -> np.ndarray:
    """How far points lie to the left of the road's axis, m."""
    return (points - world(0, 0))[:, :2] @ LEFT


def test_ego_stands_below_its_rear_axle(recording: Recording) -> None:
    ego = recording.graph.ego
    np.testing.assert_array_equal(ego.trajectory.timestamps_us, np.arange(NUM_STEPS) * STEP_US)
    for step in (0, 5, 10):
        middle = ego_center(step)
        expected = [*(middle[:2] - 1.5 * FORWARD), GROUND_M]
        np.testing.assert_allclose(ego.trajectory.world_from_body.translation[step], expected, atol=1e-6)
    np.testing.assert_allclose(ego.trajectory.world_from_body.yaw_rad, YAW_RAD)
    np.testing.assert_allclose(ego.size_lwh_m, EGO_SIZE_LWH_M)
    assert ego.rear_axle_to_center_m == 1.5
    assert any("1.50 m behind the middle" in sentence for sentence in recording.source.derived)
    assert "99" not in {actor.track_id for actor in recording.graph.actors}
    np.testing.assert_array_equal(recording.frame_timestamps_us, np.arange(NUM_STEPS) * STEP_US)
    assert (recording.rig, recording.frames) == (None, None)


def test_ego_of_nuscenes_is_its_rear_axle(nuscenes: Recording) -> None:
    ego = nuscenes.graph.ego
    for step in (0, 10):
        expected = [*ego_center(step)[:2], 0.0]
        np.testing.assert_allclose(ego.trajectory.world_from_body.translation[step], expected, atol=1e-9)
    np.testing.assert_allclose(ego.size_lwh_m, EGO_SIZE_LWH_M)  # length and width are exchanged there
    assert any("exchanged" in sentence for sentence in nuscenes.source.derived)


def test_ego_of_an_unknown_data_set_uses_what_the_source_says(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    scene["metadata"]["dataset"] = "elsewhere"
    assert read(tmp_path, scene).graph.ego.rear_axle_to_center_m == pytest.approx(0.3 * EGO_SIZE_LWH_M[0])
    scene["metadata"]["ego_vehicle_parameters"] = {"rear_axle_to_center": 1.461}
    ego = read(tmp_path, scene).graph.ego
    assert ego.rear_axle_to_center_m == 1.461
    expected = [*(ego_center(0)[:2] - 1.461 * FORWARD), GROUND_M]
    np.testing.assert_allclose(ego.trajectory.world_from_body.translation[0], expected, atol=1e-6)


def test_road_users_of_a_flat_source_stand_on_the_ground(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    scene["metadata"]["dataset"] = "nuplan"
    for track in scene["tracks"].values():
        track["state"]["position"] = [[x, y] for x, y, _ in track["state"]["position"]]
    recording = read(tmp_path, scene)
    np.testing.assert_allclose(recording.graph.ego.trajectory.world_from_body.translation[:, 2], 0.0)
    car, walker = recording.graph.actors
    np.testing.assert_allclose(car.trajectory.world_from_body.translation[:, 2], 1.5 / 2)
    np.testing.assert_allclose(walker.trajectory.world_from_body.translation[:, 2], 1.75 / 2)
    assert any("no heights" in sentence for sentence in recording.source.derived)


def test_tracks_hold_the_steps_that_are_valid(recording: Recording) -> None:
    car, walker = recording.graph.actors
    assert (car.track_id, car.category, car.source_category) == ("7", ActorCategory.CAR, "VEHICLE")
    assert walker.category is ActorCategory.PEDESTRIAN
    np.testing.assert_allclose(car.size_lwh_m, [4.0, 1.75, 1.5])  # a median that one longer box does not move
    np.testing.assert_allclose(car.trajectory.at(450_000).translation, world(22.25, 3.5, GROUND_M + 0.75), atol=1e-6)
    np.testing.assert_array_equal(walker.trajectory.timestamps_us, np.array(SEEN) * STEP_US)
    np.testing.assert_array_equal(walker.absent_us, [[4 * STEP_US, 6 * STEP_US]])
    np.testing.assert_allclose(walker.trajectory.world_from_body.yaw_rad, -2.5)
    assert [recording.graph.boxes_at(step * STEP_US).track_ids for step in (1, 4, 5, 6)] == [
        ("7",), ("7", "8"), ("7",), ("7", "8"),
    ]  # fmt: skip
    assert any("1 tracks that are valid at no step" in sentence for sentence in recording.source.derived)


def test_finer_categories_of_nuscenes_are_used(nuscenes: Recording) -> None:
    bus, walker = nuscenes.graph.actors
    assert (bus.category, bus.source_category) == (ActorCategory.BUS, "vehicle.bus.rigid")
    assert walker.category is ActorCategory.PEDESTRIAN


def test_unknown_types_are_read_as_other(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    scene["tracks"]["7"] |= {"type": "HOVERCRAFT", "metadata": {}}
    recording = read(tmp_path, scene)
    assert recording.graph.actors[0].category is ActorCategory.OTHER
    assert any("HOVERCRAFT" in sentence for sentence in recording.source.derived)


def test_one_number_a_step_may_be_a_list_of_one(tmp_path: Path, recording: Recording) -> None:
    scene = scenarionet_scene()
    for track in scene["tracks"].values():
        for name in ("heading", "length", "width", "height", "valid"):
            track["state"][name] = [[float(value)] for value in track["state"][name]]
    assert read(tmp_path, scene).graph.hash() == recording.graph.hash()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_kinds_of_files_hold_the_same(tmp_path: Path, recording: Recording, suffix: str) -> None:
    path = write_scene(tmp_path / f"sd_a_1_b{suffix}", scenarionet_scene())
    assert detect_format(path) == "scenarionet"
    assert read_recording(path).graph.hash() == recording.graph.hash()


def test_lines_and_areas_have_kinds_and_paint(recording: Recording) -> None:
    elements = elements_by_id(recording)
    paints = {name: (elements[name].mark.pattern, elements[name].mark.colour) for name in ("11", "13", "15")}
    assert paints == {
        "11": (MarkPattern.DASHED_SINGLE, MarkColour.WHITE),
        "13": (MarkPattern.SOLID_DOUBLE, MarkColour.YELLOW),
        "15": (MarkPattern.SOLID_DASHED, MarkColour.YELLOW),
    }
    kinds = {name: elements[name].kind for name in ("12", "31", "32", "33")}
    assert kinds == {
        "12": ElementKind.ROAD_BOUNDARY,
        "31": ElementKind.CROSSWALK,
        "32": ElementKind.SPEED_BUMP,
        "33": ElementKind.DRIVABLE_AREA,
    }
    np.testing.assert_allclose(elements["12"].vertices_world, [world(-5, -2), world(25, -2)])
    assert "14" not in elements  # a single point
    assert any("1 lines of no length" in sentence for sentence in recording.source.derived)


def test_lanes_have_edges_rules_and_relations(recording: Recording) -> None:
    elements = elements_by_id(recording)
    lane = elements["1"].lane
    np.testing.assert_allclose(offsets_m(lane.left_world), 1.75, atol=1e-6)
    # the road edge on the right ends at 25 m; from there the last width is kept
    np.testing.assert_allclose(offsets_m(lane.right_world), -2.0, atol=1e-6)
    np.testing.assert_allclose(lane.left_world[:, 2], GROUND_M)
    assert (lane.lane_type, lane.in_intersection) == ("vehicle", False)
    assert lane.speed_limit_mps == pytest.approx(35 * 0.44704)
    assert elements["2"].lane.speed_limit_mps is None
    np.testing.assert_allclose(offsets_m(elements["2"].lane.left_world), 5.5, atol=1e-6)
    connector, bicycles = elements["3"].lane, elements["4"].lane
    assert connector.in_intersection
    np.testing.assert_allclose(offsets_m(connector.left_world) - offsets_m(connector.right_world), 3.5)
    assert bicycles.lane_type == "bike"
    np.testing.assert_allclose(offsets_m(bicycles.left_world), -5 + 0.75)
    found = {(relation.kind, relation.source_id, relation.target_id) for relation in recording.graph.relations}
    assert found == {
        (RelationKind.SUCCESSOR, "1", "3"),
        (RelationKind.LEFT_NEIGHBOUR, "1", "2"),
        (RelationKind.RIGHT_NEIGHBOUR, "2", "1"),
        (RelationKind.CONTROLS, "21", "1"),
        (RelationKind.CONTROLS, "light:1", "1"),
    }
    assert len(recording.graph.relations) == 5


def test_edges_beyond_reach_are_nominal(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    scene["map_features"]["12"]["polyline"] = [world(x, -30).tolist() for x in (0, 40)]
    lane = elements_by_id(read(tmp_path, scene))["1"].lane
    np.testing.assert_allclose(offsets_m(lane.right_world), -1.75, atol=1e-6)


def test_edges_of_a_bend_keep_their_distance(tmp_path: Path) -> None:
    def arc(radius_m: float) -> list[list[float]]:
        return [
            world(radius_m * np.sin(angle), 20 - radius_m * np.cos(angle)).tolist()
            for angle in np.linspace(0, np.pi / 2, 60)
        ]

    scene = scenarionet_scene()
    scene["map_features"]["1"]["polyline"] = arc(20)
    scene["map_features"]["11"]["polyline"] = arc(18)
    scene["map_features"]["12"]["polyline"] = arc(21.5)
    for side in ("left", "right"):
        scene["map_features"]["1"][f"{side}_boundaries"][0]["lane_end_index"] = 59
    lane = elements_by_id(read(tmp_path, scene))["1"].lane
    for edge, radius_m in ((lane.left_world, 18), (lane.right_world, 21.5)):
        away_m = np.linalg.norm((edge - world(0, 20))[:, :2], axis=1)
        np.testing.assert_allclose(away_m, radius_m, atol=0.01)


def test_a_light_stands_above_the_stop_and_faces_the_lane(recording: Recording) -> None:
    light = elements_by_id(recording)["light:1"]
    corners = light.vertices_world
    np.testing.assert_allclose(corners.mean(axis=0), world(STOP_M, 0, GROUND_M + 5.0), atol=1e-6)
    front = corners[[0, 1, 4, 5]].mean(axis=0) - corners.mean(axis=0)
    np.testing.assert_allclose(front / np.linalg.norm(front), [*-FORWARD, 0.0], atol=1e-6)
    (signal,) = recording.graph.signals
    assert signal.element_id == "light:1"
    shown = [signal.at(step * STEP_US) for step in range(NUM_STEPS)]
    unknown, red, yellow, green = SignalState.UNKNOWN, SignalState.RED, SignalState.YELLOW, SignalState.GREEN
    assert shown == [unknown] * 2 + [red] * 3 + [yellow] + [green] * 3 + [unknown, green]
    assert len(signal.states) == 6


def test_a_light_without_stop_point_stands_where_its_lane_begins(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    scene["dynamic_map_states"]["1"] |= {"stop_point": None}
    scene["dynamic_map_states"]["1"]["state"]["object_state"][0] = "LANE_STATE_PURPLE"
    recording = read(tmp_path, scene)
    middle = elements_by_id(recording)["light:1"].vertices_world.mean(axis=0)
    np.testing.assert_allclose(middle, world(0, 0, GROUND_M + 5.0), atol=1e-6)
    assert any("no stop point" in sentence for sentence in recording.source.derived)
    assert any("LANE_STATE_PURPLE" in sentence for sentence in recording.source.derived)


def test_a_stop_sign_stands_where_the_source_says(recording: Recording) -> None:
    corners = elements_by_id(recording)["21"].vertices_world
    np.testing.assert_allclose(corners.mean(axis=0), world(38, -3, GROUND_M + 2.5), atol=1e-6)
    front = corners[[0, 1, 4, 5]].mean(axis=0) - corners.mean(axis=0)
    np.testing.assert_allclose(front / np.linalg.norm(front), [*-FORWARD, 0.0], atol=1e-6)


def test_the_map_of_nuscenes_is_flat_and_joined_where_lanes_meet(nuscenes: Recording) -> None:
    elements = elements_by_id(nuscenes)
    for element in elements.values():
        np.testing.assert_array_equal(element.vertices_world[:, 2], 0.0)
    found = {(relation.kind, relation.source_id, relation.target_id) for relation in nuscenes.graph.relations}
    assert found == {
        (RelationKind.SUCCESSOR, "lane-a", "connector"),
        (RelationKind.SUCCESSOR, "connector", "lane-b"),
    }
    assert elements["connector"].lane.in_intersection
    assert not elements["lane-a"].lane.in_intersection
    assert elements["connector"].lane.speed_limit_mps is None  # the converter's own invention
    assert {"speed limits", "neighbours of lanes", "traffic lights"} <= set(nuscenes.source.absent)
    np.testing.assert_allclose(offsets_m(elements["lane-a"].lane.left_world), 2.0, atol=1e-9)
    np.testing.assert_allclose(offsets_m(elements["lane-a"].lane.right_world), -1.5, atol=1e-9)
    # an area that is far wider than a lane is no edge
    np.testing.assert_allclose(offsets_m(elements["lane-b"].lane.left_world), 1.75, atol=1e-9)


def test_outlines_of_nuscenes_are_boundaries(nuscenes: Recording) -> None:
    elements = elements_by_id(nuscenes)
    outline = elements["boundary_0"]
    assert (outline.kind, outline.closed, outline.mark) == (ElementKind.ROAD_BOUNDARY, True, None)
    assert len(outline.vertices_world) == 3
    assert elements["divider"].mark.colour is MarkColour.YELLOW
    assert elements["sidewalk"].kind is ElementKind.WALKWAY


def test_features_of_unknown_types_are_listed(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    scene["map_features"]["x"] = {"type": "VOLCANO", "polygon": [[0, 0], [1, 0], [1, 1]]}
    recording = read(tmp_path, scene)
    assert "x" not in elements_by_id(recording)
    assert any("1 map features of type 'VOLCANO'" in sentence for sentence in recording.source.skipped)


def test_the_ego_may_be_seen_for_a_part_of_the_scene(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    scene["tracks"]["99"]["state"]["valid"] = [False, True, True, False, True] + [False] * 6
    recording = read(tmp_path, scene)
    np.testing.assert_array_equal(recording.graph.ego.trajectory.timestamps_us, np.array([1, 2, 4]) * STEP_US)
    np.testing.assert_array_equal(recording.frame_timestamps_us, np.array([1, 2, 3, 4]) * STEP_US)
    assert any("valid at 3 of 11 steps" in sentence for sentence in recording.source.derived)


def test_folders_list_their_scenes(tmp_path: Path) -> None:
    scene = scenarionet_scene()
    (tmp_path / "part_0").mkdir()
    for name in ("sd_b_1_x.json.gz", "sd_b_1_x.pkl", "sd_a_1_y.pkl", "part_0/sd_a_1_z.json", "part_0/17.pkl"):
        write_scene(tmp_path / name, scene)
    for name in ("dataset_summary.pkl", "dataset_mapping.pkl", "notes.json", "sd_readme.txt"):
        (tmp_path / name).write_bytes(b"no scene")
    (tmp_path / "sd_c_1_broken.json").write_text("{")
    assert detect_format(tmp_path) == "scenarionet"
    assert list_scenes(tmp_path) == ["part_0/17", "part_0/sd_a_1_z", "sd_a_1_y", "sd_b_1_x", "sd_c_1_broken"]
    # of two files of one scene, the one that needs no unpickling
    assert read_recording(tmp_path, scene="sd_b_1_x").source.path.endswith(".json.gz")
    assert read_recording(tmp_path, scene="part_0/17").graph.scenario_id == SCENARIO_ID
    with pytest.raises(SceneError, match=r"sd_c_1_broken\.json: expected JSON"):
        read_recording(tmp_path, scene="sd_c_1_broken")
    with pytest.raises(SceneError, match="expected a scene 'nowhere', found 5"):
        read_scenarionet(tmp_path, scene="nowhere")
    with pytest.raises(SceneError, match="expected one scene, found 5"):
        read_scenarionet(tmp_path)


def test_arrays_of_a_pickle_are_arrays_and_lists_of_json_are_lists(tmp_path: Path) -> None:
    arrays = with_arrays(scenarionet_scene())
    assert isinstance(arrays["tracks"]["7"]["state"]["position"], np.ndarray)
    assert arrays["tracks"]["7"]["state"]["valid"].dtype == bool
    json.dumps(scenarionet_scene())
