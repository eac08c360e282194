"""Seconds of a scenario as microseconds, and how a move comes and goes in time."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.edit.operations import During
from scene_graph.graph import ScenarioGraph

__all__ = ["SAMPLE_US", "Blend", "moment_us", "sampled_times_us", "time_us"]

SAMPLE_US = 100_000
"""How far apart the poses of a motion that is made here are, microseconds."""


def time_us(graph: ScenarioGraph, t_s: float) -> int:
    """A time in seconds after the scenario's first, in microseconds."""
    return graph.start_us + round(t_s * 1e6)


def moment_us(graph: ScenarioGraph, t_s: float, name: str) -> int:
    """A time inside the scenario, in microseconds.

    Raises:
        ValueError: it is not inside; names it.
    """
    moment = time_us(graph, t_s)
    if not graph.start_us <= moment <= graph.end_us:
        raise ValueError(f"{name} is {t_s:.9g} s; the scenario runs from 0 to {_duration_s(graph):.9g} s")
    return moment


def sampled_times_us(start_us: int, end_us: int) -> Int64[np.ndarray, " t"]:
    """Times SAMPLE_US apart from a start to an end, both included."""
    return np.unique(np.append(np.arange(start_us, end_us, SAMPLE_US, dtype=np.int64), np.int64(end_us)))


class Blend:
    """How much of a move holds when: 0 before it, 1 within it, between them the path of least jerk.

    The way from 0 to 1 is 10 u^3 - 15 u^4 + 6 u^5, whose speed and acceleration begin and end with 0 (Flash and
    Hogan, The coordination of arm movements, 1985).

    Args:
        graph: the scenario that the times of `during` belong to.
        during: the part of time.

    Raises:
        ValueError: a time lies outside the scenario, or the end before the start.
    """

    def __init__(self, graph: ScenarioGraph, during: During) -> None:
        blend_us = round(during.blend_s * 1e6)
        self._blend_us = blend_us
        self._from_us = None if during.from_s is None else moment_us(graph, during.from_s, "from_s")
        self._to_us = None if during.to_s is None else moment_us(graph, during.to_s, "to_s")
        if self._from_us is not None and self._to_us is not None and self._to_us - self._from_us < 2 * blend_us:
            raise ValueError(f"to_s is {during.to_s} s; expected at least two blends after from_s")

    @property
    def whole(self) -> bool:
        """Whether the move holds all the time."""
        return self._from_us is None and self._to_us is None

    @property
    def full_from_us(self) -> int | None:
        """The first time at which all of the move holds, microseconds; None: from ever."""
        return None if self._from_us is None else self._from_us + self._blend_us

    def weight(self, timestamps_us: Int64[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
        """The part of the move that holds, 0 to 1, `t`."""
        weight = np.ones(len(timestamps_us))
        for _, since_us in self._edges(timestamps_us):
            u = self._passed(since_us)
            weight *= u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
        return weight

    def rate_per_s(self, timestamps_us: Int64[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
        """How fast `weight` changes, per second, `t`."""
        rate = np.zeros(len(timestamps_us))
        if self._blend_us:
            for sign, since_us in self._edges(timestamps_us):
                u = self._passed(since_us)
                rate += sign * 30.0 * u**2 * (1.0 - u) ** 2 / (self._blend_us * 1e-6)
        return rate

    def times_us(self, timestamps_us: Int64[np.ndarray, " t"]) -> Int64[np.ndarray, " n"]:
        """The times `t` of a track, with as many more inside its span as show how the move comes and goes."""
        spans = []
        if self._from_us is not None:
            spans.append((self._from_us, self._from_us + self._blend_us))
        if self._to_us is not None:
            spans.append((self._to_us - self._blend_us, self._to_us))
        more = [np.zeros(0, dtype=np.int64)]
        for start_us, end_us in spans:
            start_us, end_us = max(start_us, int(timestamps_us[0])), min(end_us, int(timestamps_us[-1]))
            if start_us <= end_us:
                more.append(sampled_times_us(start_us, end_us))
        return np.unique(np.concatenate([timestamps_us, *more]))

    def _edges(self, timestamps_us: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """For coming (1) and going (-1): microseconds since the weight left 0, or until it is 0 again."""
        edges = []
        if self._from_us is not None:
            edges.append((1.0, timestamps_us - self._from_us))
        if self._to_us is not None:
            edges.append((-1.0, self._to_us - timestamps_us))
        return edges

    def _passed(self, since_us: np.ndarray) -> np.ndarray:
        """The part of a blend that is over, 0 to 1."""
        if not self._blend_us:
            return (since_us >= 0).astype(np.float64)
        return np.clip(since_us / self._blend_us, 0.0, 1.0)


def _duration_s(graph: ScenarioGraph) -> float:
    return (graph.end_us - graph.start_us) * 1e-6
