"""What workloads came to, as tables for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.account.summary import Summary
from corridor.experiments.account.workload_summary import (
    ClassSummary,
    RoundsSummary,
    StretchSummary,
    WorkloadSummary,
)
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted

HEADINGS = (
    *("workload", "transport", "completed", "deadlines met", "goodput", "p50", "p95", "p99"),
    *("model mean", "measured mean", "fairness"),
)
"""``model mean`` and ``measured mean`` are of the same rounds."""
SPARE = ("transport", "fairness", "p95", "measured mean", "model mean", "goodput")
STRETCHES = (
    "event",
    "application class",
    "window",
    "completed",
    "deadlines met",
    "p50",
    "p99",
    "RTT p50",
    "RTT p99",
    "lost",
)
MOST_EVENTS = 6


def workloads_table(summary: Summary, width: int | None = None) -> str:
    """A line a workload; empty where none sent messages."""
    found = summary.workloads
    if found is None:
        return ""
    rows = [_row(one) for one in found.workloads]
    said = [render(HEADINGS, rows, frozenset(HEADINGS[2:]), width=width, spare=SPARE)]
    said += [line for one in found.workloads for line in _troubles(one)]
    return "\n".join(said)


def stretches_table(summary: Summary, width: int | None = None) -> str:
    """Classes before, while and after each event; empty where nothing happened to any."""
    found = summary.workloads
    stretches = [] if found is None else found.stretches
    if not stretches:
        return ""
    events = list(dict.fromkeys(one.event for one in stretches))
    shown = [one for one in stretches if one.event in events[:MOST_EVENTS]]
    rows = [row for event in events[:MOST_EVENTS] for row in _of_event(event, shown)]
    spare = ("RTT p50", "p50", "deadlines met")
    said = [render(STRETCHES, rows, frozenset(STRETCHES[3:]), width=width, spare=spare)]
    if len(events) > MOST_EVENTS:
        said.append(f"and {counted(len(events) - MOST_EVENTS, 'more event')}: see summary.json")
    return "\n".join(said)


def _row(one: WorkloadSummary) -> tuple[str, ...]:
    expected = one.expected
    fair = one.fairness
    took = one.completion_ms
    return (
        one.id + " (background)" * one.background,
        one.transport,
        _done(one),
        _in_time(one),
        "" if one.goodput_mbps is None else f"{one.goodput_mbps:.3g} Mbit/s",
        *map(_ms, (took.p50, took.p95, took.p99)),
        _ms(expected.expected_ms.mean) if expected else "",
        _ms(expected.measured_ms.mean) if expected else "",
        "" if fair is None else f"{fair:.3f}",
    )


def _done(one: RoundsSummary) -> str:
    return f"{one.completed}/{one.rounds}"


def _in_time(one: RoundsSummary) -> str:
    return f"{one.met}/{one.deadlines}" if one.deadlines else ""


def _ms(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value / 1e3:.3g} s" if value >= 1e4 else f"{value:.4g} ms"


def _troubles(one: WorkloadSummary) -> Iterator[str]:
    if one.failed:
        reasons = ", ".join(f"{reason} {count}" for reason, count in one.failed.items())
        yield f"{one.id}: connections ended early: {reasons}"
    if one.not_expected is not None:
        some = " for some demands" if one.expected is not None else ""
        yield f"{one.id}: no model prediction{some}: {one.not_expected}"
    part = one.bytes_unfinished or 0
    if part:
        share = part / one.bytes
        yield f"{one.id}: {share:.0%} of its goodput belongs to incomplete messages"


def _of_event(event: str, stretches: Sequence[StretchSummary]) -> Iterator[tuple[str, ...]]:
    mine = [one for one in stretches if one.event == event]
    names = list(dict.fromkeys(found.class_ for one in mine for found in one.classes))
    title = event
    for name in names:
        shown = name
        for one in mine:
            found = next((each for each in one.classes if each.class_ == name), None)
            if found is None or not (found.rounds or found.probes.sent):
                continue
            others = [name for name in one.on if name != event]
            when = f"{one.when} (with {', '.join(others)})" if others else one.when
            yield title, shown, when, *_of_class(found)
            title = shown = ""


def _of_class(found: ClassSummary) -> tuple[str, ...]:
    took, probes = found.completion_ms, found.probes
    return (
        _done(found),
        _in_time(found),
        _ms(took.p50),
        _ms(took.p99),
        _ms(probes.rtt_ms.p50),
        _ms(probes.rtt_ms.p99),
        f"{probes.lost}/{probes.sent}",
    )
