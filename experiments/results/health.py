"""What the machinery of a run lost, and whether its numbers are still those of the network. Pure.

A run in which nothing competes knows every round trip beforehand, and every loss has a cause: what
differs from that without a reason is the machine's doing, or a defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.plan.probe_queues import crowded_fibres, waits
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.results.event_impacts import UNEXPLAINED
from corridor.experiments.results.flows import FlowRow
from corridor.experiments.results.machine_counters import Health, SocketDrops
from corridor.experiments.results.summary import DemandSummary
from corridor.experiments.timeline.registry import LOADS
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.units import format_duration

LATER_NS = {"virtual": 1_000_000, "real": 3_000_000}
"""By clock, how much more than predicted the median round trip of a demand may take by which
nothing competes (docs/results.md)."""
SOONER_NS = 1_000_000
"""How much less than predicted a median may be."""
MOST_NAMED = 3
FULL_FRAME_BITS = 8 * 1518


def machine_warnings(health: Health | None, plan: Plan) -> list[str]:
    """What the machine lost beside the network's own losses, a line each."""
    if health is None:
        return []
    dropped = health.after.softnet_dropped - health.before.softnet_dropped
    lost = health.after.datapath_lost - health.before.datapath_lost
    said = [
        (dropped, "packets were dropped by the kernel's backlog (softnet)"),
        (lost, "packets were lost on their way up from the datapath of Open vSwitch"),
    ]
    named = [f"{number} {what}" for number, what in said if number > 0]
    return [*named, *_full_sockets(health), *_foreign(health), *_flaps(health, plan)]


def _full_sockets(health: Health) -> Iterator[str]:
    for host, one in sorted(health.sockets.items()):
        parts = {"requests": one.requests, "replies": one.replies, "of streams": one.streams}
        told = ", ".join(f"{number} {what}" for what, number in parts.items() if number)
        if told:
            yield f"{one.total} packets found the socket of the agent at {host} full ({told})"


def _foreign(health: Health) -> Iterator[str]:
    for host, one in sorted(health.sockets.items()):
        if one.foreign_replies:
            yield (
                f"{one.foreign_replies} replies at {host} are of no probe that was sent there "
                "(another session, number or form): they count neither as answers nor as losses"
            )


def _flaps(health: Health, plan: Plan) -> list[str]:
    """Sessions of BFD that changed where no event did anything to their fibre."""
    if plan.events or plan.cuts:
        return []
    before, after = health.before.bfd_changes, health.after.bfd_changes
    flapped = sorted(name for name in after if after[name] != before.get(name, after[name]))
    if not flapped:
        return []
    named = ", ".join(flapped[:MOST_NAMED]) + (" ..." if len(flapped) > MOST_NAMED else "")
    return [f"BFD changed at {len(flapped)} ends of fibres though nothing failed: {named}"]


def lost_at_sockets(health: Health | None, demands: Sequence[DemandSummary]) -> str | None:
    """Why losses are not all the network's: an agent's socket was full where a demand that lost
    packets was to be answered, or heard its answers, or a stream of it ended; or answers came
    there that nobody could take for its own."""
    if health is None:
        return None
    none = SocketDrops()
    for demand in demands:
        far, near = (health.sockets.get(demand[end], none) for end in ("dst", "src"))
        unknown = demand["lost_unattributed"]
        back = demand["lost_backward"] + unknown
        full = "the socket of the agent at {} was full"
        for dropped, lost, host, why in (
            (far.requests, demand["lost_forward"] + unknown, demand["dst"], full),
            (near.replies, back, demand["src"], full),
            (near.foreign_replies, back, demand["src"], "{} had so many replies of no probe sent"),
            (far.streams, _lost_of_streams(demand), demand["dst"], full),
        ):
            if dropped and lost:
                return (
                    f"{demand['id']} lost {lost} packets, and up to {dropped} of them not in the"
                    f" network: {why.format(host)}"
                )
    return None


def _lost_of_streams(demand: DemandSummary) -> int:
    """And of transfers, which know nothing of what was lost."""
    return sum(
        (one["offered_packets"] or 0) - (one["delivered_packets"] or 0)
        for one in demand.get("flows", ())
    )


def unexplained(
    health: Health | None,
    demands: Sequence[DemandSummary],
    flows: Sequence[FlowRow],
    plan: Plan,
    clock: str,
) -> str | None:
    """Why a run's numbers are not those of the network, by what it lost and how late it was.

    Where nobody read what queues have lost, no loss is held against it.
    """
    known = demands if health is not None else ()
    lost = [
        (of["lost_by"][UNEXPLAINED], one["id"])
        for one in known
        for of in (one, *one.get("flows", ()))
        if UNEXPLAINED in of.get("lost_by", {})
    ]
    if lost:
        worst = max(lost)
        return (
            f"{sum(number for number, _ in lost)} packets were lost and nothing explains it "
            f"({worst[0]} of {worst[1]}): no event, no queue, no random loss"
        )
    off = [*_probes_off(demands, plan, clock), *_late_transfers(demands, flows, plan, clock)]
    if not off:
        return None
    later_ms, what = max(off, key=lambda one: (abs(one[0]), one[1]))
    if later_ms < 0:
        return f"{what} took {-later_ms:.1f} ms less than fibre allows"
    return (
        f"{what} took {later_ms:.1f} ms more than predicted though nothing competed: "
        f"{format_duration(LATER_NS[clock])} are too many"
    )


def _probes_off(
    demands: Sequence[DemandSummary], plan: Plan, clock: str
) -> Iterator[tuple[float, str]]:
    """By how many ms which median is later than predicted; or sooner, which is negative."""
    loaded = {event.what for event in plan.events if event.kind in LOADS}
    competed = {fibre for demand in plan.demands if demand.id in loaded for fibre in demand.fibres}
    hit = {impact.demand for event in plan.events for impact in event.impacts}
    crowded = crowded_fibres(plan)
    hit |= waits(plan).keys()
    for planned, demand in zip(plan.demands, demands, strict=True):
        predicted_ms, p50_ms = demand["predicted_rtt_ms"], (demand["rtt_ms"] or {}).get("p50")
        if planned.index in hit or (crowded.keys() | competed) & set(planned.fibres):
            continue
        if predicted_ms is None or p50_ms is None:
            continue
        later_ms = p50_ms - predicted_ms
        if not -SOONER_NS <= later_ms * 1e6 <= LATER_NS[clock] + _in_order_ns(plan, planned):
            yield later_ms, f"the median round trip of {demand['id']}"


def _late_transfers(
    demands: Sequence[DemandSummary], flows: Sequence[FlowRow], plan: Plan, clock: str
) -> Iterator[tuple[float, str]]:
    """By the least that TCP itself measured, of those that had the network for themselves, beyond
    what they may have waited for themselves."""
    alone = {plan.demands[one.demand].id for one in plan.transfers if one.at_ns is None}
    planned = {one.id: one for one in plan.demands}
    predicted_ms = {one["id"]: one["predicted_rtt_ms"] for one in demands}
    for flow in flows:
        least_us, expected_ms = flow.get("min_rtt_us"), predicted_ms[flow["demand"]]
        if flow["demand"] not in alone or least_us is None or expected_ms is None:
            continue
        demand = planned[flow["demand"]]
        own_ms = (_full_queues_ns(plan, demand) + _in_order_ns(plan, demand)) / 1e6
        later_ms = least_us / 1e3 - expected_ms - own_ms
        if later_ms * 1e6 > LATER_NS[clock]:
            yield later_ms, f"every round trip of TCP of {flow['demand']}"


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
