"""The events of a run in its summary: time, subject, affected demands, lost packets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import numpy as np

from corridor.controller.intent.specification import Specification
from corridor.controller.policy.model import PolicySet
from corridor.experiments.account.account_of_run import Account
from corridor.experiments.account.packet_classes import PROBE, RANDOM
from corridor.experiments.account.run_files import (
    CONTROLLER_EVENTS,
    ControllerEvents,
    StatusEvent,
)
from corridor.experiments.account.summary import (
    EventSummary,
    ExpectationSummary,
    HitSummary,
)
from corridor.experiments.account.transit_check import ALWAYS, Span
from corridor.experiments.plan.values import Change, Made, Plan, PlannedDemand, PlannedEvent
from corridor.experiments.results.event_impacts import (
    EventImpact,
    Judge,
    Judged,
    losses_of,
    write_impacts,
)
from corridor.experiments.results.outages import NO_EVENT, Counted, Sent, owners
from corridor.experiments.results.uncounted_losses import dropping, likeliest
from corridor.experiments.scenario import day_event, policies_event
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain
from corridor.traffic.measures.quantiles import left_out
from corridor.traffic.measures.samples import HostRecords, Probes

REFUSED = {
    policies_event.SET: ("bad", "unknown", "refused", "deferred", "busy", "failed", "nobody"),
    day_event.SET: ("bad", "unknown", "nobody"),
}
"""Kinds of answers of a controller that has changed nothing: a day is in force once it has heard of
it, for what has lost its basis is withdrawn at once, whatever becomes of the rest."""
UNKNOWN = ("late", "absent", "error")
"""Kinds of answers after which it is not known which of the two is in force."""
CHANGES = "changes.json"


@dataclass(frozen=True)
class Timeline:
    """What events did, and why probes were lost."""

    lost_by: Mapping[str, Mapping[str, int]]
    """By demand, as ``DemandSummary`` has it."""
    events: tuple[EventSummary, ...] | None = None
    """None where the timeline is empty."""
    expectations: tuple[ExpectationSummary, ...] = ()
    warnings: tuple[str, ...] = ()


def timeline_of(
    out_dir: Path, plan: Plan, probes: Probes, hosts: Sequence[HostRecords], account: Account
) -> Timeline:
    """Write ``events.parquet``; return what events did, and why probes were lost."""
    epoch_ns = epoch_of(hosts)
    raw = out_dir / "raw"
    told = ControllerEvents(raw / CONTROLLER_EVENTS).statuses()
    judge = likeliest(plan, dropping(raw, plan)) if account.ledger is None else by(account, plan)
    losses = losses_of(probes, plan, epoch_ns, judge, told)
    if not plan.events:
        return Timeline(losses.causes)
    made = changes_made(raw)
    refused = _refused(made)
    # Of what was refused nothing was to come.
    impacts = [one for one in losses.impacts if one.lost or one.event not in refused]
    if impacts:
        write_impacts(out_dir / "events.parquet", impacts)
    events = [
        _event(event, plan, impacts, refused.get(event.id))
        for event in plan.events
        if event.kind != EXPECT
    ]
    warnings = [
        *(f"{name} was refused: {why}" for name, why in refused.items()),
        *_after_all_probes(probes, plan, epoch_ns),
        *_unanswered(made),
    ]
    expected = expectations(probes, plan, epoch_ns, told)
    return Timeline(losses.causes, tuple(events), tuple(expected), tuple(warnings))


def by(account: Account, plan: Plan) -> Judge:
    """Causes as they were counted."""
    cutting = {cut.phase for cut in plan.cuts}

    def judge(demand: PlannedDemand, of: Sent) -> Judged:
        causes = account.lost_by(demand.id, PROBE) or {}
        by_event = account.dark(demand.id, PROBE)
        dark = {name: count for name, count in by_event.items() if name not in cutting}
        dark[NO_EVENT] = max(0, dark.get(NO_EVENT, 0) - of.lost_before)
        return Judged(owners(plan, demand, of, Counted(dark, causes.get(RANDOM, 0))), causes)

    return judge


def _after_all_probes(probes: Probes, plan: Plan, epoch_ns: int) -> list[str]:
    """Of an event that was to hit demands when none was probed any more, an outage of 0 says
    nothing."""
    if not len(probes):
        return []
    last_ns = int(probes.t1_ns.max()) - epoch_ns
    return [
        f"{event.id} begins after the last probe: its outages were not measured"
        for event in plan.events
        if event.impacts and event.begin_ns > last_ns
    ]


def _unanswered(made: Sequence[Made]) -> list[str]:
    """Return warnings of requests that may not have been received."""
    return [
        f"the controller did not answer {one.event}: "
        + (
            "packets are checked against both the previous and the requested policies"
            if one.do in REFUSED
            else "it is not known whether it was done"
        )
        for one in made
        if one.kind in UNKNOWN
    ]


def epoch_of(hosts: Sequence[HostRecords]) -> int:
    """When agents began, CLOCK_REALTIME in ns; 0 if none did."""
    return max((host.epoch_ns for host in hosts), default=0)


def changes_made(raw: Path) -> list[Made]:
    """What was done when; nothing where nothing was, or a run did not come that far."""
    if not (raw / CHANGES).exists():
        return []
    return [from_plain(Made, one) for one in read_json(raw / CHANGES, RESULT)]


def in_force(
    raw: Path, plan: Plan, epoch_ns: int, first: Specification
) -> list[tuple[Specification, Span]]:
    """What packets are judged by when: another set of policies, or another day, from when it was
    asked for; the one before until it was answered that the other is rolled out."""
    asked = {change.event: change for change in plan.changes if change.do in REFUSED}
    found = [(first, ALWAYS)]
    for made in changes_made(raw):
        if made.do not in REFUSED or made.answer is None or made.kind in REFUSED[made.do]:
            continue
        before, span = found[-1]
        known = made.answered_ns is not None and (made.is_done or made.kind not in UNKNOWN)
        until_ns = epoch_ns + (made.answered_ns or 0) if known else math.inf
        found[-1] = (before, Span(span.from_ns, until_ns))
        new = before.model_copy(update=_update(asked[made.event]))
        found.append((new, Span(epoch_ns + made.began_ns, math.inf)))
    return found


def asked_in_the_end(raw: Path, plan: Plan, first: Specification) -> list[Specification]:
    """What may be in force once a run is over, the last asked for as the last."""
    return [one for one, span in in_force(raw, plan, 0, first) if span.until_ns == math.inf]


def _update(change: Change) -> Mapping[str, object]:
    if change.do == policies_event.SET:
        return {"policies": PolicySet.model_validate(change.options.get("set"))}
    return {"as_of": date.fromisoformat(change.what)}


def _refused(made: Sequence[Made]) -> dict[str, str]:
    """Why, by event, the controller has not done what it was asked for."""
    found: dict[str, str] = {}
    for one in made:
        if one.answer and not one.is_done and one.kind not in UNKNOWN:
            found.setdefault(one.event, str(one.answer.get("reason", "")))
    return found


def _event(
    event: PlannedEvent, plan: Plan, impacts: Sequence[EventImpact], refused: str | None
) -> EventSummary:
    return EventSummary(
        id=event.id,
        kind=event.kind,
        what=event.what,
        options=event.options,
        at_ms=(event.begin_ns - plan.start_ns) / 1e6,
        until_ms=None if event.end_ns is None else (event.end_ns - plan.start_ns) / 1e6,
        back_ms=None if event.back_ns is None else (event.back_ns - plan.start_ns) / 1e6,
        refused=refused,
        hits=tuple(_hit(one) for one in impacts if one.event == event.id),
    )


def _hit(impact: EventImpact) -> HitSummary:
    return HitSummary(**{one.name: getattr(impact, one.name) for one in fields(HitSummary)})


# What a timeline expects of demands, held against what they did.

EXPECT = "expect"
QUANTILES = {"p50": 50.0, "p99": 99.0, "max": 100.0}
"""By the option that bounds it."""


def expectations(
    probes: Probes, plan: Plan, epoch_ns: int, said: Sequence[StatusEvent]
) -> Iterator[ExpectationSummary]:
    """One for each bound; ``said`` is how a following controller served demands, in order."""
    for event in plan.events:
        if event.kind != EXPECT:
            continue
        demand = next(one for one in plan.demands if one.id == event.what)
        for name, wanted in event.options.items():
            if name == "status":
                found = _status(event, demand, epoch_ns, said)
                yield _of(event, name, wanted, found, holds=found == wanted)
            else:
                mine = _sent_meanwhile(probes, event, demand, epoch_ns)
                bound = wanted if name == "lost" else wanted / 1e6
                if (too_few := _too_few(name, mine)) is not None:
                    unknown = _of(event, name, bound, None, holds=False)
                    yield replace(unknown, left_out=too_few)
                    continue
                value = _measured(name, mine)
                yield _of(event, name, bound, value, holds=value is not None and value <= bound)


def _of(
    event: PlannedEvent, name: str, wanted: object, found: object, *, holds: bool
) -> ExpectationSummary:
    return ExpectationSummary(
        id=event.id,
        demand=event.what,
        of=name,
        expected=wanted if isinstance(wanted, str | int | float) else str(wanted),
        found=found if isinstance(found, str | int | float) else None,
        holds=holds,
    )


def _status(
    event: PlannedEvent, demand: PlannedDemand, epoch_ns: int, said: Sequence[StatusEvent]
) -> str:
    """The last report of the controller before the end of an event."""
    by_ns = epoch_ns + (event.end_ns or event.begin_ns)
    told = [one.status for one in said if one.demand == demand.id and one.at_ns <= by_ns]
    return told[-1] if told else demand.status


def _sent_meanwhile(
    probes: Probes, event: PlannedEvent, demand: PlannedDemand, epoch_ns: int
) -> Probes:
    sent_ns = probes.intended_ns - epoch_ns
    lasts = (sent_ns >= event.begin_ns) & (sent_ns < (event.end_ns or event.begin_ns))
    return probes.where(lasts & probes.is_first).of_demand(demand.index)


def _too_few(name: str, mine: Probes) -> str | None:
    """Why some replies do not carry a quantile; None if they do, or there are none at all."""
    answered = int(np.count_nonzero(mine.received))
    return left_out(answered).get(name) if answered else None


def _measured(name: str, mine: Probes) -> float | None:
    """How many are lost, or a quantile of RTT in ms; None where nothing tells it."""
    received = mine.where(mine.received)
    if name == "lost" and len(mine):
        return len(mine) - len(received)
    if not len(received):
        return None
    return float(np.percentile(received.rtt_ns, QUANTILES[name], method="inverted_cdf")) / 1e6
