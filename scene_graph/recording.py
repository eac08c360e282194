"""A scenario with the rig that saw it and, where there are any, its real images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64, UInt8

from scene_graph.cameras.rig import CameraRig
from scene_graph.graph import ScenarioGraph

__all__ = ["FrameStore", "Recording", "Source"]


@runtime_checkable
class FrameStore(Protocol):
    """Real images, decoded when asked for."""

    def timestamps_us(self, camera: str) -> Int64[np.ndarray, "t"]:
        """Times of the images of a camera that exist, microseconds, increasing; empty where there are none."""
        ...

    def image(self, camera: str, timestamp_us: int) -> UInt8[np.ndarray, "h w 3"]:
        """The RGB image of a camera at one of its timestamps.

        Raises:
            SceneError: no image has that time, or the file cannot be decoded.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a recording came from, and what was found there.

    Attributes:
        format: name of the format ("argoverse2", "rds_hq", ...).
        path: where it was read from.
        present: what the source had, as name -> count or short text.
        derived: what the reader computed because the source had it only indirectly, one sentence each.
        absent: what the source did not have, one name each.
        skipped: records that were dropped, one sentence each (id and reason).
    """

    format: str
    path: str
    present: Mapping[str, str] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """A scenario graph with its sensors' view of it.

    Attributes:
        graph: the scenario.
        rig: the cameras, or None where the source has none.
        frames: real images, lazily decoded, or None.
        frame_timestamps_us: int64 `t`, the times at which the source has frames (the clock that control videos
            follow by default), microseconds, inside the ego's span.
        source: where it came from.
    """

    graph: ScenarioGraph
    rig: CameraRig | None
    frames: FrameStore | None
    frame_timestamps_us: Int64[np.ndarray, "t"]
    source: Source
