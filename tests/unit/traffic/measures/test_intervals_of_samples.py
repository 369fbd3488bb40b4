"""What a sample carries: exact intervals of quantiles and shares, and no more than that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.benchmarks import run_coverage
from tests.benchmarks.mm1 import mean_of_batches
from tests.benchmarks.run_coverage import METHODS, QUEUES, coverage

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
    said = quantiles.exact_share(found, count)
    exact = stats.binomtest(found, count).proportion_ci(0.95, "exact")
    assert said == pytest.approx((exact.low, exact.high))
    assert quantiles.share_interval(np.zeros(0, np.bool_)) is None
    assert quantiles.share_interval(np.zeros(100, np.bool_)) == quantiles.exact_share(0, 100)


@pytest.mark.parametrize(("queue", "load"), [("M/D/1", 0.6), ("M/G/1", 0.6), ("on-off", 0.3)])
def test_intervals_of_packets_that_wait_hold_the_truth(queue: str, load: float) -> None:
    truth = run_coverage.truth_ns(QUEUES[queue], load, 400_000)
    methods = {name: METHODS[name] for name in ("independent", "product")}
    found = coverage(QUEUES[queue], load, methods, runs=60, truth=truth)
    for name in ("p50", "p95"):
        one = found["product", name]
        assert one.given >= 25, (name, one)
        assert one.missed <= 0.1 * one.runs, (name, one)
    if load == 0.6:
        assert found["independent", "p95"].missed >= 20, "of 60: values are correlated"


@pytest.mark.parametrize("queue", ["M/D/1", "M/G/1", "on-off"])
def test_a_short_sample_of_a_full_queue_has_no_interval(queue: str) -> None:
    truth = run_coverage.truth_ns(QUEUES[queue], 0.9, 400_000)
    found = coverage(QUEUES[queue], 0.9, {"product": METHODS["product"]}, runs=40, truth=truth)
    assert sum(one.given for one in found.values()) <= 1


def test_a_sample_without_an_interval_says_over_what_time_it_is_correlated() -> None:
    numbers = np.random.default_rng(5)
    values = np.round(np.cumsum(numbers.normal(size=1000)) * 1e6).astype(np.int64)
    found = quantiles.intervals(values, 20_000_000_000)
    assert found.found == {"p50": None, "p95": None, "p99": None}
    assert found.missing == ["p50", "p95", "p99"]
    assert 1e9 < found.correlated_ns < 20e9, "a walk of 20 s"


@pytest.mark.parametrize("count", [20, 100, 1000])
def test_a_constant_round_trip_is_its_own_interval(count: int) -> None:
    found = quantiles.intervals(np.full(count, 31_000_000), 2_000_000_000)
    assert found.missing == []
    assert found.found["p50"] == (31_000_000, 31_000_000)


def test_two_alternating_round_trips_are_no_correlation_to_be_waited_for() -> None:
    values = np.tile(np.array([31_000_000, 31_000_256]), 50)
    assert quantiles.intervals(values, 2_000_000_000).found["p50"] == (31_000_000, 31_000_256)


def test_independent_values_keep_their_intervals() -> None:
    numbers = np.random.default_rng(3)
    held = widths = 0.0
    for _ in range(200):
        values = (numbers.exponential(size=1000) * 1e9).astype(np.int64)
        found = quantiles.intervals(values, 1_000_000_000).found["p50"]
        exact = quantiles.quantile_interval(np.sort(values), 50, 100)
        assert found is not None
        assert exact is not None
        held += found.holds(stats.expon.ppf(0.5) * 1e9)
        widths += (found.high - found.low) / (exact.high - exact.low)
    assert held >= 190
    assert widths / 200 < 1.4, "the price of not knowing that they are independent"


def test_losses_of_one_outage_are_no_share_of_chance() -> None:
    lost = np.zeros(3000, np.bool_)
    lost[1000:1300] = True
    assert quantiles.share_interval(lost) is None
    scattered = np.random.default_rng(4).random(3000) < 0.1
    found, exact = quantiles.share_interval(scattered), quantiles.exact_share(300, 3000)
    assert found is not None
    assert found.holds(0.1)
    assert found.high - found.low < 1.5 * (exact.high - exact.low)


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
        found = mean_of_batches(values)
        assert found is not None
        held += found.holds(0.0)
        naive_held += abs(values.mean()) < 1.96 * values.std() / 8000**0.5
    assert held >= 180
    assert naive_held < 100
    assert mean_of_batches(np.zeros(39)) is None
