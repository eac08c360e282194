"""Outlines of areas: of the union of those that touch or overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

__all__ = ["union_outlines"]

_SAME_LEVEL_M = 2.0


def union_outlines(areas: Sequence[Float[np.ndarray, "_ 3"]]) -> list[Float[np.ndarray, "_ 3"]]:
    """Closed lines around areas, metres, the first point not repeated at the end.

    Areas that touch or overlap count as one, unless one lies more than 2 m above the other there. Plan and heights
    come from the areas' vertices: a point of an outline that is none of them takes the height of the nearest edge.

    Args:
        areas: polygons, each `p 3` with at least 3 vertices, z up.
    """
    import shapely
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    plans = shapely.make_valid(np.array([shapely.Polygon(area[:, :2]) for area in areas], dtype=object))
    pairs = [pair for pair in _touching(plans) if _same_level(areas[pair[0]], areas[pair[1]], plans, pair)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(areas), len(areas)))
    num_groups, group_of = connected_components(graph, directed=False)
    outlines = []
    for group in range(num_groups):
        members = np.flatnonzero(group_of == group)
        union = shapely.unary_union(plans[members])
        for part in shapely.get_parts(union):
            if part.geom_type == "Polygon":
                for ring in (part.exterior, *part.interiors):
                    outlines.append(_with_heights(np.array(ring.coords)[:-1, :2], [areas[i] for i in members]))
    return outlines


def _touching(plans: np.ndarray) -> list[tuple[int, int]]:
    import shapely

    first, second = shapely.STRtree(plans).query(plans, predicate="intersects")
    return [(int(i), int(j)) for i, j in zip(first, second, strict=True) if i < j]


def _same_level(area: np.ndarray, other: np.ndarray, plans: np.ndarray, pair: tuple[int, int]) -> bool:
    import shapely

    common = shapely.point_on_surface(shapely.intersection(plans[pair[0]], plans[pair[1]]))
    place = np.array([[common.x, common.y]])
    return bool(abs(_heights(place, [area]) - _heights(place, [other]))[0] <= _SAME_LEVEL_M)


def _with_heights(plan: np.ndarray, areas: Sequence[np.ndarray]) -> np.ndarray:
    return np.column_stack([plan, _heights(plan, areas)])


def _heights(plan: np.ndarray, areas: Sequence[np.ndarray]) -> np.ndarray:
    """Heights `n` (m) at places `n 2`: of the vertex that lies there, else of the nearest point of an edge."""
    known = {(x, y): z for area in areas for x, y, z in area.tolist()}
    start = np.concatenate(areas)
    span = np.concatenate([np.roll(area, -1, axis=0) for area in areas]) - start
    length_squared = np.maximum((span[:, :2] ** 2).sum(axis=1), 1e-12)
    heights = np.empty(len(plan))
    for index, (x, y) in enumerate(plan.tolist()):
        if (x, y) in known:
            heights[index] = known[x, y]
            continue
        offset = np.array([x, y]) - start[:, :2]
        fraction = np.clip((offset * span[:, :2]).sum(axis=1) / length_squared, 0.0, 1.0)
        distance_squared = ((offset - fraction[:, None] * span[:, :2]) ** 2).sum(axis=1)
        nearest = int(np.argmin(distance_squared))
        heights[index] = start[nearest, 2] + fraction[nearest] * span[nearest, 2]
    return heights
