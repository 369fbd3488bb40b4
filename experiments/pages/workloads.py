"""What workloads came to: what each took and was expected to take, by stretch of the run, with how
they are scaled. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.classes_table import in_order, middle, named
from corridor.experiments.pages.course import (
    LANE,
    LEFT,
    WIDE,
    Band,
    bands_of,
    ticks_of,
    x_of,
)
from corridor.experiments.pages.words import MS_PER_S, NOTHING, duration
from corridor.experiments.results.messages import Round
from corridor.experiments.results.summary import Summary
from corridor.experiments.results.workload_summary import (
    ClassSummary,
    StretchSummary,
    WorkloadsSummary,
    WorkloadSummary,
)
from corridor.topologies.base.words import counted, percent

ROW, GAP = 54.0, 22.0
MOST_DOTS = 120
"""Of a class."""
CONFIDENCE = "Confidence intervals are 95 %. Percentiles with too few rounds are left out."
MEASURES = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Told:
    """One figure, and its interval; both empty where there is none."""

    value: str
    interval: str = ""


@dataclass(frozen=True)
class Workload:
    """A row."""

    id: str
    what: str
    """Its kind, what carries it, and what it stands for."""
    notes: Sequence[str]
    done: str
    in_time: str
    goodput: Told
    """In Mbit/s, and what that stands for."""
    took: Sequence[Told]
    """By ``MEASURES``."""
    expected: str
    measured: str
    fair: str
    troubles: str


@dataclass(frozen=True)
class Cell:
    """A class in a stretch."""

    took: str
    more: Sequence[str]


@dataclass(frozen=True)
class Row:
    """A class on the axis of time."""

    y: float
    name: str
    dots: str
    late: str
    middles: str
    """Medians of stretches as a path, and what was expected of the same rounds."""
    expected: str
    low: str
    high: str


@dataclass(frozen=True)
class Chart:
    """Rounds at their intended start."""

    height: float
    top: float
    bands: Sequence[Band]
    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str]]
    described: str
    width: float = WIDE
    left: float = LEFT


@dataclass(frozen=True)
class Workloads:
    title: str
    said: Sequence[str]
    rows: Sequence[Workload]
    stretches: Sequence[str]
    classes: Sequence[tuple[str, Sequence[Cell]]]
    chart: Chart | None


def workloads_of(summary: Summary, rounds: Sequence[Round], start_ns: int) -> Workloads | None:
    """None of a run without workloads; ``start_ns`` is when probing starts, after the epoch."""
    found: WorkloadsSummary | None = summary.workloads
    if found is None or not found.workloads:
        return None
    stretches = in_order(found.stretches)
    classes = sorted(found.classes, key=lambda one: (one.background, one.class_))
    return Workloads(
        title="Workloads",
        said=_said(found),
        rows=[_workload(one) for one in found.workloads],
        stretches=[named(one, stretches) for one in stretches],
        classes=[
            (one.class_, [_cell(stretch, one.class_) for stretch in stretches]) for one in classes
        ],
        chart=_chart(summary, classes, stretches, rounds, start_ns),
    )


def _said(found: WorkloadsSummary) -> list[str]:
    kept = sum(one.kept_back for one in found.workloads)
    first = (
        f"{counted(len(found.workloads), 'workload')} sent concurrently with the probes. A "
        "round is the group of messages that a user waits for: a request with its response, or a "
        "checkpoint with all its parts. Times count from the intended start of the round. "
        f"{CONFIDENCE} The model mean assumes fair sharing of the fibres without losses and "
        "events. Rates and message sizes are scaled as stated below the table. The scenario "
        "chooses the loads."
    )
    if not kept:
        return [first]
    rest = f"Policies blocked {counted(kept, 'round')}. No other number includes them."
    return [first, rest]


def _workload(one: WorkloadSummary) -> Workload:
    expected = one.expected
    took, within = one.completion_ms, one.intervals_ms
    background = ", in the background" if one.background else ""
    by = f"{one.kind} by {one.transport}"
    squeezed = f", time compressed {one.compress:g} times" if one.compress > 1 else ""
    return Workload(
        id=one.id,
        what=f"{by}{squeezed}{background}",
        notes=one.notes,
        done=f"{one.completed:,} of {one.rounds:,}",
        in_time=f"{one.met:,} of {one.deadlines:,}" if one.deadlines else "",
        goodput=_goodput(one),
        took=[Told(duration(getattr(took, name)), _between(within.get(name))) for name in MEASURES],
        expected=duration(expected.expected_ms.mean) if expected else NOTHING,
        measured=duration(expected.measured_ms.mean) if expected else NOTHING,
        fair=NOTHING if one.fairness is None else f"{one.fairness:.2f}",
        troubles=", ".join(f"{many} {why}" for why, many in one.failed.items()),
    )


def _goodput(one: WorkloadSummary) -> Told:
    if one.goodput_mbps is None:
        return Told(NOTHING)
    real = one.real_gbps
    said = [] if real is None else [f"for {_digits(real)} Gbit/s"]
    part = one.bytes_unfinished or 0
    said += [f"{part / one.bytes:.0%} of incomplete messages"] if part else []
    return Told(_digits(one.goodput_mbps), ", ".join(said))


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _between(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f"{duration(interval[0])} to {duration(interval[1])}"


def _cell(stretch: StretchSummary, name: str) -> Cell:
    one = next((one for one in stretch.classes if one.class_ == name), None)
    if one is None:
        return Cell(NOTHING, ())
    return Cell(middle(one) or NOTHING, list(_more(one)))


def _more(one: ClassSummary) -> Iterator[str]:
    if one.rounds:
        yield f"{one.completed:,} of {one.rounds:,} rounds"
    if one.deadlines:
        yield f"{one.met:,} of {one.deadlines:,} in time"
    probes = one.probes
    rtt = probes.rtt_ms
    if rtt.p50 is not None:
        tail = "" if rtt.p99 is None else f", p99 {duration(rtt.p99)}"
        yield f"RTT {duration(rtt.p50)}{tail}"
    if probes.lost:
        yield f"{percent(probes.lost / probes.sent)} of probes lost"


def _chart(
    summary: Summary,
    classes: Sequence[ClassSummary],
    stretches: Sequence[StretchSummary],
    rounds: Sequence[Round],
    start_ns: int,
) -> Chart | None:
    """None where nothing is known of single rounds."""
    of_class: dict[str, list[Round]] = {}
    for one in rounds:
        if one.from_ns is not None and not one.kept_back:
            of_class.setdefault(one.data_class, []).append(one)
    shown = [one for one in classes if any(of.took_ns for of in of_class.get(one.class_, ()))]
    if not shown:
        return None
    events = summary.events or ()
    starts = [(one.from_ns or 0) - start_ns for many in of_class.values() for one in many]
    ends_ms = [event.until_ms or event.at_ms for event in events]
    end_s = max(max(starts) / 1e9, *(one / MS_PER_S for one in ends_ms), 0.1)
    bands, lanes = bands_of(events, end_s)
    top = lanes * LANE + 6
    rows = [
        _row(
            one,
            of_class[one.class_],
            stretches,
            start_ns,
            end_s,
            top + GAP + number * (ROW + GAP),
        )
        for number, one in enumerate(shown)
    ]
    return Chart(
        height=top + len(rows) * (ROW + GAP) + 26,
        top=top,
        bands=bands,
        rows=rows,
        ticks=[(x_of(at, end_s), f"{at:g} s") for at in ticks_of(end_s)],
        described=f"{len(rows)} classes over {end_s:.3g} s; the table below says the same.",
    )


def _row(
    of: ClassSummary,
    rounds: Sequence[Round],
    stretches: Sequence[StretchSummary],
    start_ns: int,
    end_s: float,
    y: float,
) -> Row:
    """On a logarithmic axis of what rounds took."""
    name = of.class_
    took = [one.took_ns / 1e6 for one in rounds if one.took_ns]
    levels = list(_levels(stretches, name))
    low, high = min(took), max(took)
    tall = max(math.log(high / low), 1.0)

    def at_y(value_ms: float) -> float:
        share = (math.log(value_ms / low)) / tall
        return round(y + ROW - 8 - min(max(share, 0.0), 1.0) * (ROW - 18), 1)

    def at_x(one: Round) -> float:
        return x_of(((one.from_ns or 0) - start_ns) / 1e9, end_s)

    every = max(1, -(-len(rounds) // MOST_DOTS))
    fine = [one for one in rounds if one.took_ns and one.met is not False][::every]
    late = [one for one in rounds if not one.took_ns or one.met is False][::every]
    return Row(
        y=y,
        name=name,
        dots="".join(f"M{at_x(one):g} {at_y((one.took_ns or 0) / 1e6):g}h0" for one in fine),
        late="".join(
            f"M{at_x(one):g} {at_y(one.took_ns / 1e6) - 3 if one.took_ns else y + 3:g}v6"
            for one in late
        ),
        middles=_path(((f, u, m) for f, u, m, _ in levels), end_s, at_y),
        expected=_path(((f, u, e) for f, u, _, e in levels), end_s, at_y),
        low=_short(low),
        high=_short(high),
    )


def _path(
    levels: Iterator[tuple[float, float, float | None]],
    end_s: float,
    at_y: Callable[[float], float],
) -> str:
    return "".join(
        f"M{x_of(from_s, end_s):g} {at_y(value):g}H{x_of(min(until_s, end_s), end_s):g}"
        for from_s, until_s, value in levels
        if value
    )


def _levels(
    stretches: Sequence[StretchSummary], name: str
) -> Iterator[tuple[float, float, float | None, float | None]]:
    """From, until, and what rounds took in the middle, measured and expected."""
    for stretch in stretches:
        one = next((one for one in stretch.classes if one.class_ == name), None)
        if one is None or not one.completed:
            continue
        took, expected = one.completion_ms, one.expected
        few, of = took.p50 is None, expected.expected_ms if expected else None
        yield (
            stretch.from_ms / MS_PER_S,
            stretch.until_ms / MS_PER_S,
            took.mean if few else took.p50,
            None if of is None else of.mean if few else of.p50,
        )


def _short(value_ms: float) -> str:
    return duration(value_ms).replace(" ", "\u202f")
