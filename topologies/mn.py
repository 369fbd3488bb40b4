"""Corridors for Mininet's own command: ``mn --custom topologies/mn.py --topo corridor``.

    sudo mn --custom topologies/mn.py --topo corridor,pan-asia --controller corridor

Run it with the project's Python (``.venv/bin/python /usr/bin/mn ...``), which knows the models.
``--controller corridor`` starts the controller with tables for every pair of
hubs; ``--controller remote`` waits for one of yours, for example
``CORRIDOR_TOPOLOGY=mini ryu-manager controller/reconcile/static_app.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

# mn executes this file without a __file__, but its code object knows where it came from.
HERE = Path(sys._getframe().f_code.co_filename).absolute()  # noqa: SLF001
IN_CHECKOUT = HERE.resolve().parents[1] / ".package"
"""In a checkout; installed, the package is above this file."""
IMPORT_ROOT = IN_CHECKOUT if IN_CHECKOUT.is_dir() else HERE.parents[2]
sys.path.insert(0, str(IMPORT_ROOT))

RUN_BY_MN = "__file__" not in globals()


def _leave(what: str, code: int) -> NoReturn:
    """At once: ``mn`` would answer an exception by killing processes by name, machine-wide."""
    print(f"corridor: {what}", file=sys.stderr, flush=True)
    os._exit(code)


if RUN_BY_MN:
    from corridor.topologies.emulation.this_kernel import network_lacks

    if lacking := network_lacks():
        _leave(f"mn cannot run here: {'; '.join(lacking)}; corridor lab mini runs in a guest", 3)
    try:
        import pydantic  # noqa: F401
    except ImportError as missing:
        _leave(f"mn wants the project's Python: {missing}; .venv/bin/python /usr/bin/mn ...", 3)

from mininet.node import Controller  # noqa: E402
from mininet.topo import Topo  # noqa: E402

from corridor.topologies.base.errors import CorridorError  # noqa: E402
from corridor.topologies.emulation.controller_start import start_controller  # noqa: E402
from corridor.topologies.emulation.network import CorridorNet  # noqa: E402
from corridor.topologies.emulation.nodes import LazyShell  # noqa: E402
from corridor.topologies.emulation.ovsdb_client import switches_socket  # noqa: E402
from corridor.topologies.formats.load import load_topology  # noqa: E402
from corridor.topologies.model.wiring import Wiring, wire  # noqa: E402


class CorridorTopo(Topo):
    """A topology by name or file, as Mininet's graph; the wiring holds the rest."""

    def build(self, name: str = "mini", seed: int = 1) -> None:
        self.name = name
        try:
            topology = load_topology(name)
        except CorridorError as error:
            if RUN_BY_MN:
                _leave(str(error), error.exit_code)
            raise
        self.wiring: Wiring = wire(topology, run_id="mn", seed=seed)
        for hub in self.wiring.hubs:
            self.addSwitch(hub.switch, dpid=f"{hub.dpid:016x}")
            for host in hub.attached:
                self.addHost(host.host, ip=f"{host.host_ip}/8", mac=host.host_mac)
                self.addLink(host.host, hub.switch)
        for fibre in self.wiring.fibres:
            ends = (self.wiring.hub(fibre.a.hub), self.wiring.hub(fibre.z.hub))
            self.addLink(ends[0].switch, ends[1].switch, fibre=fibre.fibre)


class CorridorController(LazyShell, Controller):
    """The controller room's app, in a separate process."""

    def __init__(self, name: str, topology: str = "mini", **params: Any) -> None:
        self.topology = topology
        self.switches: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None
        super().__init__(name, **params)
        self.allow_shell()

    def checkListening(self) -> None:  # noqa: N802 - Mininet's name
        """The app itself says so when it cannot listen; Mininet would need telnet."""

    @property
    def target(self) -> str:
        """As Open vSwitch wants it: in its own folder."""
        assert self.switches is not None
        return f"unix:{self.switches.name}"

    def listen_in(self, open_vswitch: Path, run_id: str) -> None:
        """On a socket that no other user of the machine comes through to."""
        self.switches = open_vswitch / f"{self.name}-{switches_socket(run_id)}"

    def start(self) -> None:
        assert self.switches is not None
        self.process = start_controller(self.switches, {"topology": self.topology})

    def stop(self, *_args: Any, **_kwargs: Any) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None
        if self.switches is not None:
            self.switches.unlink(missing_ok=True)
        self.terminate()


class Network(CorridorNet):
    """``mn`` calls this where it would call ``Mininet``."""

    def __init__(self, topo: CorridorTopo, controller: Any = None, **options: Any) -> None:
        for ours in ("switch", "host", "link"):
            options.pop(ours, None)
        super().__init__(topo.wiring, **options)
        for number, kind in enumerate(controller if isinstance(controller, list) else [controller]):
            if kind is not None:
                extra = {"topology": topo.name} if _is_ours(kind) else {}
                self.addController(f"c{number}", kind, **extra)
        self.build()


def _is_ours(kind: Any) -> bool:
    return getattr(kind, "func", kind) is CorridorController


topos = {"corridor": CorridorTopo}
controllers = {"corridor": CorridorController}
Mininet = Network
