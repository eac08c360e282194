"""A body's pose over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.arrays import frozen_array
from scene_graph.se3 import SE3, interpolate

__all__ = ["Trajectory"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectory:
    """Poses of one body at strictly increasing times.

    Attributes:
        timestamps_us: int64 `t`, microseconds, strictly increasing, at least one.
        world_from_body: SE3 of batch shape `t`.
    """

    timestamps_us: Int64[np.ndarray, "t"]
    world_from_body: SE3

    def __post_init__(self) -> None:
        object.__setattr__(self, "timestamps_us", frozen_array(self.timestamps_us, np.int64, (None,), "timestamps_us"))
        if self.world_from_body.batch_shape != self.timestamps_us.shape:
            raise ValueError(
                f"trajectory: {len(self.timestamps_us)} timestamps but poses of batch shape "
                f"{self.world_from_body.batch_shape}; expected one pose a timestamp"
            )

    @property
    def start_us(self) -> int:
        """First timestamp, microseconds."""
        return int(self.timestamps_us[0])

    @property
    def end_us(self) -> int:
        """Last timestamp, microseconds."""
        return int(self.timestamps_us[-1])

    def at(self, timestamps_us: Any, *, extrapolate_us: int = 0) -> SE3:
        """Poses at `timestamps_us`: linear in translation, slerp in rotation.

        Args:
            timestamps_us: a time, or times `n`.
            extrapolate_us: how far outside the span the constant velocity of the nearest two poses may be
                followed (a single pose stays where it is).

        Returns:
            SE3 of the shape of `timestamps_us`.

        Raises:
            ValueError: a time lies further outside the span than `extrapolate_us`.
        """
        times = np.asarray(timestamps_us, dtype=np.int64)
        outside = (times < self.start_us - extrapolate_us) | (times > self.end_us + extrapolate_us)
        if outside.any():
            first_outside = int(np.atleast_1d(times)[np.atleast_1d(outside)][0])
            raise ValueError(
                f"time {first_outside} us lies outside the trajectory's span {self.start_us} to {self.end_us} us; "
                f"choose a time inside, or allow extrapolation"
            )
        if len(self.timestamps_us) == 1:
            return SE3(
                rotation=np.broadcast_to(self.world_from_body.rotation[0], (*times.shape, 3, 3)),
                translation=np.broadcast_to(self.world_from_body.translation[0], (*times.shape, 3)),
            )
        after = np.clip(np.searchsorted(self.timestamps_us, times, side="right"), 1, len(self.timestamps_us) - 1)
        before = after - 1
        span = (self.timestamps_us[after] - self.timestamps_us[before]).astype(np.float64)
        fraction = (times - self.timestamps_us[before]) / span
        return interpolate(self.world_from_body[before], self.world_from_body[after], fraction)

    def velocity_at(self, timestamps_us: Any) -> Float[np.ndarray, "*n 3"]:
        """Velocity in the world frame, m/s: the slope of the piece that holds each time (0 for a single pose)."""
        times = np.asarray(timestamps_us, dtype=np.int64)
        if len(self.timestamps_us) == 1:
            return np.zeros((*times.shape, 3))
        after = np.clip(np.searchsorted(self.timestamps_us, times, side="right"), 1, len(self.timestamps_us) - 1)
        positions = self.world_from_body.translation
        span_s = (self.timestamps_us[after] - self.timestamps_us[after - 1]) * 1e-6
        return (positions[after] - positions[after - 1]) / span_s[..., None]

    def transformed(self, other_from_world: SE3) -> Trajectory:
        """The same motion seen from another world frame."""
        moved = SE3(
            rotation=other_from_world.rotation @ self.world_from_body.rotation,
            translation=other_from_world.apply(self.world_from_body.translation),
        )
        return Trajectory(timestamps_us=self.timestamps_us, world_from_body=moved)

    def validate(self) -> None:
        """Raises ValueError where times do not increase or a pose is not a finite rigid transform."""
        if len(self.timestamps_us) == 0:
            raise ValueError("trajectory holds no pose; expected at least one")
        steps = np.diff(self.timestamps_us)
        if (steps <= 0).any():
            index = int(np.argmax(steps <= 0))
            raise ValueError(
                f"timestamps must increase: {self.timestamps_us[index]} us is followed by "
                f"{self.timestamps_us[index + 1]} us"
            )
        self.world_from_body.validate()
