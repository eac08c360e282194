"""Motion along lanes: the integral of the speed, the place on the lane, and where lanes end."""

import numpy as np
import pytest
from edit_scenarios import actor, edited, lane, places, road, times_s, track_of
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from scene_graph.edit.lane_following import SpeedProfile, follow_lane, straight_route
from scene_graph.edit.operations import AlongLane, RouteEnd
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind
from scene_graph.lanes import LaneGraph

ROAD = LaneGraph.of(road())


def add(arguments: str) -> str:
    return f"- add_actor: {{actor: new, category: car, size_lwh_m: [4, 2, 1.5], along_lane: {{{arguments}}}}}"


def test_distance_is_the_integral_of_the_speed() -> None:
    profile = SpeedProfile(((1.0, 4.0), (3.0, 8.0), (4.0, 0.0), (6.0, 0.0), (7.0, 2.0)))
    # 12 m in the first 2 s, 4 m in the next, none, 1 m, then 2 m/s
    times = np.array([1.0, 2.0, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 9.0])
    np.testing.assert_allclose(profile.travelled_m(times), [0, 5, 12, 15, 16, 16, 16, 17, 21])
    for distance_m, time_s in ((0.0, 1.0), (5.0, 2.0), (12.0, 3.0), (15.0, 3.5), (16.0, 4.0), (17.0, 7.0), (21.0, 9.0)):
        assert profile.when_s(distance_m) == pytest.approx(time_s)
    assert SpeedProfile(((0.0, 4.0), (1.0, 0.0))).when_s(2.1) == np.inf


SPEEDS_MPS = st.integers(0, 3000).map(lambda steps: steps / 100)


@given(st.lists(st.tuples(st.floats(0.1, 5.0), SPEEDS_MPS), min_size=1, max_size=5), st.floats(0.0, 20.0))
def test_closed_forms_agree_with_quadrature(pieces: list[tuple[float, float]], later_s: float) -> None:
    knots_s = np.cumsum([step_s for step_s, _ in pieces])
    speeds = np.array([speed for _, speed in pieces])
    profile = SpeedProfile(tuple(zip(knots_s.tolist(), speeds.tolist(), strict=True)))
    end_s = knots_s[0] + later_s
    inner_s = [knot_s for knot_s in knots_s if knots_s[0] < knot_s < end_s]
    expected = quad(lambda t: np.interp(t, knots_s, speeds), knots_s[0], end_s, points=inner_s or None, limit=200)[0]
    travelled_m = float(profile.travelled_m(np.array([end_s]))[0])
    assert travelled_m == pytest.approx(expected, abs=1e-6)
    when_s = profile.when_s(travelled_m)
    assert when_s <= end_s + 1e-6
    assert float(profile.travelled_m(np.array([when_s]))[0]) == pytest.approx(travelled_m, abs=1e-6)


def test_an_actor_on_its_lane() -> None:
    result = edited(
        road(),
        add("lane: near, s_m: 80, speeds: [{t_s: 1, speed_mps: 4}, {t_s: 3, speed_mps: 8}], on_route_end: leave"),
    )
    new = track_of(result, "new")
    moment_s = times_s(new)
    np.testing.assert_allclose(moment_s[:-1], np.arange(len(moment_s) - 1) * 0.1 + 1.0, atol=1e-9)
    at = dict(zip(moment_s.round(6).tolist(), places(new).tolist(), strict=True))
    np.testing.assert_allclose(at[1.0], [30, 0, 0.75], atol=1e-9)  # 80 m from x = -50
    np.testing.assert_allclose(at[2.0], [35, 0, 0.75], atol=1e-9)
    np.testing.assert_allclose(at[4.0], [50, 0, 0.75], atol=1e-9)
    # at 8 s it has gone 22 m up the slope, which rises 3 m in 5
    np.testing.assert_allclose(at[8.0], [60 + 22 * 0.8, 0, 22 * 0.6 + 0.75], atol=1e-9)
    np.testing.assert_allclose(new.trajectory.world_from_body.yaw_rad, 0, atol=1e-12)
    np.testing.assert_allclose(new.trajectory.world_from_body.rotation[:, 2, 2], 1, atol=1e-12)


def test_offset_is_to_the_left_all_along_a_bend() -> None:
    bend = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [20, 10, 0]]
    lanes = LaneGraph.of(road(elements=(lane("bend", bend),), relations=(), signals=()))
    along = AlongLane(lanes=("bend",), offset_m=1.0, speeds=((0.0, 1.0),))
    motion = follow_lane(lanes, along, np.array([0.0, 5.0, 10.0, 15.0, 20.0, 30.0]))
    np.testing.assert_allclose(
        motion.points_world[:, :2], [[0, 1], [4.5, 1], [9, 1], [9, 6], [9, 11], [20, 11]], atol=1e-9
    )
    np.testing.assert_allclose(motion.heading_rad, [0, 0, np.pi / 2, np.pi / 2, 0, 0], atol=1e-12)


def test_the_straightest_way_is_taken() -> None:
    assert straight_route(ROAD, "near", 110.0) == ("near",)
    assert straight_route(ROAD, "near", 110.1) == ("near", "ahead")
    back = Relation(source_id="ahead", target_id="near", kind=RelationKind.SUCCESSOR)
    loop = LaneGraph.of(road(relations=(*road().relations, back)))
    assert straight_route(loop, "near", 1e9) == ("near", "ahead")


def test_a_route_may_turn_and_change_lanes() -> None:
    new = track_of(
        edited(road(), add("route: [near, off], s_m: 108, speeds: [{t_s: 0, speed_mps: 2}], on_route_end: stop")), "new"
    )
    slope = np.array([10, 2]) / np.hypot(10, 2)
    np.testing.assert_allclose(places(new)[30, :2], [60, 0] + 4 * slope, atol=1e-9)
    assert new.trajectory.world_from_body.yaw_rad[30] == pytest.approx(np.arctan2(2, 10))
    new = track_of(
        edited(road(), add("route: [near, beside], s_m: 30, speeds: [{t_s: 0, speed_mps: 10}], on_route_end: leave")),
        "new",
    )
    assert places(new)[0, 1] == 0
    np.testing.assert_allclose(places(new)[times_s(new) > 4.5, 1], 3.5, atol=1e-9)


def test_where_lanes_end() -> None:
    # `near` and `ahead` are 140 m long; from 100 m on there are 40 m: 4 s at 10 m/s
    rest = "lane: near, s_m: 100, speeds: [{t_s: 1, speed_mps: 10}]"
    message = (
        r"operation 1 \(add_actor\): the route leaves the map: lane 'ahead' ends after 140.000 m, at 5 s, 30.000 m"
    )
    with pytest.raises(SceneError, match=message):
        edited(road(), add(rest))
    stopped = track_of(edited(road(), add(f"{rest}, on_route_end: stop")), "new")
    np.testing.assert_allclose(places(stopped)[times_s(stopped) >= 5.0], [[84, 0, 18.75]] * 31, atol=1e-9)
    left = track_of(edited(road(), add(f"{rest}, on_route_end: leave")), "new")
    assert times_s(left)[-1] == pytest.approx(5.0)
    np.testing.assert_allclose(places(left)[-1], [84, 0, 18.75], atol=1e-9)


def test_leaving_between_two_samples() -> None:
    along = AlongLane(lanes=("ahead",), s_m=0.0, speeds=((0.0, 9.0),), on_route_end=RouteEnd.LEAVE)
    motion = follow_lane(ROAD, along, np.arange(0.0, 5.0, 0.5))
    np.testing.assert_allclose(motion.times_s, [0, 0.5, 1, 1.5, 2, 2.5, 3, 30 / 9])
    np.testing.assert_allclose(motion.points_world[-1], [84, 0, 18], atol=1e-9)


def test_standing_before_the_end_leaves_nothing() -> None:
    along = AlongLane(lanes=("ahead",), s_m=10.0, speeds=((0.0, 9.0), (2.0, 0.0)))
    motion = follow_lane(ROAD, along, np.array([0.0, 2.0, 100.0]))
    np.testing.assert_allclose(motion.points_world[1:], [[60 + 19 * 0.8, 0, 19 * 0.6]] * 2, atol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("lane: nea, speeds: [{t_s: 0, speed_mps: 1}]", "no lane 'nea'; .*did you mean 'near'"),
        ("route: [near, beside, off], speeds: [{t_s: 0, speed_mps: 1}]", "'off' neither follows nor neighbours"),
        ("lane: ahead, s_m: 30.1, speeds: [{t_s: 0, speed_mps: 1}]", "s_m is 30.1 m; lane 'ahead' is 30.000 m long"),
        ("lane: near, speeds: [{t_s: 8.1, speed_mps: 1}]", "t_s of speeds is 8.1 s; the scenario runs from 0 to 8 s"),
        ("lane: near, speeds: [{t_s: -1, speed_mps: 1}]", "t_s of speeds is -1 s; the scenario runs"),
    ],
)
def test_impossible_lanes_and_times(arguments: str, message: str) -> None:
    with pytest.raises(SceneError, match=rf"operation 1 \(add_actor\): .*{message}"):
        edited(road(), add(arguments))


def test_beginning_inside_another_is_an_error() -> None:
    graph = road(actor("lead", 20, 0))
    with pytest.raises(SceneError, match="actor 'new' overlaps actor 'lead' at 0 s"):
        edited(graph, add("lane: near, s_m: 73.9, speeds: [{t_s: 0, speed_mps: 1}]"))
    edited(graph, add("lane: near, s_m: 74.0, speeds: [{t_s: 0, speed_mps: 1}]"))  # they touch
