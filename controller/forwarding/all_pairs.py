"""Every pair of hosts by its shortest path, whatever the data: of a controller on its own."""

from __future__ import annotations

from datetime import date
from itertools import permutations

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
)
from corridor.controller.forwarding.program import Program
from corridor.controller.intent.intent import intents_of
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import UNCLASSIFIED, Demand
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire

OF_FAMILY = {"ipv4": "", "ipv6": "-ipv6"}
"""What the ids of demands of a family end in."""


def compile_all_pairs(named: Topology | str, *, run_id: str = "c0", ipv6: bool = False) -> Program:
    """Of a topology, or of one by its name or file; by IPv4, and with ``ipv6`` by IPv6, too."""
    topology = load_topology(named) if isinstance(named, str) else named
    hosts: list[tuple[str, str | None]] = [(hub.id, None) for hub in topology.hubs]
    hosts += [(host.hub, host.id) for host in topology.hosts]
    demands = [
        Demand.model_validate(
            {
                "id": f"{src_host or src}-to-{dst_host or dst}{OF_FAMILY[family]}",
                "class": UNCLASSIFIED,
                "src": src,
                "src_host": src_host,
                "dst": dst,
                "dst_host": dst_host,
                "family": family,
            }
        )
        for family in OF_FAMILY
        if ipv6 or family == "ipv4"
        for (src, src_host), (dst, dst_host) in permutations(hosts, 2)
    ]
    # Nothing in this set depends on the day.
    intents = intents_of(load_policies(NO_POLICIES), topology, demands, as_of=date.min)
    wiring = wire(topology, run_id=run_id)
    return compile_forwarding_graphs(
        wiring, topology, build_forwarding_graphs(topology, intents)
    ).program
