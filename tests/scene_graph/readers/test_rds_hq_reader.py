"""RDS-HQ clips, on a tiny synthetic one whose geometry is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_rds_hq import (
    CAMERA,
    CLIP,
    START_US,
    Clip,
    cuboid,
    ego_from_camera,
    ego_pose,
    example_clip,
    label,
    polyline,
    source_corners,
    surface,
    write_clip,
)

from scene_graph.actors import ActorCategory
from scene_graph.boxes import CORNER_SIGNS
from scene_graph.cameras import FThetaCamera, PinholeCamera
from scene_graph.elements import ElementKind, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import RelationKind
from scene_graph.readers.rds_hq import read_rds_hq
from scene_graph.readers.rds_hq_labels import LAYERS
from scene_graph.recording import Recording
from scene_graph.signals import SignalState


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return read_rds_hq(write_clip(tmp_path, example_clip()))


def element(recording: Recording, element_id: str) -> Any:
    (found,) = (element for element in recording.graph.elements if element.element_id == element_id)
    return found


def labels(clip: Clip, layer: str) -> list[dict[str, Any]]:
    return clip[f"3d_{layer}"][f"{layer}.json"]["labels"]


def test_poses_follow_the_clock_of_the_name(recording: Recording) -> None:
    ego = recording.graph.ego.trajectory
    np.testing.assert_array_equal(ego.timestamps_us[:4], START_US + np.array([0, 33_333, 66_667, 100_000]))
    np.testing.assert_array_equal(recording.frame_timestamps_us, ego.timestamps_us)
    for frame in (0, 9):
        np.testing.assert_allclose(ego.world_from_body[frame].matrix, ego_pose(frame), atol=1e-6)


def test_a_name_without_times_starts_at_zero(tmp_path: Path) -> None:
    recording = read_rds_hq(write_clip(tmp_path, example_clip(), name="my_clip"))
    assert recording.graph.start_us == 0
    assert any("hold no time" in sentence for sentence in recording.source.derived)


def test_missing_frames_leave_gaps_in_the_clock(tmp_path: Path) -> None:
    clip = example_clip()
    del clip["vehicle_pose"]["000001.vehicle_pose.npy"]
    recording = read_rds_hq(write_clip(tmp_path, clip))
    np.testing.assert_array_equal(recording.frame_timestamps_us[:2], START_US + np.array([0, 66_667]))


def test_the_rig_holds_cameras_with_poses(recording: Recording) -> None:
    rig = recording.rig
    assert rig is not None
    assert rig.names == (CAMERA,)
    np.testing.assert_allclose(rig.ego_from_camera[0].matrix, ego_from_camera(), atol=1e-6)
    camera = rig.cameras[0]
    assert isinstance(camera, FThetaCamera)
    assert camera.polynomial_direction == "angle_from_radius"
    np.testing.assert_allclose(camera.polynomial, [0, 2e-3, 0, 0, 0, 0])
    assert (camera.cx_px, camera.cy_px, camera.width_px, camera.height_px) == (320, 240, 640, 480)
    assert "pose of camera_without_pose" in recording.source.absent


def test_the_rig_is_the_first_common_frame_s_and_deviations_are_measured(tmp_path: Path) -> None:
    clip = example_clip()
    del clip["vehicle_pose"]["000000.vehicle_pose.npy"]
    moved = ego_pose(5) @ ego_from_camera()
    moved[:3, 3] += [0.0, 0.0, 0.25]
    clip["pose"][f"000005.pose.{CAMERA}.npy"] = moved
    del clip["all_object_info"]["000000.all_object_info.json"]
    recording = read_rds_hq(write_clip(tmp_path, clip))
    np.testing.assert_allclose(recording.rig.ego_from_camera[0].matrix, ego_from_camera(), atol=1e-6)
    assert any("differ by up to 2.5e+02 mm" in sentence for sentence in recording.source.derived)


def test_forward_polynomials_and_linear_terms(tmp_path: Path) -> None:
    clip = example_clip()
    numbers = [320, 240, 640, 480, 0, 500, 1, 2, 3, 4, 0, 1.01, 0.002, 0.003]
    clip["ftheta_intrinsic"][f"ftheta_intrinsic.{CAMERA}.npy"] = np.array(numbers, dtype=float)
    camera = read_rds_hq(write_clip(tmp_path, clip)).rig.cameras[0]
    assert camera.polynomial_direction == "radius_from_angle"
    np.testing.assert_allclose(camera.polynomial, [0, 500, 1, 2, 3, 4])
    np.testing.assert_allclose(camera.linear_cde, [1.01, 0.002, 0.003])


def test_pinholes_on_request_or_where_there_is_nothing_else(tmp_path: Path) -> None:
    root = write_clip(tmp_path, example_clip())
    asked = read_rds_hq(root, lens="pinhole")
    assert not any("pinholes" in sentence for sentence in asked.source.derived)
    (root / "ftheta_intrinsic" / f"{CLIP}.tar").unlink()
    left_over = read_rds_hq(root)
    assert any("no f-theta calibration" in sentence for sentence in left_over.source.derived)
    for recording in (asked, left_over):
        camera = recording.rig.cameras[0]
        assert isinstance(camera, PinholeCamera)
        assert (camera.fx_px, camera.cx_px, camera.width_px) == (500, 320, 640)


def test_elements_come_in_the_order_of_layers_and_labels(recording: Recording) -> None:
    ids = [element.element_id for element in recording.graph.elements]
    assert ids == [
        "line-a", "line-b", "edge", "wait", "pole", "walk", "arrow", "sign", "light", "lane-a", "lane-b", "lane-c",
    ]  # fmt: skip
    assert recording.source.present["lane lines"] == "2"


def test_paint_is_that_of_most_vertices(recording: Recording) -> None:
    line = element(recording, "line-a")
    assert (line.mark.colour, line.mark.pattern, line.mark.width_m) == (
        MarkColour.YELLOW, MarkPattern.SOLID_DOUBLE, 0.3,
    )  # fmt: skip
    assert line.attributes["style"] == "YELLOW SOLID_GROUP"
    bare = element(recording, "line-b")
    assert (bare.mark.colour, bare.mark.pattern) == (MarkColour.WHITE, MarkPattern.SOLID_SINGLE)
    assert bare.attributes["style"] == "WHITE SOLID_SINGLE"
    assert bare.mark.width_m == 0.15
    assert any("1 lane lines of no or zero width" in sentence for sentence in recording.source.derived)


@pytest.mark.parametrize(
    ("colour", "style", "expected"),
    [
        ("WHITE", "LONG_DASHED_SINGLE", (MarkColour.WHITE, MarkPattern.DASHED_SINGLE)),
        ("YELLOW", "SOLID_DASHED", (MarkColour.YELLOW, MarkPattern.SOLID_DASHED)),
        ("BLUE", "DOT_DASHED_GROUP", (MarkColour.BLUE, MarkPattern.DOT_DASHED_DOUBLE)),
        ("PINK", "ZIGZAG", (MarkColour.UNKNOWN, MarkPattern.OTHER)),
    ],
)
def test_styles_have_patterns(tmp_path: Path, colour: str, style: str, expected: tuple) -> None:
    clip = example_clip()
    labels(clip, "lanelines")[1] = label(
        "line-b", polyline((0, 0, 0), (1, 0, 0)), colors=[colour] * 2, styles=[style] * 2
    )
    line = element(read_rds_hq(write_clip(tmp_path, clip)), "line-b")
    assert (line.mark.colour, line.mark.pattern) == expected
    assert line.attributes["style"] == f"{colour} {style}"


def test_lanes_have_mid_lines_and_rules(recording: Recording) -> None:
    lane = element(recording, "lane-a")
    np.testing.assert_allclose(lane.vertices_world, [[0, 0, 0], [10, 0, 0], [20, 0, 0]])
    assert lane.lane.lane_type == "vehicle"
    np.testing.assert_allclose(lane.lane.speed_limit_mps, 25 * 1609.344 / 3600)
    assert element(recording, "lane-b").lane.in_intersection
    assert element(recording, "lane-c").lane.lane_type == "shoulder"
    assert element(recording, "lane-c").attributes["speed_limit"] == "65.0"


def test_relations_are_joined_on_features(recording: Recording) -> None:
    found = [(relation.kind, relation.source_id, relation.target_id) for relation in recording.graph.relations]
    assert len(found) == len(set(found))
    assert set(found) == {
        (RelationKind.SUCCESSOR, "lane-a", "lane-b"),
        (RelationKind.RIGHT_NEIGHBOUR, "lane-a", "lane-c"),
        (RelationKind.LEFT_NEIGHBOUR, "lane-c", "lane-a"),
        (RelationKind.CONTROLS, "light", "lane-a"),
        (RelationKind.CONTROLS, "wait", "lane-a"),
    }


@pytest.mark.parametrize("flip", [(1, 1, 1), (1, -1, 1), (-1, 1, -1), (-1, -1, -1)])
def test_cuboids_keep_their_corners_and_get_our_order(tmp_path: Path, flip: tuple[int, int, int]) -> None:
    clip = example_clip()
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    corners = source_corners((0, 0, 0), (0.2, 0.8, 0.6)) * flip @ turn.T + [9, 7, 3]
    labels(clip, "traffic_signs")[0] = label("sign", cuboid(corners))
    ours = element(read_rds_hq(write_clip(tmp_path, clip)), "sign").vertices_world
    np.testing.assert_allclose(sorted(map(tuple, ours)), sorted(map(tuple, corners)))
    axes = np.stack([ours[0] - ours[3], ours[0] - ours[1], ours[0] - ours[4]])
    np.testing.assert_allclose(np.linalg.norm(axes, axis=1), [0.2, 0.8, 0.6])
    frame = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.det(frame), 1.0)
    np.testing.assert_allclose(frame[2], [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(ours, [9, 7, 3] + (CORNER_SIGNS * [0.1, 0.4, 0.3]) @ frame)
    # the source's front stays the front
    np.testing.assert_allclose(ours[[0, 1, 4, 5]].mean(axis=0), corners[[0, 1, 4, 5]].mean(axis=0))


def test_light_states_are_kept_where_they_change(recording: Recording) -> None:
    (signal,) = recording.graph.signals
    assert signal.element_id == "light"
    np.testing.assert_array_equal(signal.timestamps_us, [START_US, START_US + 133_333])
    assert signal.at(START_US + 133_332) is SignalState.RED
    assert signal.at(START_US + 300_000) is SignalState.GREEN


def test_unknown_states_are_reported(tmp_path: Path) -> None:
    clip = example_clip()
    table = clip["3d_traffic_lights_status"]["aggregated_states.json"]["traffic_light_states"]
    table["0"]["state"] = ["PURPLE"] * 10
    table["1"] = {"feature_id": "no such light", "state": ["RED"]}
    recording = read_rds_hq(write_clip(tmp_path, clip))
    assert recording.graph.signals[0].states == (SignalState.UNKNOWN,)
    assert len(recording.graph.signals) == 1
    assert any("PURPLE" in sentence for sentence in recording.source.derived)


def test_moving_and_parked_objects(recording: Recording) -> None:
    truck, car = recording.graph.actors
    assert (truck.category, truck.source_category) == (ActorCategory.TRUCK, "Heavy_truck")
    assert car.category is ActorCategory.CAR
    for frame in (0, 3, 9):
        time_us = START_US + round(frame * 1e6 / 30)
        np.testing.assert_allclose(car.trajectory.at(time_us).translation, [5 + frame, 4, 0.8])
        # the pose of frame 6, seen the wrong way round, does not count, nor its size
        pose = truck.trajectory.at(time_us)
        np.testing.assert_allclose(pose.translation, [12 + 0.1 / 3, -4, 0.8], atol=1e-9)
        np.testing.assert_allclose(pose.rotation, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(truck.size_lwh_m, [(8 + 9 + 11) / 3, 1.8, 1.6])
    assert any("1 objects that do not move" in sentence for sentence in recording.source.derived)


def test_an_object_that_ever_moves_is_no_parked_one(tmp_path: Path) -> None:
    clip = example_clip()
    clip["all_object_info"]["000009.all_object_info.json"]["truck"]["object_is_moving"] = True
    truck = read_rds_hq(write_clip(tmp_path, clip)).graph.actors[0]
    np.testing.assert_allclose(truck.trajectory.at(START_US + 100_000).translation, [12.1, -4, 0.8])
    np.testing.assert_allclose(truck.size_lwh_m[0], np.median([8, 9, 10, 11]))


def test_types_of_any_case_and_unknown_ones(tmp_path: Path) -> None:
    clip = example_clip()
    for table in clip["all_object_info"].values():
        table["car"]["object_type"], table["truck"]["object_type"] = "PEDESTRIAN", "Blimp"
    recording = read_rds_hq(write_clip(tmp_path, clip))
    assert [actor.category for actor in recording.graph.actors] == [ActorCategory.OTHER, ActorCategory.PEDESTRIAN]
    assert any("Blimp" in sentence for sentence in recording.source.derived)


def test_layers_may_be_missing_or_empty(tmp_path: Path) -> None:
    clip = example_clip()
    for layer in ("poles", "lanes", "traffic_lights"):
        del clip[f"3d_{layer}"]
    del clip["all_object_info"]
    del clip["3d_traffic_lights_status"]
    labels(clip, "crosswalks")[0] = {"labelFamily": "EMPTY", "labelId": "x", "labelData": {"emptyLabel": True}}
    recording = read_rds_hq(write_clip(tmp_path, clip))
    absent = {"3d_poles", "3d_lanes", "3d_traffic_lights", "all_object_info", "3d_traffic_lights_status"}
    assert absent <= set(recording.source.absent)
    assert recording.source.present["crosswalks"] == "0"
    assert recording.graph.actors == ()
    assert recording.graph.elements_of(ElementKind.CROSSWALK, ElementKind.LANE) == ()


def test_vertices_may_be_objects(tmp_path: Path) -> None:
    clip = example_clip()
    labels(clip, "poles")[0] = label(
        "pole", {"polyline3d": {"vertices": [{"x": 1, "y": 2, "z": 3}, {"x": 1, "y": 2, "z": 0}]}}
    )
    pole = element(read_rds_hq(write_clip(tmp_path, clip)), "pole")
    np.testing.assert_array_equal(pole.vertices_world, [[1, 2, 3], [1, 2, 0]])


def test_one_of_several_clips_or_a_path_to_one(tmp_path: Path) -> None:
    write_clip(tmp_path, example_clip())
    write_clip(tmp_path, example_clip(), name="other_1_2")
    with pytest.raises(SceneError, match=f"expected one clip , found other_1_2, {CLIP}"):
        read_rds_hq(tmp_path)
    assert read_rds_hq(tmp_path, clip="other_1_2").graph.start_us == 1
    assert read_rds_hq(tmp_path / "pose" / f"{CLIP}.tar").graph.start_us == START_US


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    root = write_clip(tmp_path, example_clip())
    assert read_rds_hq(root).graph.hash() == read_rds_hq(root).graph.hash()


def _array(attribute: str, key: str, place: tuple[int, ...], value: float) -> Callable[[Clip], None]:
    def change(clip: Clip) -> None:
        array = np.array(clip[attribute][key], dtype=np.float64)
        array[place] = value
        clip[attribute][key] = array

    return change


def _object(**values: Any) -> Callable[[Clip], None]:
    return lambda clip: clip["all_object_info"]["000003.all_object_info.json"]["car"].update(values)


def _label(layer: str, new: dict[str, Any]) -> Callable[[Clip], None]:
    def change(clip: Clip) -> None:
        labels(clip, layer)[0] = new

    return change


def _late_object(clip: Clip) -> None:
    clip["all_object_info"]["000012.all_object_info.json"] = {
        "car": clip["all_object_info"]["000009.all_object_info.json"]["car"]
    }


def _feature_twice(clip: Clip) -> None:
    labels(clip, "lanes")[2]["labelData"]["shape3d"]["attributes"][1]["text"] = "11"


POSE = "000004.vehicle_pose.npy"
NAN_LINE = label("line-a", polyline((0, 0, 0), (float("nan"), 0, 0)), colors=["WHITE"], styles=["SOLID_SINGLE"])
FLAT = cuboid(np.zeros((8, 3)))
BAD_RECORDS = {
    "NaN pose": (_array("vehicle_pose", POSE, (0, 3), np.nan), POSE),
    "scaled pose": (_array("vehicle_pose", POSE, (0, 0), 2.0), f"{POSE}: .*not orthonormal"),
    "transposed pose": (_array("vehicle_pose", POSE, (3, 0), 4.0), f"{POSE}: the matrix's last row"),
    "NaN camera pose": (_array("pose", f"000004.pose.{CAMERA}.npy", (1, 1), np.nan), f"000004.pose.{CAMERA}"),
    "negative focal length": (
        _array("ftheta_intrinsic", "ftheta_intrinsic.camera_without_pose.npy", (5,), -1e-3),
        "ftheta_intrinsic.camera_without_pose.npy: .*k1",
    ),
    "NaN principal point": (
        _array("ftheta_intrinsic", "ftheta_intrinsic.camera_without_pose.npy", (0,), np.nan),
        "ftheta_intrinsic.camera_without_pose.npy: .*cx_px",
    ),
    "half a pixel": (
        _array("ftheta_intrinsic", "ftheta_intrinsic.camera_without_pose.npy", (2,), 640.5),
        "image of 640.5 x 480 px",
    ),
    "zero-size box": (_object(object_lwh=[4.0, 0.0, 1.6]), "000003.*object 'car': size 4 x 0 x 1.6 m"),
    "two sizes": (_object(object_lwh=[4.0, 1.6]), "object 'car': object_lwh"),
    "NaN object": (_object(object_to_world=np.full((4, 4), np.nan).tolist()), "object 'car': object_to_world"),
    "squashed object": (_object(object_to_world=np.diag([1, 1, 0.5, 1]).tolist()), "object 'car': .*orthonormal"),
    "object without type": (_object(object_type=None), "object 'car': object.object_type"),
    "object after the log": (_late_object, "000012.*frame 12 lies outside the poses"),
    "polygon of two points": (
        _label("crosswalks", label("walk", surface((0, 0, 0), (1, 1, 0), (0, 0, 0)))),
        r"crosswalks.json, label 0 \(walk\): .*2 vertices",
    ),
    "line of one point": (_label("poles", label("pole", polyline((0, 0, 0)))), r"label 0 \(pole\): .*1 vert"),
    "NaN vertex": (_label("lanelines", NAN_LINE), r"label 0 \(line-a\): .*NaN"),
    "missing id": (_label("poles", label("", polyline((0, 0, 0), (0, 0, 1)))), "labelId is empty"),
    "repeated id": (_label("poles", label("edge", polyline((0, 0, 0), (0, 0, 1)))), "repeats the labelId 'edge'"),
    "repeated feature": (_feature_twice, "repeats the feature_id '11'"),
    "no geometry": (_label("poles", label("pole", {})), "polyline3d is missing"),
    "one rail": (_label("lanes", label("x", {"polylines3d": {"polylines": [{"vertices": []}]}})), "1 rails"),
    "flat cuboid": (_label("traffic_signs", label("sign", FLAT)), "cuboid of 0 x 0 x 0 m"),
    "seven corners": (
        _label("traffic_signs", label("sign", {"cuboid3d": {"vertices": [[0, 0, 0]] * 7}})),
        "7 corners",
    ),
    "no box": (
        _label("traffic_signs", label("sign", cuboid(source_corners((0, 0, 0), (1, 2, 3))[[0, 1, 3, 2, 4, 5, 6, 7]]))),
        "are no box",
    ),
    "feet": (
        _label("poles", label("pole", polyline((0, 0, 0), (0, 0, 1)) | {"unit": "IMPERIAL"})),
        "unit is 'IMPERIAL'",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_named(tmp_path: Path, change: Callable[[Clip], None], message: str) -> None:
    clip = example_clip()
    change(clip)
    with pytest.raises(SceneError, match=message) as raised:
        read_rds_hq(write_clip(tmp_path, clip))
    assert "\n" not in str(raised.value)
    assert f"{CLIP}.tar" in str(raised.value)


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_skipped_on_request(tmp_path: Path, change: Callable[[Clip], None], message: str) -> None:
    clip = example_clip()
    change(clip)
    recording = read_rds_hq(write_clip(tmp_path, clip), skip_bad_records=True)
    assert len(recording.source.skipped) == 1
    assert CLIP in recording.source.skipped[0]


@pytest.mark.parametrize("attribute", ["vehicle_pose", "pose"])
def test_a_required_attribute_must_be_there(tmp_path: Path, attribute: str) -> None:
    clip = example_clip()
    del clip[attribute]
    with pytest.raises(SceneError, match=f"{attribute}/{CLIP}.tar: no such file"):
        read_rds_hq(write_clip(tmp_path, clip))


def test_a_calibration_must_be_there(tmp_path: Path) -> None:
    clip = example_clip()
    del clip["ftheta_intrinsic"]
    del clip["pinhole_intrinsic"]
    with pytest.raises(SceneError, match=f"ftheta_intrinsic/{CLIP}.tar: no such file"):
        read_rds_hq(write_clip(tmp_path, clip))


def test_cameras_without_any_pose_are_an_error(tmp_path: Path) -> None:
    clip = example_clip()
    clip["pose"] = {"000000.pose.camera_of_another_car.npy": np.eye(4)}
    with pytest.raises(SceneError, match="no pose of a calibrated camera"):
        read_rds_hq(write_clip(tmp_path, clip))


@pytest.mark.parametrize("attribute", ["vehicle_pose", "3d_lanes", "3d_traffic_lights_status"])
def test_members_of_another_clip_are_not_this_one_s(tmp_path: Path, attribute: str) -> None:
    root = write_clip(tmp_path, example_clip())
    write_clip(root, {attribute: example_clip()[attribute]}, name="other")
    (root / attribute / "other.tar").rename(root / attribute / f"{CLIP}.tar")
    with pytest.raises(SceneError, match=f"{attribute}/{CLIP}.tar: has no"):
        read_rds_hq(root, clip=CLIP)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("attribute", ["vehicle_pose", "pose", "ftheta_intrinsic", "all_object_info", "3d_lanes"])
def test_truncated_tars_are_named(tmp_path: Path, attribute: str, kept: float) -> None:
    root = write_clip(tmp_path, example_clip())
    path = root / attribute / f"{CLIP}.tar"
    whole = path.read_bytes().rstrip(b"\0")
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(SceneError, match=f"{attribute}/{CLIP}.tar") as raised:
        read_rds_hq(root)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"labels": 5}', b"[]", b"null"])
def test_corrupt_json_is_named(tmp_path: Path, data: bytes) -> None:
    clip = example_clip()
    clip["3d_lanes"]["lanes.json"] = data
    with pytest.raises(SceneError, match=rf"{CLIP}.tar, member {CLIP}.lanes.json"):
        read_rds_hq(write_clip(tmp_path, clip))


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x80\x04K\x01."])
def test_corrupt_arrays_are_named(tmp_path: Path, data: bytes) -> None:
    clip = example_clip()
    clip["vehicle_pose"][POSE] = data
    with pytest.raises(SceneError, match=f"member {CLIP}.{POSE}: expected an npy array"):
        read_rds_hq(write_clip(tmp_path, clip))


def test_arrays_of_another_shape_are_named(tmp_path: Path) -> None:
    clip = example_clip()
    clip["vehicle_pose"][POSE] = np.eye(3)
    with pytest.raises(SceneError, match=rf"{POSE}: expected an array of shape \(4, 4\), received \(3, 3\)"):
        read_rds_hq(write_clip(tmp_path, clip))


def test_every_layer_is_tested() -> None:
    assert {f"3d_{layer}" for layer in LAYERS} <= set(example_clip())
