"""Rigid transforms from the 4 x 4 matrices of logs, each checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from scene_graph.readers.records import Records
from scene_graph.readers.vertices import MAX_COORDINATE_M
from scene_graph.se3 import SE3

__all__ = ["rigid_transforms"]


def rigid_transforms(
    matrices: Sequence[Float[np.ndarray, "4 4"]], wheres: Sequence[str], records: Records
) -> tuple[Bool[np.ndarray, "n"], SE3]:
    """Which of `n` matrices are rigid transforms, and those (SE3 of as many).

    Args:
        matrices: homogeneous matrices, metres.
        wheres: what errors call each of them.
        records: what to do with a matrix that is not finite, not a rotation within 1e-3, or has another last row
            than 0 0 0 1.
    """
    stacked = np.array(matrices, dtype=np.float64).reshape(-1, 4, 4)
    good = np.ones(len(stacked), dtype=bool)
    try:
        return good, _rigid(stacked)
    except ValueError:
        for index, where in enumerate(wheres):
            good[index] = False
            with records.checking(where):
                _rigid(stacked[index : index + 1])
                good[index] = True
        return good, _rigid(stacked[good])


def _rigid(matrices: Float[np.ndarray, "n 4 4"]) -> SE3:
    if not (np.abs(matrices) <= MAX_COORDINATE_M).all():
        raise ValueError("pose holds NaN, infinity or a number beyond 1e8; expected a finite rigid transform")
    poses = SE3.from_matrix(matrices)
    last_rows = matrices[:, 3]
    if np.abs(last_rows - (0.0, 0.0, 0.0, 1.0)).max(initial=0.0) > 1e-6:
        row = " ".join(f"{value:g}" for value in last_rows[np.abs(last_rows - (0, 0, 0, 1)).max(axis=1).argmax()])
        raise ValueError(f"the matrix's last row is {row}; expected 0 0 0 1")
    return poses
