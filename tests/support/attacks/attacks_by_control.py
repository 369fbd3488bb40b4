"""Hosts that speak as switches and controllers do to each other."""

from __future__ import annotations

from collections.abc import Iterator

from attack_frames import (
    ARP,
    BROADCAST,
    IPV4,
    LLDP,
    NEAREST_BRIDGE,
    TCP,
    arp,
    ethernet,
    in_llc,
    ipv4,
    lldp,
    tcp,
    udp,
)
from attack_shots import BROADCAST_IP, Kinds, Shot, claim
from attack_world import Mesh
from corridor.controller.forwarding.program import Reason

kind = Kinds()


@kind("control", "LLDP that forges links")
def _(mesh: Mesh) -> Iterator[Shot]:
    for hub in mesh.wiring.hubs:
        for dpid in (*range(1, 6), 99):
            for port in (1, 2, 3, 1001):
                said = lldp(f"dpid:{dpid:016x}", f"{port}")
                for dst in (NEAREST_BRIDGE, "01:80:c2:00:00:03", BROADCAST):
                    frame = ethernet(dst, hub.host_mac, LLDP, said)
                    yield Shot(hub.hub, frame, Reason.DROP_HOST_LLDP)
        snap = in_llc(ethernet(NEAREST_BRIDGE, hub.host_mac, LLDP, claim(mesh, hub.hub)))
        yield Shot(hub.hub, snap, Reason.DROP_HOST_LLDP)


@kind("control", "STP, LACP, pause, 802.1X, CFM, PTP, CDP")
def _(mesh: Mesh) -> Iterator[Shot]:
    me = mesh.hub("guian").host_mac
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


@kind("control", "BFD in a switch's name")
def _(mesh: Mesh) -> Iterator[Shot]:
    """That a session is down, from where Open vSwitch's own come from and from the host itself."""
    down = bytes.fromhex("204003180000000100000002000f4240000f424000000000")
    for hub in ("guian", "kunming"):
        me = mesh.hub(hub)
        for src, reason in (("169.254.1.1", Reason.DROP_SPOOFED_IP),
                            (me.host_ip, Reason.DROP_UNCLASSIFIED)):  # fmt: skip
            packet = ipv4(src, "169.254.1.0", udp(49152, 3784, down), ttl=255, tos=0xC0)
            for mac in ("00:23:20:00:00:01", me.switch_mac):
                yield Shot(hub, ethernet(mac, me.host_mac, IPV4, packet), reason)


@kind("control", "what Open vSwitch lets pass for a controller in its own band")
def _(mesh: Mesh) -> Iterator[Shot]:
    """DHCP, ARP and TCP for the controller's address, which hidden entries would flood."""
    me = mesh.hub("guian")
    local = "127.0.0.1"
    for op in (1, 2):
        for ends in ((me.host_ip, local), (local, me.host_ip), (local, local)):
            frame = ethernet(BROADCAST, me.host_mac, ARP, arp(me.host_mac, *ends, op=op))
            yield Shot("guian", frame, Reason.DROP_SPOOFED_ARP)
    for port in (6633, 6653):
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
