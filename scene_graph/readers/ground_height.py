"""The ground-height raster of an Argoverse 2 map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["GroundHeight"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundHeight:
    """Heights of the ground on a grid.

    A place falls into the cell (column, row) = floor(scale * (rotation @ xy + translation)).

    Attributes:
        heights_m: `rows columns`, city frame, NaN where not known.
        rotation: `2 2`.
        translation_m: `2`.
        cells_per_m: scale of the grid.
    """

    heights_m: Float[np.ndarray, "rows columns"]
    rotation: Float[np.ndarray, "2 2"]
    translation_m: Float[np.ndarray, "2"]
    cells_per_m: float

    def at(self, points_world: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n"]:
        """Ground heights `n` (m) below points `n 2` or `n 3` (city frame); NaN where the grid has none."""
        places = points_world[:, :2] @ self.rotation.T + self.translation_m
        cells = np.floor(np.nan_to_num(places, nan=-1e9) * self.cells_per_m)
        rows, columns = self.heights_m.shape
        inside = (cells >= 0).all(axis=1) & (cells[:, 0] < columns) & (cells[:, 1] < rows)
        heights = np.full(len(cells), np.nan)
        column, row = cells[inside].astype(np.int64).T
        heights[inside] = self.heights_m[row, column]
        return heights

    def filled(self, points_world: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """The points, where a z that is NaN is replaced by the height of the ground."""
        z = points_world[:, 2]
        return np.column_stack([points_world[:, :2], np.where(np.isnan(z), self.at(points_world), z)])
