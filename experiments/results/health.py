"""What the machinery of a run lost, and whether its numbers are still those of the network. Pure.

A run in which nothing competes knows every round trip beforehand, and every loss has a cause: what
differs from that without a reason is an effect of this machine, or a defect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from corridor.experiments.account.flows import FlowRow
from corridor.experiments.account.losses import GATEWAY, MACHINE, SWITCH
from corridor.experiments.account.machine_counters import Health, SocketDrops
from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.plan.values import Plan
from corridor.experiments.results.uncounted_losses import UNEXPLAINED
from corridor.experiments.results.unpredicted import lost_alone, unpredicted
from corridor.experiments.scenario.event_registry import KINDS

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
        far, near = (health.sockets.get(end, none) for end in (demand.dst, demand.src))
        unknown = demand.lost_unattributed
        back = demand.lost_backward + unknown
        full = "the socket of the agent at {} was full"
        for dropped, lost, host, why in (
            (far.requests, demand.lost_forward + unknown, demand.dst, full),
            (near.replies, back, demand.src, full),
            (
                near.foreign_replies,
                back,
                demand.src,
                "{} had this number of replies that match no probe",
            ),
            (far.streams, _lost_of_streams(demand), demand.dst, full),
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
