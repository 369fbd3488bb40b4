"""Workloads and the energy audit of a run for a page: sentences and rows. Pure.

What each workload took and was expected to take, by interval of the run, with their scale; energy
by hub, demand and data class.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from corridor.experiments.account.summary import Summary
from corridor.experiments.account.workload_summary import (
    ClassSummary,
    EnergyAudit,
    StretchSummary,
    WorkloadsSummary,
    WorkloadSummary,
)
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import Finished, MeasuredLevel
from corridor.experiments.pages.time_chart import Chart, Row, Scale, chart, levels
from corridor.experiments.pages.words import NOTHING, PageCell, PageTable, duration
from corridor.experiments.results.messages import Round
from corridor.experiments.text import energy_text as text
from corridor.experiments.text.workload_text import in_order, middle, named
from corridor.topologies.base.words import counted, percent

ROW = 54.0
MOST_DOTS = 120
"""Of a class."""
CONFIDENCE = "Confidence intervals are 95 %. Percentiles with too few rounds are left out."
MEASURES = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Cell:
    """A class in a stretch."""

    took: str
    more: Sequence[str]


@dataclass(frozen=True)
class Workloads:
    title: str
    said: Sequence[str]
    table: PageTable
    notes: Sequence[tuple[str, Sequence[str]]]
    """Of each workload, its scale."""
    stretches: Sequence[str]
    classes: Sequence[tuple[str, Sequence[Cell]]]
    chart: Chart | None


def workloads_of(summary: Summary, rounds: Sequence[Round], start_ns: int) -> Workloads | None:
    """None of a run without workloads; ``start_ns`` is when probing starts, after the epoch."""
    found: WorkloadsSummary | None = summary.workloads
    if found is None or not found.workloads:
        return None
    stretches = in_order(found.stretches)
    classes = event_data.by_importance(found.classes)
    return Workloads(
        title="Workloads",
        said=_said(found),
        table=_table(found.workloads),
        notes=[(one.id, one.notes) for one in found.workloads],
        stretches=[named(one, stretches) for one in stretches],
        classes=[
            (one.class_, [_cell(stretch, one.class_) for stretch in stretches]) for one in classes
        ],
        chart=_chart(summary, found, rounds, start_ns),
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


def _table(workloads: Sequence[WorkloadSummary]) -> PageTable:
    names = ("Completed", "Deadlines met", "Goodput, Mbit/s", "Median", "p95", "p99", "Model mean")
    heads = [("Workload", False), *((name, True) for name in names)]
    heads += [("Measured mean", True), ("Fairness", True)]
    about = (
        "Each workload over the whole run. Times are of rounds; model and measured means are of "
        "the same rounds. Goodput is payload, with the real rate below."
    )
    return PageTable("workloads-table", "Workloads", about, heads, list(map(_row_of, workloads)))


def _row_of(one: WorkloadSummary) -> Sequence[PageCell]:
    expected = one.expected
    took, within = one.completion_ms, one.intervals_ms
    background = ", in the background" if one.background else ""
    by = f"{one.kind} by {one.transport}"
    squeezed = f", time compressed {one.compress:g} times" if one.compress > 1 else ""
    troubles = ", ".join(f"{many} {why}" for why, many in one.failed.items())
    return (
        (one.id, f"{by}{squeezed}{background}"),
        (f"{one.completed:,} of {one.rounds:,}", troubles),
        f"{one.met:,} of {one.deadlines:,}" if one.deadlines else "",
        _goodput(one),
        *((duration(getattr(took, name)), _between(within.get(name))) for name in MEASURES),
        duration(expected.expected_ms.mean) if expected else NOTHING,
        duration(expected.measured_ms.mean) if expected else NOTHING,
        NOTHING if one.fairness is None else f"{one.fairness:.2f}",
    )


def _goodput(one: WorkloadSummary) -> PageCell:
    """In Mbit/s, and what that stands for."""
    if one.goodput_mbps is None:
        return NOTHING
    real = one.real_gbps
    said = [] if real is None else [f"for {_digits(real)} Gbit/s"]
    part = one.bytes_unfinished or 0
    said += [f"{part / one.bytes:.0%} of incomplete messages"] if part else []
    return _digits(one.goodput_mbps), ", ".join(said)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _between(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f"[{duration(interval[0])} to {duration(interval[1])}]"


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
    summary: Summary, found: WorkloadsSummary, rounds: Sequence[Round], start_ns: int
) -> Chart | None:
    """Return None if nothing is known of single rounds."""
    events = summary.events or ()
    every = {
        one.class_: event_data.finished(rounds, one.class_, start_ns)
        for one in event_data.by_importance(found.classes)
    }
    shown = [(name, one) for name, one in every.items() if (one.took_ms > 0).any()]
    if not shown:
        return None
    end_s = event_data.end_s(every.values(), events)
    said = f"{len(shown)} classes over {end_s:.3g} s; the table below says the same."

    def row(item: tuple[str, Finished], at_x: Scale, y: float) -> Row:
        name, of = item
        return _row(name, of, event_data.levels_of(found, name), at_x, y)

    return chart(f"Duration of rounds over time. {said}", events, end_s, shown, ROW, row)


def _row(name: str, of: Finished, by_window: Sequence[MeasuredLevel], at_x: Scale, y: float) -> Row:
    """On a logarithmic axis of durations."""
    low, high = float(np.nanmin(of.took_ms)), float(np.nanmax(of.took_ms))
    tall = max(math.log(high / low), 1.0)

    def at_y(value_ms: float) -> float:
        share = (math.log(value_ms / low)) / tall
        return round(y + ROW - 8 - min(max(share, 0.0), 1.0) * (ROW - 18), 1)

    every = max(1, -(-len(of.from_s) // MOST_DOTS))
    fine, late = (
        list(zip(of.from_s[chosen][::every], of.took_ms[chosen][::every], strict=True))
        for chosen in (~of.late, of.late)
    )
    middles = [(one.from_s, one.until_s, one.middle_ms) for one in by_window]
    expected = [(one.from_s, one.until_s, one.expected_ms) for one in by_window]
    return Row(
        name=name,
        y=y,
        foot=y + ROW,
        paths=(
            ("dots", "".join(f"M{at_x(at):g} {at_y(took):g}h0" for at, took in fine)),
            (
                "lost",
                "".join(
                    f"M{at_x(at):g} {y + 3 if math.isnan(took) else at_y(took) - 3:g}v6"
                    for at, took in late
                ),
            ),
            ("level", levels(at_x, at_y, expected)),
            ("mid", levels(at_x, at_y, middles)),
        ),
        labels=((y + ROW - 6, _short(low)), (y + 14, _short(high) if high > low else "")),
    )


def _short(value_ms: float) -> str:
    return duration(value_ms).replace(" ", "\u202f")


@dataclass(frozen=True)
class AuditSection:
    title: str
    said: Sequence[str]
    heads: Sequence[tuple[str, bool]]
    """Names of columns, and whether they are of numbers."""
    rows: Sequence[tuple[str, str, Sequence[str]]]
    """What a row is of, its name, and its cells by ``heads``."""


def audit_section(of: EnergyAudit | None) -> AuditSection | None:
    """None of runs that compute nothing."""
    if of is None:
        return None
    return AuditSection(
        title="Energy audit",
        said=list(text.sentences(of)),
        heads=[("Of", False), ("Name", False), *((name, True) for name in text.HEADS)],
        rows=[
            (kind, one.name or text.AT_HUB, text.cells(one))
            for kind, parts in text.parts_of(of)
            for one in parts
        ],
    )
