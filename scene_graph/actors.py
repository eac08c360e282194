"""Things that move through a scenario: the ego vehicle and the other road users."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.arrays import frozen_array
from scene_graph.trajectory import Trajectory

__all__ = ["ActorCategory", "ActorTrack", "EgoTrack"]


class ActorCategory(str, Enum):
    """What a road user is; every reader maps its source's names to these."""

    CAR = "car"
    TRUCK = "truck"
    BUS = "bus"
    TRAILER = "trailer"
    CONSTRUCTION_VEHICLE = "construction_vehicle"
    MOTORCYCLE = "motorcycle"
    BICYCLE = "bicycle"
    PEDESTRIAN = "pedestrian"
    ANIMAL = "animal"
    TRAFFIC_CONE = "traffic_cone"
    BARRIER = "barrier"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EgoTrack:
    """The vehicle that carries the cameras.

    Attributes:
        trajectory: poses of the ego frame (rear axle on the ground).
        size_lwh_m: `3`, length, width, height, metres.
        rear_axle_to_center_m: distance forward from the rear axle to the middle of the vehicle, metres.
    """

    trajectory: Trajectory
    size_lwh_m: Float[np.ndarray, "3"] = (4.6, 1.9, 1.6)  # type: ignore[assignment]
    rear_axle_to_center_m: float = 1.4

    def __post_init__(self) -> None:
        object.__setattr__(self, "size_lwh_m", frozen_array(self.size_lwh_m, np.float64, (3,), "ego size_lwh_m"))

    def validate(self) -> None:
        """Raises ValueError where the trajectory is not valid or a size is not positive and finite."""
        try:
            self.trajectory.validate()
        except ValueError as error:
            raise ValueError(f"ego: {error}") from error
        _require_positive_size(self.size_lwh_m, "ego")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActorTrack:
    """One road user over time.

    Attributes:
        track_id: unique in its graph.
        category: what it is.
        size_lwh_m: `3`, length, width, height, metres.
        trajectory: poses of the box centre, box frame (x is the heading).
        absent_us: int64 `g 2`, open intervals (first, last), microseconds, inside the trajectory's span in which the
            source did not see the actor: there it has no box.
        source_category: the source's own name of the category.
    """

    track_id: str
    category: ActorCategory
    size_lwh_m: Float[np.ndarray, "3"]
    trajectory: Trajectory
    absent_us: Int64[np.ndarray, "g 2"] = ()  # type: ignore[assignment]
    source_category: str = ""

    def __post_init__(self) -> None:
        name = f"actor {self.track_id!r}"
        object.__setattr__(self, "size_lwh_m", frozen_array(self.size_lwh_m, np.float64, (3,), name))
        object.__setattr__(self, "absent_us", frozen_array(self.absent_us, np.int64, (None, 2), name))

    def present_at(self, timestamp_us: int, *, extrapolate_us: int = 0) -> bool:
        """Whether the actor has a box at this time (up to `extrapolate_us` outside its span)."""
        first, last = self.trajectory.start_us - extrapolate_us, self.trajectory.end_us + extrapolate_us
        if not first <= timestamp_us <= last:
            return False
        return not bool(((self.absent_us[:, 0] < timestamp_us) & (timestamp_us < self.absent_us[:, 1])).any())

    def validate(self) -> None:
        """Raises ValueError for an invalid trajectory, a size that is not positive, or a gap that ends too early."""
        try:
            self.trajectory.validate()
        except ValueError as error:
            raise ValueError(f"actor {self.track_id!r}: {error}") from error
        _require_positive_size(self.size_lwh_m, f"actor {self.track_id!r}")
        if (self.absent_us[:, 1] <= self.absent_us[:, 0]).any():
            raise ValueError(f"actor {self.track_id!r}: an absence ends before it starts")


def _require_positive_size(size_lwh_m: np.ndarray, name: str) -> None:
    if not (np.isfinite(size_lwh_m).all() and (size_lwh_m > 0).all()):
        length, width, height = size_lwh_m
        raise ValueError(f"{name}: size {length:g} x {width:g} x {height:g} m; expected three positive lengths")
