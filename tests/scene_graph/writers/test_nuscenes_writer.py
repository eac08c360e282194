"""nuScenes data sets that we write: the devkit opens them, and we read them back."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import composite, graphs, pinhole_rig

from scene_graph.elements import ElementKind, LaneMark, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.example import example_recording
from scene_graph.graph import RelationKind
from scene_graph.hashing import rig_hash
from scene_graph.readers import list_scenes, read_recording
from scene_graph.readers.nuscenes import read_nuscenes
from scene_graph.readers.nuscenes_names import MAP_NAMES
from scene_graph.recording import Recording, Source
from scene_graph.writers.nuscenes import write_nuscenes
from scene_graph.writers.nuscenes_tables import keyframe_times_us
from scene_graph.writers.nuscenes_tokens import file_stem, token

EXTRA = "v1.0-mini/drivesim_scenario.json"


class PaintedFrames:
    """A frame store of plain images: the red of an image says when it was taken, the green which camera's it is.

    Args:
        recording: whose cameras these are.
        times_us: camera -> times of its images.
    """

    def __init__(self, recording: Recording, times_us: dict[str, Sequence[int]]) -> None:
        self._recording, self._times_us = recording, times_us

    def timestamps_us(self, camera: str) -> np.ndarray:
        return np.array(self._times_us.get(camera, []), dtype=np.int64)

    def image(self, camera: str, timestamp_us: int) -> np.ndarray:
        rig = self._recording.rig
        assert rig is not None
        lens = rig.camera(camera)
        image = np.zeros((lens.height_px, lens.width_px, 3), dtype=np.uint8)
        image[..., 0] = timestamp_us // 50_000 % 250
        image[..., 1] = 20 * rig.index(camera)
        return image


def small(recording: Recording) -> Recording:
    """The recording with images of 64x36."""
    assert recording.rig is not None
    return replace(recording, rig=recording.rig.resized(64, 36))


def tables(root: Path) -> dict[str, list[dict[str, Any]]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((root / "v1.0-mini").glob("*.json"))}


def nuscenes_map(root: Path, name: str) -> Any:
    """The devkit's map; importing it sets a style of plots."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nuscenes.map_expansion.map_api import NuScenesMap
    return NuScenesMap(dataroot=str(root), map_name=name)


@pytest.fixture(scope="module")
def example() -> Recording:
    return example_recording()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, example: Recording) -> Path:
    root = tmp_path_factory.mktemp("nuscenes") / "root"
    write_nuscenes([example], root)
    return root


@pytest.fixture(scope="module")
def tables_only(tmp_path_factory: pytest.TempPathFactory, example: Recording) -> Recording:
    root = tmp_path_factory.mktemp("nuscenes") / "root"
    write_nuscenes([example], root)
    (root / EXTRA).unlink()
    return read_nuscenes(root)


def test_a_recording_is_read_back_exactly(root: Path, example: Recording) -> None:
    back = read_recording(root)
    assert back.graph.hash() == example.graph.hash()
    assert back.rig is not None
    assert example.rig is not None
    assert rig_hash(back.rig) == rig_hash(example.rig)
    np.testing.assert_array_equal(back.frame_timestamps_us, example.frame_timestamps_us)
    assert back.source.format == "nuscenes"
    assert any("drivesim_scenario.json, written from example" in note for note in back.source.derived)


@composite
def recordings(draw: st.DrawFn, scenario_id: str) -> Recording:
    """Any small valid recording of this id."""
    graph = replace(draw(graphs()), scenario_id=scenario_id)
    ego = graph.ego.trajectory
    times_us = draw(st.lists(st.integers(ego.start_us, ego.end_us), max_size=5, unique=True).map(sorted))
    return Recording(
        graph=graph,
        rig=draw(st.sampled_from([None, pinhole_rig()])),
        frames=None,
        frame_timestamps_us=np.array(times_us, dtype=np.int64),
        source=Source(format="made", path="nowhere"),
    )


@given(first=recordings("first"), second=recordings("../second"))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, first: Recording, second: Recording
) -> None:
    root = tmp_path_factory.mktemp("any") / "root"
    write_nuscenes([first, second], root)
    assert list_scenes(root) == ["../second", "first"]
    for recording in (first, second):
        back = read_nuscenes(root, scene=recording.graph.scenario_id)
        assert back.graph.hash() == recording.graph.hash()
        np.testing.assert_array_equal(back.frame_timestamps_us, recording.frame_timestamps_us)
    # without the extra table the tables alone say where everything was at the keyframes
    (root / EXTRA).unlink()
    for recording in (first, second):
        alone = read_nuscenes(root, scene=recording.graph.scenario_id)
        for time_us in keyframe_times_us(recording).tolist():
            ego, expected_ego = (one.graph.ego.trajectory.at(time_us) for one in (alone, recording))
            np.testing.assert_allclose(ego.matrix, expected_ego.matrix, atol=1e-6)
            boxes, expected = (one.graph.boxes_at(time_us) for one in (alone, recording))
            order = {token(token("scene", recording.graph.scenario_id), "instance", name): i
                     for i, name in enumerate(expected.track_ids)}  # fmt: skip
            places = [order[name] for name in boxes.track_ids]
            assert sorted(places) == list(range(len(expected)))
            np.testing.assert_allclose(boxes.corners, expected.corners[places], atol=1e-5)


def test_tables_alone_keep_cameras_and_categories(tables_only: Recording, example: Recording) -> None:
    assert example.rig is not None
    assert tables_only.rig is not None
    names = [name for name in example.rig.names if name.startswith("CAM_")]
    assert sorted(tables_only.rig.names) == sorted(example.rig.names)
    for name in names:
        ours, back = example.rig.camera(name), tables_only.rig.camera(name)
        for field in ("fx_px", "fy_px", "cx_px", "cy_px", "width_px", "height_px"):
            assert getattr(back, field) == pytest.approx(getattr(ours, field), abs=1e-9)
        pose, expected = (rig.ego_from_camera[rig.index(name)] for rig in (tables_only.rig, example.rig))
        np.testing.assert_allclose(pose.matrix, expected.matrix, atol=1e-9)
    fisheye, nominal = example.rig.camera("REAR_FISHEYE"), tables_only.rig.camera("REAR_FISHEYE")
    middle = np.array([[fisheye.width_px / 2 + 3.0, fisheye.height_px / 2 - 2.0]])
    np.testing.assert_allclose(nominal.unproject(middle), fisheye.unproject(middle), atol=1e-6)
    expected_names = {
        token(token("scene", "street"), "instance", actor.track_id): actor for actor in example.graph.actors
    }
    for actor in tables_only.graph.actors:
        assert actor.category is expected_names[actor.track_id].category
        np.testing.assert_allclose(actor.size_lwh_m, expected_names[actor.track_id].size_lwh_m)


def test_tables_alone_keep_the_plan_of_the_map(tables_only: Recording, example: Recording) -> None:
    back = {element.element_id.partition("/")[2]: element for element in tables_only.graph.elements}
    for element in example.graph.elements_of(ElementKind.LANE, ElementKind.LANE_LINE, ElementKind.CROSSWALK):
        found = back[token(element.element_id)]
        assert found.kind is element.kind
        if element.kind is not ElementKind.CROSSWALK:
            line = shapely.LineString(element.vertices_world[:, :2])
            away_m = shapely.distance(line, shapely.points(found.vertices_world[:, :2]))
            assert away_m.max() < 1e-3
            np.testing.assert_allclose(
                found.vertices_world[[0, -1], :2], element.vertices_world[[0, -1], :2], atol=1e-6
            )
        else:
            np.testing.assert_allclose(found.vertices_world[:, :2], element.vertices_world[:, :2])
    for element in example.graph.elements_of(ElementKind.TRAFFIC_LIGHT):
        found = back[token(element.element_id)]
        np.testing.assert_allclose(found.vertices_world[4:].mean(axis=0), element.vertices_world[4:].mean(axis=0))
    for element in example.graph.elements_of(ElementKind.WAIT_LINE):
        stop = back[token(element.element_id)].vertices_world[:, :2]
        np.testing.assert_allclose(stop.mean(axis=0), element.vertices_world[[0, -1], :2].mean(axis=0), atol=0.01)
        assert np.ptp(stop, axis=0) == pytest.approx(np.ptp(element.vertices_world[:, :2], axis=0), abs=0.05)
    followers = {
        (token(one.source_id), token(one.target_id))
        for one in example.graph.relations
        if one.kind is RelationKind.SUCCESSOR
    }
    assert followers == {
        (one.source_id.partition("/")[2], one.target_id.partition("/")[2])
        for one in tables_only.graph.relations
        if one.kind is RelationKind.SUCCESSOR
    }


def test_the_devkit_opens_the_tables(root: Path, example: Recording) -> None:
    from nuscenes.nuscenes import NuScenes

    database = NuScenes(version="v1.0-mini", dataroot=str(root), verbose=False)
    (scene,) = database.scene
    assert scene["name"] == example.graph.scenario_id
    sample = database.get("sample", scene["first_sample_token"])
    assert set(sample["data"]) == {"LIDAR_TOP", *example.rig.names}
    times_us, num_boxes = [], 0
    while sample is not None:
        boxes = database.get_boxes(sample["data"]["LIDAR_TOP"])
        expected = example.graph.boxes_at(sample["timestamp"])
        np.testing.assert_allclose(sorted(box.center[0] for box in boxes), sorted(expected.centers[:, 0]), atol=1e-9)
        for annotation in sample["anns"]:
            assert database.box_velocity(annotation).shape == (3,)
        times_us.append(sample["timestamp"])
        num_boxes += len(boxes)
        sample = database.get("sample", sample["next"]) if sample["next"] else None
    assert len(times_us) == scene["nbr_samples"]
    np.testing.assert_allclose(np.diff(times_us), 500_000, atol=40_000)  # the last one is the last frame
    assert num_boxes == len(database.sample_annotation)


def test_every_token_refers_to_a_row(root: Path) -> None:
    found = tables(root)
    known = {table: {row["token"] for row in rows} for table, rows in found.items()}
    assert all(len(known[table]) == len(rows) for table, rows in found.items())
    ends = ("prev", "next", "first_annotation_token", "last_annotation_token", "first_sample_token",
            "last_sample_token")  # fmt: skip
    for table, rows in found.items():
        for row in rows:
            for key, value in row.items():
                target = key.removesuffix("_token")
                if key.endswith("_token") and key not in ends:
                    assert value in known[target], f"{table}.{key}"
                elif key in ("attribute_tokens", "log_tokens"):
                    assert set(value) <= known[key.removesuffix("_tokens")]
                elif key in ("prev", "next"):
                    assert value == "" or value in known[table]
    lidar = [row for row in found["sample_data"] if "LIDAR_TOP" in row["filename"]]
    assert all(
        re.fullmatch(r"(samples|sweeps)/LIDAR_TOP/street__LIDAR_TOP__\d+\.pcd\.bin", row["filename"]) for row in lidar
    )


def test_attributes_follow_from_speeds(root: Path) -> None:
    found = tables(root)
    names = {row["token"]: row["name"] for row in found["attribute"]}
    attributes: dict[str, set[str]] = {}
    for row in found["sample_annotation"]:
        attributes.setdefault(row["instance_token"], set()).update(names[one] for one in row["attribute_tokens"])

    def of(actor: str) -> set[str]:
        return attributes[token(token("scene", "street"), "instance", actor)]

    assert of("car_ahead") == {"vehicle.moving"}
    assert of("car_waiting") == {"vehicle.stopped", "vehicle.moving"}
    assert of("car_side_waiting") == {"vehicle.parked"}
    assert of("pedestrian_crossing") == {"pedestrian.moving"}
    assert of("bicycle_right") == {"cycle.with_rider"}
    assert of("barrier") == set()


def test_the_devkit_s_map_answers(root: Path, example: Recording) -> None:
    found = nuscenes_map(root, MAP_NAMES[0])
    for time_us in (0, 4_000_000, 8_000_000):
        x, y, _ = example.graph.ego.trajectory.at(time_us).translation.tolist()
        assert found.layers_on_point(x, y)["drivable_area"]
        assert found.get_closest_lane(x, y)
    x, y, _ = example.graph.ego.trajectory.at(0).translation.tolist()
    lane = found.get_closest_lane(x, y)
    assert lane == token("lane_forward_inner_in")
    assert found.get_outgoing_lane_ids(lane) == [token("lane_forward_inner_crossing")]
    centreline = np.array(found.discretize_lanes([lane], 0.5)[lane])[:, :2]
    ours = next(one for one in example.graph.elements if one.element_id == "lane_forward_inner_in")
    line = shapely.LineString(ours.vertices_world[:, :2])
    assert shapely.distance(line, shapely.points(centreline)).max() < 1e-6
    assert line.length == pytest.approx(shapely.LineString(centreline).length, abs=1e-3)
    near = found.get_records_in_radius(x, y, 60.0, ["ped_crossing", "stop_line", "traffic_light", "lane_divider"])
    assert all(near.values())
    mask = found.get_map_mask((x, y, 40.0, 40.0), 0.0, ["drivable_area", "lane"], (80, 80))
    assert mask[0].any()
    assert mask[1].any()


def test_images_of_keyframes_and_between(tmp_path: Path, example: Recording) -> None:
    recording = small(example)
    # the cameras are not synchronous, and one has a hole
    front = list(range(0, 8_000_001, 100_000))
    times_us = {"CAM_FRONT": front, "CAM_BACK": [time + 20_000 for time in front[:-1] if not 2e6 < time < 4e6]}
    recording = replace(
        recording,
        frames=PaintedFrames(recording, times_us),
        frame_timestamps_us=np.array(front, dtype=np.int64),
    )
    report = write_nuscenes([recording], tmp_path / "root")
    assert report.written["images"] == sum(len(times) for times in times_us.values())
    back = read_nuscenes(tmp_path / "root")
    assert back.frames is not None
    for camera, times in times_us.items():
        np.testing.assert_array_equal(back.frames.timestamps_us(camera), times)
        for time_us in times[::20]:
            expected = recording.frames.image(camera, time_us)
            np.testing.assert_allclose(back.frames.image(camera, time_us).astype(int), expected, atol=3)
    rows = [row for row in tables(tmp_path / "root")["sample_data"] if "CAM_BACK__" in row["filename"]]
    keyframes = [row for row in rows if row["is_key_frame"]]
    assert len(keyframes) == 17
    missing = [row for row in keyframes if not (tmp_path / "root" / row["filename"]).exists()]
    assert [row["timestamp"] for row in missing] == [2_500_000, 3_000_000, 3_500_000]
    only = read_nuscenes(tmp_path / "root", keyframes_only=True)
    assert only.frames is not None
    np.testing.assert_array_equal(only.frames.timestamps_us("CAM_FRONT"), range(0, 8_000_001, 500_000))
    np.testing.assert_array_equal(only.frame_timestamps_us, range(0, 8_000_001, 500_000))
    write_nuscenes([recording], tmp_path / "without", sweeps=False)
    assert not (tmp_path / "without" / "sweeps").exists()


def test_an_image_of_another_size_leaves_nothing(tmp_path: Path, example: Recording) -> None:
    recording = small(example)
    frames = PaintedFrames(recording, {"CAM_FRONT": [0, 100_000]})
    wrong = replace(example, frames=frames)
    with pytest.raises(SceneError, match=r"camera 'CAM_FRONT': the image at 0 us is 64x36 but the rig says 1280x720"):
        write_nuscenes([wrong], tmp_path / "root")
    assert list(tmp_path.iterdir()) == []


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path, root: Path) -> None:
    write_nuscenes([example_recording()], tmp_path / "again")
    files = {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    again = tmp_path / "again"
    assert files == {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}


@pytest.mark.parametrize("table", ["sample_annotation", "ego_pose", "calibrated_sensor", "scene"])
def test_tables_that_were_changed_are_not_read_as_the_old_scenario(
    tmp_path: Path, example: Recording, table: str
) -> None:
    write_nuscenes([example], tmp_path / "root")
    path = tmp_path / "root" / "v1.0-mini" / f"{table}.json"
    rows = json.loads(path.read_text())
    key = "description" if table == "scene" else "translation"
    rows[0][key] = "new" if table == "scene" else [1.0, 2.0, 3.0]
    path.write_text(json.dumps(rows, indent=2))
    with pytest.raises(SceneError, match=r"drivesim_scenario\.json, scene 'street': the tables .* changed .* delete"):
        read_nuscenes(tmp_path / "root")
    (tmp_path / "root" / EXTRA).unlink()
    read_nuscenes(tmp_path / "root")


def test_layout_and_order_of_the_tables_may_change(tmp_path: Path, example: Recording) -> None:
    write_nuscenes([example], tmp_path / "root")
    for path in (tmp_path / "root" / "v1.0-mini").glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text())[::-1], indent=2))
    assert read_nuscenes(tmp_path / "root").graph.hash() == example.graph.hash()


def test_a_damaged_extra_table_is_named(tmp_path: Path, example: Recording) -> None:
    write_nuscenes([example], tmp_path / "root")
    path = tmp_path / "root" / EXTRA
    (row,) = json.loads(path.read_text())
    for change, message in (
        ({"document": {**row["document"], "version": 99}}, "version 99; expected"),
        ({"arrays": {**row["arrays"], "times_us": [0.5]}}, "arrays.times_us: expected a list of whole numbers"),
        ({"arrays": {**row["arrays"], "vertices_m": [[0.0, 1.0]]}}, "arrays.vertices_m: expected numbers of shape"),
        ({"document": {**row["document"], "scenario_id": "lane"}}, "was changed after it was written"),
        ({"arrays": None}, "arrays"),
    ):
        path.write_text(json.dumps([{**row, **change}]))
        with pytest.raises(SceneError, match=message) as raised:
            read_nuscenes(tmp_path / "root")
        assert "drivesim_scenario.json" in str(raised.value)


def test_recordings_whose_maps_agree_share_one(tmp_path: Path, example: Recording) -> None:
    def named(name: str, **fields: Any) -> Recording:
        return replace(example, graph=replace(example.graph, scenario_id=name, **fields))

    elements = example.graph.elements
    line = next(one for one in elements if one.kind is ElementKind.LANE_LINE)
    repainted = replace(line, mark=LaneMark(colour=MarkColour.BLUE, pattern=MarkPattern.DOT_SINGLE))
    part = named("part", elements=tuple(one for one in elements if one.kind is ElementKind.LANE), signals=(),
                 relations=())  # fmt: skip
    other = named("other", elements=(repainted, *(one for one in elements if one is not line)))
    empty = named("empty", elements=(), signals=(), relations=())
    write_nuscenes([named("whole"), part, other, empty], tmp_path / "root")
    locations = {row["logfile"]: row["location"] for row in tables(tmp_path / "root")["log"]}
    assert locations == {"whole": MAP_NAMES[0], "part": MAP_NAMES[0], "other": MAP_NAMES[1], "empty": "none"}
    assert nuscenes_map(tmp_path / "root", MAP_NAMES[1]).lane
    for recording in (part, other, empty):
        back = read_nuscenes(tmp_path / "root", scene=recording.graph.scenario_id)
        assert back.graph.hash() == recording.graph.hash()


def test_names_stay_inside_the_root(tmp_path: Path, example: Recording) -> None:
    recording = small(replace(example, graph=replace(example.graph, scenario_id="../../etc/passwd\0é")))
    recording = replace(recording, frames=PaintedFrames(recording, {"CAM_FRONT": [0]}))
    write_nuscenes([recording], tmp_path / "inner" / "root")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(tmp_path / "inner" / "root") for path in files)
    assert all(re.fullmatch(r"[A-Za-z0-9._+-]+", path.name) for path in files)
    assert read_nuscenes(tmp_path / "inner" / "root").graph.hash() == recording.graph.hash()


def test_file_stems_differ_where_names_differ() -> None:
    assert file_stem("scene-0061") == "scene-0061"
    stems = {file_stem(name) for name in ("a/b", "a_b", "a.b", "", ".", "..", "a" * 100, "a" * 101)}
    assert len(stems) == 8
    assert all(re.fullmatch(r"[A-Za-z0-9_+-]{1,80}", stem) for stem in stems)


def test_what_cannot_be_written_is_said(tmp_path: Path, example: Recording) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    with pytest.raises(SceneError, match="taken: is not an empty folder"):
        write_nuscenes([example], tmp_path / "taken")
    with pytest.raises(SceneError, match="scenario id 'street'; expected ids that differ"):
        write_nuscenes([example, example], tmp_path / "root")
    with pytest.raises(SceneError, match="expected at least one recording"):
        write_nuscenes([], tmp_path / "root")
    with pytest.raises(SceneError, match="a recording has no scenario id"):
        write_nuscenes([replace(example, graph=replace(example.graph, scenario_id=""))], tmp_path / "root")
    for version in ("../up", "", "samples", ".hidden", "a/b"):
        with pytest.raises(SceneError, match="expected the name of a folder"):
            write_nuscenes([example], tmp_path / "root", version=version)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken"]
    (tmp_path / "empty").mkdir()
    write_nuscenes([example], tmp_path / "empty", version="v1.0-test")
    assert list_scenes(tmp_path / "empty") == ["street"]


@pytest.mark.data
def test_real_scenes_are_written_and_read_back(tmp_path: Path, data_root: Path) -> None:
    roots = sorted({path.parent.parent for path in data_root.glob("*/v1.0-*/scene.json")})
    if not roots:
        pytest.skip(f"no nuScenes tables below {data_root}")
    for index, source in enumerate(roots):
        scenes = [read_nuscenes(source, scene=scene) for scene in list_scenes(source)]
        write_nuscenes(scenes, tmp_path / str(index))
        for scene in scenes:
            back = read_nuscenes(tmp_path / str(index), scene=scene.graph.scenario_id)
            assert back.graph.hash() == scene.graph.hash()
            if scene.frames is not None and scene.rig is not None:
                assert back.frames is not None
                for camera in scene.rig.names:
                    for time_us in scene.frames.timestamps_us(camera).tolist():
                        difference = back.frames.image(camera, time_us).astype(int) - scene.frames.image(
                            camera, time_us
                        )
                        assert np.abs(difference).mean() < 3.0
