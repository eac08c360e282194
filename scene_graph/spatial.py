"""Which map elements are near a place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
import shapely

from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.graph import ScenarioGraph

__all__ = ["ElementIndex", "NearElement", "elements_near", "footprint"]


class NearElement(NamedTuple):
    """An element and how far its footprint is, metres; 0 inside a polygon or cuboid."""

    element: MapElement
    distance_m: float


class ElementIndex:
    """The elements of a scenario by place, in the ground plane; build it once and ask often.

    Args:
        graph: the scenario.
    """

    def __init__(self, graph: ScenarioGraph) -> None:
        self._elements = graph.elements
        self._footprints = np.array([footprint(element) for element in graph.elements], dtype=object)
        self._tree = shapely.STRtree(self._footprints)

    def near(
        self, point_world: Any, radius_m: float, kinds: Collection[ElementKind] | None = None
    ) -> tuple[NearElement, ...]:
        """Elements whose footprints are at most `radius_m` away in the ground plane, nearest first.

        Args:
            point_world: `3` (or `2`) m, world frame; a height is not looked at.
            radius_m: metres.
            kinds: which kinds to give; None: all.
        """
        place = shapely.Point(float(point_world[0]), float(point_world[1]))
        found = np.sort(self._tree.query(place, predicate="dwithin", distance=radius_m))
        distances_m = shapely.distance(self._footprints[found], place)
        order = np.argsort(distances_m, kind="stable")
        near = (
            NearElement(self._elements[index], float(distance_m))
            for index, distance_m in zip(found[order], distances_m[order], strict=True)
        )
        return tuple(one for one in near if kinds is None or one.element.kind in kinds)


def elements_near(
    graph: ScenarioGraph, point_world: Any, radius_m: float, kinds: Collection[ElementKind] | None = None
) -> tuple[NearElement, ...]:
    """Elements near one place; for many places build one `ElementIndex`, whose `near` this is."""
    return ElementIndex(graph).near(point_world, radius_m, kinds)


def footprint(element: MapElement) -> shapely.Geometry:
    """What an element covers of the ground plane: a line, an area with its holes, or a cuboid's shadow.

    What goes nowhere in the ground plane (a pole) is a point there, an area of no width a line.
    """
    if element.kind.geometry is Geometry.CUBOID:
        return shapely.MultiPoint(element.vertices_world[:, :2]).convex_hull
    vertices = _outline(element.vertices_world, closed=element.closed)
    if len(vertices) == 1:
        return shapely.Point(vertices[0])
    if element.kind.geometry is Geometry.POLYLINE or len(vertices) < 4:
        return shapely.LineString(vertices)
    holes = [_outline(hole, closed=True) for hole in element.holes_world]
    return shapely.Polygon(vertices, [hole for hole in holes if len(hole) >= 4])


def _outline(vertices: np.ndarray, *, closed: bool) -> np.ndarray:
    """Vertices `p 2` without those that repeat the one before: shapely takes no pieces of no length."""
    outline = np.concatenate([vertices, vertices[:1]] if closed else [vertices])[:, :2]
    moved = (np.diff(outline, axis=0) != 0.0).any(axis=1)
    return outline[np.concatenate([[True], moved])]
