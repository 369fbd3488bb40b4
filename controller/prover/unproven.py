"""Why a claim on another controller's tables is not proven, though all entries are understood and
no packet reaches the controller: what its search does not look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from corridor.controller.forwarding.program import Flow
from corridor.controller.prover.counterexample_text import entry_in_words
from corridor.controller.prover.exact_decisions import End as ExactEnd
from corridor.controller.prover.search.core import DOOR
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import Exploration, Kind

if TYPE_CHECKING:
    from corridor.controller.prover.exact_claims import ExactReport

BY_ONE_PACKET = ("C9", "C10", "C11", "C12", "C18")
"""What the exact search says, which follows one packet of each demand."""
BY_GATEWAYS = ("C9", "C16", "C17")
BY_HEADERS = ("C9", "C10", "C16", "C17")
_TELLS_NONE_APART = frozenset({"in_port", "eth_type", "mpls_label"})


def unproven(
    network: Network, explored: Iterable[Exploration], exact: ExactReport
) -> Mapping[str, str]:
    """By claim, the first reason why it is not decided."""
    of_demands = [seen for seen in explored if seen.demand is not None]
    reasons = (
        (BY_ONE_PACKET, _told_apart(network, of_demands)),
        (BY_GATEWAYS, _by_a_gateway(of_demands)),
        (BY_HEADERS, chain(_garbled_paths(of_demands), _garbled(exact))),
        (("C11",), _round(of_demands)),
    )
    found: dict[str, str] = {}
    for claims, said in reasons:
        first = next(iter(said), None)
        for claim in claims if first is not None else ():
            found.setdefault(claim, str(first))
    return found


def _told_apart(network: Network, of_demands: Iterable[Exploration]) -> Iterator[str]:
    """Entries that take some packets of a demand, and may leave others."""
    for seen in of_demands:
        if seen.demand is None:
            continue
        for step in _steps(seen):
            for flow in _telling(seen.demand, step):
                yield (
                    f"{step.at.hub}: {entry_in_words(network, flow)} distinguishes packets of "
                    f"{seen.demand.id}, of which only one is followed"
                )


def _telling(demand: Demand, step: Step) -> Iterator[Flow]:
    """Entries met that look at a field of which it is not known that it is the same in all packets
    of the demand that come there."""
    packet = step.at.packet
    alike = {*_TELLS_NONE_APART, *_same_in_all(demand), *(name for name, _ in packet.written)}
    if packet.tc is not None:
        alike.add("mpls_tc")
    for flow in step.matched:
        if not all(name in alike for name, _ in flow.match):
            yield flow
        for action in flow.actions:
            if action.kind == "set_field":
                alike.add(str(action.arguments[0]))
            elif action.kind in ("push_label", "pop_label"):
                alike.discard("mpls_tc")


def _same_in_all(demand: Demand) -> set[str]:
    first, *others = demand.packets
    return {
        name
        for name, value in first.equal
        if all(packets.known.get(name) == value for packets in others)
    }


def _steps(seen: Exploration) -> Iterator[Step]:
    """All that may happen to packets of a demand."""
    for place in dict.fromkeys(place for place, _ in seen.edges):
        for turn in seen.at(place).turns:
            if place == DOOR or not turn.is_narrow or seen.happens(turn.step):
                yield turn.step


def _by_a_gateway(of_demands: Iterable[Exploration]) -> Iterator[str]:
    """Gateways pass what has the label that the product's own tables give it, and drop the rest."""
    for seen in of_demands:
        for step in _steps(seen):
            if step.end is End.ASSESSED and seen.demand is not None:
                yield (
                    f"packets of {seen.demand.id} go by the gateway at {step.at.hub}, which passes "
                    "only the labels that the product gives"
                )


def _garbled_paths(of_demands: Iterable[Exploration]) -> Iterator[str]:
    for seen in of_demands:
        for found in seen.of_kind(Kind.DELIVERED):
            for changed in _changed(seen, found.step):
                demand = seen.demand.id if seen.demand else ""
                yield f"at {found.step.at.hub} packets of {demand} may arrive with {changed}"


def _changed(seen: Exploration, step: Step) -> Iterator[str]:
    """What packets arrive with that they were not sent with."""
    if seen.demand is None:
        return
    if step.packet.is_labelled:
        yield "a label"
    for name, value in sorted(step.packet.written):
        as_sent = all(packets.known.get(name) == value for packets in seen.demand.packets)
        if not as_sent and (name, value) != ("ip_dscp", seen.demand.intent.dscp):
            yield f"another {name}"


def _garbled(exact: ExactReport) -> Iterator[str]:
    for searched in exact.searched:
        for outcome in searched.outcomes:
            if outcome.end is ExactEnd.GARBLED:
                yield f"at {outcome.hub} packets of {outcome.intent} are {outcome.end}"


def _round(of_demands: Iterable[Exploration]) -> Iterator[str]:
    for seen in of_demands:
        if seen.hops is None and seen.demand is not None:
            yield f"packets of {seen.demand.id} may loop, for an unknown time"
