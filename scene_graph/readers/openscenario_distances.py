"""Distances between entities and places as OpenSCENARIO measures them."""

from __future__ import annotations

import math

import numpy as np
import shapely
from jaxtyping import Float

from scene_graph.readers.openscenario_network import GroundPose, LanePlace
from scene_graph.readers.openscenario_state import Entity, World

__all__ = ["KINDS", "SYSTEMS", "boxes_overlap", "relative_distance_m"]

KINDS = ("longitudinal", "lateral", "cartesianDistance", "euclidianDistance", "euclideanDistance")
SYSTEMS = ("entity", "road", "lane", "trajectory", "world")

_CORNERS = ((0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.5, -0.5))


def relative_distance_m(
    world: World, entity: Entity, target: Entity | LanePlace | GroundPose, kind: str, system: str, *, freespace: bool
) -> float:
    """How far a target is from an entity, metres.

    Along ("longitudinal") it is positive ahead, across ("lateral") to the left; along roads where `system` is "road" or
    "lane" and one leads there, else along the entity's own axes.

    Args:
        world: where they are.
        entity: from whom.
        target: an entity, or a place.
        kind: one of KINDS; the last three are the straight distance.
        system: one of SYSTEMS.
        freespace: whether between the boxes, else between the reference points.
    """
    here = world.pose(entity)
    there = _pose(world, target)
    if kind not in ("longitudinal", "lateral"):
        if freespace:
            return float(shapely.distance(_footprint(here, entity), _footprint(there, target)))
        return math.hypot(there.x_m - here.x_m, there.y_m - here.y_m)
    if system in ("road", "lane"):
        on_road = _along_road_m(world, entity, target, kind, freespace=freespace)
        if on_road is not None:
            return on_road
    return _along_axis_m(here, there, entity, target, kind, freespace=freespace)


def boxes_overlap(world: World, entity: Entity, other: Entity) -> bool:
    """Whether the boxes of two entities overlap in the ground plane."""
    return bool(_footprint(world.pose(entity), entity).intersects(_footprint(world.pose(other), other)))


def _pose(world: World, target: Entity | LanePlace | GroundPose) -> GroundPose:
    if isinstance(target, Entity):
        return world.pose(target)
    if isinstance(target, LanePlace):
        if world.network is None:
            raise ValueError("a place on a road needs a road network")
        return world.network.pose(target)
    return target


def _along_road_m(
    world: World, entity: Entity, target: Entity | LanePlace | GroundPose, kind: str, *, freespace: bool
) -> float | None:
    place = world.place(entity)
    goal = world.place(target) if isinstance(target, Entity) else target if isinstance(target, LanePlace) else None
    if world.ways is None or world.network is None or place is None or goal is None:
        return None
    if kind == "lateral":
        if place.road_id != goal.road_id:
            return None
        across_m = (world.network.t_m(goal) - world.network.t_m(place)) * place.towards
        return _apart(across_m, _half_m(entity, 1) + _half_m(target, 1)) if freespace else across_m
    ahead_m = world.ways.distance_m(place, goal)
    if ahead_m is None or not freespace:
        return ahead_m
    ahead_m += _center_m(target) - _center_m(entity)
    return _apart(ahead_m, _half_m(entity, 0) + _half_m(target, 0))


def _along_axis_m(
    here: GroundPose,
    there: GroundPose,
    entity: Entity,
    target: Entity | LanePlace | GroundPose,
    kind: str,
    *,
    freespace: bool,
) -> float:
    axis_rad = here.heading_rad + (0.0 if kind == "longitudinal" else math.pi / 2.0)
    axis = np.array([math.cos(axis_rad), math.sin(axis_rad)])
    if not freespace:
        return float(np.array([there.x_m - here.x_m, there.y_m - here.y_m]) @ axis)
    own, other = _outline(here, entity) @ axis, _outline(there, target) @ axis
    if other.min() >= own.max():
        return float(other.min() - own.max())
    return float(min(other.max() - own.min(), 0.0))


def _apart(distance_m: float, sizes_m: float) -> float:
    """What is left of a signed distance between centres when the sizes are taken off, 0 where they overlap."""
    return math.copysign(max(abs(distance_m) - sizes_m, 0.0), distance_m)


def _center_m(target: Entity | LanePlace | GroundPose) -> float:
    return target.spec.center_m[0] if isinstance(target, Entity) else 0.0


def _half_m(target: Entity | LanePlace | GroundPose, axis: int) -> float:
    return target.spec.size_lwh_m[axis] / 2.0 if isinstance(target, Entity) else 0.0


def _outline(pose: GroundPose, target: Entity | LanePlace | GroundPose) -> Float[np.ndarray, "4 2"]:
    """The corners of a target's box in the ground plane, metres; of a place, four times itself."""
    if not isinstance(target, Entity):
        return np.tile([pose.x_m, pose.y_m], (4, 1))
    length_m, width_m, _ = target.spec.size_lwh_m
    x, y, _ = target.spec.center_m
    local = np.array([[x + u * length_m, y + v * width_m] for u, v in _CORNERS])
    cos, sin = math.cos(pose.heading_rad), math.sin(pose.heading_rad)
    return local @ np.array([[cos, sin], [-sin, cos]]) + [pose.x_m, pose.y_m]


def _footprint(pose: GroundPose, target: Entity | LanePlace | GroundPose) -> shapely.Geometry:
    if not isinstance(target, Entity):
        return shapely.Point(pose.x_m, pose.y_m)
    return shapely.Polygon(_outline(pose, target))
