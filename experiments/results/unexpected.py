"""What a run measured outside what its plan expected, a sentence each. Pure.

An outage is known to an interval of probes at its begin and at its end. Where BFD notices a fault,
sessions draw their intervals at random: measured values are compared with the minimum and the
maximum of all samples. Open vSwitch may take some milliseconds more to rewrite its cached flows.
Where computing takes time, it may add to the prediction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from corridor.experiments.account.probes import WARM_UP_PHASE
from corridor.experiments.account.summary import EventSummary, HitSummary, Outage
from corridor.experiments.plan.bfd_sessions import REWRITTEN_MS, avoided_after_ms
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.event_registry import LOADS, is_fault
from corridor.topologies.base.words import counted
from corridor.traffic.agents.jobs import CHARGED
from corridor.traffic.measures.samples import Probes

RESOLVED_INTERVALS = 2
OUT_MS = {"virtual": 1.0, CHARGED: 50.0, "real": 200.0}
"""By clock, what an outage may differ by from what is expected, beyond its resolution."""
RTT_MS = {"virtual": 1.0, CHARGED: 1.0, "real": 3.0}
"""The same of the median round trip while an event lasts."""


def probe_intervals_ms(probes: Probes, plan: Plan) -> Mapping[str, float]:
    """Between probes of each demand, but for its warm-up and for cuts one after another."""
    left_out = [WARM_UP_PHASE, *(plan.job.phases.index(cut.phase) for cut in plan.cuts)]
    kept = probes.where(probes.is_first & ~np.isin(probes.phase, left_out))
    found = {}
    for demand in plan.demands:
        sent_ns = np.sort(kept.of_demand(demand.index).intended_ns)
        if len(sent_ns) > 1:
            found[demand.id] = float(np.median(np.diff(sent_ns))) / 1e6
    return found


def unexpected_events(
    events: Sequence[EventSummary], plan: Plan, intervals_ms: Mapping[str, float], clock: str
) -> list[str]:
    """Outages and round trips under events of the timeline."""
    competes = bool(plan.workloads) or any(event.kind in LOADS for event in events)
    found: list[str] = []
    for event in events:
        for hit in event.hits:
            found += _outage(event, hit, intervals_ms.get(hit.demand, 0.0), clock)
            if not competes:
                found += _round_trip(event, hit, clock)
    return found


def _outage(event: EventSummary, hit: HitSummary, interval_ms: float, clock: str) -> Iterator[str]:
    expected_ms = hit.expected_out_ms
    if expected_ms is None:
        return
    least_ms, most_ms = hit.expected_out_within_ms or (expected_ms, expected_ms)
    if is_fault(event.kind):
        most_ms += REWRITTEN_MS
    may_ms = RESOLVED_INTERVALS * interval_ms + OUT_MS[clock]
    if least_ms - may_ms <= hit.out_ms <= most_ms + may_ms:
        return
    yield (
        f"event {event.id}: the outage of {hit.demand} was {hit.out_ms:.1f} ms, expected "
        f"{least_ms:.1f} to {most_ms:.1f} ms (tolerance {may_ms:.1f} ms)"
    )


def _round_trip(event: EventSummary, hit: HitSummary, clock: str) -> Iterator[str]:
    measured_ms, expected_ms = hit.rtt_then_ms, hit.expected_rtt_then_ms
    if measured_ms is None or expected_ms is None or hit.share < 1:
        return
    if abs(measured_ms - expected_ms) > RTT_MS[clock]:
        yield (
            f"event {event.id}: the median round trip of {hit.demand} was "
            f"{measured_ms:.3f} ms, expected {expected_ms:.3f} ms (tolerance {RTT_MS[clock]:g} ms)"
        )


def unexpected_cuts(rows: Sequence[Outage], plan: Plan, clock: str) -> list[str]:
    """Of cuts one after another: the longest outage beyond its bound, and demands lost for good."""
    bounds_ms = {
        cut.fibre: _bound_ms(cut.silent, cut.interval_ns, plan, clock) for cut in plan.cuts
    }
    late = [
        row for row in rows if row.expected == "detour" and row.outage_ms > bounds_ms[row.fibre]
    ]
    found = []
    if late:
        worst = max(late, key=lambda row: row.outage_ms)
        more = f" ({len(late)} outages were longer than that)" if len(late) > 1 else ""
        found.append(
            f"cut {worst.fibre}: the outage of {worst.demand} was {worst.outage_ms:.0f} ms, "
            f"expected at most {bounds_ms[worst.fibre]:.0f} ms{more}"
        )
    others = [row for row in rows if not row.is_as_expected]
    if others:
        first = others[0]
        found.append(
            f"cut {first.fibre}: demand {first.demand} was expected to be {first.expected} and was "
            f"not ({counted(len(others), 'such result')})"
        )
    return found


def _bound_ms(is_silent: bool, interval_ns: int, plan: Plan, clock: str) -> float:
    """How long switches may use the fibre, and the resolution."""
    avoided_ms = avoided_after_ms(plan.bfd_interval_ms or 0, is_silent=is_silent)
    further_ms = 0.0 if clock == "virtual" else OUT_MS[clock]
    return avoided_ms + interval_ns / 1e6 + further_ms
