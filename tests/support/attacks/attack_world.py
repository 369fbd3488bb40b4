"""The network under attack: five hubs, two gateways, fibres over borders, separate demands.

::

    shanghai(gw) -- guian          train: shanghai to guian and back, confined to CN
       |   \\          |            checkpoints, pages: guian to karachi, by udp 5000 and 6000
       |    kunming(gw) -- karachi  exports: kunming to karachi, udp 5000
       |     |          |           calls: bangkok to karachi, owe nothing
      bangkok ---------+            records (tcp 7000), model (shanghai to karachi): blocked
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from attack_frames import IPV4, PAYLOAD, UDP, ethernet, ipv4, udp
from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.forwarding.program import Program
from corridor.controller.intent.intent import ALL_KINDS, Intent, Protection, intents_of
from corridor.controller.policy.load import load_policies
from corridor.experiments.plan.policies import assessments
from corridor.experiments.scenario.intents import Direction, Specification
from corridor.topologies.base.codec import to_plain
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, HubWire, Wiring, wire

POLICIES = Path(__file__).with_name("attacked_policies.yaml")
AS_OF = date(2026, 11, 24)
RUN_ID = "c0"
OPEN_PORT = 4444
"""For demands that are bound to no port."""
HONEST_PORT = 40_000
"""What legitimate traffic is sent from, and nothing else."""
PORTS = {"checkpoints": 5000, "pages": 6000, "exports": 5000}
SERVED = ("train", "train.return", "checkpoints", "checkpoints.return", "pages", "exports", "calls")


@dataclass(frozen=True)
class Mesh:
    specification: Specification
    wiring: Wiring
    program: Program
    labels: Mapping[str, Mapping[int, Mapping[str, str]]]
    """What each gateway assesses."""

    def hub(self, name: str) -> HubWire:
        return self.wiring.hub(name)

    def intent(self, demand: str) -> Intent:
        return next(one for one in self.specification.intents() if one.id == demand)

    def groups_at(self, hub: str) -> int:
        return next(len(one.groups) for one in self.program.switches if one.hub == hub)

    def dead_ports(self, down: Container[str], closed: Container[str]) -> set[tuple[str, int]]:
        """Hub and port of what is down, or leads into a gateway that is closed."""
        dead = {
            (end.hub, end.port)
            for wire in self.wiring.fibres
            if wire.fibre in down
            for end in (wire.a, wire.z)
        }
        return dead | {(one.hub, GATEWAY_IN_PORT) for one in self.wiring.hubs if one.hub in closed}

    def datagram(self, demand: str, *, src_port: int = OPEN_PORT, **changes: Any) -> bytes:
        """A frame of a demand. ``changes`` are of Ethernet's and IPv4's addresses (``eth_src``,
        ``src``, ...), ``dst_port`` and ``payload``, and the rest of ``attack_frames.ipv4``."""
        me, peer = (self.hub(hub) for hub in self.intent(demand).pair)
        ends = {"eth_dst": peer.host_mac, "eth_src": me.host_mac}
        ends |= {"src": me.host_ip, "dst": peer.host_ip}
        ends = {name: changes.pop(name, value) for name, value in ends.items()}
        dst_port = changes.pop("dst_port", PORTS.get(demand, OPEN_PORT))
        payload = udp(src_port, dst_port, changes.pop("payload", PAYLOAD))
        payload, protocol = changes.pop("over", payload), changes.pop("protocol", UDP)
        packet = ipv4(ends["src"], ends["dst"], payload, protocol, **changes)
        return ethernet(ends["eth_dst"], ends["eth_src"], IPV4, packet)

    def honest(self) -> list[dict[str, Any]]:
        """Of each served demand, the frame it sends up to the number that makes it one of many."""
        found = []
        for demand in SERVED:
            src, dst = self.intent(demand).pair
            frame = self.datagram(demand, src_port=HONEST_PORT, payload=bytes(8))
            port = PORTS.get(demand, OPEN_PORT)
            found.append(
                {"demand": demand, "src": src, "dst": dst, "port": port, "head": frame[:-8].hex()}
            )
        return found

    def to_plain(self) -> dict[str, Any]:
        """What a guest builds it from."""
        return {
            "wiring": to_plain(self.wiring),
            "program": to_plain(self.program),
            "labels": {hub: dict(labels) for hub, labels in self.labels.items()},
            "honest": self.honest(),
            "ports": sorted({*PORTS.values(), OPEN_PORT}),
        }


def attacked_world(k: int = 1) -> Mesh:
    """``k``: how many failures at once the switches bridge by themselves."""
    topology = load_topology("mini")
    policies = load_policies(POLICIES, topology)
    protection = Protection(k, ALL_KINDS)
    intents = intents_of(policies, topology, policies.demands, AS_OF, protection)
    return lay_out(
        Specification(
            topology=topology,
            policies=policies,
            as_of=AS_OF,
            directions=tuple(
                Direction(demand=one.demand, selectors=one.selectors) for one in intents
            ),
            k=protection.k,
            over=protection.over,
        )
    )


def lay_out(specification: Specification) -> Mesh:
    topology, intents = specification.topology, specification.intents()
    graphs = build_forwarding_graphs(topology, intents)
    gateways = gateways_of(graphs)
    wiring = wire(topology, run_id=RUN_ID, gateways=gateways)
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    labels = {
        gateway.hub: {
            one.label: {"demand": one.demand, "src": one.src_ip, "dst": one.dst_ip}
            for one in gateway.assesses
        }
        for gateway in assessments(gateways, program, wiring, intents)
    }
    return Mesh(specification, wiring, program, labels)
