"""The plan view of an OpenDRIVE road: lines, arcs, spirals and polynomials one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float
from scipy.special import fresnel

from scene_graph.readers.opendrive_cubics import MAX_COEFFICIENT
from scene_graph.readers.vertices import MAX_COORDINATE_M
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["MAX_ROAD_LENGTH_M", "LocalCurve", "PlanView", "clothoid", "plan_view_of"]

MAX_ROAD_LENGTH_M = 1e6
"""A road that claims to be longer is refused."""

_MAX_CURVATURE_PER_M = 100.0
LocalCurve = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""A curve from the origin along x: arc lengths `n` (m) to x `n`, y `n` (m) and heading `n` (rad)."""

_FLAT_SPIRAL = 1e-6  # curvature gained over the length, times the length
_NUM_POLY3_PIECES = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanView:
    """A road's reference line in the ground plane.

    Attributes:
        start_s_m: `k`, where each piece starts, metres, increasing.
        start_xy: `k 2` m, and start_heading_rad `k`: its pose there.
        pieces: `k` functions from arc length along the piece (m) to x, y (m) and heading (rad) in that pose's frame.
        end_s_m: where the last piece ends, metres.
    """

    start_s_m: Float[np.ndarray, " k"]
    start_xy: Float[np.ndarray, "k 2"]
    start_heading_rad: Float[np.ndarray, " k"]
    pieces: tuple[LocalCurve, ...]
    end_s_m: float

    def at(self, s_m: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
        """Points `n 2` m and headings `n` rad at arc lengths `n` m; a piece's end belongs to the next one."""
        xy, heading_rad = np.empty((len(s_m), 2)), np.empty(len(s_m))
        index = np.clip(np.searchsorted(self.start_s_m, s_m, side="right") - 1, 0, len(self.pieces) - 1)
        for piece in np.unique(index):
            chosen = index == piece
            x, y, turned_rad = self.pieces[piece](s_m[chosen] - self.start_s_m[piece])
            cos, sin = np.cos(self.start_heading_rad[piece]), np.sin(self.start_heading_rad[piece])
            xy[chosen, 0] = self.start_xy[piece, 0] + cos * x - sin * y
            xy[chosen, 1] = self.start_xy[piece, 1] + sin * x + cos * y
            heading_rad[chosen] = self.start_heading_rad[piece] + turned_rad
        return xy, heading_rad


def plan_view_of(element: XmlElement) -> PlanView:
    """The plan view that an element `<planView>` describes.

    Raises:
        ValueError: it holds no geometry, or one whose shape or numbers are not known.
    """
    geometries = sorted(element.find_all("geometry"), key=lambda geometry: geometry.number("s"))
    geometries = [geometry for geometry in geometries if geometry.number("length") > 0.0]
    if not geometries:
        raise ValueError(f"{element}: expected a <geometry> of some length, found none")
    starts, poses, pieces, end_s_m = [], [], [], 0.0
    for geometry in geometries:
        length_m = geometry.number("length", limit=MAX_ROAD_LENGTH_M)
        starts.append(geometry.number("s", limit=MAX_ROAD_LENGTH_M))
        poses.append([geometry.number(name, limit=MAX_COORDINATE_M) for name in ("x", "y", "hdg")])
        pieces.append(_piece(geometry, length_m))
        end_s_m = starts[-1] + length_m
    pose = np.array(poses)
    return PlanView(
        start_s_m=np.array(starts),
        start_xy=pose[:, :2].copy(),
        start_heading_rad=pose[:, 2].copy(),
        pieces=tuple(pieces),
        end_s_m=end_s_m,
    )


def _piece(geometry: XmlElement, length_m: float) -> LocalCurve:
    for shape in geometry.children:
        if shape.tag == "line":
            return partial(_arc_points, 0.0)
        if shape.tag == "arc":
            return partial(_arc_points, shape.number("curvature", limit=_MAX_CURVATURE_PER_M))
        if shape.tag == "spiral":
            start, end = (shape.number(name, limit=_MAX_CURVATURE_PER_M) for name in ("curvStart", "curvEnd"))
            return clothoid(start, (end - start) / length_m, length_m)
        if shape.tag == "poly3":
            return _poly3(_coefficients(shape, ""), length_m)
        if shape.tag == "paramPoly3":
            normalised = shape.string("pRange", "normalized") == "normalized"
            u, v = _coefficients(shape, "U"), _coefficients(shape, "V")
            return partial(_param_poly3_points, u, v, length_m if normalised else 1.0)
    raise ValueError(f"{geometry}: expected a line, arc, spiral, poly3 or paramPoly3 in it, found none")


def _coefficients(shape: XmlElement, suffix: str) -> np.ndarray:
    return np.array([shape.number(f"{name}{suffix}", limit=MAX_COEFFICIENT) for name in "abcd"])


def _arc_points(curvature_per_m: np.ndarray | float, s_m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of a circle, or each of its own, that starts at the origin along x."""
    turned_rad = curvature_per_m * s_m
    half = turned_rad / 2.0
    chord_m = s_m * np.sinc(half / np.pi)
    return chord_m * np.cos(half), chord_m * np.sin(half), turned_rad


def clothoid(start_per_m: float, rate_per_m2: float, length_m: float) -> LocalCurve:
    """The clothoid of `length_m` whose curvature (1/m) is start + rate s.

    One that hardly differs from a circle, where Fresnel's integrals would cancel, is taken as circles of its mean
    curvature so far: wrong by less than a ten-millionth of its length.
    """
    if abs(rate_per_m2) * length_m**2 < _FLAT_SPIRAL:
        return partial(_nearly_circular_points, start_per_m, rate_per_m2)
    return partial(_clothoid_points, start_per_m, rate_per_m2)


def _nearly_circular_points(
    start_per_m: float, rate_per_m2: float, s_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _arc_points(start_per_m + rate_per_m2 * s_m / 2.0, s_m)


def _clothoid_points(
    start_per_m: float, rate_per_m2: float, s_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of a clothoid: with the square completed in its heading it is a piece of the standard one.

    Fresnel's integrals give that (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.3).
    """
    scale_m = np.sqrt(np.pi / abs(rate_per_m2))
    vertex_s_m = -start_per_m / rate_per_m2  # where the curvature is 0
    vertex_heading_rad = -(start_per_m**2) / (2.0 * rate_per_m2)
    start_sin, start_cos = fresnel(-vertex_s_m / scale_m)
    sin, cos = fresnel((s_m - vertex_s_m) / scale_m)
    u, v = scale_m * (cos - start_cos), scale_m * np.sign(rate_per_m2) * (sin - start_sin)
    turn_cos, turn_sin = np.cos(vertex_heading_rad), np.sin(vertex_heading_rad)
    turned_rad = s_m * (start_per_m + rate_per_m2 * s_m / 2.0)
    return turn_cos * u - turn_sin * v, turn_sin * u + turn_cos * v, turned_rad


def _poly3(v: np.ndarray, length_m: float) -> LocalCurve:
    """The graph of v = a + b u + c u^2 + d u^3 by its arc length, which is integrated by Simpson's rule."""
    u = np.linspace(0.0, length_m, _NUM_POLY3_PIECES + 1)
    middle = (u[:-1] + u[1:]) / 2.0
    speed, middle_speed = np.hypot(1.0, _slope(v, u)), np.hypot(1.0, _slope(v, middle))
    steps = (speed[:-1] + 4.0 * middle_speed + speed[1:]) / 6.0 * np.diff(u)
    return partial(_poly3_points, v, u, np.concatenate([[0.0], np.cumsum(steps)]))


def _poly3_points(
    v: np.ndarray, u: np.ndarray, u_s_m: np.ndarray, s_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = np.interp(s_m, u_s_m, u)
    return at, _value(v, at), np.arctan(_slope(v, at))


def _param_poly3_points(
    u: np.ndarray, v: np.ndarray, range_m: float, s_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of cubics u and v of a parameter, which is the arc length divided by `range_m`."""
    p = s_m / range_m
    return _value(u, p), _value(v, p), np.arctan2(_slope(v, p), _slope(u, p))


def _value(coefficients: np.ndarray, p: np.ndarray) -> np.ndarray:
    a, b, c, d = coefficients
    return a + p * (b + p * (c + p * d))


def _slope(coefficients: np.ndarray, p: np.ndarray) -> np.ndarray:
    _, b, c, d = coefficients
    return b + p * (2.0 * c + p * 3.0 * d)
