"""Gamma arrivals: the mean and the variation that are asked for, in bursts or evenly."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, pstdev

import pytest

from corridor.traffic.workloads.arrivals import send_times

MEAN_NS = 20_000_000


def gaps(cv: float, count: int = 40_000) -> list[int]:
    times = send_times({"gamma": {"cv": cv}}, 0, MEAN_NS, count, seed=3)
    return [later - sooner for sooner, later in pairwise([0, *times])]


@pytest.mark.parametrize(("cv", "within"), [(0.3, 0.02), (1.0, 0.02), (1.2, 0.03), (4.0, 0.1)])
def test_gaps_have_the_mean_and_the_variation_that_are_asked_for(cv, within):
    found = gaps(cv)
    assert fmean(found) == pytest.approx(MEAN_NS, rel=within)
    assert pstdev(found) / fmean(found) == pytest.approx(cv, rel=within)


def test_at_a_variation_of_one_gaps_are_exponential():
    beyond = sum(gap > 2 * MEAN_NS for gap in gaps(1.0)) / 40_000
    assert beyond == pytest.approx(0.1353, abs=0.01)


def test_bursts_of_great_variation_stay_within_what_a_float_holds():
    found = gaps(13.15)
    assert min(found) >= 0
    assert sorted(found)[20_000] < MEAN_NS / 1000
    assert max(found) > 100 * MEAN_NS
