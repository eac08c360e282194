"""ClipGT clips: written, and read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from round_trips import (
    assert_same_boxes,
    assert_same_elements,
    assert_same_pose,
    kept_relations,
    recording_of,
    world_from_clip,
)
from scipy.spatial.transform import Rotation
from strategies import full_scenario, graphs, pinhole_rig, rotations

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.boxes import CORNER_SIGNS
from scene_graph.cameras import CameraRig, FThetaCamera
from scene_graph.elements import ElementKind
from scene_graph.errors import SceneError
from scene_graph.example import example_recording
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.clipgt import read_clipgt
from scene_graph.readers.clipgt_map import LAYERS
from scene_graph.recording import Recording
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory
from scene_graph.writers.clipgt import write_clipgt
from scene_graph.writers.clipgt_map import nearest_box
from scene_graph.writers.clipgt_tables import FIELDS
from scene_graph.writers.writer import WriteReport

FTHETA = FThetaCamera(
    cx_px=960.5, cy_px=540.25, width_px=1920, height_px=1080, polynomial=np.array([0, 1250.0, 3.0, -11.0, 0.1, 0.01]),
    polynomial_direction="radius_from_angle", linear_cde=np.array([1.001, 1e-4, 2e-4]),
)  # fmt: skip


def rig() -> CameraRig:
    return replace(pinhole_rig(), cameras=(FTHETA, replace(FTHETA, cx_px=900.0)))


def written(recording: Recording, folder: Path) -> tuple[Recording, WriteReport]:
    report = write_clipgt(recording, folder)
    return read_clipgt(folder), report


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(graphs())
def test_a_graph_comes_back(tmp_path_factory: pytest.TempPathFactory, graph: ScenarioGraph) -> None:
    frame_times_us = np.unique(np.linspace(graph.start_us, graph.end_us, 4).astype(np.int64)).tolist()
    recording = recording_of(graph, rig(), frame_times_us)
    back, report = written(recording, tmp_path_factory.mktemp("clip") / "folder")
    again = back.graph
    assert_same_elements(graph, again, LAYERS.values(), keeps_attributes=False, keeps_width=False)
    assert set(again.relations) == kept_relations(graph, again)
    np.testing.assert_array_equal(back.frame_timestamps_us, frame_times_us)
    ego_us = graph.ego.trajectory.timestamps_us
    np.testing.assert_array_equal(again.ego.trajectory.timestamps_us, ego_us)
    assert_same_pose(
        world_from_clip(graph) @ again.ego.trajectory.world_from_body, graph.ego.trajectory.world_from_body
    )
    may_bridge = any("absences of actors, too short" in sentence for sentence in report.left_out)
    for actor in again.actors:
        (before,) = (one for one in graph.actors if one.track_id == actor.track_id)
        assert actor.category is before.category or before.category is ActorCategory.CONSTRUCTION_VEHICLE
        own_us = before.trajectory.timestamps_us
        assert set(own_us) <= set(actor.trajectory.timestamps_us)
        assert_same_pose(world_from_clip(graph) @ actor.trajectory.at(own_us), before.trajectory.world_from_body)
        for time_us in np.unique(np.linspace(own_us[0], own_us[-1], 9).astype(np.int64)).tolist():
            extra = assert_same_boxes(graph, again, time_us, time_us)
            assert may_bridge or not extra
    num_single = sum(len(actor.trajectory.timestamps_us) == 1 for actor in graph.actors)
    assert len(again.actors) == len(graph.actors) - num_single
    assert (f"{num_single} actors with a single pose, which readers drop." in report.left_out) == (num_single > 0)


def test_cameras_keep_their_places_and_lenses(tmp_path: Path) -> None:
    back, report = written(recording_of(full_scenario(), rig()), tmp_path / "folder")
    assert back.rig.names == ("camera_front", "camera_rear")
    assert "The names of 2 cameras, which begin with camera_ there." in report.left_out
    np.testing.assert_allclose(back.rig.ego_from_camera.rotation, rig().ego_from_camera.rotation, atol=1e-12)
    np.testing.assert_array_equal(back.rig.ego_from_camera.translation, rig().ego_from_camera.translation)
    for camera, expected in zip(back.rig.cameras, rig().cameras, strict=True):
        for name in ("cx_px", "cy_px", "width_px", "height_px", "polynomial", "polynomial_direction", "linear_cde"):
            np.testing.assert_array_equal(getattr(camera, name), getattr(expected, name))


@settings(max_examples=60, deadline=None)
@given(rotations())
def test_any_camera_s_angles_come_back(tmp_path_factory: pytest.TempPathFactory, rotation: np.ndarray) -> None:
    places = SE3(rotation=np.stack([rotation, np.eye(3)]), translation=rig().ego_from_camera.translation)
    graph = replace(full_scenario(), elements=(), actors=(), signals=(), relations=())
    folder = tmp_path_factory.mktemp("clip") / "folder"
    back, _ = written(recording_of(graph, replace(rig(), ego_from_camera=places)), folder)
    np.testing.assert_allclose(back.rig.ego_from_camera.rotation, places.rotation, atol=1e-7)


def test_names_as_the_format_has_them_stay(tmp_path: Path) -> None:
    named = replace(rig(), names=("camera_front_wide_120fov", "camera_rear_tele_30fov"))
    back, report = written(recording_of(full_scenario(), named), tmp_path / "folder")
    assert back.rig.names == named.names
    assert not any("names of" in sentence and "cameras" in sentence for sentence in report.left_out)
    rows = parquet.read_table(tmp_path / "folder" / "full.calibration_estimate.parquet").to_pylist()
    sensors = json.loads(rows[0]["calibration_estimate"]["rig_json"])["rig"]["sensors"]
    assert [sensor["name"] for sensor in sensors] == ["camera:front:wide:120fov", "camera:rear:tele:30fov"]
    clash = replace(rig(), names=("front", "camera_front"))
    with pytest.raises(SceneError, match="would give two of the cameras front, camera_front one name"):
        write_clipgt(recording_of(full_scenario(), clash), tmp_path / "clash")


def test_absences_stay_because_rows_are_dense(tmp_path: Path) -> None:
    graph = full_scenario()
    times_us = np.array([0, 4_000_000])
    drive = Trajectory(timestamps_us=times_us, world_from_body=graph.ego.trajectory.world_from_body)
    actor = ActorTrack(
        track_id="a", category=ActorCategory.CAR, size_lwh_m=np.array([4.0, 2, 1]), trajectory=drive,
        absent_us=np.array([[1_050_000, 1_250_000], [2_000_000, 2_500_001]]),
    )  # fmt: skip
    parked = replace(actor, track_id="b", absent_us=np.zeros((0, 2), dtype=np.int64))
    back, report = written(
        recording_of(replace(graph, actors=(actor, parked), relations=()), rig()), tmp_path / "folder"
    )
    first, second = back.graph.actors
    np.testing.assert_array_equal(first.absent_us, [[2_000_000, 2_500_001]])
    assert len(second.absent_us) == 0
    assert "1 absences of actors, too short to be seen in the rows." in report.left_out


def test_ids_that_readers_drop_are_said(tmp_path: Path) -> None:
    graph = full_scenario()
    actors = (replace(graph.actors[0], track_id="labelstore:1"),)
    _, report = written(recording_of(replace(graph, actors=actors, relations=()), rig()), tmp_path / "folder")
    assert "1 actors whose ids begin with labelstore:, which readers drop." in report.left_out


def test_all_tables_are_there_and_say_their_clip(tmp_path: Path) -> None:
    recording = recording_of(replace(full_scenario(), scenario_id="a/b"), rig())
    write_clipgt(recording, tmp_path / "folder")
    assert {path.name for path in (tmp_path / "folder").iterdir()} == {
        *(f"a_b.{table}.parquet" for table in FIELDS), "a_b.camera_front_wide_120fov.json",
    }  # fmt: skip
    for table in FIELDS:
        rows = parquet.read_table(tmp_path / "folder" / f"a_b.{table}.parquet")
        assert rows.column_names == ["key", table, "version"]
        assert all(row["key"]["clip_id"] == "a_b" for row in rows.to_pylist())


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    graph = full_scenario()
    bent = graph.elements[3].vertices_world + np.eye(8)[:, :1]
    elements = tuple(replace(one, vertices_world=bent) if one.element_id == "light" else one for one in graph.elements)
    _, report = written(recording_of(replace(graph, elements=elements), rig()), tmp_path / "folder")
    for sentence in (
        "1 elements that are traffic_light whose corners are no box.",
        "1 relations of elements that were left out.",
        "The painted widths of 1 lane lines.",
        "1 attributes of elements that the tables have no field for.",
        "States of 1 traffic lights or lanes.",
        "Holes of areas: 1.",
        "1 relations of actors to their lanes.",
        "The source's names of the categories of 1 actors.",
    ):
        assert sentence in report.left_out, sentence


def test_attributes_of_the_format_stay(tmp_path: Path) -> None:
    lane, line = full_scenario().elements[:2]
    wait = replace(line, element_id="wait", kind=ElementKind.WAIT_LINE, mark=None)
    wait = replace(wait, attributes={"type": "STOP", "is_implicit": "true", "intersection_subtype": "EXIT"})
    named = replace(line, attributes={"style": "YELLOW DASHED_SOLID"})
    edged = replace(lane, attributes={"left_edge": "WHITE LONG_DASHED_SINGLE", "lane_direction": "RIGHT_TURN"})
    graph = replace(full_scenario(), elements=(edged, named, wait), signals=(), relations=())
    back, _ = written(recording_of(graph, rig()), tmp_path / "folder")
    found = {one.element_id: one.attributes for one in back.graph.elements}
    assert found["wait"] == {"category": "STOP", "is_implicit": "true", "intersection_subtype": "EXIT"}
    assert found["line"]["style"] == "YELLOW DASHED_SOLID"
    assert found["lane"]["left_edge"] == "WHITE LONG_DASHED_SINGLE"
    assert found["lane"]["lane_direction"] == "RIGHT_TURN"


@given(rotations(), st.tuples(*(st.floats(0.1, 5),) * 3), st.sampled_from([None, 0, 1, 2]), st.booleans())
def test_the_nearest_box_of_a_box_is_itself(
    rotation: np.ndarray, size_m: tuple[float, float, float], flat: int | None, mirrored: bool
) -> None:
    size = np.array(size_m)
    if flat is not None:
        size[flat] = 0.0
    corners = (CORNER_SIGNS * size / 2) @ rotation.T + [10.0, -20.0, 3.0]
    if mirrored:
        corners = corners[[1, 0, 3, 2, 5, 4, 7, 6]]
    pose, found_m = nearest_box(corners)
    np.testing.assert_allclose(found_m, size, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(pose.rotation), 1.0)
    rebuilt = (CORNER_SIGNS * found_m / 2) @ pose.rotation.T + pose.translation
    apart = np.linalg.norm(rebuilt[:, None] - corners[None], axis=2)
    assert apart.min(axis=0).max() < 1e-9


def test_corners_of_no_box_have_no_nearest_one() -> None:
    corners = CORNER_SIGNS * [2.0, 1.0, 0.5]
    assert nearest_box(corners + Rotation.from_euler("z", 3).as_matrix()[0] * np.eye(8)[:, :1]) is None
    assert nearest_box(CORNER_SIGNS * [2.0, 0.0, 0.0]) is None


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        write_clipgt(example_recording(), tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]


def test_a_clip_that_is_there_already_is_refused_and_another_joins_it(tmp_path: Path) -> None:
    recording = recording_of(full_scenario(), rig())
    write_clipgt(recording, tmp_path)
    with pytest.raises(SceneError, match="already holds the clip full"):
        write_clipgt(recording, tmp_path)
    write_clipgt(recording_of(replace(full_scenario(), scenario_id="other"), rig()), tmp_path)
    assert len(read_clipgt(tmp_path, clip="other").graph.elements) == 4
    assert not list(tmp_path.glob(".*"))


def test_times_that_readers_refuse_are_refused(tmp_path: Path) -> None:
    graph = full_scenario()
    late = Trajectory(timestamps_us=np.array([2**60, 2**60 + 5]), world_from_body=graph.ego.trajectory.world_from_body)
    with pytest.raises(SceneError, match=r"has the time 1152921504606846981 us"):
        write_clipgt(recording_of(replace(graph, ego=replace(graph.ego, trajectory=late)), rig()), tmp_path / "x")
