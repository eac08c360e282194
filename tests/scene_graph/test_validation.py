from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from strategies import full_scenario, graphs, junction

from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack

GRAPH = full_scenario()
LANE, LINE, ISLAND, LIGHT = GRAPH.elements
(BUS,) = GRAPH.actors


def with_elements(*changed: MapElement) -> ScenarioGraph:
    names = {one.element_id for one in changed}
    return replace(GRAPH, elements=(*(one for one in GRAPH.elements if one.element_id not in names), *changed))


def related(source_id: str, target_id: str, kind: RelationKind) -> ScenarioGraph:
    return replace(GRAPH, relations=(Relation(source_id=source_id, target_id=target_id, kind=kind),))


def signal(element_id: str) -> SignalTrack:
    return SignalTrack(element_id=element_id, timestamps_us=np.array([5]), states=(SignalState.RED,))


def moved_to_nan(world_from_body: SE3) -> SE3:
    return SE3(rotation=world_from_body.rotation, translation=world_from_body.translation * np.nan)


@given(graphs())
def test_sound_scenarios_pass(graph: ScenarioGraph) -> None:
    graph.validate()


def test_the_fixed_scenarios_are_sound() -> None:
    GRAPH.validate()
    junction().validate()


BAD_TRAJECTORY = replace(BUS.trajectory, world_from_body=moved_to_nan(BUS.trajectory.world_from_body))
BAD = {
    "an element twice": (replace(GRAPH, elements=(*GRAPH.elements, LINE)), r"2 elements have the id 'line'"),
    "an actor twice": (replace(GRAPH, actors=(BUS, BUS, BUS)), r"3 actors have the id 'bus'"),
    "two signals of a light": (
        replace(GRAPH, signals=(signal("light"), signal("light"))),
        r"2 signal tracks have the id 'light'",
    ),
    "no id": (with_elements(replace(LINE, element_id="")), r"1 elements have an empty id"),
    "a NaN vertex": (
        with_elements(replace(LINE, vertices_world=LINE.vertices_world * np.nan)),
        r"lane_line 'line' has a vertex that is NaN",
    ),
    "an area of two points": (
        with_elements(replace(ISLAND, vertices_world=ISLAND.vertices_world[:2])),
        r"road_island 'island' has 2 vertices; a polygon needs 3",
    ),
    "a NaN edge of a lane": (
        with_elements(replace(LANE, lane=replace(LANE.lane, left_world=LANE.vertices_world + np.inf))),
        r"lane 'lane' has a vertex that is NaN or infinite",
    ),
    "a speed limit": (
        with_elements(replace(LANE, lane=replace(LANE.lane, speed_limit_mps=float("nan")))),
        r"lane 'lane' has a speed limit of nan m/s",
    ),
    "a mark without width": (
        with_elements(replace(LINE, mark=replace(LINE.mark, width_m=0.0))),
        r"lane_line 'line' has a mark of width 0.0 m",
    ),
    "an endless mark": (
        with_elements(replace(LINE, mark=replace(LINE.mark, width_m=float("inf")))),
        r"lane_line 'line' has a mark of infinite width",
    ),
    "a zero-size box": (
        replace(GRAPH, actors=(replace(BUS, size_lwh_m=np.array([12.0, 0.0, 3.0])),)),
        r"actor 'bus': size 12 x 0 x 3 m",
    ),
    "NaN poses": (replace(GRAPH, actors=(replace(BUS, trajectory=BAD_TRAJECTORY),)), r"actor 'bus': pose holds NaN"),
    "a NaN ego": (replace(GRAPH, ego=replace(GRAPH.ego, trajectory=BAD_TRAJECTORY)), r"ego: pose holds NaN"),
    "a NaN axle": (replace(GRAPH, ego=replace(GRAPH.ego, rear_axle_to_center_m=np.nan)), r"ego: rear_axle_to_center_m"),
    "weather": (
        replace(GRAPH, environment=replace(GRAPH.environment, weather="frogs")),
        r"weather 'frogs' is not known",
    ),
    "signal times": (
        replace(GRAPH, signals=(replace(GRAPH.signals[0], timestamps_us=np.array([7, 7])),)),
        r"signal 'light': timestamps must increase",
    ),
    "a signal of nothing": (
        replace(GRAPH, signals=(signal("ghost"),)),
        r"signal refers to 'ghost', which does not exist",
    ),
    "a signal of a line": (
        replace(GRAPH, signals=(signal("line"),)),
        r"signal refers to 'line', a lane_line; expected a traffic_light or lane",
    ),
    "a signal of an actor": (replace(GRAPH, signals=(signal("bus"),)), r"'bus', which does not exist"),
    "a successor of a line": (
        related("line", "lane", RelationKind.SUCCESSOR),
        r"relation successor from 'line' to 'lane': the first is a lane_line; expected a lane",
    ),
    "a neighbour that is no lane": (
        related("lane", "island", RelationKind.LEFT_NEIGHBOUR),
        r"relation left_neighbour from 'lane' to 'island': the second is a road_island; expected a lane",
    ),
    "a neighbour of nothing": (
        related("ghost", "lane", RelationKind.RIGHT_NEIGHBOUR),
        r"relation right_neighbour from 'ghost' to 'lane': the first does not exist",
    ),
    "a lane that controls": (
        related("lane", "lane", RelationKind.CONTROLS),
        r"from 'lane' to 'lane': the first is a lane; expected a traffic_light, traffic_sign or wait_line",
    ),
    "a light that controls a line": (
        related("light", "line", RelationKind.CONTROLS),
        r"the second is a lane_line; expected a lane",
    ),
    "an element on a lane": (
        related("light", "lane", RelationKind.ON_LANE),
        r"relation on_lane from 'light' to 'lane': the first is no actor",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named(case: str) -> None:
    graph, message = BAD[case]
    with pytest.raises(ValueError, match=r"^scenario 'full' has 1 problem: [^\n]*" + message) as caught:
        graph.validate()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [ElementKind.TRAFFIC_LIGHT, ElementKind.TRAFFIC_SIGN, ElementKind.WAIT_LINE])
def test_lights_signs_and_wait_lines_control_lanes(kind: ElementKind) -> None:
    with_elements(replace(LIGHT, kind=kind)).elements_of(kind)
    replace(with_elements(replace(LIGHT, kind=kind)), signals=()).validate()


def test_an_actor_may_have_the_id_of_an_element() -> None:
    namesake = replace(BUS, track_id="lane")
    relation = Relation(source_id="lane", target_id="lane", kind=RelationKind.ON_LANE)
    replace(GRAPH, actors=(namesake,), relations=(relation,)).validate()


def test_all_problems_are_counted_and_five_are_named() -> None:
    signals = tuple(signal(f"ghost{index}") for index in range(8))
    with pytest.raises(ValueError, match="scenario 'full' has 8 problems: ") as caught:
        replace(GRAPH, signals=signals).validate()
    message = str(caught.value)
    assert [f"'ghost{index}'" in message for index in range(8)] == [True] * 5 + [False] * 3
    assert message.endswith("; and 3 more")
    assert "\n" not in message
