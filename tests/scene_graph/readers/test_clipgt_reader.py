"""ClipGT clips, on a tiny synthetic one whose geometry is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from scipy.spatial.transform import Rotation
from synthetic_clipgt import (
    CAMERA,
    CLIP,
    NUM_POSES,
    START_US,
    Clip,
    content,
    example_clip,
    line,
    observation,
    point,
    quat,
    row,
    sensor,
    write_clip,
)

from scene_graph.actors import ActorCategory
from scene_graph.boxes import CORNER_SIGNS
from scene_graph.cameras.ftheta import ANGLE_FROM_RADIUS, RADIUS_FROM_ANGLE
from scene_graph.elements import ElementKind, MapElement, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import RelationKind
from scene_graph.readers import clipgt_tables, detect_format, list_scenes, read_recording
from scene_graph.readers.clipgt import read_clipgt
from scene_graph.readers.clipgt_map import LAYERS
from scene_graph.recording import Recording

MPS_PER_MPH = 1609.344 / 3600


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return read_clipgt(write_clip(tmp_path, example_clip()))


def read(tmp_path: Path, clip: Clip, **options: Any) -> Recording:
    return read_clipgt(write_clip(tmp_path, clip), **options)


def needed(clip: Clip) -> Clip:
    """The tables that must be there and those that differ from the example's."""
    example = example_clip()
    return {name: rows for name, rows in clip.items() if name.endswith("_estimate") or rows != example[name]}


def element(recording: Recording, element_id: str) -> MapElement:
    return next(one for one in recording.graph.elements if one.element_id == element_id)


def rig_of(clip: Clip) -> dict[str, Any]:
    return clip["calibration_estimate"][0]["calibration_estimate"]["rig_json"]["rig"]


def camera_of(clip: Clip) -> dict[str, Any]:
    return rig_of(clip)["sensors"][0]


def test_everything_of_the_clip_is_there(recording: Recording) -> None:
    assert recording.graph.scenario_id == CLIP
    assert {kind: len(recording.graph.elements_of(kind)) for kind in LAYERS.values()} == {
        ElementKind.LANE_LINE: 2, ElementKind.ROAD_BOUNDARY: 1, ElementKind.WAIT_LINE: 1, ElementKind.POLE: 2,
        ElementKind.CROSSWALK: 1, ElementKind.ROAD_MARKING: 1, ElementKind.INTERSECTION_AREA: 1,
        ElementKind.ROAD_ISLAND: 1, ElementKind.TRAFFIC_SIGN: 1, ElementKind.TRAFFIC_LIGHT: 1, ElementKind.LANE: 3,
    }  # fmt: skip
    assert recording.source.present["road boundaries"] == "1"
    assert recording.source.absent == ("states of traffic lights", "images")
    assert recording.source.skipped == ()
    assert set(example_clip()) >= set(LAYERS)


def test_the_world_is_the_source_s(recording: Recording) -> None:
    ego = recording.graph.ego.trajectory
    np.testing.assert_array_equal(ego.timestamps_us, START_US + 100_000 * np.arange(NUM_POSES))
    np.testing.assert_array_equal(ego.world_from_body.translation[:, 0], np.arange(NUM_POSES))
    np.testing.assert_array_equal(element(recording, "road_boundary-id0").vertices_world, [[0, -6, 0], [20, -6, 0]])
    np.testing.assert_allclose(recording.graph.boxes_at(START_US + 150_000).centers[0], [6.5, 4, 0.8])


def test_poses_may_lie_in_any_order(tmp_path: Path) -> None:
    clip = example_clip()
    clip["egomotion_estimate"].reverse()
    half = np.sqrt(0.5)
    clip["egomotion_estimate"][0]["egomotion_estimate"]["orientation"] = quat(z=half, w=half)
    ego = read(tmp_path, clip).graph.ego.trajectory
    np.testing.assert_array_equal(ego.world_from_body.translation[:, 0], np.arange(NUM_POSES))
    np.testing.assert_allclose(ego.world_from_body.rotation[-1], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)


# --- cameras


def test_a_camera_looks_forward_from_its_place(recording: Recording) -> None:
    assert recording.rig.names == ("camera_front_wide_120fov",)
    camera, ego_from_camera = recording.rig.cameras[0], recording.rig.ego_from_camera[0]
    assert (camera.cx_px, camera.cy_px, camera.width_px, camera.height_px) == (1919.42, 1078.106, 3848, 2168)
    assert camera.polynomial_direction == ANGLE_FROM_RADIUS
    np.testing.assert_array_equal(camera.polynomial, [0, 0.000538, 2.356e-09, 1.907e-12, 1.204e-16, 0])
    ahead = ego_from_camera.inverse().apply(np.array([11.697, -0.010, 1.443]))
    np.testing.assert_allclose(camera.project(ahead)[0], [1919.42, 1078.106], atol=1e-6)
    np.testing.assert_allclose(ahead, [0, 0, 10], atol=1e-9)
    left_above = ego_from_camera.inverse().apply(np.array([11.697, 0.990, 2.443]))
    u, v = camera.project(left_above)[0]
    assert u < 1919
    assert v < 1078


def test_angles_are_a_roll_then_a_pitch_then_a_yaw(tmp_path: Path) -> None:
    clip = example_clip()
    roll, pitch, yaw = 5.0, 20.0, 90.0
    camera_of(clip)["nominalSensor2Rig_FLU"]["roll-pitch-yaw"] = [roll, pitch, yaw]
    rotation = read(tmp_path, clip).rig.ego_from_camera[0].rotation
    # a camera pitched down (about its left) and then turned to the left looks left and down
    np.testing.assert_allclose(rotation[:, 2], [0, np.cos(np.radians(pitch)), -np.sin(np.radians(pitch))], atol=1e-12)
    # the roll turned it about the axis that it looks along: its right side went down
    down_rolled = rotation.T @ np.array([1.0, 0, 0])  # the vehicle's front is now at its right
    assert down_rolled[0] == pytest.approx(np.cos(np.radians(roll)))


def test_corrections_act_in_the_sensor_s_and_the_rig_s_frame(tmp_path: Path) -> None:
    clip = example_clip()
    camera_of(clip)["nominalSensor2Rig_FLU"]["roll-pitch-yaw"] = [0.0, 0.0, 90.0]
    camera_of(clip)["correction_sensor_R_FLU"] = {"roll-pitch-yaw": [0.0, 1.0, 0.0]}
    camera_of(clip)["correction_rig_T"] = [0.08, 0.009, -0.01]
    recording = read(tmp_path, clip)
    ego_from_camera = recording.rig.ego_from_camera[0]
    np.testing.assert_allclose(ego_from_camera.translation, [1.777, -0.001, 1.433])
    # looking left, a pitch in the sensor's own frame lowers the view and turns it nowhere else
    expected = [0, np.cos(np.radians(1)), -np.sin(np.radians(1))]
    np.testing.assert_allclose(ego_from_camera.rotation[:, 2], expected, atol=1e-12)
    assert any("1 cameras" in note and "1 degrees and 81 mm" in note for note in recording.source.derived)


@pytest.mark.parametrize(
    ("properties", "direction"),
    [
        ({"polynomial-type": "angle-to-pixeldistance", "polynomial": "0 1850 0 -30"}, RADIUS_FROM_ANGLE),
        ({"polynomial-type": None, "polynomial": [0.0, 1850.0, 0.0, -30.0]}, RADIUS_FROM_ANGLE),
        ({"polynomial-type": None}, ANGLE_FROM_RADIUS),
        ({"polynomial-type": None, "polynomial": None, "bw-poly": "0 0.000538 2.356e-09"}, ANGLE_FROM_RADIUS),
        ({"Model": None, "linear-c": 1.01, "linear-d": None}, ANGLE_FROM_RADIUS),
    ],
)
def test_lenses_in_all_their_spellings(tmp_path: Path, properties: dict[str, Any], direction: str) -> None:
    clip = example_clip()
    merged = sensor(CAMERA)["properties"] | properties
    camera_of(clip)["properties"] = {name: value for name, value in merged.items() if value is not None}
    camera = read(tmp_path, clip).rig.cameras[0]
    assert camera.polynomial_direction == direction
    assert camera.linear_cde[0] == float(merged["linear-c"])


def test_other_models_are_absent_and_other_sensors_nothing(tmp_path: Path) -> None:
    clip = example_clip()
    rig_of(clip)["sensors"] += [
        sensor("camera:rear", Model="ocam"), {"name": "lidar:top", "properties": {"rows": 128}},
    ]  # fmt: skip
    recording = read(tmp_path, clip)
    assert recording.rig.names == ("camera_front_wide_120fov",)
    assert "camera camera_rear, whose model 'ocam' is not read" in recording.source.absent


# --- frames


def test_frames_are_at_30_a_second(recording: Recording) -> None:
    times_us = recording.frame_timestamps_us - START_US
    assert len(times_us) == 31
    np.testing.assert_array_equal(times_us[:4], [0, 33_333, 66_667, 100_000])
    assert times_us[-1] == 1_000_000


def test_frames_are_at_the_camera_s_times_where_these_are_there(tmp_path: Path) -> None:
    folder = write_clip(tmp_path, example_clip())
    times_us = [START_US - 5, START_US, START_US + 70_000, START_US + 40_000]
    frames = [{"timestamp": time_us, "frame": 0} for time_us in times_us]
    (folder / f"{CLIP}.camera_front_wide_120fov.json").write_text(json.dumps(frames))
    recording = read_clipgt(folder)
    np.testing.assert_array_equal(recording.frame_timestamps_us - START_US, [0, 40_000, 70_000])
    assert any("1 outside the ego's poses were dropped" in note for note in recording.source.derived)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[3]", '[{"time": 1}]', '[{"timestamp": "1"}]', '[{"timestamp": 1e300}]']
)
def test_bad_frame_times_are_named(tmp_path: Path, text: str) -> None:
    folder = write_clip(tmp_path, example_clip())
    (folder / f"{CLIP}.camera_front_wide_120fov.json").write_text(text)
    with pytest.raises(SceneError, match=rf"{CLIP}.camera_front_wide_120fov.json: "):
        read_clipgt(folder)


# --- actors


def test_tracks_and_their_categories(recording: Recording) -> None:
    car, person = recording.graph.actors
    assert (car.track_id, car.category, car.source_category) == ("7", ActorCategory.CAR, "automobile")
    assert (person.category, person.source_category) == (ActorCategory.PEDESTRIAN, "Person")
    np.testing.assert_array_equal(person.trajectory.timestamps_us - START_US, [0, 100_000, 200_000])
    np.testing.assert_array_equal(car.size_lwh_m, [4.5, 1.9, 1.6])


def test_copies_and_single_observations_are_dropped_and_said(tmp_path: Path) -> None:
    clip = example_clip()
    clip["obstacle"] += [observation("labelstore:7", step, 5.0, 4.0) for step in (0, 1)]
    clip["obstacle"] += [observation("once", 3, 1.0, 1.0), observation("blimp", 0, 1.0, 1.0, "Zeppelin")]
    clip["obstacle"] += [observation("blimp", 1, 1.0, 1.0, "Zeppelin")]
    recording = read(tmp_path, clip)
    assert [actor.track_id for actor in recording.graph.actors] == ["7", "8", "blimp"]
    assert recording.graph.actors[2].category is ActorCategory.OTHER
    notes = " ".join(recording.source.derived)
    assert "1 tracks labelstore:*" in notes
    assert "1 tracks of a single observation" in notes
    assert "read as other: Zeppelin" in notes


def test_track_ids_may_be_numbers(tmp_path: Path) -> None:
    clip = example_clip()
    for one in clip["obstacle"]:
        one["obstacle"]["trackline_id"] = int(one["obstacle"]["trackline_id"])
    assert [actor.track_id for actor in read(tmp_path, clip).graph.actors] == ["7", "8"]


def test_a_gap_is_an_absence_where_it_is_long_for_the_table(tmp_path: Path) -> None:
    clip = example_clip()
    clip["obstacle"] = [observation("7", step, 5.0 + step, 4.0) for step in (0, 1, 2, 5, 9, 10)]
    (car,) = read(tmp_path, clip).graph.actors
    np.testing.assert_array_equal(car.absent_us - START_US, [[500_000, 900_000]])
    # half a second apart is no gap in a table of two a second
    clip["obstacle"] = [observation("7", step, 5.0 + step, 4.0) for step in (0, 5, 10)]
    (car,) = read(tmp_path, clip).graph.actors
    assert len(car.absent_us) == 0


# --- map


def test_marks_are_those_of_most_points(recording: Recording) -> None:
    mark = element(recording, "lane_line-id0").mark
    assert (mark.colour, mark.pattern) == (MarkColour.YELLOW, MarkPattern.SOLID_DOUBLE)
    dashed = element(recording, "lane_line-id1")
    assert dashed.mark.pattern is MarkPattern.DASHED_SINGLE
    assert dashed.attributes["style"] == "WHITE LONG_DASHED_SINGLE"


def test_lane_lines_of_the_older_spelling_and_without_paint(tmp_path: Path) -> None:
    clip = example_clip()
    lines = clip["lane_line"]
    lines[0]["lane_line"] = {"path": line((0, 2), (5, 2))}
    lines[1]["lane_line"]["styles"] = ["VIRTUAL", "VIRTUAL"]
    recording = read(tmp_path, clip)
    (only,) = recording.graph.elements_of(ElementKind.LANE_LINE)
    assert (only.mark.colour, only.mark.pattern) == (MarkColour.WHITE, MarkPattern.SOLID_SINGLE)
    np.testing.assert_array_equal(only.vertices_world, [[0, 2, 0], [5, 2, 0]])
    notes = " ".join(recording.source.derived)
    assert "1 virtual lane lines" in notes
    assert "1 lane lines without colour or style" in notes


def test_lanes_have_mid_lines_and_rules(recording: Recording) -> None:
    lane = element(recording, "lane-id0")
    np.testing.assert_allclose(lane.vertices_world, [[0, 0, 0], [10, 0, 0], [20, 0, 0]])
    assert lane.lane.speed_limit_mps == pytest.approx(25 * MPS_PER_MPH)
    assert (lane.lane.lane_type, lane.lane.in_intersection) == ("vehicle", False)
    assert lane.attributes["left_edge"] == "YELLOW SOLID_SINGLE"
    assert lane.attributes["right_edge"] == "UNKNOWN VIRTUAL"
    assert element(recording, "lane-id1").lane.in_intersection
    assert element(recording, "lane-id2").lane.lane_type == "shoulder"


@pytest.mark.parametrize(("limit", "mph"), [("31.0685", 31.0685), ("", None), (None, None), (float("nan"), None)])
def test_speed_limits_may_be_texts_or_missing(tmp_path: Path, limit: Any, mph: float | None) -> None:
    clip = example_clip()
    for one in clip["lane"]:
        one["lane"]["speed_limit"] = limit
    found = element(read(tmp_path, clip), "lane-id0").lane.speed_limit_mps
    assert found == (None if mph is None else pytest.approx(mph * MPS_PER_MPH))


def test_relations_are_joined_on_map_ids(recording: Recording) -> None:
    found = [(relation.kind, relation.source_id, relation.target_id) for relation in recording.graph.relations]
    assert len(found) == len(set(found))
    assert set(found) == {
        (RelationKind.SUCCESSOR, "lane-id0", "lane-id1"),
        (RelationKind.LEFT_NEIGHBOUR, "lane-id2", "lane-id0"),
        (RelationKind.RIGHT_NEIGHBOUR, "lane-id0", "lane-id2"),
        (RelationKind.CONTROLS, "wait_line-id0", "lane-id0"),
        (RelationKind.CONTROLS, "traffic_light-id0", "lane-id0"),
    }


def test_a_pole_of_one_point_stands_upright(recording: Recording) -> None:
    np.testing.assert_array_equal(element(recording, "pole-id1").vertices_world, [[6, 8, 0.5], [6, 8, 3.5]])
    assert any("1 poles" in note and "3 m up" in note for note in recording.source.derived)


def test_cuboids_and_their_default_sizes(recording: Recording) -> None:
    light = element(recording, "traffic_light-id0").vertices_world
    np.testing.assert_allclose(light, [20, 0, 5] + CORNER_SIGNS * [0.3, 0.3, 0.5])
    sign = element(recording, "traffic_sign-id0").vertices_world
    turn = Rotation.from_quat([0, 0, 0.6, 0.8]).as_matrix()
    np.testing.assert_allclose(sign, [9, 7, 3] + (CORNER_SIGNS * [0.05, 0.4, 0.3]) @ turn.T)
    assert any("1 traffic lights without dimensions are 0.6 x 0.6 x 1 m" in note for note in recording.source.derived)


def test_a_sign_without_dimensions(tmp_path: Path) -> None:
    clip = example_clip()
    del clip["traffic_sign"][0]["traffic_sign"]["dimensions"]
    corners = element(read(tmp_path, clip), "traffic_sign-id0").vertices_world
    np.testing.assert_allclose(np.linalg.norm(corners[0] - corners[[3, 1, 4]], axis=1), [0.8, 0.3, 0.8])


def test_attributes_are_the_source_s(recording: Recording) -> None:
    assert element(recording, "wait_line-id0").attributes == {
        "category": "STOP", "is_implicit": "true", "intersection_subtype": "ENTRY",
    }  # fmt: skip
    assert element(recording, "road_boundary-id0").attributes == {"category": "tall_curb"}
    assert len(element(recording, "crosswalk-id0").vertices_world) == 4


def test_ids_are_made_unique_and_made_up(tmp_path: Path) -> None:
    clip = example_clip()
    clip["pole"][1]["key"]["map_id"] = clip["pole"][0]["key"]["map_id"] = "road_boundary-id0"
    del clip["road_marking"][0]["key"]["map_id"]
    recording = read(tmp_path, clip)
    poles = [pole.element_id for pole in recording.graph.elements_of(ElementKind.POLE)]
    assert poles == ["road_boundary-id0#2", "road_boundary-id0#3"]
    assert recording.graph.elements_of(ElementKind.ROAD_MARKING)[0].element_id == "road_marking-0"
    assert any(note.startswith("2 elements whose map id") for note in recording.source.derived)


# --- what may be missing


def test_optional_tables_may_be_missing(tmp_path: Path) -> None:
    clip = {name: rows for name, rows in example_clip().items() if name.endswith("_estimate")}
    recording = read(tmp_path, clip)
    assert set(LAYERS) | {"obstacle", "association (relations of lanes)"} <= set(recording.source.absent)
    assert recording.graph.elements == recording.graph.actors == ()


@pytest.mark.parametrize("payload", [None, {"location": None, "category": None}])
def test_a_row_of_nulls_is_an_empty_table(tmp_path: Path, payload: Any) -> None:
    clip = example_clip()
    clip["crosswalk"] = [{"key": {"clip_id": None}, "crosswalk": payload, "version": None}]
    clip["pole"].append({"key": {"clip_id": CLIP}, "pole": payload, "version": 1})
    clip["obstacle"].append({"key": {"timestamp_micros": None}, "obstacle": None, "version": None})
    folder = tmp_path / "clip"
    write_clip(folder, {name: rows for name, rows in clip.items() if name != "crosswalk"})
    table = pyarrow.Table.from_pylist(clip["crosswalk"])
    if payload is not None:  # a column that is null throughout has no fields at all
        parquet.write_table(table, folder / f"{CLIP}.crosswalk.parquet")
    recording = read_clipgt(folder)
    assert recording.graph.elements_of(ElementKind.CROSSWALK) == ()
    assert len(recording.graph.elements_of(ElementKind.POLE)) == 2
    assert len(recording.graph.actors) == 2


def test_numbers_of_single_precision(tmp_path: Path) -> None:
    folder = write_clip(tmp_path, example_clip())
    narrow = pyarrow.struct([(axis, pyarrow.float32()) for axis in "xyz"])
    table = content("road_boundary", example_clip()["road_boundary"])
    fields = [("category", pyarrow.string()), ("location", pyarrow.list_(narrow))]
    schema = table.schema.set(1, pyarrow.field("road_boundary", pyarrow.struct(fields)))
    parquet.write_table(table.cast(schema), folder / f"{CLIP}.road_boundary.parquet")
    np.testing.assert_array_equal(
        element(read_clipgt(folder), "road_boundary-id0").vertices_world, [[0, -6, 0], [20, -6, 0]]
    )


# --- where a clip lies


def test_one_of_several_clips_or_a_path_to_one(tmp_path: Path) -> None:
    write_clip(tmp_path, example_clip())
    write_clip(tmp_path, example_clip(), prefix="other.v2.")
    assert (detect_format(tmp_path), list_scenes(tmp_path)) == ("clipgt", [CLIP, "other.v2"])
    assert read_recording(tmp_path, scene="other.v2").graph.scenario_id == "other.v2"
    assert read_recording(tmp_path / "other.v2.lane.parquet").graph.scenario_id == "other.v2"
    with pytest.raises(SceneError, match=rf"expected one clip , found {CLIP}, other.v2"):
        read_clipgt(tmp_path)


def test_tables_without_a_prefix_are_called_as_their_folder(tmp_path: Path) -> None:
    folder = write_clip(tmp_path / "drive", example_clip(), prefix="")
    assert list_scenes(folder) == ["drive"]
    assert len(read_clipgt(folder / "lane.parquet").graph.actors) == 2


def test_a_folder_of_other_tables_is_none_of_ours(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "sales.parquet")
    with pytest.raises(SceneError, match="not recognised"):
        detect_format(tmp_path)


@pytest.mark.parametrize("table", ["calibration_estimate", "egomotion_estimate"])
def test_a_required_table_must_be_there(tmp_path: Path, table: str) -> None:
    clip = example_clip()
    del clip[table]
    with pytest.raises(SceneError, match=rf"{CLIP}.{table}.parquet: no such file"):
        read(tmp_path, clip)


# --- bad input


def _payload(table: str, index: int = 0, **values: Any) -> Callable[[Clip], None]:
    return lambda clip: clip[table][index][table].update(values)


def _key(table: str, index: int, **values: Any) -> Callable[[Clip], None]:
    return lambda clip: clip[table][index]["key"].update(values)


def _properties(**values: Any) -> Callable[[Clip], None]:
    return lambda clip: rig_of(clip)["sensors"].append(sensor("camera:bad", **values))


def _sensor(**values: Any) -> Callable[[Clip], None]:
    return lambda clip: rig_of(clip)["sensors"].append(sensor("camera:bad") | values)


NAN = float("nan")
BAD_RECORDS = {
    "ego without a place": (_payload("egomotion_estimate", 3, location=point(NAN, 0)), "egomotion.*row 3: position"),
    "ego far away": (_payload("egomotion_estimate", 3, location=point(0, 1e9)), "egomotion.*row 3: position"),
    "no rotation": (_payload("egomotion_estimate", 3, orientation=quat(w=0.0)), "row 3: orientation.* norm 0"),
    "pose without time": (_key("egomotion_estimate", 3, timestamp_micros=None), "row 3: timestamp_micros"),
    "pose of another age": (_key("egomotion_estimate", 3, timestamp_micros=2**62), "row 3: timestamp_micros"),
    "time twice": (_key("egomotion_estimate", 3, timestamp_micros=START_US), "row 3: repeats the time"),
    "flat box": (_payload("obstacle", 4, size=point(4, 0, 1)), "obstacle.parquet, row 4: size"),
    "null size": (_payload("obstacle", 4, size=None), "obstacle.parquet, row 4: size"),
    "null center": (_payload("obstacle", 4, center={"x": 1.0, "y": None, "z": 0.0}), "row 4: position"),
    "actor without id": (_payload("obstacle", 4, trackline_id=None), "row 4: trackline_id"),
    "actor twice": (_key("obstacle", 4, timestamp_micros=START_US), "track '7': is observed twice"),
    "line of one point": (_payload("lane_line", line_rail=line((0, 0))), "lane_line.parquet, row 0: .*1 vertices"),
    "NaN vertex": (_payload("road_boundary", location=line((0, 0), (NAN, 0))), "road_boundary.*row 0: .*NaN"),
    "null vertex": (_payload("road_boundary", location=[point(0, 0), None]), "row 0: location: expected points"),
    "no points": (_payload("road_boundary", location=None), "road_boundary.parquet, row 0: location is missing"),
    "area of two points": (_payload("crosswalk", location=line((0, 0), (1, 1), (0, 0))), "row 0: .*2 vertices"),
    "one rail": (_payload("lane", 1, right_rail=None), "lane.parquet, row 1: right_rail is missing"),
    "rail of a point": (_payload("lane", 1, right_rail=line((0, 0))), "row 1: has rails of 2 and 1 points"),
    "absurd limit": (_payload("lane", 1, speed_limit=-5.0), "lane.parquet, row 1: .*speed_limit"),
    "light without center": (_payload("traffic_light", center=None), "traffic_light.*row 0: center is missing"),
    "light without turn": (_payload("traffic_light", orientation=quat(w=0.0)), "row 0: quaternion"),
    "negative sign": (_payload("traffic_sign", dimensions=point(-1, 1, 1)), "row 0: dimensions are -1 x 1 x 1"),
    "relation of nothing": (_payload("association", subjects=None), "association.parquet, row 0: subjects"),
    "camera without lens": (_properties(polynomial="0"), r"sensor 2 \(camera:bad\): polynomial has shape"),
    "lens of seven": (_properties(polynomial="0 1 2 3 4 5 6"), "camera:bad.*polynomial has shape"),
    "lens of words": (_properties(polynomial="0 fast"), "camera:bad.*polynomial is 'fast'"),
    "falling lens": (_properties(polynomial="0 -0.0005"), "camera:bad.*k1"),
    "unknown type": (_properties(**{"polynomial-type": "sideways"}), "camera:bad.*polynomial-type is 'sideways'"),
    "half a pixel": (_properties(width="3848.5"), "camera:bad.*width is 3848.5 px"),
    "no image": (_properties(height=0), "camera:bad.*height_px is 0"),
    "endless principal point": (_properties(cx="inf"), "camera:bad.*cx is 'inf'"),
    "camera without place": (_sensor(nominalSensor2Rig_FLU=None), "camera:bad.*nominalSensor2Rig_FLU"),
    "two angles": (
        _sensor(nominalSensor2Rig_FLU={"t": [0, 0, 0], "roll-pitch-yaw": [0, 0]}), "camera:bad.*roll-pitch-yaw"
    ),
    "camera twice": (_sensor(name=CAMERA), "repeats the camera 'camera_front_wide_120fov'"),
    "camera with a path": (_sensor(name="camera/../x"), "expected a name of letters"),
    "camera without anything": (_sensor(properties={}), "camera:bad.*neither a Model nor a polynomial"),
    "a sensor that is a number": (lambda clip: rig_of(clip)["sensors"].append(5), "sensor 2"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_named(tmp_path: Path, change: Callable[[Clip], None], message: str) -> None:
    clip = example_clip()
    change(clip)
    with pytest.raises(SceneError, match=message) as raised:
        read(tmp_path, needed(clip))
    assert "\n" not in str(raised.value)
    assert CLIP in str(raised.value)


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_skipped_on_request(tmp_path: Path, change: Callable[[Clip], None], message: str) -> None:
    clip = example_clip()
    change(clip)
    recording = read(tmp_path, needed(clip), skip_bad_records=True)
    assert len(recording.source.skipped) == 1
    assert CLIP in recording.source.skipped[0]


@pytest.mark.parametrize(
    ("table", "rows", "message"),
    [
        ("obstacle", [{"key": {"timestamp_micros": "now"}, "obstacle": {"center": point(0, 0)}}], "no field obstacle"),
        ("obstacle", [{"key": {"timestamp_micros": 1}, "obstacle": {"center": 5}}], "obstacle"),
        ("obstacle", [{"key": 3, "obstacle": 4}], "column 'key': expected a struct, received int64"),
        ("obstacle", [{"obstacle": observation("1", 0, 0, 0)["obstacle"]}], "no field key.timestamp_micros"),
        ("obstacle", [row("obstacle", {"trackline_id": 1.5}, timestamp_micros=1)], "trackline_id: expected texts"),
        ("pole", [{"key": {"map_id": "a"}, "mast": {"x": 1}}], "no column 'pole'"),
        ("pole", [{"key": {"map_id": "a"}, "pole": {"location": "here"}}], "pole.parquet, row 0: location: expected"),
        ("pole", [{"key": {"map_id": "a"}, "pole": {"location": [[1.0], [2.0]]}}], "row 0: location: expected points"),
    ],
)
def test_tables_of_other_shapes_are_named(tmp_path: Path, table: str, rows: list[Any], message: str) -> None:
    clip = {name: rows for name, rows in example_clip().items() if name != table}
    folder = write_clip(tmp_path, clip)
    parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"{CLIP}.{table}.parquet")
    with pytest.raises(SceneError, match=message) as raised:
        read_clipgt(folder)
    assert f"{CLIP}.{table}.parquet" in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1PAR1", b"\0" * 100, b"PAR1" + b"\xff" * 50 + b"PAR1"])
def test_corrupt_files_are_named(tmp_path: Path, data: bytes) -> None:
    folder = write_clip(tmp_path, example_clip())
    (folder / f"{CLIP}.lane.parquet").write_bytes(data)
    with pytest.raises(SceneError, match=rf"{CLIP}.lane.parquet: expected a parquet table, but"):
        read_clipgt(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"rig": 5}', '{"rig": {}}', '{"rig": {"sensors": []}}'])
def test_corrupt_calibrations_are_named(tmp_path: Path, text: str) -> None:
    clip = example_clip()
    clip["calibration_estimate"][0]["calibration_estimate"]["rig_json"] = text
    with pytest.raises(SceneError, match=rf"{CLIP}.calibration_estimate.parquet, row 0, rig_json: "):
        read(tmp_path, clip)


def test_a_drive_of_years_is_refused(tmp_path: Path) -> None:
    clip = example_clip()
    clip["egomotion_estimate"][0]["key"]["timestamp_micros"] = 0
    with pytest.raises(SceneError, match=r"spans 17.* s; expected at most 86400 s"):
        read(tmp_path, clip)


def test_a_small_file_of_many_points_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipgt_tables, "MAX_VALUES", 2_000_000)
    folder = write_clip(tmp_path, needed(example_clip()))
    axis = pyarrow.repeat(0.0, 1_000_000)
    points = pyarrow.StructArray.from_arrays([axis] * 3, names=list("xyz"))
    location = pyarrow.ListArray.from_arrays(pyarrow.array([0, len(axis)], pyarrow.int32()), points)
    path = folder / f"{CLIP}.pole.parquet"
    parquet.write_table(pyarrow.table({"pole": pyarrow.StructArray.from_arrays([location], names=["location"])}), path)
    assert path.stat().st_size < 10_000
    with pytest.raises(SceneError, match=r"pole.parquet: claims 3000000 values; expected at most 2000000"):
        read_clipgt(folder)


def test_a_text_repeated_too_often_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipgt_tables, "MAX_TABLE_BYTES", 1_000_000)
    clip = {name: rows for name, rows in example_clip().items() if name.endswith("_estimate")}
    clip["pole"] = [row("pole", {"category": "x" * 10_000}) for _ in range(500)]
    folder = write_clip(tmp_path, clip)
    assert (folder / f"{CLIP}.pole.parquet").stat().st_size < 20_000
    with pytest.raises(SceneError, match=r"pole.parquet: unpacks to more than 1000000 bytes"):
        read_clipgt(folder)
