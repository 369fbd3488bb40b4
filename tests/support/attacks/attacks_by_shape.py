"""Hosts that send frames of odd sizes and shapes."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from attack_frames import (
    DONT_FRAGMENT,
    IPV6,
    LLDP,
    MPLS,
    MPLS_MULTICAST,
    VLAN,
    ethernet,
    in_llc,
    labelled,
    tagged,
)
from attack_shots import STRANGE_MAC, Fate, Kinds, Shot, first_label
from attack_world import Mesh
from corridor.controller.forwarding.program import Reason

kind = Kinds()


@kind("sizes", "runts")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Cut off in Ethernet's payload, down to nothing."""
    whole = mesh.datagram("checkpoints")
    for length in range(14, 34):
        yield Shot("guian", whole[:length], Reason.DROP_SPOOFED_IP)
    for eth_type, reason in ((0, Reason.DROP_NOT_ADMITTED), (46, Reason.DROP_NOT_ADMITTED),
                             (IPV6, Reason.DROP_IPV6), (LLDP, Reason.DROP_HOST_LLDP)):  # fmt: skip
        frame = ethernet(STRANGE_MAC, mesh.hub("guian").host_mac, eth_type)
        yield Shot("guian", frame, reason)


@kind("sizes", "the largest")
def _(mesh: Mesh) -> Iterator[Shot]:
    for demand, hub in (("train", "shanghai"), ("checkpoints", "guian")):
        yield Shot(hub, _of_size(mesh, demand, 1514), Fate.PASSES, demand)


@kind("sizes", "larger than the network's")
def _(mesh: Mesh) -> Iterator[Shot]:
    """From hosts that have raised their own limit; four octets more are let in, as for a tag."""
    for size in (1515, 1518):
        yield Shot("shanghai", _of_size(mesh, "train", size), Fate.ADRIFT, "train")
    for size in (1519, 1600, 1601, 4000, 8000):
        yield Shot("shanghai", _of_size(mesh, "train", size), Fate.UNSEEN)


def _of_size(mesh: Mesh, demand: str, octets: int) -> bytes:
    return mesh.datagram(demand, payload=bytes(octets - 14 - 20 - 8))


@kind("IPv4", "TTL 0, 1 and 255")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Labels have a separate TTL."""
    for demand, hub in (("train", "shanghai"), ("checkpoints", "guian"), ("calls", "bangkok")):
        for ttl in (0, 1, 255):
            yield Shot(hub, mesh.datagram(demand, ttl=ttl), Fate.PASSES, demand)


@kind("IPv4", "options")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Source routing does not change the path."""
    via = socket.inet_aton(mesh.hub("bangkok").host_ip)
    routes = [bytes([kind, 7, 4]) + via + b"\x00" for kind in (131, 137, 7)]
    for options in (*routes, b"\x94\x04\x00\x00", b"\x01" * 40):
        for demand, hub in (("train", "shanghai"), ("checkpoints", "guian")):
            yield Shot(hub, mesh.datagram(demand, options=options), Fate.PASSES, demand)


@kind("IPv4", "header or length that does not fit")
def _(mesh: Mesh) -> Iterator[Shot]:
    for lie in ({"header_words": 0}, {"header_words": 4}, {"header_words": 15, "over": b"x" * 8}):
        frame = mesh.datagram("checkpoints", **lie)
        yield Shot("guian", frame, Reason.DROP_SPOOFED_IP)


@kind("IPv4", "reserved flag, wrong checksum, DF")
def _(mesh: Mesh) -> Iterator[Shot]:
    for lie in ({"fragment": 0x8000}, {"fragment": DONT_FRAGMENT}, {"checksum": 0x1234}):
        yield Shot("shanghai", mesh.datagram("train", **lie), Fate.PASSES, "train")


@kind("IPv4", "other versions under its type")
def _(mesh: Mesh) -> Iterator[Shot]:
    for version in (0, 5, 6, 15):
        yield Shot("shanghai", mesh.datagram("train", version=version), Fate.ODD, "train")


@kind("LLC", "IPv4 behind SNAP")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Open vSwitch takes it for IPv4, and the kernel pushes the label behind the SNAP header: what
    leaves has the header's octets where its label should be."""
    for control in (0x03, 0x01, 0xFF, 0x00):
        header = bytes([0xAA, 0xAA, control, 0, 0, 0])
        frame = in_llc(mesh.datagram("train"), header)
        yield Shot("shanghai", frame, Fate.MANGLED, "train")


@kind("LLC", "all else")
def _(mesh: Mesh) -> Iterator[Shot]:
    whole = mesh.datagram("checkpoints")
    spoofed = in_llc(mesh.datagram("checkpoints", eth_src=STRANGE_MAC))
    yield Shot("guian", spoofed, Reason.DROP_SPOOFED_MAC)
    inside = labelled(whole, first_label(mesh, "checkpoints"))
    yield Shot("guian", in_llc(inside), Reason.DROP_HOST_LABEL)
    for header in (b"\xaa\xaa\x03\x00\x00\x0c", b"\xaa\xab\x03\x00\x00\x00", b"\x06\x06\x03"):
        yield Shot("guian", in_llc(whole, header), Reason.DROP_NOT_ADMITTED)


@kind("unreadable", "NSH, a tag behind SNAP, a label that is not there")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Open vSwitch makes no headers of them that a table could be asked about."""
    whole = mesh.datagram("checkpoints")
    yield Shot("guian", tagged(whole, (0x894F, 7)), Fate.UNSEEN)
    yield Shot("guian", in_llc(tagged(whole, (VLAN, 7))), Fate.UNSEEN)
    me = mesh.hub("guian").host_mac
    for eth_type in (MPLS, MPLS_MULTICAST):
        yield Shot("guian", ethernet(STRANGE_MAC, me, eth_type), Fate.UNSEEN)
