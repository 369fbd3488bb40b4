"""Classes of data under load, as a short table: what a round took before, while and after events.
Pure."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.experiments.account.summary import Summary
from corridor.experiments.account.workload_summary import ClassSummary, StretchSummary
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import duration, joined

FIRST = ("class", "done", "in time", "p50", "p99", "RTT p99", "lost")
SPARE = ("RTT p99", "lost", "done", "p99")
"""Where a terminal is too narrow for all."""
MOST_STRETCHES = 8
ABOUT = "~"
"""Before a mean of rounds that are too few for a median."""


def classes_table(summary: Summary, width: int | None = None) -> str:
    """A row a class, those that someone waits for first; empty of a run without workloads."""
    found = summary.workloads
    if found is None or not found.classes:
        return ""
    stretches = in_order(found.stretches)[:MOST_STRETCHES]
    headings = (*FIRST, *(named(one, stretches) for one in stretches))
    classes = sorted(found.classes, key=lambda one: (one.background, one.class_))
    rows = [
        (*_figures(one), *(_took(stretch, one.class_) for stretch in stretches)) for one in classes
    ]
    spare = (*SPARE, *reversed(headings[len(FIRST) :]))
    table = render(headings, rows, frozenset(headings[1:]), width=width, spare=spare)
    if any(cell.startswith(ABOUT) for row in rows for cell in row):
        return f"{table}\n{ABOUT} mean of fewer than 20 rounds"
    return table


def in_order(stretches: Sequence[StretchSummary]) -> list[StretchSummary]:
    """Each part of the run once, as the event that lasts has it."""
    by_time: dict[tuple[float, float], StretchSummary] = {}
    for one in sorted(stretches, key=lambda one: one.when != "while"):
        by_time.setdefault((one.from_ms, one.until_ms), one)
    return [by_time[key] for key in sorted(by_time)]


def named(one: StretchSummary, among: Sequence[StretchSummary]) -> str:
    """The event that lasts; else what was last over, or what has yet to come; and which others
    last at some time of it."""
    others = [name for name in one.on if name != one.event]
    beside = f" (with {joined(others)})" if others else ""
    if one.when == "while":
        return f"{one.event}{beside}"
    is_first = one is among[0]
    plain = f"{one.when} {one.event}" if is_first or one.when == "after" else "then"
    return f"{plain}{beside}"


def _figures(one: ClassSummary) -> tuple[str, ...]:
    took, probes = one.completion_ms, one.probes
    return (
        one.class_,
        f"{one.completed}/{one.rounds}",
        f"{one.met}/{one.deadlines}" if one.deadlines else "",
        middle(one),
        _told(took.p99),
        _told(probes.rtt_ms.p99),
        f"{probes.lost / probes.sent:.1%}" if probes.sent else "",
    )


def middle(one: ClassSummary) -> str:
    """The median of what rounds took; the mean where they are too few."""
    took = one.completion_ms
    if took.p50 is not None:
        return duration(took.p50)
    return "" if took.mean is None else f"{ABOUT}{duration(took.mean)}"


def _took(stretch: StretchSummary, name: str) -> str:
    one = next((one for one in stretch.classes if one.class_ == name), None)
    return "" if one is None else middle(one)


def _told(value_ms: float | None) -> str:
    return "" if value_ms is None else duration(value_ms)
