"""Figures of events: the most affected demands, predictions and their times, outages."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import handmade_run
from corridor.experiments.account.summary import DemandSummary, EventSummary, HitSummary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import PredictedLevel, Span
from corridor.experiments.atlas.labels import MAX_LANES, flags
from corridor.experiments.figures import draw_figures
from corridor.experiments.figures.before_after import before_after, worst_changes
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.figures.timeline import draw as timeline
from corridor.experiments.results.results import read_plan, summarise
from corridor.topologies.base.codec import to_plain
from corridor.traffic.measures.samples import PROBE_DTYPE, Probes
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


def predicted(
    *events: Any, rtt_ms: float | None = 10.0, has_bfd: bool = False
) -> list[PredictedLevel]:
    demand = made(DemandSummary, {"id": "near", "predicted_rtt_ms": rtt_ms})
    return event_data.levels(demand, events, 1.0, has_bfd=has_bfd)


def test_a_prediction_holds_but_while_events_last() -> None:
    detour = hit(expected_rtt_then_ms=14.0)
    assert predicted() == [PredictedLevel(0, 1, 10)]
    assert predicted(event("cut", "one", 200.0, 400.0, detour)) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 0.4, 14),
        PredictedLevel(0.4, 1, 10),
    ]
    assert predicted(event("cut", "one", 200.0, None, detour)) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 1, 14),
    ]


def test_a_detour_is_predicted_until_its_fibres_are_used_again() -> None:
    cut = event("cut", "one", 200.0, 400.0, hit(expected_rtt_then_ms=14.0))
    assert predicted(replace(cut, back_ms=700.0)) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 0.7, 14),
        PredictedLevel(0.7, 1, 10),
    ]
    assert predicted(replace(cut, back_ms=1200.0)) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 1, 14),
    ]


def test_with_bfd_nothing_is_said_to_be_predicted_while_fibres_come_back() -> None:
    cut = event("cut", "one", 200.0, 400.0, hit(expected_rtt_then_ms=14.0))
    assert predicted(replace(cut, back_ms=700.0), has_bfd=True) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 0.4, 14),
        PredictedLevel(0.7, 1, 10),
    ]
    assert predicted(cut, has_bfd=True) == predicted(cut)


def test_what_comes_for_good_while_a_fibre_is_out_says_nothing_of_the_time_after() -> None:
    detour = hit(expected_rtt_then_ms=14.0)
    cut = replace(event("cut", "one", 200.0, 400.0, detour), back_ms=700.0)
    law = hit(expected_rtt_before_ms=14.0, expected_rtt_then_ms=18.0)
    assert predicted(cut, event("policies", "none", 500.0, None, law)) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 0.5, 14),
        PredictedLevel(0.5, 0.7, 18),
    ]


def test_what_is_to_be_out_has_no_prediction_meanwhile() -> None:
    out = hit(expected_rtt_then_ms=None)
    assert predicted(event("cut", "one", 200.0, 400.0, out)) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.4, 1, 10),
    ]


def test_what_is_over_at_once_holds_from_then_on() -> None:
    day = event("day", "2027-07-01", 200.0, None, hit(expected_rtt_then_ms=14.0))
    cut = event("cut", "one", 400.0, 600.0, hit(expected_rtt_before_ms=14.0))
    assert predicted(day, cut) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 0.4, 14),
        PredictedLevel(0.4, 0.6, 10),
        PredictedLevel(0.6, 1, 14),
    ]


def test_between_the_ends_of_two_events_nothing_is_said_to_be_predicted() -> None:
    first = event("cut", "one", 200.0, 600.0, hit(expected_rtt_then_ms=14.0))
    second = event(
        *("cut", "two", 400.0, 800.0), hit(expected_rtt_before_ms=14.0, expected_rtt_then_ms=20.0)
    )
    assert predicted(first, second) == [
        PredictedLevel(0, 0.2, 10),
        PredictedLevel(0.2, 0.4, 14),
        PredictedLevel(0.4, 0.6, 20),
        PredictedLevel(0.8, 1, 10),
    ]


def test_hits_that_were_not_expected_change_no_prediction() -> None:
    surprise = hit(expected=False, expected_rtt_before_ms=None, expected_rtt_then_ms=None)
    assert predicted(event("cut", "one", 200.0, 400.0, surprise)) == [PredictedLevel(0, 1, 10)]
    assert predicted(rtt_ms=None) == []


def probes(rtts_ms: Sequence[float | None]) -> Any:
    """Sent every 10 ms from 0 on; None is lost."""
    found = Probes.of(np.zeros(len(rtts_ms), PROBE_DTYPE))
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
    assert {"timeline.png", "before-after.png"} <= names
    with style():
        about = RunData(run, summary)
        over_time, out = timeline(about, TEXT), before_after(summary, TEXT)
    assert "4 events disconnected 2 demands, for up to 4.63 s (partition CN)" in [
        text.get_text() for text in visible_texts(over_time)
    ]
    said = [" ".join(text.get_text().split()) for text in visible_texts(out)]
    assert (
        "Events changed the RTT of 2 demands, far most: +40.5 ms (drain two); "
        "longest outage 4.63 s (partition CN)"
    ) in said
    assert "+5 ms, out 30 ms (predicted: 20 ms), cut one" in said
    assert "+40.5 ms, drain two; out 4630 ms (predicted: until its end), partition CN" in said


def test_an_outage_is_next_to_its_prediction(summary: Any) -> None:
    rain = event("degrade", "one", 0, 1, hit(lost=3, out_ms=10.0, expected_out_ms=None))
    assert worst_changes([rain, DAY]) == []
    forever = event("policies", "none", 20.0, None, hit(lost=7, out_ms=70.0, **LASTING))
    (found,) = worst_changes([forever, CUT])[:1]
    assert (found.event, found.is_outage, found.is_silent) == (CUT, True, False)
    with style():
        figure = before_after(replace(summary, events=(PARTITION,)), TEXT)
    said = [text.get_text() for text in visible_texts(figure)]
    assert "out 4630 ms (predicted: until its end), partition CN" in said
    assert "Longest outage 4.63 s (partition CN)" in said


def test_without_events_neither_is_drawn(run: Path, summary: Any) -> None:
    without = replace(summary, events=None)
    assert timeline(RunData(run, without), TEXT) is None
    assert before_after(without, TEXT) is None
    assert before_after(replace(summary, events=(DAY,)), TEXT) is None


def test_probes_are_where_they_were_sent(run: Path, summary: Any) -> None:
    """The start of probing is 1 s after the epoch of the run made by hand."""
    probes = RunData(run, summary).probes
    near, far = (event_data.course(probes[probes["demand"] == at]) for at in (0, 2))
    assert near.sent_s.tolist() == pytest.approx([-0.98, -0.96])
    assert near.lost_s.tolist() == pytest.approx([-0.94, -0.92])
    assert far.rtt_ms.tolist() == pytest.approx([50.0, 50.002, 50.001], abs=2e-3)


def test_events_without_probes_are_drawn_too(run: Path, summary: Any) -> None:
    (run / "probes.parquet").unlink()
    probes = RunData(run, summary).probes
    assert len(event_data.course(probes).rtt_ms) == 0
    names = {path.name for path in draw_figures(run, summary, ("timeline", "before-after"))}
    assert names == {"timeline.png", "before-after.png"}


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
        figures = [timeline(about, width), before_after(about.summary, width)]
        for figure in filter(None, figures):
            lay_out(figure)
    for figure in figures:
        assert_legible(figure)
        assert_apart(figure)


def test_the_title_tells_the_longest_detour_of_switches_and_not_only_the_new_paths():
    detour = event("group", "one", 0.0, 10.0, hit(rtt_then_ms=25.0, rtt_at_once_ms=58.0))
    assert event_data.timeline_title([detour]) == (
        "1 event caused no outage; RTT changed by up to 48 ms (group one)"
    )
