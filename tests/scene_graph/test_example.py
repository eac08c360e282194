"""The example scenario: the same everywhere, and a street that could be."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely

from scene_graph.actors import ActorCategory
from scene_graph.boxes import Boxes3D
from scene_graph.elements import ElementKind, Geometry
from scene_graph.example import example_recording
from scene_graph.example_street import pose_at, street_points
from scene_graph.graph import RelationKind
from scene_graph.recording import Recording


@pytest.fixture(scope="module")
def recording() -> Recording:
    return example_recording()


def test_same_in_every_process(recording: Recording) -> None:
    code = "from scene_graph.example import example_recording; print(example_recording().graph.hash())"
    root = Path(__file__).parents[2]
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert other.stdout.strip() == recording.graph.hash()


def test_is_valid_and_holds_what_the_renderer_draws(recording: Recording) -> None:
    recording.graph.validate()
    assert recording.rig is not None
    recording.rig.validate()
    kinds = {element.kind for element in recording.graph.elements}
    assert {
        ElementKind.LANE, ElementKind.LANE_LINE, ElementKind.ROAD_BOUNDARY, ElementKind.WAIT_LINE, ElementKind.POLE,
        ElementKind.CROSSWALK, ElementKind.ROAD_MARKING, ElementKind.TRAFFIC_SIGN, ElementKind.TRAFFIC_LIGHT,
    } <= kinds  # fmt: skip
    relations = {relation.kind for relation in recording.graph.relations}
    assert relations == set(RelationKind)
    assert len(recording.graph.actors) >= 15
    assert (recording.frame_timestamps_us >= recording.graph.start_us).all()
    assert (recording.frame_timestamps_us <= recording.graph.end_us).all()


def test_street_coordinates_keep_lengths() -> None:
    along = street_points(np.linspace(0.0, 250.0, 2501), 0.0)
    steps_m = np.linalg.norm(np.diff(along[:, :2], axis=0), axis=1)
    np.testing.assert_allclose(steps_m, 0.1, rtol=1e-4)
    across = street_points(np.full(2, 200.0), np.array([-5.0, 5.0]))
    assert np.linalg.norm(across[1] - across[0]) == pytest.approx(10.0)


def test_poses_lie_on_the_surface() -> None:
    for s_m in (10.0, 60.0, 180.0, 240.0):
        poses = pose_at([s_m], [-1.0], [0.7])
        rotation = poses.rotation[0]
        forward = street_points(s_m + 1e-3, -1.0) - street_points(s_m - 1e-3, -1.0)
        forward /= np.linalg.norm(forward)
        assert forward @ rotation[:, 2] == pytest.approx(0.0, abs=1e-3)
        assert np.linalg.det(rotation) == pytest.approx(1.0, abs=1e-7)
        heading = np.arctan2(forward[1], forward[0])
        assert np.angle(np.exp(1j * (poses.yaw_rad[0] - heading - 0.7))) == pytest.approx(0.0, abs=5e-3)


def test_polygons_are_simple_and_flat_enough(recording: Recording) -> None:
    for element in recording.graph.elements:
        if element.kind.geometry is Geometry.POLYGON:
            assert shapely.Polygon(element.vertices_world[:, :2]).is_valid, element.element_id


def footprints(boxes: Boxes3D) -> list[shapely.Polygon]:
    return [shapely.Polygon(corners[:4, :2]) for corners in boxes.corners]


def test_nobody_drives_through_anybody(recording: Recording) -> None:
    graph = recording.graph
    for time_us in range(graph.start_us, graph.end_us + 1, 100_000):
        boxes = graph.boxes_at(time_us)
        ego = pose_of_ego(recording, time_us)
        shapes = [*zip(boxes.track_ids, footprints(boxes), strict=True), ("ego", ego)]
        for (name, shape), (other_name, other) in combinations(shapes, 2):
            assert shape.distance(other) > 0.15, (name, other_name, time_us)


def pose_of_ego(recording: Recording, time_us: int) -> shapely.Polygon:
    ego = recording.graph.ego
    length_m, width_m, _ = ego.size_lwh_m
    x = ego.rear_axle_to_center_m + np.array([1, 1, -1, -1]) * length_m / 2
    y = np.array([1, -1, -1, 1]) * width_m / 2
    world_from_ego = ego.trajectory.at(time_us)
    return shapely.Polygon(world_from_ego.apply(np.stack([x, y, np.zeros(4)], axis=-1))[:, :2])


def test_vehicles_keep_to_the_road_and_people_wait_for_green(recording: Recording) -> None:
    graph = recording.graph
    road = shapely.union_all(
        [
            shapely.Polygon(element.vertices_world[:, :2]).buffer(0.05)
            for element in graph.elements_of(ElementKind.DRIVABLE_AREA, ElementKind.INTERSECTION_AREA)
        ]
    )
    on_the_street = ("car_ahead", "car_waiting", "truck_waiting", "bus_oncoming", "bicycle_right")
    for time_us in range(graph.start_us, graph.end_us + 1, 500_000):
        boxes = graph.boxes_at(time_us)
        for name, shape in zip(boxes.track_ids, footprints(boxes), strict=True):
            if name in on_the_street:
                assert road.covers(shape), (name, time_us)


def test_boxes_stand_on_the_road(recording: Recording) -> None:
    boxes = recording.graph.boxes_at(4_500_000)
    vehicles = [i for i, category in enumerate(boxes.categories) if category != ActorCategory.PEDESTRIAN.value]
    for i in vehicles:
        bottom = boxes.frame_from_box[i].apply(np.array([[0.0, 0.0, -boxes.size_lwh_m[i, 2] / 2]]))[0]
        s_m = np.linspace(0.0, 250.0, 5001)
        middle = street_points(s_m, 0.0)
        nearest = np.argmin(np.linalg.norm(middle[:, :2] - bottom[:2], axis=1))
        assert bottom[2] == pytest.approx(middle[nearest, 2], abs=0.05), boxes.track_ids[i]
