"""A network built here, held to its policies by a controller of its own, with its gateways.

For what changes while it runs: policies, fibres, gateways, the controller itself. Needs root and
this machine's kernel, so it runs in a guest or in the Vagrant VM.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from corridor.controller.api.control_client import NoAnswer, ask
from corridor.controller.intent.specification import Specification
from corridor.experiments.lab.event_driver import EventDriver
from corridor.experiments.lab.gateways_process import GatewaysProcess, configuration
from corridor.experiments.lab.status_line import Said
from corridor.experiments.live_network.setting import SPECIFICATION, WIRING, Setting
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.controller_start import CONTROLLER, start_controller
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import DemandAnswer, StatusAnswer, TopologyAnswer

OPENFLOW_PORT = 6653
POLL_S = 0.05
WAIT_S = 120.0
"""For everything to stand, then for BFD, then until all is settled."""
SILENCE_S = 60
"""Of a controller that computes. By a real clock, on a busy machine, that takes its time."""


class LiveNetwork:
    """Everything under one roof; ``with`` builds it, waits until it is settled, and takes it down.

    ``scratch`` is a folder, made if need be, for sockets and what controllers remember; in
    ``out_dir`` stay ``events.jsonl``, ``controller.log`` and ``audit/``. ``timing`` is for the
    controller, in ns.
    """

    def __init__(
        self,
        specification: Specification,
        wiring: Wiring,
        *,
        scratch: Path,
        out_dir: Path,
        port: int = OPENFLOW_PORT,
        framework: str = "ryu",
        bfd_interval_ms: int | None = 100,
        segmentation_offload: bool = False,
        timing: Mapping[str, int] | None = None,
        status: Path | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        self.specification = specification
        self.wiring = wiring
        self.scratch = scratch
        self.out_dir = out_dir
        self.framework = framework
        self.controller: subprocess.Popen[bytes] | None = None
        self._port = port
        self._patience = dict(timing or {})
        self._status = status
        self._wait_s = wait_s
        self._bfd_interval_ms = bfd_interval_ms
        self._killed_by_hand = False
        self._stack = contextlib.ExitStack()
        self.net = CorridorNet(
            wiring,
            controllers=[self._address],
            segmentation_offload=segmentation_offload,
            private_dir=scratch / "ovs",
            bfd_interval_ms=bfd_interval_ms,
        )

    def __enter__(self) -> LiveNetwork:
        with self._stack as stack:
            self.scratch.mkdir(exist_ok=True)
            Setting(self.specification, self.wiring).write(self.scratch)
            stack.enter_context(self.net)
            assert self.net.openvswitch is not None
            self.net.openvswitch.bear_silence(self.wiring, SILENCE_S)
            self.gateways = self._start_gateways()
            stack.callback(self.gateways.close)
            self.start_controller()
            stack.callback(self.kill_controller)
            self.until(lambda: self.ask("status").get("installed"), self._wait_s)
            self.faulted = EventDriver(self.net, self.gateways, self._bfd_interval_ms)
            self.faults = self.faulted.faults
            if self._bfd_interval_ms is not None:
                self.net.wait_bfd(self._wait_s)
            self.until(self.is_settled, self._wait_s)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.scratch / "control.sock"

    @property
    def _address(self) -> str:
        return f"tcp:127.0.0.1:{self._port}"

    def _start_gateways(self) -> GatewaysProcess:
        path = self.scratch / "gateways.json"
        config = configuration(self.net, {}, self.out_dir / "audit")
        socket = str(self.scratch / "gateways.sock")
        path.write_text(json.dumps({**config, "socket": socket}))
        return GatewaysProcess(path)

    def start_controller(self, program: Sequence[str] = CONTROLLER) -> None:
        """A new controller in the place of one that is gone; returns before it is ready."""
        options = {
            "framework": self.framework,
            "specification": str(self.scratch / SPECIFICATION),
            "wiring": str(self.scratch / WIRING),
            "status": str(self._status or ""),
            "control": str(self.control),
            "gateways": str(self.scratch / "gateways.sock"),
            "events": str(self.out_dir / "events.jsonl"),
            "state": str(self.scratch / "state.json"),
            "patience": json.dumps(self._patience),
        }
        with (self.out_dir / "controller.log").open("ab") as log:
            self.controller = start_controller(self._port, options, program=program, log=log)

    def kill_controller(self) -> None:
        """SIGKILL; nothing if there is none."""
        if self.controller is not None:
            self.controller.kill()
            self.controller.wait()
            self.controller = None

    def kill_controller_by_hand(self) -> None:
        """SIGKILL; it is not waited for, which who starts another does."""
        if self.controller is not None:
            self._killed_by_hand = True
            self.controller.kill()

    def was_killed_by_hand(self) -> bool:
        """Whether the controller that has ended was; once."""
        was, self._killed_by_hand = self._killed_by_hand, False
        return was

    def namespace_of(self, hub: str) -> str:
        """A path to the namespace of a hub's host, for as long as this process lives."""
        return str(self.net[hub].namespace.path)

    def restart_switches(self) -> None:
        """Kill ovs-vswitchd and start it, with every table empty. Fibres stay as they are, but
        for the moment in which the new one has taken their shaping off."""
        self.faulted.restart_switches()

    def connect_switch(self, hub: str, *, connected: bool) -> None:
        """Point a switch to the controller, or to where nobody listens."""
        self.faulted.connect_switch(hub, connected=connected)

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """What the controller answers; ``ok`` is false while nobody listens."""
        try:
            return ask(self.control, do, **more)
        except NoAnswer as problem:
            return {"ok": False, "reason": str(problem)}

    def until(self, what: Callable[[], object], seconds: float) -> float:
        """Wait until something is so; how long it took. Raises with what was last seen."""
        start = time.monotonic()
        while not what():
            if self.controller is not None and self.controller.poll() is not None:
                raise self._problem("the controller has ended")
            if time.monotonic() - start > seconds:
                raise self._problem(f"not in {seconds:g} s: {self.ask('status')}")
            time.sleep(POLL_S)
        return time.monotonic() - start

    def _problem(self, what: str) -> EnvironmentUnsupported:
        log = (self.out_dir / "controller.log").read_text(errors="replace")[-2000:]
        said = [one for one in self.events() if one["event"] != "status"][-8:]
        return EnvironmentUnsupported(f"{what}; {said} {log}".strip())

    def is_settled(self) -> bool:
        """Everything stands that should, with nothing failed."""
        status, topology = self.ask("status"), self.ask("topology")
        return bool(status["ok"] and topology["ok"]) and _is_settled(
            cast("StatusAnswer", status), cast("TopologyAnswer", topology)
        )

    def statuses(self) -> dict[str, str]:
        """How each demand is served; nothing while nobody says so."""
        said: list[DemandAnswer] = self.ask("demands").get("demands", [])
        return {one["demand"]: one["status"] for one in said}

    def events(self, *kinds: str) -> list[Said]:
        """As the controllers wrote them."""
        path = self.out_dir / "events.jsonl"
        said = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [one for one in said if not kinds or one["event"] in kinds]


def _is_settled(status: StatusAnswer, topology: TopologyAnswer) -> bool:
    return (
        status["installed"]
        and not status["unproven"]
        and all(one["works"] for one in topology["fibres"].values())
        and all(one["gateway"] is not False for one in topology["hubs"].values())
        and not {"UNKNOWN", "DOWN"} & set(status["demands"])
    )
