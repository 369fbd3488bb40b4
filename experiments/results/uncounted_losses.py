"""Why probes were lost, in runs without counters of packets: on a kernel without such counters, and
in a run that did not end regularly.

Of each lost probe the likeliest cause is taken: an event that was expected to hit its demand and
was near; else random loss or a queue, of which fibres say how much they had; else nothing explains
it. What a full queue loses near such an event is taken for the event's. The account of packets
(``experiments/account``) knows better and is asked wherever there is one.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corridor.experiments.account.account_of_run import lost_between
from corridor.experiments.account.counters import read_health
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.results.event_impacts import Judge, Judged
from corridor.experiments.results.outages import NOBODY, Part, Sent, parts
from corridor.experiments.scenario.event_registry import LOADS, TRANSFER

QUEUES_EMPTY_NS = 1_000_000_000
"""After a load has ended."""
RANDOM, QUEUE, METER = "random loss", "queue", "meter"
POLICY, UNEXPLAINED = "policy", "unexplained"


@dataclass(frozen=True)
class Dropping:
    """What fibres lost of themselves while a run measured, by the fibre: how many packets."""

    at_random: Mapping[str, int]
    by_queues: Mapping[str, int]
    loads: Sequence[tuple[float, float, frozenset[str]]] = ()
    """When other loads were sent, from and until after the epoch, over which fibres."""
    metered: frozenset[str] = frozenset()
    """Hubs whose edge lets in no more than some demand's peak rate."""
    anywhere: bool = False
    """Whether demands may have been on other fibres than planned, for something happened."""

    def causes(self, demand: PlannedDemand, sent_ns: int) -> Iterator[tuple[str, int]]:
        """What may have lost a probe, the likeliest first, and how many it can have lost at most:
        a queue where a load shares a fibre at that time, chance anywhere."""
        random, queues = self._lost(self.at_random, demand), self._lost(self.by_queues, demand)
        beside = any(
            begin <= sent_ns <= end + QUEUES_EMPTY_NS and fibres.intersection(demand.fibres)
            for begin, end, fibres in self.loads
        )
        both = [(QUEUE, queues), (RANDOM, random)]
        yield from (both if beside else reversed(both))
        if demand.src in self.metered:
            yield METER, sys.maxsize

    def _lost(self, by_fibre: Mapping[str, int], demand: PlannedDemand) -> int:
        fibres = by_fibre if self.anywhere else demand.fibres
        return sum(by_fibre.get(fibre, 0) for fibre in fibres)


def likeliest(plan: Plan, dropping: Dropping) -> Judge:
    """Nothing has lost more than it can have."""

    def judge(demand: PlannedDemand, of: Sent) -> Judged:
        owned, counts = np.full(len(of.lost), NOBODY), Counter[str]()
        for part in parts(plan, demand, of):
            if _is_of_event(demand, part, int(of.sent_ns[part.first]), dropping):
                owned[part.first : part.end] = part.owner
                name = plan.events[part.owner].id if part.is_expected else UNEXPLAINED
                counts[name] += part.end - part.first
                continue
            for at_ns in of.sent_ns[part.first : part.end].tolist():
                counts[_cause(demand, at_ns, dropping, counts)] += 1
        return Judged(owned, +counts)

    return judge


def _is_of_event(demand: PlannedDemand, part: Part, sent_ns: int, dropping: Dropping) -> bool:
    if part.owner == NOBODY or part.is_expected:
        return part.is_expected
    return _cause(demand, sent_ns, dropping, {}) == UNEXPLAINED


def _cause(
    demand: PlannedDemand, sent_ns: int, dropping: Dropping, so_far: Mapping[str, int]
) -> str:
    """Why a probe was lost that no event explains."""
    if demand.predicted_rtt_ns is None:
        return POLICY
    return next(
        (cause for cause, most in dropping.causes(demand, sent_ns) if so_far.get(cause, 0) < most),
        UNEXPLAINED,
    )


def metered_hubs(plan: Plan) -> frozenset[str]:
    """Those whose switches have meters: they drop what exceeds a guaranteed peak."""
    return frozenset(switch.hub for switch in plan.program.switches if switch.meters)


def dropping(raw: Path, plan: Plan) -> Dropping:
    """The random losses of fibres, and when loads other than probes were sent."""
    health = read_health(raw)
    places = lost_between(health.before.fibres, health.after.fibres, plan.wiring) if health else {}
    at_random, by_queues = Counter[str](), Counter[str]()
    for place, count in places.items():
        counted = by_queues if place.endswith(" queue") else at_random
        counted[place.partition(":")[0]] += count
    return Dropping(at_random, by_queues, list(_loads(plan)), metered_hubs(plan), bool(plan.events))


def _loads(plan: Plan) -> Iterator[tuple[float, float, frozenset[str]]]:
    fibres = {demand.id: frozenset(demand.fibres) for demand in plan.demands}
    for event in plan.events:
        if event.kind in LOADS:
            end_ns = math.inf if event.kind == TRANSFER else event.end_ns or math.inf
            yield event.begin_ns, end_ns, fibres[event.what]
    for workload in plan.workloads:
        on = frozenset[str]().union(*(plan.demands[one].fibres for one in workload.demands))
        for begin_ns, end_ns in workload.windows:
            yield begin_ns, max(end_ns, workload.closes_ns), on
