"""Both readers on real logs: counts, places and relations that must hold whatever the log is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scene_graph.actors import ActorCategory
from scene_graph.elements import ElementKind
from scene_graph.graph import RelationKind
from scene_graph.readers import detect_format, list_scenes, read_recording
from scene_graph.readers.argoverse2_map import read_log_map
from scene_graph.readers.records import Records
from scene_graph.recording import Recording

pytestmark = pytest.mark.data

FORMATS = ("argoverse2", "rds_hq")


def scenes(data_root: Path, format: str) -> list[tuple[Path, str]]:
    folder = data_root / format
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    assert detect_format(folder) == format
    return [(folder, scene) for scene in list_scenes(folder)]


@pytest.fixture(scope="module", params=FORMATS)
def recordings(request: pytest.FixtureRequest, data_root: Path) -> list[Recording]:
    return [read_recording(path, scene=scene) for path, scene in scenes(data_root, request.param)]


@pytest.fixture(scope="module")
def argoverse2_logs(data_root: Path) -> list[tuple[Path, Recording]]:
    return [(path / scene, read_recording(path, scene=scene)) for path, scene in scenes(data_root, "argoverse2")]


def ground_heights(recording: Recording, log: Path) -> np.ndarray:
    """Ground heights below the ego, m."""
    ground = read_log_map(log / "map", Records(skip=False)).ground
    if ground is None:
        pytest.skip("the log has no ground height")
    return ground.at(recording.graph.ego.trajectory.world_from_body.translation)


def nearest_heights(vertices: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Heights above the vertex that is nearest in plan, of places within 5 m of one."""
    distances = np.linalg.norm(places[:, None, :2] - vertices[None, :, :2], axis=2)
    near = distances.min(axis=1) < 5.0
    return (places[:, 2] - vertices[distances.argmin(axis=1), 2])[near]


def test_recordings_are_sound_and_whole(recordings: list[Recording]) -> None:
    for recording in recordings:
        recording.graph.validate()
        recording.rig.validate()
        assert recording.source.skipped == ()
        assert len(recording.graph.elements) == sum(
            int(recording.source.present[name])
            for name in recording.source.present
            if name in ("lane lines", "road boundaries", "wait lines", "poles", "crosswalks", "road markings",
                        "traffic signs", "traffic lights", "lanes", "drivable areas")
        )  # fmt: skip
        assert int(recording.source.present["actors"]) == len(recording.graph.actors) > 0
        assert len(recording.graph.elements_of(ElementKind.LANE_LINE)) > 0
        assert len(recording.graph.elements_of(ElementKind.LANE)) > 0
        times = recording.frame_timestamps_us
        assert (np.diff(times) > 0).all()
        assert recording.graph.start_us <= times[0] <= times[-1] <= recording.graph.end_us


def test_relations_refer_to_elements(recordings: list[Recording]) -> None:
    for recording in recordings:
        kinds = {element.element_id: element.kind for element in recording.graph.elements}
        relations = recording.graph.relations
        assert {relation.kind for relation in relations} >= {
            RelationKind.SUCCESSOR, RelationKind.LEFT_NEIGHBOUR, RelationKind.RIGHT_NEIGHBOUR,
        }  # fmt: skip
        assert len({(r.source_id, r.target_id, r.kind) for r in relations}) == len(relations)
        for relation in relations:
            assert kinds[relation.target_id] is ElementKind.LANE
            assert (kinds[relation.source_id] is ElementKind.LANE) == (relation.kind is not RelationKind.CONTROLS)


def test_a_lane_starts_where_its_predecessor_ends(recordings: list[Recording]) -> None:
    for recording in recordings:
        lanes = {lane.element_id: lane for lane in recording.graph.elements_of(ElementKind.LANE)}
        gaps = [
            np.linalg.norm(lanes[r.source_id].vertices_world[-1] - lanes[r.target_id].vertices_world[0])
            for r in recording.graph.relations
            if r.kind is RelationKind.SUCCESSOR
        ]
        assert np.percentile(gaps, 90) < 0.5


def test_neighbours_lie_on_their_side(recordings: list[Recording]) -> None:
    for recording in recordings:
        lanes = {lane.element_id: lane.vertices_world for lane in recording.graph.elements_of(ElementKind.LANE)}
        sides = []
        for relation in recording.graph.relations:
            if relation.kind in (RelationKind.LEFT_NEIGHBOUR, RelationKind.RIGHT_NEIGHBOUR):
                own, other = lanes[relation.source_id], lanes[relation.target_id]
                ahead, across = own[-1] - own[0], other.mean(axis=0) - own.mean(axis=0)
                is_left = ahead[0] * across[1] - ahead[1] * across[0] > 0
                sides.append(is_left == (relation.kind is RelationKind.LEFT_NEIGHBOUR))
        assert np.mean(sides) > 0.95


def test_lane_edges_lie_on_their_side(recordings: list[Recording]) -> None:
    for recording in recordings:
        for lane in recording.graph.elements_of(ElementKind.LANE):
            ahead = lane.vertices_world[-1] - lane.vertices_world[0]
            across = lane.lane.left_world.mean(axis=0) - lane.lane.right_world.mean(axis=0)
            assert ahead[0] * across[1] - ahead[1] * across[0] > 0


def test_lane_lines_are_at_the_height_of_the_ego(recordings: list[Recording]) -> None:
    for recording in recordings:
        ego = recording.graph.ego.trajectory.world_from_body.translation
        vertices = np.concatenate([line.vertices_world for line in recording.graph.elements_of(ElementKind.LANE)])
        above_m = nearest_heights(vertices, ego[::10])
        assert len(above_m) > 0
        assert abs(np.median(above_m)) < 0.25


def test_cameras_ride_at_plausible_places_and_look_around(recordings: list[Recording]) -> None:
    for recording in recordings:
        rig = recording.rig
        x, y, z = rig.ego_from_camera.translation.T
        assert (np.abs(x) < 4).all()
        assert (np.abs(y) < 1.5).all()
        assert ((z > 0.5) & (z < 3)).all()
        forward = rig.ego_from_camera.rotation[:, :, 2]
        assert (np.abs(forward[:, 2]) < 0.3).all()  # near the horizontal
        down = rig.ego_from_camera.rotation[:, :, 1]
        assert (down[:, 2] < -0.9).all()  # upright
        assert forward[:, 0].max() > 0.95
        for name, ahead in zip(rig.names, forward, strict=True):
            if "left" in name and "stereo" not in name:
                assert ahead[1] > 0.1
            if "right" in name and "stereo" not in name:
                assert ahead[1] < -0.1


def test_boxes_stand_near_the_road(recordings: list[Recording]) -> None:
    for recording in recordings:
        vertices = np.concatenate([lane.vertices_world for lane in recording.graph.elements_of(ElementKind.LANE)])
        bottoms = []
        for time_us in recording.frame_timestamps_us[::30]:
            boxes = recording.graph.boxes_at(int(time_us))
            cars = np.array([category == ActorCategory.CAR for category in boxes.categories], dtype=bool)
            corners = boxes.corners[cars]
            bottoms.append(corners[:, 4:].mean(axis=1))
        heights_m = nearest_heights(vertices, np.concatenate(bottoms))
        assert len(heights_m) > 5
        assert abs(np.median(heights_m)) < 0.35


def test_the_ego_of_argoverse2_stands_on_the_ground(argoverse2_logs: list[tuple[Path, Recording]]) -> None:
    for log, recording in argoverse2_logs:
        above_m = recording.graph.ego.trajectory.world_from_body.translation[:, 2] - ground_heights(recording, log)
        above_m = above_m[np.isfinite(above_m)]
        assert len(above_m) > 0
        assert abs(np.median(above_m)) < 0.02
        assert np.percentile(np.abs(above_m), 95) < 0.15


def test_boundaries_of_argoverse2_enclose_the_drive(argoverse2_logs: list[tuple[Path, Recording]]) -> None:
    import shapely

    for _, recording in argoverse2_logs:
        areas = [
            shapely.Polygon(a.vertices_world[:, :2]) for a in recording.graph.elements_of(ElementKind.DRIVABLE_AREA)
        ]
        boundaries = [
            shapely.LinearRing(boundary.vertices_world[:, :2])
            for boundary in recording.graph.elements_of(ElementKind.ROAD_BOUNDARY)
        ]
        union = shapely.unary_union(areas)
        assert sum(ring.length for ring in boundaries) == pytest.approx(union.length)
        drive = shapely.points(recording.graph.ego.trajectory.world_from_body.translation[:, :2])
        assert shapely.contains(union, drive).mean() > 0.99
        assert min(shapely.distance(ring, drive).min() for ring in boundaries) > 0.5


@pytest.mark.parametrize("format", FORMATS)
def test_reading_twice_gives_the_same(data_root: Path, format: str) -> None:
    path, scene = scenes(data_root, format)[0]
    first, second = (read_recording(path, scene=scene) for _ in range(2))
    assert first.graph.hash() == second.graph.hash()
    assert first.source == second.source
    np.testing.assert_array_equal(first.rig.ego_from_camera.matrix, second.rig.ego_from_camera.matrix)
