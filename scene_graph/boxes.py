"""Oriented 3D boxes, and their corners and edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from scene_graph.arrays import frozen_array
from scene_graph.se3 import SE3

__all__ = ["CORNER_SIGNS", "EDGES", "FACES", "Boxes3D", "box_corners"]

#   4 ------- 7
#   |\        |\          corners 0-3 are the top, 4-7 the bottom below them;
#   | 0 ------- 3         0 1 4 5 are the front (+x, the heading);
#   | |       | |         0 3 4 7 are the left (+y)
#   5 | ----- 6 |
#    \|        \|
#     1 ------- 2
CORNER_SIGNS: Float[np.ndarray, "8 3"] = np.array(
    [[1, 1, 1], [1, -1, 1], [-1, -1, 1], [-1, 1, 1], [1, 1, -1], [1, -1, -1], [-1, -1, -1], [-1, 1, -1]],
    dtype=np.float64,
)
CORNER_SIGNS.setflags(write=False)

EDGES: tuple[tuple[int, int], ...] = (
    (0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7),
)  # fmt: skip
"""The 12 edges, as pairs of corners."""

FACES: tuple[tuple[int, int, int, int], ...] = (
    (0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7),
)  # fmt: skip
"""The 6 faces (top, bottom, front, right, back, left), corners counter-clockwise seen from outside."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxes3D:
    """Boxes of one instant in one frame.

    Attributes:
        frame: the frame the poses are in: "world", "ego" or a camera's name.
        frame_from_box: SE3 `n`, poses of the box centres.
        size_lwh_m: float64 `n 3`, length, width, height, metres.
        velocity_mps: float64 `n 3`, in `frame`, m/s.
        categories: `n` names (see `scene_graph.actors.ActorCategory`).
        track_ids: `n` identities.
    """

    frame: str
    frame_from_box: SE3
    size_lwh_m: Float[np.ndarray, "n 3"]
    velocity_mps: Float[np.ndarray, "n 3"]
    categories: tuple[str, ...]
    track_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "size_lwh_m", frozen_array(self.size_lwh_m, np.float64, (None, 3), "size_lwh_m"))
        velocity = frozen_array(self.velocity_mps, np.float64, (None, 3), "velocity_mps")
        object.__setattr__(self, "velocity_mps", velocity)
        lengths = {
            len(self.size_lwh_m), len(velocity), len(self.categories), len(self.track_ids),
            *self.frame_from_box.batch_shape,
        }  # fmt: skip
        if len(lengths) != 1 or len(self.frame_from_box.batch_shape) != 1:
            raise ValueError(f"boxes: the fields have different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.track_ids)

    @property
    def centers(self) -> Float[np.ndarray, "n 3"]:
        """Box centres in `frame`, metres."""
        return self.frame_from_box.translation

    @property
    def corners(self) -> Float[np.ndarray, "n 8 3"]:
        """Corners in `frame`, metres, in the order of CORNER_SIGNS."""
        return box_corners(self.frame_from_box, self.size_lwh_m)

    def select(self, kept: Bool[np.ndarray, " n"]) -> Boxes3D:
        """The boxes where `kept` is true."""
        indices = np.flatnonzero(kept)
        return Boxes3D(
            frame=self.frame,
            frame_from_box=self.frame_from_box[indices],
            size_lwh_m=self.size_lwh_m[indices],
            velocity_mps=self.velocity_mps[indices],
            categories=tuple(self.categories[i] for i in indices),
            track_ids=tuple(self.track_ids[i] for i in indices),
        )

    def transformed(self, other_from_frame: SE3, frame: str) -> Boxes3D:
        """The same boxes in another frame."""
        return Boxes3D(
            frame=frame,
            frame_from_box=other_from_frame @ self.frame_from_box,
            size_lwh_m=self.size_lwh_m,
            velocity_mps=self.velocity_mps @ other_from_frame.rotation.T,
            categories=self.categories,
            track_ids=self.track_ids,
        )


def box_corners(frame_from_box: SE3, size_lwh_m: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 8 3"]:
    """Corners `n 8 3` (m, in `frame`) of boxes with centre poses `n` and sizes `n 3` m, order of CORNER_SIGNS."""
    return frame_from_box.apply(CORNER_SIGNS * np.asarray(size_lwh_m)[:, None, :] * 0.5)
