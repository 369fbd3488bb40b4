"""In a guest: an idle network, pings in it, and shaping that was broken.

``at_rest.py OUT_DIR``, a folder with ``plan.json``, writes ``seen.json``.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import CorridorError
from corridor.topologies.emulation.datapath import NetlinkSocket
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.queues.rtnetlink import qdisc_deleted

SENDER, FRIEND, STRANGER = "shanghai", "guian", "karachi"
IDLE_S = 60
EVERY_PROTOCOL = 3


def listeners(net: CorridorNet) -> dict[str, socket.socket]:
    found = {}
    for hub in net.wiring.hubs:
        with net[hub.hub].namespace.entered():
            every = socket.htons(EVERY_PROTOCOL)
            found[hub.hub] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, every)
        found[hub.hub].bind((hub.host_interface, EVERY_PROTOCOL))
        found[hub.hub].setblocking(False)
    return found


def heard(listening: dict[str, socket.socket]) -> list[str]:
    """Every frame received and sent."""
    found = []
    for hub, sock in listening.items():
        with contextlib.suppress(BlockingIOError):
            while True:
                data, address = sock.recvfrom(2048)
                found.append(f"{hub} type {address[2]}: {data.hex()}")
    return found


def broken_shaping(net: CorridorNet) -> dict[str, str]:
    """Errors of ``verify`` for a fibre with another delay, another seed, and without shaping."""
    fibre = net.wiring.fibres[0]
    told = {}
    for name, change in (
        ("another delay", {"one_way_delay_ns": fibre.forward.one_way_delay_ns + 1}),
        ("another seed", {"seed": fibre.forward.seed ^ 1}),
    ):
        net.kernel.reshape(fibre.a.interface, replace(fibre.forward, **change))
        told[name] = verdict(net)
        net.kernel.reshape(fibre.a.interface, fibre.forward)
    told["repaired"] = verdict(net)
    with NetlinkSocket() as route:
        route.carry_out([qdisc_deleted(route.index_of(fibre.a.interface), fibre.a.interface)])
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
    scratch = Path("/tmp/at-rest")
    scratch.mkdir()
    controller = ControllerProcess.of_plan(plan, scratch, out_dir)
    address = "unix:switches.sock"
    with CorridorNet(plan.wiring, controllers=[address], private_dir=scratch / "ovs") as net:
        controller.start(net.openvswitch.run_dir / "switches.sock")
        controller.wait_ready()
        seen: dict[str, object] = {}
        listening = listeners(net)
        time.sleep(IDLE_S)
        seen["while idle"] = heard(listening)
        seen["ping"] = net[SENDER].cmd(f"ping -c 3 -i 0.2 {net[FRIEND].IP()}")
        seen["ping of a stranger"] = net[SENDER].cmd(f"ping -c 2 -W 1 {net[STRANGER].IP()}")
        seen["shaping"] = broken_shaping(net)
    controller.close()
    (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
