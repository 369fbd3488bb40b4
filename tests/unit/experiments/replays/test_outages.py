"""The shipped outages: dated, sourced, and read with the line of a mistake."""

from __future__ import annotations

import re

import pytest

from corridor.experiments.replays.outages import FILE, moment, outage, read_outages, shipped
from corridor.topologies.base.documents import parse_document
from corridor.topologies.base.errors import InputError

TEXT = FILE.read_text(encoding="utf-8")


def test_at_least_ten_dated_outages_ship_with_their_sources():
    known = shipped()
    assert len(known.outages) >= 15
    assert {one.began.year for one in known.outages.values()} >= {
        2006,
        2008,
        2013,
        2024,
        2025,
        2026,
    }
    figures = [each for one in known.outages.values() for each in one.published]
    assert len(figures) > 40
    assert all(source in known.sources for each in figures for source in each.sources)


def test_what_may_not_judge_the_model_says_why():
    for one in shipped().outages.values():
        for each in one.published:
            assert each.because or (each.use == "check" and not each.input), (one.id, each.id)


def test_the_series_has_the_headline_values_that_were_published():
    zcom, ptcl = shipped().series
    second_of_july = slice(32, 40)
    assert sum(zcom.rtt_ms[second_of_july]) / 8 == pytest.approx(211.2, abs=0.05)
    assert max(zcom.rtt_ms) == 323.9
    assert sum(zcom.loss_percent[second_of_july]) / 8 == pytest.approx(7.3, abs=0.05)
    assert len(ptcl.rtt_ms) == len(zcom.rtt_ms) == 56
    assert max(ptcl.rtt_ms) == 182.2


def test_times_are_days_or_minutes_in_utc():
    assert moment("2025-09-06T05:45Z") > moment("2025-09-06") > moment("2025-09")
    with pytest.raises(ValueError, match="is not a time"):
        moment("6 September")


def test_a_bad_name_is_one_line_with_the_nearest_or_all():
    with pytest.raises(InputError, match=r"(?s)no outage is called.*did you mean"):
        outage("redsea-2025")
    with pytest.raises(InputError, match=r"(?s)no outage is called.*aae1-2025-01"):
        outage("x")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("source: prof25", "source: prof26", 'no source is called "prof26"'),
        ("begin: 2025-01-02", "begin: 2 January", "is not a time"),
        ("measure: shortfall", "measure: gap", "measure"),
        (
            "tolerance: [200, 700], unit: Gbit/s",
            "tolerance: [200, 700]",
            "give a value with its unit",
        ),
        ('use: remark, because: "machine-written digest"}', "use: remark}", "has a because"),
        ("- outage: smw5-2026-07", "- outage: smw5-2026-08", "not listed"),
        ("id: aae1-2025-01", "id: redsea-2025-09", "same id"),
        ("rtt_ms: [", "rtt_ms: [1,", "one value for each interval"),
    ],
)
def test_a_mistake_in_the_file_is_reported_with_its_line(old, new, complaint):
    assert old in TEXT
    broken = parse_document(TEXT.replace(old, new, 1), "outages.yaml")
    with pytest.raises(InputError, match=rf"outages.yaml:\d+.*{re.escape(complaint)}"):
        read_outages(broken)
