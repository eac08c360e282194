"""Which times are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from drivesim.frame_times import choose_timestamps, require_times_inside
from scene_graph.errors import SceneError
from scene_graph.example import example_recording
from scene_graph.recording import Recording


@pytest.fixture(scope="module")
def recording() -> Recording:
    """240 frames at 30 Hz, from 0 s on."""
    return example_recording()


def test_all_frames_by_default(recording: Recording) -> None:
    np.testing.assert_array_equal(choose_timestamps(recording), recording.frame_timestamps_us)


def test_a_part_of_the_frames(recording: Recording) -> None:
    times_us = choose_timestamps(recording, start_s=1.0, duration_s=0.5)
    np.testing.assert_array_equal(times_us, recording.frame_timestamps_us[30:45])


def test_another_frame_rate(recording: Recording) -> None:
    times_us = choose_timestamps(recording, start_s=2.0, duration_s=1.0, frame_rate_hz=4.0)
    np.testing.assert_array_equal(times_us, [2_000_000, 2_250_000, 2_500_000, 2_750_000])
    to_the_end = choose_timestamps(recording, frame_rate_hz=10.0)
    np.testing.assert_array_equal(to_the_end, np.arange(80) * 100_000)


def test_late_start_counts_from_the_first_frame(recording: Recording) -> None:
    later = replace(recording, frame_timestamps_us=recording.frame_timestamps_us[60:])
    assert choose_timestamps(later, start_s=0.5, duration_s=0.2)[0] == recording.frame_timestamps_us[75]


@pytest.mark.parametrize(
    ("start_s", "duration_s", "rate_hz"), [(-1.0, None, None), (9.0, None, None), (7.5, 2.0, 10.0), (1.01, 0.001, None)]
)
def test_outside_is_refused(
    recording: Recording, start_s: float, duration_s: float | None, rate_hz: float | None
) -> None:
    with pytest.raises(SceneError, match=r"runs from 0 s to 7\.96667 s; choose a start"):
        choose_timestamps(recording, start_s=start_s, duration_s=duration_s, frame_rate_hz=rate_hz)


def test_times_must_be_inside_and_increase(recording: Recording) -> None:
    require_times_inside(recording, np.array([0, 8_000_000]))
    for bad, message in (([], "no time"), ([5, 5], "do not increase"), ([0, 8_000_001], "8000001 us lies outside")):
        with pytest.raises(SceneError, match=message):
            require_times_inside(recording, np.array(bad, dtype=np.int64))


def test_no_frames(recording: Recording) -> None:
    with pytest.raises(SceneError, match="no frame times"):
        choose_timestamps(replace(recording, frame_timestamps_us=np.zeros(0, np.int64)))
