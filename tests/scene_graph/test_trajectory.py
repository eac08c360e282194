from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from strategies import level_transforms, trajectories

from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

STRAIGHT = Trajectory(
    timestamps_us=np.array([1_000_000, 2_000_000, 4_000_000]),
    world_from_body=SE3.from_yaw([0.0, 0.2, 0.2], np.array([[0.0, 0, 0], [10, 0, 0], [10, 6, 0]])),
)


@given(trajectories())
def test_poses_at_their_own_times(trajectory: Trajectory) -> None:
    at = trajectory.at(trajectory.timestamps_us)
    np.testing.assert_allclose(at.translation, trajectory.world_from_body.translation, atol=1e-9)
    np.testing.assert_allclose(at.rotation, trajectory.world_from_body.rotation, atol=1e-9)


@given(trajectories(), level_transforms())
def test_moving_the_world_moves_the_poses(trajectory: Trajectory, other_from_world: SE3) -> None:
    middle_us = (trajectory.start_us + trajectory.end_us) // 2
    moved, expected = (
        trajectory.transformed(other_from_world).at(middle_us),
        other_from_world @ trajectory.at(middle_us),
    )
    np.testing.assert_allclose(moved.translation, expected.translation, atol=1e-6)
    np.testing.assert_allclose(moved.rotation, expected.rotation, atol=1e-6)


def test_between_poses() -> None:
    at = STRAIGHT.at(np.array([1_500_000, 3_000_000]))
    np.testing.assert_allclose(at.translation, [[5, 0, 0], [10, 3, 0]])
    np.testing.assert_allclose(at.yaw_rad, [0.1, 0.2])
    np.testing.assert_allclose(STRAIGHT.velocity_at(np.array([1_500_000, 3_000_000])), [[10, 0, 0], [0, 3, 0]])


def test_one_time_gives_one_pose() -> None:
    assert STRAIGHT.at(1_500_000).batch_shape == ()
    assert STRAIGHT.velocity_at(1_500_000).shape == (3,)


def test_outside_the_span_only_where_asked() -> None:
    with pytest.raises(ValueError, match=r"time 4000001 us lies outside .* 1000000 to 4000000 us"):
        STRAIGHT.at(np.array([2_000_000, 4_000_001]))
    with pytest.raises(ValueError, match="outside"):
        STRAIGHT.at(999_999)
    np.testing.assert_allclose(STRAIGHT.at(4_500_000, extrapolate_us=500_000).translation, [10, 7.5, 0])
    np.testing.assert_allclose(STRAIGHT.at(500_000, extrapolate_us=500_000).translation, [-5, 0, 0])
    with pytest.raises(ValueError, match="outside"):
        STRAIGHT.at(4_500_001, extrapolate_us=500_000)


def test_a_single_pose_stays_where_it_is() -> None:
    single = Trajectory(timestamps_us=np.array([7]), world_from_body=SE3.from_yaw([0.3], np.array([[1.0, 2, 3]])))
    np.testing.assert_array_equal(single.at(np.array([7, 9]), extrapolate_us=2).translation, [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_array_equal(single.velocity_at(7), [0, 0, 0])


def test_validate_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="2 timestamps but poses of batch shape"):
        Trajectory(timestamps_us=np.array([1, 2]), world_from_body=SE3.identity((3,)))
    with pytest.raises(ValueError, match="5 us is followed by 5 us"):
        Trajectory(timestamps_us=np.array([1, 5, 5]), world_from_body=SE3.identity((3,))).validate()
    with pytest.raises(ValueError, match="no pose"):
        Trajectory(timestamps_us=np.zeros(0, dtype=np.int64), world_from_body=SE3.identity((0,))).validate()
