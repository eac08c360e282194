"""Whether boxes overlap."""

import numpy as np
import pytest
import shapely
from edit_scenarios import actor, road, us
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import level_transforms, rotations

from scene_graph.boxes import Boxes3D, box_corners
from scene_graph.edit.overlap import EGO, ego_box, overlapping, overlaps_at
from scene_graph.se3 import SE3


def boxes(poses: SE3, sizes_lwh_m: np.ndarray) -> Boxes3D:
    count = len(sizes_lwh_m)
    return Boxes3D(
        frame="world",
        frame_from_box=poses,
        size_lwh_m=sizes_lwh_m,
        velocity_mps=np.zeros((count, 3)),
        categories=("car",) * count,
        track_ids=tuple(str(index) for index in range(count)),
    )


@pytest.mark.parametrize(
    ("x_m", "y_m", "z_m", "yaw_deg", "expected"),
    [
        (3.99, 0, 0, 0, True),
        (4.0, 0, 0, 0, False),  # they touch
        (0, 1.99, 0, 0, True),
        (0, 2.01, 0, 0, False),
        (0, 0, 1.49, 0, True),
        (0, 0, 1.51, 0, False),  # one on top of the other
        (2.99, 0, 0, 90, True),
        (3.01, 0, 0, 90, False),
        # a square of 2 by 2 m on its corner reaches 1.414 m: only an axis of its own tells these apart
        (2.7, 1.7, 0, 45, True),
        (2.8, 1.8, 0, 45, False),
    ],
)
def test_boxes_by_hand(x_m: float, y_m: float, z_m: float, yaw_deg: float, expected: bool) -> None:
    size = np.array([2.0, 2.0, 1.5]) if yaw_deg == 45 else np.array([4.0, 2.0, 1.5])
    other = SE3.from_yaw(np.deg2rad([yaw_deg]), np.array([[x_m, y_m, z_m]]))
    found = overlapping(SE3.identity(), np.array([4.0, 2.0, 1.5]), boxes(other, size[None]))
    assert found.tolist() == [expected]


@given(
    st.lists(st.tuples(level_transforms(), st.tuples(*(st.integers(1, 80),) * 3)), min_size=1, max_size=4),
    st.tuples(*(st.integers(-60, 60),) * 3),
    rotations(),
)
def test_agrees_with_polygons(
    others: list[tuple[SE3, tuple[int, int, int]]], shift: tuple[int, int, int], rotation: np.ndarray
) -> None:
    """Shadows that shapely intersects, and heights that meet; tilted boxes as well."""
    place = others[0][0].translation + np.array(shift) / 10
    pose, size = SE3(rotation=rotation, translation=place), np.array([4.0, 2.0, 1.5])
    poses = SE3(
        rotation=np.stack([other.rotation for other, _ in others]),
        translation=np.stack([other.translation for other, _ in others]),
    )
    sizes = np.array([lwh for _, lwh in others]) / 10
    mine = pose.apply(box_corners(SE3.identity((1,)), size[None])[0])
    shadow = shapely.MultiPoint(mine[:, :2]).convex_hull
    for found, corners in zip(overlapping(pose, size, boxes(poses, sizes)), box_corners(poses, sizes), strict=True):
        other = shapely.MultiPoint(corners[:, :2]).convex_hull
        depth_m = min(mine[:, 2].max(), corners[:, 2].max()) - max(mine[:, 2].min(), corners[:, 2].min())
        assume(abs(depth_m) > 0.01)
        shared = shadow.intersection(other)
        assume(shared.is_empty or not shared.buffer(-0.01).is_empty)
        assert found == (depth_m > 0 and not shared.is_empty)


def test_nothing_overlaps_nothing() -> None:
    none = boxes(SE3.identity((0,)), np.zeros((0, 3)))
    assert overlapping(SE3.identity(), np.array([4.0, 2.0, 1.5]), none).shape == (0,)


def test_who_overlaps_whom() -> None:
    graph = road(
        actor("lead", 12, 0), actor("inside", 14, 0), actor("hidden", 14, 0.5, absent_us=np.array([us(0.5, 1.5)]))
    )
    # at 1 s the ego's middle is at x = 11
    assert overlaps_at(graph, us(1.0)[0], "lead") == {"inside", EGO}
    assert overlaps_at(graph, us(1.0)[0], None) == {"lead", "inside"}
    assert overlaps_at(graph, us(1.0)[0], "hidden") == frozenset()
    assert overlaps_at(graph, us(0.5)[0], "hidden") == {"lead", "inside"}
    np.testing.assert_allclose(ego_box(graph, us(1.0)[0]).translation, [11, 0, 0.75])
