"""Adding, removing, moving, retiming and replacing actors, against numbers worked out by hand."""

import numpy as np
import pytest
from edit_scenarios import START_US, actor, edited, places, road, times_s, track_of, us

from scene_graph.actors import ActorCategory
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory


def ids(graph: ScenarioGraph) -> list[str]:
    return [one.track_id for one in graph.actors]


def traffic() -> ScenarioGraph:
    """Cars 20 m and 40 m ahead, one behind, a truck ahead to the left, a parked bicycle beside the road."""
    return road(
        actor("lead", 21, 0, speed_mps=10),
        actor("far", 41, 0, speed_mps=10),
        actor("tail", -20, 0, speed_mps=10),
        actor("truck", 13, 11.9, speed_mps=10, category=ActorCategory.TRUCK),
        actor("bicycle", 39.6, -12, category=ActorCategory.BICYCLE),
    )


def test_remove_by_id_takes_the_relations_too() -> None:
    graph = road(
        actor("lead", 21, 0), actor("far", 41, 0),
        relations=(
            Relation(source_id="near", target_id="ahead", kind=RelationKind.SUCCESSOR),
            Relation(source_id="lead", target_id="near", kind=RelationKind.ON_LANE),
            Relation(source_id="far", target_id="near", kind=RelationKind.ON_LANE),
        ),
    )  # fmt: skip
    result = edited(graph, "- remove_actor: {actor: lead}")
    assert ids(result.graph) == ["far"]
    assert [relation.source_id for relation in result.graph.relations] == ["near", "far"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("nearest: car", ["lead"]),
        ("nearest: truck", ["truck"]),  # 11.9 m to the left and 12 m ahead of the ego's middle: within 45 degrees
        ("nearest: any", ["truck"]),
        ("nearest: {category: bicycle, at_s: 1.0}", ["bicycle"]),
        ("nearest: {category: car, within_m: 20}", ["lead"]),
        ("where: {}", ["lead", "far", "tail", "truck", "bicycle"]),
        ("where: {category: [truck, bicycle]}", ["truck", "bicycle"]),
        ("where: {within_m: 20}", ["lead", "truck", "bicycle"]),
        # passed at 3.86 s, between two poses, at 12 m
        ("where: {category: bicycle, within_m: 12.000001}", ["bicycle"]),
        ("where: {within_m: 12.000001, at_s: 3.86}", ["bicycle"]),
    ],
)
def test_selectors(selector: str, expected: list[str]) -> None:
    result = edited(traffic(), f"- remove_actor: {{{selector}}}")
    assert [one for one in ids(traffic()) if one not in ids(result.graph)] == expected


@pytest.mark.parametrize(
    "selector",
    [
        "nearest: pedestrian",
        "nearest: {category: bicycle, at_s: 3.5}",  # too far to the side by then
        "nearest: {category: car, within_m: 19.9}",
        "where: {category: bicycle, within_m: 11.999999}",
        "where: {category: bicycle, within_m: 12.000001, at_s: 3.0}",
        "where: {category: bus}",
    ],
)
def test_finding_nobody_is_an_error_unless_allowed(selector: str) -> None:
    with pytest.raises(SceneError, match=r"^edits, operation 1 \(remove_actor\): no actor is .*allow_none: true"):
        edited(traffic(), f"- remove_actor: {{{selector}}}")
    result = edited(traffic(), f"- remove_actor: {{{selector}, allow_none: true}}")
    assert result.hash == traffic().hash()


def test_an_unseen_actor_is_not_near() -> None:
    graph = road(actor("lead", 30, 0, absent_us=np.array([us(1.0, 5.0)])))
    # the ego's middle is at x = 11 at 1 s, at 51 at 5 s
    assert len(edited(graph, "- remove_actor: {where: {within_m: 19.1}}").graph.actors) == 0
    with pytest.raises(SceneError, match="no actor is"):
        edited(graph, "- remove_actor: {where: {within_m: 18.9}}")
    with pytest.raises(SceneError, match="no actor is"):
        edited(graph, "- remove_actor: {nearest: {category: car, at_s: 2.0}}")


def test_add_a_track_in_the_world() -> None:
    result = edited(
        road(),
        """
        - add_actor:
            actor: new
            category: pedestrian
            size_lwh_m: [0.5, 0.6, 1.8]
            track:
              - {t_s: 1.0, position_m: [30, -5, 0.25]}
              - {t_s: 3.0, position_m: [30, 3, 0.25]}
              - {t_s: 4.0, position_m: [32, 3, 0.25], yaw_deg: 45}
        """,
    )
    new = track_of(result, "new")
    assert new.category is ActorCategory.PEDESTRIAN
    np.testing.assert_array_equal(new.trajectory.timestamps_us, us(1.0, 3.0, 4.0))
    np.testing.assert_allclose(places(new), [[30, -5, 1.15], [30, 3, 1.15], [32, 3, 1.15]], atol=1e-12)
    np.testing.assert_allclose(np.rad2deg(new.trajectory.world_from_body.yaw_rad), [90, 0, 45], atol=1e-9)


def test_add_a_track_from_where_the_ego_begins() -> None:
    graph = road()
    turned = SE3.from_yaw(np.full(2, np.pi / 2), np.array([[100.0, 50, 2], [100, 130, 2]]))
    ego = graph.ego.__class__(trajectory=Trajectory(timestamps_us=np.array(us(0, 8)), world_from_body=turned))
    result = edited(
        road(ego=ego),
        """
        - add_actor:
            {actor: new, category: car, size_lwh_m: [4, 2, 1.5], frame: ego_start,
             track: [{t_s: 2, position_m: [20, 3, 0], yaw_deg: 180}]}
        """,
    )
    new = track_of(result, "new")
    # one pose stands there to the end
    np.testing.assert_array_equal(new.trajectory.timestamps_us, us(2.0, 8.0))
    np.testing.assert_allclose(places(new), [[97, 70, 2.75]] * 2, atol=1e-9)
    np.testing.assert_allclose(new.trajectory.world_from_body.yaw_rad, -np.pi / 2, atol=1e-12)


def test_add_a_copy_later_and_beside() -> None:
    graph = road(actor("lead", 20, -6, speed_mps=5, yaw_rad=np.pi / 2, absent_us=np.array([us(1.0, 2.0)])))
    result = edited(
        graph,
        """
        - add_actor:
            actor: copy
            category: bus
            size_lwh_m: [12, 2.5, 3.5]
            copy: {actor: lead, delay_s: 1.5, offset_m: [2, 9, 0]}
        """,
    )
    copy, lead = track_of(result, "copy"), track_of(result, "lead")
    np.testing.assert_array_equal(copy.trajectory.timestamps_us, lead.trajectory.timestamps_us + 1_500_000)
    np.testing.assert_array_equal(copy.absent_us, [us(2.5, 3.5)])
    # it heads north: 2 m ahead is north, 9 m left is west; 2 m taller, its middle is 1 m higher
    np.testing.assert_allclose(places(copy), places(lead) + np.array([-9, 2, 1]), atol=1e-9)
    assert copy.category is ActorCategory.BUS
    np.testing.assert_array_equal(copy.size_lwh_m, [12, 2.5, 3.5])


def test_a_copy_keeps_what_is_not_given() -> None:
    graph = road(actor("lead", 20, 0, speed_mps=5, source_category="sedan"))
    result = edited(graph, "- add_actor: {actor: copy, copy: {actor: lead, offset_m: [10, 0, 0.5], frame: world}}")
    copy, lead = track_of(result, "copy"), track_of(result, "lead")
    np.testing.assert_allclose(places(copy), places(lead) + np.array([10, 0, 0.5]), atol=1e-12)
    assert (copy.category, copy.source_category) == (ActorCategory.CAR, "sedan")


def test_move_in_the_own_frame_and_in_the_world() -> None:
    graph = road(actor("lead", 20, -6, speed_mps=5, yaw_rad=np.pi / 2))
    before = places(track_of(graph, "lead"))
    own = track_of(edited(graph, "- move_actor: {actor: lead, offset_m: [1, 2, 0.5], yaw_deg: 90}"), "lead")
    np.testing.assert_allclose(places(own), before + np.array([-2, 1, 0.5]), atol=1e-12)
    np.testing.assert_allclose(np.abs(own.trajectory.world_from_body.yaw_rad), np.pi, atol=1e-12)
    world = track_of(edited(graph, "- move_actor: {actor: lead, offset_m: [1, 2, 0.5], frame: world}"), "lead")
    np.testing.assert_allclose(places(world), before + np.array([1, 2, 0.5]), atol=1e-12)
    np.testing.assert_array_equal(world.trajectory.timestamps_us, own.trajectory.timestamps_us)


def test_move_for_part_of_the_time() -> None:
    graph = road(actor("lead", 20, 0, speed_mps=10))
    result = edited(graph, "- move_actor: {actor: lead, offset_m: [0, 4, 0], from_s: 1, to_s: 7, blend_s: 2}")
    lead = track_of(result, "lead")
    at = dict(zip(times_s(lead).round(6).tolist(), places(lead).tolist(), strict=True))
    # a quarter of the way through a blend: 10 / 64 - 15 / 256 + 6 / 1024 = 106 / 1024
    expected = {
        0.0: 0,
        1.0: 0,
        1.5: 424 / 1024,
        2.0: 2,
        3.0: 4,
        4.0: 4,
        5.0: 4,
        6.0: 2,
        6.5: 424 / 1024,
        7.0: 0,
        8.0: 0,
    }
    for time_s, y_m in expected.items():
        np.testing.assert_allclose(at[time_s], [20 + 10 * time_s, y_m, 0.75], atol=1e-9, err_msg=f"{time_s}")
    np.testing.assert_allclose(lead.trajectory.world_from_body.yaw_rad, 0, atol=1e-12)
    untouched = np.isin(times_s(lead), [0.0, 1.0, 8.0])
    np.testing.assert_array_equal(places(lead)[untouched], places(track_of(graph, "lead"))[[0, 1, 8]])


def test_steering_follows_the_sideways_motion() -> None:
    graph = road(actor("lead", 20, 0, speed_mps=10))
    result = edited(graph, "- move_actor: {actor: lead, offset_m: [0, 3.5, 0], from_s: 1, blend_s: 2, steer: true}")
    lead = track_of(result, "lead")
    yaw_rad = dict(zip(times_s(lead).round(6).tolist(), lead.trajectory.world_from_body.yaw_rad, strict=True))
    # in the middle the blend changes by 30 / 16 in its 2 s
    assert yaw_rad[2.0] == pytest.approx(np.arctan2(3.5 * 30 / 16 / 2, 10), abs=1e-9)
    assert yaw_rad[1.0] == pytest.approx(0, abs=1e-12)
    assert yaw_rad[3.0] == pytest.approx(0, abs=1e-12)
    # the body points where it goes: compare with the chords between the finely sampled poses
    step = np.diff(places(lead)[:, :2], axis=0)
    middle_rad = (lead.trajectory.world_from_body.yaw_rad[1:] + lead.trajectory.world_from_body.yaw_rad[:-1]) / 2
    short = np.diff(times_s(lead)) < 0.2
    np.testing.assert_allclose(np.arctan2(step[:, 1], step[:, 0])[short], middle_rad[short], atol=2e-3)


def test_steering_is_limited() -> None:
    result = edited(
        road(actor("lead", 20, 0)), "- move_actor: {actor: lead, offset_m: [0, 9, 0], to_s: 4, blend_s: 1, steer: true}"
    )
    yaw_rad = track_of(result, "lead").trajectory.world_from_body.yaw_rad
    assert yaw_rad.min() == pytest.approx(-np.pi / 4)  # it goes back to the right
    assert yaw_rad.max() == pytest.approx(0)


def test_retime() -> None:
    graph = road(actor("lead", 20, 0, speed_mps=10, times_s=(1.0, 2.0, 3.0), absent_us=np.array([us(2.0, 3.0)])))
    later = track_of(edited(graph, "- retime_actor: {actor: lead, delay_s: 0.25}"), "lead")
    np.testing.assert_array_equal(later.trajectory.timestamps_us, us(1.25, 2.25, 3.25))
    np.testing.assert_array_equal(later.absent_us, [us(2.25, 3.25)])
    faster = track_of(edited(graph, "- retime_actor: {actor: lead, delay_s: -0.5, speed_factor: 4}"), "lead")
    np.testing.assert_array_equal(faster.trajectory.timestamps_us, us(0.5, 0.75, 1.0))
    np.testing.assert_array_equal(faster.absent_us, [us(0.75, 1.0)])
    for one in (later, faster):
        np.testing.assert_array_equal(places(one), places(track_of(graph, "lead")))


def test_retiming_some_out_of_the_scene_is_said() -> None:
    graph = road(actor("short", 60, 9, times_s=(7.0, 7.5)), actor("lead", 40, 0, speed_mps=10))
    result = edited(graph, "- retime_actor: {where: {}, delay_s: 2}")
    assert "actor 'short' now outside the scenario's time" in result.report.operations[0]
    with pytest.raises(SceneError, match=r"'short' would be there from 9 to 9.5 s, outside"):
        edited(graph, "- retime_actor: {actor: short, delay_s: 2}")


def test_replace_keeps_the_underside_on_the_ground() -> None:
    slope = np.array([[0.8, 0, -0.6], [0, 1, 0], [0.6, 0, 0.8]])
    pose = SE3(rotation=np.array([slope]), translation=np.array([[20.0, 5, 3]]))
    lead = actor("lead", 20, 5, source_category="sedan")
    lead = lead.__class__(
        track_id="lead", category=lead.category, size_lwh_m=np.array([4.0, 2.0, 1.5]), source_category="sedan",
        trajectory=Trajectory(timestamps_us=np.array(us(0.0)), world_from_body=pose),
    )  # fmt: skip
    result = edited(road(lead), "- replace_actor: {actor: lead, category: truck, size_lwh_m: [8, 2.5, 3.5]}")
    truck = track_of(result, "lead")
    assert (truck.category, truck.source_category) == (ActorCategory.TRUCK, "")
    # the middle rises by half of the 2 m along the box's own z
    np.testing.assert_allclose(places(truck), [[20 - 0.6, 5, 3.8]], atol=1e-12)
    bottom = [
        one.trajectory.world_from_body[0].apply(np.array([0, 0, -one.size_lwh_m[2] / 2])) for one in (lead, truck)
    ]
    np.testing.assert_allclose(bottom[0], bottom[1], atol=1e-12)
    same = track_of(edited(road(lead), "- replace_actor: {actor: lead, category: car}"), "lead")
    assert same.source_category == "sedan"


def test_lanes_of_moved_actors_are_found_anew() -> None:
    relation = Relation(source_id="lead", target_id="near", kind=RelationKind.ON_LANE)
    graph = road(actor("lead", 20, 0), relations=(relation,))
    moved = edited(graph, "- move_actor: {actor: lead, offset_m: [0, 3.5, 0]}").graph
    assert [(one.source_id, one.target_id) for one in moved.relations] == [("lead", "beside")]
    added = edited(graph, "- add_actor: {actor: copy, copy: {actor: lead, offset_m: [10, 3.5, 0]}}").graph
    assert [(one.source_id, one.target_id) for one in added.relations] == [("lead", "near"), ("copy", "beside")]
    unsaid = edited(road(actor("lead", 20, 0)), "- move_actor: {actor: lead, offset_m: [0, 3.5, 0]}").graph
    assert unsaid.relations == road().relations


NEW = "actor: new, category: car, size_lwh_m: [4, 2, 1.5], track:"
OVERLAPS = [
    ("add_actor", f"{NEW} [{{t_s: 0, position_m: [24.9, 0, 0], yaw_deg: 0}}]", "actor 'lead'"),
    ("add_actor", f"{NEW} [{{t_s: 0, position_m: [1, 1.9, 0], yaw_deg: 0}}]", "the ego"),
    ("add_actor", f"{NEW} [{{t_s: 2, position_m: [41, 0, 0], yaw_deg: 0}}]", "actor 'lead'"),
    ("add_actor", "actor: new, copy: {actor: lead}", "actor 'lead'"),
    ("move_actor", "actor: far, offset_m: [-16.1, 0, 0]", "actor 'lead'"),
    ("move_actor", "actor: lead, offset_m: [16.1, 0, 0], from_s: 2", "actor 'far'"),
    ("retime_actor", "actor: far, delay_s: 1.7", "actor 'lead'"),
    ("replace_actor", "actor: lead, size_lwh_m: [37, 2, 1.5]", "actor 'far'"),
    ("offset_ego", "longitudinal_m: 16.1", "actor 'lead'"),
    ("offset_ego", "longitudinal_m: 16.1, from_s: 4", "actor 'lead'"),
    ("replace_ego", "track: [{t_s: 0, position_m: [17, 0, 0], yaw_deg: 0}]", "actor 'lead'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "whom"), OVERLAPS)
def test_overlap_is_an_error_unless_allowed(name: str, arguments: str, whom: str) -> None:
    graph = road(actor("lead", 21, 0, speed_mps=10), actor("far", 41, 0, speed_mps=10))
    with pytest.raises(SceneError, match=rf"^edits, operation 1 \({name}\): .* overlaps {whom}.*allow_overlap: true"):
        edited(graph, f"- {name}: {{{arguments}}}")
    edited(graph, f"- {name}: {{{arguments}, allow_overlap: true}}")


def test_overlap_that_was_there_before_is_nobodys_fault() -> None:
    graph = road(actor("lead", 21, 0), actor("inside", 22, 0))
    edited(graph, "- move_actor: {actor: inside, offset_m: [0.5, 0, 0]}")
    with pytest.raises(SceneError, match="overlaps the ego"):
        edited(graph, "- move_actor: {actor: inside, offset_m: [-20, 0, 0]}")


def test_times_are_counted_from_where_the_edits_before_left_them() -> None:
    graph = road(actor("lead", 21, 0, speed_mps=10))
    result = edited(graph, "[{crop: {from_s: 2}}, {retime_actor: {actor: lead, delay_s: 1}}, {crop: {from_s: 1}}]")
    assert result.graph.start_us == START_US + 3_000_000
    assert track_of(result, "lead").trajectory.start_us == START_US + 3_000_000
