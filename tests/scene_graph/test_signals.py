from __future__ import annotations

import numpy as np
import pytest

from scene_graph.signals import SignalState, SignalTrack

LIGHT = SignalTrack(element_id="light", timestamps_us=np.array([100, 200]), states=(SignalState.RED, SignalState.GREEN))


@pytest.mark.parametrize(
    ("time_us", "state"),
    [
        (99, SignalState.UNKNOWN),
        (100, SignalState.RED),
        (199, SignalState.RED),
        (200, SignalState.GREEN),
        (10**12, SignalState.GREEN),
    ],
)
def test_a_state_holds_until_the_next(time_us: int, state: SignalState) -> None:
    assert LIGHT.at(time_us) is state


def test_wrong_tracks_are_named() -> None:
    with pytest.raises(ValueError, match="'light': 1 timestamps but 2 states"):
        SignalTrack(element_id="light", timestamps_us=np.array([1]), states=LIGHT.states)
    with pytest.raises(ValueError, match="'light': timestamps must increase"):
        SignalTrack(element_id="light", timestamps_us=np.array([2, 2]), states=LIGHT.states).validate()
