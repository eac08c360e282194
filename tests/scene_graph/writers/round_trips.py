"""What must be the same when a recording was written and read again; positions to 1e-6 m."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3

TOLERANCE_M = 1e-6


def recording_of(graph: ScenarioGraph, rig: object, frame_timestamps_us: Iterable[int] = ()) -> Recording:
    return Recording(
        graph=graph,
        rig=rig,
        frames=None,
        frame_timestamps_us=np.array(list(frame_timestamps_us) or [graph.start_us], dtype=np.int64),
        source=Source(format="made up", path="nowhere"),
    )


def world_from_clip(graph: ScenarioGraph) -> SE3:
    """A clip's world is the ego's frame at its first pose."""
    return graph.ego.trajectory.world_from_body[0]


def assert_same_pose(pose: SE3, expected: SE3) -> None:
    np.testing.assert_allclose(pose.translation, expected.translation, rtol=0, atol=TOLERANCE_M)
    np.testing.assert_allclose(pose.rotation, expected.rotation, rtol=0, atol=TOLERANCE_M)


def assert_same_elements(
    graph: ScenarioGraph,
    back: ScenarioGraph,
    kinds: Iterable[ElementKind],
    *,
    keeps_attributes: bool,
    keeps_width: bool,
) -> None:
    """Every element that the format can hold is there, and no other."""
    world = world_from_clip(graph)
    found = {element.element_id: element for element in back.elements}
    kept = [element for element in graph.elements if element.kind in kinds and can_hold(element)]
    assert set(found) == {element.element_id for element in kept}
    for element in kept:
        other = found[element.element_id]
        assert other.kind is element.kind
        assert_same_shape(element, other, world)
        if element.mark is not None:
            assert (other.mark.colour, other.mark.pattern) == (element.mark.colour, element.mark.pattern)
            assert other.mark.width_m == (element.mark.width_m if keeps_width else 0.15)
        if keeps_attributes:
            generated = {"width", "style", "feature_id", "speed_limit", "lane_direction"}
            expected = {name: value for name, value in element.attributes.items() if name not in generated}
            assert expected.items() <= other.attributes.items()


def can_hold(element: MapElement) -> bool:
    return element.kind is not ElementKind.LANE or element.lane is not None


def assert_same_shape(element: MapElement, other: MapElement, world: SE3) -> None:
    if element.lane is not None:
        for name in ("left_world", "right_world"):
            edge = world.apply(getattr(other.lane, name))
            np.testing.assert_allclose(edge, getattr(element.lane, name), rtol=0, atol=TOLERANCE_M)
        assert (other.lane.lane_type, other.lane.in_intersection) == (
            element.lane.lane_type,
            element.lane.in_intersection,
        )
        if element.lane.speed_limit_mps is None:
            assert other.lane.speed_limit_mps is None
        else:
            np.testing.assert_allclose(other.lane.speed_limit_mps, element.lane.speed_limit_mps)
        return
    expected, vertices = element.vertices_world, world.apply(other.vertices_world)
    if element.kind.geometry is Geometry.CUBOID:  # a box may be told by other corners first
        apart = np.linalg.norm(vertices[:, None] - expected[None], axis=2)
        assert apart.min(axis=0).max() < TOLERANCE_M
        assert apart.min(axis=1).max() < TOLERANCE_M
        return
    if element.kind.geometry is Geometry.POLYLINE and element.closed:
        expected = np.concatenate([expected, expected[:1]])
    np.testing.assert_allclose(vertices, expected, rtol=0, atol=TOLERANCE_M)


def kept_relations(graph: ScenarioGraph, back: ScenarioGraph) -> set[Relation]:
    """The relations of elements that are there, without those of actors."""
    there = {element.element_id for element in back.elements}
    return {
        relation
        for relation in graph.relations
        if relation.kind is not RelationKind.ON_LANE and {relation.source_id, relation.target_id} <= there
    }


def assert_same_boxes(graph: ScenarioGraph, back: ScenarioGraph, time_us: int, back_us: int) -> set[str]:
    """Boxes that are there in both are the same, and none is lost; returns those that are there in addition."""
    before, after = graph.boxes_at(time_us), back.boxes_at(back_us).transformed(world_from_clip(graph), "world")
    place = {track_id: index for index, track_id in enumerate(after.track_ids)}
    known = {actor.track_id for actor in back.actors}
    written = [index for index, track_id in enumerate(before.track_ids) if track_id in known]
    there = [place[before.track_ids[index]] for index in written]
    np.testing.assert_allclose(after.centers[there], before.centers[written], rtol=0, atol=TOLERANCE_M)
    np.testing.assert_allclose(after.size_lwh_m[there], before.size_lwh_m[written], rtol=0, atol=TOLERANCE_M)
    return set(after.track_ids) - set(before.track_ids)
