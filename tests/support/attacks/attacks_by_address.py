"""Hosts that say they are others: by MAC, by IP address, by ARP."""

from __future__ import annotations

from collections.abc import Iterator

from attack_frames import BROADCAST, IPV4, IPV6, ethernet, ipv4, udp
from attack_shots import (
    BROADCAST_IP,
    MULTICAST_MAC,
    NOBODY_MAC,
    STRANGE_MAC,
    Fate,
    Kinds,
    Shot,
    question,
)
from attack_world import OPEN_PORT, Mesh
from corridor.controller.forwarding.program import Reason

kind = Kinds()


def _others(mesh: Mesh, hub: str) -> list[str]:
    return [one.hub for one in mesh.wiring.hubs if one.hub != hub]


@kind("addresses", "source MAC of another")
def _(mesh: Mesh) -> Iterator[Shot]:
    macs = [mesh.hub(other).host_mac for other in _others(mesh, "guian")]
    macs += [mesh.hub("guian").switch_mac, STRANGE_MAC, MULTICAST_MAC, NOBODY_MAC, BROADCAST]
    for mac in macs:
        yield Shot("guian", mesh.datagram("checkpoints", eth_src=mac), Reason.DROP_SPOOFED_MAC)


@kind("addresses", "source IP of another")
def _(mesh: Mesh) -> Iterator[Shot]:
    addresses = [mesh.hub(other).host_ip for other in _others(mesh, "guian")]
    for address in (*addresses, "10.0.0.99", "192.0.2.1", "0.0.0.0", "127.0.0.1", BROADCAST_IP):
        yield Shot("guian", mesh.datagram("checkpoints", src=address), Reason.DROP_SPOOFED_IP)


@kind("addresses", "both of another")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Also what the other itself might send: its frames, from here."""
    for hub in ("guian", "shanghai", "bangkok"):
        for demand in ("train", "checkpoints", "calls", "exports"):
            if mesh.intent(demand).pair[0] != hub:
                yield Shot(hub, mesh.datagram(demand), Reason.DROP_SPOOFED_MAC)


@kind("addresses", "domestic addresses at a foreign hub")
def _(mesh: Mesh) -> Iterator[Shot]:
    for hub in ("karachi", "bangkok"):
        for demand in ("train", "train.return", "checkpoints", "pages", "exports"):
            frame = mesh.datagram(demand)
            yield Shot(hub, frame, Reason.DROP_SPOOFED_MAC)
            me = mesh.hub(hub).host_mac
            own_mac = mesh.datagram(demand, eth_src=me)
            yield Shot(hub, own_mac, Reason.DROP_SPOOFED_IP)


@kind("addresses", "destination that was not declared")
def _(mesh: Mesh) -> Iterator[Shot]:
    for src, dst in (("guian", "bangkok"), ("shanghai", "bangkok"), ("karachi", "shanghai"),
                     ("bangkok", "guian"), ("kunming", "guian")):  # fmt: skip
        peer, me = mesh.hub(dst), mesh.hub(src)
        packet = ipv4(me.host_ip, peer.host_ip, udp(OPEN_PORT, OPEN_PORT))
        frame = ethernet(peer.host_mac, me.host_mac, IPV4, packet)
        yield Shot(src, frame, Reason.DROP_UNCLASSIFIED)


@kind("addresses", "declared destination by another's MAC")
def _(mesh: Mesh) -> Iterator[Shot]:
    macs = [mesh.hub(other).host_mac for other in ("shanghai", "kunming", "bangkok")]
    for mac in (*macs, mesh.hub("guian").switch_mac, STRANGE_MAC, NOBODY_MAC):
        frame = mesh.datagram("checkpoints", eth_dst=mac)
        yield Shot("guian", frame, Reason.DROP_UNCLASSIFIED)


# ARP.


@kind("ARP", "right question")
def _(mesh: Mesh) -> Iterator[Shot]:
    peer = mesh.hub("karachi").host_mac
    yield Shot("guian", question(mesh, "guian", "karachi"), Fate.ANSWERED)
    yield Shot("guian", question(mesh, "guian", "karachi", eth_dst=peer), Fate.ANSWERED)


@kind("ARP", "gratuitous")
def _(mesh: Mesh) -> Iterator[Shot]:
    """With its own and with a foreign address, as request and as reply (RFC 5227, 3)."""
    for owner in ("guian", "karachi", "shanghai"):
        address = mesh.hub(owner).host_ip
        for op in (1, 2):
            frame = question(mesh, "guian", owner, spa=address, op=op)
            yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@kind("ARP", "in another's name")
def _(mesh: Mesh) -> Iterator[Shot]:
    other = mesh.hub("shanghai")
    lies = ({"sha": other.host_mac}, {"spa": other.host_ip}, {"eth_src": other.host_mac},
            {"sha": other.host_mac, "spa": other.host_ip}, {"spa": "0.0.0.0"},
            {"sha": STRANGE_MAC}, {"sha": BROADCAST})  # fmt: skip
    for lie in lies:
        frame = question(mesh, "guian", "karachi", **lie)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@kind("ARP", "answers nobody asked for")
def _(mesh: Mesh) -> Iterator[Shot]:
    """And RARP's and InARP's operations."""
    for op in (0, 2, 3, 4, 8, 9, 65535):
        for target in ("karachi", "shanghai"):
            frame = question(mesh, "guian", target, op=op, eth_dst=mesh.hub(target).host_mac)
            yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@kind("ARP", "address that was not declared")
def _(mesh: Mesh) -> Iterator[Shot]:
    for target in ("bangkok", "kunming"):
        yield Shot("guian", question(mesh, "guian", target), Reason.DROP_SPOOFED_ARP)
    for address in ("10.0.0.200", BROADCAST_IP, "127.0.0.1"):
        frame = question(mesh, "guian", "karachi", tpa=address)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)


@kind("ARP", "not of Ethernet and IPv4, or cut short")
def _(mesh: Mesh) -> Iterator[Shot]:
    for shape in ({"hardware": 6}, {"protocol": IPV6}, {"sizes": (8, 4)}, {"sizes": (6, 16)}):
        frame = question(mesh, "guian", "karachi", **shape)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)
    yield Shot("guian", question(mesh, "guian", "karachi")[:30], Reason.DROP_SPOOFED_ARP)
