"""The rising curve that every lens is made of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scene_graph.cameras.monotone import RisingPolynomial, rising_limit

SAMPLES = np.linspace(0.0, 4.0, 4001)


def test_limit_of_a_cubic_is_where_its_slope_has_fallen_to_one_percent() -> None:
    # slope 1 - 0.9 x^2 = 0.01
    assert rising_limit((0.0, 1.0, 0.0, -0.3), SAMPLES) == pytest.approx(math.sqrt(0.99 / 0.9), abs=1e-12)


def test_limit_is_the_first_of_several_folds() -> None:
    # slope (x - 1)(x - 2)(x + 3) / 6, which is 1 on the axis
    coefficients = (0.0, 1.0, -7.0 / 12.0, 0.0, 1.0 / 24.0)
    assert rising_limit(coefficients, SAMPLES) == pytest.approx(1.0, abs=0.02)


def test_limit_is_the_end_of_the_samples_where_nothing_folds() -> None:
    assert rising_limit((0.0, 2.0, 0.1), SAMPLES) == 4.0


@pytest.mark.parametrize("start", [0.0, -1.0])
def test_limit_is_zero_where_the_curve_does_not_rise_at_all(start: float) -> None:
    assert rising_limit((0.0, start, 1.0), SAMPLES) == 0.0


def test_beyond_the_limit_the_curve_is_its_tangent() -> None:
    curve = RisingPolynomial(coefficients=(0.0, 1.0, 0.5), limit=2.0)
    # 2 + 0.5 * 4 = 4 with slope 1 + 2 = 3
    np.testing.assert_allclose(curve.value(np.array([1.0, 2.0, 3.0, 5.0])), [1.5, 4.0, 7.0, 13.0])
    np.testing.assert_allclose(curve.inverse(np.array([1.5, 4.0, 7.0, 13.0])), [1.0, 2.0, 3.0, 5.0])


@given(
    st.lists(st.floats(-0.3, 0.3), min_size=0, max_size=8),
    st.lists(st.floats(0.0, 10.0), min_size=1, max_size=20),
)
def test_inverse_is_exact(bends: list[float], x: list[float]) -> None:
    coefficients = (0.0, 1.0, *bends)
    curve = RisingPolynomial(coefficients=coefficients, limit=rising_limit(coefficients, SAMPLES))
    values = curve.value(np.array(x))
    assert (values >= 0).all()
    np.testing.assert_allclose(curve.value(curve.inverse(values)), values, rtol=1e-12, atol=1e-12)
    # the slope is at least 1 %, so an error of the value is at most a hundredfold in x
    np.testing.assert_allclose(curve.inverse(values), x, rtol=1e-9, atol=1e-9)


@given(st.floats(0.0, 0.5), st.floats(0.0, 0.5), st.lists(st.floats(0.0, 1e3), min_size=1, max_size=20))
def test_inverse_with_a_far_limit(cubic: float, quintic: float, x: list[float]) -> None:
    curve = RisingPolynomial(coefficients=(0.0, 1.0, 0.0, cubic, 0.0, quintic), limit=1e3)
    np.testing.assert_allclose(curve.inverse(curve.value(np.array(x))), x, rtol=1e-9, atol=1e-8)
