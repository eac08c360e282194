from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import graphs, junction, level_transforms, moved

from scene_graph.boxes import box_corners
from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.graph import ScenarioGraph
from scene_graph.se3 import SE3
from scene_graph.spatial import ElementIndex, elements_near, footprint

SQUARE = np.array([[0.0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]])
HOLE = np.array([[3.0, 3, 0], [7, 3, 0], [7, 7, 0], [3, 7, 0]])


def element(element_id: str, kind: ElementKind, vertices: np.ndarray, **fields: object) -> MapElement:
    return MapElement(element_id=element_id, kind=kind, vertices_world=vertices, **fields)


def scene(*elements: MapElement) -> ScenarioGraph:
    return replace(junction(), elements=elements, relations=())


def distances_m(graph: ScenarioGraph, x: float, y: float) -> dict[str, float]:
    return {near.element.element_id: near.distance_m for near in elements_near(graph, (x, y, 99.0), 1e6)}


def test_distances_to_lines_areas_and_boxes() -> None:
    sign = box_corners(SE3.from_yaw([np.pi / 4], np.array([[20.0, 0, 3]])), np.array([[2.0, 2.0, 1.0]]))[0]
    graph = scene(
        element("area", ElementKind.CROSSWALK, SQUARE, holes_world=(HOLE,)),
        element("line", ElementKind.LANE_LINE, SQUARE),
        element("ring", ElementKind.LANE_LINE, SQUARE, closed=True),
        element("pole", ElementKind.POLE, np.array([[5.0, 5, 0], [5, 5, 4]])),
        element("sign", ElementKind.TRAFFIC_SIGN, sign),
    )
    # the sign's shadow is a diamond of half-diagonal sqrt(2) around (20, 0): its nearest corner points west
    assert distances_m(graph, 5, 5) == pytest.approx(
        {"area": 2, "line": 5, "ring": 5, "pole": 0, "sign": np.hypot(15 - np.sqrt(2), 5)}
    )
    assert distances_m(graph, 1, 5)["area"] == 0.0
    assert distances_m(graph, 1, 5)["ring"] == 1.0
    assert distances_m(graph, 1, 5)["line"] == 5.0
    assert distances_m(graph, 20, 0)["sign"] == 0.0
    assert distances_m(graph, 22, 0)["sign"] == pytest.approx(2 - np.sqrt(2))


def test_radius_kinds_and_order() -> None:
    index = ElementIndex(junction())
    near = index.near((-50.0, 1.0, 0.0), 2.5)
    assert [one.element.element_id for one in near] == ["over", "west_right", "west_left"]
    assert [one.distance_m for one in near] == pytest.approx([0, 1, 2.5])
    assert [one.element.element_id for one in index.near((-50.0, 1.0), 2.4)] == ["over", "west_right"]
    assert index.near((-50.0, 1.0), 2.4, kinds={ElementKind.CROSSWALK}) == ()
    assert ElementIndex(scene()).near((0.0, 0.0), 10.0) == ()


@settings(max_examples=50, deadline=None)
@given(graphs(max_elements=6, max_actors=0), st.tuples(st.floats(-60, 60), st.floats(-60, 60)), st.floats(0.0, 60.0))
def test_the_index_finds_what_asking_each_finds(graph: ScenarioGraph, xy: tuple[float, float], radius_m: float) -> None:
    found = {near.element.element_id: near.distance_m for near in ElementIndex(graph).near(xy, radius_m)}
    each = {one.element_id: footprint(one).distance(shapely.Point(xy)) for one in graph.elements}
    assert found == {name: away for name, away in each.items() if away <= radius_m}


@settings(max_examples=50, deadline=None)
@given(graphs(max_elements=6, max_actors=0), level_transforms(), st.tuples(st.floats(-60, 60), st.floats(-60, 60)))
def test_moving_the_world_keeps_distances(graph: ScenarioGraph, other_from_world: SE3, xy: tuple[float, float]) -> None:
    x, y, _ = other_from_world.apply(np.array([*xy, 0.0]))
    there = moved(graph, other_from_world)
    solid = [one.element_id for one in graph.elements if not winds(one)]
    here_m, there_m = distances_m(graph, *xy), distances_m(there, x, y)
    assert [here_m[name] for name in solid] == pytest.approx([there_m[name] for name in solid], abs=1e-5)


def winds(one: MapElement) -> bool:
    """Whether it is an area that crosses itself: rounding may turn what is inside of it outside."""
    return one.kind.geometry is Geometry.POLYGON and not footprint(one).is_valid


def test_areas_that_go_nowhere_have_a_place() -> None:
    flat = np.array([[0.0, 0, 0], [4, 0, 0], [4, 0, 1]])
    point = np.tile([[1.0, 2.0, 3.0]], (4, 1))
    graph = scene(
        element("flat", ElementKind.CROSSWALK, flat),
        element("point", ElementKind.CROSSWALK, point),
        element("dot", ElementKind.LANE_LINE, point),
    )
    assert distances_m(graph, 1, 3) == pytest.approx({"flat": 3, "point": 1, "dot": 1})
