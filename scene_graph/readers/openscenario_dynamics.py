"""How OpenSCENARIO actions pass from one value to another: shapes over a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scene_graph.readers.xml_tree import XmlElement

__all__ = ["LATERAL", "LONGITUDINAL", "Dynamics", "Transition", "dynamics_of", "offset_duration_s"]

LONGITUDINAL, LATERAL = "longitudinal", "lateral"
"""What of an entity an action can control."""

_SHAPES = ("step", "linear", "cubic", "sinusoidal")
_DIMENSIONS = ("time", "rate", "distance")
# the steepest slope of a shape that rises from 0 to 1 over one unit
_STEEPEST = {"linear": 1.0, "cubic": 1.5, "sinusoidal": math.pi / 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamics:
    """How an action changes a value.

    Attributes:
        shape: "step", "linear", "cubic" or "sinusoidal".
        dimension: what `value` is: "time" s, "rate" per second, "distance" m.
        value: not negative.
    """

    shape: str
    dimension: str
    value: float

    def duration_s(self, change: float, mean_speed_mps: float) -> float:
        """How long a change takes, seconds; infinite where it covers a distance without moving.

        Args:
            change: of the value, in its unit.
            mean_speed_mps: mean speed meanwhile, for changes over a distance.
        """
        if self.shape == "step":
            return 0.0
        if self.dimension == "time":
            return self.value
        if self.dimension == "rate":
            return abs(change) * _STEEPEST[self.shape] / self.value if self.value > 0.0 else math.inf
        return self.value / abs(mean_speed_mps) if abs(mean_speed_mps) > 1e-6 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A passage from 0 to 1.

    Attributes:
        shape: as in Dynamics.
        duration_s: how long it takes, seconds.
    """

    shape: str
    duration_s: float

    def at(self, elapsed_s: float) -> float:
        """The value some time after its start: 0 before, 1 after its end."""
        if elapsed_s >= self.duration_s or self.shape == "step":
            return 1.0
        part = max(elapsed_s / self.duration_s, 0.0)
        if self.shape == "cubic":
            return part * part * (3.0 - 2.0 * part)
        return (1.0 - math.cos(math.pi * part)) / 2.0 if self.shape == "sinusoidal" else part

    def rate_at(self, elapsed_s: float) -> float:
        """The value's derivative by time, per second."""
        if not 0.0 <= elapsed_s < self.duration_s or self.shape == "step":
            return 0.0
        part = elapsed_s / self.duration_s
        if self.shape == "cubic":
            slope = 6.0 * part * (1.0 - part)
        else:
            slope = math.pi / 2.0 * math.sin(math.pi * part) if self.shape == "sinusoidal" else 1.0
        return slope / self.duration_s

    def ends_at(self, elapsed_s: float) -> bool:
        """Whether it is over."""
        return self.shape == "step" or elapsed_s >= self.duration_s


def dynamics_of(element: XmlElement) -> Dynamics:
    """The dynamics that an element describes.

    Raises:
        ValueError: its shape or dimension is not known, or its value is no number.
    """
    shape, dimension = element.string("dynamicsShape", "linear"), element.string("dynamicsDimension", "time")
    for name, value, known in (("dynamicsShape", shape, _SHAPES), ("dynamicsDimension", dimension, _DIMENSIONS)):
        if value not in known:
            raise ValueError(f"{element}: {name!r} is {value[:40]!r}; expected one of {', '.join(known)}")
    return Dynamics(shape=shape, dimension=dimension, value=abs(element.number("value", 0.0, limit=1e6)))


def offset_duration_s(shape: str, distance_m: float, max_acceleration_mps2: float | None) -> float:
    """How long a shift sideways takes, seconds, so that it accelerates no harder; at once where there is no bound."""
    if max_acceleration_mps2 is None or max_acceleration_mps2 <= 0.0 or shape == "step":
        return 0.0
    if shape == "cubic":
        return math.sqrt(6.0 * abs(distance_m) / max_acceleration_mps2)
    return math.pi * math.sqrt(abs(distance_m) / (2.0 * max_acceleration_mps2))
