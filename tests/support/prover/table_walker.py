"""Walk one packet through compiled tables, hub by hub, while given things are dead.

A walker of few words: it knows what OpenFlow 1.3 says of entries, groups and ports, and nothing of
demands, trees or proofs.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from corridor.controller.forwarding.program import Action, Program
from corridor.controller.policy.semantics import Failures
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT, Wiring

IPV4, MPLS, UDP = 0x0800, 0x8847, 17
MOST_VISITS, MOST_TOLD = 200, 40


class Met(NamedTuple):
    """One thing that a packet came to: a ``hub``, a ``fibre``, or the ``box`` of a hub."""

    kind: str
    name: str


class Walked(NamedTuple):
    """Where a packet went, and where it ended."""

    met: tuple[Met, ...]
    delivered_to: str
    """The hub whose host got it; empty where it was dropped."""
    goes_round: bool = False

    @property
    def at(self) -> str:
        return next(one.name for one in reversed(self.met) if one.kind != "fibre")

    @property
    def left_home(self) -> bool:
        return len(self.met) > 1


class TableWalker:
    """The switches of a program."""

    def __init__(self, program: Program, wiring: Wiring, topology: Topology) -> None:
        self._topology, self._wiring = topology, wiring
        self._tables: dict[tuple[str, int], list[Any]] = {}
        self._groups = {(s.hub, g.id): g.buckets for s in program.switches for g in s.groups}
        for switch in program.switches:
            for flow in sorted(switch.flows, key=lambda flow: -flow.priority):
                self._tables.setdefault((switch.hub, flow.table), []).append(flow)
        self._far = {}
        for wire in wiring.fibres:
            for near, far in ((wire.a, wire.z), (wire.z, wire.a)):
                self._far[near.hub, near.port] = (wire.fibre, far.hub, far.port)
        self._boxes = {hub.hub for hub in wiring.hubs if hub.gateway is not None}

    def walk(self, src: str, dst: str, failures: Failures) -> Walked:
        """Return the outcome of a packet from the host at ``src`` to the one at ``dst``."""
        here, there = self._wiring.hub(src), self._wiring.hub(dst)
        fields = {"eth_src": here.host_mac, "eth_dst": there.host_mac, "eth_type": IPV4}
        fields |= {"ipv4_src": here.host_ip, "ipv4_dst": there.host_ip, "ip_proto": UDP}
        fields |= {"ip_dscp": 0, "udp_src": 5000, "udp_dst": 6000, "vlan_vid": 0}
        packet = _Packet(fields, [])
        hub, port = src, HOST_PORT
        met = [Met("hub", src)]
        for _ in range(MOST_VISITS):
            out = self._pass(hub, port, packet, failures)
            if out is None or out == HOST_PORT:
                return Walked(tuple(met), hub if out else "")
            if out == GATEWAY_IN_PORT:
                port = GATEWAY_OUT_PORT
                met.append(Met("box", hub))
            else:
                fibre, hub, port = self._far[hub, out]
                met += [Met("fibre", fibre), Met("hub", hub)]
        return Walked(tuple(met[:MOST_TOLD]), "", goes_round=True)

    def _pass(self, hub: str, port: int, packet: _Packet, failures: Failures) -> int | None:
        """The port that one switch lets a packet out by, if any."""
        table: int | None = 0
        out = None
        while table is not None:
            seen = packet.seen(port)
            entries = self._tables[hub, table]
            entry = next(e for e in entries if all(seen.get(k) == v for k, v in e.match))
            out = self._act(hub, port, packet, entry.actions, failures)
            table = entry.goto
        return out

    def _act(
        self, hub: str, port: int, packet: _Packet, actions: Collection[Action], failures: Failures
    ) -> int | None:
        out = None
        for action in actions:
            if action.kind == "group":
                (number,) = action.arguments
                buckets = self._groups[hub, number]
                live = (b for b in buckets if self._is_live(hub, b.watch_port, failures))
                bucket = next(live, None)
                return self._act(hub, port, packet, bucket.actions, failures) if bucket else None
            if action.kind == "output":
                (out,) = action.arguments
                out = None if out == port or not self._is_live(hub, out, failures) else out
            elif action.kind == "in_port":
                out = port if self._is_live(hub, port, failures) else None
            else:
                packet.change(action)
        return out

    def _is_live(self, hub: str, port: int, failures: Failures) -> bool:
        if port == HOST_PORT:
            return True
        if port == GATEWAY_IN_PORT:
            return hub in self._boxes and hub not in failures.gateways
        fibre = self._topology.fibre(self._far[hub, port][0])
        return is_alive(fibre, failures)


class _Packet:
    """What a switch may read and write of a packet."""

    def __init__(self, fields: dict[str, Any], labels: list[int]) -> None:
        self.fields, self.labels = fields, labels
        self.traffic_class = 0

    def seen(self, port: int) -> dict[str, Any]:
        if not self.labels:
            return {**self.fields, "in_port": port}
        label = {"mpls_label": self.labels[-1], "mpls_tc": self.traffic_class}
        return {"eth_type": MPLS, "vlan_vid": 0, "in_port": port, **label}

    def change(self, action: Action) -> None:
        if action.kind == "push_label":
            self.labels.append(int(action.arguments[0]))
        elif action.kind == "pop_label":
            self.labels.pop()
        elif action.kind == "set_field":
            name, value = action.arguments
            if name == "mpls_label":
                self.labels[-1] = int(value)
            elif name == "mpls_tc":
                self.traffic_class = int(value)
            else:
                self.fields[str(name)] = value
        elif action.kind != "decrement_label_ttl":
            raise AssertionError(f"no switch knows {action}")


def is_alive(fibre: Any, failures: Failures) -> bool:
    """Whether light passes a fibre, and both its hubs work."""
    broken = fibre.id in failures.links or set(fibre.srlgs) & failures.srlgs
    return not broken and not {fibre.a, fibre.z} & failures.hubs
