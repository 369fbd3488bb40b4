"""What it costs that workloads share fibres, in a sentence; and what events did to them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from corridor.experiments.account.summary import EventSummary, Summary
from corridor.experiments.account.workload_summary import WorkloadsSummary, WorkloadSummary
from corridor.experiments.results.messages import Round
from corridor.topologies.base.words import duration, joined

LEAST_ROUNDS = 2
"""Of a demand, in either stretch that is compared."""
LEAST_FACTOR = 1.2
"""A change of duration by less than this factor is not reported."""
MOST_DEADLINES = 3
MOST_EVENTS = 2


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
        *_in_time(found),
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


def _in_time(found: WorkloadsSummary) -> Iterator[str]:
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
    told = [one for one in changes if one.factor >= LEAST_FACTOR][:MOST_EVENTS]
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
