"""Bring one ring up and down, by stock Mininet and by ours, saying when each step is done.

``python -m tests.benchmarks.ring ROUNDS EVENTS``, as root in the kernel to measure. Writes
JSON lines to the file EVENTS, in a guest ``/dev/console``; the reader keeps the time, because
a guest in the virtual clock cannot.
The ring: 20 switches with a host each, 40 links of 100 Mbit/s and 10 ms.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from mininet.link import TCLink
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import OVSSwitch
from mininet.topo import Topo

from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.ovsdb import SYSTEM_RUN_DIR, OpenVSwitch
from corridor.topologies.model.wiring import wire
from tests.benchmarks.plain import DELAY_MS, RATE_MBPS, Line, plain_topology

RUN_ID = "b0"
SWITCHES = 20
STEPS = (1, 5)


class Ring(Topo):
    """As a user of stock Mininet would write it."""

    def build(self) -> None:
        for number in range(1, SWITCHES + 1):
            self.addLink(self.addHost(f"h{number}"), self.addSwitch(f"s{number}"))
        for a, z in ring_links():
            delay = f"{DELAY_MS}ms"
            self.addLink(f"s{a + 1}", f"s{z + 1}", cls=TCLink, bw=RATE_MBPS, delay=delay)


def ring_links() -> list[tuple[int, int]]:
    return [(a, (a + step) % SWITCHES) for step in STEPS for a in range(SWITCHES)]


def say(event: str, **more: object) -> None:
    with Path(sys.argv[2]).open("a") as events:
        events.write(json.dumps({"event": event, **more}) + "\n")


def stock(round_number: int) -> None:
    say("start", who="stock", round=round_number)
    net = Mininet(topo=Ring(), controller=None, switch=OVSSwitch)
    net.start()
    say("up", who="stock", round=round_number)
    net.stop()
    say("down", who="stock", round=round_number)


def ours(round_number: int) -> None:
    """With the Open vSwitch that is there, as stock Mininet; with a private one if there is none,
    whose start and end are then part of up and down."""
    lines = [Line(*link) for link in ring_links()]
    wiring = wire(plain_topology("ring", SWITCHES, lines), run_id=RUN_ID)
    who = "ours" if OpenVSwitch(SYSTEM_RUN_DIR).answers() else "ours-alone"
    say("start", who=who, round=round_number)
    net = CorridorNet(wiring)
    net.start()
    say("up", who=who, round=round_number)
    net.stop()
    say("down", who=who, round=round_number)
    if left := leftovers():
        raise RuntimeError(f"not down: {', '.join(left)}")


def leftovers() -> list[str]:
    """What is still there of our ring: interfaces, ports of a datapath, bridges.

    Where no Open vSwitch answers, also any datapath and daemon.
    """
    left = [name for _, name in socket.if_nameindex() if name.startswith(RUN_ID)]
    held = _said("ovs-dpctl", "show").splitlines()
    switch = OpenVSwitch(SYSTEM_RUN_DIR)
    if switch.answers():
        ports = [line.strip() for line in held if f" {RUN_ID}" in line]
        return [*left, *ports, *switch.bridges()]
    programs = _said("ps", "-e", "-o", "comm=").split()
    return [*left, *held, *(name for name in programs if name.startswith("ovs"))]


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def main() -> None:
    setLogLevel("critical")  # stock Mininet reports each harmless warning of tc as an error
    for round_number in range(int(sys.argv[1])):  # ours on both sides of stock: machines drift
        _in_a_process(ours, round_number)
        openvswitch = OpenVSwitch.connect(SYSTEM_RUN_DIR)
        for bring_up_and_down in (ours, stock, ours):
            _in_a_process(bring_up_and_down, round_number)
        openvswitch.close()
        _in_a_process(ours, round_number)


def _in_a_process(work: Callable[[int], None], round_number: int) -> None:
    """Stock Mininet raises limits of its process for good; neither may pay for the other."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(round_number)
            code = 0
        except BaseException:  # noqa: BLE001 - a child ends here, whatever happens
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if os.waitpid(child, 0)[1]:
        sys.exit(1)


if __name__ == "__main__":
    main()
