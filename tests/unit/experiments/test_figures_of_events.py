"""Figures of events: the most affected demands, predictions and their times, lengths of outages."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import handmade_run
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import Level, Outage, Span
from corridor.experiments.atlas.flags import MAX_LANES, flags
from corridor.experiments.figures import draw_figures
from corridor.experiments.figures.outages import outages
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.figures.timeline import timeline
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.results.summary import DemandSummary, EventSummary, HitSummary
from corridor.topologies.base.codec import to_plain
from corridor.traffic.measures.samples import PROBE_DTYPE
from drawn_texts import assert_apart, assert_legible, visible_texts
from typed_summary import made, typed


def hit(demand: str = "near", **changes: Any) -> HitSummary:
    usual = {
        "expected": True,
        "lost": 0,
        "out_ms": 0.0,
        "expected_out_ms": 0.0,
        "over_ms": 0.0,
        "rtt_before_ms": 10.0,
        "expected_rtt_before_ms": 10.0,
        "rtt_then_ms": 10.0,
        "expected_rtt_then_ms": 10.0,
        "path_then": [],
    }
    return made(HitSummary, {"demand": demand, **usual, **changes})


def event(kind: str, what: str, at_ms: float, until_ms: float | None, *hits: HitSummary) -> Any:
    plain = {
        "id": f"{kind}-{what}",
        "kind": kind,
        "what": what,
        "options": {},
        "at_ms": at_ms,
        "until_ms": until_ms,
        "back_ms": None,
        "refused": None,
        "hits": [to_plain(one) for one in hits],
    }
    return made(EventSummary, plain)


LASTING = {"expected_out_ms": None, "expected_rtt_then_ms": None}
CUT = event(
    *("cut", "one", 20.0, 60.0),
    hit(out_ms=30.0, expected_out_ms=20.0, rtt_then_ms=15.0, expected_rtt_then_ms=14.0),
    hit("far", out_ms=20.0, expected_out_ms=20.0),
)
PARTITION = event(
    *("partition", "CN", 80.0, 130.0),
    hit("far", out_ms=4630.0, expected_out_ms=None, expected_rtt_then_ms=None, rtt_then_ms=None),
)
DRAIN = event("drain", "two", 140.0, 150.0, hit("far", rtt_before_ms=50.0, rtt_then_ms=90.5))
DAY = event("day", "2027-07-01", 160.0, None)
ALL = [CUT, PARTITION, DRAIN, DAY]


@pytest.mark.parametrize(
    ("value_ms", "words"),
    [
        *((0, "0"), (7.5, "7.5 ms"), (130, "130 ms"), (999.4, "999 ms")),
        *((999.6, "1 s"), (4632, "4.63 s"), (999_400, "999 s"), (3_600_000, "3,600 s")),
    ],
)
def test_durations_have_three_digits(value_ms: float, words: str) -> None:
    assert event_data.duration(value_ms) == words


def test_events_are_spans_of_seconds_unless_they_are_over_at_once() -> None:
    lasting = event("cut", "a-fibre-of-a-very-long-name", 10.0, None)
    assert event_data.spans([CUT, DAY, lasting], 0.2) == [
        Span("cut one", 0.02, 0.06, hits=True),
        Span("day 2027-07-01", 0.16, None, hits=False),
        Span("cut a-fibre-of-a-very-long-…", 0.01, 0.2, hits=False),
    ]


def test_shades_are_two_whatever_many_events_last() -> None:
    found = [Span("", 0, 4, hits=True), Span("", 1, 3, hits=True), Span("", 2, 3, hits=True)]
    found += [Span("", 5, None, hits=True), Span("", 6, 7, hits=True)]
    assert event_data.shades(found) == [
        (0, 1, False),
        (1, 2, True),
        (2, 3, True),
        (3, 4, False),
        (6, 7, False),
    ]


def test_those_out_for_longest_come_first_then_those_whose_rtt_changed_most() -> None:
    hits = [
        hit("still"),
        hit("slow", rtt_then_ms=30.0),
        hit("slower", rtt_then_ms=40.0),
        hit("out", out_ms=10.0),
        hit("silent", rtt_then_ms=None, out_ms=20.0),
    ]
    found = event_data.hardest_hit([event("cut", "one", 0, 1, *hits), CUT])
    assert found == ["near", "silent", "far", "out", "slower", "slow"]
    assert event_data.hardest_hit([event("cut", "one", 0, 1, *hits)], most=1) == ["silent"]
    assert event_data.hardest_hit([DAY]) == []


def test_where_none_is_hit_the_first_that_was_answered_is_shown() -> None:
    demands = [{"id": "silent", "received": 0}, {"id": "near", "received": 3}]
    about = typed({"demands": demands, "events": [to_plain(DAY)]})
    assert event_data.shown_demands(about) == [about.demands[1]]


def predicted(*events: Any, rtt_ms: float | None = 10.0, has_bfd: bool = False) -> list[Level]:
    demand = made(DemandSummary, {"id": "near", "predicted_rtt_ms": rtt_ms})
    return event_data.levels(demand, events, 1.0, has_bfd=has_bfd)


def test_a_prediction_holds_but_while_events_last() -> None:
    detour = hit(expected_rtt_then_ms=14.0)
    assert predicted() == [Level(0, 1, 10)]
    assert predicted(event("cut", "one", 200.0, 400.0, detour)) == [
        Level(0, 0.2, 10),
        Level(0.2, 0.4, 14),
        Level(0.4, 1, 10),
    ]
    assert predicted(event("cut", "one", 200.0, None, detour)) == [
        Level(0, 0.2, 10),
        Level(0.2, 1, 14),
    ]


def test_a_detour_is_predicted_until_its_fibres_are_used_again() -> None:
    cut = event("cut", "one", 200.0, 400.0, hit(expected_rtt_then_ms=14.0))
    assert predicted(replace(cut, back_ms=700.0)) == [
        Level(0, 0.2, 10),
        Level(0.2, 0.7, 14),
        Level(0.7, 1, 10),
    ]
    assert predicted(replace(cut, back_ms=1200.0)) == [Level(0, 0.2, 10), Level(0.2, 1, 14)]


def test_with_bfd_nothing_is_said_to_be_predicted_while_fibres_come_back() -> None:
    cut = event("cut", "one", 200.0, 400.0, hit(expected_rtt_then_ms=14.0))
    assert predicted(replace(cut, back_ms=700.0), has_bfd=True) == [
        Level(0, 0.2, 10),
        Level(0.2, 0.4, 14),
        Level(0.7, 1, 10),
    ]
    assert predicted(cut, has_bfd=True) == predicted(cut)


def test_what_comes_for_good_while_a_fibre_is_out_says_nothing_of_the_time_after() -> None:
    detour = hit(expected_rtt_then_ms=14.0)
    cut = replace(event("cut", "one", 200.0, 400.0, detour), back_ms=700.0)
    law = hit(expected_rtt_before_ms=14.0, expected_rtt_then_ms=18.0)
    assert predicted(cut, event("policies", "none", 500.0, None, law)) == [
        Level(0, 0.2, 10),
        Level(0.2, 0.5, 14),
        Level(0.5, 0.7, 18),
    ]


def test_what_is_to_be_out_has_no_prediction_meanwhile() -> None:
    out = hit(expected_rtt_then_ms=None)
    assert predicted(event("cut", "one", 200.0, 400.0, out)) == [
        Level(0, 0.2, 10),
        Level(0.4, 1, 10),
    ]


def test_what_is_over_at_once_holds_from_then_on() -> None:
    day = event("day", "2027-07-01", 200.0, None, hit(expected_rtt_then_ms=14.0))
    cut = event("cut", "one", 400.0, 600.0, hit(expected_rtt_before_ms=14.0))
    assert predicted(day, cut) == [
        Level(0, 0.2, 10),
        Level(0.2, 0.4, 14),
        Level(0.4, 0.6, 10),
        Level(0.6, 1, 14),
    ]


def test_between_the_ends_of_two_events_nothing_is_said_to_be_predicted() -> None:
    first = event("cut", "one", 200.0, 600.0, hit(expected_rtt_then_ms=14.0))
    second = event(
        *("cut", "two", 400.0, 800.0), hit(expected_rtt_before_ms=14.0, expected_rtt_then_ms=20.0)
    )
    assert predicted(first, second) == [
        Level(0, 0.2, 10),
        Level(0.2, 0.4, 14),
        Level(0.4, 0.6, 20),
        Level(0.8, 1, 10),
    ]


def test_hits_that_were_not_expected_change_no_prediction() -> None:
    surprise = hit(expected=False, expected_rtt_before_ms=None, expected_rtt_then_ms=None)
    assert predicted(event("cut", "one", 200.0, 400.0, surprise)) == [Level(0, 1, 10)]
    assert predicted(rtt_ms=None) == []


def probes(rtts_ms: Sequence[float | None]) -> Any:
    """Sent every 10 ms from 0 on; None is lost."""
    found = np.zeros(len(rtts_ms), PROBE_DTYPE)
    for seq, rtt_ms in enumerate(rtts_ms):
        found[seq]["seq"] = seq
        found[seq]["intended_ns"] = found[seq]["t1_ns"] = 10_000_000 * seq
        found[seq]["received"] = rtt_ms is not None
        found[seq]["t4_ns"] = found[seq]["t1_ns"] + 1_000_000 * (rtt_ms or 0)
    return found


def test_a_course_is_interrupted_where_probes_were_lost() -> None:
    course = event_data.course(probes([5, None, None, 7, 8])[::-1])
    assert course.sent_s.tolist() == pytest.approx([0, 0.03, 0.04])
    assert course.rtt_ms.tolist() == [5, 7, 8]
    assert course.lost_s.tolist() == pytest.approx([0.01, 0.02])
    sent_s, rtt_ms = event_data.broken(course)
    assert sent_s.tolist() == pytest.approx([0, 0.01, 0.02, 0.03, 0.04])
    assert np.isnan(rtt_ms).tolist() == [False, True, True, False, False]


def test_a_long_course_keeps_the_least_and_the_most() -> None:
    rtts: list[float | None] = [10.0] * 1000
    rtts[123], rtts[456] = 99.0, 1.0
    rtts += [None] * 1000
    course = event_data.course(probes(rtts), most=100)
    assert len(course.rtt_ms) <= 100
    assert len(course.lost_s) <= 100
    assert (course.rtt_ms.max(), course.rtt_ms.min()) == (99, 1)
    assert course.sent_s[course.rtt_ms.argmax()] == pytest.approx(1.23)
    assert (np.diff(course.sent_s) > 0).all()


def test_the_finding_of_a_timeline_is_who_was_out_for_longest() -> None:
    assert event_data.timeline_title(ALL) == (
        "4 events disconnected 2 demands, for up to 4.63 s (partition CN)"
    )
    alone = event("cut", "one", 0, 1, hit(out_ms=130.0))
    assert event_data.timeline_title([alone]) == (
        "1 event disconnected 1 demand, for up to 130 ms (cut one)"
    )
    assert event_data.timeline_title([DRAIN, DAY]) == (
        "2 events caused no outage; RTT changed by up to 40.5 ms (drain two)"
    )
    assert event_data.timeline_title([DAY]) == "1 event caused no outage"


def test_outages_are_those_of_events_that_had_some_or_were_to() -> None:
    spared = event("cut", "two", 170.0, 180.0, hit(expected_out_ms=15.0))
    assert event_data.outages([*ALL, spared]) == [
        Outage("cut one", "at 20 ms for 40 ms", (30.0, 20.0), 20.0, lasting=False),
        Outage("partition CN", "at 80 ms for 50 ms", (4630.0,), 50.0, lasting=True),
        Outage("cut two", "at 170 ms for 10 ms", (0.0,), 15.0, lasting=False),
    ]
    assert [one.told for one in event_data.outages([*ALL, spared])] == [
        "30 ms, predicted 20 ms",
        "4.63 s\npredicted while it lasts (50 ms)",
        "none, predicted 15 ms",
    ]


def test_an_outage_may_be_predicted_to_last_as_long_as_the_run() -> None:
    forever = event("policies", "none", 20.0, None, hit(out_ms=70.0, **LASTING))
    (outage,) = event_data.outages([forever])
    assert (outage.predicted_ms, outage.lasting) == (None, True)
    assert outage.told == "70 ms\npredicted while it lasts"
    assert event_data.outages_title([forever], {}) == (
        "No outage is longer than predicted; the longest is 70 ms (policies none)"
    )


def test_probes_lost_at_random_are_no_outage() -> None:
    rain = event("degrade", "one", 0, 1, hit(out_ms=10.0, expected_out_ms=None))
    assert event_data.outages([rain, CUT]) == event_data.outages([CUT])


def test_beyond_the_most_the_shortest_outages_are_left_out() -> None:
    most = event_data.MAX_OUTAGES
    many = [event("cut", f"f{n}", n, n + 1, hit(out_ms=float(n + 1))) for n in range(most + 5)]
    kept = event_data.longest(event_data.outages(many[::-1]))
    assert [one.out_ms[0] for one in kept] == list(range(most + 5, 5, -1))


@pytest.mark.parametrize(
    ("events", "interval_ms", "title"),
    [
        (ALL, 10.0, "Outages are up to 4.58 s longer than predicted (partition CN)"),
        ([CUT], 5.0, "Outages are up to 10 ms longer than predicted (cut one)"),
        (
            [CUT],
            10.0,
            "Outages are at most one probe interval longer than predicted, the longest 30 ms",
        ),
        (
            [event("cut", "one", 0, 1, hit(out_ms=9.0, expected_out_ms=9.0))],
            1.0,
            "No outage is longer than predicted; the longest is 9 ms (cut one)",
        ),
        (
            [event("cut", "one", 0, 1, hit(expected_out_ms=9.0))],
            1.0,
            "No outage is longer than predicted",
        ),
    ],
)
def test_the_finding_of_outages_is_how_far_they_are_beyond_their_prediction(
    events: list[Any], interval_ms: float, title: str
) -> None:
    assert event_data.outages_title(events, {"near": interval_ms, "far": interval_ms}) == title


def test_flags_overlap_nowhere_and_no_pole_crosses_a_label() -> None:
    placed = flags([0, 30, 60, 90, 300], [100] * 5, 320, [True] * 5)
    assert [flag.lane for flag in placed] == [3, 2, 1, 0, 0]
    assert [flag.left_pt for flag in placed] == [2, 32, 62, 92, 198]
    for one, other in itertools.combinations(placed, 2):
        assert not (one.lane == other.lane and one.meets(other))
        assert not one.crosses(other)


def test_flags_of_what_matters_are_the_last_to_be_left_out() -> None:
    important = [number % 3 == 0 for number in range(3 * MAX_LANES)]
    placed = flags([10.0] * len(important), [100] * len(important), 320, important)
    assert [flag.number for flag in placed] == [n for n, one in enumerate(important) if one]
    assert sorted(flag.lane for flag in placed) == list(range(MAX_LANES))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    handmade_run.write_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def summary(run: Path) -> Any:
    found = summarise(run, read_plan(run), handmade_run.FACTS)
    return replace(found, events=tuple(ALL))


def test_both_are_drawn_and_say_what_they_found(run: Path, summary: Any) -> None:
    names = {path.name for path in draw_figures(run, summary)}
    assert {"timeline.png", "outages.png"} <= names
    with style():
        about = RunData(run, summary)
        over_time, out = timeline(about, TEXT), outages(about, TEXT)
    assert "4 events disconnected 2 demands, for up to 4.63 s (partition CN)" in [
        text.get_text() for text in visible_texts(over_time)
    ]
    assert "Outages are up to 4.58 s longer than predicted (partition CN)" in [
        text.get_text() for text in visible_texts(out)
    ]


def test_without_events_neither_is_drawn(run: Path, summary: Any) -> None:
    without = replace(summary, events=None)
    assert timeline(RunData(run, without), TEXT) is None
    assert outages(RunData(run, without), TEXT) is None
    assert outages(RunData(run, replace(summary, events=(DAY,))), TEXT) is None


def test_probes_are_where_they_were_sent(run: Path, summary: Any) -> None:
    """The start of probing is 1 s after the epoch of the run made by hand."""
    probes = RunData(run, summary).probes
    near, far = (event_data.course(probes[probes["demand"] == at]) for at in (0, 2))
    assert near.sent_s.tolist() == pytest.approx([-0.98, -0.96])
    assert near.lost_s.tolist() == pytest.approx([-0.94, -0.92])
    assert far.rtt_ms.tolist() == pytest.approx([50.0, 50.002, 50.001], abs=2e-3)
    assert event_data.intervals_ms(probes, summary) == {"near": 20.0, "far": 20.0}


def test_events_without_probes_are_drawn_too(run: Path, summary: Any) -> None:
    (run / "probes.parquet").unlink()
    probes = RunData(run, summary).probes
    assert len(event_data.course(probes).rtt_ms) == 0
    assert event_data.intervals_ms(probes, summary) == {}
    names = {path.name for path in draw_figures(run, summary, ("timeline", "outages"))}
    assert names == {"timeline.png", "outages.png"}


def crowded(summary: Any) -> Any:
    """More events with longer names than there is room for, and demands of many outages."""
    names = itertools.cycle(["karachi-rawalpindi-islamabad", "TH", "hongkong-songkhla"])
    events = [
        event(
            *("partition", name, 10.0 * number, 10.0 * number + 100),
            hit(
                "near",
                out_ms=10.0 ** (number % 5),
                **(LASTING if number % 2 else {"expected_out_ms": 1000.0}),
            ),
            hit("far", out_ms=float(number % 7)),
        )
        for number, name in zip(range(45), names, strict=False)
    ]
    return replace(summary, events=tuple(events))


@pytest.mark.parametrize("width", [TEXT, COLUMN], ids=["text", "column"])
@pytest.mark.parametrize("many", [False, True])
def test_no_text_is_small_leaves_the_figure_or_covers_another(
    run: Path, summary: Any, many: bool, width: Any
) -> None:
    about = RunData(run, crowded(summary) if many else summary)
    with style():
        figures = [timeline(about, width), outages(about, width)]
        for figure in filter(None, figures):
            lay_out(figure)
    for figure in figures:
        assert_legible(figure)
        assert_apart(figure)


def test_outages_over_more_than_two_decades_are_logarithmic(run: Path, summary: Any) -> None:
    with style():
        wide = outages(RunData(run, summary), TEXT)
        narrow = outages(RunData(run, replace(summary, events=(CUT,))), TEXT)
    assert wide is not None
    assert narrow is not None
    assert wide.axes[0].get_xscale() == "log"
    assert wide.axes[0].get_xlabel().endswith("(logarithmic)")
    assert narrow.axes[0].get_xscale() == "linear"
    assert narrow.axes[0].get_xlim()[0] == 0


def test_the_title_tells_the_longest_detour_of_switches_and_not_only_the_new_paths():
    detour = event("group", "one", 0.0, 10.0, hit(rtt_then_ms=25.0, rtt_at_once_ms=58.0))
    assert event_data.timeline_title([detour]) == (
        "1 event caused no outage; RTT changed by up to 48 ms (group one)"
    )
