"""What workloads came to: a sentence, tables of workloads and events, a short table of classes.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from corridor.experiments.account.fibre_use import CONGESTED, FibreUse
from corridor.experiments.account.summary import EventSummary, Summary
from corridor.experiments.account.workload_summary import (
    ClassSummary,
    RoundsSummary,
    StretchSummary,
    WorkloadsSummary,
    WorkloadSummary,
)
from corridor.experiments.results.messages import Round
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, duration, few, joined, percent

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


# Classes of data under load, as a short table: what a round took before, while and after events.

CLASS_HEADINGS = ("class", "done", "in time", "p50", "p99", "RTT p99", "lost")
CLASS_SPARE = ("RTT p99", "lost", "done", "p99")
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
    headings = (*CLASS_HEADINGS, *(named(one, stretches) for one in stretches))
    classes = sorted(found.classes, key=lambda one: (one.background, one.class_))
    rows = [
        (*_figures(one), *(_took(stretch, one.class_) for stretch in stretches)) for one in classes
    ]
    spare = (*CLASS_SPARE, *reversed(headings[len(CLASS_HEADINGS) :]))
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
        _done(one),
        _in_time(one),
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


# What it costs that workloads share fibres, in a sentence; and what events did to them.

LEAST_ROUNDS = 2
"""Of a demand, in either stretch that is compared."""
LEAST_FACTOR = 1.2
"""A change of duration by less than this factor is not reported."""
MOST_DEADLINES = 3
MOST_CHANGES = 2


@dataclass(frozen=True)
class Messages:
    """Rounds of a run; ``start_ns`` is when probing starts, after the epoch."""

    rounds: Sequence[Round] = ()
    start_ns: int = 0


def workload_sentence(summary: Summary) -> str:
    """Empty of a run without workloads."""
    found = summary.workloads
    if found is None or not found.workloads:
        return ""
    waited = [one for one in found.workloads if not one.background and one.completed]
    said = [
        f"Concurrent workloads: {len(found.workloads)}",
        *_slowest(waited),
        *_deadlines_met(found),
    ]
    return f"{'; '.join(said)}."


def _slowest(waited: Sequence[WorkloadSummary]) -> Iterator[str]:
    """The one that takes longest in addition to what a fair share of its paths would give."""
    ratios = [
        (measured / expected, one.id, measured, expected)
        for one in waited
        if (of := one.expected)
        and (measured := of.measured_ms.mean)
        and (expected := of.expected_ms.mean)
    ]
    if not ratios:
        return
    _, worst, measured, expected = max(ratios, key=lambda one: one[0])
    yield (
        f"slowest relative to the fair-share model: {worst}, mean round {duration(measured)} "
        f"(model {duration(expected)})"
    )


def _deadlines_met(found: WorkloadsSummary) -> Iterator[str]:
    due = [one for one in found.workloads if one.deadlines]
    late = sorted(
        (one for one in due if one.met < one.deadlines),
        key=lambda one: one.met / one.deadlines,
    )
    if late:
        told = [f"{one.id} {one.met:,} of {one.deadlines:,}" for one in late]
        yield f"deadlines met: {joined(told[:MOST_DEADLINES])}"
    elif due:
        yield "all deadlines met"


@dataclass(frozen=True)
class _Change:
    event: str
    when: str
    demand: str
    before_ms: float
    then_ms: float
    late: int
    due: int

    @property
    def factor(self) -> float:
        """How much longer a round takes; or shorter, after what is there to stay. What takes
        fibres away for a while makes nothing faster: that would be the chance of a few rounds."""
        ratio = self.then_ms / self.before_ms
        return ratio if self.when == "while" else max(ratio, 1 / ratio)

    def __str__(self) -> str:
        when = f"during {self.event}" if self.when == "while" else f"after {self.event}"
        said = (
            f"{when}, the mean round of {self.demand} changes from {duration(self.before_ms)} to "
            f"{duration(self.then_ms)}"
        )
        if self.late:
            are = "is" if self.late == 1 else "are"
            said += f", and {self.late} of {self.due} deadlines {are} missed"
        return said


def workload_effects_sentence(summary: Summary, of: Messages) -> str:
    """For the events that changed most, the demand they hit whose rounds changed most; empty where
    nothing is known to have changed."""
    found = summary.workloads
    if found is None:
        return ""
    changes = [worst for event in (summary.events or ()) if (worst := _worst(event, found, of))]
    changes.sort(key=lambda one: -one.factor)
    told = [one for one in changes if one.factor >= LEAST_FACTOR][:MOST_CHANGES]
    return f"Effect on workloads: {'; '.join(map(str, told))}." if told else ""


def _worst(event: EventSummary, found: WorkloadsSummary, of: Messages) -> _Change | None:
    when = {
        one.when: (one.from_ms, one.until_ms) for one in found.stretches if one.event == event.id
    }
    then = next((name for name in ("while", "after") if name in when), None)
    if then is None or "before" not in when:
        return None
    hit = {one.demand for one in event.hits}
    before, later = (_by_demand(of, hit, *when[name]) for name in ("before", then))
    changes = [
        _change(event.id, then, name, before[name], later[name]) for name in before if name in later
    ]
    return max(filter(None, changes), key=lambda one: one.factor, default=None)


def _by_demand(
    of: Messages, hit: set[str], from_ms: float, until_ms: float
) -> Mapping[str, Sequence[Round]]:
    found: dict[str, list[Round]] = {}
    for one in of.rounds:
        if one.demand not in hit or one.kept_back or one.from_ns is None:
            continue
        if from_ms <= (one.from_ns - of.start_ns) / 1e6 < until_ms:
            found.setdefault(one.demand, []).append(one)
    return found


def _change(
    event: str, when: str, demand: str, before: Sequence[Round], then: Sequence[Round]
) -> _Change | None:
    took = [[one.took_ns / 1e6 for one in of if one.took_ns] for of in (before, then)]
    if min(map(len, took)) < LEAST_ROUNDS:
        return None
    due = [one for one in then if one.deadline_ns is not None]
    late = sum(not one.met for one in due)
    return _Change(event, when, demand, fmean(took[0]), fmean(took[1]), late, len(due))


# How full fibres were: what is congested.

MOST_CONGESTED = 2


def congestion_sentence(summary: Summary) -> str:
    """Which directions of fibres were congested, and in which events; empty if none was."""
    if not any(one.is_congested for one in summary.fibre_use):
        return ""
    return utilization_said(summary.fibre_use)


def utilization_said(used: Sequence[FibreUse]) -> str:
    """Return how many used directions reach the limit, those that do for longest first; else the
    one of highest utilization."""
    full = [one for one in used if one.is_congested]
    full.sort(key=lambda one: (-one.congested_s, -one.utilization))
    limit, every = percent(CONGESTED), counted(len(used), "used direction")
    if not full:
        highest = max(used, key=lambda one: one.most_utilization)
        return (
            f"Fibres: none of {every} reaches {limit} utilization; the highest is {_at(highest)}."
        )
    verb = "reaches" if len(full) == 1 else "reach"
    named = few(map(_at, full), MOST_CONGESTED)
    return f"Congested fibres: {len(full)} of {every} {verb} {limit} utilization: {named}."


def _at(of: FibreUse) -> str:
    lasts = f"{of.congested_s:g} s, " if of.is_congested else ""
    during = f", during {joined(of.congested_in)}" if of.congested_in else ""
    return f"{of.fibre} from {of.from_} ({lasts}maximum {tenths(of.most_utilization)}{during})"


def tenths(share: float) -> str:
    """``89.6 %``: next to a limit of 90 %, whole numbers would mislead."""
    return f"{100 * share:.1f} %"
