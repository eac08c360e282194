"""Map expansions of nuScenes, on a tiny synthetic one whose geometry is known."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from synthetic_nuscenes import TinyMap, TinyNuScenes, world

from scene_graph.elements import ElementKind, MapElement, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind
from scene_graph.readers.nuscenes import read_nuscenes
from scene_graph.readers.nuscenes_map import MAP_REACH_M, read_map
from scene_graph.readers.nuscenes_map_lanes import arcline_points
from scene_graph.readers.records import Records
from scene_graph.recording import Recording


def read(tmp_path: Path, expansion: TinyMap, *, skip_bad_records: bool = False) -> Recording:
    data = TinyNuScenes()
    data.map = expansion.document
    return read_nuscenes(data.write(tmp_path), scene="scene-a", skip_bad_records=skip_bad_records)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return read(tmp_path, TinyMap())


def by_id(recording: Recording) -> dict[str, MapElement]:
    return {element.element_id: element for element in recording.graph.elements}


def places(*forward_left: tuple[float, float]) -> np.ndarray:
    """Places on the map, `n 3` m."""
    return np.array([[*world(*place), 0.0] for place in forward_left])


def test_lanes_have_centrelines_edges_and_direction(recording: Recording) -> None:
    lane = by_id(recording)["lane/1"]
    assert lane.lane is not None
    assert (lane.lane.lane_type, lane.lane.in_intersection) == ("vehicle", False)
    np.testing.assert_allclose(lane.vertices_world, places(*((x, 4) for x in range(41))), atol=1e-9)
    np.testing.assert_allclose(lane.lane.left_world, places((0, 6), (40, 6)))
    np.testing.assert_allclose(lane.lane.right_world, places((0, 2), (20, 2), (30, 2), (40, 2)))


@pytest.mark.parametrize("turned", [False, True])
def test_edges_are_left_and_right_whichever_way_the_polygon_runs(tmp_path: Path, turned: bool) -> None:
    expansion = TinyMap()
    ring = expansion.row("polygon", "p2")["exterior_node_tokens"]
    expansion.row("polygon", "p2")["exterior_node_tokens"] = ring[::-1] if turned else [*ring[2:], *ring[:2]]
    shape = by_id(read(tmp_path, expansion))["lane/2"].lane
    assert shape is not None
    np.testing.assert_allclose(shape.left_world, places((0, 2), (20, 2), (30, 2), (40, 2)))
    np.testing.assert_allclose(shape.right_world, places((0, -2), (40, -2)))


def test_connectors_follow_their_arcs(recording: Recording) -> None:
    connector = by_id(recording)["lane_connector/3"]
    assert connector.lane is not None
    assert connector.lane.in_intersection
    line = connector.vertices_world
    np.testing.assert_allclose(line[[0, -1]], places((40, 4), (52, 16)), atol=1e-6)
    centre = places((40, 16))[0]  # a quarter of a circle of 12 m
    np.testing.assert_allclose(np.linalg.norm(line - centre, axis=1), 12.0, atol=1e-6)
    assert np.linalg.norm(np.diff(line, axis=0), axis=1).max() < 1.01


def test_lanes_without_arcs_have_the_mid_line_of_their_edges(tmp_path: Path) -> None:
    expansion = TinyMap()
    del expansion.document["arcline_path_3"]["2"]
    recording = read(tmp_path, expansion)
    np.testing.assert_allclose(by_id(recording)["lane/2"].vertices_world[[0, -1]], places((0, 0), (40, 0)), atol=1e-9)
    assert any("1 lane centrelines are the mid lines" in note for note in recording.source.derived)


def test_lanes_without_a_direction_are_left_out(tmp_path: Path) -> None:
    expansion = TinyMap()
    del expansion.document["arcline_path_3"]["2"]
    expansion.row("lane", "2")["from_edge_line_token"] = None
    recording = read(tmp_path, expansion)
    assert "lane/2" not in by_id(recording)
    assert any("1 lanes were left out" in note for note in recording.source.derived)


def test_lane_dividers_are_cut_where_the_paint_changes(recording: Recording) -> None:
    elements = by_id(recording)
    dashed, solid = elements["lane_divider/d/0"], elements["lane_divider/d/1"]
    np.testing.assert_allclose(dashed.vertices_world, places((0, 2), (20, 2)))
    np.testing.assert_allclose(solid.vertices_world, places((30, 2), (40, 2)))
    assert dashed.mark is not None
    assert solid.mark is not None
    assert (dashed.mark.colour, dashed.mark.pattern) == (MarkColour.WHITE, MarkPattern.DASHED_SINGLE)
    assert (solid.mark.colour, solid.mark.pattern) == (MarkColour.YELLOW, MarkPattern.SOLID_SINGLE)
    assert dashed.attributes == {"segment_type": "DOUBLE_DASHED_WHITE"}
    assert sum(name.startswith("lane_divider/") for name in elements) == 2


def test_road_dividers_are_yellow_and_empty_lines_are_none(recording: Recording) -> None:
    divider = by_id(recording)["road_divider/r"]
    assert divider.mark is not None
    assert divider.mark.colour is MarkColour.YELLOW
    np.testing.assert_allclose(divider.vertices_world, places((0, 6), (40, 6)))
    assert "road_divider/e" not in by_id(recording)


def test_boundaries_run_around_areas_together_and_stop_at_the_reach(recording: Recording) -> None:
    boundaries = recording.graph.elements_of(ElementKind.ROAD_BOUNDARY)
    (hole,) = (line for line in boundaries if line.closed)
    corners = {tuple(np.round(vertex, 6)) for vertex in hole.vertices_world}
    assert corners == {tuple(np.round(place, 6)) for place in places((10, 0), (12, 0), (12, 1), (10, 1))}
    (around,) = (line for line in boundaries if not line.closed)
    # where the two areas meet there is no edge, and none where the map is cut off
    line = shapely.LineString(around.vertices_world[:, :2])
    assert line.distance(shapely.Point(world(60, 2))) > 4.9
    ends = around.vertices_world[[0, -1], :2]
    path = shapely.LineString(recording.graph.ego.trajectory.world_from_body.translation[:, :2])
    for end in ends:
        assert path.distance(shapely.Point(end)) == pytest.approx(MAP_REACH_M, abs=0.5)
    assert {tuple(np.round(vertex, 6)) for vertex in places((-5, -3), (-5, 7))} <= {
        tuple(np.round(vertex, 6)) for vertex in around.vertices_world
    }


def test_areas_keep_their_outlines_and_holes(recording: Recording) -> None:
    elements = by_id(recording)
    kinds = {
        "ped_crossing/z": ElementKind.CROSSWALK, "walkway/w": ElementKind.WALKWAY,
        "carpark_area/k": ElementKind.PARKING_AREA, "road_segment/j": ElementKind.INTERSECTION_AREA,
    }  # fmt: skip
    assert {name: elements[name].kind for name in kinds} == kinds
    np.testing.assert_allclose(elements["ped_crossing/z"].vertices_world, places((32, -2), (35, -2), (35, 6), (32, 6)))
    drivable = recording.graph.elements_of(ElementKind.DRIVABLE_AREA)
    areas_m2 = [
        shapely.Polygon(one.vertices_world[:, :2], [hole[:, :2] for hole in one.holes_world]).area for one in drivable
    ]
    assert areas_m2[0] == pytest.approx(65 * 10 - 2)
    assert 0 < areas_m2[1] < 340 * 10
    assert "walkway/far" not in elements


def test_stop_lines_lie_across_their_lane(recording: Recording) -> None:
    line = by_id(recording)["stop_line/s"]
    assert line.kind is ElementKind.WAIT_LINE
    assert line.attributes == {"stop_line_type": "TRAFFIC_LIGHT"}
    ends = line.vertices_world[np.argsort(line.vertices_world @ [*(world(0, 1) - world(0, 0)), 0.0])]
    np.testing.assert_allclose(ends, places((36, 2), (36, 6)), atol=1e-6)


def test_traffic_lights_stand_on_their_pose(recording: Recording) -> None:
    light = by_id(recording)["traffic_light/t"]
    corners = light.vertices_world
    np.testing.assert_allclose(corners[4:].mean(axis=0), [*world(40, 6.5), 2.4], atol=1e-9)
    assert np.ptp(corners[:, 2]) == pytest.approx(0.9)
    assert np.linalg.norm(corners[0] - corners[1]) == pytest.approx(0.35)


def test_relations_are_those_of_the_map(recording: Recording) -> None:
    def relation(source: str, target: str, kind: RelationKind) -> Relation:
        return Relation(source_id=source, target_id=target, kind=kind)

    assert set(recording.graph.relations) == {
        relation("lane/1", "lane_connector/3", RelationKind.SUCCESSOR),
        relation("lane/1", "lane/2", RelationKind.RIGHT_NEIGHBOUR),
        relation("lane/2", "lane/1", RelationKind.LEFT_NEIGHBOUR),
        relation("traffic_light/t", "lane_connector/3", RelationKind.CONTROLS),
        relation("stop_line/s", "lane_connector/3", RelationKind.CONTROLS),
    }


def test_layers_that_hold_nothing_are_named(tmp_path: Path) -> None:
    expansion = TinyMap()
    expansion.document["walkway"] = []
    del expansion.document["stop_line"]
    assert {"walkways", "stop lines"} <= set(read(tmp_path, expansion).source.absent)


def test_the_devkit_s_discretisation_agrees_with_the_closed_form() -> None:
    arc = {"start_pose": [5.0, 6.0, 0.0], "end_pose": [0, 0, 0], "shape": "LSR", "radius": 10.0,
           "segment_length": [5.0 * np.pi, 7.0, 5.0 * np.pi]}  # fmt: skip
    line = arcline_points([arc])
    np.testing.assert_allclose(line[-1], [5 + 10 + 10, 6 + 10 + 7 + 10, 0], atol=1e-6)
    length_m = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    assert length_m == pytest.approx(10 * np.pi + 7, rel=1e-3)


def _set(layer: str, token: str, /, **fields: object) -> Callable[[TinyMap], None]:
    return lambda expansion: expansion.row(layer, token).update(fields)


def _arc(**fields: object) -> Callable[[TinyMap], None]:
    return lambda expansion: expansion.document["arcline_path_3"]["1"][0].update(fields)


BAD_RECORDS = {
    "line that is not there": (_set("lane_divider", "d", line_token="x"), "lane_divider 'd': line 'x' is not in"),
    "polygon that is not there": (_set("ped_crossing", "z", polygon_token=None), "ped_crossing 'z': polygon None"),
    "node that is not there": (_set("line", "divider", node_tokens=["x"]), "lane_divider 'd': node 'x'"),
    "node that is no number": (_set("node", "0,6", x="north"), "expected numbers"),
    "node at infinity": (_set("node", "0,6", x=float("inf")), "NaN, infinity"),
    "polygon of two nodes": (
        _set("polygon", "zebra", exterior_node_tokens=["0,6", "40,6"]), "z': its polygon has 2 nodes",
    ),
    "unknown paint": (
        _set("lane_divider", "d", lane_divider_segments=[{"node_token": "n", "segment_type": "PINK"}]), "'PINK'",
    ),
    "arc without a radius": (_arc(radius=0.0), "lane '1': arcline_path_3: expected arcs of a positive radius"),
    "arc of another shape": (_arc(shape="LLL"), "lane '1': arcline_path_3: expected arcs of a shape"),
    "arc that goes backwards": (_arc(segment_length=[0, -1, 0]), "lane '1'.*lengths of 0 or more"),
    "lane around the Earth": (_arc(segment_length=[0, 4e7, 0]), "lane '1'.*longer than"),
    "lane of no length": (_arc(segment_length=[0, 0, 0]), "lane '1'.*has no length"),
    "light without a pose": (_set("traffic_light", "t", pose=None), "traffic_light 't': pose is NoneType"),
    "light at no place": (_set("traffic_light", "t", pose={"tx": 1}), "traffic_light 't': pose holds NaN"),
    "stop line without a type": (_set("stop_line", "s", stop_line_type=None), "stop_line 's': stop_line_type"),
    "record without a token": (_set("walkway", "w", token=None), "walkway, record 0: has no token"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_named_or_skipped(tmp_path: Path, change: Callable[[TinyMap], None], message: str) -> None:
    expansion = TinyMap()
    change(expansion)
    with pytest.raises(SceneError, match=message) as raised:
        read(tmp_path, expansion)
    assert "boston-seaport.json" in str(raised.value)
    assert "\n" not in str(raised.value)
    recording = read(tmp_path, expansion, skip_bad_records=True)
    assert recording.source.skipped
    assert len(recording.graph.elements) < len(read(tmp_path / "whole", TinyMap()).graph.elements)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"node": 3, "line": [], "polygon": []}'])
def test_a_file_that_is_no_map_is_an_error(content: bytes) -> None:
    with pytest.raises(SceneError, match=r"town\.json: "):
        read_map(content, "town.json", np.zeros((2, 3)), Records(skip=False))


@pytest.mark.data
def test_a_map_of_only_roads_and_dividers(tmp_path: Path, data_root: Path) -> None:
    """A map made from OpenStreetMap: lanes without a direction, road segments, dividers without a type."""
    sources = sorted(data_root.glob("nuscenes_map_expansion*.json.gz"))
    if not sources:
        pytest.skip(f"no map expansion in {data_root}")
    content = gzip.decompress(sources[0].read_bytes())
    raw = json.loads(content)
    nodes = {row["token"]: (row["x"], row["y"]) for row in raw["node"]}
    lines = {row["token"]: row["node_tokens"] for row in raw["line"]}
    centre = np.mean(list(nodes.values()), axis=0)
    path = np.array([[*centre, 0.0], [*(centre + 50.0), 0.0]])
    found = read_map(content, "map.json", path, Records(skip=False))
    region = shapely.LineString(path[:, :2]).buffer(MAP_REACH_M, quad_segs=64)
    for layer in ("road_divider", "lane_divider"):
        kept = {element.element_id.split("/")[1] for element in found.elements if element.element_id.startswith(layer)}
        shapes = {
            row["token"]: shapely.LineString([nodes[node] for node in lines[row["line_token"]]]) for row in raw[layer]
        }
        near = {token for token, shape in shapes.items() if shape.distance(region) == 0}
        assert near <= kept
        assert kept
        for element in found.elements:
            if element.element_id.startswith(layer):
                row = next(row for row in raw[layer] if row["token"] == element.element_id.split("/")[1])
                expected = [nodes[node] for node in lines[row["line_token"]]]
                np.testing.assert_array_equal(element.vertices_world[:, :2], expected)
    boundaries = [element for element in found.elements if element.kind is ElementKind.ROAD_BOUNDARY]
    assert boundaries
    rings = shapely.union_all(
        [
            shapely.LinearRing([nodes[node] for node in row["exterior_node_tokens"]])
            for row in raw["polygon"]
            if row["exterior_node_tokens"]
        ]
    )
    for boundary in boundaries:
        away_m = shapely.distance(rings, shapely.points(boundary.vertices_world[:, :2]))
        assert away_m.max() < 0.75  # mitred corners of narrow gaps that were closed
        assert np.median(away_m) < 1e-6
    assert not any(element.kind is ElementKind.LANE for element in found.elements)
    assert {"lane connectors", "crosswalks"} <= set(found.absent)
