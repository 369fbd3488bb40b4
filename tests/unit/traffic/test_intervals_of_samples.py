"""What a sample carries: exact intervals of quantiles and shares, and no more than that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from corridor.traffic.measures import quantiles


def test_a_quantile_needs_ten_values_beyond_it() -> None:
    assert [quantiles.needed(*one) for one in quantiles.QUANTILES] == [20, 200, 1000]
    assert quantiles.left_out(200) == {"p99": "needs 1000 values, and there are 200"}
    assert list(quantiles.left_out(19)) == ["p50", "p95", "p99"]
    values = np.arange(199)
    assert quantiles.quantile_interval(values, 95, 100) is None
    assert quantiles.quantile_interval(np.arange(200), 95, 100) is not None


def test_the_ranks_of_a_median_are_those_of_the_tables() -> None:
    # Conover, Practical Nonparametric Statistics, and every table of the sign test.
    assert quantiles.ranks(6, 0.5) == (1, 6)
    assert quantiles.ranks(20, 0.5) == (6, 15)
    assert quantiles.ranks(100, 0.5) == (40, 61)
    assert quantiles.ranks(5, 0.5) is None, "31 of 32 times all five lie not on one side"


@given(st.integers(1, 3000), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_ranks_cover_what_was_asked_for_and_no_narrower_ones_do(count: int, share: float) -> None:
    found = quantiles.ranks(count, share)
    least = count > 0 and (share**count <= 0.025 and (1 - share) ** count <= 0.025)
    assert (found is not None) == least
    if found is not None:
        low, high = found
        below = stats.binom(count, share)
        assert below.cdf(low - 1) <= 0.025 < below.cdf(low)
        assert below.sf(high - 1) <= 0.025 + 1e-12 < below.sf(high - 2) + 1e-12


def test_intervals_hold_the_true_quantile_as_often_as_they_say() -> None:
    numbers = np.random.default_rng(1)
    true = stats.expon.ppf(0.95) * 1e9
    held = 0
    for _ in range(400):
        values = np.sort((numbers.exponential(size=300) * 1e9).astype(np.int64))
        found = quantiles.quantile_interval(values, 95, 100)
        held += found is not None and found.holds(true)
    assert 0.93 * 400 <= held < 400


@pytest.mark.parametrize(("found", "count"), [(0, 100), (1, 100), (10, 1000), (100, 100), (3, 7)])
def test_the_interval_of_a_share_is_clopper_and_pearsons(found: int, count: int) -> None:
    said = quantiles.share_interval(found, count)
    exact = stats.binomtest(found, count).proportion_ci(0.95, "exact")
    assert said == pytest.approx((exact.low, exact.high))
    assert quantiles.share_interval(0, 0) is None


def test_batches_make_the_interval_of_a_correlated_mean_honest() -> None:
    """An AR(1) process of 0.95: the naive interval is 6 times too narrow."""
    numbers = np.random.default_rng(2)
    held = naive_held = 0
    for _ in range(200):
        noise = numbers.normal(size=8000)
        values = np.empty(8000)
        values[0] = noise[0] / (1 - 0.95**2) ** 0.5
        for at in range(1, 8000):
            values[at] = 0.95 * values[at - 1] + noise[at]
        found = quantiles.mean_of_batches(values)
        assert found is not None
        held += found.holds(0.0)
        naive_held += abs(values.mean()) < 1.96 * values.std() / 8000**0.5
    assert held >= 180
    assert naive_held < 100
    assert quantiles.mean_of_batches(np.zeros(39)) is None
