"""Packets to ask Open vSwitch and our models about: random, around the values that tables name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from attack_frames import (
    ARP,
    BROADCAST,
    ICMP,
    IPV4,
    IPV6,
    LLDP,
    MPLS_MULTICAST,
    NEAREST_BRIDGE,
    TCP,
    UDP,
    VLAN,
    arp,
    ethernet,
    ipv4,
    ipv6,
    labelled,
    tagged,
    tcp,
    udp,
)
from attack_world import Mesh
from corridor.controller.forwarding.program import Flow, Table, Value, phase_of
from corridor.topologies.model.addresses import ETH_TYPE, Family, ipv6_of
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT

VLAN_PRESENT = 0x1000
LARGEST_LABEL = 2**20 - 1
TTLS = (255, 255, 254, 64, 3, 2, 1, 0)
STRANGE_MAC, STRANGE_IP = "02:00:00:00:00:66", "10.9.9.9"
SOME_PORT = 50_000


@dataclass(frozen=True)
class Label:
    value: int
    tc: int
    ttl: int


@dataclass(frozen=True)
class Sample:
    """A packet at a port. ``headers`` are fields by their OXM names, those beneath a label too;
    ``eth_type`` is then that of what is beneath."""

    hub: str
    port: int
    headers: dict[str, Value]
    label: Label | None = None

    @property
    def frame(self) -> bytes:
        frame = _frame(self.headers)
        if self.label is not None:
            frame = labelled(frame, self.label.value, tc=self.label.tc, ttl=self.label.ttl)
        vid = int(self.headers["vlan_vid"])
        return tagged(frame, (VLAN, vid & 0xFFF)) if vid & VLAN_PRESENT else frame

    def __str__(self) -> str:
        return f"{self.hub} port {self.port}: {self.label or 'no label'} {self.headers}"


def _frame(headers: dict[str, Value]) -> bytes:
    known: dict[str, Any] = dict(headers)
    if known["eth_type"] == IPV4:
        packet = ipv4(
            known["ipv4_src"],
            known["ipv4_dst"],
            _transport(known),
            known["ip_proto"],
            tos=known["ip_dscp"] << 2,
        )
        return ethernet(known["eth_dst"], known["eth_src"], IPV4, packet)
    if known["eth_type"] == IPV6 and "ipv6_src" in known:
        ends_of = (known["ipv6_src"], known["ipv6_dst"])
        packet = ipv6(_transport(known), known["ip_proto"], *ends_of, tc=known["ip_dscp"] << 2)
        return ethernet(known["eth_dst"], known["eth_src"], IPV6, packet)
    if known["eth_type"] == ARP:
        ends = (known["arp_sha"], known["arp_spa"], known["arp_tpa"])
        question = arp(*ends, op=known["arp_op"], tha=known["arp_tha"])
        return ethernet(known["eth_dst"], known["eth_src"], ARP, question)
    return ethernet(known["eth_dst"], known["eth_src"], known["eth_type"], bytes(60))


def _transport(known: dict[str, Any]) -> bytes:
    if known["ip_proto"] == UDP:
        return udp(known["udp_src"], known["udp_dst"])
    if known["ip_proto"] == TCP:
        return tcp(known["tcp_src"], known["tcp_dst"])
    return bytes(16)


class Sampler:
    """Draws packets; the same seed draws the same."""

    def __init__(self, mesh: Mesh, seed: int) -> None:
        self._world = mesh
        self._chance = Random(seed)
        self._hosts = list(mesh.wiring.hubs)
        self._entries: dict[str, list[Flow]] = {
            switch.hub: [f for f in switch.flows if f.table == Table.SWITCH and f.match]
            for switch in mesh.program.switches
        }
        self._ports: dict[str, list[int]] = {}
        for fibre in mesh.wiring.fibres:
            for end in (fibre.a, fibre.z):
                self._ports.setdefault(end.hub, []).append(end.port)
        for hub in self._hosts:
            if hub.gateway is not None:
                self._ports[hub.hub] += [GATEWAY_IN_PORT, GATEWAY_OUT_PORT]
        self._intents = mesh.specification.intents()
        families = {intent.id: intent.family for intent in self._intents}
        self._family_of = {use.label: families[use.demand] for use in mesh.program.labels}
        self._kinds: Sequence[Callable[[str], Sample]] = (
            *(self._named_label,) * 5,
            *(self._of_a_demand,) * 4,
            self._any_label,
            self._question,
            self._other_type,
        )

    def draw(self, count: int, hot: Sequence[str] = ()) -> Iterator[Sample]:
        """Half of them at ``hot`` hubs, if there are any."""
        for number in range(count):
            some = hot if hot and number % 2 else [hub.hub for hub in self._hosts]
            hub = self._chance.choice(some)
            yield self._chance.choice(self._kinds)(hub)

    def _named_label(self, hub: str) -> Sample:
        """By a port and a label that an entry of the hub names, if it has any."""
        if not self._entries[hub]:
            return self._any_label(hub)
        fields = dict(self._chance.choice(self._entries[hub]).match)
        label = int(fields["mpls_label"])
        right = self._chance.random() < 0.8
        tc = int(phase_of(label)) if right else self._chance.randrange(8)
        return self._labelled(hub, int(fields["in_port"]), label, tc)

    def _any_label(self, hub: str) -> Sample:
        """In use anywhere, or nowhere, by any port."""
        known = [use.label for use in self._world.program.labels]
        label = self._chance.choice([*known, self._chance.randrange(LARGEST_LABEL)])
        port = self._chance.choice([HOST_PORT, *self._ports[hub]])
        return self._labelled(hub, port, label, self._chance.randrange(8))

    def _labelled(self, hub: str, port: int, label: int, tc: int) -> Sample:
        """Over a packet of the version of IP that the label's demand has."""
        intent = self._chance.choice(self._intents)
        family = self._family_of.get(label, "ipv4")
        headers = self._headers(*intent.pair, family=family) | {"vlan_vid": self._tag(0.03)}
        return Sample(hub, port, headers, Label(label, tc, self._chance.choice(TTLS)))

    def _of_a_demand(self, hub: str) -> Sample:
        """Of one that starts at the hub, if one does; with up to two lies."""
        mine = [intent for intent in self._intents if intent.pair[0] == hub]
        intent = self._chance.choice(mine or self._intents)
        selector = self._chance.choice(intent.selectors)
        headers = self._headers(*intent.pair, selector.protocol, intent.family)
        for end, port in (("src", selector.src_port), ("dst", selector.dst_port)):
            name = f"{selector.protocol}_{end}"
            if port is not None:
                headers[name] = port
        for _ in range(self._chance.choice((0, 0, 0, 1, 2))):
            self._lie(headers)
        port = HOST_PORT if self._chance.random() < 0.9 else self._chance.choice(self._ports[hub])
        return Sample(intent.pair[0] if port == HOST_PORT else hub, port, headers)

    def _headers(
        self, src: str, dst: str, protocol: str | None = None, family: Family = "ipv4"
    ) -> dict[str, Value]:
        me, peer = self._world.hub(src), self._world.hub(dst)
        number = {"udp": UDP, "tcp": TCP}.get(protocol or self._chance.choice(("udp", "tcp")), ICMP)
        headers: dict[str, Value] = {
            "eth_dst": peer.host_mac,
            "eth_src": me.host_mac,
            "vlan_vid": 0,
            "eth_type": ETH_TYPE[family],
            f"{family}_src": me.ip(family),
            f"{family}_dst": peer.ip(family),
            "ip_dscp": self._chance.choice((0, 0, 10, 46, 63)),
            "ip_proto": number,
        }
        return headers | self._transport_ports(number)

    def _transport_ports(self, protocol: int) -> dict[str, Value]:
        name = {UDP: "udp", TCP: "tcp"}.get(protocol)
        return {f"{name}_src": SOME_PORT, f"{name}_dst": SOME_PORT} if name else {}

    def _lie(self, headers: dict[str, Value]) -> None:
        other = self._chance.choice(self._hosts)
        mac = self._chance.choice((other.host_mac, other.switch_mac, STRANGE_MAC, BROADCAST))
        family: Family = "ipv6" if "ipv6_src" in headers else "ipv4"
        strange = STRANGE_IP if family == "ipv4" else ipv6_of(STRANGE_IP)
        address = self._chance.choice((other.ip(family), strange))
        ends = (f"{family}_src", f"{family}_dst")
        field = self._chance.choice(("eth_src", "eth_dst", *ends, "vlan_vid", "ip_proto", "port"))
        if field == "vlan_vid":
            headers[field] = self._tag(1)
        elif field == "ip_proto":
            headers[field] = protocol = self._chance.choice((UDP, TCP, ICMP, 47))
            headers.update(self._transport_ports(protocol))
        elif field == "port":
            for name in headers.keys() & {"udp_dst", "tcp_dst"}:
                headers[name] = self._chance.choice((0, 5000, 6000, 7000, SOME_PORT + 1))
        else:
            headers[field] = mac if field.startswith("eth") else address

    def _question(self, hub: str) -> Sample:
        """ARP, one in two of it right."""
        mine = [intent for intent in self._intents if intent.pair[0] == hub]
        src, dst = self._chance.choice(mine or self._intents).pair
        me, peer, other = (
            self._world.hub(src),
            self._world.hub(dst),
            self._chance.choice(self._hosts),
        )
        headers: dict[str, Value] = {
            "eth_dst": BROADCAST,
            "eth_src": me.host_mac,
            "vlan_vid": 0,
            "eth_type": ARP,
            "arp_op": 1,
            "arp_sha": me.host_mac,
            "arp_spa": me.host_ip,
            "arp_tha": "00:00:00:00:00:00",
            "arp_tpa": peer.host_ip,
        }
        lies: dict[str, Value] = {
            "eth_src": other.host_mac,
            "arp_op": self._chance.choice((0, 2, 3)),
            "arp_sha": other.host_mac,
            "arp_spa": other.host_ip,
            "arp_tpa": other.host_ip,
            "arp_tha": other.host_mac,
            "eth_dst": other.host_mac,
            "vlan_vid": self._tag(1),
        }
        if self._chance.random() < 0.5:
            name = self._chance.choice(sorted(lies))
            headers[name] = lies[name]
        port = HOST_PORT if self._chance.random() < 0.9 else self._chance.choice(self._ports[src])
        return Sample(src, port, headers)

    def _other_type(self, hub: str) -> Sample:
        eth_type = self._chance.choice((LLDP, LLDP, IPV6, MPLS_MULTICAST, 0x0842, 0x8809, 0x88F7))
        headers: dict[str, Value] = {
            "eth_dst": self._chance.choice((NEAREST_BRIDGE, BROADCAST, STRANGE_MAC)),
            "eth_src": self._world.hub(hub).host_mac,
            "vlan_vid": self._tag(0.1),
            "eth_type": eth_type,
        }
        if eth_type == IPV6:
            headers |= {"ipv6_src": "fe80::1", "ipv6_dst": "ff02::1", "ip_dscp": 0, "ip_proto": 59}
        return Sample(hub, self._chance.choice([HOST_PORT, *self._ports[hub]]), headers)

    def _tag(self, share: float) -> int:
        if self._chance.random() >= share:
            return 0
        return VLAN_PRESENT | self._chance.choice((0, 1, 7, 4095))
