"""The edge of a switch: what its host may send, and what its ports let in. Pure.

Every frame of a host is dropped unless it is bound to a declared demand, and each kind
of unbound frame has its own drop, so that its counter shows what was tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corridor.controller.forwarding.program import (
    ETH_IPV4,
    ETH_IPV6,
    FINAL_DROP,
    Action,
    Flow,
    Reason,
    Table,
    Value,
    back_to_sender,
    cookie,
    match,
    phase_of,
    push_label,
    set_field,
    to_controller,
)
from corridor.controller.intent.intent import Selector
from corridor.controller.policy.phase import Phase
from corridor.topologies.model.addresses import ETH_TYPE, Family
from corridor.topologies.model.wiring import GATEWAY_OUT_PORT, HostEnd

ETH_ARP, ETH_LLDP = 0x0806, 0x88CC
ETH_MPLS, ETH_MPLS_MULTICAST = 0x8847, 0x8848
UNTAGGED = 0
BROADCAST = "ff:ff:ff:ff:ff:ff"
ARP_REQUEST, ARP_REPLY = 1, 2
IP_PROTO = {"tcp": 6, "udp": 17}
PRIORITY_RULE, PRIORITY_NAMED, PRIORITY_UNTAGGED, PRIORITY_TAGGED = 100, 60, 40, 20
PRIORITY_DROP = 0
BFD_PORT = 3784
"""RFC 5881, 4."""


def final_drops() -> Iterator[Flow]:
    """The last entry of every table."""
    for table, reason in FINAL_DROP.items():
        yield Flow(table, PRIORITY_DROP, (), (), None, cookie(reason))


def admit_ports(inland: Iterable[int], borders: Iterable[int]) -> Iterator[Flow]:
    """What fibres and the gateway's way out let in: labels, and the controller's LLDP. BFD goes no
    further, and is not counted among what is dropped.

    What comes over a border is asked for its phase first.
    """
    onward = [(port, Table.SWITCH) for port in (*inland, GATEWAY_OUT_PORT)]
    onward += [(port, Table.BORDER) for port in borders]
    for port, table in sorted(onward):
        yield _admit(match(in_port=port, eth_type=ETH_MPLS), table)
        if port != GATEWAY_OUT_PORT:
            lldp = match(in_port=port, eth_type=ETH_LLDP)
            why = cookie(Reason.WIRING_CHECK)
            yield Flow(Table.ADMIT, PRIORITY_RULE, lldp, (to_controller(),), None, why)
            bfd = match(in_port=port, eth_type=ETH_IPV4, ip_proto=IP_PROTO["udp"], udp_dst=BFD_PORT)
            yield Flow(Table.ADMIT, PRIORITY_RULE, bfd, (), None, cookie(Reason.BFD))
    for phase in Phase:
        if phase.may_cross_borders:
            passed = match(eth_type=ETH_MPLS, mpls_tc=int(phase))
            why = cookie(Reason.BORDER)
            yield Flow(Table.BORDER, PRIORITY_RULE, passed, (), Table.SWITCH, why)


def admit_host(host: HostEnd, families: Iterable[Family] = ("ipv4",)) -> Iterator[Flow]:
    """A host's own frames of some families, and a drop by name for what it may not send."""
    untagged = {"in_port": host.port, "vlan_vid": UNTAGGED}
    for family in families:
        yield from _admit_family(host, family)
    for eth_type, reason in _WRONG_TYPES.items():
        if eth_type not in map(ETH_TYPE.get, families):
            yield _refuse(PRIORITY_NAMED, reason, **untagged, eth_type=eth_type)
    yield _refuse(PRIORITY_UNTAGGED, Reason.DROP_NOT_ADMITTED, **untagged)
    # What is left of the host's frames carries a VLAN tag.
    yield _refuse(PRIORITY_TAGGED, Reason.DROP_TAGGED, in_port=host.port)


def _admit_family(host: HostEnd, family: Family) -> Iterator[Flow]:
    bound = {"in_port": host.port, "vlan_vid": UNTAGGED, "eth_type": ETH_TYPE[family]}
    own = bound | {"eth_src": host.host_mac}
    yield _admit(match(**own, **{f"{family}_src": host.ip(family)}), Table.CLASSIFY)
    yield _refuse(PRIORITY_RULE + 1, Reason.DROP_BROADCAST, **bound, eth_dst=BROADCAST)
    yield _refuse(PRIORITY_NAMED, Reason.DROP_SPOOFED_IP, **own)
    yield _refuse(PRIORITY_NAMED - 1, Reason.DROP_SPOOFED_MAC, **bound)


_WRONG_TYPES = {
    ETH_MPLS: Reason.DROP_HOST_LABEL,
    ETH_MPLS_MULTICAST: Reason.DROP_HOST_LABEL,
    ETH_LLDP: Reason.DROP_HOST_LLDP,
    ETH_IPV6: Reason.DROP_IPV6,
    ETH_ARP: Reason.DROP_SPOOFED_ARP,
}


def arp_answer(asker: HostEnd, target: HostEnd) -> Flow:
    """The switch answers for ``target``: the question never leaves the hub."""
    question = match(
        in_port=asker.port,
        vlan_vid=UNTAGGED,
        eth_type=ETH_ARP,
        eth_src=asker.host_mac,
        arp_op=ARP_REQUEST,
        arp_sha=asker.host_mac,
        arp_spa=asker.host_ip,
        arp_tpa=target.host_ip,
    )
    answer = (
        set_field("eth_src", target.host_mac),
        set_field("eth_dst", asker.host_mac),
        set_field("arp_op", ARP_REPLY),
        set_field("arp_sha", target.host_mac),
        set_field("arp_spa", target.host_ip),
        set_field("arp_tha", asker.host_mac),
        set_field("arp_tpa", asker.host_ip),
        back_to_sender(),
    )
    return Flow(Table.ADMIT, PRIORITY_RULE, question, answer, None, cookie(Reason.ARP_REPLY))


def classify(
    number: int,
    ends: tuple[HostEnd, HostEnd],
    selectors: Iterable[Selector],
    label: int | None,
    meter: int | None,
    serial: int,
    dscp: int = 0,
    family: Family = "ipv4",
) -> Iterator[Flow]:
    """Entries that give a demand's packets its label; without one they are dropped as blocked.
    ``ends``: the hosts that send and receive them.

    A host's DSCP is worth nothing: it becomes the demand's, and the label's traffic class says the
    phase.
    """
    for selector in selectors:
        packets = _packets(*ends, family, selector)
        blocked = cookie(Reason.DROP_BLOCKED, policy=number, serial=serial)
        if label is None:
            yield Flow(Table.CLASSIFY, PRIORITY_RULE, packets, (), None, blocked)
            continue
        distrust = (set_field("ip_dscp", dscp),)
        told = cookie(Reason.CLASSIFY, policy=number, serial=serial)
        yield Flow(Table.CLASSIFY, PRIORITY_RULE, packets, distrust, Table.LABEL, told)
        give = (push_label(label), set_field("mpls_tc", int(phase_of(label))))
        given = cookie(Reason.LABEL, policy=number, serial=serial)
        yield Flow(Table.LABEL, PRIORITY_RULE, packets, give, Table.SWITCH, given, meter)


def _packets(
    src: HostEnd, dst: HostEnd, family: Family, selector: Selector
) -> tuple[tuple[str, Value], ...]:
    fields: dict[str, Value] = {
        "in_port": src.port,
        "eth_type": ETH_TYPE[family],
        "eth_dst": dst.host_mac,
        f"{family}_dst": dst.ip(family),
    }
    if selector.protocol is not None:
        fields["ip_proto"] = IP_PROTO[selector.protocol]
        for end in ("src", "dst"):
            port = getattr(selector, f"{end}_port")
            if port is not None:
                fields[f"{selector.protocol}_{end}"] = port
    return match(**fields)


def _admit(packets: tuple[tuple[str, Value], ...], table: Table) -> Flow:
    return Flow(Table.ADMIT, PRIORITY_RULE, packets, (), table, cookie(Reason.ADMIT))


def _refuse(priority: int, reason: Reason, **fields: Value) -> Flow:
    nothing: tuple[Action, ...] = ()
    return Flow(Table.ADMIT, priority, match(**fields), nothing, None, cookie(reason))
