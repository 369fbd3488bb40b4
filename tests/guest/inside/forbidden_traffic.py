"""In a guest: a network with its tables, traffic that must not pass, and who saw it.

``forbidden_traffic.py OUT_DIR``, a folder with ``plan.json``, writes ``seen.json``: per kind of
frame, the hosts that received it and the drops its ingress switch counted by table; then what
broken shaping is told.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import time
from dataclasses import replace
from pathlib import Path

from experiments.controller_process import ControllerProcess
from experiments.plan_values import Plan
from topologies.errors import CorridorError
from topologies.mininet_net import CorridorNet
from topologies.values import from_plain

SENDER, FRIEND, STRANGER = "shanghai", "guian", "karachi"
MARK = b"corridor test frame"
BROADCAST = "ff:ff:ff:ff:ff:ff"
LLDP_MULTICAST = "01:80:c2:00:00:0e"
IDLE_S = 60
SETTLE_S = 2
"""Switches bring their counters up to date about twice a second."""
PORT = 4000


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ethernet(dst: str, src: str, ethertype: int, payload: bytes) -> bytes:
    return mac(dst) + mac(src) + struct.pack("!H", ethertype) + payload


def ipv4(src: str, dst: str) -> bytes:
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(MARK), 0) + MARK
    addresses = socket.inet_aton(src) + socket.inet_aton(dst)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + addresses
    total = sum(struct.unpack("!10H", header))
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    return header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:] + udp


def arp_request(sha: str, spa: str, tpa: str) -> bytes:
    start = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    return start + mac(sha) + socket.inet_aton(spa) + bytes(6) + socket.inet_aton(tpa) + MARK


def frames(plan: Plan) -> dict[str, bytes]:
    me, friend, stranger = (plan.wiring.hub(hub) for hub in (SENDER, FRIEND, STRANGER))
    packet = ipv4(me.host_ip, friend.host_ip)
    label = next(use.label for use in plan.program.labels if use.hubs[0] == SENDER)
    return {
        "declared": ethernet(friend.host_mac, me.host_mac, 0x0800, packet),
        "source address of another": ethernet(
            friend.host_mac, me.host_mac, 0x0800, ipv4(stranger.host_ip, friend.host_ip)
        ),
        "source MAC of another": ethernet(friend.host_mac, stranger.host_mac, 0x0800, packet),
        "VLAN tag": ethernet(
            friend.host_mac, me.host_mac, 0x8100, struct.pack("!HH", 7, 0x0800) + packet
        ),
        "label of a real path": ethernet(
            friend.host_mac, me.host_mac, 0x8847, struct.pack("!I", label << 12 | 0x1FF) + packet
        ),
        "undeclared destination": ethernet(
            stranger.host_mac, me.host_mac, 0x0800, ipv4(me.host_ip, stranger.host_ip)
        ),
        "IPv6": ethernet(
            friend.host_mac,
            me.host_mac,
            0x86DD,
            struct.pack("!IHBB", 6 << 28, len(MARK), 59, 64) + bytes(32) + MARK,
        ),
        "broadcast": ethernet(BROADCAST, me.host_mac, 0x0800, ipv4(me.host_ip, "10.255.255.255")),
        "ARP for an undeclared host": ethernet(
            BROADCAST, me.host_mac, 0x0806, arp_request(me.host_mac, me.host_ip, stranger.host_ip)
        ),
        "ARP in another's name": ethernet(
            BROADCAST,
            me.host_mac,
            0x0806,
            arp_request(me.host_mac, stranger.host_ip, friend.host_ip),
        ),
        "LLDP from a host": ethernet(LLDP_MULTICAST, me.host_mac, 0x88CC, MARK),
    }


def listeners(net: CorridorNet, plan: Plan) -> dict[str, socket.socket]:
    found = {}
    for hub in plan.wiring.hubs:
        with net[hub.hub].namespace.entered():
            every = socket.htons(3)
            found[hub.hub] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, every)
            found[hub.hub].bind((hub.host_interface, 3))
            found[hub.hub].setblocking(False)
    return found


def heard(listening: dict[str, socket.socket]) -> list[str]:
    """Every frame that has come and gone since the last time, whoever sent it."""
    found = []
    for hub, sock in listening.items():
        with contextlib.suppress(BlockingIOError):
            while True:
                data, address = sock.recvfrom(2048)
                found.append(f"{hub} type {address[2]}: {data.hex()}")
    return found


def receivers(listening: dict[str, socket.socket]) -> list[str]:
    found = set()
    for hub, sock in listening.items():
        while True:
            try:
                data, address = sock.recvfrom(2048)
            except BlockingIOError:
                break
            if MARK in data and address[2] != socket.PACKET_OUTGOING:
                found.add(hub)
    return sorted(found)


def drops(controller: ControllerProcess, out_dir: Path) -> dict[str, int]:
    """Packets that the sender's switch dropped, by table."""
    controller.dump(out_dir / "held.json")
    held = json.loads((out_dir / "held.json").read_text())["switches"][SENDER]
    return {str(e["table"]): e["packets"] for e in held if e["priority"] == 0}


def broken_shaping(net: CorridorNet, plan: Plan) -> dict[str, str]:
    """What ``verify`` says of a fibre with another delay, another seed, and no shaping at all."""
    fibre = plan.wiring.fibres[0]
    told = {}
    for name, change in (
        ("another delay", {"one_way_delay_ns": fibre.forward.one_way_delay_ns + 1}),
        ("another seed", {"seed": fibre.forward.seed ^ 1}),
    ):
        net.kernel.reshape(fibre.a.interface, replace(fibre.forward, **change))
        told[name] = verdict(net)
        net.kernel.reshape(fibre.a.interface, fibre.forward)
    told["mended"] = verdict(net)
    net.kernel._route.tc("del", index=net.kernel._interface_indexes()[fibre.a.interface], root=True)
    told["unshaped"] = verdict(net)
    return told


def verdict(net: CorridorNet) -> str:
    try:
        net.kernel.verify()
    except CorridorError as error:
        return str(error)
    return ""


def main(out: str) -> None:
    out_dir = Path(out)
    plan = from_plain(Plan, json.loads((out_dir / "plan.json").read_text()))
    scratch = Path("/tmp/forbidden")
    scratch.mkdir()
    controller = ControllerProcess(plan, scratch, out_dir)
    controller.start()
    address = f"tcp:127.0.0.1:{controller.port}"
    with CorridorNet(plan.wiring, controllers=[address], private_dir=scratch / "ovs") as net:
        controller.wait_ready()
        seen = {"frames": {}}
        listening = listeners(net, plan)
        with net[FRIEND].namespace.entered():  # or it would answer with an ICMP error
            friend_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            friend_socket.bind(("0.0.0.0", PORT))
        time.sleep(IDLE_S)
        seen["while idle"] = heard(listening)
        before = drops(controller, out_dir)
        for kind, frame in frames(plan).items():
            listening[SENDER].send(frame)
            time.sleep(SETTLE_S)
            after = drops(controller, out_dir)
            dropped = {table: after[table] - before[table] for table in after}
            seen["frames"][kind] = {
                "received_by": receivers(listening),
                "dropped_in": [table for table, count in dropped.items() if count],
            }
            before = after
        friend = net[FRIEND].IP()
        seen["ping"] = net[SENDER].cmd(f"ping -c 3 -i 0.2 {friend}")
        seen["ping of a stranger"] = net[SENDER].cmd(f"ping -c 2 -W 1 {net[STRANGER].IP()}")
        seen["shaping"] = broken_shaping(net, plan)
    controller.close()
    (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
