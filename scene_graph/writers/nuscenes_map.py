"""Maps as nuScenes map expansions, version 1.3: what the devkit's NuScenesMap opens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.elements import ElementKind, LaneMark, MapElement, MarkColour, MarkPattern
from scene_graph.graph import Relation, RelationKind
from scene_graph.on_lane import ASSUMED_LANE_WIDTH_M
from scene_graph.polylines import closed_loop, ribbon
from scene_graph.readers.nuscenes_names import SEGMENT_MARKS
from scene_graph.writers.nuscenes_tokens import token
from scene_graph.writers.writer import LeftOut

__all__ = ["map_expansion"]

_LAYERS = ("polygon", "line", "node", "drivable_area", "road_segment", "road_block", "lane", "ped_crossing", "walkway",
           "stop_line", "carpark_area", "road_divider", "lane_divider", "traffic_light", "lane_connector")  # fmt: skip
_AREAS: dict[ElementKind, tuple[str, dict[str, Any]]] = {
    ElementKind.CROSSWALK: ("ped_crossing", {"road_segment_token": ""}),
    ElementKind.WALKWAY: ("walkway", {}),
    ElementKind.PARKING_AREA: ("carpark_area", {"orientation": 0.0, "road_block_token": ""}),
    ElementKind.INTERSECTION_AREA: ("road_segment", {"is_intersection": True, "drivable_area_token": ""}),
}
_STOP_LINE_TYPES = ("TURN_STOP", "STOP_SIGN", "PED_CROSSING", "TRAFFIC_LIGHT", "YIELD")
_STOP_LINE_DEPTH_M = 0.4
_STRAIGHT_RADIUS_M = 999.999
_SEGMENT_TYPES = {
    MarkPattern.SOLID_DOUBLE: "DOUBLE_SOLID",
    MarkPattern.SOLID_DASHED: "DOUBLE_SOLID",
    MarkPattern.DASHED_SOLID: "DOUBLE_SOLID",
    MarkPattern.SOLID_SINGLE: "SINGLE_SOLID",
    MarkPattern.OTHER: "SINGLE_SOLID",
}
_DASHED = "DOUBLE_DASHED"  # the format's name of every dashed line


def map_expansion(
    elements: Sequence[MapElement], relations: Iterable[Relation], left_out: LeftOut
) -> dict[str, Any] | None:
    """The map expansion of elements with different ids, None where it has room for none of them.

    Heights, tilts and elements of other kinds have no place in it.
    """
    sheet = _Sheet(left_out)
    relations = tuple(relations)
    lanes = {lane.element_id for lane in elements if lane.kind is ElementKind.LANE and sheet.add_lane(lane)}
    for element in elements:
        if element.kind is ElementKind.LANE_LINE:
            sheet.add_lane_line(element)
        elif element.kind is ElementKind.WAIT_LINE:
            sheet.add_stop_line(element, _lights_of(element, elements, relations))
        elif element.kind is ElementKind.TRAFFIC_LIGHT:
            sheet.add_traffic_light(element)
        elif element.kind is ElementKind.DRIVABLE_AREA:
            sheet.add_drivable_area(element)
        elif element.kind in _AREAS:
            sheet.add_area(element)
        elif element.kind is not ElementKind.LANE:
            left_out.add(f"{{}} elements that are {element.kind.value} are not in the map expansion.")
    return sheet.document(_connectivity(lanes, relations)) if sheet.has_any else None


class _Sheet:
    """A map expansion in the making."""

    def __init__(self, left_out: LeftOut) -> None:
        self._layers: dict[str, list[dict[str, Any]]] = {layer: [] for layer in _LAYERS}
        self._nodes: dict[tuple[float, float], str] = {}
        self._arcs: dict[str, list[dict[str, Any]]] = {}
        self._left_out = left_out

    @property
    def has_any(self) -> bool:
        """Whether a record was added."""
        return any(self._layers[layer] for layer in _LAYERS if layer not in ("polygon", "line", "node"))

    def document(self, connectivity: dict[str, Any]) -> dict[str, Any]:
        """The whole expansion."""
        places = np.array(list(self._nodes), dtype=np.float64).reshape(-1, 2)
        self._layers["node"] = [{"token": name, "x": x, "y": y} for (x, y), name in self._nodes.items()]
        canvas = np.ceil(np.maximum(places.max(axis=0, initial=0.0), 1.0))
        return {
            "version": "1.3",
            "canvas_edge": canvas.tolist(),
            **self._layers,
            "arcline_path_3": self._arcs,
            "connectivity": connectivity,
        }

    def add_lane(self, element: MapElement) -> bool:
        """Adds a lane or connector; False where it has no area."""
        centreline = closed_loop(element.vertices_world) if element.closed else element.vertices_world
        if element.lane is None:
            left, right = ribbon(centreline, ASSUMED_LANE_WIDTH_M)
        else:
            left, right = element.lane.left_world, element.lane.right_world
        polygon = self._polygon(element, np.concatenate([left, right[::-1]]))
        if polygon is None:
            return False
        own = token(element.element_id)
        if element.lane is not None and element.lane.in_intersection:
            self._layers["lane_connector"].append({"token": own, "polygon_token": polygon})
        else:
            lane_type = "vehicle" if element.lane is None else element.lane.lane_type
            self._layers["lane"].append(
                {
                    "token": own,
                    "polygon_token": polygon,
                    "lane_type": "CAR" if lane_type == "vehicle" else lane_type.upper(),
                    "from_edge_line_token": self._line(f"{element.element_id}/from", np.stack([left[0], right[0]])),
                    "to_edge_line_token": self._line(f"{element.element_id}/to", np.stack([left[-1], right[-1]])),
                    "left_lane_divider_segments": [],
                    "right_lane_divider_segments": [],
                }
            )
        self._arcs[own] = _arcs(centreline)
        return True

    def add_lane_line(self, element: MapElement) -> None:
        """Adds a lane divider, or a road divider where the paint is yellow and the source has no name for it."""
        vertices = closed_loop(element.vertices_world) if element.closed else element.vertices_world
        nodes = self._node_tokens(vertices)
        if len(nodes) < 2:
            self._left_out.add("{} lane lines without a length are not in the map expansion.")
            return
        named = element.attributes.get("segment_type", "")
        row = {"token": token(element.element_id), "line_token": self._line(element.element_id, vertices)}
        colour = None if element.mark is None else element.mark.colour
        if colour is MarkColour.YELLOW and SEGMENT_MARKS.get(named) != element.mark:
            self._layers["road_divider"].append({**row, "road_segment_token": ""})
            return
        name = named if named and SEGMENT_MARKS.get(named) == element.mark else _segment_type(element.mark)
        segments = [{"node_token": node, "segment_type": name} for node in nodes]
        self._layers["lane_divider"].append({**row, "lane_divider_segments": segments})

    def add_stop_line(self, element: MapElement, lights: list[str]) -> None:
        """Adds the area 0.4 m deep around a wait line, and the lights that hold the same lanes."""
        left, right = ribbon(element.vertices_world, _STOP_LINE_DEPTH_M)
        polygon = self._polygon(element, np.concatenate([left, right[::-1]]))
        if polygon is None:
            return
        named = element.attributes.get("stop_line_type", "")
        unnamed = "TRAFFIC_LIGHT" if lights else "TURN_STOP"
        self._layers["stop_line"].append(
            {
                "token": token(element.element_id),
                "polygon_token": polygon,
                "stop_line_type": named if named in _STOP_LINE_TYPES else unnamed,
                "ped_crossing_tokens": [],
                "traffic_light_tokens": [token(light) for light in lights],
                "road_block_token": "",
            }
        )

    def add_traffic_light(self, element: MapElement) -> None:
        """Adds an upright light with three bulbs; its pose is the middle of its lower end."""
        corners = element.vertices_world
        bottom = corners[4:].mean(axis=0)
        forward = corners[[0, 1, 4, 5]].mean(axis=0) - corners[[2, 3, 6, 7]].mean(axis=0)
        height_m = float(corners[:4].mean(axis=0)[2] - bottom[2])
        width_m = float(np.linalg.norm(corners[0] - corners[1]))
        upright = height_m >= width_m
        bulbs = []
        for colour, fraction in (("RED", 5 / 6), ("YELLOW", 3 / 6), ("GREEN", 1 / 6)):
            side_m = 0.0 if upright else (0.5 - fraction) * width_m
            up_m = fraction * height_m if upright else height_m / 2
            place = {"tx": 0.0, "ty": side_m, "tz": up_m, "rx": 0.0, "ry": 0.0, "rz": 0.0}
            bulbs.append({"color": colour, "shape": "CIRCLE", "rel_pos": place, "to_road_block_tokens": []})
        pose = {"tx": float(bottom[0]), "ty": float(bottom[1]), "tz": float(bottom[2]), "rx": 0.0, "ry": 0.0}
        self._layers["traffic_light"].append(
            {
                "token": token(element.element_id),
                "line_token": self._line(element.element_id, corners[[5, 4]]),
                "traffic_light_type": "VERTICAL" if upright else "HORIZONTAL",
                "from_road_block_token": "",
                "items": bulbs,
                "pose": {**pose, "rz": float(np.arctan2(forward[1], forward[0]))},
            }
        )

    def add_drivable_area(self, element: MapElement) -> None:
        """Adds a drivable area of one polygon."""
        polygon = self._polygon(element, element.vertices_world)
        if polygon is not None:
            self._layers["drivable_area"].append({"token": token(element.element_id), "polygon_tokens": [polygon]})

    def add_area(self, element: MapElement) -> None:
        """Adds a polygon of one of the other layers."""
        layer, fields = _AREAS[element.kind]
        polygon = self._polygon(element, element.vertices_world)
        if polygon is not None:
            self._layers[layer].append({"token": token(element.element_id), "polygon_token": polygon, **fields})

    def _polygon(self, element: MapElement, outline: Float[np.ndarray, "p 3"]) -> str | None:
        """The token of a polygon with the element's holes; None, noted, where it has fewer than three places."""
        if len(np.unique(outline[:, :2], axis=0)) < 3:
            self._left_out.add("{} elements without an area are not in the map expansion.")
            return None
        own = token("polygon", element.element_id)
        holes = [self._node_tokens(hole) for hole in element.holes_world]
        self._layers["polygon"].append(
            {
                "token": own,
                "exterior_node_tokens": self._node_tokens(outline),
                "holes": [{"node_tokens": nodes} for nodes in holes if len(set(nodes)) >= 3],
            }
        )
        return own

    def _line(self, name: str, vertices: Float[np.ndarray, "p 3"]) -> str:
        own = token("line", name)
        self._layers["line"].append({"token": own, "node_tokens": self._node_tokens(vertices)})
        return own

    def _node_tokens(self, vertices: Float[np.ndarray, "p 3"]) -> list[str]:
        """The nodes at vertices: one a place, a place that repeats the one before left out."""
        nodes: list[str] = []
        for x, y in (vertices[:, :2] + 0.0).tolist():  # -0.0 and 0.0 are one place
            node = self._nodes.setdefault((x, y), token("node", repr(x), repr(y)))
            if not nodes or nodes[-1] != node:
                nodes.append(node)
        return nodes


def _segment_type(mark: LaneMark | None) -> str:
    if mark is None:
        return "NIL"
    colour = "YELLOW" if mark.colour is MarkColour.YELLOW else "WHITE"
    return f"{_SEGMENT_TYPES.get(mark.pattern, _DASHED)}_{colour}"


def _arcs(centreline: Float[np.ndarray, "p 3"]) -> list[dict[str, Any]]:
    """The centreline as an arcline path: each of its pieces is a straight path between arcs of no length."""
    steps = np.diff(centreline[:, :2], axis=0)
    lengths_m = np.hypot(steps[:, 0], steps[:, 1])
    arcs = []
    for index in np.flatnonzero(lengths_m > 0).tolist():
        yaw_rad = float(np.arctan2(steps[index, 1], steps[index, 0]))
        arcs.append(
            {
                "start_pose": [*centreline[index, :2].tolist(), yaw_rad],
                "end_pose": [*centreline[index + 1, :2].tolist(), yaw_rad],
                "shape": "LSR",
                "radius": _STRAIGHT_RADIUS_M,
                "segment_length": [0.0, float(lengths_m[index]), 0.0],
            }
        )
    return arcs


def _connectivity(lanes: set[str], relations: tuple[Relation, ...]) -> dict[str, Any]:
    """Token of each lane -> the tokens of those that come before and after it."""
    ends: dict[str, dict[str, list[str]]] = {token(lane): {"incoming": [], "outgoing": []} for lane in sorted(lanes)}
    for relation in relations:
        known = relation.source_id in lanes and relation.target_id in lanes
        if relation.kind is RelationKind.SUCCESSOR and known:
            ends[token(relation.source_id)]["outgoing"].append(token(relation.target_id))
            ends[token(relation.target_id)]["incoming"].append(token(relation.source_id))
    return ends


def _lights_of(line: MapElement, elements: Sequence[MapElement], relations: tuple[Relation, ...]) -> list[str]:
    """The traffic lights that control a lane that the line controls too."""
    controls = [relation for relation in relations if relation.kind is RelationKind.CONTROLS]
    held = {relation.target_id for relation in controls if relation.source_id == line.element_id}
    also = {relation.source_id for relation in controls if relation.target_id in held}
    kinds = ElementKind.TRAFFIC_LIGHT
    return [element.element_id for element in elements if element.kind is kinds and element.element_id in also]
