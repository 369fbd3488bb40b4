"""A breach as its counterexample: a packet, what each switch does with it, and how to see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    ETH_IPV4,
    ETH_IPV6,
    Bucket,
    Flow,
    Reason,
    Value,
    phase_of,
)
from corridor.controller.prover.search.claim import Breach, TraceStep
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import (
    ARP_REQUEST,
    ETH_ARP,
    ETH_LLDP,
    ETH_MPLS,
    IP_PROTO,
    NO_LABEL_NAMED,
    UNTAGGED,
    Box,
    Packet,
)
from corridor.controller.prover.search.reach import End, Step
from corridor.topologies.base.codec import formerly
from corridor.topologies.model.addresses import ETH_TYPE
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, is_host_port

SOME_MACS = ("02:00:00:00:00:66", "02:00:00:00:00:67")
SOME_ADDRESSES = ("192.0.2.66", "192.0.2.67")  # RFC 5737: for documentation
SOME_ADDRESSES_OF_IPV6 = ("2001:db8::66", "2001:db8::67")  # RFC 3849: for documentation
SOME_TYPES = (ETH_IPV4, ETH_ARP, ETH_LLDP, 0x86DD, 0x88B5)
SOME_LABELS = (1_000_000, 1_000_001)
SOME_PORTS = tuple(range(49152, 49160))  # RFC 6335: the first dynamic ones


def some_packet(
    network: Network, door: tuple[str, int], headers: Box, before: Packet
) -> dict[str, Value]:
    """One packet of a box; where the box leaves a choice, as the host at the port, or the hub's
    own, would send it."""
    host = network.host_at.get(door) or network.hosts[door[0]]
    others = [other for other in network.hosts.values() if other is not host]
    macs = (host.host_mac, *SOME_MACS)
    addresses = (host.host_ip, *SOME_ADDRESSES)

    def some(name: str, choices: Iterable[Value]) -> Value:
        known = headers.known.get(name)
        if known is not None:
            return known
        *first, last = choices
        return next((one for one in first if (name, one) not in headers.unequal), last)

    packet = {
        "eth_src": some("eth_src", macs),
        "eth_dst": some("eth_dst", (*(other.host_mac for other in others), *SOME_MACS)),
        "vlan_vid": some("vlan_vid", (UNTAGGED, 0x1000 | 66)),
        "eth_type": ETH_MPLS if before.label is not None else some("eth_type", SOME_TYPES),
    }
    family = next((one for one, of in ETH_TYPE.items() if of == packet["eth_type"]), None)
    if family is not None:
        strange = SOME_ADDRESSES if family == "ipv4" else SOME_ADDRESSES_OF_IPV6
        senders = (host.ip(family), *strange)
        targets = (*(other.ip(family) for other in others), *strange)
        src, dst = f"{family}_src", f"{family}_dst"
        packet |= {src: some(src, senders), dst: some(dst, targets)}
        packet["ip_proto"] = some("ip_proto", (IP_PROTO["udp"], IP_PROTO["tcp"], 253))
        for protocol, number in IP_PROTO.items():
            if packet["ip_proto"] == number:
                for end in (f"{protocol}_src", f"{protocol}_dst"):
                    packet[end] = some(end, SOME_PORTS)
    elif packet["eth_type"] == ETH_ARP:
        packet |= {
            "arp_op": some("arp_op", (ARP_REQUEST, 2, 3)),
            "arp_sha": some("arp_sha", macs),
            "arp_spa": some("arp_spa", addresses),
            "arp_tha": some("arp_tha", ("00:00:00:00:00:00", *SOME_MACS)),
            "arp_tpa": some("arp_tpa", (*(other.host_ip for other in others), *SOME_ADDRESSES)),
        }
    elif packet["eth_type"] == ETH_MPLS:
        label = before.label if before.label != NO_LABEL_NAMED else None
        packet["mpls_label"] = label or some("mpls_label", SOME_LABELS)
        packet["mpls_tc"] = before.tc or some("mpls_tc", range(8))
    return packet


_IN_OVS = {
    "in_port": "in_port",
    "eth_src": "dl_src",
    "eth_dst": "dl_dst",
    "eth_type": "dl_type",
    "ipv4_src": "nw_src",
    "ipv4_dst": "nw_dst",
    "ipv6_src": "ipv6_src",
    "ipv6_dst": "ipv6_dst",
    "ip_proto": "nw_proto",
    "ip_dscp": "ip_dscp",
    "udp_src": "udp_src",
    "udp_dst": "udp_dst",
    "tcp_src": "tcp_src",
    "tcp_dst": "tcp_dst",
    "arp_op": "arp_op",
    "arp_sha": "arp_sha",
    "arp_spa": "arp_spa",
    "arp_tha": "arp_tha",
    "arp_tpa": "arp_tpa",
    "mpls_label": "mpls_label",
    "mpls_tc": "mpls_tc",
}


def commands(network: Network, hub: str, packet: dict[str, Value]) -> tuple[str, ...]:
    """What the switch would do with the packet, and how its host sends it."""
    flow = [
        f"{_IN_OVS[name]}={shown(name, held)}" for name, held in packet.items() if name in _IN_OVS
    ]
    vlan = int(packet["vlan_vid"])
    if vlan != UNTAGGED:
        flow.append(f"dl_vlan={vlan & 0xFFF}")
    bridge = network.hubs[hub].bridge
    trace = f"ovs-appctl ofproto/trace {bridge} '{','.join(flow)}'"
    host = network.host_at.get((hub, int(packet["in_port"])))
    if host is None:
        return (trace,)
    send = f"sendp({_in_scapy(packet)}, iface='{host.host_interface}')"
    return (trace, f'on {host.host}: python3 -c "from scapy.all import *; {send}"')


def _in_scapy(packet: dict[str, Value]) -> str:
    vlan, eth_type = int(packet["vlan_vid"]), int(packet["eth_type"])
    layers = [f"Ether(src='{packet['eth_src']}', dst='{packet['eth_dst']}')"]
    if vlan != UNTAGGED:
        layers.append(f"Dot1Q(vlan={vlan & 0xFFF})")
    if eth_type == ETH_IPV4:
        layers += [f"IP(src='{packet['ipv4_src']}', dst='{packet['ipv4_dst']}')", _above_ip(packet)]
    elif eth_type == ETH_IPV6:
        ends = f"src='{packet['ipv6_src']}', dst='{packet['ipv6_dst']}'"
        layers += [f"IPv6({ends})", _above_ip(packet)]
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
        entry = int(packet["mpls_label"]) << 12 | int(packet["mpls_tc"]) << 9 | 0x140
        layers.append(f"Raw(({entry:#x}).to_bytes(4, 'big'))/IP()/UDP()")
    else:
        layers[-1] = f"{layers[-1][:-1]}, type={eth_type:#06x})"
    return "/".join(layers)


def _above_ip(packet: dict[str, Value]) -> str:
    for protocol, number in IP_PROTO.items():
        if packet["ip_proto"] == number:
            ports = f"sport={packet[f'{protocol}_src']}, dport={packet[f'{protocol}_dst']}"
            return f"{protocol.upper()}({ports})"
    return "Raw(b'x')"


def shown(name: str, value: Value) -> str:
    return f"{value:#06x}" if name == "eth_type" and isinstance(value, int) else str(value)


@dataclass(frozen=True)
class Rule:
    """An entry as it is reported."""

    table: int
    priority: int
    cookie: str
    reason: str
    demand: str
    """The demand it serves; empty where it serves all."""
    match: str

    def __str__(self) -> str:
        of = f" of {self.demand}" if self.demand else ""
        return f"table {self.table} priority {self.priority} {self.reason}{of} [{self.match}]"


@dataclass(frozen=True)
class Label:
    """A label by its parts."""

    number: int
    epoch: int
    phase: str
    path: int = field(metadata=formerly("way"))
    """The number of its path: the low bits of the label."""

    def __str__(self) -> str:
        return f"{self.number} ({self.phase}, path {self.path}, epoch {self.epoch})"


@dataclass(frozen=True)
class Clause:
    """A clause that is broken, and what it rests on."""

    policy: str
    clause: str
    reason: str
    legal_ref: tuple[str, ...]

    def __str__(self) -> str:
        law = f" [{', '.join(self.legal_ref)}]" if self.legal_ref else ""
        return f"{self.policy} {self.clause}: {self.reason}{law}"


@dataclass(frozen=True)
class Dead:
    """A port that must not be live for the packet to take this path."""

    hub: str
    port: int
    leads_to: str

    def __str__(self) -> str:
        return f"{self.leads_to} (port {self.port} of {self.hub})"


@dataclass(frozen=True)
class Hop:
    """What one switch does with the packet."""

    hub: str
    switch: str
    jurisdiction: str
    in_port: int
    rules: tuple[Rule, ...]
    label_before: Label | None
    label_after: Label | None
    state: str
    """How the packet stands to its policies when it comes here."""
    buckets: tuple[str, ...]
    """Which bucket was taken of each group met, and why those before it were not."""
    then: str

    def __str__(self) -> str:
        lines = [f"{self.hub} ({self.switch}, {self.jurisdiction}) from port {self.in_port}"]
        lines[0] += f", {self.state}" if self.state else ""
        lines += [f"  {rule}, cookie {rule.cookie}" for rule in self.rules]
        lines += [f"  {bucket}" for bucket in self.buckets]
        if self.label_before != self.label_after:
            before, after = (one or "none" for one in (self.label_before, self.label_after))
            lines.append(f"  label {before} -> {after}")
        lines.append(f"  then {self.then}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Counterexample:
    """Why a claim does not hold. Empty parts are those that the breach does not have."""

    claim: str
    sentence: str
    demand: str
    verdict: str
    clauses: tuple[Clause, ...]
    hub: str
    rule: Rule | None
    failures: tuple[Dead, ...]
    """What must be dead to see it."""
    note: str
    packet: dict[str, Value]
    hops: tuple[Hop, ...]
    reproduce: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.claim} is violated: {self.sentence}"]
        lines += [f"demand: {self.demand}"] if self.demand else []
        lines += [f"clause: {clause}" for clause in self.clauses]
        if self.rule:
            lines.append(f"entry at {self.hub}: {self.rule}, cookie {self.rule.cookie}")
        if self.hops:
            lines.append(f"dead: {', '.join(map(str, self.failures)) or 'nothing'}")
        lines += [f"note: {self.note}"] if self.note else []
        if self.packet:
            fields = ", ".join(f"{name}={shown(name, held)}" for name, held in self.packet.items())
            lines.append(f"packet: {fields}")
        lines += [str(hop) for hop in self.hops]
        is_told = self.hops or self.verdict.startswith(f"{self.hub}: ")
        place = f"{self.hub} " if self.hub and not is_told else ""
        lines.append(f"verdict: {place}{self.verdict}")
        lines += [f"  $ {command}" for command in self.reproduce]
        return "\n".join(lines)


def tell(network: Network, claim: str, sentence: str, breach: Breach) -> Counterexample:
    """The whole story of a breach."""
    trace = breach.trace
    packet: dict[str, Value] = {}
    reproduce: tuple[str, ...] = ()
    failures = _dead(network, trace)
    if trace:
        door = trace[0].step.at
        sent = some_packet(network, (door.hub, door.port), breach.headers, door.packet)
        packet = {"in_port": door.port, **sent}
        downs = _downs(network, failures)
        reproduce = (*downs, *commands(network, door.hub, packet))
    elif breach.hub in network.hubs:
        bridge = network.hubs[breach.hub].bridge
        wanted = f" table={breach.entry.table}" if breach.entry else ""
        reproduce = (f"ovs-ofctl -O OpenFlow13 dump-flows {bridge}{wanted}",)
    return Counterexample(
        claim=claim,
        sentence=sentence,
        demand=str(breach.demand or ""),
        verdict=breach.said,
        clauses=tuple(
            Clause(one.policy, one.clause, one.reason, one.legal_ref) for one in breach.violations
        ),
        hub=breach.hub,
        rule=_rule(network, breach.entry) if breach.entry else None,
        failures=failures,
        note=_note(network, trace, failures),
        packet=packet,
        hops=_hops(network, breach),
        reproduce=reproduce,
    )


def _hops(network: Network, breach: Breach) -> tuple[Hop, ...]:
    trace = breach.trace
    if not trace:
        return ()
    ends = [_onward(sight.step) for sight, _ in pairwise(trace)]
    last = trace[-1].step
    ends.append(_onward(last) if last.to else _end(network, last))
    return tuple(
        _hop(network, breach, sight, then) for sight, then in zip(trace, ends, strict=True)
    )


def _onward(step: Step) -> str:
    back = " and back" if step.end is End.ASSESSED else f" to {step.to.hub}" if step.to else ""
    return f"{step.end}{back}"


def _end(network: Network, step: Step) -> str:
    note = f" ({step.note})" if step.note else ""
    at_host = step.port is not None and (step.at.hub, step.port) in network.host_at
    leads = f"to {network.leads_to(step.at.hub, step.port or 0)}" if at_host else step.end
    return f"{leads}{note}"


def _hop(network: Network, breach: Breach, sight: TraceStep, then: str) -> Hop:
    step, demand = sight.step, breach.demand
    hub = step.at.hub
    groups = network.lookups[hub].groups
    buckets = []
    for choice in step.chosen:
        earlier = groups[choice.group].buckets[: choice.bucket]
        dead = ", ".join(
            f"bucket {position} watches {_watched(one)}, which is not live"
            for position, one in enumerate(earlier, start=1)
        )
        because = f": {dead}" if dead else ""
        buckets.append(f"group {choice.group} takes bucket {choice.bucket + 1}{because}")
    return Hop(
        hub=hub,
        switch=network.hubs[hub].switch,
        jurisdiction=network.topology.hub(hub).located_in,
        in_port=step.at.port,
        rules=tuple(_rule(network, flow) for flow in step.matched),
        label_before=_label(step.before.label),
        label_after=_label(step.packet.label),
        state=demand.permits.name(sight.permit_state) if demand else "",
        buckets=tuple(buckets),
        then=then,
    )


def _watched(bucket: Bucket) -> str:
    if bucket.watch_port is not None:
        return f"port {bucket.watch_port}"
    return f"group {bucket.watch_group}"


def _label(number: int | None) -> Label | None:
    if number is None or number < 0:
        return None
    return Label(number, number >> 19, phase_of(number).name, number & 0x1FFFF)


def _dead(network: Network, trace: tuple[TraceStep, ...]) -> tuple[Dead, ...]:
    """What the buckets before those taken watch."""
    ports = [
        (sight.step.at.hub, bucket.watch_port)
        for sight in trace
        for choice in sight.step.chosen
        for bucket in network.lookups[sight.step.at.hub]
        .groups[choice.group]
        .buckets[: choice.bucket]
        if bucket.watch_port is not None
    ]
    return tuple(Dead(hub, port, network.leads_to(hub, port)) for hub, port in dict.fromkeys(ports))


def _downs(network: Network, failures: tuple[Dead, ...]) -> tuple[str, ...]:
    interfaces = {
        (end.hub, end.port): end.interface
        for fibre in network.wiring.fibres
        for end in (fibre.a, fibre.z)
    }
    for hub, wire in network.hubs.items():
        if wire.gateway is not None:
            interfaces[hub, GATEWAY_IN_PORT] = wire.gateway.in_interface
    return tuple(
        f"ip link set {interfaces[one.hub, one.port]} down"
        for one in failures
        if (one.hub, one.port) in interfaces
    )


def _note(network: Network, trace: tuple[TraceStep, ...], failures: tuple[Dead, ...]) -> str:
    """Whether the path uses what it takes for dead, so that no lasting failure leads to it."""
    down = {_thing(network, one.hub, one.port) for one in failures}
    used = {
        _thing(network, sight.step.at.hub, sight.step.port)
        for sight in trace
        if sight.step.port is not None and not is_host_port(sight.step.port)
    }
    both = sorted(down & used)
    return f"seen only while {', '.join(both)} goes down or comes up" if both else ""


def _thing(network: Network, hub: str, port: int | None) -> str:
    cable = network.cables.get((hub, port or 0))
    return cable.fibre if cable else f"port {port} of {hub}"


def _rule(network: Network, flow: Flow) -> Rule:
    fields = ", ".join(f"{name}={shown(name, value)}" for name, value in flow.match)
    reason, cookie = _reason(network, flow.cookie), f"0x{flow.cookie:016x}"
    return Rule(flow.table, flow.priority, cookie, reason, network.serves(flow), fields or "any")


def entry_in_words(network: Network, flow: Flow) -> str:
    return str(_rule(network, flow))


def _reason(network: Network, cookie: int) -> str:
    if network.others or cookie >> 48 != COOKIE_MAGIC:
        return "foreign"
    try:
        return Reason(cookie >> 16 & 0xFFFF).name
    except ValueError:
        return "of no known reason"
