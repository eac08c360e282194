"""Polygons in space -> triangles."""

from __future__ import annotations

import numpy as np
import shapely
import trimesh
from jaxtyping import Float
from scipy.spatial import Delaunay, QhullError

__all__ = ["triangulate"]


def triangulate(
    outline: Float[np.ndarray, "p 3"], holes: tuple[Float[np.ndarray, "_ 3"], ...] = (), *, convex: bool = False
) -> Float[np.ndarray, "m 3 3"]:
    """Triangles `m 3 3` (m) that fill a polygon, concave or with holes, seen along its own normal.

    Every vertex keeps its place, so that a surface that is not quite plane stays as the source had it. An outline
    that crosses itself is split into the areas that it encloses, laid into the polygon's mean plane. A polygon
    without area gives no triangle.

    Args:
        outline: `p 3` m, at least 3 points, in either sense.
        holes: the same for each hole.
        convex: fill the convex hull instead.
    """
    origin, axes = _plane(outline)
    ring_2d = (outline - origin) @ axes[:2].T
    if convex:
        try:
            return outline[Delaunay(ring_2d).simplices]
        except QhullError:
            return np.zeros((0, 3, 3))
    polygon = shapely.Polygon(ring_2d, [(hole - origin) @ axes[:2].T for hole in holes])
    if not polygon.is_valid:
        parts = [part for part in shapely.get_parts(shapely.make_valid(polygon)) if part.geom_type == "Polygon"]
        flat = [_lift_flat(*_ear_cut(part), origin, axes) for part in parts if part.area > 0]
        return np.concatenate([np.zeros((0, 3, 3)), *flat])
    if polygon.area <= 0:
        return np.zeros((0, 3, 3))
    points_2d, triangles = _ear_cut(polygon)
    rings = [np.concatenate([ring, ring[:1]]) for ring in (outline, *holes)]
    points = np.concatenate(rings)
    if len(points) != len(points_2d) or not np.allclose((points - origin) @ axes[:2].T, points_2d):
        return _lift_flat(points_2d, triangles, origin, axes)
    return points[triangles]


def _ear_cut(polygon: shapely.Polygon) -> tuple[np.ndarray, np.ndarray]:
    points, triangles = trimesh.creation.triangulate_polygon(polygon, engine="earcut")
    return np.asarray(points), np.asarray(triangles)


def _lift_flat(points_2d: np.ndarray, triangles: np.ndarray, origin: np.ndarray, axes: np.ndarray) -> np.ndarray:
    return (points_2d @ axes[:2] + origin)[triangles]


def _plane(outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Origin and axes (rows: two in the plane, the normal) of a ring's mean plane, by Newell's sum."""
    origin = outline.mean(axis=0)
    centred = outline - origin
    normal = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    length = float(np.linalg.norm(normal))
    normal = normal / length if length > 1e-12 else np.array([0.0, 0.0, 1.0])
    helper = np.array([1.0, 0.0, 0.0]) if abs(normal[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    first = np.cross(helper, normal)
    first /= np.linalg.norm(first)
    return origin, np.stack([first, np.cross(normal, first), normal])
