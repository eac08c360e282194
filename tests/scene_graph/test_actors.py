from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scene_graph.actors import ActorCategory, ActorTrack, EgoTrack
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

DRIVE = Trajectory(timestamps_us=np.array([100, 200, 400]), world_from_body=SE3.identity((3,)))
CAR = ActorTrack(
    track_id="car",
    category=ActorCategory.CAR,
    size_lwh_m=np.array([4.5, 1.9, 1.6]),
    trajectory=DRIVE,
    absent_us=np.array([[200, 400]]),
)


@pytest.mark.parametrize(
    ("time_us", "present"),
    [(99, False), (100, True), (200, True), (201, False), (399, False), (400, True), (401, False)],
)
def test_presence_in_span_and_outside_open_gaps(time_us: int, present: bool) -> None:
    assert CAR.present_at(time_us) is present


def test_presence_reaches_as_far_as_extrapolation() -> None:
    assert CAR.present_at(410, extrapolate_us=10)
    assert not CAR.present_at(411, extrapolate_us=10)
    assert not CAR.present_at(300, extrapolate_us=1000)


def test_validate_names_the_actor() -> None:
    CAR.validate()
    with pytest.raises(ValueError, match=r"'car': size 4\.5 x 0 x 1.6 m"):
        replace(CAR, size_lwh_m=np.array([4.5, 0.0, 1.6])).validate()
    with pytest.raises(ValueError, match="'car': an absence ends before it starts"):
        replace(CAR, absent_us=np.array([[300, 200]])).validate()
    backwards = Trajectory(timestamps_us=np.array([2, 1]), world_from_body=SE3.identity((2,)))
    with pytest.raises(ValueError, match="'car': timestamps must increase"):
        replace(CAR, trajectory=backwards).validate()


def test_ego_names_itself() -> None:
    EgoTrack(trajectory=DRIVE).validate()
    with pytest.raises(ValueError, match="ego: size nan"):
        EgoTrack(trajectory=DRIVE, size_lwh_m=np.array([np.nan, 2, 2])).validate()
