"""Loss bursts (RFC 3357), packet delay variation (RFC 5481), completion and fairness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.measures.metrics import goodput_bps, jain, met
from corridor.traffic.measures.sampling import ipdv, loss_pattern, lost_of


def flags(text: str) -> np.ndarray:
    return np.array([one == "x" for one in text], bool)


def test_losses_in_a_row_are_one_period_and_gaps_are_packets_that_came() -> None:
    found = loss_pattern(flags(".xx..x.....xxx"))
    assert (found.sent, found.lost, found.periods, found.longest) == (14, 6, 3, 3)
    assert (found.mean_burst, found.least_gap, found.mean_gap) == (2.0, 2, 3.5)
    assert found.noticeable == 1.0


def test_without_losses_there_is_no_pattern() -> None:
    found = loss_pattern(flags("...."))
    assert (found.periods, found.longest, found.mean_burst, found.least_gap) == (0, 0, None, None)
    assert loss_pattern(flags("")).sent == 0


def test_losses_far_apart_are_not_noticeable() -> None:
    assert loss_pattern(flags("x" + "." * 99 + "x" + "." * 98 + "x")).noticeable == 0.5


@given(st.lists(st.booleans(), max_size=200))
def test_runs_add_up_to_the_losses(lost: list[bool]) -> None:
    found = loss_pattern(np.array(lost, bool))
    assert found.lost == sum(lost)
    if found.mean_burst is not None:
        assert found.mean_burst * found.periods == pytest.approx(found.lost)
        assert found.mean_burst <= found.longest


def test_independent_losses_have_bursts_of_one_over_one_less_the_loss() -> None:
    lost = np.random.default_rng(3).random(200_000) < 0.2
    assert loss_pattern(lost).mean_burst == pytest.approx(1.25, abs=0.01)


def test_what_arrived_twice_or_is_of_nobody_is_not_lost() -> None:
    assert lost_of(np.array([0, 2, 2, 9, -1]), 4).tolist() == [False, True, False, True]


def test_variation_is_between_neighbours_that_both_came() -> None:
    found = ipdv(np.array([3, 0, 1, 6, 5]), np.array([30, 10, 14, 50, 60]))
    assert found.tolist() == [4, -10], "0 to 1, and 5 to 6; 2 and 4 are not known"


def test_fairness_is_one_of_equals_and_one_over_n_of_one_who_has_all() -> None:
    assert jain([3.0, 3.0, 3.0]) == pytest.approx(1.0)
    assert jain([1.0, 0.0, 0.0, 0.0]) == pytest.approx(0.25)
    assert jain([2.0, 1.0]) == pytest.approx(0.9)
    assert jain([]) is None
    assert jain([0.0, 0.0]) is None


def test_a_deadline_counts_from_the_intended_start() -> None:
    assert met(5, 15, 10) is True
    assert met(5, 16, 10) is False
    assert met(5, None, 10) is False, "what is not over has missed it"
    assert met(5, 16, None) is None
    assert goodput_bps(1000, 0, 1_000_000) == pytest.approx(8e6)
    assert goodput_bps(1000, 5, 5) is None
