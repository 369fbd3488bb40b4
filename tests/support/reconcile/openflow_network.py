"""OpenFlow 1.3 switches in software: push a packet in at a hub, see where it comes out, and why.

Written from the specification (version 1.3.5, sections 5 and 7.2.3), not from the compiler, so
that the two can disagree. What a real switch would refuse, or decide by chance, fails here: two
entries of equal priority that both match, a goto backwards, a match without its prerequisites.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    Action,
    FastFailover,
    Flow,
    Program,
    Reason,
    Value,
)
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT, Wiring

IPV4, ARP, MPLS, LLDP, IPV6 = 0x0800, 0x0806, 0x8847, 0x88CC, 0x86DD
IP = (IPV4, IPV6)
VLAN_PRESENT = 0x1000
MAX_STEPS = 500
NEEDS = {
    **dict.fromkeys(("ipv4_src", "ipv4_dst"), (IPV4,)),
    **dict.fromkeys(("ipv6_src", "ipv6_dst"), (IPV6,)),
    **dict.fromkeys(("ip_proto", "ip_dscp", "udp_src", "udp_dst", "tcp_src", "tcp_dst"), IP),
    **dict.fromkeys(("arp_op", "arp_sha", "arp_spa", "arp_tha", "arp_tpa"), (ARP,)),
    **dict.fromkeys(("mpls_label", "mpls_tc"), (MPLS,)),
}
TRANSPORT = {"udp": 17, "tcp": 6}


@dataclass(frozen=True)
class Packet:
    """Header fields by their OXM names, without labels; ``labels`` outermost last."""

    fields: tuple[tuple[str, Value], ...]
    labels: tuple[int, ...] = ()
    label_ttl: int = 64
    label_tc: int = 0
    """Of the outermost label."""

    @classmethod
    def of(cls, *, labels: tuple[int, ...] = (), **fields: Value) -> Packet:
        return cls(tuple(sorted(({"vlan_vid": 0} | fields).items())), labels)

    def visible(self) -> dict[str, Value]:
        """What a match can see: nothing beneath a label."""
        shown = dict(self.fields)
        if self.labels:
            shown = {k: v for k, v in shown.items() if k.startswith(("eth_", "vlan_"))}
            shown |= {"eth_type": MPLS, "mpls_label": self.labels[-1], "mpls_tc": self.label_tc}
        return shown

    def __str__(self) -> str:
        shown = " ".join(
            f"{k}={v:#x}" if isinstance(v, int) else f"{k}={v}" for k, v in self.fields
        )
        return f"[labels {self.labels}] {shown}" if self.labels else shown


@dataclass
class Fate:
    """All that became of a packet and its copies."""

    delivered: list[tuple[str, Packet]] = field(default_factory=list)
    returned: list[tuple[str, Packet]] = field(default_factory=list)
    """Answered to the host that sent it."""
    dropped: list[tuple[str, Reason]] = field(default_factory=list)
    to_controller: list[str] = field(default_factory=list)
    fibres: list[str] = field(default_factory=list)
    gateways: list[str] = field(default_factory=list)
    """Hubs whose gateway let it pass."""
    metered: list[tuple[str, int]] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    @property
    def copies(self) -> int:
        ends = (self.delivered, self.returned, self.dropped, self.to_controller)
        return sum(len(end) for end in ends)

    def __str__(self) -> str:
        return "\n".join(self.story)


class OpenFlowNetwork:
    """The switches of a program, joined as a wiring says.

    ``down`` fibres carry nothing and both their ports are dead; so is the port into a gateway of
    a hub in ``closed``.
    """

    def __init__(
        self,
        program: Program,
        wiring: Wiring,
        down: frozenset[str] = frozenset(),
        closed: frozenset[str] = frozenset(),
    ) -> None:
        self._tables: dict[str, dict[int, list[Flow]]] = {}
        self._groups: dict[str, dict[int, FastFailover]] = {}
        self._meters: dict[str, set[int]] = {}
        for switch in program.switches:
            tables: dict[int, list[Flow]] = {}
            for flow in switch.flows:
                check_flow(flow)
                tables.setdefault(flow.table, []).append(flow)
            self._tables[switch.hub] = tables
            self._groups[switch.hub] = {group.id: group for group in switch.groups}
            self._meters[switch.hub] = {meter.id for meter in switch.meters}
        self._far: dict[tuple[str, int], tuple[str, int, str]] = {}
        self._dead: set[tuple[str, int]] = {(hub, GATEWAY_IN_PORT) for hub in closed}
        for fibre in wiring.fibres:
            a, z = fibre.a, fibre.z
            if fibre.fibre in down:
                self._dead |= {(a.hub, a.port), (z.hub, z.port)}
            else:
                self._far[a.hub, a.port] = (z.hub, z.port, fibre.fibre)
                self._far[z.hub, z.port] = (a.hub, a.port, fibre.fibre)
        open_gateways = {hub.hub for hub in wiring.hubs if hub.gateway is not None} - closed
        self._hosts = {(host.hub, host.port): host.name for host in wiring.hosts}
        self._through = {(hub, GATEWAY_IN_PORT): (hub, GATEWAY_OUT_PORT) for hub in open_gateways}

    def send(self, hub: str, packet: Packet, port: int = HOST_PORT) -> Fate:
        """Return the outcome of a packet that enters a switch by a port (default: the host's)."""
        fate = Fate()
        waiting = [(hub, port, packet)]
        while waiting:
            assert len(fate.story) < MAX_STEPS, f"it goes round and round:\n{fate}"
            here, came_by, arrived = waiting.pop()
            fate.story.append(f"{here} port {came_by}: {arrived}")
            for out, leaving in self._switch(here, came_by, arrived, fate):
                if (here, out) in self._hosts:
                    fate.delivered.append((self._hosts[here, out], leaving))
                elif (here, out) in self._far:
                    far, far_port, fibre = self._far[here, out]
                    fate.fibres.append(fibre)
                    waiting.append((far, far_port, leaving))
                elif (here, out) in self._through:
                    fate.gateways.append(here)
                    waiting.append((*self._through[here, out], leaving))
                else:
                    raise AssertionError(f"{here} sends into nothing at port {out}:\n{fate}")
        return fate

    def _switch(
        self, hub: str, in_port: int, packet: Packet, fate: Fate
    ) -> list[tuple[int, Packet]]:
        table: int | None = 0
        leaving: list[tuple[int, Packet]] = []
        while table is not None:
            flow = self._entry(hub, table, in_port, packet, fate)
            fate.story.append(f"  {hub} table {table}: {flow.reason.name} {flow.match}")
            if flow.meter is not None:
                assert flow.meter in self._meters[hub], f"no such meter: {flow}"
                fate.metered.append((hub, flow.meter))
            before = fate.copies + len(leaving)
            for action in flow.actions:
                packet = self._act(action, hub, in_port, packet, leaving, fate)
            if flow.goto is None and fate.copies + len(leaving) == before:
                fate.dropped.append((hub, flow.reason))
            assert flow.goto is None or flow.goto > table, f"goto backwards: {flow}"
            table = flow.goto
        return leaving

    def _entry(self, hub: str, table: int, in_port: int, packet: Packet, fate: Fate) -> Flow:
        seen = packet.visible() | {"in_port": in_port}
        found = [
            flow
            for flow in self._tables[hub].get(table, [])
            if all(name in seen and seen[name] == value for name, value in flow.match)
        ]
        assert found, f"no entry of {hub} table {table} takes it, not even a last one:\n{fate}"
        best = max(flow.priority for flow in found)
        chosen = [flow for flow in found if flow.priority == best]
        assert len(chosen) == 1, f"{hub} table {table} chooses by chance between {chosen}:\n{fate}"
        return chosen[0]

    def _act(
        self,
        action: Action,
        hub: str,
        in_port: int,
        packet: Packet,
        leaving: list[tuple[int, Packet]],
        fate: Fate,
    ) -> Packet:
        arguments: tuple[Any, ...] = action.arguments
        if action.kind == "output":
            # A switch does not send back by plain output, and nothing gets out of a dead port.
            if arguments[0] != in_port and (hub, arguments[0]) not in self._dead:
                leaving.append((arguments[0], packet))
        elif action.kind == "in_port":
            if in_port == HOST_PORT:
                fate.returned.append((hub, packet))
            elif (hub, in_port) not in self._dead:
                leaving.append((in_port, packet))
        elif action.kind == "controller":
            fate.to_controller.append(hub)
        elif action.kind == "push_label":
            return replace(packet, labels=(*packet.labels, arguments[0]), label_tc=0)
        elif action.kind == "pop_label":
            assert packet.labels, f"{hub} pops a label that is not there:\n{fate}"
            (below,) = arguments or (IPV4,)
            assert packet.labels[1:] or dict(packet.fields).get("eth_type", below) == below, (
                f"{hub} pops a label and takes what is below for {below:#x}:\n{fate}"
            )
            return replace(packet, labels=packet.labels[:-1])
        elif action.kind == "decrement_label_ttl":
            assert packet.labels, f"{hub} ages a label that is not there:\n{fate}"
            assert packet.label_ttl > 1, f"too old at {hub}:\n{fate}"
            return replace(packet, label_ttl=packet.label_ttl - 1)
        elif action.kind == "set_field":
            name, value = arguments
            if name == "mpls_tc":
                assert packet.labels, f"{hub} sets {name}, which is not there:\n{fate}"
                return replace(packet, label_tc=value)
            if name == "mpls_label":
                assert packet.labels, f"{hub} sets {name}, which is not there:\n{fate}"
                return replace(packet, labels=(*packet.labels[:-1], value))
            assert name in packet.visible(), f"{hub} sets {name}, which is not there:\n{fate}"
            return replace(
                packet, fields=tuple(sorted((dict(packet.fields) | {name: value}).items()))
            )
        elif action.kind == "group":
            self._take_group(arguments[0], hub, in_port, packet, leaving, fate)
        else:
            raise AssertionError(f"no switch knows {action}")
        return packet

    def _take_group(
        self,
        number: int,
        hub: str,
        in_port: int,
        packet: Packet,
        leaving: list[tuple[int, Packet]],
        fate: Fate,
    ) -> None:
        """The first live bucket works on a copy; without one the packet is dropped."""
        for bucket in self._groups[hub][number].buckets:
            if self._is_live(hub, bucket.watch_port, bucket.watch_group):
                copy = packet
                for action in bucket.actions:
                    copy = self._act(action, hub, in_port, copy, leaving, fate)
                return

    def _is_live(self, hub: str, port: int | None, group: int | None) -> bool:
        if port is not None:
            exits = (self._far, self._through)
            return port == HOST_PORT or any((hub, port) in exit_ for exit_ in exits)
        if group is not None:
            return any(
                self._is_live(hub, bucket.watch_port, bucket.watch_group)
                for bucket in self._groups[hub][group].buckets
            )
        return True


def check_flow(flow: Flow) -> None:
    """What a switch would refuse with an error message."""
    fields = dict(flow.match)
    assert flow.cookie >> 48 == COOKIE_MAGIC, f"foreign cookie: {flow}"
    for name in fields:
        if name in NEEDS:
            assert fields.get("eth_type") in NEEDS[name], f"{name} without its eth_type: {flow}"
        protocol = name.partition("_")[0]
        if protocol in TRANSPORT:
            assert fields.get("ip_proto") == TRANSPORT[protocol], f"{name} without ip_proto: {flow}"
