"""Intervals over runs: they cover what they promise, and pairing narrows them."""

import numpy as np
import pytest

from corridor.experiments.study.intervals import difference, estimate

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
    assert difference([1.0] * 4, [2.0] * 4).within is None


def test_runs_that_are_all_the_same_have_an_interval_of_no_width():
    found = estimate([25.132544] * 6)
    assert found.mean_within == (25.132544, 25.132544)
    assert found.spread == pytest.approx(0)
    assert difference([1.0] * 6, [3.0] * 6).within == (2.0, 2.0)


def test_seeds_as_blocks_make_the_interval_of_a_difference_narrower():
    random = np.random.default_rng(3)
    weather = random.normal(100, 20, 12)
    one = weather + random.normal(0, 1, 12)
    other = weather + 5 + random.normal(0, 1, 12)
    found = difference(one, other)
    width = found.within.high - found.within.low
    assert found.within.holds(5)
    assert 3 * width < found.unpaired_within.high - found.unpaired_within.low
    assert 0 < found.greater < 1


def test_the_same_values_give_the_same_interval():
    values = [1.0, 4.0, 2.0, 8.0, 5.0]
    assert estimate(values) == estimate(list(values))


def test_delta_is_one_where_every_run_is_above_every_other():
    assert difference([1.0, 2.0], [3.0, 4.0]).greater == 1
    assert difference([3.0, 4.0], [1.0, 2.0]).greater == -1
    assert difference([1.0, 2.0], [1.0, 2.0]).greater == 0
