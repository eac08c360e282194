"""The last check of every reader."""

from __future__ import annotations

import numpy as np

from scene_graph.errors import SceneError
from scene_graph.recording import Recording

__all__ = ["validated"]


def validated(recording: Recording) -> Recording:
    """The recording, whose graph and rig are sound.

    Raises:
        SceneError: they are not.
    """
    try:
        with np.errstate(all="ignore"):  # numbers that overflow are refused by what they lead to
            recording.graph.validate()
            if recording.rig is not None:
                recording.rig.validate()
    except ValueError as error:
        raise SceneError(str(error), where=recording.source.path) from error
    return recording
