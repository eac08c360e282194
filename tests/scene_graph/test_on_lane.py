from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from strategies import junction, level_transforms, moved

from scene_graph.actors import ActorCategory, ActorTrack
from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import RelationKind, ScenarioGraph
from scene_graph.on_lane import derive_on_lane, lane_polygon
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

PLACES = {
    "right": (-30.0, 1.0, 0.8),
    "left": (-30.0, 4.0, 0.8),
    "junction": (-8.0, 3.4, 0.8),
    "below": (-50.0, 1.0, 0.8),
    "above": (-50.0, 1.0, 6.8),
    "pavement": (-30.0, -3.0, 0.8),
}


def scene() -> ScenarioGraph:
    """Actors that pass their places at the middle one of three poses, and start and end elsewhere."""
    elsewhere = np.array([60.0, 60.0, 0.0])
    actors = tuple(
        ActorTrack(
            track_id=name,
            category=ActorCategory.CAR,
            size_lwh_m=np.array([4.0, 2.0, 1.6]),
            trajectory=Trajectory(
                timestamps_us=np.array([0, 1_000_000, 9_000_000]),
                world_from_body=SE3.from_yaw(np.zeros(3), np.array([elsewhere, place, elsewhere])),
            ),
        )
        for name, place in PLACES.items()
    )
    return replace(junction(), actors=actors)


def on_lanes(graph: ScenarioGraph) -> dict[str, set[str]]:
    lanes: dict[str, set[str]] = {name: set() for name in PLACES}
    for relation in derive_on_lane(graph):
        assert relation.kind is RelationKind.ON_LANE
        lanes[relation.source_id].add(relation.target_id)
    return lanes


EXPECTED = {
    "right": {"west_right"},
    "left": {"west_left"},
    "junction": {"ahead_left", "turn_left"},
    "below": {"west_right"},
    "above": {"over"},
    "pavement": set(),
}


def test_actors_are_on_the_lanes_that_hold_them() -> None:
    assert on_lanes(scene()) == EXPECTED


def test_the_relations_belong_to_the_graph() -> None:
    graph = scene()
    replace(graph, relations=graph.relations + derive_on_lane(graph)).validate()


@settings(max_examples=25, deadline=None)
@given(level_transforms())
def test_moving_the_world_changes_nothing(other_from_world: SE3) -> None:
    assert on_lanes(moved(scene(), other_from_world)) == EXPECTED


def test_lanes_without_edges_have_an_assumed_width() -> None:
    graph = scene()
    bare = replace(graph, elements=tuple(replace(one, lane=None) for one in graph.elements))
    assert on_lanes(bare) == EXPECTED


def test_a_roundabout_lane_is_a_ring() -> None:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = np.stack([20 * np.cos(angles), 20 * np.sin(angles), np.zeros(60)], axis=1)
    ring = lane_polygon(MapElement(element_id="ring", kind=ElementKind.LANE, vertices_world=circle, closed=True))
    assert len(ring.interiors) == 1
    assert np.isclose(ring.area, 2 * np.pi * 20 * 3.5, rtol=0.01)


def test_nobody_and_no_lanes() -> None:
    assert derive_on_lane(junction()) == ()
    assert derive_on_lane(replace(scene(), elements=(), relations=())) == ()
