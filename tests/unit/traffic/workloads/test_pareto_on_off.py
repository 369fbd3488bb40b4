"""Bursts and pauses have Pareto lengths, and the mean gap is the interval that is asked for."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from pydantic import ValidationError

from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.arrivals import Arrival, period_ns, send_times
from kinds_lab import arrival_of

MS = 1_000_000
INTERVAL_NS = 20 * MS
OF_SEED_1 = [15_863_733, 42_764_193, 61_312_884, 65_312_884, 100_063_880, 128_455_986]


def on_off(shape: float, on_ns: int, off_ns: int) -> Arrival:
    return {"pareto_on_off": {"shape": shape, "mean_on": on_ns, "mean_off": off_ns}}


def dispersion(times: list[int], window_ns: int) -> float:
    """The variance of the counts in windows, by their mean: 1 for Poisson arrivals."""
    counts = Counter(time // window_ns for time in times)
    windows = times[-1] // window_ns
    mean = sum(counts[window] for window in range(windows)) / windows
    return sum((counts[window] - mean) ** 2 for window in range(windows)) / windows / mean


def test_times_of_seed_1_are_these() -> None:
    times = send_times(on_off(1.5, 10 * MS, 40 * MS), 7, INTERVAL_NS, 6, seed=1)
    assert times == OF_SEED_1


def test_packets_of_a_burst_are_equally_spaced_and_pauses_only_add_to_that() -> None:
    times = send_times(on_off(1.5, 200 * MS, 800 * MS), 0, INTERVAL_NS, 2000, seed=1)
    gaps = Counter(after - before for before, after in pairwise(times))
    assert min(gaps) == 4 * MS
    assert 0.9 < gaps[4 * MS] / 1999 < 1


def test_spacing_is_exact_where_it_is_no_whole_number_of_nanoseconds() -> None:
    times = send_times(on_off(1.5, 3600 * 1000 * MS, MS), 0, 10, 1000, seed=2)
    assert times[-1] - times[0] in (9989, 9990)


@pytest.mark.parametrize(("on_ms", "off_ms"), [(100, 400), (400, 100), (1, 1)])
def test_the_mean_gap_is_the_interval_also_where_a_burst_has_no_room_for_two(
    on_ms: int, off_ms: int
) -> None:
    times = send_times(on_off(2.5, on_ms * MS, off_ms * MS), 0, INTERVAL_NS, 100_000, seed=7)
    assert times[-1] / 100_000 == pytest.approx(INTERVAL_NS, rel=0.03)


def test_counts_vary_far_more_than_those_of_poisson_arrivals_the_more_in_longer_windows() -> None:
    bursts = send_times(on_off(1.5, 200 * MS, 800 * MS), 0, INTERVAL_NS, 50_000, seed=7)
    poisson = send_times("poisson", 0, INTERVAL_NS, 50_000, seed=7)
    windows = [count * INTERVAL_NS for count in (10, 100, 1000)]
    assert all(dispersion(poisson, window) == pytest.approx(1, abs=0.3) for window in windows)
    ours = [dispersion(bursts, window) for window in windows]
    assert ours == sorted(ours)
    assert ours[0] > 10


def test_periods_have_the_least_length_the_mean_and_the_tail_of_pareto() -> None:
    numbers = SplitMix64(3)
    periods = [period_ns(3 * MS, 3.0, numbers) for _ in range(40_000)]
    assert 2 * MS <= min(periods) < 2.001 * MS
    assert sum(periods) / 40_000 == pytest.approx(3 * MS, rel=0.02)
    assert sum(period > 4 * MS for period in periods) / 40_000 == pytest.approx(2**-3, abs=0.01)


def test_demands_start_in_a_burst_as_often_as_they_are_in_one() -> None:
    starts = [
        send_times(on_off(1.5, 200 * MS, 800 * MS), 0, INTERVAL_NS, 1, seed)[0]
        for seed in range(2000)
    ]
    assert sum(start < 4 * MS for start in starts) / 2000 == pytest.approx(0.2, abs=0.03)
    assert len(set(starts)) == 2000


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("shape: 1, mean_on: 1s, mean_off: 1s", "shape must be more than 1"),
        ("mean_on: 0ms, mean_off: 1s", "mean_on must be more than 0ns"),
        ("mean_on: 1s, mean_off: 29us", "mean_off and shape allow periods of 9.67us"),
        ("shape: 1.000001, mean_on: 1s, mean_off: 1s", "mean_on and shape allow periods of 1us"),
    ],
)
def test_what_has_no_mean_or_too_short_periods_is_refused(options: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        arrival_of(f"{{pareto_on_off: {{{options}}}}}")
