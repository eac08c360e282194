"""Operation on everything: left becomes right."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from scene_graph.boxes import CORNER_SIGNS
from scene_graph.edit.change import Change
from scene_graph.edit.marks import SOURCE_MARK_NAMES
from scene_graph.elements import Geometry, LaneMark, MapElement, MarkPattern
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

__all__ = ["mirror"]

_FLIP_Y = np.array([1.0, -1.0, 1.0])
_CORNER_ACROSS = [int(np.flatnonzero((signs * _FLIP_Y == CORNER_SIGNS).all(axis=1))[0]) for signs in CORNER_SIGNS]
_OTHER_PATTERN = {
    MarkPattern.SOLID_DASHED: MarkPattern.DASHED_SOLID,
    MarkPattern.DASHED_SOLID: MarkPattern.SOLID_DASHED,
}
_OTHER_RELATION = {
    RelationKind.LEFT_NEIGHBOUR: RelationKind.RIGHT_NEIGHBOUR,
    RelationKind.RIGHT_NEIGHBOUR: RelationKind.LEFT_NEIGHBOUR,
}
_OTHER_SIDE = {"left": "right", "right": "left"}
_TWO_SIDED_NAME = re.compile(r"SOLID_DASH(ED)?|DASH(ED)?_SOLID", re.IGNORECASE)


def mirror(graph: ScenarioGraph) -> Change:
    """The scenario reflected in the vertical plane through the ego's first place along its first heading.

    Lanes keep their direction, boxes and the ego stay right-handed: a body's own y axis is flipped back, which boxes
    cannot tell. What is named left becomes right: edges and neighbours of lanes, unequal double marks, sides.
    """
    start = graph.ego.trajectory.world_from_body[0]
    heading_rad = float(start.yaw_rad)
    across = np.array([-np.sin(heading_rad), np.cos(heading_rad), 0.0])
    plane = _Plane(start.translation, across)
    return Change(
        graph=replace(
            graph,
            ego=replace(graph.ego, trajectory=plane.trajectory(graph.ego.trajectory)),
            elements=tuple(_mirrored_element(element, plane) for element in graph.elements),
            actors=tuple(replace(actor, trajectory=plane.trajectory(actor.trajectory)) for actor in graph.actors),
            relations=tuple(_mirrored_relation(relation) for relation in graph.relations),
        ),
        note="mirrored left and right",
    )


class _Plane:
    """A vertical mirror.

    Args:
        point_world: `3` m, a point on it.
        normal_world: `3`, unit vector across it.
    """

    def __init__(self, point_world: Float[np.ndarray, "3"], normal_world: Float[np.ndarray, "3"]) -> None:
        self._point = point_world
        self._normal = normal_world
        self._reflection = np.eye(3) - 2.0 * np.outer(normal_world, normal_world)

    def points(self, points_world: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        away_m = (points_world - self._point) @ self._normal
        return points_world - 2.0 * away_m[..., None] * self._normal

    def trajectory(self, trajectory: Trajectory) -> Trajectory:
        poses = trajectory.world_from_body
        mirrored = SE3(rotation=self._reflection @ poses.rotation * _FLIP_Y, translation=self.points(poses.translation))
        return Trajectory(timestamps_us=trajectory.timestamps_us, world_from_body=mirrored)


def _mirrored_element(element: MapElement, plane: _Plane) -> MapElement:
    vertices = plane.points(element.vertices_world)
    if element.kind.geometry is Geometry.CUBOID:
        vertices = vertices[_CORNER_ACROSS]
    lane = element.lane
    if lane is not None:
        lane = replace(lane, left_world=plane.points(lane.right_world), right_world=plane.points(lane.left_world))
    return replace(
        element,
        vertices_world=vertices,
        holes_world=tuple(plane.points(hole) for hole in element.holes_world),
        lane=lane,
        mark=_mirrored_mark(element.mark),
        attributes={name: _mirrored_text(name, text) for name, text in element.attributes.items()},
    )


def _mirrored_mark(mark: LaneMark | None) -> LaneMark | None:
    if mark is None or mark.pattern not in _OTHER_PATTERN:
        return mark
    return replace(mark, pattern=_OTHER_PATTERN[mark.pattern])


def _mirrored_text(name: str, text: str) -> str:
    """What a source calls a mark or a side, mirrored; other texts as they are."""
    if name == "side":
        return _OTHER_SIDE.get(text, text)
    if name in SOURCE_MARK_NAMES:
        return _TWO_SIDED_NAME.sub(lambda found: "_".join(reversed(found[0].split("_"))), text)
    return text


def _mirrored_relation(relation: Relation) -> Relation:
    if relation.kind not in _OTHER_RELATION:
        return relation
    return replace(relation, kind=_OTHER_RELATION[relation.kind])
