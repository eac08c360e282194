"""RDS-HQ clips: written, and read again."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from round_trips import (
    assert_same_boxes,
    assert_same_elements,
    assert_same_pose,
    kept_relations,
    recording_of,
    world_from_clip,
)
from strategies import full_scenario, graphs, pinhole_rig

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.cameras import CameraRig, FisheyeCamera, FThetaCamera, PinholeCamera
from scene_graph.elements import ElementKind, MapElement
from scene_graph.errors import SceneError
from scene_graph.example import example_recording
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.readers.rds_hq import read_rds_hq
from scene_graph.readers.rds_hq_labels import LAYERS
from scene_graph.recording import Recording
from scene_graph.signals import SignalState, SignalTrack
from scene_graph.trajectory import Trajectory
from scene_graph.writers.rds_hq import write_rds_hq
from scene_graph.writers.writer import WriteReport

FTHETA = FThetaCamera(
    cx_px=960.5, cy_px=540.25, width_px=1920, height_px=1080, polynomial=np.array([0, 8e-4, 1e-9, 2e-11]),
    polynomial_direction="angle_from_radius", linear_cde=np.array([1.001, 0.0, 2e-4]),
)  # fmt: skip
NEVER = np.zeros((0, 2), dtype=np.int64)


def rig_of(*cameras: object) -> CameraRig:
    """These cameras in the places of the two of `pinhole_rig`."""
    rig = pinhole_rig().subset(("front", "rear")[: len(cameras)])
    return replace(rig, cameras=cameras)


def written(recording: Recording, root: Path) -> tuple[Recording, WriteReport]:
    report = write_rds_hq(recording, root)
    return read_rds_hq(root), report


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(graphs())
def test_a_graph_comes_back(tmp_path_factory: pytest.TempPathFactory, graph: ScenarioGraph) -> None:
    back, report = written(recording_of(graph, rig_of(FTHETA)), tmp_path_factory.mktemp("clip") / "root")
    again = back.graph
    assert_same_elements(graph, again, LAYERS.values(), keeps_attributes=True, keeps_width=True)
    neighbours = {RelationKind.LEFT_NEIGHBOUR, RelationKind.RIGHT_NEIGHBOUR}
    kept = kept_relations(graph, again)
    assert set(again.relations) <= kept
    lost = kept - set(again.relations)
    assert {relation.kind for relation in lost} <= neighbours
    assert bool(lost) == any("neighbours of lanes beyond" in sentence for sentence in report.left_out)
    offset_us = again.start_us - graph.start_us
    may_bridge = any("absences of actors that readers bridge" in sentence for sentence in report.left_out)
    for frame, back_us in enumerate(back.frame_timestamps_us.tolist()):
        pose = world_from_clip(graph) @ again.ego.trajectory.at(back_us)
        assert_same_pose(pose, graph.ego.trajectory.at(back_us - offset_us))
        if frame % 3 == 0:
            extra = assert_same_boxes(graph, again, back_us - offset_us, back_us)
            assert may_bridge or not extra
        for signal in again.signals:
            (before,) = (one for one in graph.signals if one.element_id == signal.element_id)
            assert signal.at(back_us) is before.at(back_us - offset_us)
    lights = {element.element_id for element in graph.elements_of(ElementKind.TRAFFIC_LIGHT)}
    assert {signal.element_id for signal in again.signals} == {
        signal.element_id for signal in graph.signals if signal.element_id in lights
    }


def test_a_clip_is_named_by_its_scenario_and_times(tmp_path: Path) -> None:
    graph = replace(full_scenario(), scenario_id="a/b c")
    write_rds_hq(recording_of(graph, pinhole_rig_without_distortion()), tmp_path / "root")
    assert [path.name for path in (tmp_path / "root" / "pose").iterdir()] == ["a_b_c_1000000_1500000.tar"]
    named = replace(graph, scenario_id="session_1000000_9000000")
    back, _ = written(recording_of(named, pinhole_rig_without_distortion()), tmp_path / "named")
    assert (back.graph.scenario_id, back.graph.start_us) == ("session_1000000_9000000", 1_000_000)


def pinhole_rig_without_distortion() -> CameraRig:
    camera = pinhole_rig().cameras[0]
    return rig_of(camera, camera)


def test_cameras_keep_their_places_and_lenses(tmp_path: Path) -> None:
    rig = rig_of(FTHETA, replace(FTHETA, linear_cde=np.array([1.0, 0, 0])))
    back, report = written(recording_of(full_scenario(), rig), tmp_path / "root")
    assert back.rig.names == rig.names
    assert_same_pose(back.rig.ego_from_camera, rig.ego_from_camera)
    for camera, expected in zip(back.rig.cameras, rig.cameras, strict=True):
        for name in ("cx_px", "cy_px", "width_px", "height_px", "polynomial", "polynomial_direction", "linear_cde"):
            np.testing.assert_array_equal(getattr(camera, name), getattr(expected, name))
    assert not any("lens" in sentence for sentence in report.left_out)


def test_pinholes_stay_pinholes_where_all_are(tmp_path: Path) -> None:
    rig = pinhole_rig_without_distortion()
    back, _ = written(recording_of(full_scenario(), rig), tmp_path / "root")
    camera = back.rig.cameras[1]
    assert isinstance(camera, PinholeCamera)
    assert (camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px) == (500.0, 510.0, 320.5, 180.25)
    assert not (tmp_path / "root" / "ftheta_intrinsic").exists()


def test_another_lens_is_fitted_and_said_or_refused(tmp_path: Path) -> None:
    near = FisheyeCamera(
        fx_px=500.0, fy_px=505.0, cx_px=640.0, cy_px=360.0, width_px=1280, height_px=720,
        coefficients=np.array([-0.02, 0.001, 0.0, 0.0]),
    )  # fmt: skip
    back, report = written(recording_of(full_scenario(), rig_of(FTHETA, near)), tmp_path / "near")
    assert isinstance(back.rig.cameras[1], FThetaCamera)
    pixels = np.array([[100.0, 80.0], [700.0, 300.0], [1200.0, 700.0]])
    np.testing.assert_allclose(back.rig.cameras[1].project(near.unproject(pixels))[0], pixels, atol=0.05)
    assert any(sentence.startswith("The lens of rear: ") for sentence in report.left_out)

    far = replace(pinhole_rig().cameras[0], distortion=np.array([0.0, 0.0, 0.002, 0.0, 0.0]))
    recording = recording_of(full_scenario(), rig_of(FTHETA, far))
    with pytest.raises(SceneError, match=r"camera 'rear': its pinhole lens is .* px off .*expected at most 0.05 px"):
        write_rds_hq(recording, tmp_path / "far")
    assert not (tmp_path / "far").exists()
    assert write_rds_hq(recording, tmp_path / "far", max_lens_error_px=10.0).written["cameras"] == 2


def test_categories_keep_the_source_s_names_where_these_are_known(tmp_path: Path) -> None:
    track = full_scenario().actors[0]
    named = {"Heavy_truck": ActorCategory.TRUCK, "x": ActorCategory.BUS, "": ActorCategory.BARRIER}
    actors = tuple(
        replace(track, track_id=str(index), category=category, source_category=name, absent_us=NEVER)
        for index, (name, category) in enumerate(named.items())
    )
    graph = replace(full_scenario(), actors=actors, relations=())
    back, report = written(recording_of(graph, rig_of(FTHETA)), tmp_path / "root")
    assert [actor.source_category for actor in back.graph.actors] == ["Heavy_truck", "Bus", "Others"]
    assert "1 actors that are barrier became Others." in report.left_out
    assert "The source's names of the categories of 1 actors." in report.left_out


def test_long_absences_stay_and_short_ones_are_said(tmp_path: Path) -> None:
    graph = full_scenario()
    times_us = np.array([0, 4_000_000])
    poses = graph.ego.trajectory.world_from_body
    drive = Trajectory(timestamps_us=times_us, world_from_body=poses)
    actor = ActorTrack(
        track_id="a", category=ActorCategory.CAR, size_lwh_m=np.array([4.0, 2, 1]), trajectory=drive,
        absent_us=np.array([[1_000_000, 1_200_000], [2_000_000, 3_000_000]]),
    )  # fmt: skip
    graph = replace(graph, ego=replace(graph.ego, trajectory=drive), actors=(actor,), relations=(), signals=())
    back, report = written(recording_of(graph, rig_of(FTHETA)), tmp_path / "root")
    np.testing.assert_array_equal(back.graph.actors[0].absent_us, [[2_000_000, 3_000_000]])
    assert any(sentence.startswith("1 absences of actors") for sentence in report.left_out)


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    graph = full_scenario()
    lane = graph.elements[0]
    graph = replace(
        graph,
        elements=(
            *graph.elements,
            MapElement(element_id="bare", kind=ElementKind.LANE, vertices_world=lane.vertices_world),
            replace(graph.elements[3], element_id="bent", vertices_world=graph.elements[3].vertices_world ** 3),
            MapElement(
                element_id="loop", kind=ElementKind.ROAD_BOUNDARY, vertices_world=lane.vertices_world, closed=True
            ),
            replace(graph.elements[2], element_id="walk", kind=ElementKind.CROSSWALK),
        ),
        signals=(
            *graph.signals,
            SignalTrack(element_id="lane", timestamps_us=np.array([0]), states=(SignalState.RED,)),
        ),
    )
    bent = graph.elements[5].vertices_world.copy()
    bent[0] += 1.0
    graph = replace(
        graph, elements=tuple(replace(e, vertices_world=bent) if e.element_id == "bent" else e for e in graph.elements)
    )
    _, report = written(recording_of(graph, rig_of(FTHETA)), tmp_path / "root")
    for sentence in (
        "1 lanes without edges: the format keeps a lane as its two edges.",
        "1 elements that are traffic_light whose corners are no box.",
        "1 closed lines became lines that end where they start.",
        "Holes of areas: 1.",
        "States of 1 lanes: the format keeps those of traffic lights.",
        "1 relations of actors to their lanes.",
        "1 elements that are road_island.",
        "The ego's size, 4.50 x 1.75 x 1.50 m.",
        "Weather, time of day and prompts.",
    ):
        assert sentence in report.left_out, sentence
    assert report.written["lanes"] == 1


def test_a_second_neighbour_is_left_out(tmp_path: Path) -> None:
    lane = full_scenario().elements[0]
    lanes = tuple(replace(lane, element_id=name) for name in "abc")
    relations = tuple(
        Relation(source_id="a", target_id=target, kind=RelationKind.LEFT_NEIGHBOUR) for target in ("b", "c")
    )
    graph = replace(full_scenario(), elements=lanes, relations=relations, signals=(), actors=())
    back, report = written(recording_of(graph, rig_of(FTHETA)), tmp_path / "root")
    assert back.graph.relations == relations[:1]
    assert any(sentence.startswith("1 neighbours of lanes beyond") for sentence in report.left_out)


def test_a_recording_without_cameras_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no cameras; RDS-HQ needs their calibration"):
        write_rds_hq(recording_of(full_scenario(), None), tmp_path / "root")


def test_a_drive_too_long_to_number_is_refused(tmp_path: Path) -> None:
    graph = full_scenario()
    slow = Trajectory(timestamps_us=np.array([0, 34_000_000_000]), world_from_body=graph.ego.trajectory.world_from_body)
    graph = replace(graph, ego=replace(graph.ego, trajectory=slow))
    with pytest.raises(SceneError, match="has 1020001 frames; RDS-HQ can number 1000000"):
        write_rds_hq(recording_of(graph, rig_of(FTHETA)), tmp_path / "root")


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    recording = example_recording()
    contents = []
    for name in ("one", "two"):
        write_rds_hq(recording, tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    with tarfile.open(next((tmp_path / "one" / "pose").iterdir())) as archive:
        members = archive.getmembers()
    assert {(member.mtime, member.uid, member.uname) for member in members} == {(0, 0, "")}
    frames = [int(member.name.split(".")[1]) for member in members]
    assert frames == sorted(frames)


def test_a_clip_that_is_there_already_is_refused_and_another_joins_it(tmp_path: Path) -> None:
    recording = recording_of(full_scenario(), rig_of(FTHETA))
    write_rds_hq(recording, tmp_path)
    with pytest.raises(SceneError, match="already holds the clip full_1000000_1500000"):
        write_rds_hq(recording, tmp_path)
    other = recording_of(replace(full_scenario(), scenario_id="other"), rig_of(FTHETA))
    write_rds_hq(other, tmp_path)
    assert read_rds_hq(tmp_path, clip="other_1000000_1500000").graph.start_us == 1_000_000
    assert not list(tmp_path.glob(".*"))
