"""What hosts try, kind by kind, each frame with what must become of it.

A frame is dropped where it was sent, counted under the reason that names it, unless it is of a
demand of its sender's own: then it goes that demand's way, as worthless as its lies.
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from attack_frames import (
    ARP,
    BROADCAST,
    DONT_FRAGMENT,
    GRE,
    ICMP,
    IPIP,
    IPV4,
    IPV6,
    LLDP,
    MORE_FRAGMENTS,
    MPLS,
    MPLS_MULTICAST,
    NEAREST_BRIDGE,
    QINQ,
    TCP,
    UDP,
    VLAN,
    arp,
    ethernet,
    in_llc,
    ipv4,
    ipv6,
    labelled,
    lldp,
    tagged,
    tcp,
    udp,
)
from attack_world import OPEN_PORT, World

from controller.program import Phase, Reason

STRANGE_MAC, MULTICAST_MAC = "02:00:00:00:00:66", "01:00:5e:00:00:01"
NOBODY_MAC = "00:00:00:00:00:00"
OTHER_PORT = 4445
RANDOM_LABELS = 100
LARGEST_LABEL = 2**20 - 1
STORM = 500
SEED = 20261124


class Fate(StrEnum):
    """What must become of a frame that is not dropped under a reason of the tables."""

    PASSES = "passes"
    """On its demand's way, with a DSCP of 0."""
    ODD = "passes, unreadable"
    """As IPv4, which it says it is by its type only."""
    MANGLED = "passes one fibre"
    """The first of its demand's."""
    TRUSTED = "passes by its label"
    """On the way of the label's demand, whatever is in it."""
    ADRIFT = "passes, is not delivered"
    ANSWERED = "answered"
    EXPIRES = "expires"
    UNSEEN = "seen by no table"


@dataclass(frozen=True)
class Shot:
    """A frame and who sends it. ``demand`` is whose way it goes if it goes any; ``door`` is the
    side of the hub's gateway by which it comes, if it is not the host that sends it."""

    hub: str
    frame: bytes
    fate: Reason | Fate
    demand: str = ""
    door: str = "host"


@dataclass(frozen=True)
class Attack:
    group: str
    kind: str
    shots: tuple[Shot, ...]


type Kind = Callable[[World], Iterable[Shot]]
_KINDS: dict[tuple[str, str], Kind] = {}


def attacks(world: World) -> list[Attack]:
    """All of them, in order."""
    return [Attack(*name, tuple(make(world))) for name, make in _KINDS.items()]


def _kind(group: str, name: str) -> Callable[[Kind], Kind]:
    def note(make: Kind) -> Kind:
        _KINDS[group, name] = make
        return make

    return note


def _others(world: World, hub: str) -> list[str]:
    return [one.hub for one in world.wiring.hubs if one.hub != hub]


# Addresses.


@_kind("addresses", "source MAC of another")
def _(world: World) -> Iterator[Shot]:
    macs = [world.hub(other).host_mac for other in _others(world, "guian")]
    macs += [world.hub("guian").switch_mac, STRANGE_MAC, MULTICAST_MAC, NOBODY_MAC, BROADCAST]
    for mac in macs:
        yield Shot("guian", world.datagram("checkpoints", eth_src=mac), Reason.DROP_SPOOFED_MAC)


@_kind("addresses", "source IP of another")
def _(world: World) -> Iterator[Shot]:
    addresses = [world.hub(other).host_ip for other in _others(world, "guian")]
    for address in (*addresses, "10.0.0.99", "192.0.2.1", "0.0.0.0", "127.0.0.1", BROADCAST_IP):
        yield Shot("guian", world.datagram("checkpoints", src=address), Reason.DROP_SPOOFED_IP)


BROADCAST_IP = "255.255.255.255"


@_kind("addresses", "both of another")
def _(world: World) -> Iterator[Shot]:
    """Also what the other itself might send: its frames, from here."""
    for hub in ("guian", "shanghai", "bangkok"):
        for demand in ("train", "checkpoints", "calls", "exports"):
            if world.intent(demand).pair[0] != hub:
                yield Shot(hub, world.datagram(demand), Reason.DROP_SPOOFED_MAC)


@_kind("addresses", "domestic addresses at a foreign hub")
def _(world: World) -> Iterator[Shot]:
    for hub in ("karachi", "bangkok"):
        for demand in ("train", "train.return", "checkpoints", "pages", "exports"):
            frame = world.datagram(demand)
            yield Shot(hub, frame, Reason.DROP_SPOOFED_MAC)
            me = world.hub(hub).host_mac
            own_mac = world.datagram(demand, eth_src=me)
            yield Shot(hub, own_mac, Reason.DROP_SPOOFED_IP)


@_kind("addresses", "destination that was not declared")
def _(world: World) -> Iterator[Shot]:
    for src, dst in (("guian", "bangkok"), ("shanghai", "bangkok"), ("karachi", "shanghai"),
                     ("bangkok", "guian"), ("kunming", "guian")):  # fmt: skip
        peer, me = world.hub(dst), world.hub(src)
        packet = ipv4(me.host_ip, peer.host_ip, udp(OPEN_PORT, OPEN_PORT))
        frame = ethernet(peer.host_mac, me.host_mac, IPV4, packet)
        yield Shot(src, frame, Reason.DROP_UNCLASSIFIED)


@_kind("addresses", "declared destination by another's MAC")
def _(world: World) -> Iterator[Shot]:
    macs = [world.hub(other).host_mac for other in ("shanghai", "kunming", "bangkok")]
    for mac in (*macs, world.hub("guian").switch_mac, STRANGE_MAC, NOBODY_MAC):
        frame = world.datagram("checkpoints", eth_dst=mac)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


# ARP.


def _question(world: World, hub: str, target: str, **lies: object) -> bytes:
    me = world.hub(hub)
    said = {"sha": me.host_mac, "spa": me.host_ip, "tpa": world.hub(target).host_ip}
    dst, src = (lies.pop(end, right) for end, right in (("eth_dst", BROADCAST),
                                                       ("eth_src", me.host_mac)))  # fmt: skip
    return ethernet(str(dst), str(src), ARP, arp(**(said | lies)))  # type: ignore[arg-type]


@_kind("ARP", "right question")
def _(world: World) -> Iterator[Shot]:
    peer = world.hub("karachi").host_mac
    yield Shot("guian", _question(world, "guian", "karachi"), Fate.ANSWERED)
    yield Shot("guian", _question(world, "guian", "karachi", eth_dst=peer), Fate.ANSWERED)


@_kind("ARP", "gratuitous")
def _(world: World) -> Iterator[Shot]:
    """Of its own address, and of another's, as question and as answer (RFC 5227, 3)."""
    for owner in ("guian", "karachi", "shanghai"):
        address = world.hub(owner).host_ip
        for op in (1, 2):
            frame = _question(world, "guian", owner, spa=address, op=op)
            yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@_kind("ARP", "in another's name")
def _(world: World) -> Iterator[Shot]:
    other = world.hub("shanghai")
    lies = ({"sha": other.host_mac}, {"spa": other.host_ip}, {"eth_src": other.host_mac},
            {"sha": other.host_mac, "spa": other.host_ip}, {"spa": "0.0.0.0"},
            {"sha": STRANGE_MAC}, {"sha": BROADCAST})  # fmt: skip
    for lie in lies:
        frame = _question(world, "guian", "karachi", **lie)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@_kind("ARP", "answers nobody asked for")
def _(world: World) -> Iterator[Shot]:
    """And RARP's and InARP's operations."""
    for op in (0, 2, 3, 4, 8, 9, 65535):
        for target in ("karachi", "shanghai"):
            frame = _question(world, "guian", target, op=op, eth_dst=world.hub(target).host_mac)
            yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@_kind("ARP", "address that was not declared")
def _(world: World) -> Iterator[Shot]:
    for target in ("bangkok", "kunming"):
        yield Shot("guian", _question(world, "guian", target), Reason.DROP_SPOOFED_ARP)
    for address in ("10.0.0.200", BROADCAST_IP, "127.0.0.1"):
        frame = _question(world, "guian", "karachi", tpa=address)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@_kind("ARP", "not of Ethernet and IPv4, or cut short")
def _(world: World) -> Iterator[Shot]:
    for shape in ({"hardware": 6}, {"protocol": IPV6}, {"sizes": (8, 4)}, {"sizes": (6, 16)}):
        frame = _question(world, "guian", "karachi", **shape)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)
    yield Shot("guian", _question(world, "guian", "karachi")[:30], Reason.DROP_SPOOFED_ARP)


# Tags.


def _to_tag(world: World) -> Iterator[bytes]:
    yield world.datagram("checkpoints")
    yield _question(world, "guian", "karachi")
    yield labelled(world.datagram("checkpoints"), _first_label(world, "checkpoints"))
    yield ethernet(NEAREST_BRIDGE, world.hub("guian").host_mac, LLDP, _claim(world, "guian"))


@_kind("tags", "VLAN")
def _(world: World) -> Iterator[Shot]:
    for frame in _to_tag(world):
        for tci in (1, 7, 4095, 7 << 13 | 7, 0x1000 | 7):
            yield Shot("guian", tagged(frame, (VLAN, tci)), Reason.DROP_TAGGED)


@_kind("tags", "priority (VID 0)")
def _(world: World) -> Iterator[Shot]:
    for frame in _to_tag(world):
        for tci in (0, 0x1000, 7 << 13):
            yield Shot("guian", tagged(frame, (VLAN, tci)), Reason.DROP_TAGGED)


@_kind("tags", "QinQ and deeper")
def _(world: World) -> Iterator[Shot]:
    stacks = ([(QINQ, 7)], [(QINQ, 0)], [(QINQ, 7), (VLAN, 8)], [(QINQ, 0), (VLAN, 0)],
              [(VLAN, 7), (VLAN, 8)], [(QINQ, 7), (QINQ, 8)],
              [(VLAN, 0), (VLAN, 0), (VLAN, 0)])  # fmt: skip
    for frame in _to_tag(world):
        for stack in stacks:
            yield Shot("guian", tagged(frame, *stack), Reason.DROP_TAGGED)


@_kind("tags", "of other types")
def _(world: World) -> Iterator[Shot]:
    for eth_type in (0x9100, 0x9200, 0x88E7, 0x8864, 0x6558):
        frame = tagged(world.datagram("checkpoints"), (eth_type, 7))
        yield Shot("guian", frame, Reason.DROP_NOT_ADMITTED)


# Labels.


def _first_label(world: World, demand: str) -> int:
    return next(use.label for use in world.program.labels if use.demand == demand)


def guesses(world: World) -> list[int]:
    chance = random.Random(SEED)
    labels = [use.label for use in world.program.labels]
    beside = [label + step for label in labels for step in (-1, 1)]
    reserved = [0, 1, 2, 3, 13, 14, 15, LARGEST_LABEL]
    return [*labels, *beside, *reserved, *chance.sample(range(LARGEST_LABEL), RANDOM_LABELS)]


@_kind("labels", "every label in use, and guesses")
def _(world: World) -> Iterator[Shot]:
    inside = world.datagram("checkpoints")
    for hub in world.wiring.hubs:
        for label in guesses(world):
            yield Shot(hub.hub, labelled(inside, label), Reason.DROP_HOST_LABEL)


@_kind("labels", "multicast")
def _(world: World) -> Iterator[Shot]:
    inside = world.datagram("checkpoints")
    for hub in world.wiring.hubs:
        for use in world.program.labels:
            frame = labelled(inside, use.label, multicast=True)
            yield Shot(hub.hub, frame, Reason.DROP_HOST_LABEL)


@_kind("labels", "two and more deep")
def _(world: World) -> Iterator[Shot]:
    inside = world.datagram("checkpoints")
    labels = [use.label for use in world.program.labels]
    for label in labels:
        for stack in ((label, label), (3, label), (0, label), (label, 0), (label, *labels)):
            yield Shot("guian", labelled(inside, *stack), Reason.DROP_HOST_LABEL)


@_kind("labels", "forged phase and TTL")
def _(world: World) -> Iterator[Shot]:
    inside, label = world.datagram("checkpoints"), _first_label(world, "checkpoints")
    for tc in range(8):
        for ttl in (0, 1, 2, 64, 255):
            frame = labelled(inside, label, tc=tc, ttl=ttl)
            yield Shot("guian", frame, Reason.DROP_HOST_LABEL)


@_kind("labels", "cut short")
def _(world: World) -> Iterator[Shot]:
    frame = labelled(world.datagram("checkpoints"), _first_label(world, "checkpoints"))
    for length in (len(frame), 14, 15, 17, 18, 30):
        yield Shot("guian", frame[:length], Reason.DROP_HOST_LABEL)


@_kind("gateway bypass", "as if assessed, at the gateway's own hub and elsewhere")
def _(world: World) -> Iterator[Shot]:
    """By the label past the gateway, and by those it takes back, over packets of who owes it."""
    for use in world.program.labels:
        if use.phase in (Phase.ASSESSED, Phase.EXEMPT) or use.state == "PRE":
            inside = world.datagram(use.demand)
            for hub in ("kunming", "shanghai", "guian", "karachi"):
                frame = labelled(inside, use.label, tc=int(Phase.ASSESSED))
                yield Shot(hub, frame, Reason.DROP_HOST_LABEL)


# Fragments.


def _fragment(world: World, fragment: int, payload: bytes, **more: object) -> bytes:
    return world.datagram("checkpoints", fragment=fragment, over=payload, **more)


@_kind("fragments", "first, of a demand bound to ports")
def _(world: World) -> Iterator[Shot]:
    """It has the ports that the demand is bound to, but Open vSwitch shows tables no fragment's."""
    frame = _fragment(world, MORE_FRAGMENTS, udp(OPEN_PORT, 5000, bytes(64)))
    yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


@_kind("fragments", "later, of a demand bound to ports")
def _(world: World) -> Iterator[Shot]:
    """Also with octets where ports would be that say the right ones."""
    for offset in (1, 2, 8, 100, 8191):
        for more in (0, MORE_FRAGMENTS):
            for payload in (bytes(64), udp(OPEN_PORT, 5000), tcp(OPEN_PORT, 7000)):
                for protocol in (UDP, TCP):
                    frame = _fragment(world, offset | more, payload, protocol=protocol)
                    yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


@_kind("fragments", "too small to hold ports")
def _(world: World) -> Iterator[Shot]:
    for size in range(8):
        for fragment in (0, MORE_FRAGMENTS):
            frame = _fragment(world, fragment, udp(OPEN_PORT, 5000)[:size])
            yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
    for size in (1, 4, 8, 19):
        frame = _fragment(world, MORE_FRAGMENTS, tcp(OPEN_PORT, 7000)[:size], protocol=TCP)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


@_kind("fragments", "of a blocked demand")
def _(world: World) -> Iterator[Shot]:
    for fragment in (MORE_FRAGMENTS, MORE_FRAGMENTS | 3, 3):
        bound = world.datagram("records", fragment=fragment, over=tcp(1, 7000), protocol=TCP)
        yield Shot("guian", bound, Reason.DROP_UNCLASSIFIED)
        free = world.datagram("model", fragment=fragment)
        yield Shot("shanghai", free, Reason.DROP_BLOCKED)


@_kind("fragments", "of a demand that is bound to none")
def _(world: World) -> Iterator[Shot]:
    for fragment in (MORE_FRAGMENTS, MORE_FRAGMENTS | 2, 9):
        frame = world.datagram("train", fragment=fragment)
        yield Shot("shanghai", frame, Fate.PASSES, "train")


# What a host says of how to treat its packets.


@_kind("DSCP", "all 64, confined")
def _(world: World) -> Iterator[Shot]:
    for dscp in range(64):
        frame = world.datagram("train", tos=dscp << 2 | dscp & 3)
        yield Shot("shanghai", frame, Fate.PASSES, "train")


@_kind("DSCP", "all 64, through a gateway over a border")
def _(world: World) -> Iterator[Shot]:
    for dscp in range(64):
        frame = world.datagram("checkpoints", tos=dscp << 2)
        yield Shot("guian", frame, Fate.PASSES, "checkpoints")


@_kind("DSCP", "all 64, blocked")
def _(world: World) -> Iterator[Shot]:
    for dscp in range(64):
        yield Shot("shanghai", world.datagram("model", tos=dscp << 2), Reason.DROP_BLOCKED)


# IPv6.


@_kind("IPv6", "UDP, ND, RA, MLD, extensions")
def _(world: World) -> Iterator[Shot]:
    icmp = {kind: struct.pack("!BBH", kind, 0, 0) + bytes(20) for kind in (133, 134, 135, 136, 143)}
    bodies = [(udp(OPEN_PORT, 5000), UDP), *((body, 58) for body in icmp.values())]
    bodies += [(b"\x11\x00" + bytes(6) + udp(OPEN_PORT, 5000), 0), (bytes(8), 44), (b"", 59)]
    mapped = f"::ffff:{world.hub('guian').host_ip}"
    for hub in ("guian", "karachi"):
        me = world.hub(hub).host_mac
        for body, header in bodies:
            for dst in ("33:33:00:00:00:01", world.hub("kunming").host_mac, BROADCAST):
                for src in (me, STRANGE_MAC):
                    packet = ipv6(body, header, src="fe80::1" if dst == BROADCAST else mapped)
                    yield Shot(hub, ethernet(dst, src, IPV6, packet), Reason.DROP_IPV6)


# To everybody.


@_kind("to everybody", "IPv4 broadcast and multicast")
def _(world: World) -> Iterator[Shot]:
    for address in ("224.0.0.1", "239.1.2.3", BROADCAST_IP, "10.255.255.255"):
        for mac in (MULTICAST_MAC, "01:00:5e:7f:ff:fa", world.hub("karachi").host_mac):
            frame = world.datagram("checkpoints", dst=address, eth_dst=mac)
            yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
        frame = world.datagram("checkpoints", dst=address, eth_dst=BROADCAST)
        yield Shot("guian", frame, Reason.DROP_BROADCAST)


@_kind("to everybody", "a declared address by a MAC of many")
def _(world: World) -> Iterator[Shot]:
    for demand, hub in (("checkpoints", "guian"), ("train", "shanghai"), ("calls", "bangkok")):
        yield Shot(hub, world.datagram(demand, eth_dst=BROADCAST), Reason.DROP_BROADCAST)
        spoofed = world.datagram(demand, eth_dst=BROADCAST, eth_src=STRANGE_MAC)
        yield Shot(hub, spoofed, Reason.DROP_BROADCAST)
        for mac in (MULTICAST_MAC, "33:33:00:00:00:01", "01:80:c2:00:00:00"):
            yield Shot(hub, world.datagram(demand, eth_dst=mac), Reason.DROP_UNCLASSIFIED)


@_kind("to everybody", "a storm from every hub at once")
def _(world: World) -> Iterator[Shot]:
    chance = random.Random(SEED)
    for number in range(STORM):
        hub = world.wiring.hubs[number % len(world.wiring.hubs)]
        me, address = hub.host_mac, f"10.{chance.randrange(256)}.{chance.randrange(256)}.255"
        question = arp(me, hub.host_ip, address)
        packet = ipv4(hub.host_ip, address, udp(chance.randrange(65536), OPEN_PORT))
        yield Shot(hub.hub, ethernet(BROADCAST, me, ARP, question), Reason.DROP_SPOOFED_ARP)
        yield Shot(hub.hub, ethernet(BROADCAST, me, IPV4, packet), Reason.DROP_BROADCAST)
        yield Shot(hub.hub, ethernet(MULTICAST_MAC, me, IPV4, packet), Reason.DROP_UNCLASSIFIED)
        yield Shot(hub.hub, ethernet(BROADCAST, me, 0x0842, bytes(102)), Reason.DROP_NOT_ADMITTED)


# Demands.


@_kind("demands", "blocked")
def _(world: World) -> Iterator[Shot]:
    for flags in (0x02, 0x12, 0x10, 0x04):
        frame = world.datagram("records", over=tcp(OPEN_PORT, 7000, flags), protocol=TCP)
        yield Shot("guian", frame, Reason.DROP_BLOCKED)
    for protocol, over in ((UDP, udp(1, 2)), (TCP, tcp(1, 2)), (ICMP, bytes(8)), (255, b"")):
        frame = world.datagram("model", over=over, protocol=protocol)
        yield Shot("shanghai", frame, Reason.DROP_BLOCKED)


@_kind("demands", "other ports and protocols than it is bound to")
def _(world: World) -> Iterator[Shot]:
    for port in (0, 1, 862, 4999, 5001, 5999, 6001, 7000, 65535):
        frame = world.datagram("checkpoints", dst_port=port)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
    swapped = world.datagram("checkpoints", src_port=5000, dst_port=OPEN_PORT)
    yield Shot("guian", swapped, Reason.DROP_UNCLASSIFIED)
    for port in (5000, 6000, 7001):
        frame = world.datagram("checkpoints", over=tcp(OPEN_PORT, port), protocol=TCP)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)
    inner = ipv4(world.hub("guian").host_ip, world.hub("karachi").host_ip, udp(1, 5000))
    for protocol in (0, ICMP, 2, IPIP, 33, 41, GRE, 50, 51, 89, 132, 136, 255):
        over = inner if protocol in (IPIP, GRE) else udp(OPEN_PORT, 5000)
        frame = world.datagram("checkpoints", over=over, protocol=protocol)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


# What switches and controllers say to each other.


def _claim(world: World, at: str) -> bytes:
    """That a fibre's far end is here, in the controller's own words."""
    links = [link for link in world.program.links if link.dst_dpid == world.hub(at).dpid]
    return lldp(f"dpid:{links[0].src_dpid:016x}", f"{links[0].src_port}")


@_kind("control", "LLDP that forges links")
def _(world: World) -> Iterator[Shot]:
    for hub in world.wiring.hubs:
        for dpid in (*range(1, 6), 99):
            for port in (1, 2, 3, 1001):
                said = lldp(f"dpid:{dpid:016x}", f"{port}")
                for dst in (NEAREST_BRIDGE, "01:80:c2:00:00:03", BROADCAST):
                    frame = ethernet(dst, hub.host_mac, LLDP, said)
                    yield Shot(hub.hub, frame, Reason.DROP_HOST_LLDP)
        snap = in_llc(ethernet(NEAREST_BRIDGE, hub.host_mac, LLDP, _claim(world, hub.hub)))
        yield Shot(hub.hub, snap, Reason.DROP_HOST_LLDP)


@_kind("control", "STP, LACP, pause, 802.1X, CFM, PTP, CDP")
def _(world: World) -> Iterator[Shot]:
    me = world.hub("guian").host_mac
    bridges = "01:80:c2:00:00:0{:x}"
    bpdu = bytes.fromhex("424203") + bytes(35)
    for number in range(16):
        frame = ethernet(bridges.format(number), me, len(bpdu), bpdu)
        yield Shot("guian", frame, Reason.DROP_NOT_ADMITTED)
    for eth_type in (0x8808, 0x8809, 0x888E, 0x8902, 0x88F7, 0x88F5, 0x22F0, 0x9000):
        for number in (0, 1, 2, 3, 14):
            frame = ethernet(bridges.format(number), me, eth_type, b"\x01\x01" + bytes(60))
            yield Shot("guian", frame, Reason.DROP_NOT_ADMITTED)
    for header in ("aaaa0300000c2000", "aaaa0300000c010b", "e0e003", "fefe03", "ffff"):
        cisco = bytes.fromhex(header) + bytes(40)
        frame = ethernet("01:00:0c:cc:cc:cc", me, len(cisco), cisco)
        yield Shot("guian", frame, Reason.DROP_NOT_ADMITTED)


@_kind("control", "BFD in a switch's name")
def _(world: World) -> Iterator[Shot]:
    """That a session is down, from where Open vSwitch's own come from and from the host itself."""
    down = bytes.fromhex("204003180000000100000002000f4240000f424000000000")
    for hub in ("guian", "kunming"):
        me = world.hub(hub)
        for src, reason in (("169.254.1.1", Reason.DROP_SPOOFED_IP),
                            (me.host_ip, Reason.DROP_UNCLASSIFIED)):  # fmt: skip
            packet = ipv4(src, "169.254.1.0", udp(49152, 3784, down), ttl=255, tos=0xC0)
            for mac in ("00:23:20:00:00:01", me.switch_mac):
                yield Shot(hub, ethernet(mac, me.host_mac, IPV4, packet), reason)


@_kind("control", "what Open vSwitch lets pass for a controller in its own band")
def _(world: World) -> Iterator[Shot]:
    """DHCP, ARP and TCP for the controller's address, which hidden entries would flood."""
    me = world.hub("guian")
    local = "127.0.0.1"
    for op in (1, 2):
        for ends in ((me.host_ip, local), (local, me.host_ip), (local, local)):
            frame = ethernet(BROADCAST, me.host_mac, ARP, arp(me.host_mac, *ends, op=op))
            yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)
    for port in (6633, 6653, CONTROLLER_PORT):
        there = ipv4(me.host_ip, local, tcp(port, port), TCP)
        back = ipv4(local, me.host_ip, tcp(port, port), TCP)
        for mac in (me.host_mac, me.switch_mac, BROADCAST):
            known = Reason.DROP_BROADCAST if mac == BROADCAST else None
            for packet, reason in ((there, Reason.DROP_UNCLASSIFIED),
                                   (back, Reason.DROP_SPOOFED_IP)):  # fmt: skip
                frame = ethernet(mac, me.host_mac, IPV4, packet)
                yield Shot("guian", frame, known or reason)
    discover = ipv4("0.0.0.0", BROADCAST_IP, udp(68, 67, bytes(240)))
    frame = ethernet(BROADCAST, me.host_mac, IPV4, discover)
    yield Shot("guian", frame, Reason.DROP_BROADCAST)


CONTROLLER_PORT = 0xBEEF
"""Stands for the one the controller has got; a guest puts it in its place."""


# Frames of odd sizes and shapes.


@_kind("sizes", "runts")
def _(world: World) -> Iterator[Shot]:
    """Cut off in Ethernet's payload, down to nothing."""
    whole = world.datagram("checkpoints")
    for length in range(14, 34):
        yield Shot("guian", whole[:length], Reason.DROP_SPOOFED_IP)
    for eth_type, reason in ((0, Reason.DROP_NOT_ADMITTED), (46, Reason.DROP_NOT_ADMITTED),
                             (IPV6, Reason.DROP_IPV6), (LLDP, Reason.DROP_HOST_LLDP)):  # fmt: skip
        frame = ethernet(STRANGE_MAC, world.hub("guian").host_mac, eth_type)
        yield Shot("guian", frame, reason)


@_kind("sizes", "the largest")
def _(world: World) -> Iterator[Shot]:
    for demand, hub in (("train", "shanghai"), ("checkpoints", "guian")):
        yield Shot(hub, _of_size(world, demand, 1514), Fate.PASSES, demand)


@_kind("sizes", "larger than the network's")
def _(world: World) -> Iterator[Shot]:
    """From hosts that have raised their own limit; four octets more are let in, as for a tag."""
    for size in (1515, 1518):
        yield Shot("shanghai", _of_size(world, "train", size), Fate.ADRIFT, "train")
    for size in (1519, 1600, 1601, 4000, 8000):
        yield Shot("shanghai", _of_size(world, "train", size), Fate.UNSEEN)


def _of_size(world: World, demand: str, octets: int) -> bytes:
    return world.datagram(demand, payload=bytes(octets - 14 - 20 - 8))


@_kind("IPv4", "TTL 0, 1 and 255")
def _(world: World) -> Iterator[Shot]:
    """Labels have a TTL of their own."""
    for demand, hub in (("train", "shanghai"), ("checkpoints", "guian"), ("calls", "bangkok")):
        for ttl in (0, 1, 255):
            yield Shot(hub, world.datagram(demand, ttl=ttl), Fate.PASSES, demand)


@_kind("IPv4", "options")
def _(world: World) -> Iterator[Shot]:
    """Routes of the sender's own choice go no other way."""
    via = socket.inet_aton(world.hub("bangkok").host_ip)
    routes = [bytes([kind, 7, 4]) + via + b"\x00" for kind in (131, 137, 7)]
    for options in (*routes, b"\x94\x04\x00\x00", b"\x01" * 40):
        for demand, hub in (("train", "shanghai"), ("checkpoints", "guian")):
            yield Shot(hub, world.datagram(demand, options=options), Fate.PASSES, demand)


@_kind("IPv4", "header or length that does not fit")
def _(world: World) -> Iterator[Shot]:
    for lie in ({"header_words": 0}, {"header_words": 4}, {"header_words": 15, "over": b"x" * 8}):
        frame = world.datagram("checkpoints", **lie)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_IP)


@_kind("IPv4", "reserved flag, wrong checksum, DF")
def _(world: World) -> Iterator[Shot]:
    for lie in ({"fragment": 0x8000}, {"fragment": DONT_FRAGMENT}, {"checksum": 0x1234}):
        yield Shot("shanghai", world.datagram("train", **lie), Fate.PASSES, "train")


@_kind("IPv4", "other versions under its type")
def _(world: World) -> Iterator[Shot]:
    for version in (0, 5, 6, 15):
        yield Shot("shanghai", world.datagram("train", version=version), Fate.ODD, "train")


@_kind("LLC", "IPv4 behind SNAP")
def _(world: World) -> Iterator[Shot]:
    """Open vSwitch takes it for IPv4, and the kernel pushes the label behind the SNAP header: what
    leaves has the header's octets where its label should be."""
    for control in (0x03, 0x01, 0xFF, 0x00):
        header = bytes([0xAA, 0xAA, control, 0, 0, 0])
        frame = in_llc(world.datagram("train"), header)
        yield Shot("shanghai", frame, Fate.MANGLED, "train")


@_kind("LLC", "all else")
def _(world: World) -> Iterator[Shot]:
    whole = world.datagram("checkpoints")
    spoofed = in_llc(world.datagram("checkpoints", eth_src=STRANGE_MAC))
    yield Shot("guian", spoofed, Reason.DROP_SPOOFED_MAC)
    inside = labelled(whole, _first_label(world, "checkpoints"))
    yield Shot("guian", in_llc(inside), Reason.DROP_HOST_LABEL)
    for header in (b"\xaa\xaa\x03\x00\x00\x0c", b"\xaa\xab\x03\x00\x00\x00", b"\x06\x06\x03"):
        yield Shot("guian", in_llc(whole, header), Reason.DROP_NOT_ADMITTED)


@_kind("unreadable", "NSH, a tag behind SNAP, a label that is not there")
def _(world: World) -> Iterator[Shot]:
    """Open vSwitch makes no headers of them that a table could be asked about."""
    whole = world.datagram("checkpoints")
    yield Shot("guian", tagged(whole, (0x894F, 7)), Fate.UNSEEN)
    yield Shot("guian", in_llc(tagged(whole, (VLAN, 7))), Fate.UNSEEN)
    me = world.hub("guian").host_mac
    for eth_type in (MPLS, MPLS_MULTICAST):
        yield Shot("guian", ethernet(STRANGE_MAC, me, eth_type), Fate.UNSEEN)
