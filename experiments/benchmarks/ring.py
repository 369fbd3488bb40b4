"""Bring one ring up and down, by stock Mininet and by ours, saying when each step is done.

``python -m experiments.benchmarks.ring ROUNDS EVENTS``, as root in the kernel to measure. Writes
JSON lines to the file EVENTS, in a guest ``/dev/console``; whoever reads them keeps the time, for
a guest in the virtual clock cannot.
The ring: 20 switches with a host each, 40 links of 100 Mbit/s and 10 ms.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mininet.link import TCLink
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import OVSSwitch
from mininet.topo import Topo

from topologies.mininet_net import CorridorNet
from topologies.model import Fibre, Hub, Scaling, Topology
from topologies.ovsdb import SYSTEM_RUN_DIR, OpenVSwitch
from topologies.wiring import wire

SWITCHES = 20
STEPS = (1, 5)
RATE_MBPS, DELAY_MS = 100, 10


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


def ring_topology() -> Topology:
    """The same ring as hubs and fibres."""
    hubs = tuple(
        Hub(id=f"hub{n}", name=f"Hub {n}", role="core", located_in="XX", lat=0, lon=n)
        for n in range(SWITCHES)
    )
    fibres = tuple(
        Fibre(
            id=f"fibre{number}",
            a=f"hub{a}",
            z=f"hub{z}",
            medium="terrestrial",
            length_km=1,
            length_basis="derived",
            one_way_delay_ns=DELAY_MS * 1_000_000,
            delay_basis="given",
            capacity_gbps=RATE_MBPS / 1000,
            capacity_basis="derived",
        )
        for number, (a, z) in enumerate(ring_links())
    )
    scaling = Scaling(
        capacity_scale=1,
        assumed_terrestrial_gbps=1,
        assumed_submarine_gbps=1,
        min_rate_bps=1000,
        max_rate_bps=10**10,
    )
    return Topology(name="ring", title="A ring", hubs=hubs, fibres=fibres, scaling=scaling)


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
    wiring = wire(ring_topology(), run_id="b0")
    say("start", who="ours", round=round_number)
    net = CorridorNet(wiring)
    net.start()
    say("up", who="ours", round=round_number)
    net.stop()
    say("down", who="ours", round=round_number)


def main() -> None:
    setLogLevel("critical")  # stock Mininet reports each harmless warning of tc as an error
    openvswitch = OpenVSwitch.connect(Path(SYSTEM_RUN_DIR))
    for round_number in range(int(sys.argv[1])):
        for bring_up_and_down in (ours, stock, ours):  # ours on both sides: machines drift
            _in_a_process(bring_up_and_down, round_number)
    openvswitch.close()


def _in_a_process(work: Callable[[int], None], round_number: int) -> None:
    """Stock Mininet raises limits of its process for good; neither may pay for the other."""
    child = os.fork()
    if child == 0:
        try:
            work(round_number)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
