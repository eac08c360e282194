"""Argoverse 2 logs, on a tiny synthetic one whose geometry is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_argoverse2 import (
    AXLE_HEIGHT_M,
    GROUND_M,
    LOG_NAME,
    START_NS,
    YAW_RAD,
    TinyLog,
    axle_position,
    heading,
    line,
    world_point,
)

from scene_graph.actors import ActorCategory
from scene_graph.elements import ElementKind, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import RelationKind
from scene_graph.readers.argoverse2 import read_argoverse2
from scene_graph.recording import Recording


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return read_argoverse2(TinyLog().write(tmp_path))


def elements_by_id(recording: Recording) -> dict:
    return {element.element_id: element for element in recording.graph.elements}


def xyz(place: dict[str, float]) -> np.ndarray:
    return np.array([place["x"], place["y"], place["z"]])


def test_ego_stands_on_the_ground_below_the_axle(recording: Recording) -> None:
    ego = recording.graph.ego.trajectory
    np.testing.assert_allclose(ego.world_from_body.translation[:, 2], GROUND_M, atol=1e-9)
    middle_us = (START_NS + 500_000_000) // 1000
    np.testing.assert_allclose(ego.at(middle_us).translation[:2], axle_position(START_NS + 500_000_000)[:2], atol=1e-4)
    np.testing.assert_allclose(ego.world_from_body.yaw_rad, YAW_RAD)
    assert any("0.350 m" in sentence and "22 poses" in sentence for sentence in recording.source.derived)


def test_of_poses_in_one_microsecond_the_first_stays(recording: Recording) -> None:
    assert len(recording.graph.ego.trajectory.timestamps_us) == 21
    assert recording.graph.ego.trajectory.start_us == START_NS // 1000
    assert any("1 poses that repeat one were dropped" in sentence for sentence in recording.source.derived)


def test_cameras_keep_their_place_in_the_world(recording: Recording) -> None:
    rig = recording.rig
    assert rig is not None
    assert rig.names == ("front", "left")
    front = rig.cameras[0]
    assert (front.fx_px, front.fy_px, front.cx_px, front.cy_px) == (500.0, 510.0, 320.0, 240.0)
    assert (front.width_px, front.height_px) == (640, 480)
    np.testing.assert_allclose(front.distortion, [-0.1, 0.01, 0.0, 0.0, 0.001])
    np.testing.assert_allclose(rig.ego_from_camera.translation, [[1.6, 0, 1.4 + 0.35], [1.2, 0.3, 1.3 + 0.35]])
    # looking forward: x of the image is right, its y down
    np.testing.assert_allclose(rig.ego_from_camera.rotation[0], [[0, 0, 1], [-1, 0, 0], [0, -1, 0]], atol=1e-12)
    world_from_camera = recording.graph.ego.trajectory.world_from_body[0] @ rig.ego_from_camera[0]
    expected = axle_position(START_NS) + np.array([*(1.6 * heading()), 1.4])
    np.testing.assert_allclose(world_from_camera.translation, expected, atol=1e-9)


def test_boxes_move_from_the_axle_to_the_world(recording: Recording) -> None:
    car, walker = recording.graph.actors
    assert (car.track_id, car.category, car.source_category) == ("car", ActorCategory.CAR, "REGULAR_VEHICLE")
    assert walker.category is ActorCategory.PEDESTRIAN
    np.testing.assert_allclose(car.size_lwh_m, [4.0, 1.8, 1.5])
    for step in (0, 4, 10):
        time_ns = START_NS + 100_000_000 * step
        left = np.array([-heading()[1], heading()[0]])
        place = axle_position(time_ns) + np.array([*(10 * heading() + 3 * left), 0.75 - AXLE_HEIGHT_M])
        pose = car.trajectory.at(time_ns // 1000)
        np.testing.assert_allclose(pose.translation, place, atol=1e-9)
        np.testing.assert_allclose(pose.rotation[:, 0], [*heading(), 0], atol=1e-12)
    # the walker's quaternion (0, 0, 0, 2) is half a turn
    turned = walker.trajectory.world_from_body.yaw_rad - YAW_RAD
    np.testing.assert_allclose(np.cos(turned), -1.0)


def test_gaps_are_absences(recording: Recording) -> None:
    car, walker = recording.graph.actors
    assert car.absent_us.shape == (0, 2)
    seen = [(START_NS + 100_000_000 * step) // 1000 for step in (2, 7)]
    np.testing.assert_array_equal(walker.absent_us, [seen])
    assert recording.graph.boxes_at(seen[0] + 1).track_ids == ("car",)
    assert recording.graph.boxes_at(seen[0]).track_ids == ("car", "walker")


def test_elements_come_in_drawing_order(recording: Recording) -> None:
    kinds = [element.kind for element in recording.graph.elements]
    order = [
        ElementKind.LANE_LINE, ElementKind.ROAD_BOUNDARY, ElementKind.CROSSWALK, ElementKind.DRIVABLE_AREA,
        ElementKind.LANE,
    ]  # fmt: skip
    assert kinds == sorted(kinds, key=order.index)
    assert recording.source.present["lanes"] == "4"


def test_shared_lane_lines_are_there_once_and_named_from_left(recording: Recording) -> None:
    lines = {element.element_id: element for element in recording.graph.elements_of(ElementKind.LANE_LINE)}
    assert list(lines) == ["lane_line/1/left", "lane_line/1/right", "lane_line/2/right"]
    # a double line is named from its lane outwards: solid beside lane 1, which is on its right
    assert lines["lane_line/1/left"].mark.pattern is MarkPattern.DASHED_SOLID
    assert lines["lane_line/2/right"].mark.pattern is MarkPattern.SOLID_DASHED
    assert any("2 lane lines that two lanes share" in sentence for sentence in recording.source.derived)
    assert not any("painted differently" in sentence for sentence in recording.source.derived)


def test_shared_lane_lines_of_different_paint_are_reported(tmp_path: Path) -> None:
    log = TinyLog()
    log.map["lane_segments"]["3"]["left_lane_mark_type"] = "SOLID_DASH_YELLOW"
    derived = read_argoverse2(log.write(tmp_path)).source.derived
    assert any("1 of them are painted differently" in sentence for sentence in derived)


def test_relations_hold_between_lanes_of_the_map(recording: Recording) -> None:
    found = {(relation.kind, relation.source_id, relation.target_id) for relation in recording.graph.relations}
    assert found == {
        (RelationKind.SUCCESSOR, "lane/1", "lane/4"),
        (RelationKind.RIGHT_NEIGHBOUR, "lane/1", "lane/2"),
        (RelationKind.LEFT_NEIGHBOUR, "lane/2", "lane/1"),
    }
    assert len(recording.graph.relations) == 3


def test_lanes_have_mid_lines_and_edges(recording: Recording) -> None:
    lane = elements_by_id(recording)["lane/1"]
    np.testing.assert_allclose(lane.vertices_world, [xyz(world_point(x, 0, GROUND_M)) for x in (0, 10, 20)])
    assert (lane.lane.lane_type, lane.lane.in_intersection) == ("vehicle", False)
    connector = elements_by_id(recording)["lane/4"].lane
    assert (connector.lane_type, connector.in_intersection, connector.speed_limit_mps) == ("bike", True, None)


def test_crosswalk_edges_that_run_against_each_other_make_no_bow_tie(recording: Recording) -> None:
    corners = elements_by_id(recording)["crosswalk/5"].vertices_world
    np.testing.assert_allclose(
        corners, [xyz(world_point(*place, GROUND_M)) for place in ((8, -6), (8, 6), (11, 6), (11, -6))]
    )


def test_crosswalk_edges_of_one_sense_make_no_bow_tie(tmp_path: Path) -> None:
    log = TinyLog()
    log.map["pedestrian_crossings"]["5"]["edge2"].reverse()
    corners = elements_by_id(read_argoverse2(log.write(tmp_path)))["crosswalk/5"].vertices_world
    np.testing.assert_allclose(
        corners, [xyz(world_point(*place, GROUND_M)) for place in ((8, -6), (8, 6), (11, 6), (11, -6))]
    )


def test_boundary_runs_around_touching_areas_together(tmp_path: Path) -> None:
    log = TinyLog()
    for area in log.map["drivable_areas"].values():  # a slope across the road
        area["area_boundary"] = [point | {"z": 60 + 0.01 * i} for i, point in enumerate(area["area_boundary"])]
    recording = read_argoverse2(log.write(tmp_path))
    (boundary,) = recording.graph.elements_of(ElementKind.ROAD_BOUNDARY)
    assert boundary.closed
    sources = np.concatenate([area.vertices_world for area in recording.graph.elements_of(ElementKind.DRIVABLE_AREA)])
    for vertex in boundary.vertices_world:
        assert np.linalg.norm(sources - vertex, axis=1).min() < 1e-9
    loop = np.concatenate([boundary.vertices_world, boundary.vertices_world[:1]])[:, :2]
    np.testing.assert_allclose(np.linalg.norm(np.diff(loop, axis=0), axis=1).sum(), 2 * (45 + 12), atol=1e-9)


def test_vertices_without_height_go_to_the_ground(tmp_path: Path) -> None:
    log = TinyLog()
    edge = log.map["pedestrian_crossings"]["5"]["edge1"]
    del edge[0]["z"]
    edge[1]["z"] = float("nan")
    recording = read_argoverse2(log.write(tmp_path))
    np.testing.assert_allclose(elements_by_id(recording)["crosswalk/5"].vertices_world[:, 2], GROUND_M)
    assert any("2 vertices without a height" in sentence for sentence in recording.source.derived)


def test_ground_is_read_at_the_right_cell(tmp_path: Path) -> None:
    log = TinyLog()
    spot = log.map["pedestrian_crossings"]["5"]["edge1"][0]
    column, row = int(2 * (spot["x"] - 980)), int(2 * (spot["y"] - 1980))
    log.ground[row, column] = 62.0
    spot["z"] = None
    recording = read_argoverse2(log.write(tmp_path))
    np.testing.assert_allclose(elements_by_id(recording)["crosswalk/5"].vertices_world[:, 2], [62, 60, 60, 60])


@pytest.mark.parametrize("ground", [None, np.full((140, 160), np.nan), np.full((140, 160), 40.0)])
def test_axle_height_is_nominal_without_a_plausible_ground(tmp_path: Path, ground: np.ndarray | None) -> None:
    recording = read_argoverse2(TinyLog(ground=ground).write(tmp_path))
    heights_m = recording.graph.ego.trajectory.world_from_body.translation[:, 2]
    np.testing.assert_allclose(heights_m, GROUND_M + AXLE_HEIGHT_M - 0.33)
    assert any("nominal 0.33 m" in sentence for sentence in recording.source.derived)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    recording = read_argoverse2(TinyLog(annotations=None, map=None, ground=None).write(tmp_path))
    assert {"annotations", "map", "ground height", "images of front"} <= set(recording.source.absent)
    assert recording.graph.actors == ()
    assert recording.graph.elements == ()
    assert recording.frames is None
    # ten frames a second from the first pose to the last
    np.testing.assert_array_equal(np.diff(recording.frame_timestamps_us), 100_000)
    assert len(recording.frame_timestamps_us) == 11


def test_a_table_missing_in_the_map_is_named(tmp_path: Path) -> None:
    log = TinyLog()
    del log.map["pedestrian_crossings"]
    recording = read_argoverse2(log.write(tmp_path))
    assert "pedestrian_crossings" in recording.source.absent
    assert recording.graph.elements_of(ElementKind.CROSSWALK) == ()


def test_unknown_categories_are_read_as_other(tmp_path: Path) -> None:
    log = TinyLog()
    log.annotations["category"] = ["HOVERCRAFT"] * len(log.annotations["category"])
    recording = read_argoverse2(log.write(tmp_path))
    assert {actor.category for actor in recording.graph.actors} == {ActorCategory.OTHER}
    assert any("HOVERCRAFT" in sentence for sentence in recording.source.derived)


def test_images_are_lazy_and_may_be_missing(tmp_path: Path) -> None:
    log = TinyLog().write(tmp_path)
    folder = log / "sensors" / "cameras" / "left"
    folder.mkdir(parents=True)
    times_ns = [START_NS + 33_000_000, START_NS + 133_000_000, START_NS + 10_000_000_000]
    for time_ns, value in zip(times_ns, (50, 200, 0), strict=True):
        Image.new("RGB", (600, 400), (value, 0, 0)).save(folder / f"{time_ns}.jpg", quality=95)
    (folder / f"{times_ns[1]}.jpg").write_bytes((folder / f"{times_ns[1]}.jpg").read_bytes()[:400])
    recording = read_argoverse2(log)
    assert recording.frames is not None
    inside = [time_ns // 1000 for time_ns in times_ns[:2]]  # the third lies after the log
    np.testing.assert_array_equal(recording.frames.timestamps_us("left"), inside)
    np.testing.assert_array_equal(recording.frame_timestamps_us, inside)
    assert len(recording.frames.timestamps_us("front")) == 0
    assert "images of front" in recording.source.absent
    image = recording.frames.image("left", inside[0])
    assert image.shape == (400, 600, 3)
    np.testing.assert_allclose(image.mean(axis=(0, 1)), [50, 0, 0], atol=3)
    with pytest.raises(SceneError, match=rf"{times_ns[1]}.jpg: expected an image"):
        recording.frames.image("left", inside[1])
    with pytest.raises(SceneError, match="camera 'left' has no image at 5 us"):
        recording.frames.image("left", 5)


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    log = TinyLog().write(tmp_path)
    assert read_argoverse2(log).graph.hash() == read_argoverse2(log).graph.hash()


def _set(table: str, column: str, row: int, value: float) -> Callable[[TinyLog], None]:
    def change(log: TinyLog) -> None:
        getattr(log, table)[column][row] = value

    return change


def _zero_quaternion(table: str) -> Callable[[TinyLog], None]:
    def change(log: TinyLog) -> None:
        for column in ("qw", "qx", "qy", "qz"):
            getattr(log, table)[column][2] = 0.0

    return change


def _set_lane(lane: str, **values: object) -> Callable[[TinyLog], None]:
    return lambda log: log.map["lane_segments"][lane].update(values)


def _area_of_two_points(log: TinyLog) -> None:
    log.map["drivable_areas"]["6"]["area_boundary"] = line((0, 0), (1, 1), (0, 0))


BAD_RECORDS = {
    "NaN pose": (_set("poses", "tx_m", 2, np.nan), "city_SE3_egovehicle.feather, row 2"),
    "far pose": (_set("poses", "tx_m", 2, 1e300), "city_SE3_egovehicle.feather, row 2"),
    "zero quaternion of a pose": (_zero_quaternion("poses"), "city_SE3_egovehicle.feather, row 2.*norm 0"),
    "zero quaternion of a box": (_zero_quaternion("annotations"), "annotations.feather, row 2.*norm 0"),
    "zero quaternion of a camera": (_zero_quaternion("mountings"), "camera 'front'.*norm 0"),
    "zero-size box": (_set("annotations", "height_m", 2, 0.0), "annotations.feather, row 2: size .* x 0 m"),
    "NaN size": (_set("annotations", "width_m", 2, np.nan), "annotations.feather, row 2: size"),
    "time outside": (_set("annotations", "timestamp_ns", 2, START_NS - 10**9), "row 2: time .* outside the log"),
    "box twice": (_set("annotations", "timestamp_ns", 2, START_NS), "track 'car'.*twice"),
    "negative focal length": (_set("intrinsics", "fx_px", 0, -500.0), "intrinsics.feather, camera 'front'.*fx_px"),
    "NaN focal length": (_set("intrinsics", "fy_px", 0, np.nan), "intrinsics.feather, camera 'front'.*fy_px"),
    "no image size": (_set("intrinsics", "width_px", 0, 0), "intrinsics.feather, camera 'front'"),
    "polygon of two points": (_area_of_two_points, "drivable_area 6.*2 vertices"),
    "edge of one point": (_set_lane("2", left_lane_boundary=line((0, 0))), "lane_segments 2.*1 and 2 points"),
    "NaN vertex": (
        _set_lane("2", left_lane_boundary=[{"x": 1.0, "y": float("nan"), "z": 0.0}] * 2),
        "lane_segments 2.*NaN",
    ),
    "text for a number": (_set_lane("2", left_lane_boundary=[{"x": "1", "y": 2, "z": 3}] * 2), "lane_segments 2"),
    "repeated id": (_set_lane("2", id=1), "lane_segments 2: repeats the id lane/1"),
    "missing id": (_set_lane("2", id=None), "lane_segments 2.*id"),
    "unknown paint": (_set_lane("2", left_lane_mark_type="DOTTED_PINK"), "lane_segments 2.*DOTTED_PINK"),
    "no successors": (_set_lane("2", successors=None), "lane_segments 2.*successors"),
}


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_named(tmp_path: Path, change: Callable[[TinyLog], None], message: str) -> None:
    log = TinyLog()
    change(log)
    folder = log.write(tmp_path)
    with pytest.raises(SceneError, match=message) as raised:
        read_argoverse2(folder)
    assert "\n" not in str(raised.value)
    assert "skipped" in str(raised.value)


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_skipped_on_request(tmp_path: Path, change: Callable[[TinyLog], None], message: str) -> None:
    whole = read_argoverse2(TinyLog().write(tmp_path / "whole"))
    log = TinyLog()
    change(log)
    recording = read_argoverse2(log.write(tmp_path / "bad"), skip_bad_records=True)
    assert len(recording.source.skipped) == 1
    assert LOG_NAME in recording.source.skipped[0]
    assert whole.source.skipped == ()
    counts = [
        (len(r.graph.ego.trajectory.timestamps_us), sum(len(a.trajectory.timestamps_us) for a in r.graph.actors),
         len(r.graph.elements), len(r.rig.names))
        for r in (whole, recording)
    ]  # fmt: skip
    assert counts[0] != counts[1]
    assert np.less_equal(counts[1], counts[0]).all()


@pytest.mark.parametrize("table", ["poses", "intrinsics", "mountings"])
def test_a_required_table_must_be_there(tmp_path: Path, table: str) -> None:
    log = TinyLog(**{table: None}).write(tmp_path)
    with pytest.raises(SceneError, match=r"(SE3_egovehicle|intrinsics|egovehicle_SE3_sensor)\.feather: no such file"):
        read_argoverse2(log)


def test_a_camera_without_a_place_is_named(tmp_path: Path) -> None:
    log = TinyLog()
    log.mountings = {name: values[:2] for name, values in log.mountings.items()}
    with pytest.raises(SceneError, match=r"egovehicle_SE3_sensor\.feather: has 0 rows of camera 'front'"):
        read_argoverse2(log.write(tmp_path))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    log = TinyLog()
    del log.annotations["qw"]
    with pytest.raises(SceneError, match=r"annotations\.feather: has no column 'qw'"):
        read_argoverse2(log.write(tmp_path))


def test_a_column_of_another_type_is_named(tmp_path: Path) -> None:
    log = TinyLog()
    log.poses["qw"] = ["a"] * len(log.poses["qw"])
    with pytest.raises(SceneError, match="column 'qw': expected double"):
        read_argoverse2(log.write(tmp_path))


@pytest.mark.parametrize("name", ["poses", "map", "placement"])
def test_empty_contents_are_errors(tmp_path: Path, name: str) -> None:
    log = TinyLog()
    setattr(log, name, {column: values[:0] for column, values in log.poses.items()} if name == "poses" else [1])
    with pytest.raises(SceneError, match=r"expected"):
        read_argoverse2(log.write(tmp_path))


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("pattern", ["*.feather", "calibration/*.feather", "map/*.json", "map/*.npy"])
def test_truncated_files_are_named(tmp_path: Path, pattern: str, kept: float) -> None:
    log = TinyLog().write(tmp_path)
    for path in sorted(log.glob(pattern)):
        whole = path.read_bytes()
        path.write_bytes(whole[: int(kept * len(whole))])
        with pytest.raises(SceneError, match=path.name.replace(".", r"\.")) as raised:
            read_argoverse2(log)
        assert "\n" not in str(raised.value)
        path.write_bytes(whole)


@pytest.mark.parametrize("pattern", ["*.feather", "map/*.json", "map/*.npy"])
def test_corrupt_files_are_named(tmp_path: Path, pattern: str) -> None:
    log = TinyLog().write(tmp_path)
    for path in sorted(log.glob(pattern)):
        whole = path.read_bytes()
        path.write_bytes(b"\xff" * 64 + whole[64:-64] + b"\xff" * 64)
        with pytest.raises(SceneError, match=path.name.replace(".", r"\.")):
            read_argoverse2(log)
        path.write_bytes(whole)


def test_a_pickle_is_not_unpickled(tmp_path: Path) -> None:
    log = TinyLog(ground=np.array([[print]], dtype=object)).write(tmp_path)
    with pytest.raises(SceneError, match="expected an npy array of real numbers, received object"):
        read_argoverse2(log)


def test_two_maps_are_refused(tmp_path: Path) -> None:
    log = TinyLog().write(tmp_path)
    (log / "map" / "log_map_archive_other.json").write_text("{}")
    with pytest.raises(SceneError, match="holds 2 files"):
        read_argoverse2(log)
