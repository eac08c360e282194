"""Mirrored and cropped scenarios."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from edit_scenarios import START_US, actor, edited, element_of, line, places, road, times_s, track_of, us

from scene_graph.boxes import CORNER_SIGNS, box_corners
from scene_graph.elements import ElementKind, LaneMark, MapElement, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack
from scene_graph.spatial import footprint
from scene_graph.trajectory import Trajectory


def test_mirror_by_hand() -> None:
    graph = road(actor("lead", 20, 4, speed_mps=10, yaw_rad=0.3))
    result = edited(graph, "- mirror:")
    # the ego drives along x: y changes its sign
    flip = np.array([1.0, -1, 1])
    np.testing.assert_allclose(places(result.graph.ego), places(graph.ego), atol=1e-12)
    lead = track_of(result, "lead")
    np.testing.assert_allclose(places(lead), places(track_of(graph, "lead")) * flip, atol=1e-12)
    np.testing.assert_allclose(lead.trajectory.world_from_body.yaw_rad, -0.3, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(lead.trajectory.world_from_body.rotation), 1, atol=1e-12)
    before, after = element_of(graph, "off"), element_of(result, "off")
    np.testing.assert_allclose(after.vertices_world, before.vertices_world * flip, atol=1e-12)
    assert before.lane is not None
    assert after.lane is not None
    np.testing.assert_allclose(after.lane.left_world, before.lane.right_world * flip, atol=1e-12)
    np.testing.assert_allclose(after.lane.right_world, before.lane.left_world * flip, atol=1e-12)
    left = Relation(source_id="beside", target_id="near", kind=RelationKind.LEFT_NEIGHBOUR)
    right = Relation(source_id="near", target_id="beside", kind=RelationKind.RIGHT_NEIGHBOUR)
    others = [one for one in graph.relations if not one.kind.value.endswith("neighbour")]
    assert set(result.graph.relations) == {left, right, *others}


def test_mirror_about_another_heading() -> None:
    turn = SE3.from_yaw(np.array([np.deg2rad(30.0)]), np.array([[100.0, 50.0, 3.0]]))
    ego = replace(road().ego, trajectory=Trajectory(timestamps_us=np.array(us(0.0)), world_from_body=turn))
    # 10 m ahead and 4 m to the left of where the ego stands
    place = turn[0].apply(np.array([10.0, 4.0, 1.0]))
    lead = replace(
        actor("lead", 0, 0),
        trajectory=Trajectory(
            timestamps_us=np.array(us(0.0)), world_from_body=SE3.from_yaw(np.array([np.deg2rad(50.0)]), place[None])
        ),
    )
    mirrored = track_of(edited(road(lead, ego=ego), "- mirror: {}"), "lead").trajectory.world_from_body[0]
    np.testing.assert_allclose(mirrored.translation, turn[0].apply(np.array([10.0, -4.0, 1.0])), atol=1e-9)
    assert np.rad2deg(mirrored.yaw_rad) == pytest.approx(10.0)


def test_mirrored_marks_and_their_names() -> None:
    mark = LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_DASHED)
    lines = (
        line("double", 1.0, mark=mark, attributes={"style": "YELLOW SOLID_DASHED", "note": "SOLID_DASHED left"}),
        line("single", 2.0, attributes={"style": "WHITE LONG_DASHED_SINGLE"}),
        *(one for one in road().elements if one.element_id == "right_line"),
    )
    result = edited(road(elements=lines, relations=(), signals=()), "- mirror:")
    double = element_of(result, "double")
    assert double.mark == replace(mark, pattern=MarkPattern.DASHED_SOLID)
    assert double.attributes == {"style": "YELLOW DASHED_SOLID", "note": "SOLID_DASHED left"}
    assert element_of(result, "single").attributes == {"style": "WHITE LONG_DASHED_SINGLE"}
    assert element_of(result, "right_line").attributes == {"mark_type": "SOLID_DASH_WHITE", "side": "left"}


def test_mirrored_cuboids_stay_cuboids() -> None:
    pose = SE3.from_yaw(np.array([0.4]), np.array([[10.0, 5, 3]]))
    corners = box_corners(pose, np.array([[0.3, 0.4, 1.1]]))[0]
    sign = MapElement(element_id="sign", kind=ElementKind.TRAFFIC_SIGN, vertices_world=corners)
    mirrored = element_of(edited(road(elements=(sign,), relations=(), signals=()), "- mirror:"), "sign")
    # corner by corner it is the box that one would build there
    expected = box_corners(SE3.from_yaw(np.array([-0.4]), np.array([[10.0, -5, 3]])), np.array([[0.3, 0.4, 1.1]]))[0]
    np.testing.assert_allclose(mirrored.vertices_world, expected, atol=1e-12)
    assert len(CORNER_SIGNS) == len(mirrored.vertices_world)


def test_crop_in_time() -> None:
    graph = road(
        actor("lead", 20, 0, speed_mps=10),
        actor("parked", 30, 6, times_s=(0.0, 8.0)),
        actor("early", 50, 0, times_s=(0.0, 1.0)),
        actor("late", 50, 6, times_s=(4.0, 8.0)),
        actor("just", 70, 6, times_s=(0.0, 1.25)),
    )
    result = edited(graph, "- crop: {from_s: 1.25, to_s: 3.1}")
    assert (result.graph.start_us, result.graph.end_us) == tuple(us(1.25, 3.1))
    assert [one.track_id for one in result.graph.actors] == ["lead", "parked", "just"]
    np.testing.assert_allclose(times_s(result.graph.ego), [1.25, 1.5, 2, 2.5, 3, 3.1])
    np.testing.assert_allclose(places(result.graph.ego)[:, 0], [12.5, 15, 20, 25, 30, 31])
    np.testing.assert_allclose(times_s(track_of(result, "lead")), [1.25, 2, 3, 3.1])
    np.testing.assert_allclose(places(track_of(result, "lead"))[:, 0], [32.5, 40, 50, 51])
    np.testing.assert_allclose(times_s(track_of(result, "parked")), [1.25, 3.1])
    np.testing.assert_allclose(times_s(track_of(result, "just")), [1.25])
    # the light was green from 0 s on: that is what it shows at the cut, and it never turns red
    (signal,) = result.graph.signals
    assert signal.timestamps_us.tolist() == us(1.25)
    assert signal.states == (SignalState.GREEN,)


def test_crop_around_absences() -> None:
    graph = road(actor("lead", 20, 0, speed_mps=10, absent_us=np.array([us(1.0, 3.0), us(4.0, 6.0)])))
    inside = track_of(edited(graph, "- crop: {from_s: 2, to_s: 5}"), "lead")
    np.testing.assert_allclose(times_s(inside), [3, 4])  # unseen at both ends of the span
    assert inside.absent_us.shape == (0, 2)
    whole = track_of(edited(graph, "- crop: {from_s: 0.5, to_s: 7}"), "lead")
    np.testing.assert_array_equal(whole.absent_us, [us(1.0, 3.0), us(4.0, 6.0)])
    assert edited(graph, "- crop: {from_s: 1.5, to_s: 2.5}").graph.actors == ()


def test_cropping_changes_nothing_inside() -> None:
    graph = road(
        actor("lead", 20, 0, speed_mps=10, absent_us=np.array([us(2.0, 4.0)])),
        actor("parked", 30, 6, times_s=(0.0, 8.0)),
    )
    cropped = edited(graph, "- crop: {from_s: 1.3, to_s: 5.7}").graph
    for moment_us in us(1.3, 2.0, 3.3, 4.0, 4.44, 5.7):
        before, after = graph.boxes_at(moment_us), cropped.boxes_at(moment_us)
        assert before.track_ids == after.track_ids
        np.testing.assert_allclose(before.centers, after.centers, atol=1e-9)
        assert all(
            one.at(moment_us) == other.at(moment_us) for one, other in zip(graph.signals, cropped.signals, strict=True)
        )


def test_crop_in_space() -> None:
    graph = road(
        actor("lead", 20, 0, speed_mps=10), actor("far", 40, 30), actor("crossing", 40, -60, speed_mps=10, yaw_rad=1.57)
    )
    result = edited(graph, "- crop: {radius_m: 15}")
    assert [one.track_id for one in result.graph.actors] == ["lead", "crossing"]
    kept = {one.element_id for one in result.graph.elements}
    assert kept == {one.element_id for one in graph.elements} - {"far_lamp"}
    path = shapely.LineString([[0, 0], [80, 0]])
    for element in graph.elements:
        assert (element.element_id in kept) == (footprint(element).distance(path) <= 15)
    assert result.graph.start_us == START_US


def test_what_refers_to_something_cropped_goes_too() -> None:
    lamp = SignalTrack(element_id="far_lamp", timestamps_us=np.array(us(0.0)), states=(SignalState.RED,))
    graph = road(
        actor("far", 40, 30),
        signals=(*road().signals, lamp),
        relations=(
            *road().relations,
            Relation(source_id="far_lamp", target_id="near", kind=RelationKind.CONTROLS),
            Relation(source_id="far", target_id="near", kind=RelationKind.ON_LANE),
        ),
    )
    result: ScenarioGraph = edited(graph, "- crop: {radius_m: 15}").graph
    assert result.relations == road().relations
    assert [one.element_id for one in result.signals] == ["lamp"]
    result.validate()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("from_s: 3, to_s: 3", "the span is 3 to 3 s; expected an end after the start"),
        ("from_s: 4, to_s: 3", "the span is 4 to 3 s"),
        ("from_s: 8.01", "from_s is 8.01 s; the scenario runs from 0 to 8 s"),
        ("to_s: -1", "to_s is -1 s"),
    ],
)
def test_impossible_crops(arguments: str, message: str) -> None:
    with pytest.raises(SceneError, match=rf"^edits, operation 1 \(crop\): {message}"):
        edited(road(), f"- crop: {{{arguments}}}")
