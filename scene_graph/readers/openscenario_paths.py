"""The paths of OpenSCENARIO trajectories: polylines, clothoids, splines of clothoids, NURBS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import BSpline

from scene_graph.readers.opendrive_curves import clothoid
from scene_graph.readers.openscenario_network import GroundPose, LanePlace
from scene_graph.readers.openscenario_positions import Unsupported, WorldPoint, resolve
from scene_graph.readers.openscenario_state import Entity, World
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["TrajectoryPath", "path_of"]

_SPACING_M = 0.25
_MAX_POINTS = 20_000
_MAX_LENGTH_M = 1e5
_MAX_CURVATURE_PER_M = 100.0
_POINTS_A_CONTROL = 40
_MAX_ORDER = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrajectoryPath:
    """A path through the world.

    Attributes:
        s_m: `n`, distance from its start, metres.
        points: `n 3` m.
        angles_rad: `n 3`, heading, pitch, roll; neighbours differ by less than half a turn.
        times_s: `n`, when each point is reached, not decreasing; None where the file has no times.
        has_height: whether its heights are the file's; else it lies on the road.
    """

    s_m: Float[np.ndarray, " n"]
    points: Float[np.ndarray, "n 3"]
    angles_rad: Float[np.ndarray, "n 3"]
    times_s: Float[np.ndarray, " n"] | None
    has_height: bool

    @property
    def length_m(self) -> float:
        """Metres from its start to its end."""
        return float(self.s_m[-1])

    def pose_at(self, s_m: float) -> GroundPose:
        """The pose some metres from its start; beyond an end, the end's."""
        return self._pose(self.s_m, s_m)

    def pose_at_time(self, time_s: float) -> GroundPose:
        """The pose at a time of its own, seconds; before its first time and after its last, the end's."""
        return self._pose(self.s_m if self.times_s is None else self.times_s, time_s)

    def _pose(self, axis: np.ndarray, value: float) -> GroundPose:
        index = min(max(int(np.searchsorted(axis, value, side="right")) - 1, 0), len(axis) - 2)
        span = float(axis[index + 1] - axis[index])
        part = min(max((value - float(axis[index])) / span, 0.0), 1.0) if span > 0.0 else 1.0
        x, y, z = (self.points[index] * (1.0 - part) + self.points[index + 1] * part).tolist()
        h, p, r = (self.angles_rad[index] * (1.0 - part) + self.angles_rad[index + 1] * part).tolist()
        return GroundPose(x_m=x, y_m=y, z_m=z, heading_rad=h, pitch_rad=p, roll_rad=r)


@dataclass(slots=True, eq=False)
class _Points:
    """What a shape gives, point by point; NaN where it gives nothing."""

    rows: list[tuple[float, float, float, float, float, float, float]]  # x y z, heading pitch roll, time
    has_height: bool = True

    def add(self, found: LanePlace | WorldPoint, time_s: float, world: World) -> None:
        """Adds a resolved position."""
        if isinstance(found, WorldPoint):
            pose, has_heading = found.pose, found.has_heading
            self.has_height &= found.has_height
        else:
            if world.network is None:
                raise ValueError("a place on a road needs a road network")
            pose, has_heading = world.network.pose(found), False
            self.has_height = False
        heading_rad = pose.heading_rad if has_heading else math.nan
        self.rows.append((pose.x_m, pose.y_m, pose.z_m, heading_rad, pose.pitch_rad, pose.roll_rad, time_s))


def path_of(trajectory: XmlElement, entity: Entity, world: World) -> TrajectoryPath:
    """The path of an element `<Trajectory>`, where an entity sets out on it now.

    Raises:
        ValueError: its shape is missing, goes nowhere or is too long.
        Unsupported: its shape or one of its positions is not read.
    """
    shape = trajectory.required("Shape")
    if not shape.children:
        raise ValueError(f"{shape}: expected a shape in it, found none")
    source = shape.children[0]
    readers = {"Polyline": _polyline, "Clothoid": _clothoid, "ClothoidSpline": _clothoid_spline, "Nurbs": _nurbs}
    if source.tag not in readers:
        raise Unsupported(f"trajectory {source.tag}")
    points = readers[source.tag](source, entity, world)
    if source.tag == "Polyline" and trajectory.flag("closed", False):
        points.rows.append((*points.rows[0][:6], math.nan))
    return _path(points, source)


def _path(points: _Points, source: XmlElement) -> TrajectoryPath:
    rows = np.array(points.rows)
    if len(rows) < 2:
        raise ValueError(f"{source}: has {len(rows)} points; expected at least 2")
    lengths_m = np.linalg.norm(np.diff(rows[:, :2], axis=0), axis=1)
    if not lengths_m.sum() <= _MAX_LENGTH_M:
        raise ValueError(f"{source}: is {lengths_m.sum():g} m long; expected at most {_MAX_LENGTH_M:g} m")
    headings = rows[:, 3] if np.isfinite(rows[:, 3]).all() else _tangents_rad(rows[:, :2], lengths_m)
    times_s = rows[:, 6] if np.isfinite(rows[:, 6]).all() else None
    if times_s is not None and (np.diff(times_s) < 0.0).any():
        raise ValueError(f"{source}: its times decrease; expected them not to")
    return TrajectoryPath(
        s_m=np.concatenate([[0.0], np.cumsum(lengths_m)]),
        points=rows[:, :3],
        angles_rad=np.unwrap(np.column_stack([headings, rows[:, 4:6]]), axis=0),
        times_s=times_s,
        has_height=points.has_height,
    )


def _tangents_rad(xy: np.ndarray, lengths_m: np.ndarray) -> np.ndarray:
    """Headings of a polyline at its points: the mean direction of the pieces before and after that go anywhere."""
    moving = lengths_m > 1e-9
    if not moving.any():
        return np.zeros(len(xy))
    units = np.diff(xy, axis=0)[moving] / lengths_m[moving, None]
    following = np.cumsum(np.concatenate([[False], moving]))  # pieces that end at or before each point
    before = np.maximum(following - 1, 0)
    after = np.minimum(following, len(units) - 1)
    mean = units[before] + units[after]
    folded = np.hypot(mean[:, 0], mean[:, 1]) < 1e-6
    mean[folded] = units[after][folded]
    return np.arctan2(mean[:, 1], mean[:, 0])


def _polyline(source: XmlElement, entity: Entity, world: World) -> _Points:
    points = _Points(rows=[])
    vertices = source.find_all("Vertex")
    if not 2 <= len(vertices) <= _MAX_POINTS:
        raise ValueError(f"{source}: has {len(vertices)} vertices; expected 2 to {_MAX_POINTS}")
    for vertex in vertices:
        points.add(resolve(vertex.required("Position"), world), _number_or_nan(vertex, "time"), world)
    return points


def _clothoid(source: XmlElement, entity: Entity, world: World) -> _Points:
    rate = source.number("curvaturePrime", source.number("curvatureDot", 0.0, limit=1e3), limit=1e3)
    start_per_m = source.number("curvature", limit=_MAX_CURVATURE_PER_M)
    start = _start(source.find("Position"), entity, world)
    times = (_number_or_nan(source, "startTime"), _number_or_nan(source, "stopTime"))
    return _Points(rows=_clothoid_rows(source, start, start_per_m, rate, times), has_height=False)


def _clothoid_spline(source: XmlElement, entity: Entity, world: World) -> _Points:
    segments = source.find_all("ClothoidSplineSegment")
    if not 1 <= len(segments) <= 1000:
        raise ValueError(f"{source}: has {len(segments)} segments; expected 1 to 1000")
    begin = [_number_or_nan(segment, "timeStart") for segment in segments]
    times_s = [*begin, _number_or_nan(source, "timeEnd")]
    points = _Points(rows=[], has_height=False)
    pose = world.pose(entity)
    for index, segment in enumerate(segments):
        position = segment.find("PositionStart")
        if position is not None:
            pose = _start(position, entity, world)
        turned_rad = pose.heading_rad + segment.number("hOffset", 0.0)
        pose = GroundPose(x_m=pose.x_m, y_m=pose.y_m, z_m=pose.z_m, heading_rad=turned_rad)
        start, end = (segment.number(f"curvature{which}", limit=_MAX_CURVATURE_PER_M) for which in ("Start", "End"))
        rate = (end - start) / max(segment.number("length", limit=_MAX_LENGTH_M), 1e-6)
        points.rows += _clothoid_rows(segment, pose, start, rate, (times_s[index], times_s[index + 1]))
        x, y, z, heading_rad = points.rows[-1][:4]
        pose = GroundPose(x_m=x, y_m=y, z_m=z, heading_rad=heading_rad)
    if len(points.rows) > _MAX_POINTS:
        raise ValueError(f"{source}: has {len(points.rows)} points; expected at most {_MAX_POINTS}")
    return points


def _clothoid_rows(
    source: XmlElement, start: GroundPose, curvature_per_m: float, rate_per_m2: float, times_s: Sequence[float]
) -> list[tuple[float, float, float, float, float, float, float]]:
    length_m = source.number("length", limit=_MAX_LENGTH_M)
    if not 0.0 < length_m <= _MAX_POINTS * _SPACING_M:
        raise ValueError(
            f"{source}: is {length_m:g} m long; expected more than 0, at most {_MAX_POINTS * _SPACING_M:g}"
        )
    s_m = np.linspace(0.0, length_m, math.ceil(length_m / _SPACING_M) + 1)
    u, v, turned_rad = clothoid(curvature_per_m, rate_per_m2, length_m)(s_m)
    cos, sin = math.cos(start.heading_rad), math.sin(start.heading_rad)
    level = np.zeros(len(s_m))
    columns = (
        start.x_m + cos * u - sin * v,
        start.y_m + sin * u + cos * v,
        level + start.z_m,
        start.heading_rad + turned_rad,
        level,
        level,
        np.interp(s_m, [0.0, length_m], times_s) if np.isfinite(times_s).all() else np.full(len(s_m), np.nan),
    )
    return [(x, y, z, h, p, r, t) for x, y, z, h, p, r, t in np.stack(columns, axis=1).tolist()]


def _nurbs(source: XmlElement, entity: Entity, world: World) -> _Points:
    """A rational B-spline in homogeneous coordinates (Piegl and Tiller, The NURBS Book, 1997, section 4.2)."""
    controls, order = source.find_all("ControlPoint"), source.integer("order")
    knots = np.array([knot.number("value") for knot in source.find_all("Knot")])
    if not (2 <= order <= _MAX_ORDER and order <= len(controls) <= 1000 and len(knots) == len(controls) + order):
        raise ValueError(
            f"{source}: has {len(controls)} control points and {len(knots)} knots for order {order}; expected at least "
            f"as many points as the order, and as many knots as both together"
        )
    points = _Points(rows=[])
    for control in controls:
        points.add(resolve(control.required("Position"), world), _number_or_nan(control, "time"), world)
    weights = np.array([control.number("weight", 1.0, limit=1e6) for control in controls])
    if (np.diff(knots) < 0.0).any() or not knots[order - 1] < knots[-order] or not (weights > 0.0).all():
        raise ValueError(f"{source}: expected knots that increase and weights above 0")
    table = np.array(points.rows)
    moved = table[:, [0, 1, 2, 6]]
    homogeneous = np.column_stack([moved * weights[:, None], weights])
    parameters = np.linspace(knots[order - 1], knots[-order], min(_POINTS_A_CONTROL * len(controls), _MAX_POINTS))
    curve = BSpline(knots, homogeneous, order - 1)(np.minimum(parameters, np.nextafter(knots[-order], -np.inf)))
    x, y, z, times_s = (curve[:, :4] / curve[:, 4:]).T
    angles = np.full(len(x), np.nan)
    level = np.zeros(len(x))
    rows = np.stack([x, y, z, angles, level, level, np.maximum.accumulate(times_s)], axis=1).tolist()
    return _Points(rows=[(x, y, z, h, p, r, t) for x, y, z, h, p, r, t in rows], has_height=points.has_height)


def _start(position: XmlElement | None, entity: Entity, world: World) -> GroundPose:
    """Where a path starts: at a position, else where the entity is."""
    if position is None:
        return world.pose(entity)
    found = resolve(position, world)
    if isinstance(found, WorldPoint):
        return found.pose
    if world.network is None:
        raise ValueError(f"{position}: a place on a road needs a road network")
    return world.network.pose(found)


def _number_or_nan(element: XmlElement, name: str) -> float:
    return element.number(name) if name in element.attributes else math.nan
