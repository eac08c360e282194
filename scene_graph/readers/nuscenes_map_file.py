"""The file of a nuScenes map expansion: records, and the nodes, lines and polygons that they refer to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from jaxtyping import Float

from scene_graph.errors import SceneError
from scene_graph.readers.decoding import parse_json
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import number_array

__all__ = ["MapFile", "flat"]


class MapFile:
    """A map expansion, its geometry looked up by tokens.

    Args:
        content: the file's bytes.
        where: its name, for errors.
        region: the part of the ground plane, metres, whose records are wanted.
        records: what to do with a bad record.

    Raises:
        SceneError: the file is not a map expansion.
    """

    def __init__(self, content: bytes, where: str, region: shapely.Polygon, records: Records) -> None:
        raw = parse_json(content, where)
        if not isinstance(raw, dict):
            raise SceneError(f"expected an object of layers, received {type(raw).__name__}", where=where)
        self.where = where
        self.region = region
        self.records = records
        self._raw: dict[str, Any] = raw
        self._layers: dict[str, dict[str, dict[str, Any]]] = {}
        self._nodes = {token: (row.get("x"), row.get("y")) for token, row in self._by_token("node").items()}
        self._lines = self._by_token("line")
        self._polygons = self._by_token("polygon")
        shapely.prepare(region)

    def has(self, layer: str) -> bool:
        """Whether a layer holds any record."""
        return bool(self._raw.get(layer))

    def keyed(self, layer: str) -> dict[str, Any]:
        """A layer of the kind token -> record (connectivity, arcline_path_3); empty where it is missing."""
        values = self._raw.get(layer)
        if not isinstance(values, (dict, list)) and values is not None:
            raise SceneError(f"layer {layer!r}: expected an object, received {type(values).__name__}", where=self.where)
        return values if isinstance(values, dict) else {}

    def layer(self, layer: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Token and record of each row of a layer, each token once."""
        if layer not in self._layers:
            rows = self._raw.get(layer, [])
            if not isinstance(rows, list):
                raise SceneError(f"layer {layer!r}: expected a list, received {type(rows).__name__}", where=self.where)
            found: dict[str, dict[str, Any]] = {}
            for index, row in enumerate(rows):
                token = row.get("token") if isinstance(row, dict) else None
                if isinstance(token, str) and token and token not in found:
                    found[token] = row
                else:
                    self.records.bad("has no token of its own", f"{self.where}, {layer}, record {index}")
            self._layers[layer] = found
        return self._layers[layer].items()

    def name(self, layer: str, token: str) -> str:
        """What errors call a record."""
        return f"{self.where}, {layer} {token!r}"

    def line_nodes(self, token: Any) -> list[str]:
        """The nodes of a line.

        Raises:
            ValueError: there is no such line, or it is no list of tokens.
        """
        return _tokens(self._record(self._lines, "line", token).get("node_tokens"), "node_tokens")

    def polygon_nodes(self, token: Any) -> list[str]:
        """The nodes around a polygon, the first not repeated at the end.

        Raises:
            ValueError: there is no such polygon, or it is no list of tokens.
        """
        record = self._record(self._polygons, "polygon", token)
        nodes = _tokens(record.get("exterior_node_tokens"), "exterior_node_tokens")
        return nodes[:-1] if len(nodes) > 1 and nodes[0] == nodes[-1] else nodes

    def holes(self, token: Any) -> list[list[str]]:
        """The nodes around each hole of a polygon; holes without an area are left out."""
        holes = self._record(self._polygons, "polygon", token).get("holes") or []
        if not isinstance(holes, list) or not all(isinstance(hole, dict) for hole in holes):
            raise ValueError("holes: expected a list of objects")
        nodes = (_tokens(hole.get("node_tokens"), "node_tokens of a hole") for hole in holes)
        return [ring for ring in nodes if len(set(ring)) >= 3]

    def places(self, nodes: list[str]) -> Float[np.ndarray, "p 2"]:
        """Where nodes are, metres.

        Raises:
            ValueError: a node is not in the map, or its place is no pair of numbers.
        """
        if not nodes:
            return np.zeros((0, 2))
        missing = [node for node in nodes if node not in self._nodes]
        if missing:
            raise ValueError(f"node {missing[0]!r} is not in the layer node")
        return number_array([self._nodes[node] for node in nodes], "its nodes", (len(nodes), 2))

    def near(self, places: Float[np.ndarray, "p 2"]) -> bool:
        """Whether the convex hull of places touches the region."""
        if not len(places):
            return False
        lowest, highest = places.min(axis=0), places.max(axis=0)
        left, bottom, right, top = self.region.bounds
        if lowest[0] > right or highest[0] < left or lowest[1] > top or highest[1] < bottom:
            return False
        return bool(self.region.intersects(shapely.MultiPoint(places).convex_hull))

    def area(self, polygon_token: Any) -> Float[np.ndarray, "p 2"]:
        """The outline of a polygon, metres; at least three points.

        Raises:
            ValueError: the polygon or one of its nodes is missing, or it has fewer points.
        """
        places = self.places(self.polygon_nodes(polygon_token))
        if len(places) < 3:
            raise ValueError(f"its polygon has {len(places)} nodes; expected at least 3")
        return places

    def shape(self, polygon_token: Any) -> shapely.Geometry:
        """A polygon with its holes as a valid area, which may be empty.

        Raises:
            ValueError: it cannot be made valid.
        """
        holes = [self.places(nodes) for nodes in self.holes(polygon_token)]
        try:
            valid = shapely.make_valid(shapely.Polygon(self.area(polygon_token), holes))
        except shapely.errors.GEOSException as error:
            raise ValueError(f"its polygon is not valid: {error}") from error
        parts = shapely.get_parts(shapely.get_parts(valid))
        return shapely.multipolygons([part for part in parts if part.geom_type == "Polygon"])

    def _by_token(self, layer: str) -> dict[str, dict[str, Any]]:
        rows = self._raw.get(layer)
        if not isinstance(rows, list):
            raise SceneError(f"layer {layer!r}: expected a list, received {type(rows).__name__}", where=self.where)
        return {row["token"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("token"), str)}

    def _record(self, layer: dict[str, dict[str, Any]], name: str, token: Any) -> dict[str, Any]:
        if not isinstance(token, str) or token not in layer:
            raise ValueError(f"{name} {token!r} is not in the layer {name}")
        return layer[token]


def flat(places: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "p 3"]:
    """Places on the ground of the map, at height 0."""
    return np.column_stack([places, np.zeros(len(places))])


def _tokens(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(token, str) for token in value):
        raise ValueError(f"{name}: expected a list of tokens")
    return value
