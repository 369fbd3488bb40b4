"""Demands compiled to tables, switches that hold them, and packets to send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import permutations
from typing import Any

from hypothesis import strategies as st

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import (
    ANY_PACKET,
    UNPROTECTED,
    Intent,
    Protection,
    Selector,
    intents_of,
)
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import UNCLASSIFIED, Demand
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire
from openflow_network import ARP, IPV4, OpenFlowNetwork, Packet
from random_topologies import ordered_pairs, topologies

BROADCAST = "ff:ff:ff:ff:ff:ff"
PROTOCOLS = {"udp": 17, "tcp": 6}
NO_POLICY = load_policies("none")


class Laid:
    """A topology, the demands it carries, and their tables."""

    def __init__(self, graph: Topology, intents: Sequence[Intent], *, epoch: int = 0) -> None:
        self.graph = graph
        self.graphs = build_forwarding_graphs(graph, intents)
        self.wiring = wire(graph, gateways=gateways_of(self.graphs))
        self.program = compile_forwarding_graphs(
            self.wiring, graph, self.graphs, epoch=epoch
        ).program
        self.network = self.while_failed(NO_FAILURES)

    @property
    def paths(self):
        """Of each pair that is served, while all is well; the last where there are several."""
        return {
            graph.intent.pair: graph.route.path
            for graph in self.graphs
            if isinstance(graph.route, PermittedPath)
        }

    def while_failed(self, failures: Failures) -> OpenFlowNetwork:
        down = frozenset(f.id for f in self.graph.fibres if not failures.spare(f))
        return OpenFlowNetwork(self.program, self.wiring, down, failures.gateways)

    def undeclared(self) -> list[tuple[str, str]]:
        declared = {graph.intent.pair for graph in self.graphs}
        every = permutations([hub.id for hub in self.graph.hubs], 2)
        return [pair for pair in every if pair not in declared]

    def packet(self, src: str, dst: str, selector: Selector = ANY_PACKET, **changes: Any) -> Packet:
        me, peer = self.wiring.hub(src), self.wiring.hub(dst)
        protocol = selector.protocol or "udp"
        fields = {
            "eth_src": me.host_mac,
            "eth_dst": peer.host_mac,
            "eth_type": IPV4,
            "ipv4_src": me.host_ip,
            "ipv4_dst": peer.host_ip,
            "ip_proto": PROTOCOLS[protocol],
            "ip_dscp": 0,
            f"{protocol}_src": selector.src_port or 51_000,
            f"{protocol}_dst": selector.dst_port or 52_000,
        }
        return Packet.of(**(fields | changes))

    def question(self, src: str, dst: str, **changes: Any) -> Packet:
        me, target = self.wiring.hub(src), self.wiring.hub(dst)
        fields = {
            "eth_src": me.host_mac,
            "eth_dst": BROADCAST,
            "eth_type": ARP,
            "arp_op": 1,
            "arp_sha": me.host_mac,
            "arp_spa": me.host_ip,
            "arp_tha": "00:00:00:00:00:00",
            "arp_tpa": target.host_ip,
        }
        return Packet.of(**(fields | changes))


def anything(
    graph: Topology, pairs: Sequence[tuple[str, str]], protection: Protection = UNPROTECTED
) -> tuple[Intent, ...]:
    """Demands that no policy narrows."""
    demands = [
        Demand.model_validate(
            {"id": f"{src}-to-{dst}", "class": UNCLASSIFIED, "src": src, "dst": dst}
        )
        for src, dst in pairs
    ]
    return intents_of(NO_POLICY, graph, demands, date(2026, 1, 1), protection)


protections = st.sampled_from((UNPROTECTED, Protection(1, ("link",)), Protection(1)))


@st.composite
def laid(draw: st.DrawFn, protection: st.SearchStrategy[Protection] = protections) -> Laid:
    graph = draw(topologies())
    return Laid(graph, anything(graph, draw(ordered_pairs(graph)), draw(protection)))
