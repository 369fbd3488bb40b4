"""Intervals over runs: they cover what they promise, and pairing narrows them."""

import numpy as np
import pytest
from tests.benchmarks import coverage

from corridor.experiments.study.intervals import difference, estimate, unpaired

TRIALS = 400


@pytest.mark.parametrize(
    ("name", "draw", "mean"),
    [
        ("normal", lambda random, count: random.normal(5, 1, count), 5.0),
        ("exponential", lambda random, count: random.exponential(1, count), 1.0),
    ],
)
@pytest.mark.parametrize("count", [5, 12])
def test_the_interval_of_a_mean_covers_it_as_often_as_it_says(name, draw, mean, count):
    random = np.random.default_rng(7)
    found = [estimate(draw(random, count)).mean_within for _ in range(TRIALS)]
    covered = sum(one is not None and one.holds(mean) for one in found) / TRIALS
    assert 0.90 <= covered <= 0.985, name


def test_fewer_than_five_runs_tell_no_interval():
    assert estimate([1.0, 2.0, 3.0, 4.0]).mean_within is None
    few = difference([1.0] * 4, [2.0] * 4)
    assert (few.within, few.narrower) == (None, None)


def test_runs_that_are_all_the_same_are_called_so_and_have_no_interval():
    found = estimate([25.132544] * 6)
    assert (found.is_same, found.mean_within) == (True, None)
    assert found.spread == pytest.approx(0)
    apart = difference([1.0] * 6, [3.0] * 6)
    assert (apart.is_same, apart.within, apart.mean) == (True, None, 2.0)
    assert not estimate([1.0]).is_same


@pytest.mark.parametrize("values", [[0, 0, 0, 0, 1], [0] * 9 + [1], [3, 3, 3, 3, 3, 4]])
def test_counts_that_are_nearly_all_alike_tell_no_interval(values):
    assert estimate(values).mean_within is None


@pytest.mark.parametrize(("mean", "count"), [(0.3, 6), (1.0, 5), (2.0, 8), (5.0, 6)])
def test_an_interval_of_counts_that_is_told_covers_their_mean(mean, count):
    random = np.random.default_rng(5)
    found = [estimate(random.poisson(mean, count)).mean_within for _ in range(TRIALS)]
    told = [one for one in found if one is not None]
    missed = sum(not one.holds(mean) for one in told)
    assert missed / TRIALS <= 0.10


def test_seeds_as_blocks_make_the_interval_of_a_difference_narrower():
    random = np.random.default_rng(3)
    weather = random.normal(100, 20, 12)
    one = weather + random.normal(0, 1, 12)
    other = weather + 5 + random.normal(0, 1, 12)
    found = difference(one, other)
    width = found.within.high - found.within.low
    assert found.within.holds(5)
    apart = found.unpaired_within.high - found.unpaired_within.low
    assert found.narrower == pytest.approx(apart / width)
    assert found.narrower > 3
    assert 0 < found.greater < 1


def test_quartiles_over_runs_lie_between_two_of_the_values_as_often_as_they_say():
    random = np.random.default_rng(11)
    found = [estimate(random.exponential(1, 20)) for _ in range(TRIALS)]
    for name, truth in (("lower", -np.log(0.75)), ("upper", -np.log(0.25))):
        within = [getattr(one, f"{name}_quartile_within") for one in found]
        assert sum(one.holds(truth) for one in within) / TRIALS >= 0.93
    few = estimate([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert (few.lower_quartile, few.lower_quartile_within) == (2.25, None)


def test_the_same_values_give_the_same_interval():
    values = [1.0, 4.0, 2.0, 8.0, 5.0]
    assert estimate(values) == estimate(list(values))


def test_delta_is_one_where_every_run_is_above_every_other():
    assert difference([1.0, 2.0], [3.0, 4.0]).greater == 1
    assert difference([3.0, 4.0], [1.0, 2.0]).greater == -1
    assert difference([1.0, 2.0], [1.0, 2.0]).greater == 0


def test_intervals_hold_the_mean_wait_of_a_queue_as_often_as_they_say():
    found = coverage.of_means(5, 200)
    assert 0.92 <= found.share <= 0.98
    assert found.width < 1, "they are no wider than they need to be"


def test_common_seeds_make_a_difference_surer_and_still_hold_it():
    paired, apart = coverage.of_differences(10, 30)
    assert paired.within_chance
    assert apart.width > 2.5 * paired.width


def test_runs_of_other_seeds_have_no_blocks_and_the_wider_interval():
    one, other = [1.0, 5.0, 3.0, 9.0, 7.0], [2.0, 6.0, 4.0, 10.0, 8.0, 7.0]
    found = unpaired(one, other)
    assert found.blocks == 0
    assert found.mean == pytest.approx(37 / 6 - 5)
    assert found.within == found.unpaired_within is not None
    assert found.within.holds(found.mean)
