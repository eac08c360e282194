"""Offsets of the ego, and other trajectories for it."""

import numpy as np
import pytest
from edit_scenarios import actor, edited, places, road, times_s, us

from scene_graph.errors import SceneError


def test_a_constant_offset() -> None:
    result = edited(road(), "- offset_ego: {longitudinal_m: 1, lateral_m: 2, vertical_m: 0.5, yaw_deg: 10}")
    ego = result.graph.ego
    np.testing.assert_allclose(places(ego), places(road().ego) + np.array([1, 2, 0.5]), atol=1e-12)
    np.testing.assert_allclose(np.rad2deg(ego.trajectory.world_from_body.yaw_rad), 10, atol=1e-9)
    np.testing.assert_array_equal(ego.trajectory.timestamps_us, road().ego.trajectory.timestamps_us)


def test_the_offset_turns_with_the_ego() -> None:
    graph = edited(road(), "- replace_ego: {track: [{t_s: 0, position_m: [5, 5, 0], yaw_deg: 90}]}").graph
    ego = edited(graph, "- offset_ego: {longitudinal_m: 1, lateral_m: 2}").graph.ego
    np.testing.assert_allclose(places(ego), [[3, 6, 0]] * 2, atol=1e-12)


def test_a_ramp() -> None:
    ego = edited(road(), "- offset_ego: {lateral_m: -2, from_s: 2, blend_s: 4}").graph.ego
    at = dict(zip(times_s(ego).round(6).tolist(), places(ego).tolist(), strict=True))
    # a quarter of the way: 106 / 1024 of it
    for moment_s, y_m in ((0.0, 0), (2.0, 0), (3.0, -2 * 106 / 1024), (4.0, -1), (6.0, -2), (8.0, -2)):
        np.testing.assert_allclose(at[moment_s], [10 * moment_s, y_m, 0], atol=1e-9)


def test_along_a_lane() -> None:
    result = edited(
        road(), "- replace_ego: {along_lane: {lane: beside, s_m: 40, offset_m: -0.5, speeds: [{t_s: 1, speed_mps: 8}]}}"
    )
    ego = result.graph.ego
    assert result.graph.start_us == us(1.0)[0]
    np.testing.assert_array_equal(ego.trajectory.timestamps_us, road().ego.trajectory.timestamps_us[2:])
    expected_x = -10 + 8 * (times_s(ego) - 1)
    np.testing.assert_allclose(
        places(ego), np.stack([expected_x, 0 * expected_x + 3.0, 0 * expected_x], axis=1), atol=1e-9
    )


def test_a_track_that_begins_before_the_scenario() -> None:
    graph = road(actor("lead", 5, 0, times_s=(-1.0, 8.0)))
    edit = "replace_ego: {track: [{t_s: -1, position_m: [4, 0, 0]}, {t_s: 8, position_m: [80, 0, 0]}]"
    with pytest.raises(SceneError, match="the ego overlaps actor 'lead' at 0 s"):
        edited(graph, f"- {edit}}}")
    moved = edited(graph, f"- {edit}, allow_overlap: true}}").graph
    assert (moved.start_us, moved.end_us) == tuple(us(-1.0, 8.0))


def test_a_track() -> None:
    result = edited(
        road(),
        "- replace_ego: {frame: ego_start, track: [{t_s: 0, position_m: [0, 1, 0]}, {t_s: 9, position_m: [0, 19, 0]}]}",
    )
    np.testing.assert_allclose(places(result.graph.ego), [[0, 1, 0], [0, 19, 0]], atol=1e-12)
    np.testing.assert_allclose(result.graph.ego.trajectory.world_from_body.yaw_rad, np.pi / 2)
    assert result.graph.end_us == us(9.0)[0]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("offset_ego: {lateral_m: 1, from_s: 8.5}", "from_s is 8.5 s; the scenario runs from 0 to 8 s"),
        ("offset_ego: {lateral_m: 1, to_s: -0.1}", "to_s is -0.1 s; the scenario runs"),
        ("replace_ego: {track: [{t_s: 9, position_m: [0, 0, 0], yaw_deg: 0}]}", "outside the scenario's time"),
        ("replace_ego: {track: [{t_s: 0, position_m: [0, 0, 0]}]}", "stands still and has no heading; give yaw_deg"),
        ("replace_ego: {along_lane: {lane: ahead, speeds: [{t_s: 0, speed_mps: 9}]}}", "leaves the map"),
    ],
)
def test_impossible_egos(edit: str, message: str) -> None:
    with pytest.raises(SceneError, match=rf"^edits, operation 1 \({edit.split(':')[0]}\): .*{message}"):
        edited(road(actor("lead", 200, 0)), f"- {edit}")
