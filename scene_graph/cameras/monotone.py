"""A polynomial that rises from zero to a limit, linear beyond it, with its inverse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.polynomial import polynomial

__all__ = ["MIN_RELATIVE_SLOPE", "RisingPolynomial", "rising_limit"]

MIN_RELATIVE_SLOPE = 0.01
"""Where a lens's curve is flatter than this part of its slope on the axis, it counts as folding back."""

_TABLE_CELLS = 256
_MAX_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RisingPolynomial:
    """The radial curve of a lens: y(x) for x >= 0, y(0) = 0, everywhere increasing.

    Attributes:
        coefficients: ascending powers; the first, the constant term, is 0.
        limit: up to here the polynomial holds (see `rising_limit`); beyond it the curve is its tangent.
    """

    coefficients: tuple[float, ...]
    limit: float

    @property
    def end_value(self) -> float:
        """The curve's value at the limit."""
        return float(polynomial.polyval(self.limit, self.coefficients))

    @property
    def end_slope(self) -> float:
        """The curve's slope at the limit and beyond it."""
        return float(polynomial.polyval(self.limit, polynomial.polyder(self.coefficients)))

    def value(self, x: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """The curve at `x` `*n`, non-negative."""
        inside = np.minimum(x, self.limit)
        return np.asarray(polynomial.polyval(inside, self.coefficients) + self.end_slope * (x - inside))

    def inverse(self, y: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """The `x` `*n` at which the curve takes the values `y` `*n`, non-negative, to rounding error."""
        inside = np.asarray(np.minimum(y, self.end_value))
        upper = min(self.limit, self._reach(float(np.max(inside, initial=0.0))))
        return np.asarray(_solve(self.coefficients, upper, inside) + (y - inside) / self.end_slope)

    def _reach(self, y: float) -> float:
        """An x at which the curve has passed `y`, at most twice too large; or one beyond the limit."""
        x = max(y, 1e-9) / self.coefficients[1]
        while x < self.limit and polynomial.polyval(x, self.coefficients) < y:
            x *= 2.0
        while polynomial.polyval(0.5 * x, self.coefficients) > y:
            x *= 0.5
        return x


def rising_limit(coefficients: tuple[float, ...], samples: Float[np.ndarray, "n"]) -> float:
    """The largest x up to which the polynomial rises everywhere, at most the last sample; 0 where it falls from x = 0.

    Rising means a slope of at least MIN_RELATIVE_SLOPE of the slope at 0.

    Args:
        coefficients: ascending powers, finite; the first is 0.
        samples: `n`, increasing from 0, where the slope is looked at; its first failure is then found by halving.
    """
    slopes = polynomial.polyder(coefficients)
    wanted = MIN_RELATIVE_SLOPE * coefficients[1]
    if not coefficients[1] > 0:
        return 0.0
    rises = polynomial.polyval(samples, slopes) >= wanted
    if rises.all():
        return float(samples[-1])
    first = int(np.argmin(rises))
    low, high = float(samples[first - 1]), float(samples[first])
    for _ in range(_MAX_STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if polynomial.polyval(middle, slopes) >= wanted else (low, middle)
    return low


def _solve(coefficients: tuple[float, ...], upper: float, y: np.ndarray) -> np.ndarray:
    """Roots in [0, upper] of polynomial(x) = y, by Newton's steps in a bracket, halved where one would leave it."""
    table_x = np.linspace(0.0, upper, _TABLE_CELLS + 1)
    table_y = polynomial.polyval(table_x, coefficients)
    cell = np.clip(np.searchsorted(table_y, y), 1, _TABLE_CELLS)
    low, high = table_x[cell - 1], table_x[cell]
    x = np.asarray(np.interp(y, table_y, table_x))
    slopes = polynomial.polyder(coefficients)
    for _ in range(_MAX_STEPS):
        excess = polynomial.polyval(x, coefficients) - y
        low, high = np.where(excess < 0, x, low), np.where(excess > 0, x, high)
        newton = x - excess / polynomial.polyval(x, slopes)
        following = np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
        moved = float(np.max(np.abs(following - x), initial=0.0))
        x = following
        if moved <= 1e-11 * upper:  # the step after would be rounding error
            break
    return x
