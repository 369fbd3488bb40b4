"""The controllers of a lab's switches: all pairs, a user-supplied app, or none."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Protocol

from corridor.experiments.lab.assembly import Steering
from corridor.experiments.lab.controller_process import GRACE_S, ControllerProcess
from corridor.experiments.run.program_setting import ALL_PAIRS, NONE, REMOTE, REMOTE_PORT, Setting
from corridor.topologies.base import child_process
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.controller_start import CONTROLLER, start_controller
from corridor.topologies.emulation.network import CorridorNet

TIMEOUT_S = 120.0
LOOK_S = 0.2
LOG = "controller.log"


class LabSteering(Steering, Protocol):
    def wait(self, net: CorridorNet) -> None:
        """Returns when the network is steered; raises what hinders that."""


class AllPairs(ControllerProcess):
    """The tables for every pair of hubs."""

    def wait(self, _net: CorridorNet) -> None:
        self.wait_ready()


class Remote:
    """One that the program is, or starts: it comes when it comes."""

    target: str | None = f"tcp:127.0.0.1:{REMOTE_PORT}"

    def start(self, switches: Path) -> None:
        """Nothing."""

    def wait(self, net: CorridorNet) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class App:
    """An app of Ryu's or os-ken's; the network is steered when it has all switches."""

    target: str | None = None

    def __init__(self, setting: Setting, out_dir: Path) -> None:
        self._setting = setting
        self._log = out_dir / LOG
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, switches: Path) -> None:
        program = (*CONTROLLER, "--app", self._setting.controller)
        options = {"framework": self._setting.framework}
        with self._log.open("wb") as log:
            self._process = start_controller(
                switches, options, program=program, patient=self._setting.virtual, log=log
            )

    def wait(self, net: CorridorNet) -> None:
        deadline = time.monotonic() + patient(TIMEOUT_S)
        while not all(switch.connected() for switch in net.switches):
            self._check()
            if time.monotonic() > deadline:
                waited = f"after {patient(TIMEOUT_S):.0f} s"
                raise EnvironmentUnsupported(
                    f"{self._setting.controller} does not have every switch {waited}",
                    "keep its log with --out DIR",
                )
            time.sleep(LOOK_S)

    def close(self) -> None:
        if self._process is not None:
            child_process.end(self._process, GRACE_S)

    def _check(self) -> None:
        code = self._process.poll() if self._process is not None else None
        if code is not None:
            said = self._log.read_text(errors="replace").strip().splitlines() or ["nothing said"]
            raise EnvironmentUnsupported(
                f"the controller {self._setting.controller} ended with code {code}: {said[-1]}"
            )


def steering(setting: Setting, scratch: Path, out_dir: Path) -> LabSteering | None:
    """None for switches without a controller."""
    if setting.controller == NONE:
        return None
    if setting.controller == ALL_PAIRS:
        framework, virtual = setting.framework, setting.virtual
        assert setting.program is not None
        return AllPairs(setting.program, framework, scratch, out_dir, patient=virtual)
    if setting.controller == REMOTE:
        return Remote()
    return App(setting, out_dir)
