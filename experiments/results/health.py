"""What the machinery of a run lost, and whether its numbers are still those of the network. Pure.

A run in which nothing competes knows every round trip beforehand, and every loss has a cause: what
differs from that without a reason is the machine's doing, or a defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.plan.values import Plan
from corridor.experiments.results.flows import FlowRow
from corridor.experiments.results.machine_counters import Health, SocketDrops
from corridor.experiments.results.summary import DemandSummary
from corridor.experiments.results.uncounted_losses import UNEXPLAINED
from corridor.experiments.results.unpredicted import unpredicted

MOST_NAMED = 3


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
    return unpredicted(demands, flows, plan, clock)
