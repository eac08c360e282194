from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from strategies import sizes, transforms

from scene_graph.boxes import CORNER_SIGNS, EDGES, FACES, Boxes3D, box_corners
from scene_graph.se3 import SE3


def boxes(world_from_box: SE3, size_lwh_m: np.ndarray) -> Boxes3D:
    num = len(size_lwh_m)
    velocity_mps = np.tile([1.0, 2.0, 0.0], (num, 1))
    return Boxes3D(
        frame="world",
        frame_from_box=world_from_box,
        size_lwh_m=size_lwh_m,
        velocity_mps=velocity_mps,
        categories=("car",) * num,
        track_ids=tuple(str(index) for index in range(num)),
    )


def test_corners_of_a_turned_box() -> None:
    corners = box_corners(SE3.from_yaw([np.pi / 2], np.array([[10.0, 20, 1]])), np.array([[4.0, 2.0, 2.0]]))[0]
    np.testing.assert_allclose(corners[0], [9, 22, 2], atol=1e-12)  # top, front, left
    np.testing.assert_allclose(corners[6], [11, 18, 0], atol=1e-12)  # bottom, rear, right


@given(transforms(2), sizes())
def test_edges_have_the_lengths_of_the_box(world_from_box: SE3, size_lwh_m: np.ndarray) -> None:
    corners = box_corners(world_from_box, np.tile(size_lwh_m, (2, 1)))
    ends = corners[:, np.array(EDGES)]
    lengths = np.sort(np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=-1), axis=1)
    np.testing.assert_allclose(lengths, np.tile(np.sort(np.repeat(size_lwh_m, 4)), (2, 1)), atol=1e-6)


def test_faces_are_counter_clockwise_from_outside() -> None:
    for face, normal in zip(FACES, [(0, 0, 1), (0, 0, -1), (1, 0, 0), (0, -1, 0), (-1, 0, 0), (0, 1, 0)], strict=True):
        corners = CORNER_SIGNS[list(face)]
        np.testing.assert_array_equal(np.cross(corners[1] - corners[0], corners[2] - corners[1]) / 4, normal)
        np.testing.assert_array_equal(corners.mean(axis=0), normal)


@given(transforms(), transforms(2), sizes())
def test_another_frame_moves_corners_and_turns_velocities(other_from_world: SE3, poses: SE3, size: np.ndarray) -> None:
    here = boxes(poses, np.tile(size, (2, 1)))
    there = here.transformed(other_from_world, "ego")
    assert there.frame == "ego"
    np.testing.assert_allclose(
        there.corners.reshape(-1, 3), other_from_world.apply(here.corners.reshape(-1, 3)), atol=1e-6
    )
    stepped = other_from_world.apply(here.centers + here.velocity_mps) - there.centers
    np.testing.assert_allclose(there.velocity_mps, stepped, atol=1e-6)


def test_fields_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        boxes(SE3.identity((3,)), np.ones((2, 3)))
