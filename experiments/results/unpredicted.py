"""What took other than was predicted, where nothing competed for the network. Pure.

Each round trip of such a run is predicted: a longer one is an effect of this machine, or a defect,
whatever the machine reports. Where computing takes time, each shown quantile is compared with its
prediction, and a transfer with the capacity that it had for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from corridor.experiments.account.flows import FlowRow
from corridor.experiments.account.probes import WARM_UP_PHASE
from corridor.experiments.account.summary import DemandSummary, EventSummary, HitSummary, Outage
from corridor.experiments.plan.bfd_sessions import REWRITTEN_MS, avoided_after_ms
from corridor.experiments.plan.probe_queues import crowded_fibres, waits
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.results.uncounted_losses import metered_hubs
from corridor.experiments.scenario.event_registry import LOADS, is_fault
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.units import format_duration
from corridor.topologies.base.words import counted
from corridor.topologies.model.line import Queue
from corridor.traffic.agents.jobs import CHARGED
from corridor.traffic.measures.samples import Probes

FREE = "virtual"
"""The clock in which computing takes no time."""
LATER_NS = {FREE: 1_000_000, CHARGED: 1_000_000, "real": 3_000_000}
"""By clock, how much more than predicted the median round trip of a demand may take by which
nothing competes (docs/results.md)."""
SOONER_NS = 1_000_000
"""How much less than predicted a median may be."""
TAILS_LATER_NS = {"p95": 5_000_000, "p99": 10_000_000}
"""The same of higher quantiles, where computing takes time: what a quiet machine adds to few
packets. Where it takes none they are as exact as the median."""
SLOWEST_NS = 10_000_000
"""How much more than predicted the slowest answer may take before it is called the machine's."""
ROUNDS_TO_FILL, LEAST_FILLED = 100, 0.5
"""Round trips after which a single transfer has long filled its bottleneck, and the share of it
that CUBIC reaches even with a queue much shorter than the bandwidth-delay product."""
FULL_FRAME_BITS = 8 * 1518


def unpredicted(
    demands: Sequence[DemandSummary], flows: Sequence[FlowRow], plan: Plan, clock: str
) -> str | None:
    """The worst of it, as a reason why a run is not valid; None where all is as predicted."""
    off = [*_probes_off(demands, plan, clock), *_late_transfers(demands, flows, plan, clock)]
    if not off:
        return _slow_transfer(demands, flows, plan, clock)
    worst = max(off, key=lambda one: (abs(one.later_ms), one.what))
    if worst.later_ms < 0:
        return f"{worst.what} took {-worst.later_ms:.1f} ms less than fibre allows"
    return (
        f"{worst.what} took {worst.later_ms:.1f} ms more than predicted without competing traffic: "
        f"{format_duration(worst.most_ns)} are too many"
    )


class _Off(NamedTuple):
    """What took how much longer than predicted; less, where it is negative."""

    later_ms: float
    what: str
    most_ns: int


def tail_warnings(demands: Sequence[DemandSummary], plan: Plan, clock: str) -> list[str]:
    """Where nothing competed, the slowest is an effect of this machine, if computing takes time."""
    if clock == FREE:
        return []
    slow = [
        (later_ms, demand.id)
        for _, demand, predicted_ms in _alone(demands, plan)
        if demand.rtt_ms is not None
        and (most := demand.rtt_ms.max) is not None
        and (later_ms := most - predicted_ms) * 1e6 > SLOWEST_NS
    ]
    if not slow:
        return []
    worst_ms, worst = max(slow)
    named = f"{worst} {worst_ms:.1f} ms more than predicted without competing traffic"
    whose = "are effects of this machine, not of the emulated network"
    return [f"the slowest answers of {counted(len(slow), 'demand')} {whose} ({named})"]


def _competing(plan: Plan) -> set[str]:
    """Fibres that something else may fill: loads of the timeline, workloads, probes themselves."""
    loaded = {event.what for event in plan.events if event.kind in LOADS}
    sending = {index for one in plan.workloads for index in one.demands}
    if sending and (plan.events or plan.follows):  # their paths may differ from the plan
        return {wire.fibre for wire in plan.wiring.fibres}
    return set(crowded_fibres(plan)).union(
        *(one.fibres for one in plan.demands if one.id in loaded or one.index in sending)
    )


def _alone(
    demands: Sequence[DemandSummary], plan: Plan
) -> Iterator[tuple[PlannedDemand, DemandSummary, float]]:
    """Demands that nothing hit and nothing competed with, and what their round trips take."""
    hit = {impact.demand for event in plan.events for impact in event.impacts}
    hit |= waits(plan).keys()
    competing = _competing(plan)
    for planned, demand in zip(plan.demands, demands, strict=True):
        predicted_ms = demand.predicted_rtt_ms
        if predicted_ms is None or planned.index in hit or not competing.isdisjoint(planned.fibres):
            continue
        yield planned, demand, predicted_ms


def lost_alone(demands: Sequence[DemandSummary], plan: Plan) -> str | None:
    """Why losses without counted causes are not the network's, where nothing competed and no fibre
    loses at random."""
    lost = [
        (demand.lost, demand.id)
        for planned, demand, _ in _alone(demands, plan)
        if demand.lost and not demand.lost_by and _is_plain(plan, planned)
    ]
    if not lost:
        return None
    most, worst = max(lost)
    return (
        f"{sum(number for number, _ in lost)} probes were lost without competing traffic "
        f"({most} of {worst}), at an unknown place"
    )


def _probes_off(demands: Sequence[DemandSummary], plan: Plan, clock: str) -> Iterator[_Off]:
    """The median (the minimum of too few probes), and where computing takes time each higher
    quantile that there is: one that is shown is one that was held against what is predicted."""
    names = {"min": "least", "p50": "median", "p95": "p95", "p99": "p99"}
    for planned, demand, predicted_ms in _alone(demands, plan):
        rtt = demand.rtt_ms
        if rtt is None:
            continue
        middle = "min" if rtt.p50 is None else "p50"
        bounds_ns = {middle: LATER_NS[clock], **({} if clock == FREE else TAILS_LATER_NS)}
        for key, bound_ns in bounds_ns.items():
            measured_ms: float | None = getattr(rtt, key)
            if measured_ms is None:
                continue
            later_ms = measured_ms - predicted_ms
            may_ns = bound_ns + _at_random_ns(plan, planned, is_median=key == middle)
            if not -SOONER_NS <= later_ms * 1e6 <= may_ns:
                yield _Off(later_ms, f"the {names[key]} round trip of {demand.id}", bound_ns)


def _late_transfers(
    demands: Sequence[DemandSummary], flows: Sequence[FlowRow], plan: Plan, clock: str
) -> Iterator[_Off]:
    """By the minimum that TCP itself measured, of those that had the network for themselves, beyond
    what they may have waited for themselves."""
    for flow, demand, expected_ms in _transfers_alone(demands, flows, plan):
        least_us = flow.found.min_rtt_us
        if least_us is None:
            continue
        own_ms = (_full_queues_ns(plan, demand) + _in_order_ns(plan, demand)) / 1e6
        later_ms = least_us / 1e3 - expected_ms - own_ms
        if later_ms * 1e6 > LATER_NS[clock]:
            what = f"every round trip of TCP of {flow.demand}"
            yield _Off(later_ms, what, LATER_NS[clock])


def _transfers_alone(
    demands: Sequence[DemandSummary], flows: Sequence[FlowRow], plan: Plan
) -> Iterator[tuple[FlowRow, PlannedDemand, float]]:
    """Those that were carried out by themselves, with what a round trip takes."""
    alone = {plan.demands[one.demand].id for one in plan.transfers if one.at_ns is None}
    planned = {one.id: one for one in plan.demands}
    predicted_ms = {one.id: one.predicted_rtt_ms for one in demands}
    for flow in flows:
        expected_ms = predicted_ms[flow.demand]
        if flow.demand in alone and expected_ms is not None:
            yield flow, planned[flow.demand], expected_ms


def _slow_transfer(
    demands: Sequence[DemandSummary], flows: Sequence[FlowRow], plan: Plan, clock: str
) -> str | None:
    """A transfer that had the network for itself and time to fill it, and did not: if computing
    takes time that is the machine, where no fibre of it loses, polices or shares by classes."""
    if clock == FREE:
        return None
    hit = {impact.demand for event in plan.events for impact in event.impacts}
    for flow, demand, rtt_ms in _transfers_alone(demands, flows, plan):
        delivered, took_ns = flow.found.delivered_mbps, flow.found.duration_ns
        if delivered is None or took_ns is None or demand.index in hit:
            continue
        has_time = took_ns > ROUNDS_TO_FILL * rtt_ms * 1e6
        if has_time and _is_plain(plan, demand) and delivered < LEAST_FILLED * flow.bottleneck_mbps:
            return (
                f"TCP of {demand.id} reached {delivered:.0f} of {flow.bottleneck_mbps:g} Mbit/s "
                f"without competing traffic: less than {LEAST_FILLED:.0%} is an effect of this "
                "machine"
            )
    return None


def _is_plain(plan: Plan, demand: PlannedDemand) -> bool:
    """Whether nothing but capacity bounds a demand: no loss, no classes, no meter."""
    wires = [wire for wire in plan.wiring.fibres if wire.fibre in demand.fibres]
    shapes = [shape for wire in wires for shape in (wire.forward, wire.backward)]
    random = any(one.loss_ppm or one.jitter_ns or one.late_ppm for one in shapes)
    return (
        not random
        and all(shape.queue == Queue() for shape in shapes)
        and demand.src not in metered_hubs(plan)
    )


def _at_random_ns(plan: Plan, demand: PlannedDemand, *, is_median: bool) -> int:
    """What fibres may add of themselves to what is predicted."""
    if is_median:
        return _in_order_ns(plan, demand)
    wires = [wire for wire in plan.wiring.fibres if wire.fibre in demand.fibres]
    return sum(
        shape.longest_ns - shape.usual_ns
        for wire in wires
        for shape in (wire.forward, wire.backward)
    )


def _in_order_ns(plan: Plan, demand: PlannedDemand) -> int:
    """What jitter may add to its mean where packets come close together and none overtakes."""
    wires = [wire for wire in plan.wiring.fibres if wire.fibre in demand.fibres]
    return sum((wire.forward.jitter_ns + wire.backward.jitter_ns) // 2 for wire in wires)


def _full_queues_ns(plan: Plan, demand: PlannedDemand) -> int:
    """What a transfer may wait for itself, with every queue of its path full."""
    shapes = [wire.forward for wire in plan.wiring.fibres if wire.fibre in demand.fibres]
    return sum(
        shape.queue_packets * FULL_FRAME_BITS * NS_PER_S // max(1, shape.rate_bps)
        for shape in shapes
    )


# What a run measured outside what its plan expected, a sentence each.
#
# An outage is known to an interval of probes at its begin and at its end. Where BFD notices a
# fault, sessions draw their intervals at random: measured values are compared with the minimum
# and the maximum of all samples. Open vSwitch may take some milliseconds more to rewrite its
# cached flows. Where computing takes time, it may add to the prediction.

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
