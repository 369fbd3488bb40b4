"""What the machinery of a run lost, and whether its numbers are still those of the network. Pure.

A run in which nothing competes knows every round trip beforehand, and every loss has a cause: what
differs from that without a reason is an effect of this machine, or a defect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from corridor.experiments.account.counters import Health, SocketDrops
from corridor.experiments.account.flows import FlowRow
from corridor.experiments.account.packet_classes import GATEWAY, MACHINE, SWITCH
from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.plan.values import Plan
from corridor.experiments.results.uncounted_losses import UNEXPLAINED
from corridor.experiments.results.unpredicted import lost_alone, unpredicted
from corridor.experiments.scenario.event_registry import KINDS
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.words import counted
from corridor.traffic.agents.jobs import CHARGED

MOST_NAMED = 3
UDP_ERRORS = (
    "met a full socket (RcvbufErrors)",
    "were damaged, or met full memory (InErrors)",
    "met no listening process (NoPorts)",
)
OF_THE_MACHINE = {
    MACHINE: "the kernel or a socket had no room for them",
    SWITCH: "BFD declared ports dead without a failure",
    GATEWAY: "the queue of a gateway was full",
}
"""Causes of losses that are none of the network's doing, where no event is to blame, in words."""


def machine_warnings(health: Health | None, plan: Plan) -> list[str]:
    """Losses of the machine, other than those of the network, a line each."""
    if health is None:
        return []
    dropped = health.after.softnet_dropped - health.before.softnet_dropped
    lost = health.after.datapath_lost - health.before.datapath_lost
    said = [
        (dropped, "packets were dropped by the kernel's backlog (softnet)"),
        (lost, "packets were lost between the datapath and Open vSwitch"),
    ]
    named = [f"{number} {what}" for number, what in said if number > 0]
    full = [*_full_sockets(health), *_no_room(health)]
    return [*named, *full, *_foreign(health), *_flaps(health, plan)]


def _full_sockets(health: Health) -> Iterator[str]:
    for host, one in sorted(health.sockets.items()):
        parts = {"requests": one.requests, "replies": one.replies, "of streams": one.streams}
        told = ", ".join(f"{number} {what}" for what, number in parts.items() if number)
        if told:
            yield f"{one.total} packets found the socket of the agent at {host} full ({told})"


def _no_room(health: Health) -> Iterator[str]:
    """By the counters of hosts' kernels, for all that is sent there, agents or not."""
    for host, errors in sorted(health.udp.items()):
        for number, what in zip(errors.each, UDP_ERRORS, strict=True):
            if number:
                yield f"{number} datagrams at {host} {what}"


def _foreign(health: Health) -> Iterator[str]:
    for host, one in sorted(health.sockets.items()):
        if one.foreign_replies:
            yield (
                f"{one.foreign_replies} replies at {host} match no probe that was sent there "
                "(other session, number or format): they count neither as replies nor as losses"
            )


def _flaps(health: Health, plan: Plan) -> list[str]:
    """Sessions of BFD that changed where no event did anything to a fibre."""
    if plan.cuts or any(KINDS[event.kind].disturbs for event in plan.events):
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
    there that match no probe."""
    if health is None:
        return None
    none = SocketDrops()
    for demand in demands:
        src, dst = demand.hosts
        far, near = (health.sockets.get(end, none) for end in (dst, src))
        unknown = demand.lost_unattributed
        back = demand.lost_backward + unknown
        full = "the socket of the agent at {} was full"
        for dropped, lost, host, why in (
            (far.requests, demand.lost_forward + unknown, dst, full),
            (near.replies, back, src, full),
            (
                near.foreign_replies,
                back,
                src,
                "{} had this number of replies that match no probe",
            ),
            (far.streams, _lost_of_streams(demand), dst, full),
        ):
            if dropped and lost:
                return (
                    f"{demand.id} lost {lost} packets, and up to {dropped} of them not in the"
                    f" network: {why.format(host)}"
                )
    return None


def _lost_of_streams(demand: DemandSummary) -> int:
    """And of transfers, which know nothing of what was lost."""
    return sum((one.offered_packets or 0) - (one.delivered_packets or 0) for one in demand.flows)


def _lost_by_the_machine(demands: Sequence[DemandSummary], plan: Plan, clock: str) -> str | None:
    """Why losses that have a cause are not the network's. In the virtual clock a gateway is never
    late: what it loses there, it refuses; nor is BFD: what a switch loses there is of an event.
    Under a controller of the user's own it is that one's doing."""
    kinds = OF_THE_MACHINE.keys() - ({GATEWAY, SWITCH} if clock == "virtual" else set())
    kinds -= {SWITCH} if plan.controller else set()
    by_cause: Counter[str] = Counter()
    worst = (0, "")
    for demand in demands:
        for lost_by in _causes(demand):
            lost = {kind: lost_by.get(kind, 0) for kind in kinds}
            by_cause.update(lost)
            worst = max(worst, (sum(lost.values()), demand.id))
    if not by_cause.total():
        return None
    reasons = "; ".join(OF_THE_MACHINE[kind] for kind in OF_THE_MACHINE if by_cause[kind])
    return (
        f"{by_cause.total()} packets were lost by this machine, not by the emulated network "
        f"({worst[0]} of {worst[1]}): {reasons}"
    )


def _causes(of: DemandSummary) -> list[dict[str, int]]:
    """Packets that were lost by cause: probes, then those of each flow."""
    return [of.lost_by, *(flow.lost_by or {} for flow in of.flows)]


def unexplained(
    health: Health | None,
    demands: Sequence[DemandSummary],
    flows: Sequence[FlowRow],
    plan: Plan,
    clock: str,
) -> str | None:
    """Why a run's numbers are not those of the network, by what it lost and how late it was.

    Without counters of queues, no loss is attributed to the machine.
    """
    known = demands if health is not None else ()
    lost = [
        (lost_by[UNEXPLAINED], one.id)
        for one in known
        for lost_by in _causes(one)
        if UNEXPLAINED in lost_by
    ]
    if lost:
        worst = max(lost)
        return (
            f"{sum(number for number, _ in lost)} packets were lost for an unknown reason "
            f"({worst[0]} of {worst[1]}): no event, no queue, no random loss"
        )
    flaps = _flaps(health, plan) if health is not None and clock != "virtual" else []
    found = _lost_by_the_machine(known, plan, clock) or next(iter(flaps), None)
    if plan.controller:  # paths and their losses differ from the plan
        return found
    uncounted = lost_alone(known, plan) if known and clock != "virtual" else None
    return found or uncounted or unpredicted(demands, flows, plan, clock)


# Whether a run's numbers deserve trust: what the machinery itself did wrong while measuring.
#
# Pure. Each warning is one line that names what was seen and what it means. In the virtual clock
# none of this happens unless something is broken; in the real clock a busy machine sends late,
# and a late packet is not the packet that was asked for.

LATE_PROBE_NS = 1_000_000
LATE_STREAM_NS = 10_000_000
CLOCK_STEP_NS = 1_000_000
BADLY_LATE_NS = 20_000_000
"""The default interval of probes and the default depth of a queue: a probe this late leaves where
the next one should, and a stream that catches up by as much fills a queue alone."""


def warnings(
    demands: Sequence[DemandSummary],
    flows: Sequence[FlowRow],
    clock_step_ns: int | None,
    damaged_records: int,
) -> list[str]:
    """Why not to trust a run, the gravest first; ``demands`` and ``flows`` as in the summary."""
    found = []
    step_ns = clock_step_ns or 0
    if abs(step_ns) > CLOCK_STEP_NS:
        found.append(
            f"the clock was set by {step_ns / 1e6:.3f} ms while measuring: delays are not valid"
        )
    if damaged_records:
        found.append(f"{damaged_records} records were damaged and left out")
    return found + _late_probes(demands) + _late_streams(flows)


def invalidity(
    demands: Sequence[DemandSummary],
    flows: Sequence[FlowRow],
    clock_step_ns: int | None,
) -> str | None:
    """Why a run's numbers are not those of the network that was asked for, if they are not."""
    step_ns = clock_step_ns or 0
    if abs(step_ns) > CLOCK_STEP_NS:
        return f"the clock was set by {step_ns / 1e6:.3f} ms while measuring"
    late = [(lateness_ns, f"probes of {name}") for name, lateness_ns in _probe_lateness(demands)]
    late += [
        (lateness_ns, f"UDP stream of {flow.demand}")
        for flow in flows
        if (lateness_ns := flow.found.send_late_p99_ns)
    ]
    worst_ns, worst = max(late, default=(0, ""))
    if worst_ns <= BADLY_LATE_NS:
        return None
    return (
        f"the machine was too busy: the {worst} left {worst_ns / 1e6:.0f} ms late, "
        f"and {BADLY_LATE_NS / 1e6:g} ms are too many"
    )


def _probe_lateness(demands: Sequence[DemandSummary]) -> list[tuple[str, int]]:
    """By demand, the highest quantile that its probes carry, so that the reported slowest is
    at most this late; of few probes, the latest."""
    found = []
    for demand in demands:
        late = demand.send_lateness_ms
        told = (late.p99, late.p95, late.max) if late is not None else ()
        worst_ms = next((one for one in told if one is not None), None)
        if worst_ms is not None:
            found.append((demand.id, round(worst_ms * 1e6)))
    return found


def _late_probes(demands: Sequence[DemandSummary]) -> list[str]:
    late = [
        (p95_ms, demand.id)
        for demand in demands
        if demand.send_lateness_ms is not None
        and (p95_ms := demand.send_lateness_ms.p95)
        and p95_ms * 1e6 > LATE_PROBE_NS
    ]
    if not late:
        return []
    worst_ms, worst = max(late)
    limit_ms = LATE_PROBE_NS / 1e6
    found = (
        f"5% of the probes of {counted(len(late), 'demand')} were sent over {limit_ms:g} ms late"
    )
    meaning = "the machine is too busy for its clock to be trusted"
    return [f"{found} ({worst} {worst_ms:.1f} ms): {meaning}"]


def _late_streams(flows: Sequence[FlowRow]) -> list[str]:
    return [
        f"the UDP stream of {flow.demand} fell {late_ns / 1e6:.0f} ms behind: "
        "it did not offer the rate it was asked to"
        for flow in flows
        if (late_ns := flow.found.send_late_max_ns or 0) > LATE_STREAM_NS
    ]


# What makes a run a failure: a claim that does not hold, or numbers that are not valid. Pure.

QUIETER = "repeat it on a quieter machine or with the virtual clock"
ADVICE_OF = {CHARGED: "ask less of its one processor: fewer demands, lower rates; or --testbed uml"}


def has_failed(summary: Summary) -> bool:
    """Whether packets were where none may be, or something expected did not come true."""
    seen = summary.crossings
    unmet = [one for one in summary.expectations if not one.holds]
    return bool(unmet or (seen is not None and (seen.forbidden or seen.strange)))


def refuse_invalid(summary: Summary) -> None:
    """Raise MeasurementInvalid for numbers that are not those of the network asked for."""
    if summary.invalid:
        raise MeasurementInvalid(
            f"the measurement is not valid: {summary.invalid}",
            f"all of it is kept; {ADVICE_OF.get(summary.clock, QUIETER)}",
        )
