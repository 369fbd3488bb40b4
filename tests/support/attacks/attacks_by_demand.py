"""Hosts that stretch what was declared: by fragments, DSCP, IPv6, to everybody, by other ports."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator

from attack_frames import (
    ARP,
    BROADCAST,
    GRE,
    ICMP,
    IPIP,
    IPV4,
    IPV6,
    MORE_FRAGMENTS,
    TCP,
    UDP,
    arp,
    ethernet,
    ipv4,
    ipv6,
    tcp,
    udp,
)
from attack_shots import BROADCAST_IP, MULTICAST_MAC, SEED, STRANGE_MAC, Fate, Kinds, Shot
from attack_world import OPEN_PORT, Mesh
from corridor.controller.forwarding.program import Reason

kind = Kinds()
STORM = 500


def _fragment(mesh: Mesh, fragment: int, payload: bytes, **more: object) -> bytes:
    return mesh.datagram("checkpoints", fragment=fragment, over=payload, **more)


@kind("fragments", "first, of a demand bound to ports")
def _(mesh: Mesh) -> Iterator[Shot]:
    """It has the ports that the demand is bound to, but Open vSwitch shows tables no fragment's."""
    frame = _fragment(mesh, MORE_FRAGMENTS, udp(OPEN_PORT, 5000, bytes(64)))
    yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


@kind("fragments", "later, of a demand bound to ports")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Also with octets where ports would be that say the right ones."""
    for offset in (1, 2, 8, 100, 8191):
        for more in (0, MORE_FRAGMENTS):
            for payload in (bytes(64), udp(OPEN_PORT, 5000), tcp(OPEN_PORT, 7000)):
                for protocol in (UDP, TCP):
                    frame = _fragment(mesh, offset | more, payload, protocol=protocol)
                    yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


@kind("fragments", "too small to hold ports")
def _(mesh: Mesh) -> Iterator[Shot]:
    for size in range(8):
        for fragment in (0, MORE_FRAGMENTS):
            frame = _fragment(mesh, fragment, udp(OPEN_PORT, 5000)[:size])
            yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
    for size in (1, 4, 8, 19):
        frame = _fragment(mesh, MORE_FRAGMENTS, tcp(OPEN_PORT, 7000)[:size], protocol=TCP)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


@kind("fragments", "of a blocked demand")
def _(mesh: Mesh) -> Iterator[Shot]:
    for fragment in (MORE_FRAGMENTS, MORE_FRAGMENTS | 3, 3):
        bound = mesh.datagram("records", fragment=fragment, over=tcp(1, 7000), protocol=TCP)
        yield Shot("guian", bound, Reason.DROP_UNCLASSIFIED)
        free = mesh.datagram("model", fragment=fragment)
        yield Shot("shanghai", free, Reason.DROP_BLOCKED)


@kind("fragments", "of a demand that is bound to none")
def _(mesh: Mesh) -> Iterator[Shot]:
    for fragment in (MORE_FRAGMENTS, MORE_FRAGMENTS | 2, 9):
        frame = mesh.datagram("train", fragment=fragment)
        yield Shot("shanghai", frame, Fate.PASSES, "train")


# Header fields by which a host requests treatment.


@kind("DSCP", "all 64, confined")
def _(mesh: Mesh) -> Iterator[Shot]:
    for dscp in range(64):
        frame = mesh.datagram("train", tos=dscp << 2 | dscp & 3)
        yield Shot("shanghai", frame, Fate.PASSES, "train")


@kind("DSCP", "all 64, through a gateway over a border")
def _(mesh: Mesh) -> Iterator[Shot]:
    for dscp in range(64):
        frame = mesh.datagram("checkpoints", tos=dscp << 2)
        yield Shot("guian", frame, Fate.PASSES, "checkpoints")


@kind("DSCP", "all 64, blocked")
def _(mesh: Mesh) -> Iterator[Shot]:
    for dscp in range(64):
        yield Shot("shanghai", mesh.datagram("model", tos=dscp << 2), Reason.DROP_BLOCKED)


# IPv6.


@kind("IPv6", "UDP, ND, RA, MLD, extensions")
def _(mesh: Mesh) -> Iterator[Shot]:
    icmp = {kind: struct.pack("!BBH", kind, 0, 0) + bytes(20) for kind in (133, 134, 135, 136, 143)}
    bodies = [(udp(OPEN_PORT, 5000), UDP), *((body, 58) for body in icmp.values())]
    bodies += [(b"\x11\x00" + bytes(6) + udp(OPEN_PORT, 5000), 0), (bytes(8), 44), (b"", 59)]
    mapped = f"::ffff:{mesh.hub('guian').host_ip}"
    for hub in ("guian", "karachi"):
        me = mesh.hub(hub).host_mac
        for body, header in bodies:
            for dst in ("33:33:00:00:00:01", mesh.hub("kunming").host_mac, BROADCAST):
                for src in (me, STRANGE_MAC):
                    packet = ipv6(body, header, src="fe80::1" if dst == BROADCAST else mapped)
                    yield Shot(hub, ethernet(dst, src, IPV6, packet), Reason.DROP_IPV6)


ECHO, SOLICIT, ADVERTISE, ROUTER, REDIRECT = 128, 135, 136, 134, 137
EXTENSIONS = (0, 43, 44, 60)
"""Hop-by-hop options, routing, fragment, destination options."""


def _icmp(kind: int, about: str) -> bytes:
    """About an address, with the MAC address of a stranger in an option."""
    target = socket.inet_pton(socket.AF_INET6, about)
    return (
        struct.pack("!BBHI", kind, 0, 0, 0xE0000000)
        + target
        + b"\x02\x01"
        + bytes.fromhex(STRANGE_MAC.replace(":", ""))
    )


def _voice(mesh: Mesh, body: bytes, header: int, **changes: str) -> bytes:
    """A frame as the one demand of IPv6 sends it, but for some addresses."""
    me, peer = (mesh.hub(hub) for hub in mesh.intent("voice").pair)
    ends = {"eth_dst": peer.host_mac, "eth_src": me.host_mac}
    ends |= {"src": me.ip("ipv6"), "dst": peer.ip("ipv6")} | changes
    packet = ipv6(body, header, src=ends["src"], dst=ends["dst"])
    return ethernet(ends["eth_dst"], ends["eth_src"], IPV6, packet)


@kind("IPv6", "discovery within a demand of IPv6")
def _(mesh: Mesh) -> Iterator[Shot]:
    for host in mesh.wiring.hubs:
        for what in (ECHO, SOLICIT, ADVERTISE, ROUTER, REDIRECT):
            frame = _voice(mesh, _icmp(what, host.ip("ipv6")), 58)
            yield Shot("bangkok", frame, Fate.PASSES, "voice")


@kind("IPv6", "discovery by others' addresses, and to groups")
def _(mesh: Mesh) -> Iterator[Shot]:
    for what in (SOLICIT, ADVERTISE, ROUTER, REDIRECT):
        body = _icmp(what, mesh.hub("guian").ip("ipv6"))
        for src in ("fe80::1", "::", mesh.hub("guian").ip("ipv6"), "fd00:c0da::a00:63"):
            yield Shot("bangkok", _voice(mesh, body, 58, src=src), Reason.DROP_SPOOFED_IP)
        strange = _voice(mesh, body, 58, eth_src=STRANGE_MAC)
        yield Shot("bangkok", strange, Reason.DROP_SPOOFED_MAC)
        for group in ("ff02::1", "ff02::2", "ff02::1:ff00:2"):
            frame = _voice(mesh, body, 58, dst=group, eth_dst="33:33:00:00:00:01")
            yield Shot("bangkok", frame, Reason.DROP_UNCLASSIFIED)
        everybody = _voice(mesh, body, 58, eth_dst=BROADCAST)
        yield Shot("bangkok", everybody, Reason.DROP_BROADCAST)


@kind("IPv6", "extension headers")
def _(mesh: Mesh) -> Iterator[Shot]:
    over = udp(OPEN_PORT, 5000)
    via = socket.inet_pton(socket.AF_INET6, mesh.hub("guian").ip("ipv6"))
    for header in EXTENSIONS:
        plain = b"\x11\x00" + bytes(6) + over
        routed = struct.pack("!BBBBI", 17, 2, 0, 1, 0) + via + over
        for body in (plain, *([routed] if header == 43 else [])):
            yield Shot("bangkok", _voice(mesh, body, header), Fate.PASSES, "voice")
            other = _voice(mesh, body, header, dst=mesh.hub("guian").ip("ipv6"))
            yield Shot("bangkok", other, Reason.DROP_UNCLASSIFIED)


@kind("IPv6", "to hosts without such a demand")
def _(mesh: Mesh) -> Iterator[Shot]:
    for host in mesh.wiring.hubs:
        if host.hub not in mesh.intent("voice").pair:
            ends = {"dst": host.ip("ipv6"), "eth_dst": host.host_mac}
            frame = _voice(mesh, udp(OPEN_PORT, 5000), UDP, **ends)
            yield Shot("bangkok", frame, Reason.DROP_UNCLASSIFIED)


# To everybody.


@kind("to everybody", "IPv4 broadcast and multicast")
def _(mesh: Mesh) -> Iterator[Shot]:
    for address in ("224.0.0.1", "239.1.2.3", BROADCAST_IP, "10.255.255.255"):
        for mac in (MULTICAST_MAC, "01:00:5e:7f:ff:fa", mesh.hub("karachi").host_mac):
            frame = mesh.datagram("checkpoints", dst=address, eth_dst=mac)
            yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
        frame = mesh.datagram("checkpoints", dst=address, eth_dst=BROADCAST)
        yield Shot("guian", frame, Reason.DROP_BROADCAST)


@kind("to everybody", "a declared address by a MAC of many")
def _(mesh: Mesh) -> Iterator[Shot]:
    for demand, hub in (("checkpoints", "guian"), ("train", "shanghai"), ("calls", "bangkok")):
        yield Shot(hub, mesh.datagram(demand, eth_dst=BROADCAST), Reason.DROP_BROADCAST)
        spoofed = mesh.datagram(demand, eth_dst=BROADCAST, eth_src=STRANGE_MAC)
        yield Shot(hub, spoofed, Reason.DROP_BROADCAST)
        for mac in (MULTICAST_MAC, "33:33:00:00:00:01", "01:80:c2:00:00:00"):
            yield Shot(hub, mesh.datagram(demand, eth_dst=mac), Reason.DROP_UNCLASSIFIED)


@kind("to everybody", "a storm from every hub at once")
def _(mesh: Mesh) -> Iterator[Shot]:
    chance = random.Random(SEED)
    for number in range(STORM):
        hub = mesh.wiring.hubs[number % len(mesh.wiring.hubs)]
        me, address = hub.host_mac, f"10.{chance.randrange(256)}.{chance.randrange(256)}.255"
        question = arp(me, hub.host_ip, address)
        packet = ipv4(hub.host_ip, address, udp(chance.randrange(65536), OPEN_PORT))
        yield Shot(hub.hub, ethernet(BROADCAST, me, ARP, question), Reason.DROP_SPOOFED_ARP)
        yield Shot(hub.hub, ethernet(BROADCAST, me, IPV4, packet), Reason.DROP_BROADCAST)
        yield Shot(hub.hub, ethernet(MULTICAST_MAC, me, IPV4, packet), Reason.DROP_UNCLASSIFIED)
        yield Shot(hub.hub, ethernet(BROADCAST, me, 0x0842, bytes(102)), Reason.DROP_NOT_ADMITTED)


# Demands.


@kind("demands", "blocked")
def _(mesh: Mesh) -> Iterator[Shot]:
    for flags in (0x02, 0x12, 0x10, 0x04):
        frame = mesh.datagram("records", over=tcp(OPEN_PORT, 7000, flags), protocol=TCP)
        yield Shot("guian", frame, Reason.DROP_BLOCKED)
    for protocol, over in ((UDP, udp(1, 2)), (TCP, tcp(1, 2)), (ICMP, bytes(8)), (255, b"")):
        frame = mesh.datagram("model", over=over, protocol=protocol)
        yield Shot("shanghai", frame, Reason.DROP_BLOCKED)


@kind("demands", "other ports and protocols than it is bound to")
def _(mesh: Mesh) -> Iterator[Shot]:
    for port in (0, 1, 862, 4999, 5001, 5999, 6001, 7000, 65535):
        frame = mesh.datagram("checkpoints", dst_port=port)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
    swapped = mesh.datagram("checkpoints", src_port=5000, dst_port=OPEN_PORT)
    yield Shot("guian", swapped, Reason.DROP_UNCLASSIFIED)
    for port in (5000, 6000, 7001):
        frame = mesh.datagram("checkpoints", over=tcp(OPEN_PORT, port), protocol=TCP)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
    inner = ipv4(mesh.hub("guian").host_ip, mesh.hub("karachi").host_ip, udp(1, 5000))
    for protocol in (0, ICMP, 2, IPIP, 33, 41, GRE, 50, 51, 89, 132, 136, 255):
        over = inner if protocol in (IPIP, GRE) else udp(OPEN_PORT, 5000)
        frame = mesh.datagram("checkpoints", over=over, protocol=protocol)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
