"""The map around the drive of a nuScenes scene, from the map expansion of its location."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from jaxtyping import Float

from scene_graph.boxes import box_corners
from scene_graph.elements import ElementKind, LaneMark, MapElement, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind
from scene_graph.readers.nuscenes_map_file import MapFile, flat
from scene_graph.readers.nuscenes_map_lanes import MapLane, MapLanes, lane_relations, read_lanes
from scene_graph.readers.nuscenes_names import SEGMENT_MARKS, UNNAMED_MARK
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import number_array
from scene_graph.se3 import SE3

__all__ = ["MAP_REACH_M", "SceneMap", "read_map"]

MAP_REACH_M = 150.0
"""How far from the ego's path the map is kept, metres."""

_GAP_M = 0.1  # areas of neighbouring roads that are not farther apart than this belong together
_ROAD_DIVIDER_MARK = LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_SINGLE)
# of a light whose pose is the middle of its lower end: thickness, width, height of an upright one
_LIGHT_SIZE_M = (0.25, 0.35, 0.9)
_AREAS = {
    "ped_crossing": ElementKind.CROSSWALK,
    "walkway": ElementKind.WALKWAY,
    "carpark_area": ElementKind.PARKING_AREA,
}
_LAYER_NAMES = {
    "lane": "lanes", "lane_connector": "lane connectors", "lane_divider": "lane dividers",
    "road_divider": "road dividers", "drivable_area": "drivable areas", "road_segment": "road segments",
    "ped_crossing": "crosswalks", "walkway": "walkways", "carpark_area": "parking areas",
    "stop_line": "stop lines", "traffic_light": "traffic lights",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneMap:
    """The map around a drive.

    Attributes:
        elements: in drawing order, lanes last.
        relations: between lanes, and from lights and stop lines to lanes.
        present, derived, absent: as in `scene_graph.recording.Source`.
    """

    elements: tuple[MapElement, ...] = ()
    relations: tuple[Relation, ...] = ()
    present: Mapping[str, str] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def read_map(content: bytes, where: str, path_world: Float[np.ndarray, "t 3"], records: Records) -> SceneMap:
    """The map within MAP_REACH_M of a path.

    Args:
        content: the bytes of the map expansion.
        where: its name, for errors.
        path_world: `t 3` m, where the ego drives.
        records: what to do with a bad record.

    Raises:
        SceneError: the file is damaged, or a record is bad and bad records are not skipped.
    """
    source = MapFile(content, where, _region(path_world), records)
    lanes = read_lanes(source)
    lane_lines, num_unnamed, num_dashed = _lane_dividers(source)
    road_dividers = _road_dividers(source)
    areas = {kind: _areas(source, layer, kind) for layer, kind in _AREAS.items()}
    drivable, boundaries, boundary_layer = _drivable(source)
    stop_lines, lights = _stop_lines(source, lanes.lanes), _traffic_lights(source)
    groups = {
        "lane lines": lane_lines,
        "road dividers": road_dividers,
        "road boundaries": boundaries,
        "stop lines": stop_lines,
        "crosswalks": areas[ElementKind.CROSSWALK],
        "traffic lights": lights,
        "intersections": _intersections(source),
        "walkways": areas[ElementKind.WALKWAY],
        "parking areas": areas[ElementKind.PARKING_AREA],
        "drivable areas": drivable,
        "lanes": [lane.element for lane in lanes.lanes],
    }
    relations = lane_relations(lanes.lanes, source.keyed("connectivity"))
    controls = _controls(source, lanes.lanes, relations, stop_lines + lights)
    derived = [f"The map is flat, at height 0, and kept within {MAP_REACH_M:g} m of the ego's path."]
    derived += _lane_notes(lanes)
    if road_dividers:
        derived.append("Road dividers have no paint in the source: they were read as single solid yellow lines.")
    if num_unnamed:
        derived.append(f"{num_unnamed} lane dividers without a type were read as dashed white lines.")
    if num_dashed:
        derived.append("DOUBLE_DASHED paint, the maps' only dashed one, was read as a line of single dashes.")
    if boundaries:
        derived.append(f"Road boundaries are the outlines of the union of the {boundary_layer}, without narrow gaps.")
    if stop_lines:
        derived.append("Stop lines are the middle lines, across the road, of the areas that the map has for them.")
    if lights:
        derived.append("Traffic lights have a nominal size; the map has their poses.")
    if controls:
        derived.append("Lights and stop lines control the lanes that follow those of their road block.")
    return SceneMap(
        elements=tuple(element for group in groups.values() for element in group),
        relations=(*relations, *controls),
        present={name: str(len(group)) for name, group in groups.items()},
        derived=tuple(derived),
        absent=tuple(name for layer, name in _LAYER_NAMES.items() if not source.has(layer)),
    )


def _region(path_world: np.ndarray) -> shapely.Polygon:
    places = path_world[:, :2]
    moved = np.concatenate([[True], (np.diff(places, axis=0) != 0.0).any(axis=1)])
    places = places[moved]
    path = shapely.LineString(places) if len(places) > 1 else shapely.Point(places[0])
    return path.simplify(1.0).buffer(MAP_REACH_M)


def _lane_notes(lanes: MapLanes) -> list[str]:
    notes = []
    if lanes.num_mid_lines:
        notes.append(f"{lanes.num_mid_lines} lane centrelines are the mid lines of the lanes' edges.")
    if lanes.num_assumed_edges:
        notes.append(f"{lanes.num_assumed_edges} lanes and connectors have edges at an assumed distance.")
    if lanes.num_without_direction:
        notes.append(
            f"{lanes.num_without_direction} lanes were left out: they have neither a centreline nor ends, and so no "
            f"direction."
        )
    return notes


def _lane_dividers(source: MapFile) -> tuple[list[MapElement], int, int]:
    """The painted pieces of lane dividers; how many dividers have no type, and how many pieces double dashes."""
    elements: list[MapElement] = []
    num_unnamed = num_dashed = 0
    for token, record in source.layer("lane_divider"):
        with source.records.checking(source.name("lane_divider", token)):
            nodes = source.line_nodes(record.get("line_token"))
            places = source.places(nodes)
            if not source.near(places):
                continue
            if len(nodes) < 2:
                raise ValueError("its line has 1 node; expected at least 2")
            types = _segment_types(record.get("lane_divider_segments"), nodes)
            num_unnamed += types is None
            runs = [(0, len(nodes) - 1, "")] if types is None else _runs(types)
            painted = [run for run in runs if not run[2] or SEGMENT_MARKS[run[2]] is not None]
            for index, (first, last, name) in enumerate(painted):
                element = MapElement(
                    element_id=f"lane_divider/{token}" + (f"/{index}" if len(painted) > 1 else ""),
                    kind=ElementKind.LANE_LINE,
                    vertices_world=flat(places[first : last + 1]),
                    mark=SEGMENT_MARKS[name] if name else UNNAMED_MARK,
                    attributes={"segment_type": name} if name else {},
                )
                element.validate()
                elements.append(element)
                num_dashed += name.startswith("DOUBLE_DASHED")
    return elements, num_unnamed, num_dashed


def _segment_types(segments: Any, nodes: list[str]) -> list[str] | None:
    """The paint of each piece of a line, by the node that it begins at; None where no type is given."""
    if segments is None or segments == []:
        return None
    if not isinstance(segments, list) or not all(isinstance(segment, dict) for segment in segments):
        raise ValueError("lane_divider_segments: expected a list of objects")
    types: dict[str, str] = {}
    for segment in segments:
        node, name = segment.get("node_token"), segment.get("segment_type")
        if not isinstance(node, str) or not isinstance(name, str) or name not in SEGMENT_MARKS:
            raise ValueError(f"segment_type is {str(name)[:40]!r}; expected one of {', '.join(SEGMENT_MARKS)}")
        types.setdefault(node, name)
    return [types.get(node, "NIL") for node in nodes[:-1]]


def _runs(types: list[str]) -> list[tuple[int, int, str]]:
    """First and last node, and type, of the longest pieces of one type."""
    starts = [index for index, name in enumerate(types) if index == 0 or name != types[index - 1]]
    return [(start, end, types[start]) for start, end in zip(starts, [*starts[1:], len(types)], strict=True)]


def _road_dividers(source: MapFile) -> list[MapElement]:
    elements = []
    for token, record in source.layer("road_divider"):
        with source.records.checking(source.name("road_divider", token)):
            places = source.places(source.line_nodes(record.get("line_token")))
            if not source.near(places):
                continue
            element = MapElement(
                element_id=f"road_divider/{token}",
                kind=ElementKind.LANE_LINE,
                vertices_world=flat(places),
                mark=_ROAD_DIVIDER_MARK,
                attributes={"layer": "road_divider"},
            )
            element.validate()
            elements.append(element)
    return elements


def _areas(source: MapFile, layer: str, kind: ElementKind, token_name: str = "polygon_token") -> list[MapElement]:
    """The polygons of a layer, whole."""
    elements = []
    for token, record in source.layer(layer):
        with source.records.checking(source.name(layer, token)):
            outline = source.area(record.get(token_name))
            if source.near(outline):
                holes = (source.places(nodes) for nodes in source.holes(record.get(token_name)))
                elements.append(
                    MapElement(
                        element_id=f"{layer}/{token}",
                        kind=kind,
                        vertices_world=flat(outline),
                        holes_world=tuple(flat(hole) for hole in holes),
                    )
                )
    return elements


def _intersections(source: MapFile) -> list[MapElement]:
    crossing = {token for token, record in source.layer("road_segment") if record.get("is_intersection") is True}
    segments = _areas(source, "road_segment", ElementKind.INTERSECTION_AREA)
    return [segment for segment in segments if segment.element_id.partition("/")[2] in crossing]


def _drivable(source: MapFile) -> tuple[list[MapElement], list[MapElement], str]:
    """Drivable areas inside the region, the road boundaries there, and the name of the layer that they outline."""
    layer = "drivable_area" if source.has("drivable_area") else "road_segment"
    elements: list[MapElement] = []
    shapes: list[shapely.Geometry] = []
    for token, record in source.layer(layer):
        with source.records.checking(source.name(layer, token)):
            polygons = record.get("polygon_tokens") if layer == "drivable_area" else [record.get("polygon_token")]
            if not isinstance(polygons, list):
                raise ValueError("polygon_tokens: expected a list of tokens")
            near = [source.shape(polygon) for polygon in polygons if source.near(source.area(polygon))]
            shapes += near
            if layer == "drivable_area":
                inside = [shapely.intersection(shape, source.region) for shape in near]
                elements += _polygons(f"{layer}/{token}", inside)
    try:
        union = shapely.unary_union([_grown(shape, _GAP_M / 2) for shape in shapes])
        rings = shapely.intersection(shapely.boundary(_grown(union, -_GAP_M / 2)), source.region)
    except shapely.errors.GEOSException as error:
        raise SceneError(f"the outlines of the layer {layer} have no union: {error}", where=source.where) from error
    parts = shapely.get_parts(shapely.line_merge(rings))
    lines = [part for part in parts if part.geom_type == "LineString" and part.length > _GAP_M]
    boundaries = [_boundary(f"road_boundary/{index}", np.array(line.coords)) for index, line in enumerate(lines)]
    return elements, boundaries, _LAYER_NAMES[layer]


def _grown(shape: shapely.Geometry, distance_m: float) -> shapely.Geometry:
    """The area with its outline moved outwards, or inwards where the distance is negative; corners stay corners."""
    return shapely.buffer(shape, distance_m, join_style="mitre", mitre_limit=10.0)


def _polygons(element_id: str, shapes: list[shapely.Geometry]) -> list[MapElement]:
    parts = [part for shape in shapes for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return [
        MapElement(
            element_id=f"{element_id}/{index}",
            kind=ElementKind.DRIVABLE_AREA,
            vertices_world=flat(np.array(part.exterior.coords)[:-1]),
            holes_world=tuple(flat(np.array(ring.coords)[:-1]) for ring in part.interiors),
        )
        for index, part in enumerate(parts)
        if not part.is_empty
    ]


def _boundary(element_id: str, places: np.ndarray) -> MapElement:
    closed = len(places) > 3 and np.array_equal(places[0], places[-1])
    return MapElement(
        element_id=element_id,
        kind=ElementKind.ROAD_BOUNDARY,
        vertices_world=flat(places[:-1] if closed else places),
        closed=closed,
    )


def _stop_lines(source: MapFile, lanes: tuple[MapLane, ...]) -> list[MapElement]:
    """The middle line of each stop area, across the nearest lane, or the longer one where no lane is near."""
    starts = [lane.element.vertices_world[:-1, :2] for lane in lanes]
    steps = [np.diff(lane.element.vertices_world[:, :2], axis=0) for lane in lanes]
    places = np.concatenate([np.zeros((0, 2)), *starts])
    directions = np.concatenate([np.zeros((0, 2)), *steps])
    elements = []
    for token, record in source.layer("stop_line"):
        with source.records.checking(source.name("stop_line", token)):
            area = source.area(record.get("polygon_token"))
            if not source.near(area):
                continue
            name = record.get("stop_line_type")
            if not isinstance(name, str):
                raise ValueError(f"stop_line_type is {type(name).__name__}; expected a text")
            element = MapElement(
                element_id=f"stop_line/{token}",
                kind=ElementKind.WAIT_LINE,
                vertices_world=flat(_line_across(area, places, directions)),
                attributes={"stop_line_type": name},
            )
            element.validate()
            elements.append(element)
    return elements


def _line_across(area: np.ndarray, places: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """The middle line `2 2` of an area's smallest rectangle; lanes are given by points `n 2` and directions `n 2`."""
    rectangle = shapely.oriented_envelope(shapely.MultiPoint(area))
    if rectangle.geom_type != "Polygon":
        raise ValueError("its polygon has no area")
    corners = np.array(rectangle.exterior.coords)[:4]
    a, b, c, d = corners
    lines = np.array([[(a + b) / 2, (c + d) / 2], [(b + c) / 2, (d + a) / 2]])
    spans = lines[:, 1] - lines[:, 0]
    lengths_m = np.linalg.norm(spans, axis=1)
    if len(places):
        distances_m = np.linalg.norm(places - corners.mean(axis=0), axis=1)
        nearest = int(np.argmin(distances_m))
        if distances_m[nearest] <= lengths_m.max():
            along = np.abs(spans @ directions[nearest]) / lengths_m
            return lines[int(np.argmin(along))]
    return lines[int(np.argmax(lengths_m))]


def _traffic_lights(source: MapFile) -> list[MapElement]:
    from scipy.spatial.transform import Rotation

    elements = []
    for token, record in source.layer("traffic_light"):
        with source.records.checking(source.name("traffic_light", token)):
            pose = record.get("pose")
            if not isinstance(pose, dict):
                raise ValueError(f"pose is {type(pose).__name__}; expected an object")
            x, y, z, roll, pitch, yaw = number_array(
                [pose.get(name) for name in ("tx", "ty", "tz", "rx", "ry", "rz")], "pose", (6,)
            ).tolist()
            if not source.near(np.array([[x, y]])):
                continue
            thick, wide, high = _LIGHT_SIZE_M
            lies = record.get("traffic_light_type") == "HORIZONTAL"
            size_m = np.array([thick, high, wide] if lies else [thick, wide, high])
            world_from_light = SE3(
                rotation=Rotation.from_euler("xyz", [roll, pitch, yaw]).as_matrix()[None],
                translation=np.array([[x, y, z]]),
            )
            middle = SE3(rotation=np.eye(3)[None], translation=np.array([[0.0, 0.0, size_m[2] / 2]]))
            elements.append(
                MapElement(
                    element_id=f"traffic_light/{token}",
                    kind=ElementKind.TRAFFIC_LIGHT,
                    vertices_world=box_corners(world_from_light @ middle, size_m[None])[0],
                    attributes={"traffic_light_type": str(record.get("traffic_light_type"))},
                )
            )
    return elements


def _controls(
    source: MapFile, lanes: tuple[MapLane, ...], relations: list[Relation], controllers: list[MapElement]
) -> list[Relation]:
    """Relations from lights and stop lines to the lanes that follow those of their road block."""
    wanted = {element.element_id for element in controllers}
    block_of: dict[str, Any] = {}
    for layer, key in (("traffic_light", "from_road_block_token"), ("stop_line", "road_block_token")):
        block_of |= {f"{layer}/{token}": record.get(key) for token, record in source.layer(layer)}
    block_of = {name: token for name, token in block_of.items() if name in wanted and isinstance(token, str)}
    areas: dict[str, shapely.Geometry] = {}
    for token, record in source.layer("road_block"):
        if token in block_of.values():
            with source.records.checking(source.name("road_block", token)):
                areas[token] = source.shape(record.get("polygon_token"))
    followers: dict[str, list[str]] = {}
    for relation in relations:
        if relation.kind is RelationKind.SUCCESSOR:
            followers.setdefault(relation.source_id, []).append(relation.target_id)
    inside: dict[str, list[str]] = {}
    places = shapely.point_on_surface(np.array([lane.area for lane in lanes], dtype=object))
    for token, area in areas.items():
        held = np.flatnonzero(shapely.contains(area, places))
        inside[token] = [lanes[index].element.element_id for index in held]
    found = {
        (name, lane): None
        for name, block in block_of.items()
        for held in inside.get(block, [])
        for lane in followers.get(held, [])
    }
    return [Relation(source_id=name, target_id=lane, kind=RelationKind.CONTROLS) for name, lane in found]
