"""Lanes and lane connectors of a nuScenes map expansion."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from jaxtyping import Float

from scene_graph.elements import ElementKind, LaneShape, MapElement
from scene_graph.graph import Relation, RelationKind
from scene_graph.on_lane import ASSUMED_LANE_WIDTH_M
from scene_graph.polylines import ribbon
from scene_graph.readers.lane_edges import mid_line
from scene_graph.readers.nuscenes_map_file import MapFile, flat
from scene_graph.readers.vertices import number_array

__all__ = ["MapLane", "MapLanes", "lane_relations", "read_lanes"]

_RESOLUTION_M = 1.0
_MAX_ARCS = 1_000
_MAX_LENGTH_M = 20_000.0
_SHORTEST_ARC_M = 1e-3
_SHAPES = ("LRL", "LSL", "LSR", "RLR", "RSL", "RSR")
_SAME_POINT_M = 1e-6
_LANE_TYPES = {"CAR": "vehicle", "BIKE": "bike"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapLane:
    """A lane or connector of the map.

    Attributes:
        token: its token in the map.
        element: the lane.
        area: the plan of the source's polygon.
        left_nodes, right_nodes: the nodes along its edges in driving direction, empty where they are not known.
    """

    token: str
    element: MapElement
    area: shapely.Geometry
    left_nodes: tuple[str, ...]
    right_nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLanes:
    """The lanes near the drive.

    Attributes:
        lanes: lanes, then connectors.
        num_without_direction: how many had neither a centreline nor edges, and are left out.
        num_assumed_edges: how many have edges at an assumed distance.
        num_mid_lines: how many centrelines were computed from edges.
    """

    lanes: tuple[MapLane, ...]
    num_without_direction: int
    num_assumed_edges: int
    num_mid_lines: int


def read_lanes(source: MapFile) -> MapLanes:
    """The lanes and connectors of a map that touch its region."""
    arcs_of = source.keyed("arcline_path_3")
    lanes: list[MapLane] = []
    num_without_direction = num_assumed_edges = num_mid_lines = 0
    for layer in ("lane", "lane_connector"):
        for token, record in source.layer(layer):
            with source.records.checking(source.name(layer, token)):
                ring = source.polygon_nodes(record.get("polygon_token"))
                if not source.near(source.places(ring)):
                    continue
                arcs = arcs_of.get(token)
                left_nodes, right_nodes = _edge_nodes(source, record, ring)
                if not arcs and not left_nodes:
                    num_without_direction += 1
                    continue
                lanes.append(_lane(source, f"{layer}/{token}", record, arcs, left_nodes, right_nodes))
                num_mid_lines += not arcs
                num_assumed_edges += not left_nodes
    return MapLanes(
        lanes=tuple(lanes),
        num_without_direction=num_without_direction,
        num_assumed_edges=num_assumed_edges,
        num_mid_lines=num_mid_lines,
    )


def _lane(
    source: MapFile,
    element_id: str,
    record: dict[str, Any],
    arcs: Any,
    left_nodes: list[str],
    right_nodes: list[str],
) -> MapLane:
    """A lane that has an arcline path, or nodes along its edges, or both."""
    left, right = flat(source.places(left_nodes)), flat(source.places(right_nodes))
    centreline = arcline_points(arcs) if arcs else mid_line(left, right)
    if not left_nodes:
        left, right = ribbon(centreline, ASSUMED_LANE_WIDTH_M)
    element = MapElement(
        element_id=element_id,
        kind=ElementKind.LANE,
        vertices_world=centreline,
        lane=LaneShape(
            left_world=left,
            right_world=right,
            lane_type=_lane_type(record),
            in_intersection=element_id.startswith("lane_connector/"),
        ),
    )
    element.validate()
    return MapLane(
        token=element_id.partition("/")[2],
        element=element,
        area=source.shape(record.get("polygon_token")),
        left_nodes=tuple(left_nodes),
        right_nodes=tuple(right_nodes),
    )


def arcline_points(arcs: Any) -> Float[np.ndarray, "p 3"]:
    """The line of an arcline path, a point a metre, by the devkit's own discretisation.

    Raises:
        ValueError: the path is no list of arcs, or has no length.
    """
    from nuscenes.map_expansion.arcline_path_utils import discretize_lane

    if not isinstance(arcs, list) or len(arcs) > _MAX_ARCS:
        raise ValueError(f"arcline_path_3: expected a list of at most {_MAX_ARCS} arcs")
    checked = [_arc(arc) for arc in arcs]
    if sum(sum(arc["segment_length"]) for arc in checked) > _MAX_LENGTH_M:
        raise ValueError(f"arcline_path_3: the lane is longer than {_MAX_LENGTH_M:g} m")
    kept = [arc for arc in checked if sum(arc["segment_length"]) > _SHORTEST_ARC_M]
    poses = np.array(discretize_lane(kept, _RESOLUTION_M), dtype=np.float64).reshape(-1, 3)
    places = poses[:, :2]
    moved = np.linalg.norm(np.diff(places, axis=0), axis=1) > _SAME_POINT_M
    places = places[np.concatenate([[True], moved])] if len(places) else places
    if len(places) < 2:
        raise ValueError("arcline_path_3: the lane's centreline has no length")
    return flat(places)


def _arc(arc: Any) -> dict[str, Any]:
    """An arc of a path whose fields are sound."""
    if not isinstance(arc, dict) or arc.get("shape") not in _SHAPES:
        raise ValueError(f"arcline_path_3: expected arcs of a shape among {', '.join(_SHAPES)}")
    radius_m = float(number_array(arc.get("radius"), "radius", ()))
    lengths_m = number_array(arc.get("segment_length"), "segment_length", (3,))
    if not radius_m > 1e-3 or (lengths_m < 0).any():
        raise ValueError("arcline_path_3: expected arcs of a positive radius and lengths of 0 or more")
    return {
        "shape": arc["shape"],
        "radius": radius_m,
        "segment_length": lengths_m.tolist(),
        "start_pose": number_array(arc.get("start_pose"), "start_pose", (3,)).tolist(),
    }


def lane_relations(lanes: tuple[MapLane, ...], connectivity: dict[str, Any]) -> list[Relation]:
    """Followers by the map's connectivity, neighbours by common edges of lanes that run the same way; each once."""
    by_token = {lane.token: lane.element.element_id for lane in lanes}
    found: dict[tuple[str, str, RelationKind], None] = {}
    for token, own in by_token.items():
        record = connectivity.get(token)
        ends = record if isinstance(record, dict) else {}
        for other in _known(ends.get("outgoing"), by_token):
            found[own, other, RelationKind.SUCCESSOR] = None
        for other in _known(ends.get("incoming"), by_token):
            found[other, own, RelationKind.SUCCESSOR] = None
    left_of = {pair: lane.element.element_id for lane in lanes for pair in _pairs(lane.left_nodes)}
    for lane in lanes:
        for pair in _pairs(lane.right_nodes):
            beside = left_of.get(pair)
            if beside is not None and beside != lane.element.element_id:
                found[lane.element.element_id, beside, RelationKind.RIGHT_NEIGHBOUR] = None
                found[beside, lane.element.element_id, RelationKind.LEFT_NEIGHBOUR] = None
    return [Relation(source_id=source, target_id=target, kind=kind) for source, target, kind in found]


def _pairs(nodes: tuple[str, ...]) -> list[tuple[str, str]]:
    return list(pairwise(nodes))


def _known(tokens: Any, by_token: dict[str, str]) -> list[str]:
    """The elements of those tokens that the map's lanes have; others lie elsewhere."""
    listed = tokens if isinstance(tokens, list) else []
    return [by_token[token] for token in listed if isinstance(token, str) and token in by_token]


def _lane_type(record: dict[str, Any]) -> str:
    name = record.get("lane_type")
    if name is None:
        return "vehicle"  # connectors have no type
    if not isinstance(name, str):
        raise ValueError(f"lane_type is {type(name).__name__}; expected a text")
    return _LANE_TYPES.get(name, name.lower())


def _edge_nodes(source: MapFile, record: dict[str, Any], ring: list[str]) -> tuple[list[str], list[str]]:
    """Nodes along the left and right edge in driving direction; empty where the lane's ends are not on its outline."""
    ends = [record.get("from_edge_line_token"), record.get("to_edge_line_token")]
    if not all(isinstance(end, str) and end for end in ends):
        return [], []
    first, last = (set(source.line_nodes(end)) for end in ends)
    places = source.places(ring)
    if (first & last) or not (first & set(ring)) or not (last & set(ring)):
        return [], []
    ahead = _chain(ring, first, last)
    back = _chain(ring, last, first)[::-1]
    if min(len(ahead), len(back)) < 2:
        return [], []
    x, y = (places - places[0]).T
    counter_clockwise = float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) > 0
    return (back, ahead) if counter_clockwise else (ahead, back)


def _chain(ring: list[str], start: set[str], end: set[str]) -> list[str]:
    """The nodes of a ring from the last one of `start` to the first of `end` that follows it."""
    for index, node in enumerate(ring):
        chain = [node]
        for following in ring[index + 1 :] + ring[:index]:
            if node not in start or following in start:
                break
            chain.append(following)
            if following in end:
                return chain
    return []
