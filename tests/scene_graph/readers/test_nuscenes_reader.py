"""nuScenes data sets, on a tiny synthetic one whose geometry is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_nuscenes import (
    CAR_AHEAD_M,
    LEAD_US,
    NUM_KEYFRAMES,
    PERIOD_US,
    SCENES,
    SPEED_MPS,
    START_US,
    WALKER,
    YAW_RAD,
    TinyNuScenes,
    ego_position,
    world,
)

from scene_graph.actors import ActorCategory
from scene_graph.errors import SceneError
from scene_graph.readers import detect_format, list_scenes, read_recording
from scene_graph.readers.nuscenes import read_nuscenes
from scene_graph.readers.nuscenes_names import CATEGORIES, CATEGORY_NAMES, category_of
from scene_graph.recording import Recording

LAST_US = START_US + PERIOD_US * (NUM_KEYFRAMES["scene-a"] - 1)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return read_nuscenes(TinyNuScenes().write(tmp_path), scene="scene-a")


def test_scenes_are_listed_and_read_by_name(tmp_path: Path) -> None:
    root = TinyNuScenes().write(tmp_path)
    for path in (root, root / "v1.0-mini"):
        assert detect_format(path) == "nuscenes"
        assert list_scenes(path) == list(SCENES)
        assert read_recording(path, scene="scene-b").graph.scenario_id == "scene-b"


def test_ego_has_the_poses_of_all_sensors(recording: Recording) -> None:
    ego = recording.graph.ego.trajectory
    keyframes = NUM_KEYFRAMES["scene-a"]
    assert len(ego.timestamps_us) == keyframes * len(LEAD_US) + keyframes - 1
    assert (ego.start_us, ego.end_us) == (START_US - max(LEAD_US.values()), LAST_US)
    for time in ego.timestamps_us.tolist():
        np.testing.assert_allclose(ego.at(time).translation, ego_position(time), atol=1e-9)
    np.testing.assert_allclose(ego.world_from_body.yaw_rad, YAW_RAD)


def test_keyframes_only_leaves_out_what_is_between(tmp_path: Path) -> None:
    root = TinyNuScenes().write(tmp_path)
    recording = read_nuscenes(root, scene="scene-a", keyframes_only=True)
    ego = recording.graph.ego.trajectory
    assert len(ego.timestamps_us) == NUM_KEYFRAMES["scene-a"] * len(LEAD_US)
    assert START_US + PERIOD_US // 2 not in ego.timestamps_us


def test_cameras_come_clockwise_with_our_pixel_centres(recording: Recording) -> None:
    rig = recording.rig
    assert rig is not None
    assert rig.names == ("CAM_FRONT", "CAM_BACK")
    front = rig.camera("CAM_FRONT")
    assert (front.fx_px, front.fy_px, front.cx_px, front.cy_px) == (500.0, 510.0, 320.0, 240.0)
    assert (front.width_px, front.height_px) == (640, 480)
    np.testing.assert_allclose(rig.ego_from_camera.translation[0], [1.5, 0.0, 1.6])
    np.testing.assert_allclose(rig.ego_from_camera.rotation[0], [[0, 0, 1], [-1, 0, 0], [0, -1, 0]], atol=1e-12)


def test_boxes_are_those_of_the_annotations(recording: Recording) -> None:
    actors = {actor.track_id: actor for actor in recording.graph.actors}
    car, walker = actors["scene-a-car"], actors["scene-a-walker"]
    assert (car.category, car.source_category) == (ActorCategory.CAR, "vehicle.car")
    assert walker.category is ActorCategory.PEDESTRIAN
    np.testing.assert_allclose(car.size_lwh_m, [4.0, 1.8, 1.5])  # the format's order is width, length, height
    for time in (START_US, START_US + 200_000, LAST_US):
        place = [*world(CAR_AHEAD_M + SPEED_MPS * (time - START_US) * 1e-6, 0), 0.75]
        np.testing.assert_allclose(car.trajectory.at(time).translation, place, atol=1e-9)
    np.testing.assert_allclose(car.trajectory.world_from_body.yaw_rad, YAW_RAD)
    np.testing.assert_allclose(walker.trajectory.world_from_body.translation[0], [*world(*WALKER), 0.9])
    velocity = car.trajectory.velocity_at(START_US + 1)
    np.testing.assert_allclose(velocity, [SPEED_MPS * np.cos(YAW_RAD), SPEED_MPS * np.sin(YAW_RAD), 0], atol=1e-6)


def test_first_boxes_are_carried_back_to_their_keyframes_images(recording: Recording) -> None:
    lead_us = LEAD_US["CAM_FRONT"]
    car = recording.graph.actors[0].trajectory
    assert car.start_us == START_US - lead_us
    place = [*world(CAR_AHEAD_M - SPEED_MPS * lead_us * 1e-6, 0), 0.75]
    np.testing.assert_allclose(car.at(car.start_us).translation, place, atol=1e-9)
    assert recording.graph.boxes_at(START_US - lead_us).track_ids == ("scene-a-car", "scene-a-walker")


def test_actors_are_absent_where_keyframes_are_missing(recording: Recording) -> None:
    car, walker = recording.graph.actors
    assert car.absent_us.shape == (0, 2)
    # seen at the first keyframe, and again from the first image of the last one
    np.testing.assert_array_equal(walker.absent_us, [[START_US, LAST_US - LEAD_US["CAM_FRONT"]]])
    assert recording.graph.boxes_at(START_US + PERIOD_US).track_ids == ("scene-a-car",)
    assert "scene-a-walker" in recording.graph.boxes_at(LAST_US - LEAD_US["CAM_FRONT"]).track_ids


def test_one_missing_keyframe_is_an_absence_and_a_late_one_is_not(tmp_path: Path) -> None:
    data = TinyNuScenes()
    data.tables["sample_annotation"].remove(data.row("sample_annotation", "scene-a-car-1"))
    for row in data.tables["sample"]:
        if row["token"] == "scene-a-3":
            row["timestamp"] += 200_000  # 0.7 s after the one before: less than 1.5 intervals
    car = read_nuscenes(data.write(tmp_path), scene="scene-a").graph.actors[0]
    before, after = START_US, START_US + 2 * PERIOD_US - LEAD_US["CAM_FRONT"]
    np.testing.assert_array_equal(car.absent_us, [[before, after]])


def test_a_scene_of_one_keyframe_has_boxes_at_its_images(tmp_path: Path) -> None:
    recording = read_nuscenes(TinyNuScenes().write(tmp_path), scene="scene-b")
    np.testing.assert_array_equal(recording.frame_timestamps_us, [START_US - LEAD_US["CAM_FRONT"]])
    boxes = recording.graph.boxes_at(int(recording.frame_timestamps_us[0]))
    assert boxes.track_ids == ("scene-b-car", "scene-b-walker")
    np.testing.assert_allclose(boxes.velocity_mps, 0.0)


def test_words_of_the_description_name_weather_and_time(recording: Recording) -> None:
    environment = recording.graph.environment
    assert (environment.weather, environment.time_of_day) == ("rain", "night")
    assert environment.prompt == "Night, rain, a straight road"


def test_images_are_lazy_counted_and_may_be_missing(tmp_path: Path) -> None:
    data = TinyNuScenes()
    root = data.write(tmp_path)
    rows = [row for row in data.tables["sample_data"] if "scene-a-CAM_FRONT" in row["token"]]
    for row in rows[:3]:
        path = root / row["filename"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (640, 480), (200, 0, 0)).save(path)
    (root / rows[2]["filename"]).write_bytes(b"no image")
    recording = read_nuscenes(root, scene="scene-a")
    times = sorted(row["timestamp"] for row in rows[:3])
    assert recording.frames is not None
    np.testing.assert_array_equal(recording.frames.timestamps_us("CAM_FRONT"), times)
    np.testing.assert_array_equal(recording.frame_timestamps_us, times)
    assert recording.source.present["images of CAM_FRONT"] == "3 of 7"
    assert "images of CAM_BACK" in recording.source.absent
    assert len(recording.frames.timestamps_us("CAM_BACK")) == 0
    np.testing.assert_allclose(recording.frames.image("CAM_FRONT", times[0]).mean(axis=(0, 1)), [200, 0, 0], atol=3)
    with pytest.raises(SceneError, match="expected an image"):
        recording.frames.image("CAM_FRONT", rows[2]["timestamp"])


def test_without_images_frames_are_the_keyframes_of_the_front_camera(recording: Recording) -> None:
    expected = START_US - LEAD_US["CAM_FRONT"] + PERIOD_US * np.arange(NUM_KEYFRAMES["scene-a"])
    np.testing.assert_array_equal(recording.frame_timestamps_us, expected)
    assert recording.frames is None


def test_all_23_categories_have_a_place() -> None:
    assert len(CATEGORIES) == 23
    assert set(CATEGORIES.values()) == set(ActorCategory)
    assert all(CATEGORIES[name] is category for category, name in CATEGORY_NAMES.items())
    assert category_of("vehicle.bus.double_decker") is ActorCategory.BUS
    assert category_of("human.pedestrian.jogger") is ActorCategory.PEDESTRIAN
    assert category_of("traffic_cone") is ActorCategory.TRAFFIC_CONE
    assert category_of("vehicle.hovercraft") is None


def test_unknown_categories_are_read_as_other(tmp_path: Path) -> None:
    data = TinyNuScenes()
    data.row("category", "c-car")["name"] = "spaceship"
    recording = read_nuscenes(data.write(tmp_path), scene="scene-a")
    assert recording.graph.actors[0].category is ActorCategory.OTHER
    assert any("spaceship" in sentence for sentence in recording.source.derived)


def test_absent_map_and_reading_twice(tmp_path: Path) -> None:
    root = TinyNuScenes().write(tmp_path)
    recording = read_nuscenes(root, scene="scene-a")
    assert "map" in recording.source.absent
    assert recording.graph.hash() == read_nuscenes(root, scene="scene-a").graph.hash()


def _set(table: str, token: str, /, **fields: object) -> Callable[[TinyNuScenes], None]:
    return lambda data: data.row(table, token).update(fields)


def _without(table: str, token: str) -> Callable[[TinyNuScenes], None]:
    return lambda data: data.tables[table].remove(data.row(table, token))


CAR_BOX = "scene-a-car-1"
IMAGE = f"scene-a-CAM_FRONT-{-LEAD_US['CAM_FRONT']}"
LIDAR = "scene-a-LIDAR_TOP-0"
BAD_RECORDS = {
    "missing ego pose": (_without("ego_pose", IMAGE), f"sample_data.json, record '{IMAGE}'.*ego_pose.json"),
    "missing calibration": (_without("calibrated_sensor", "scene-a-CAM_FRONT"), r"no token of calibrated_sensor\.json"),
    "missing sensor": (_without("sensor", "s-CAM_FRONT"), r"scene-a-CAM_FRONT.*no token of sensor\.json"),
    "missing instance": (_without("instance", "scene-a-car"), r"scene-a-car-0'.*no token of instance\.json"),
    "missing category": (_without("category", "c-car"), r"instance\.json, record 'scene-a-car'.*category\.json"),
    "dangling token": (_set("sample_data", IMAGE, ego_pose_token="x"), "ego_pose_token 'x'"),
    "token of another type": (_set("sample_data", IMAGE, ego_pose_token=["x"]), "ego_pose_token is"),
    "no keyframe flag": (_set("sample_data", IMAGE, is_key_frame=None), "is_key_frame is None; expected true or false"),
    "quaternion of norm 0": (_set("ego_pose", LIDAR, rotation=[0, 0, 0, 0]), rf"ego_pose.json, .*{LIDAR}'.*norm 0"),
    "pose of two numbers": (_set("ego_pose", LIDAR, translation=[1, 2]), "translation: expected numbers of shape"),
    "far pose": (_set("ego_pose", LIDAR, translation=[1e300, 0, 0]), "translation holds"),
    "time as a text": (_set("ego_pose", LIDAR, timestamp="soon"), "timestamp is 'soon'"),
    "no time of a pose": (_set("ego_pose", LIDAR, timestamp=None), "timestamp is NoneType"),
    "huge time": (_set("ego_pose", LIDAR, timestamp=10**30), "timestamp is int; expected a whole number of at most"),
    "negative size": (_set("sample_annotation", CAR_BOX, size=[-1, 4, 1]), "scene-a-car-1'.*size is -1 x 4 x 1"),
    "NaN size": (_set("sample_annotation", CAR_BOX, size=[float("nan"), 4, 1]), "scene-a-car-1'.*size holds NaN"),
    "box without a rotation": (_set("sample_annotation", CAR_BOX, rotation=None), "scene-a-car-1'.*rotation"),
    "two boxes at one time": (
        _set("sample_annotation", CAR_BOX, sample_token="scene-a-0"), "track 'scene-a-car'.*twice",
    ),
    "no focal length": (
        _set("calibrated_sensor", "scene-a-CAM_FRONT", camera_intrinsic=[]), "of CAM_FRONT: camera_intrinsic",
    ),
    "skewed pixels": (
        _set("calibrated_sensor", "scene-a-CAM_FRONT", camera_intrinsic=[[5, 1, 3], [0, 5, 3], [0, 0, 1]]),
        "of CAM_FRONT: camera_intrinsic is",
    ),
    "zero quaternion of a camera": (
        _set("calibrated_sensor", "scene-a-CAM_FRONT", rotation=[0, 0, 0, 0]), "of CAM_FRONT.*norm 0",
    ),
    "image of no size": (_set("sample_data", IMAGE, width=0), "width_px is 0"),
    "path that leads out": (_set("sample_data", IMAGE, filename="../../etc/passwd"), "leads out of the data root"),
    "absolute path": (_set("sample_data", IMAGE, filename="/etc/passwd"), "leads out of the data root"),
    "path of another system": (_set("sample_data", IMAGE, filename="..\\secret"), "leads out of the data root"),
    "path with a zero": (_set("sample_data", IMAGE, filename="a\0b"), "expected the path of a file"),
    "path of a kilometre": (_set("sample_data", IMAGE, filename="a" * 5000), "cannot be looked up"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_named(tmp_path: Path, change: Callable[[TinyNuScenes], None], message: str) -> None:
    data = TinyNuScenes()
    change(data)
    root = data.write(tmp_path)
    with pytest.raises(SceneError, match=message) as raised:
        read_nuscenes(root, scene="scene-a")
    assert "\n" not in str(raised.value)
    assert str(root) in str(raised.value)
    assert "skipped" in str(raised.value)
    assert list_scenes(root) == list(SCENES)


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_skipped_on_request(
    tmp_path: Path, change: Callable[[TinyNuScenes], None], message: str
) -> None:
    data = TinyNuScenes()
    change(data)
    recording = read_nuscenes(data.write(tmp_path), scene="scene-a", skip_bad_records=True)
    assert recording.source.skipped
    recording.graph.validate()


def test_a_broken_scene_leaves_the_others_alone(tmp_path: Path) -> None:
    whole = read_nuscenes(TinyNuScenes().write(tmp_path / "whole"), scene="scene-b")
    data = TinyNuScenes()
    for name, key in (("sample_data", "ego_pose_token"), ("sample_annotation", "instance_token")):
        for row in data.tables[name]:
            if row["token"].startswith("scene-a"):
                row[key] = "nowhere"
    data.tables["sample"] = [row for row in data.tables["sample"] if row["token"] != "scene-a-1"]
    root = data.write(tmp_path / "broken")
    assert list_scenes(root) == list(SCENES)
    with pytest.raises(SceneError, match="nowhere"):
        read_recording(root, scene="scene-a")
    other = read_recording(root, scene="scene-b")
    assert other.graph.hash() == whole.graph.hash()
    # nobody can say whose the rows of the lost sample were
    assert any("4 rows of sample_data.json refer to no row of sample.json" in note for note in other.source.derived)


@pytest.mark.parametrize("table", ["sample", "sample_data", "ego_pose", "category", "map", "attribute"])
def test_a_missing_table_is_named(tmp_path: Path, table: str) -> None:
    data = TinyNuScenes()
    del data.tables[table]
    root = data.write(tmp_path)
    assert list_scenes(root) == list(SCENES)
    with pytest.raises(SceneError, match=rf"{table}\.json: cannot be read: No such file"):
        read_nuscenes(root, scene="scene-a")


@pytest.mark.parametrize("content", ["", "[{", "{}", "[1]", '[{"token": 1}', "null"])
@pytest.mark.parametrize("table", ["scene", "sample_annotation"])
def test_a_damaged_table_is_named(tmp_path: Path, table: str, content: str) -> None:
    root = TinyNuScenes().write(tmp_path)
    (root / "v1.0-mini" / f"{table}.json").write_text(content)
    with pytest.raises(SceneError, match=rf"{table}\.json") as raised:
        read_nuscenes(root, scene="scene-a")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("table", ["scene", "sample", "sample_data", "ego_pose", "log", "map"])
def test_an_empty_table_is_an_error(tmp_path: Path, table: str) -> None:
    data = TinyNuScenes()
    data.tables[table] = []
    with pytest.raises(SceneError, match=r"\.json|found none"):
        read_nuscenes(data.write(tmp_path), scene="scene-a")


def test_a_test_set_without_boxes_is_read(tmp_path: Path) -> None:
    data = TinyNuScenes()
    data.tables["sample_annotation"], data.tables["instance"] = [], []
    recording = read_nuscenes(data.write(tmp_path, "v1.0-test"), scene="scene-a")
    assert recording.graph.actors == ()
    assert "annotations" in recording.source.absent


def test_versions_and_scenes_must_be_clear(tmp_path: Path) -> None:
    root = TinyNuScenes().write(tmp_path)
    with pytest.raises(SceneError, match="expected one scene , found scene-a, scene-b"):
        read_nuscenes(root)
    with pytest.raises(SceneError, match="expected one scene 'scene-c', found scene-a"):
        read_nuscenes(root, scene="scene-c")
    with pytest.raises(SceneError, match="expected nuScenes tables of version 'v9'"):
        read_nuscenes(root, scene="scene-a", version="v9")
    TinyNuScenes().write(tmp_path, "v1.0-trainval")
    assert list_scenes(root) == list(SCENES)
    with pytest.raises(SceneError, match=r"scene 'scene-a' is in v1\.0-mini, v1\.0-trainval"):
        read_nuscenes(root, scene="scene-a")
    assert read_nuscenes(root, scene="scene-a", version="v1.0-mini").graph.scenario_id == "scene-a"
    assert read_nuscenes(root / "v1.0-trainval", scene="scene-a").graph.scenario_id == "scene-a"


def test_two_scenes_of_one_name_are_an_error(tmp_path: Path) -> None:
    data = TinyNuScenes()
    data.row("scene", "scene-b")["name"] = "scene-a"
    root = data.write(tmp_path)
    with pytest.raises(SceneError, match="holds 2 scenes 'scene-a'"):
        read_nuscenes(root, scene="scene-a")


def test_reading_leaves_the_guard_against_huge_images(recording: Recording) -> None:
    assert recording.rig is not None
    assert Image.MAX_IMAGE_PIXELS is not None
    assert Image.MAX_IMAGE_PIXELS < 10**9
