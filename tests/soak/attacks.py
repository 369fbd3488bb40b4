"""Frames that a host may not send, all of which must end at its own switch. Pure.

Whatever could be taken for a demand's has ``ATTACK_PORT`` as its source port, which no demand has,
so that a frame that comes onto a fibre is known for what it is.
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Collection, Iterator

from corridor.topologies.model.wiring import HubWire, Wiring
from tests.chaos.datagrams import End, udp_frame

ATTACK_PORT = 666
MPLS, VLAN, IPV6, ARP, QINQ = 0x8847, 0x8100, 0x86DD, 0x0806, 0x88A8
BROADCAST, STRANGE_MAC = "ff:ff:ff:ff:ff:ff", "02:00:00:00:00:66"
GUESSES = 20
PAYLOAD = b"sent by an attacker"


def frames(
    wiring: Wiring,
    hub: str,
    seed: int,
    labels: Collection[int],
    served: Collection[tuple[str, str]],
) -> list[bytes]:
    """From one hub's host. ``labels`` are some in use, ``served`` the pairs that have demands."""
    chance = random.Random(seed)
    me = wiring.hub(hub)
    others = [one for one in wiring.hubs if one.hub != hub]
    peers = [one for one in others if (hub, one.hub) in served] or others
    peer = chance.choice(peers)
    made = [
        *_lies(me, peer, others, chance),
        *_to_nobody(me, [one for one in others if (hub, one.hub) not in served]),
        *_shapes(me, peer),
        *_labelled(me, peer, labels, chance),
    ]
    chance.shuffle(made)
    return made


def datagram(src: HubWire, dst: HubWire, **lies: str) -> bytes:
    start = End(lies.get("src_mac", src.host_mac), lies.get("src_ip", src.host_ip), ATTACK_PORT)
    end = End(lies.get("dst_mac", dst.host_mac), lies.get("dst_ip", dst.host_ip), 9)
    return udp_frame(start, end, PAYLOAD)


def _lies(
    me: HubWire, peer: HubWire, others: list[HubWire], chance: random.Random
) -> Iterator[bytes]:
    """Addresses that are not the sender's, or not the receiver's."""
    other = chance.choice(others)
    yield datagram(me, peer, src_ip=other.host_ip)
    yield datagram(me, peer, src_mac=other.host_mac)
    yield datagram(other, peer)
    yield datagram(me, peer, src_mac=STRANGE_MAC)
    yield datagram(me, peer, dst_mac=STRANGE_MAC)
    yield datagram(me, peer, dst_mac=BROADCAST)
    yield datagram(me, peer, dst_ip="255.255.255.255", dst_mac=BROADCAST)
    yield datagram(me, peer, dst_ip="192.0.2.1")
    yield datagram(me, peer, src_ip="0.0.0.1")


def _to_nobody(me: HubWire, unexpected: list[HubWire]) -> Iterator[bytes]:
    """To hubs that the sender has no demand to."""
    for one in unexpected:
        yield datagram(me, one)


def _shapes(me: HubWire, peer: HubWire) -> Iterator[bytes]:
    """Packets other than plain IPv4."""
    plain = datagram(me, peer)
    for tag in (0x0000, 0x0001, 0x0FFF, 0xE064):
        yield plain[:12] + struct.pack("!HH", VLAN, tag) + plain[12:]
    yield plain[:12] + struct.pack("!HHHH", QINQ, 7, VLAN, 8) + plain[12:]
    yield plain[:12] + struct.pack("!H", IPV6) + bytes(48)
    yield plain[:12] + struct.pack("!H", 0x88B5) + plain[14:]
    yield _mac(BROADCAST) + plain[6:12] + struct.pack("!H", ARP) + _arp(peer, peer.host_ip)
    yield _mac(BROADCAST) + plain[6:12] + struct.pack("!H", ARP) + _arp(me, me.host_ip)


def _labelled(
    me: HubWire, peer: HubWire, labels: Collection[int], chance: random.Random
) -> Iterator[bytes]:
    """Labels in use, of either epoch, and guesses."""
    inner = datagram(me, peer)
    known = [label ^ flip for label in sorted(labels) for flip in (0, 1 << 19)]
    some = chance.sample(known, min(len(known), 2 * GUESSES))
    for label in (*some, *(chance.randrange(1 << 20) for _ in range(GUESSES))):
        for class_ in (0, chance.randrange(8)):
            entry = struct.pack("!I", label << 12 | class_ << 9 | 1 << 8 | 255)
            yield inner[:12] + struct.pack("!H", MPLS) + entry + inner[14:]


def _arp(sender: HubWire, target: str) -> bytes:
    """A question in another's name, or to oneself."""
    ends = (_mac(sender.host_mac), socket.inet_aton(sender.host_ip))
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + b"".join(
        (*ends, bytes(6), socket.inet_aton(target))
    )


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
