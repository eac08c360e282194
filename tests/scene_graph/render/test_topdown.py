"""The view from above: where things are drawn, and in which colour."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import actor, cameras, element, graph, rig, street

from scene_graph.elements import LaneMark, LaneShape, MarkColour
from scene_graph.render.style import load_style
from scene_graph.render.topdown import EGO_RGB, TopDownRenderer, TopDownView, camera_wedge, footprints, view_of_route
from scene_graph.render.topdown_map import BACKGROUND_RGB
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack

STYLE = load_style("topdown")
VIEW = TopDownView(center_world=np.array([5.0, 0.0]), px_per_m=10.0, width_px=400, height_px=300)


def colour_at(picture: np.ndarray, point_world: tuple[float, float], view: TopDownView = VIEW) -> tuple[int, ...]:
    x, y = np.floor(view.project(np.array([point_world]))[0]).astype(int)
    return tuple(int(channel) for channel in picture[y, x])


def test_view_puts_x_to_the_right_and_y_up() -> None:
    pixels = VIEW.project(np.array([[5.0, 0.0, 9.0], [6.0, 0.0, 9.0], [5.0, 1.0, 9.0]]))
    np.testing.assert_allclose(pixels, [[200, 150], [210, 150], [200, 140]])


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(0, 300), st.floats(-np.pi, np.pi))
def test_the_route_view_holds_the_whole_path_and_its_margin(x: float, y: float, length_m: float, yaw: float) -> None:
    world_from_start = SE3.from_yaw(np.array(yaw), np.array([x, y, 0.0]))
    scenario = graph(world_from_start=world_from_start)
    poses = SE3(
        rotation=scenario.ego.trajectory.world_from_body.rotation,
        translation=scenario.ego.trajectory.world_from_body.translation * (1 + length_m / 100),
    )
    scenario = replace(
        scenario, ego=replace(scenario.ego, trajectory=replace(scenario.ego.trajectory, world_from_body=poses))
    )
    view = view_of_route(scenario, width_px=640, height_px=400, margin_m=20.0)
    for offset in ((-20, -20), (20, 20)):
        pixels = view.project(poses.translation[:, :2] + offset)
        assert (pixels >= -1e-6).all()
        assert (pixels <= np.array([640, 400]) + 1e-6).all()


def test_actors_and_the_ego_are_drawn_where_they_are_in_their_colours() -> None:
    scenario = graph(
        actors=(actor("car", 10.0, 5.0, np.pi / 2, (4.6, 1.9, 1.5)), actor("bus", -4, -6, 0.0, (9, 2.5, 3)))
    )
    picture = TopDownRenderer(scenario, VIEW, STYLE).draw(0)
    assert picture.shape == (300, 400, 3)
    car, bus = (STYLE.boxes.rgb[a.category][0] for a in scenario.actors)
    assert colour_at(picture, (10.0, 3.2)) == car  # the rear of a car that points up
    assert colour_at(picture, (10.7, 4.0)) == car
    assert colour_at(picture, (11.6, 5.0)) == BACKGROUND_RGB  # beside it: it is 1.9 m wide
    assert colour_at(picture, (-8.0, -6.9)) == bus
    assert colour_at(picture, (-0.5, 0.6)) == EGO_RGB
    assert colour_at(picture, (1.4 - 2.3 - 0.6, 0.0)) == BACKGROUND_RGB  # behind the ego's rear


def test_the_arrowhead_lies_at_the_front() -> None:
    scenario = graph(actors=(actor("car", 10.0, 5.0, np.pi, (4.6, 1.9, 1.5)),))
    picture = TopDownRenderer(scenario, VIEW, STYLE).draw(0)
    car = STYLE.boxes.rgb[scenario.actors[0].category][0]
    assert colour_at(picture, (10.0 - 1.2, 5.0)) != car
    assert colour_at(picture, (10.0 + 1.2, 5.0)) == car


def test_the_ego_and_its_path_move_with_time() -> None:
    picture = TopDownRenderer(graph(), VIEW, STYLE).draw(1_000_000)
    assert colour_at(picture, (9.5, 0.6)) == EGO_RGB
    assert colour_at(picture, (3.0, 0.0))[0] > 150  # what it has driven
    assert colour_at(picture, (3.0, 0.6)) == BACKGROUND_RGB


def test_lanes_lines_and_areas_with_holes() -> None:
    square = np.array([[8, -12, 0], [16, -12, 0], [16, -4, 0], [8, -4, 0]], dtype=float)
    hole = np.array([[10, -10, 0], [14, -10, 0], [14, -6, 0], [10, -6, 0]], dtype=float)
    edges = LaneShape(
        left_world=np.array([[-10.0, 11.0, 0.0], [20.0, 11.0, 0.0]]),
        right_world=np.array([[-10.0, 7.0, 0.0], [20.0, 7.0, 0.0]]),
    )
    scenario = graph(
        elements=(
            element("crosswalk", square, holes_world=(hole,)),
            element("lane", [[-10, 9, 0], [20, 9, 0]], lane=edges),
            element("lane_line", [[-10, 12, 0], [20, 12, 0]], mark=LaneMark(colour=MarkColour.YELLOW)),
        )
    )
    picture = TopDownRenderer(scenario, VIEW, STYLE).draw(0)
    layers = {kind.value: layer.rgb for kind, layer in STYLE.layers.items()}
    assert colour_at(picture, (9.0, -8.0)) == layers["crosswalk"]
    assert colour_at(picture, (12.0, -8.0)) == BACKGROUND_RGB
    assert colour_at(picture, (0.0, 10.0)) == layers["drivable_area"]
    red, green, blue = colour_at(picture, (0.0, 12.0))
    assert red > 180
    assert green > 140
    assert blue < 100


def test_signals_show_their_state_at_the_light() -> None:
    scenario = street()
    light = scenario.elements_of(*{e.kind for e in scenario.elements if e.kind.value == "traffic_light"})[0]
    x, y, _ = light.vertices_world.mean(axis=0)
    states = (SignalState.RED, SignalState.GREEN)
    track = SignalTrack(element_id=light.element_id, timestamps_us=np.array([0, 500_000]), states=states)
    view = TopDownView(center_world=np.array([x, y]), px_per_m=10.0, width_px=200, height_px=200)
    renderer = TopDownRenderer(replace(scenario, signals=(track,)), view, STYLE)
    for time_us, state in zip((100_000, 900_000), states, strict=True):
        assert colour_at(renderer.draw(time_us), (x, y), view) == STYLE.signals[state]


def test_moving_the_world_leaves_the_picture_of_a_view_that_moves_with_it() -> None:
    offset = np.array([431_000.0, 4_200_000.0, 50.0])
    moved_view = replace(VIEW, center_world=VIEW.center_world + offset[:2])
    here = TopDownRenderer(graph(actors=(actor("car", 9, 3, 0.4, (4.0, 2.0, 1.0)),)), VIEW, STYLE).draw(500_000)
    scenario = graph(
        actors=(actor("car", 9, 3, 0.4, (4.0, 2.0, 1.0)),),
        world_from_start=SE3(rotation=np.eye(3), translation=offset),
    )
    there = TopDownRenderer(scenario, moved_view, STYLE).draw(500_000)
    assert np.abs(here.astype(int) - there).max() <= 2


def test_footprints_have_the_box_size_and_order() -> None:
    pose = SE3.from_yaw(np.array([np.pi / 2]), np.array([[1.0, 2.0, 0.75]]))
    (outline,) = footprints(pose, np.array([[4.0, 2.0, 1.5]]))
    np.testing.assert_allclose(outline, [[0, 4, 0], [2, 4, 0], [2, 0, 0], [0, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("model", ["pinhole", "ftheta", "fisheye"])
def test_a_camera_wedge_spans_the_field_of_view(model: str) -> None:
    camera = cameras(640, 360)[model]
    wedge = camera_wedge(rig(camera), 0, length_m=10.0) - np.array([1.5, 0.0, 1.6])
    np.testing.assert_allclose(np.linalg.norm(wedge[1:, :2], axis=1), 10.0)
    edge = camera.unproject(np.array([0.0, 180.0]))
    # the camera looks along +x; its left edge is to the left, +y
    np.testing.assert_allclose(np.arctan2(wedge[1, 1], wedge[1, 0]), np.arctan2(-edge[0], edge[2]), atol=1e-9)
    assert wedge[-1, 1] == pytest.approx(-wedge[1, 1], abs=1e-6)
