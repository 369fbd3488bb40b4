"""One packet out of a set, and the commands that show its outcome."""

from __future__ import annotations

from collections.abc import Iterable

from corridor.controller.forwarding.program import Value
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import (
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV4,
    ETH_LLDP,
    ETH_MPLS,
    IP_PROTO,
    NO_LABEL_NAMED,
    UNTAGGED,
    Box,
    Packet,
)
from corridor.topologies.model.wiring import HOST_PORT

SOME_MACS = ("02:00:00:00:00:66", "02:00:00:00:00:67")
SOME_ADDRESSES = ("192.0.2.66", "192.0.2.67")  # RFC 5737: for documentation
SOME_TYPES = (ETH_IPV4, ETH_ARP, ETH_LLDP, 0x86DD, 0x88B5)
SOME_LABELS = (1_000_000, 1_000_001)
SOME_PORTS = tuple(range(49152, 49160))  # RFC 6335: the first dynamic ones


def some_packet(network: Network, hub: str, headers: Box, before: Packet) -> dict[str, Value]:
    """One packet of a box; where the box leaves a choice, as the hub's own host would send it."""
    host = network.hosts[hub]
    others = [other for other in network.hosts.values() if other.hub != hub]
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
    if packet["eth_type"] == ETH_IPV4:
        targets = (*(other.host_ip for other in others), *SOME_ADDRESSES)
        packet |= {"ipv4_src": some("ipv4_src", addresses), "ipv4_dst": some("ipv4_dst", targets)}
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
    host = network.hosts[hub]
    flow = [
        f"{_IN_OVS[name]}={shown(name, held)}" for name, held in packet.items() if name in _IN_OVS
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
        layers += [f"IP(src='{packet['ipv4_src']}', dst='{packet['ipv4_dst']}')", _above_ip(packet)]
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
