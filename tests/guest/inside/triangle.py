"""In a guest: three hubs, a gateway, hand-written tables, and packets to count.

hub0 --- direct --- hub1          hub0's host sends to hub1's, by way of hub0's gateway if asked,
  \\                /             then over "direct" while it is live, else by hub2
   left -- hub2 -- right
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.chaos.datagrams import End, udp_frame

from corridor.topologies.base.codec import from_plain
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HOST_PORT,
    HubWire,
    Wiring,
)

DIRECT, DETOUR = 2, 3
LABEL, UNASSESSED_LABEL = 16, 17
PORT, UNASSESSED_PORT, OUT_SIDE_PORT = 4000, 4001, 4002
SPACING_NS = 1_000_000
SETTLE_S = 0.1
FAILOVER, THROUGH_GATEWAY = 1, 2


def load(out_dir: Path) -> Wiring:
    return from_plain(Wiring, json.loads((out_dir / "wiring.json").read_text()))


def tables(*, gateway: bool = False, around_gateway: bool = False) -> dict[int, list[str]]:
    """Per hub, groups and entries in the words of ovs-ofctl."""
    direct, detour, inwards = (f"bucket=watch_port:{port},actions=output:{port}" for port in
                               (DIRECT, DETOUR, GATEWAY_IN_PORT))  # fmt: skip
    through = [inwards, direct] if around_gateway else [inwards]
    label, foreign = (f"push_mpls:0x8847,set_field:{number}->mpls_label" for number in
                      (LABEL, UNASSESSED_LABEL))  # fmt: skip
    onward = f"group:{THROUGH_GATEWAY if gateway else FAILOVER}"
    host = f"in_port={HOST_PORT},ip,udp"
    return {
        0: [
            f"group group_id={FAILOVER},type=ff,{direct},{detour}",
            f"group group_id={THROUGH_GATEWAY},type=ff,{','.join(through)}",
            f"flow {host},tp_dst={PORT},actions={label},{onward}",
            f"flow {host},tp_dst={UNASSESSED_PORT},actions={foreign},{onward}",
            f"flow {host},tp_dst={OUT_SIDE_PORT},actions={label},output:{GATEWAY_OUT_PORT}",
            f"flow in_port={GATEWAY_OUT_PORT},mpls,actions=group:{FAILOVER}",
        ],
        1: [f"flow mpls,actions=pop_mpls:0x0800,output:{HOST_PORT}"],
        2: ["flow in_port=2,mpls,actions=output:3"],
    }


def install(net: CorridorNet, lines: dict[int, list[str]]) -> None:
    """Instead of what the switches held."""
    for number, told in lines.items():
        switch = net.switch_of(f"hub{number}").management_address
        ofctl("del-flows", switch)
        ofctl("del-groups", switch)
        for kind, words in (line.split(" ", 1) for line in told):
            ofctl("add-group" if kind == "group" else "add-flow", switch, words)


def ofctl(*words: str) -> str:
    command = ["ovs-ofctl", "-O", "OpenFlow13", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Pair:
    """hub0's host sends numbered packets, hub1's receives them."""

    def __init__(self, net: CorridorNet, ports: Iterable[int] = (PORT,)) -> None:
        self._source, self._sink = (net.wiring.hub(hub) for hub in ("hub0", "hub1"))
        with net["hub0"].namespace.entered():
            self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._wire.bind((self._source.host_interface, 0))
        with net["hub1"].namespace.entered():
            self._receivers = [_receiver(self._sink, port) for port in ports]

    def send(self, number: int, port: int = PORT) -> None:
        self.send_payload(struct.pack("!Q", number), port)

    def send_payload(self, payload: bytes, port: int = PORT) -> None:
        self._wire.send(udp_frame(end(self._source, PORT), end(self._sink, port), payload))

    def received(self) -> list[int]:
        """Numbers of all packets that have arrived since the last time, in order of arrival."""
        return [int.from_bytes(payload[:8]) for payload in self.payloads()]

    def payloads(self) -> list[bytes]:
        time.sleep(SETTLE_S)
        found = []
        for receiver in self._receivers:
            try:
                while True:
                    found.append(receiver.recv(2048))
            except BlockingIOError:
                pass
        return found

    def stream(
        self, first: int, count: int, at: dict[int, Callable[[], object]] | None = None
    ) -> list[int]:
        """One packet a millisecond; what is in ``at`` is done just before that packet.

        Returns the numbers of those that did not arrive.
        """
        next_ns = (time.time_ns() // SPACING_NS + 2) * SPACING_NS
        for number in range(first, first + count):
            time.sleep(max(0, next_ns - time.time_ns()) / 1e9)
            if at and number in at:
                at[number]()
            self.send(number)
            next_ns += SPACING_NS
        return sorted(set(range(first, first + count)) - set(self.received()))


def _receiver(hub: HubWire, port: int) -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    receiver.bind((hub.host_ip, port))
    receiver.setblocking(False)
    return receiver


def end(hub: HubWire, port: int) -> End:
    return End(hub.host_mac, hub.host_ip, port)


def live_ports(net: CorridorNet, hub: str) -> set[int]:
    """OpenFlow ports that a hub's switch takes as live."""
    time.sleep(SETTLE_S)
    shown = ofctl("show", net.switch_of(hub).management_address)
    live, port = set(), 0
    for line in shown.splitlines():
        if "addr:" in line:
            port = int(line.split("(")[0]) if line.strip()[0].isdigit() else 0
        elif "state:" in line and "LIVE" in line:
            live.add(port)
    return live - {0}
