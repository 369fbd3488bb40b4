"""A judge of packets that shares no code with the prover.

Software switches push a packet through tables while given things are dead, and what it passed is
held against its policies one element at a time; where the whole path can be asked about at once,
the policies' own verdict on it has to say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from corridor.controller.forwarding.program import Program
from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.policy.automaton import Violation
from corridor.controller.policy.clauses import CLAUSES
from corridor.topologies.model.routing import Path
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT
from openflow_network import IPV4, Fate, OpenFlowNetwork, Packet
from prover_worlds import Mesh, Spoilt

CLAIM_OF = {kind.kind: kind.claim for kind in CLAUSES.values()}
PROTOCOLS = {"udp": 17, "tcp": 6}


@dataclass(frozen=True)
class Dead:
    """What is out of order."""

    fibres: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()
    ports: frozenset[tuple[str, int]] = frozenset()
    """Ports that only their own switch takes for dead."""


class Switches(OpenFlowNetwork):
    """Software switches of which some take ports for dead that are not."""

    def __init__(self, mesh: Mesh, spoilt: Spoilt, dead: Dead) -> None:
        held = tuple(spoilt.tables.switches.values())
        program = Program(held, mesh.program.links)
        super().__init__(program, mesh.wiring, dead.fibres, dead.gateways)
        for hub, port in dead.ports:
            self._dead.add((hub, port))
            self._far.pop((hub, port), None)
            if port == GATEWAY_IN_PORT:
                self._through.pop((hub, port), None)

    def fate(self, hub: str, packet: Packet, port: int = HOST_PORT) -> Fate | str:
        """Return the outcome of a packet, or why no switch would accept it."""
        try:
            return self.send(hub, packet, port)
        except AssertionError as refused:
            return str(refused)


def packet_of(mesh: Mesh, intent: Intent, selector: Selector, **more: Any) -> Packet:
    """One that a demand's host sends for it."""
    src, dst = (mesh.wiring.hub(hub) for hub in intent.pair)
    protocol = selector.protocol or "udp"
    fields = {
        "eth_src": src.host_mac,
        "eth_dst": dst.host_mac,
        "eth_type": IPV4,
        "ipv4_src": src.host_ip,
        "ipv4_dst": dst.host_ip,
        "ip_proto": PROTOCOLS[protocol],
        "ip_dscp": 46,
        f"{protocol}_src": selector.src_port or 51_000,
        f"{protocol}_dst": selector.dst_port or 52_000,
    }
    return Packet.of(**(fields | more))


def visits(fate: Fate) -> list[tuple[str, int]]:
    """Hub and port of each time that a packet comes to a switch."""
    lines = (line.split(":", 1)[0] for line in fate.story if not line.startswith(" "))
    return [(line.split(" port ")[0], int(line.split(" port ")[1])) for line in lines]


def broken_by(mesh: Mesh, intent: Intent, fate: Fate) -> str:
    """The property that a packet's path violates; empty if a permit allows it."""
    seen, topology = visits(fate), mesh.topology
    dst = intent.pair[1]
    if len(seen) == 1 and not fate.delivered:
        return ""
    states = [(one, one.start) for one in intent.applicable_policies.automata]
    last, delay_ns = None, 0
    for hub, port in seen:
        past = port == GATEWAY_OUT_PORT
        elements: list[Any] = [topology.hub(hub)]
        if port not in (HOST_PORT, GATEWAY_OUT_PORT):
            fibre = topology.fibre(mesh.ports[hub, port][0])
            elements.insert(0, fibre)
            delay_ns += fibre.one_way_delay_ns
        kept = []
        for automaton, state in states:
            shut = frozenset() if past else frozenset([hub])
            here = replace(automaton, trip=replace(automaton.trip, closed=shut))
            end: Any = state
            for element in elements:
                end = here.enter(end, element)
                if isinstance(end, Violation):
                    last = last or end
                    break
            if not isinstance(end, Violation):
                kept.append((automaton, end))
        if not kept:
            return CLAIM_OF.get(last.clause, "C1") if last else "C1"
        states, last = kept, None
    if not fate.delivered:
        return ""
    if fate.delivered[0][0] != dst:
        return "C6"
    owed = [automaton.finish(state) for automaton, state in states]
    if all(owed):
        return CLAIM_OF[owed[0].clause]
    ended = [a for (a, _), one in zip(states, owed, strict=True) if one is None]
    said = "C11" if all(one.exceeds(delay_ns) for one in ended) else ""
    _is_so(mesh, intent, seen, said == "")
    return said


def _is_so(mesh: Mesh, intent: Intent, seen: Iterable[tuple[str, int]], allowed: bool) -> None:
    """Ask the policies about the path as a whole, where no hub was passed in both directions."""
    came = [hub for hub, port in seen if port != GATEWAY_OUT_PORT]
    passed = {hub for hub, port in seen if port == GATEWAY_OUT_PORT}
    if any(came.count(hub) > 1 for hub in passed):
        return
    fibres = [mesh.ports[hub, port][0] for hub, port in seen if port not in (1, GATEWAY_OUT_PORT)]
    closed = frozenset(hub.id for hub in mesh.topology.hubs) - passed
    applicable_policies = intent.applicable_policies.with_closed_gateways(closed)
    verdict = applicable_policies.verdict(Path(tuple(came), tuple(fibres)))
    assert verdict.allowed == allowed, f"{intent.id} {came}: {verdict}"
