"""A computed series is compared point by point with the published one."""

from __future__ import annotations

import pytest

from corridor.experiments.replays.document import Computed, compare_series, is_cut
from corridor.experiments.replays.outages import outage, shipped

SERIES = shipped().series[0]
OUTAGE = outage("smw5-2026-07")


def compared(model):
    return compare_series(SERIES, OUTAGE, model)


def test_a_model_that_repeats_the_series_has_no_error():
    known = {SERIES.middle_of(at): at for at in range(len(SERIES.rtt_ms))}
    found = compared(lambda at: Computed(SERIES.rtt_ms[known[at]], SERIES.loss_percent[known[at]]))
    assert found.rtt_ms.worst == found.loss_percent.worst == found.rtt_rise_ms.worst == 0


def test_a_model_without_an_outage_misses_the_peak_and_nothing_else():
    found = compared(lambda at: Computed(176.4, 1.5))
    assert found.rtt_ms.worst == pytest.approx(147.5)
    assert found.rtt_ms.worst_at == "2026-07-02T16:30Z"
    assert found.rtt_ms.median < 2
    assert found.loss_percent.worst == pytest.approx(24.1)


def test_another_baseline_is_no_error_of_the_rise():
    found = compared(lambda at: Computed(100, 0))
    assert found.rtt_ms.median > 70
    assert found.rtt_rise_ms.median < 2
    assert found.rtt_rise_cut_ms.worst == found.rtt_rise_ms.worst


def test_intervals_of_the_outage_are_those_between_begin_and_end():
    cut = [one for one in compared(lambda at: Computed(1, 1)).points if one.cut]
    assert (cut[0].at, cut[-1].at) == ("2026-07-01T13:30Z", "2026-07-02T22:30Z")
    assert not is_cut(OUTAGE, OUTAGE.began.replace(year=2020))
