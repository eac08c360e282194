"""When a recording is drawn."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from scene_graph.errors import SceneError
from scene_graph.recording import Recording

__all__ = ["choose_timestamps", "require_times_inside"]


def choose_timestamps(
    recording: Recording,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    frame_rate_hz: float | None = None,
) -> Int64[np.ndarray, "t"]:
    """Times of frames, microseconds: the recording's own, or evenly spaced ones.

    Args:
        recording: the recording.
        start_s: seconds after its first frame.
        duration_s: seconds from there, the end not included; all that is left by default.
        frame_rate_hz: frames a second; the recording's own times by default.

    Raises:
        SceneError: no frame lies in that part.
    """
    own_us = recording.frame_timestamps_us
    where = recording.source.path
    if not len(own_us):
        raise SceneError("the recording has no frame times", where=where, remedy="give times to draw")
    length_s = float(own_us[-1] - own_us[0]) * 1e-6
    start_us = int(own_us[0]) + round(start_s * 1e6)
    stop_us = int(own_us[-1]) + 1 if duration_s is None else start_us + round(duration_s * 1e6)
    if frame_rate_hz is None:
        chosen = own_us[(own_us >= start_us) & (own_us < stop_us)]
    else:
        count = max(0, int(np.ceil((stop_us - start_us) * frame_rate_hz * 1e-6)))
        chosen = start_us + np.round(np.arange(count) * (1e6 / frame_rate_hz)).astype(np.int64)
    if start_us < own_us[0] or not len(chosen) or chosen[-1] > own_us[-1]:
        stop_s = (stop_us - own_us[0]) * 1e-6
        raise SceneError(
            f"asked for {start_s:g} s to {stop_s:g} s, but the recording runs from 0 s to {length_s:g} s",
            where=where,
            remedy="choose a start and a duration inside",
        )
    return np.asarray(chosen, dtype=np.int64)


def require_times_inside(recording: Recording, timestamps_us: Int64[np.ndarray, "t"]) -> None:
    """Raises SceneError where there is no time, times do not increase, or one lies outside the ego's track."""
    graph, where = recording.graph, recording.source.path
    if not len(timestamps_us):
        raise SceneError("no time to draw was given", where=where, remedy="give at least one")
    if (np.diff(timestamps_us) <= 0).any():
        raise SceneError("the times to draw do not increase", where=where, remedy="sort them and drop repeated ones")
    for time_us in (int(timestamps_us[0]), int(timestamps_us[-1])):
        if not graph.start_us <= time_us <= graph.end_us:
            raise SceneError(
                f"time {time_us} us lies outside the recording, {graph.start_us} us to {graph.end_us} us",
                where=where,
                remedy="choose times inside",
            )
