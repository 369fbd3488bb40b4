"""Claims about what hosts may send, and what other doors let in that is not labelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corridor.controller.forwarding.program import Action, FastFailover, Flow, Table
from corridor.controller.prover.declared.demands import Demand
from corridor.controller.prover.declared.network import Network
from corridor.controller.prover.search.claim import (
    Breach,
    Door,
    Edge,
    TraceStep,
    leaving,
    shown_at,
)
from corridor.controller.prover.search.reach import RESERVED_PORTS, End, Step
from corridor.controller.prover.search.search import Exploration, Kind
from corridor.controller.prover.search.trails import way_to
from corridor.controller.prover.search.way_claim import WayClaim
from corridor.controller.prover.tables.headers import (
    ARP_REPLY,
    ETH_ARP,
    ETH_IPV4,
    ETH_LLDP,
    box,
    outside,
)
from corridor.controller.prover.tables.sieve import Allowed
from corridor.topologies.model.wiring import HOST_PORT


class ClosedWorld(WayClaim):
    id = "C1"
    sentence = "What no binding admits and no policy permits stays at its hub; nothing is copied."

    def in_entry(self, _network: Network, _hub: str, flow: Flow) -> Iterator[str]:
        yield from _reserved(flow.actions)
        if _copies(flow.actions) + (flow.goto is not None) > 1:
            yield "sends a packet more than one way"

    def in_group(self, _network: Network, _hub: str, group: FastFailover) -> Iterator[str]:
        for bucket in group.buckets:
            yield from _reserved(bucket.actions)
            if _copies(bucket.actions) > 1:
                yield "sends a packet more than one way"

    def in_step(self, _network: Network, step: Step) -> Iterator[str]:
        if step.end is End.UNCONTROLLED:
            yield f"is out of control: {step.note}"

    def at_edge(self, network: Network, edge: Edge) -> Iterator[Breach]:
        allowed = [one for demand in network.demands_from[edge.hub] for one in demand.packets]
        allowed += network.questions(edge.hub)
        declared = Allowed(allowed)
        for step in leaving(edge.steps):
            for rest in declared.outside(step.packet.sent):
                yield shown_at(step, f"what no demand sends gets {what(step)}", rest)

    def at_door(self, network: Network, door: Door) -> Iterator[Breach]:
        for step in leaving(door.unlabelled):
            if not is_wiring_check(network, step):
                yield shown_at(step, f"what is not labelled gets {what(step)}")

    def on_ways(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        """A demand that is allowed no path, and yet leaves; or whose permits cannot be told."""
        demand = seen.demand
        if demand is None:
            return
        if not seen.delivers and demand.is_blocked:
            yield from _blocked(seen, demand)
        yield from deaths(seen, self.id)


def deaths(seen: Exploration, claim: str) -> Iterator[Breach]:
    """Where the last permit dies, by a clause of this claim."""
    for found in seen.of_kind(Kind.DEATH):
        if found.death is not None and found.death.claim == claim:
            way = way_to(seen, found.node, found.step)
            hub, said = found.step.at.hub, str(found.death)
            yield Breach(said, hub, None, way, seen.demand, found.death.violations)


def _blocked(seen: Exploration, demand: Demand) -> Iterator[Breach]:
    refused = demand.permits.refused
    for turn in seen.door.turns:
        if not turn.step.end.is_drop:
            because = refused or "no path is left of those that its permits allow"
            said = f"{demand.id} is blocked ({because}), and gets {what(turn.step)}"
            violations = refused.violations if refused else ()
            yield Breach(said, demand.src, None, (TraceStep(turn.step),), demand, violations)


class Binding(WayClaim):
    id = "C2"
    sentence = "What a host sends has its own addresses, is served as its own, and stays as it is."

    def in_step(self, _network: Network, step: Step) -> Iterator[str]:
        if step.end is End.DELIVERED and step.at.port != HOST_PORT:
            changed = sorted({name for name, _ in step.packet.written} - _MAY_CHANGE)
            if changed:
                yield f"arrives with another {', '.join(changed)}"

    def at_edge(self, network: Network, edge: Edge) -> Iterator[Breach]:
        host = network.hosts[edge.hub]
        own_ipv4 = box(eth_src=host.host_mac, ipv4_src=host.host_ip)
        own_arp = box(eth_src=host.host_mac, arp_sha=host.host_mac, arp_spa=host.host_ip)
        for step in leaving(edge.steps):
            for eth_type, own in ((ETH_IPV4, own_ipv4), (ETH_ARP, own_arp)):
                sent = step.packet.sent.cut("eth_type", eth_type)[0]
                for forged in outside(sent, (own,)) if sent else ():
                    said = f"{host.host} sends under another's address and gets {what(step)}"
                    yield shown_at(step, said, forged)
            if step.packet.label is not None and step.packet.value("ip_dscp") != 0:
                yield shown_at(step, f"{host.host} says by its DSCP how to treat its packets")
            if step.end is End.DELIVERED:
                yield from _answer(network, edge, step)

    def on_ways(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        demand = seen.demand
        for turn in seen.door.turns if demand else ():
            assert demand is not None
            for flow in turn.step.matched:
                if flow.table in _OF_DEMANDS and flow.policy != demand.number and flow.goto:
                    whose = network.serves(flow) or "nobody's"
                    said = f"packets of {demand.id} are taken for {whose}"
                    yield Breach(said, demand.src, None, (TraceStep(turn.step),), demand)


_MAY_CHANGE = frozenset({"ip_dscp", "eth_type"})
"""What is zeroed, and what popping a label says."""
_OF_DEMANDS = (Table.CLASSIFY, Table.LABEL)


def _answer(network: Network, edge: Edge, step: Step) -> Iterator[Breach]:
    """An answer to ARP must say what is so; anything else sent back to the host is C1's."""
    asker, sent = network.hosts[edge.hub], step.packet.sent.known
    asked = sent.get("arp_tpa")
    target = next((host for host in network.hosts.values() if host.host_ip == asked), None)
    if sent.get("eth_type") != ETH_ARP or target is None:
        return
    truth = {
        "eth_src": target.host_mac,
        "eth_dst": asker.host_mac,
        "arp_op": ARP_REPLY,
        "arp_sha": target.host_mac,
        "arp_spa": target.host_ip,
        "arp_tha": asker.host_mac,
        "arp_tpa": asker.host_ip,
    }
    for name, value in truth.items():
        if step.packet.value(name) != value:
            yield shown_at(step, f"the answer for {target.host} has a wrong {name}")


def _reserved(actions: Iterable[Action]) -> Iterator[str]:
    for action in actions:
        if action.kind == "output" and action.arguments[0] in RESERVED_PORTS:
            yield f"sends to {RESERVED_PORTS[int(action.arguments[0])]}, out of control"


_SENDING = frozenset({"output", "in_port", "controller", "group"})


def _copies(actions: Iterable[Action]) -> int:
    return sum(action.kind in _SENDING for action in actions)


def is_wiring_check(network: Network, step: Step) -> bool:
    """LLDP of a fibre, which the controller wants to see."""
    at = step.at
    is_fibre = (at.hub, at.port) in network.cables
    is_lldp = step.packet.value("eth_type") == ETH_LLDP
    return step.end is End.TO_CONTROLLER and is_fibre and is_lldp


def what(step: Step) -> str:
    """Where a step leads, in words."""
    if step.end is End.CROSSED and step.to is not None:
        return f"onto the fibre to {step.to.hub}"
    return step.end.value
