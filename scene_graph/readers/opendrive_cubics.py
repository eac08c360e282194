"""Piecewise cubic polynomials, as OpenDRIVE gives heights, cross slopes, offsets and widths along a road."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from scene_graph.readers.xml_tree import XmlElement

__all__ = ["Cubics", "cubics_of"]

MAX_COEFFICIENT = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cubics:
    """A function of arc length: from each start on, a + b ds + c ds^2 + d ds^3, ds counted from that start.

    Before the first start the first piece holds; without any piece the function is 0.

    Attributes:
        start_s_m: `k`, metres, not decreasing.
        coefficients: `k 4`, a, b, c, d.
    """

    start_s_m: Float[np.ndarray, " k"]
    coefficients: Float[np.ndarray, "k 4"]

    def at(self, s_m: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Values `n` at arc lengths `n` m."""
        if not len(self.start_s_m):
            return np.zeros(len(s_m))
        ds, (a, b, c, d) = self._pieces(s_m)
        return a + ds * (b + ds * (c + ds * d))

    def slope_at(self, s_m: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Derivatives `n` by arc length at arc lengths `n` m."""
        if not len(self.start_s_m):
            return np.zeros(len(s_m))
        ds, (_, b, c, d) = self._pieces(s_m)
        return b + ds * (2.0 * c + ds * 3.0 * d)

    def _pieces(self, s_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        index: Int[np.ndarray, " n"] = np.maximum(np.searchsorted(self.start_s_m, s_m, side="right") - 1, 0)
        return s_m - self.start_s_m[index], self.coefficients[index].T


def cubics_of(elements: Sequence[XmlElement], start_name: str, origin_s_m: float = 0.0) -> Cubics:
    """The function that elements with the attributes a, b, c, d describe.

    Args:
        elements: one for each piece.
        start_name: their attribute for the start, "s" or "sOffset".
        origin_s_m: what the starts count from, metres.

    Raises:
        ValueError: an attribute is not an ordinary number.
    """
    rows = [
        (
            origin_s_m + element.number(start_name, 0.0),
            *(element.number(name, 0.0, limit=MAX_COEFFICIENT) for name in "abcd"),
        )
        for element in elements
    ]
    table = np.array(sorted(rows, key=lambda row: row[0]), dtype=np.float64).reshape(-1, 5)
    return Cubics(start_s_m=table[:, 0].copy(), coefficients=table[:, 1:].copy())
