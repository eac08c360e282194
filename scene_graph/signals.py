"""States of traffic lights over time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Int64

from scene_graph.arrays import frozen_array

__all__ = ["SignalState", "SignalTrack"]


class SignalState(str, Enum):
    """What a traffic light shows."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalTrack:
    """What one traffic light (or the signal of one lane) shows over time.

    Attributes:
        element_id: the traffic light, or the lane, that the states belong to.
        timestamps_us: int64 `t`, microseconds, strictly increasing; a state holds until the next one.
        states: `t` states.
    """

    element_id: str
    timestamps_us: Int64[np.ndarray, "t"]
    states: tuple[SignalState, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "timestamps_us", frozen_array(self.timestamps_us, np.int64, (None,), "timestamps_us"))
        object.__setattr__(self, "states", tuple(self.states))
        if len(self.states) != len(self.timestamps_us):
            raise ValueError(
                f"signal {self.element_id!r}: {len(self.timestamps_us)} timestamps but {len(self.states)} states"
            )

    def at(self, timestamp_us: int) -> SignalState:
        """The state at this time: the newest at or before it, UNKNOWN before the first."""
        index = int(np.searchsorted(self.timestamps_us, timestamp_us, side="right")) - 1
        return self.states[index] if index >= 0 else SignalState.UNKNOWN

    def validate(self) -> None:
        """Raises ValueError where the times do not increase."""
        if (np.diff(self.timestamps_us) <= 0).any():
            raise ValueError(f"signal {self.element_id!r}: timestamps must increase")
