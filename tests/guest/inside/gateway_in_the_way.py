"""In a guest: a gateway that passes, refuses, dies and comes back, and a watch that sees it all.

``gateway_in_the_way.py OUT_DIR`` reads ``wiring.json`` there and writes ``seen.json``.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

from tests.chaos.datagrams import udp_frame
from triangle import (
    LABEL,
    OUT_SIDE_PORT,
    PORT,
    SETTLE_S,
    UNASSESSED_PORT,
    Pair,
    end,
    install,
    live_ports,
    load,
    ofctl,
    tables,
)

from corridor.experiments.lab.assembly import start_gateways
from corridor.experiments.lab.line_process import MonitorProcess
from corridor.topologies.base.named_tuples import to_plain
from corridor.topologies.emulation.network import CorridorNet
from corridor.traffic.agents import packet_ring
from corridor.traffic.agents import packet_ring as packet_filter

FULL_PAYLOAD_BYTES = 1472
MANY = 5000
LLDP_MULTICAST = "0180c200000e"


def send_out_of(net: CorridorNet, port: int, frame: bytes) -> None:
    """As a switch sends what it makes itself."""
    switch = net.switch_of("hub0").management_address
    ofctl("packet-out", switch, f"in_port=controller,packet={frame.hex()},actions=output:{port}")


def killed_in_a_stream(pair: Pair, gateways, first: int) -> dict[str, object]:
    """Killed before packet 100 of 300, started again before packet 200."""
    at = {first + 100: lambda: gateways.kill("hub0"), first + 200: lambda: gateways.start("hub0")}
    missing = pair.stream(first, 300, at)
    return {"lost": [number - first for number in missing]}


def through_a_small_ring(net: CorridorNet, pair: Pair) -> dict[str, int]:
    """What a watch that does not read for a while has seen and lost of many frames."""
    fibre = socket.if_nametoindex(net.wiring.fibres[0].a.interface)
    # What is lost before the fibre, as the first frame of a path may be, is not the watch's.
    pair.send(MANY)
    time.sleep(SETTLE_S)
    packet_ring.BLOCKS = 2
    ring = packet_ring.PacketRing(packet_filter.sent_by(fibre, fibre))
    for number in range(MANY):
        pair.send(number)
        if number % 50 == 0:
            time.sleep(0.001)
    time.sleep(SETTLE_S)
    ring.close_to_more()
    seen = 0
    while select.select([ring.sock], [], [], 3 * packet_ring.RETIRE_MS / 1e3)[0]:
        seen += len(list(ring.frames()))
    return {"seen": seen, "lost": ring.lost()}


def main(out: str) -> None:
    out_dir = Path(out)
    wiring = load(out_dir)
    seen: dict[str, object] = {}
    with CorridorNet(wiring, private_dir=Path("/tmp/ovs"), bfd_interval_ms=100) as net:
        install(net, tables(gateway=True))
        net.wait_bfd(10)
        seen["live without a gateway"] = sorted(live_ports(net, "hub0"))
        addresses = {"src": wiring.hub("hub0").host_ip, "dst": wiring.hub("hub1").host_ip}
        labels = {"hub0": {LABEL: {"demand": "train", **addresses}}}
        gateways = start_gateways(net, labels, Path("/tmp/gateways.json"), out_dir)
        seen["live with a gateway"] = sorted(live_ports(net, "hub0"))
        seen["namespaces"] = [
            os.readlink(f"/proc/{gateways.pids['hub0']}/ns/net"),
            f"net:[{os.stat(net['hub0'].namespace.path).st_ino}]",
        ]
        watch = MonitorProcess(wiring, Path("/tmp/watch.json"), out_dir / "watch.json")
        pair = Pair(net, (PORT, UNASSESSED_PORT, OUT_SIDE_PORT))
        time.sleep(1)
        epoch_ns = time.time_ns()
        gateways.count_from(epoch_ns)
        seen["lost while all is well"] = pair.stream(0, 100)
        whole = bytes(8) + os.urandom(FULL_PAYLOAD_BYTES - 8)
        pair.send_payload(whole)
        seen["unchanged"] = pair.payloads() == [whole]
        for number in range(5):
            pair.send(number, UNASSESSED_PORT)
        for number in range(3):
            pair.send(number, OUT_SIDE_PORT)
        seen["arrived of what is refused"] = pair.received()
        seen["no way around"] = killed_in_a_stream(pair, gateways, 1000)
        gateways.kill("hub0")
        seen["live after a kill"] = sorted(live_ports(net, "hub0"))
        gateways.start("hub0")
        seen["live after a start"] = sorted(live_ports(net, "hub0"))
        os.kill(gateways.pids["hub0"], signal.SIGKILL)
        seen["live after a death"] = sorted(live_ports(net, "hub0"))
        gateways.start("hub0")
        seen["deaths"] = gateways.deaths
        install(net, tables(gateway=True, around_gateway=True))
        seen["lost at first"] = pair.stream(1900, 10)
        seen["a way around"] = killed_in_a_stream(pair, gateways, 2000)
        stranger = udp_frame(
            end(wiring.hub("hub1"), PORT), end(wiring.hub("hub0"), 3784), b"not from a switch"
        )
        lldp = bytes.fromhex(LLDP_MULTICAST + "02c002000000" + "88cc") + bytes(46)
        for frame in (stranger, lldp):
            send_out_of(net, 3, frame)
        time.sleep(SETTLE_S)
        seen["done"] = gateways.stop()
        seen["watch"] = to_plain(watch.stop())
        install(net, tables())
        seen["small ring"] = through_a_small_ring(net, pair)
        seen["epoch_ns"] = epoch_ns
    seen["interfaces left"] = [name for name in os.listdir("/sys/class/net") if name[:2] == "c0"]
    (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
