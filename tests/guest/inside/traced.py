"""In a guest: Open vSwitch's ``ofproto/trace`` of many packets, while links are down.

``traced.py OUT_DIR`` reads ``given.json`` there and writes ``seen.json``. The tables are installed
by the controller. One connection to ovs-vswitchd asks for all.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from corridor.controller.forwarding.program import Program
from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.topologies.base.codec import from_plain
from corridor.topologies.emulation import taps
from corridor.topologies.emulation.faults import Faults
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.model.wiring import Wiring

VIRTUAL = SimpleNamespace(clock="virtual")
SCRATCH = Path("/tmp/traced")
SETTLE_S = 2


class Vswitchd:
    """ovs-vswitchd's own socket: JSON-RPC 1.0, as ovs-appctl speaks it."""

    def __init__(self, run_dir: Path) -> None:
        (path,) = run_dir.glob("ovs-vswitchd.*.ctl")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(path))
        self._asked = 0

    def ask(self, method: str, *words: str) -> str:
        self._asked += 1
        request = {"method": method, "params": words, "id": self._asked}
        self._socket.sendall(json.dumps(request).encode())
        text, answer = b"", None
        while answer is None:
            text += self._socket.recv(1 << 20)
            try:
                answer = json.loads(text)
            except ValueError:
                continue
        assert answer["error"] is None, answer
        return str(answer["result"])


class Gateways:
    """Holds the gateways' devices, so that their ports are live; passes nothing."""

    def __init__(self, wiring: Wiring) -> None:
        self._names = {
            hub.hub: (hub.gateway.in_interface, hub.gateway.out_interface)
            for hub in wiring.hubs
            if hub.gateway is not None
        }
        self._held = [taps.attach(name) for names in self._names.values() for name in names]

    def open_but(self, closed: list[str]) -> None:
        for hub, names in self._names.items():
            for name in names:
                taps.set_up(name, up=hub not in closed)


def main(out: str) -> None:
    out_dir = Path(out)
    given: dict[str, Any] = json.loads((out_dir / "given.json").read_text())
    wiring = from_plain(Wiring, given["wiring"])
    SCRATCH.mkdir()
    told: Any = SimpleNamespace(
        program=from_plain(Program, given["program"]), framework="ryu", job=VIRTUAL
    )
    controller = ControllerProcess.of_plan(told, SCRATCH, out_dir)
    address = "unix:switches.sock"
    said: list[list[str]] = []
    with CorridorNet(wiring, controllers=[address], private_dir=SCRATCH / "ovs") as net:
        controller.start(net.openvswitch.run_dir / "switches.sock")
        controller.wait_ready()
        gateways, faults = Gateways(wiring), Faults(wiring, net.kernel)
        vswitchd = Vswitchd(SCRATCH / "ovs")
        for state in given["states"]:
            for fibre in state["down"]:
                faults.cut_carrier(fibre)
            gateways.open_but(state["closed"])
            time.sleep(SETTLE_S)
            said.append(
                [
                    vswitchd.ask("ofproto/trace", wiring.hub(hub).bridge, f"in_port={port}", frame)
                    for hub, port, frame in state["packets"]
                ]
            )
            for fibre in state["down"]:
                faults.restore(fibre)
        ports = vswitchd.ask("dpif/show")
    controller.close()
    (out_dir / "seen.json").write_text(json.dumps({"ports": ports, "said": said}))


if __name__ == "__main__":
    main(*sys.argv[1:])
