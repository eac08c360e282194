from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import driven, junction, level_transforms, moved

from scene_graph.graph import Relation, RelationKind
from scene_graph.lanes import LaneGraph
from scene_graph.polylines import arc_length_m, offset
from scene_graph.routes import ego_route, route_centreline, routes_within, shortest_route
from scene_graph.se3 import SE3

TOWN = LaneGraph.of(junction())
ROUTES = [
    ("west_right", "ahead_right", "east_right"),
    ("west_left", "ahead_left", "east_left"),
    ("west_left", "turn_left", "north"),
    ("west_right",),
    ("over",),
]
CHANGING = [
    ("west_right", "west_left", "turn_left", "north"),
    ("west_left", "west_right", "ahead_right", "east_right"),
    ("west_right", "ahead_right", "east_right", "east_left"),
]


def test_shortest_routes() -> None:
    assert shortest_route(TOWN, "west_right", "east_right") == ("west_right", "ahead_right", "east_right")
    assert shortest_route(TOWN, "west_right", "north") == ("west_right", "west_left", "turn_left", "north")
    assert shortest_route(TOWN, "west_right", "west_right") == ("west_right",)
    assert shortest_route(TOWN, "north", "west_right") is None
    assert shortest_route(TOWN, "west_right", "over") is None


def test_lane_changes_cost_what_is_said() -> None:
    assert shortest_route(TOWN, "west_right", "north", lane_change_cost_m=np.inf) is None
    detour = (
        Relation(source_id="west_right", target_id="over", kind=RelationKind.SUCCESSOR),
        Relation(source_id="over", target_id="turn_left", kind=RelationKind.SUCCESSOR),
    )
    lanes = LaneGraph.of(replace(junction(), relations=junction().relations + detour))
    assert shortest_route(lanes, "west_right", "north", lane_change_cost_m=119.0) == (
        *("west_right", "west_left", "turn_left", "north"),
    )
    # one change and west_left's 90 m against west_right's 90 m and over's 120 m
    assert shortest_route(lanes, "west_right", "north", lane_change_cost_m=121.0) == (
        *("west_right", "over", "turn_left", "north"),
    )


def test_unknown_lanes_are_named() -> None:
    with pytest.raises(ValueError, match="no lane 'nowhere'"):
        shortest_route(TOWN, "west_left", "nowhere")
    with pytest.raises(ValueError, match="no lane 'nowhere'"):
        routes_within(TOWN, "nowhere", 10.0)


def test_routes_within_a_distance() -> None:
    assert routes_within(TOWN, "west_left", 90.0) == (("west_left",),)
    assert routes_within(TOWN, "west_left", 91.0) == (("west_left", "ahead_left"), ("west_left", "turn_left"))
    assert routes_within(TOWN, "west_left", 30.0, start_s_m=70.0) == (
        ("west_left", "ahead_left"),
        ("west_left", "turn_left"),
    )
    assert routes_within(TOWN, "west_left", 1e6) == (
        ("west_left", "ahead_left", "east_left"),
        ("west_left", "turn_left", "north"),
    )


def test_routes_in_a_loop_end() -> None:
    back = Relation(source_id="east_right", target_id="west_right", kind=RelationKind.SUCCESSOR)
    lanes = LaneGraph.of(replace(junction(), relations=(*junction().relations, back)))
    assert routes_within(lanes, "west_right", 1e6) == (("west_right", "ahead_right", "east_right"),)


@pytest.mark.parametrize("route", ROUTES)
def test_the_centreline_of_a_route_is_as_long_as_its_lanes(route: tuple[str, ...]) -> None:
    centreline = route_centreline(TOWN, route)
    assert arc_length_m(centreline)[-1] == pytest.approx(sum(TOWN.lengths_m[lane_id] for lane_id in route))
    assert (np.diff(centreline, axis=0) != 0).any(axis=1).all()


@pytest.mark.parametrize("route", CHANGING)
def test_the_centreline_crosses_over_where_the_lane_changes(route: tuple[str, ...]) -> None:
    centreline = route_centreline(TOWN, route)
    np.testing.assert_array_equal(centreline[0], TOWN.centrelines[route[0]][0])
    np.testing.assert_array_equal(centreline[-1], TOWN.centrelines[route[-1]][-1])
    assert np.abs(np.diff(centreline, axis=0)).max(axis=1).min() > 0
    heading = np.arctan2(*np.diff(centreline[:, :2], axis=0).T[::-1])
    assert np.abs(np.diff(heading)).max() < np.deg2rad(15)


def test_a_lane_change_takes_the_middle_third() -> None:
    centreline = route_centreline(TOWN, ("west_right", "west_left"))
    np.testing.assert_allclose(centreline, [[-100, 0, 0], [-70, 0, 0], [-40, 3.5, 0], [-10, 3.5, 0]], atol=1e-9)


def test_a_broken_route_is_named() -> None:
    with pytest.raises(ValueError, match="'east_left' neither follows nor neighbours lane 'west_left'"):
        route_centreline(TOWN, ("west_left", "east_left"))
    with pytest.raises(ValueError, match="route is empty"):
        route_centreline(TOWN, ())


@pytest.mark.parametrize("route", ROUTES + CHANGING)
@pytest.mark.parametrize("d_m", [-0.8, 0.0, 0.8])
def test_the_ego_is_found_on_the_route_that_it_drives(route: tuple[str, ...], d_m: float) -> None:
    graph = driven(junction(), offset(route_centreline(TOWN, route), d_m))
    assert ego_route(graph) == route


@settings(max_examples=20, deadline=None)
@given(level_transforms(), st.sampled_from(ROUTES + CHANGING))
def test_moving_the_world_keeps_the_route(other_from_world: SE3, route: tuple[str, ...]) -> None:
    graph = driven(junction(), route_centreline(TOWN, route))
    assert ego_route(moved(graph, other_from_world)) == route


def test_noise_and_speed_do_not_break_the_route() -> None:
    route = ("west_left", "turn_left", "north")
    graph = driven(junction(), route_centreline(TOWN, route), speed_mps=1.0)
    poses = graph.ego.trajectory.world_from_body
    noise = np.random.default_rng(0).normal(0.0, 0.4, poses.translation.shape) * [1, 1, 0]
    shaken = replace(
        graph.ego.trajectory, world_from_body=SE3(rotation=poses.rotation, translation=poses.translation + noise)
    )
    assert ego_route(replace(graph, ego=replace(graph.ego, trajectory=shaken))) == route


def test_a_lane_that_only_a_detour_reaches_is_not_driven() -> None:
    graph = junction()
    right = next(one for one in graph.elements if one.element_id == "west_right")
    beside = {
        "shadow": np.array([[-60.0, -0.9, 0], [-10, -0.9, 0]]),
        "away": np.array([[-10.0, 0, 0], [-10, -20, 0], [-60, -20, 0], [-60, -0.9, 0]]),
        "back": np.array([[-10.0, -0.9, 0], [-10, -20, 0], [-12, -20, 0], [-10, 0, 0]]),
    }
    added = [replace(right, element_id=name, lane=None, vertices_world=line) for name, line in beside.items()]
    ways = [("west_right", "away"), ("away", "shadow"), ("shadow", "back"), ("back", "ahead_right")]
    relations = [Relation(source_id=a, target_id=b, kind=RelationKind.SUCCESSOR) for a, b in ways]
    wider = replace(graph, elements=(*graph.elements, *added), relations=(*graph.relations, *relations))
    path = np.array([[-90.0, -0.9, 0], [60, -0.9, 0]])
    assert ego_route(driven(wider, path)) == ("west_right", "ahead_right", "east_right")


def test_short_lanes_between_samples_are_filled_in() -> None:
    graph = junction()
    ahead = next(one for one in graph.elements if one.element_id == "ahead_right")
    cuts = np.linspace(-10.0, 10.0, 21)
    parts = [
        replace(ahead, element_id=f"part{index}", lane=None, vertices_world=np.array([[x, 0, 0], [x + 1.0, 0, 0]]))
        for index, x in enumerate(cuts[:-1])
    ]
    names = ["west_right", *(part.element_id for part in parts), "east_right"]
    chain = [Relation(source_id=a, target_id=b, kind=RelationKind.SUCCESSOR) for a, b in itertools.pairwise(names)]
    others = [one for one in graph.elements if one.element_id != "ahead_right"]
    kept = [one for one in graph.relations if "ahead_right" not in (one.source_id, one.target_id)]
    split = replace(graph, elements=(*others, *parts), relations=(*kept, *chain))
    path = np.array([[-60.0, 0.3, 0], [60, 0.3, 0]])
    assert ego_route(driven(split, path, speed_mps=30.0)) == tuple(names)


def test_a_gap_in_the_map_does_not_end_the_route() -> None:
    graph = junction()
    without = replace(
        graph,
        elements=tuple(one for one in graph.elements if one.element_id != "ahead_right"),
        relations=tuple(one for one in graph.relations if "ahead_right" not in (one.source_id, one.target_id)),
    )
    path = np.array([[-60.0, -1.0, 0], [60, -1.0, 0]])
    found = ego_route(driven(without, path))
    assert (found[0], found[-1]) == ("west_right", "east_right")


def test_parked_and_lost_egos() -> None:
    assert ego_route(junction()) == ("ahead_right",)
    far = np.array([[500.0, 500, 0], [600, 500, 0]])
    assert ego_route(driven(junction(), far)) == ()
    assert ego_route(replace(junction(), elements=(), relations=())) == ()


def test_an_ego_against_the_traffic_is_on_no_lane() -> None:
    backwards = np.array([[-20.0, 0.0, 0], [-90, 0.0, 0]])
    assert ego_route(driven(junction(), backwards)) == ()
