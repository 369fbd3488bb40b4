"""A breach told in full: one packet, what each switch does with it, and how to see it happen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from controller.program import COOKIE_MAGIC, Flow, Reason, Value
from controller.prover.claims import Breach, Claim
from controller.prover.headers import (
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV4,
    ETH_LLDP,
    ETH_MPLS,
    UNTAGGED,
    Box,
)
from controller.prover.network import Network
from controller.prover.reach import Step
from topologies.wiring import HOST_PORT

SOME_MACS = ("02:00:00:00:00:66", "02:00:00:00:00:67")
SOME_ADDRESSES = ("192.0.2.66", "192.0.2.67")  # RFC 5737: for documentation
SOME_TYPES = (ETH_IPV4, ETH_ARP, ETH_LLDP, 0x86DD, 0x88B5)
SOME_LABELS = (1_000_000, 1_000_001)


@dataclass(frozen=True)
class Rule:
    """An entry as it is told."""

    table: int
    priority: int
    cookie: str
    reason: str
    match: str

    def __str__(self) -> str:
        return f"table {self.table} priority {self.priority} {self.reason} [{self.match}]"


@dataclass(frozen=True)
class Hop:
    """What one switch does with the packet."""

    hub: str
    switch: str
    in_port: int
    rules: tuple[Rule, ...]
    label_before: Value | None
    label_after: Value | None
    buckets: tuple[str, ...]
    """Which bucket was taken of each group met, and why those before it were not."""
    then: str

    def __str__(self) -> str:
        lines = [f"{self.hub} ({self.switch}) from port {self.in_port}"]
        lines += [f"  {rule}, cookie {rule.cookie}" for rule in self.rules]
        lines += [f"  {bucket}" for bucket in self.buckets]
        if self.label_before != self.label_after:
            lines.append(f"  label {_or_none(self.label_before)} -> {_or_none(self.label_after)}")
        lines.append(f"  then {self.then}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Counterexample:
    """Why a claim does not hold. Empty parts are those that the breach does not have."""

    claim: str
    sentence: str
    verdict: str
    hub: str
    rule: Rule | None
    packet: dict[str, Value]
    hops: tuple[Hop, ...]
    reproduce: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.claim} does not hold: {self.sentence}"]
        if self.rule:
            lines.append(f"entry at {self.hub}: {self.rule}, cookie {self.rule.cookie}")
        if self.packet:
            fields = ", ".join(f"{name}={_shown(name, held)}" for name, held in self.packet.items())
            lines.append(f"packet: {fields}")
        lines += [str(hop) for hop in self.hops]
        place = f"{self.hub} " if self.hub and not self.hops else ""
        lines.append(f"verdict: {place}{self.verdict}")
        lines += [f"  $ {command}" for command in self.reproduce]
        return "\n".join(lines)


def tell(network: Network, claim: Claim, breach: Breach) -> Counterexample:
    """The whole story of a breach."""
    packet: dict[str, Value] = {}
    reproduce: tuple[str, ...] = ()
    if breach.trail:
        door = breach.trail[0].at
        packet = {"in_port": door.port, **_some_packet(network, door.hub, breach.headers)}
        reproduce = (*_cuts(network, breach.trail), *_commands(network, door.hub, packet))
    elif breach.hub in network.hosts:
        bridge = network.hosts[breach.hub].bridge
        wanted = f" table={breach.entry.table}" if breach.entry else ""
        reproduce = (f"ovs-ofctl -O OpenFlow13 dump-flows {bridge}{wanted}",)
    return Counterexample(
        claim=claim.id,
        sentence=claim.sentence,
        verdict=breach.said,
        hub=breach.hub,
        rule=_rule(breach.entry) if breach.entry else None,
        packet=packet,
        hops=_hops(network, breach.trail),
        reproduce=reproduce,
    )


def _hops(network: Network, trail: tuple[Step, ...]) -> tuple[Hop, ...]:
    if not trail:
        return ()
    ends = [f"{step.end} to {step.to.hub}" for step, _ in pairwise(trail) if step.to]
    last = trail[-1]
    ends.append(f"{last.end} to {last.to.hub}" if last.to else _end(network, last))
    return tuple(_hop(network, step, then) for step, then in zip(trail, ends, strict=True))


def _end(network: Network, step: Step) -> str:
    note = f" ({step.note})" if step.note else ""
    leads = f" {network.leads_to(step.at.hub, step.port)}" if step.port == HOST_PORT else ""
    return f"{step.end}{note}" if not leads else f"to{leads}{note}"


def _hop(network: Network, step: Step, then: str) -> Hop:
    groups = network.lookups[step.at.hub].groups
    buckets = []
    for choice in step.chosen:
        earlier = groups[choice.group].buckets[: choice.bucket]
        dead = ", ".join(
            f"bucket {position} watches "
            + (
                f"port {one.watch_port}"
                if one.watch_port is not None
                else f"group {one.watch_group}"
            )
            + ", which is not live"
            for position, one in enumerate(earlier, start=1)
        )
        because = f": {dead}" if dead else ""
        buckets.append(f"group {choice.group} takes bucket {choice.bucket + 1}{because}")
    return Hop(
        hub=step.at.hub,
        switch=network.hosts[step.at.hub].switch,
        in_port=step.at.port,
        rules=tuple(_rule(flow) for flow in step.matched),
        label_before=step.before.label,
        label_after=step.packet.label,
        buckets=tuple(buckets),
        then=then,
    )


def _cuts(network: Network, trail: tuple[Step, ...]) -> tuple[str, ...]:
    """Taking down what the buckets before those taken watch."""
    ports = {
        (step.at.hub, bucket.watch_port)
        for step in trail
        for choice in step.chosen
        for bucket in network.lookups[step.at.hub].groups[choice.group].buckets[: choice.bucket]
        if bucket.watch_port is not None
    }
    ends = [end for fibre in network.wiring.fibres for end in (fibre.a, fibre.z)]
    return tuple(
        f"ip link set {end.interface} down" for end in ends if (end.hub, end.port) in ports
    )


def _rule(flow: Flow) -> Rule:
    fields = ", ".join(f"{name}={_shown(name, value)}" for name, value in flow.match)
    return Rule(
        flow.table, flow.priority, f"0x{flow.cookie:016x}", _reason(flow.cookie), fields or "any"
    )


def _reason(cookie: int) -> str:
    if cookie >> 48 != COOKIE_MAGIC:
        return "foreign"
    try:
        return Reason(cookie >> 16 & 0xFFFF).name
    except ValueError:
        return "of no known reason"


def _some_packet(network: Network, hub: str, headers: Box) -> dict[str, Value]:
    """One packet of a box; where the box leaves a choice, as the hub's own host would send it."""
    host = network.hosts[hub]
    others = [other for other in network.hosts.values() if other.hub != hub]
    macs = (host.host_mac, *SOME_MACS)
    addresses = (host.host_ip, *SOME_ADDRESSES)
    targets = tuple(other.host_ip for other in others) + SOME_ADDRESSES
    target_macs = tuple(other.host_mac for other in others) + SOME_MACS

    def some(name: str, choices: tuple[Value, ...]) -> Value:
        known = headers.known.get(name)
        if known is not None:
            return known
        return next((one for one in choices if (name, one) not in headers.unequal), choices[-1])

    packet = {
        "eth_src": some("eth_src", macs),
        "eth_dst": some("eth_dst", target_macs),
        "vlan_vid": some("vlan_vid", (UNTAGGED, 0x1000 | 66)),
        "eth_type": some("eth_type", SOME_TYPES),
    }
    if packet["eth_type"] == ETH_IPV4:
        packet |= {"ipv4_src": some("ipv4_src", addresses), "ipv4_dst": some("ipv4_dst", targets)}
    elif packet["eth_type"] == ETH_ARP:
        packet |= {
            "arp_op": some("arp_op", (ARP_REQUEST, 2, 3)),
            "arp_sha": some("arp_sha", macs),
            "arp_spa": some("arp_spa", addresses),
            "arp_tha": some("arp_tha", ("00:00:00:00:00:00", *SOME_MACS)),
            "arp_tpa": some("arp_tpa", targets),
        }
    elif packet["eth_type"] == ETH_MPLS:
        packet["mpls_label"] = some("mpls_label", SOME_LABELS)
    return packet


_IN_OVS = {
    "in_port": "in_port",
    "eth_src": "dl_src",
    "eth_dst": "dl_dst",
    "eth_type": "dl_type",
    "ipv4_src": "nw_src",
    "ipv4_dst": "nw_dst",
    "arp_op": "arp_op",
    "arp_sha": "arp_sha",
    "arp_spa": "arp_spa",
    "arp_tha": "arp_tha",
    "arp_tpa": "arp_tpa",
    "mpls_label": "mpls_label",
}


def _commands(network: Network, hub: str, packet: dict[str, Value]) -> tuple[str, ...]:
    """What the switch would do with the packet, and how its host sends it."""
    host = network.hosts[hub]
    flow = [
        f"{_IN_OVS[name]}={_shown(name, held)}" for name, held in packet.items() if name in _IN_OVS
    ]
    vlan = int(packet["vlan_vid"])
    if vlan != UNTAGGED:
        flow.append(f"dl_vlan={vlan & 0xFFF}")
    trace = f"ovs-appctl ofproto/trace {host.bridge} '{','.join(flow)}'"
    if packet["in_port"] != HOST_PORT:
        return (trace,)
    send = f"sendp({_in_scapy(packet)}, iface='{host.host_interface}')"
    return (trace, f'on {host.host}: python3 -c "from scapy.all import *; {send}"')


def _in_scapy(packet: dict[str, Value]) -> str:
    vlan, eth_type = int(packet["vlan_vid"]), int(packet["eth_type"])
    layers = [f"Ether(src='{packet['eth_src']}', dst='{packet['eth_dst']}')"]
    if vlan != UNTAGGED:
        layers.append(f"Dot1Q(vlan={vlan & 0xFFF})")
    if eth_type == ETH_IPV4:
        layers.append(f"IP(src='{packet['ipv4_src']}', dst='{packet['ipv4_dst']}')/UDP()")
    elif eth_type == ETH_ARP:
        names = {
            "op": "arp_op",
            "hwsrc": "arp_sha",
            "psrc": "arp_spa",
            "hwdst": "arp_tha",
            "pdst": "arp_tpa",
        }
        fields = ", ".join(f"{scapy}={packet[name]!r}" for scapy, name in names.items())
        layers.append(f"ARP({fields})")
    elif eth_type == ETH_MPLS:
        layers[0] = f"{layers[0][:-1]}, type=0x8847)"
        layers.append(f"Raw(({packet['mpls_label']} << 12 | 0x140).to_bytes(4, 'big'))/IP()/UDP()")
    else:
        layers[-1] = f"{layers[-1][:-1]}, type={eth_type:#06x})"
    return "/".join(layers)


def _shown(name: str, value: Value) -> str:
    return f"{value:#06x}" if name == "eth_type" and isinstance(value, int) else str(value)


def _or_none(label: Value | None) -> str:
    return "none" if label is None else str(label)
