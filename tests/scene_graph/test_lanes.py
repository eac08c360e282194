from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import junction, level_transforms, moved, polylines, winding_polylines

from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.lanes import LaneGraph, wrapped_angle
from scene_graph.se3 import SE3

TOWN = LaneGraph.of(junction())


def lane_graph(*centrelines: np.ndarray) -> LaneGraph:
    elements = tuple(
        MapElement(element_id=str(index), kind=ElementKind.LANE, vertices_world=line)
        for index, line in enumerate(centrelines)
    )
    return LaneGraph.of(replace(junction(), elements=elements, relations=()))


def test_relations_in_both_directions() -> None:
    assert TOWN.successors["west_left"] == ("ahead_left", "turn_left")
    assert TOWN.predecessors["north"] == ("turn_left",)
    assert TOWN.predecessors["over"] == TOWN.successors["over"] == ()
    assert TOWN.left_neighbours["west_right"] == ("west_left",)
    assert TOWN.neighbours("east_left") == ("east_right",)
    assert TOWN.lengths_m["west_right"] == 90.0


def test_each_relative_counts_once() -> None:
    graph = junction()
    lanes = LaneGraph.of(replace(graph, relations=graph.relations * 2))
    assert lanes.successors == TOWN.successors


def test_relations_to_what_is_no_lane_are_named() -> None:
    astray = Relation(source_id="west_left", target_id="nowhere", kind=RelationKind.SUCCESSOR)
    with pytest.raises(ValueError, match="successor from 'west_left' to 'nowhere'"):
        LaneGraph.of(replace(junction(), relations=(astray,)))


def test_to_lane_by_place_height_and_heading() -> None:
    places = np.array([[-30.0, 1.0, 0.5], [-30, 3.0, 0], [-50, 0.5, 0], [-50, 0.5, 6], [300, 300, 0], [105, 0, 0]])
    found = TOWN.to_lane(places)
    assert found.lane_ids == ("west_right", "west_left", "west_right", "over", None, "east_right")
    np.testing.assert_allclose(found.s_m, [70, 70, 50, 59.5, np.nan, 90])
    np.testing.assert_allclose(found.d_m, [1, -0.5, 0.5, 0, np.nan, 0], atol=1e-9)
    np.testing.assert_allclose(found.distance_m, [1, 0.5, 0.5, 0, np.inf, 5], atol=1e-9)

    southwards = np.full(6, -np.pi / 2)
    assert TOWN.to_lane(places, heading_rad=southwards).lane_ids == (None, None, "over", "over", None, None)
    assert TOWN.to_lane(places, max_distance_m=0.7).lane_ids == (None, "west_left", "west_right", "over", None, None)


def test_matches_are_the_nearest_place_of_each_lane_nearest_lane_first() -> None:
    found = TOWN.matches(np.array([[-5.0, 3.0, 0.0]]), max_distance_m=5.0)
    lanes = [TOWN.lane_ids[lane] for lane in found.lane]
    assert lanes == ["ahead_left", "turn_left", "ahead_right"]
    np.testing.assert_allclose(found.distance_m[[0, 2]], [0.5, 3.0])
    assert 0.5 < found.distance_m[1] < 3.0


def test_no_lanes_no_matches() -> None:
    empty = lane_graph()
    assert empty.to_lane(np.zeros((2, 3))).lane_ids == (None, None)
    assert TOWN.to_lane(np.zeros((0, 3))).lane_ids == ()


@given(winding_polylines(), st.floats(0.0, 1.0), st.floats(-1.5, 1.5))
def test_from_lane_and_to_lane_are_inverse(line: np.ndarray, fraction: float, d_m: float) -> None:
    lanes = lane_graph(line)
    s_m = np.array([fraction * lanes.lengths_m["0"]])
    place, heading_rad = lanes.from_lane("0", s_m, np.array([d_m]))
    found = lanes.to_lane(place, heading_rad=heading_rad)
    back, _ = lanes.from_lane("0", found.s_m, found.d_m)
    # beside a bend of at most 15 degrees, the nearest place may lie on the next piece
    assert found.lane_ids == ("0",)
    assert found.s_m[0] == pytest.approx(s_m[0], abs=0.3 * abs(d_m) + 1e-6)
    assert found.d_m[0] == pytest.approx(d_m, abs=0.04 * abs(d_m) + 1e-6)
    np.testing.assert_allclose(back, place, atol=0.3 * abs(d_m) + 1e-6)


@given(st.floats(0.0, 90.0), st.floats(-1.7, 1.7))
def test_straight_lanes_are_inverted_exactly(s_m: float, d_m: float) -> None:
    place, heading_rad = TOWN.from_lane("west_right", np.array([s_m]), np.array([d_m]))
    np.testing.assert_allclose(place, [[s_m - 100, d_m, 0]], atol=1e-9)
    assert heading_rad[0] == 0.0
    found = TOWN.to_lane(place, heading_rad=heading_rad, max_distance_m=2.0)
    assert found.lane_ids == ("west_right",)
    assert (found.s_m[0], found.d_m[0]) == pytest.approx((s_m, d_m), abs=1e-9)


@given(level_transforms(), st.lists(st.tuples(st.floats(-110, 110), st.floats(-70, 110)), min_size=1, max_size=5))
def test_moving_the_world_moves_lane_coordinates_along(other_from_world: SE3, xy: list[tuple[float, float]]) -> None:
    places = np.array([(x + 0.0137, y + 0.0119, 0.0) for x, y in xy])
    here = TOWN.matches(places)
    there = LaneGraph.of(moved(junction(), other_from_world)).matches(other_from_world.apply(places))
    np.testing.assert_array_equal(here.point, there.point)
    order = np.lexsort((here.lane, here.point))
    moved_order = np.lexsort((there.lane, there.point))
    np.testing.assert_allclose(here.distance_m[order], there.distance_m[moved_order], atol=1e-6)
    np.testing.assert_allclose(here.cost_m[order], there.cost_m[moved_order], atol=1e-6)


@given(st.lists(polylines(), min_size=1, max_size=3), st.tuples(st.floats(-60, 60), st.floats(-60, 60)))
def test_the_nearest_lane_is_that_of_brute_force(lines: list[np.ndarray], xy: tuple[float, float]) -> None:
    place = np.array([[*xy, 0.0]])
    flat = [line * [1.0, 1.0, 0.0] for line in lines]
    found = lane_graph(*flat).to_lane(place, max_distance_m=1e3)
    each = [lane_graph(line).to_lane(place, max_distance_m=1e3).distance_m[0] for line in flat]
    assert found.distance_m[0] == pytest.approx(min(each))
    assert each[int(found.lane_ids[0] or "-1")] == pytest.approx(min(each), abs=1e-9)


def test_a_closed_lane_ends_where_it_starts() -> None:
    square = np.array([[0.0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]])
    ring = MapElement(element_id="ring", kind=ElementKind.LANE, vertices_world=square, closed=True)
    lanes = LaneGraph.of(replace(junction(), elements=(ring,), relations=()))
    assert lanes.lengths_m["ring"] == 40.0
    assert lanes.to_lane(np.array([[-1.0, 4.0, 0.0]])).s_m[0] == pytest.approx(36.0)


def test_an_unknown_lane_is_named() -> None:
    with pytest.raises(ValueError, match="no lane 'nowhere'; expected one of the scenario's 9 lanes"):
        TOWN.from_lane("nowhere", np.zeros(1), np.zeros(1))


def test_wrapped_angles() -> None:
    np.testing.assert_allclose(wrapped_angle(np.array([3 * np.pi, -np.pi / 2, 2 * np.pi])), [-np.pi, -np.pi / 2, 0])


def test_a_scenario_without_lanes_has_an_empty_graph() -> None:
    bare = ScenarioGraph(scenario_id="bare", ego=junction().ego)
    assert LaneGraph.of(bare).lane_ids == ()
