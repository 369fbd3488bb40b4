"""Claims as they are asked of tables of another controller.

Claims about where packets may be are the same. Claims about the product's own pipeline are
left out: counters, cookies, labels, and what a switch would do with packets that no host sends. A
packet that is handed to the controller, or sent to an unknown place, breaks none of them here: it
leaves them unproven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from corridor.controller.forwarding.program import Action, FastFailover, Flow
from corridor.controller.prover.demand_claims import (
    Avoidance,
    Confinement,
    Latency,
    NoLoop,
    NotVacuous,
    Passage,
    Return,
    Termination,
)
from corridor.controller.prover.edges_claims import ClosedWorld, copies, deaths, reserved, what
from corridor.controller.prover.search.claim import Breach, Claim, Door, Edge, TraceStep, shown_at
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import ETH_ARP, Allowed, Box
from corridor.controller.prover.search.lookup import uses
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import Exploration, trace_to
from corridor.controller.prover.tables_claims import Liveness, Understood

GONE_ON = frozenset({End.CROSSED, End.ASSESSED, End.DELIVERED})
UNTOLD = frozenset({End.TO_CONTROLLER, End.UNCONTROLLED, End.MISLABELLED})
"""Ends after which a packet may be anywhere."""


def undeclared(network: Network, edge: Edge) -> Iterator[tuple[Step, Box]]:
    """What a host's port does with packets without a demand; ARP requests and replies carry no data
    of users, as long as they stay what they are."""
    declared = Allowed(one for demand in network.demands_from[edge.hub] for one in demand.packets)
    for step in edge.steps:
        whole = step.packet.sent
        sent = whole.cut("eth_type", ETH_ARP)[1] if _stays_arp(step) else whole
        rest = () if sent is None or step.end.is_drop else declared.outside(sent)
        if rest:
            yield step, rest[0]


def _stays_arp(step: Step) -> bool:
    """Whether what came as ARP leaves as ARP."""
    written = (name for name, _ in step.packet.written)
    return step.packet.label is None and all(
        name in ("eth_src", "eth_dst") or name.startswith("arp_") for name in written
    )


class OthersUnderstood(Understood):
    """Switches refuse entries to missing groups: then the groups were not all read."""

    def in_entry(self, network: Network, hub: str, flow: Flow) -> Iterator[str]:
        yield from Understood.in_entry(self, network, hub, flow)
        yield from _unread(network, hub, flow.actions)

    def in_group(self, network: Network, hub: str, group: FastFailover) -> Iterator[str]:
        yield from Understood.in_group(self, network, hub, group)
        for bucket in group.buckets:
            yield from _unread(network, hub, bucket.actions)


def _unread(network: Network, hub: str, actions: Iterable[Action]) -> Iterator[str]:
    for number in uses(actions, "group"):
        if number not in network.lookups[hub].groups:
            yield f"uses group {number}, which the switch did not report"


class _OnlyPaths(Claim):
    """Nothing is asked of entries, of steps or of doors."""

    def in_switch(self, _network: Network, _hub: str) -> Iterator[Breach]:
        yield from ()

    def in_step(self, _network: Network, _step: Step) -> Iterator[str]:
        yield from ()

    def at_port(self, _network: Network, _door: Door) -> Iterator[Breach]:
        yield from ()


class NobodyElses(_OnlyPaths, ClosedWorld):
    sentence = (
        "The first switch drops packets without a demand or a permitted path; none is duplicated."
    )

    def in_entry(self, _network: Network, _hub: str, flow: Flow) -> Iterator[str]:
        if ("eth_type", ETH_ARP) in flow.match:
            return
        yield from reserved(flow.actions)
        if copies(flow.actions) + (flow.goto is not None) > 1:
            yield "copies a packet"

    def at_edge(self, network: Network, edge: Edge) -> Iterator[Breach]:
        for step, headers in undeclared(network, edge):
            if step.end in GONE_ON:
                yield shown_at(step, f"a packet without a demand gets {what(step)}", headers)

    def along_paths(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        demand = seen.demand
        if demand is None:
            yield from _made_something_else(seen)
            return
        if _is_stopped(seen, demand):
            because = demand.permits.refused or "no path is left of those that its permits allow"
            for step in _gone_on(seen):
                said = f"{demand.id} is blocked ({because}), and gets {what(step)}"
                yield Breach(said, demand.src, None, (TraceStep(step),), demand)
        yield from deaths(seen, self.id)


def _made_something_else(seen: Exploration) -> Iterator[Breach]:
    """What was ARP where a host sent it, and no longer is at a later hub."""
    for node in seen.edges:
        for turn in seen.at(node[0]).turns:
            step = turn.step
            is_met = node == seen.start or not turn.is_narrow or seen.happens(step)
            if step.end in GONE_ON and is_met and not _stays_arp(step):
                said = f"what no demand sends comes as ARP, and gets {what(step)} as something else"
                yield Breach(said, step.at.hub, None, trace_to(seen, node, step))


def _gone_on(seen: Exploration) -> Iterator[Step]:
    return (turn.step for turn in seen.door.turns if turn.step.end in GONE_ON)


class _Lawful(_OnlyPaths):
    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        refused = seen.demand.permits.refused if seen.demand else None
        if refused is None or refused.claim != self.id:
            found: Any = super()
            yield from found.along_paths(network, seen)
            return
        for step in _gone_on(seen):
            trace = (TraceStep(step),)
            yield Breach(str(refused), step.at.hub, None, trace, seen.demand, refused.violations)


class OthersConfinement(_Lawful, Confinement):
    """C4."""


class OthersAvoidance(_Lawful, Avoidance):
    """C5."""


class OthersTermination(_Lawful, Termination):
    """C6."""


class OthersPassage(_Lawful, Passage):
    """C7."""


class OthersNoLoop(_OnlyPaths, NoLoop):
    sentence = "No packet of a demand, and no ARP packet, loops."


class OthersLiveness(_OnlyPaths, Liveness):
    """C15, of groups alone."""

    sentence = "Each bucket watches its own port or group."

    def in_group(self, network: Network, hub: str, group: FastFailover) -> Iterator[str]:
        return Liveness.in_group(self, network, hub, group)


class OthersArrival(_OnlyPaths, NotVacuous):
    def at_edge(self, _network: Network, _edge: Edge) -> Iterator[Breach]:
        yield from ()

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        if seen.demand is not None and not _is_stopped(seen, seen.demand) and not _is_untold(seen):
            yield from NotVacuous.along_paths(self, network, seen)


class OthersReturn(_OnlyPaths, Return):
    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        if not _is_untold(seen):
            yield from Return.along_paths(self, network, seen)


def _is_stopped(seen: Exploration, demand: Demand) -> bool:
    """A demand that is allowed no path: that nothing of it leaves is C1's matter."""
    return demand.is_blocked and not seen.delivers


def _is_untold(seen: Exploration) -> bool:
    """Whether the first that is lost, while nothing fails, may yet arrive by what the controller
    does with it."""
    return seen.lost is not None and seen.lost[1].end in UNTOLD


OTHERS: tuple[Claim, ...] = (
    OthersUnderstood(),
    NobodyElses(),
    OthersConfinement(),
    OthersAvoidance(),
    OthersTermination(),
    OthersPassage(),
    OthersNoLoop(),
    Latency(),
    OthersLiveness(),
    OthersArrival(),
    OthersReturn(),
)
NOT_ASKED = {
    "C0": "Switches contain exactly the intended entries, and have the intended settings.",
    "C2": "A host's packets carry its own addresses, count for their own demand, "
    "and arrive unchanged.",
    "C3": "Only host ports add labels: one to each packet, with an allowed value and the true "
    "phase.",
    "C13": "Every step of an update preserves all properties.",
    "C14": "No label carries packets of two demands.",
}
"""Claims of the product's own pipeline."""
