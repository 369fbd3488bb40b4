"""Waiting times against published values, limits, and Lindley's recursion on drawn arrivals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.benchmarks import theory_of_waiting as waiting
from tests.benchmarks.theory_of_waiting import Offered, conserved_s, priority_means_s

LOADS = st.floats(0.05, 0.95)


def lindley(gaps: np.ndarray, services: np.ndarray) -> np.ndarray:
    """W' = max(0, W + S - A): waits of all but the first (Lindley, 1952)."""
    steps = services[:-1] - gaps[1:]
    walk = np.concatenate(([0.0], np.cumsum(steps)))
    waits: np.ndarray = walk - np.minimum.accumulate(walk)
    return waits


def simulated(load: float, services: np.ndarray, seed: int) -> np.ndarray:
    numbers = np.random.default_rng(seed)
    return lindley(numbers.exponential(services.mean() / load, len(services)), services)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_md1_agrees_with_lindley(load: float) -> None:
    waits = simulated(load, np.ones(4_000_000), 1)
    assert waits.mean() == pytest.approx(waiting.md1_mean_s(load, 1.0), rel=0.03)
    for within in (0.0, 0.5, 1.7, 4.0):
        share = waiting.md1_share_within(load, 1.0, within)
        assert (waits <= within + 1e-9).mean() == pytest.approx(share, abs=0.004)
    p99 = waiting.md1_quantile_s(load, 1.0, 0.99)
    assert np.quantile(waits, 0.99) == pytest.approx(p99, rel=0.05)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_mm1_agrees_with_lindley(load: float) -> None:
    waits = simulated(load, np.random.default_rng(5).exponential(size=4_000_000), 2)
    assert waits.mean() == pytest.approx(waiting.mm1_mean_s(load, 1.0), rel=0.05)
    p95 = waiting.mm1_quantile_s(load, 1.0, 0.95)
    assert np.quantile(waits, 0.95) == pytest.approx(p95, rel=0.05)


def test_mg1_agrees_with_lindley_on_lognormal_sizes() -> None:
    sigma = 0.8
    services = np.random.default_rng(6).lognormal(-(sigma**2) / 2, sigma, 4_000_000)
    cv = (np.exp(sigma**2) - 1) ** 0.5
    waits = simulated(0.6, services, 3)
    assert waits.mean() == pytest.approx(waiting.mg1_mean_s(0.6, 1.0, cv), rel=0.05)


@pytest.mark.parametrize(
    ("load", "none", "one"), [(0.5, 0.5, 0.32436), (0.9, 0.1, 0.1 * (np.exp(0.9) - 1))]
)
def test_the_numbers_in_an_md1_queue_are_those_of_the_books(
    load: float, none: float, one: float
) -> None:
    found = waiting.md1_numbers(load, 400)
    assert found[:2] == pytest.approx([none, one], rel=1e-4)
    assert sum(found) == pytest.approx(1.0)
    mean = sum(n * p for n, p in enumerate(found))
    assert mean == pytest.approx(load + load**2 / (2 * (1 - load)), rel=1e-6)


@given(LOADS, st.floats(0.0, 0.999))
def test_quantiles_and_shares_are_inverses(load: float, share: float) -> None:
    for quantile, within in (
        (waiting.md1_quantile_s, waiting.md1_share_within),
        (waiting.mm1_quantile_s, waiting.mm1_share_within),
    ):
        found = quantile(load, 2.0, share)
        assert found >= 0
        assert within(load, 2.0, found) >= share - 1e-9
        if found > 0:
            assert within(load, 2.0, found * 0.999 - 1e-5) <= share


@given(LOADS, st.floats(0.0, 3.0))
def test_waiting_grows_with_load_and_with_variation(load: float, cv: float) -> None:
    here = waiting.mg1_mean_s(load, 1.0, cv)
    assert waiting.mg1_mean_s(load + 0.01, 1.0, cv) > here
    assert waiting.mg1_mean_s(load, 1.0, cv + 0.1) > here
    assert waiting.mg1_mean_s(0.0, 1.0, cv) == 0.0
    assert waiting.md1_mean_s(load, 1.0) * 2 == pytest.approx(waiting.mm1_mean_s(load, 1.0))


@given(LOADS)
def test_nobody_waits_in_as_many_cases_as_the_server_is_idle(load: float) -> None:
    assert waiting.md1_share_within(load, 1.0, 0.0) == pytest.approx(1 - load)
    assert waiting.md1_quantile_s(load, 1.0, (1 - load) / 2) == 0.0


def test_a_full_queue_has_no_steady_state() -> None:
    with pytest.raises(ValueError, match="a load of 1 has no steady state"):
        waiting.md1_mean_s(1.0, 1.0)


@given(st.lists(st.tuples(st.floats(0.01, 0.3), st.floats(0.1, 5.0)), min_size=1, max_size=3))
def test_priorities_shift_waiting_and_keep_its_sum(drawn: list[tuple[float, float]]) -> None:
    classes = [Offered(load, service_s, 1.0) for load, service_s in drawn]
    means = priority_means_s(classes)
    assert means == sorted(means)
    everything = sum(one.load for one in classes)
    residual = sum(one.load * one.service_s for one in classes)
    fifo = residual / (1 - everything)
    assert conserved_s(classes, means) == pytest.approx(everything * fifo)


def test_one_class_alone_waits_as_in_mg1() -> None:
    (mean,) = priority_means_s([Offered(0.6, 2.0, 0.5)])
    assert mean == pytest.approx(waiting.mg1_mean_s(0.6, 2.0, 0.5))


def test_two_classes_wait_as_a_simulated_server_lets_them() -> None:
    """Non-preemptive, the higher class first, constant services of 1."""
    numbers = np.random.default_rng(8)
    count = 100_000
    arrive = [np.cumsum(numbers.exponential(1 / load, count)) for load in (0.3, 0.5)]
    at, waits, now = [0, 0], [[], []], 0.0
    while at[0] < count and at[1] < count:
        ready = [arrive[k][at[k]] <= now for k in (0, 1)]
        if not any(ready):
            now = min(arrive[k][at[k]] for k in (0, 1))
            continue
        k = 0 if ready[0] else 1
        waits[k].append(now - arrive[k][at[k]])
        at[k] += 1
        now += 1.0
    theory = priority_means_s([Offered(0.3, 1.0), Offered(0.5, 1.0)])
    assert np.mean(waits[0]) == pytest.approx(theory[0], rel=0.03)
    assert np.mean(waits[1]) == pytest.approx(theory[1], rel=0.06)
