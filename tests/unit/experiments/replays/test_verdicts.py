"""A verdict states what the interval allows, and it can be a bad one."""

from __future__ import annotations

import pytest

from corridor.experiments.replays.outages import Range
from corridor.experiments.replays.verdicts import interval_of, judge, median_error, tolerated


@pytest.mark.parametrize(
    ("published", "computed", "samples", "verdict", "off"),
    [
        ((400, 400), 380, (300, 500), "within", -20),
        ((400, 400), 380, (390, 390), "within", -20),  # 400 is printed: 390 to 410
        ((400, 400), 380, (385, 385), "off", -20),
        ((400, 400), 900, (700, 1000), "off", 500),
        ((190, 300), 250, (), "within", 0),
        ((190, 300), 350, (310, 360), "off", 50),
        ((190, 300), 350, (280, 360), "within", 50),
        ((0, 0), 0, (0, 0, 3), "within", 0),
        ((0, 0), 0.4, (), "off", 0.4),  # near zero is not zero
        ((0, 0), 30, (20, 40), "off", 30),
    ],
)
def test_a_figure_is_within_the_interval_or_off_by_a_number(
    published, computed, samples, verdict, off
):
    found = judge(Range(*published), computed, samples)
    assert (found.verdict, found.off) == (verdict, off)


def test_the_error_is_a_share_of_what_was_published():
    assert judge(Range(400, 400), 500).error == pytest.approx(0.25)
    assert judge(Range(0, 0), 5).error is None


def test_what_cannot_be_computed_or_was_not_published_is_no_agreement():
    assert judge(Range(1, 1), None, (1, 1)).verdict == "not-computed"
    assert judge(None, 5, (5, 6)).verdict == "not-published"


def test_agreement_is_the_share_of_samples_that_answer_as_the_best_estimate_does():
    published = Range(400, 400)
    assert judge(published, 410, (300, 350, 450, 501)).agreement == pytest.approx(0.75)
    assert judge(published, 900, (700, 800, 450)).agreement == pytest.approx(2 / 3)
    assert judge(published, 410).agreement is None
    assert judge(None, 0.0, (0, 0, 30, 0)).agreement == pytest.approx(0.75)


def test_a_tolerance_of_the_figure_replaces_a_quarter():
    assert tolerated(Range(400, 400)) == (300, 500)
    assert judge(Range(400, 400), 290, (260, 270), Range(200, 700)).agreement == 1


def test_an_interval_has_nine_tenths_of_the_samples():
    assert interval_of([*range(101)]) == (5, 95)
    assert interval_of([]) is None
    lone = judge(Range(100, 100), 50, [*range(50, 90), 1000])
    assert lone.verdict == "off", "a single sample far away is no interval"


def test_the_median_leaves_out_what_has_no_error():
    assert median_error([None, 0.1, 0.4, 0.2]) == pytest.approx(0.2)
    assert median_error([None]) is None
