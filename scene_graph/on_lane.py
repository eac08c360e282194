"""Which actors are on which lanes."""

from __future__ import annotations

import numpy as np
import shapely

from scene_graph.actors import ActorTrack
from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.lanes import LEVEL_TOLERANCE_M
from scene_graph.polylines import ribbon

__all__ = ["ASSUMED_LANE_WIDTH_M", "derive_on_lane", "lane_polygon"]

ASSUMED_LANE_WIDTH_M = 3.5
"""Width of a lane whose source gives only its centreline."""


def derive_on_lane(graph: ScenarioGraph) -> tuple[Relation, ...]:
    """An ON_LANE relation from each actor to each lane that it is on at the middle one of its poses.

    An actor is on a lane where its box centre lies inside the lane's polygon in the ground plane; of lanes above one
    another, it is on those of the level nearest to its underside.
    """
    lanes = graph.elements_of(ElementKind.LANE)
    places = [_middle_of_underside(actor) for actor in graph.actors]
    if not lanes or not places:
        return ()
    tree = shapely.STRtree([lane_polygon(lane) for lane in lanes])
    actor_index, lane_index = tree.query(shapely.points(np.array(places)[:, :2]), predicate="intersects")
    relations = []
    for actor, place in enumerate(places):
        holding = [lanes[index] for index in np.sort(lane_index[actor_index == actor])]
        above_m = [_height_above_m(lane, place) for lane in holding]
        relations += [
            Relation(source_id=graph.actors[actor].track_id, target_id=lane.element_id, kind=RelationKind.ON_LANE)
            for lane, height_m in zip(holding, above_m, strict=True)
            if height_m <= min(above_m) + LEVEL_TOLERANCE_M
        ]
    return tuple(relations)


def lane_polygon(lane: MapElement) -> shapely.Polygon:
    """The area of a lane in the ground plane, between its edges or ASSUMED_LANE_WIDTH_M around its centreline."""
    if lane.lane is None:
        left, right = ribbon(lane.vertices_world, ASSUMED_LANE_WIDTH_M, closed=lane.closed)
    else:
        left, right = lane.lane.left_world, lane.lane.right_world
    if lane.closed:
        outer, inner = sorted(
            (shapely.Polygon(left[:, :2]), shapely.Polygon(right[:, :2])), key=lambda ring: -ring.area
        )
        return shapely.Polygon(outer.exterior, [inner.exterior])
    return shapely.Polygon(np.concatenate([left, right[::-1]])[:, :2])


def _middle_of_underside(actor: ActorTrack) -> np.ndarray:
    positions = actor.trajectory.world_from_body.translation
    return positions[len(positions) // 2] - [0.0, 0.0, actor.size_lwh_m[2] / 2]


def _height_above_m(lane: MapElement, place: np.ndarray) -> float:
    away = lane.vertices_world - place
    nearest = np.argmin(np.hypot(away[:, 0], away[:, 1]))
    return float(abs(away[nearest, 2]))
