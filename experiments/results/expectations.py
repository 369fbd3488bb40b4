"""What a timeline expects of demands, held against what they did. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from corridor.experiments.account.controller_events import StatusEvent
from corridor.experiments.account.summary import ExpectationSummary
from corridor.experiments.plan.values import Plan, PlannedDemand, PlannedEvent
from corridor.traffic.measures.quantiles import left_out
from corridor.traffic.measures.samples import Probes

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
