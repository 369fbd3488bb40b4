"""Who steers the switches of a lab: all pairs, an app of somebody's, or nobody of ours."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from corridor.experiments.lab.controller_process import GRACE_S, ControllerProcess, free_port
from corridor.experiments.own_programs.setting import ALL_PAIRS, NONE, REMOTE, REMOTE_PORT, Setting
from corridor.topologies.base import child_process
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.controller_start import CONTROLLER, start_controller
from corridor.topologies.emulation.network import CorridorNet

TIMEOUT_S = 120.0
LOOK_S = 0.2
LOG = "controller.log"


class Steering(Protocol):
    port: int

    def start(self, net: CorridorNet) -> None:
        """Returns when the network is steered; raises what hinders that."""


class AllPairs:
    """The tables for every pair of hubs."""

    def __init__(self, setting: Setting, scratch: Path, out_dir: Path, stack: ExitStack) -> None:
        assert setting.program is not None
        self._process = ControllerProcess(
            setting.program, setting.framework, scratch, out_dir, patient=setting.virtual
        )
        stack.callback(self._process.close)
        self.port = self._process.port

    def start(self, _net: CorridorNet) -> None:
        self._process.start()
        self._process.wait_ready()


class Remote:
    """One that the program is, or starts."""

    port = REMOTE_PORT

    def start(self, net: CorridorNet) -> None:
        """Nothing: it comes when it comes."""


class App:
    """An app of Ryu's or os-ken's; the network is steered when it has all switches."""

    def __init__(self, setting: Setting, out_dir: Path, stack: ExitStack) -> None:
        self._setting = setting
        self._log = out_dir / LOG
        self._stack = stack
        self.port = free_port()

    def start(self, net: CorridorNet) -> None:
        program = (*CONTROLLER, "--app", self._setting.controller)
        options = {"framework": self._setting.framework}
        with self._log.open("wb") as log:
            process = start_controller(
                self.port, options, program=program, patient=self._setting.virtual, log=log
            )
        self._stack.callback(child_process.end, process, GRACE_S)
        deadline = time.monotonic() + TIMEOUT_S
        while not all(switch.connected() for switch in net.switches):
            self._check(process)
            if time.monotonic() > deadline:
                raise EnvironmentUnsupported(
                    f"{self._setting.controller} does not have every switch after {TIMEOUT_S:g} s",
                    "keep its log with --out DIR",
                )
            time.sleep(LOOK_S)

    def _check(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is not None:
            said = self._log.read_text(errors="replace").strip().splitlines() or ["nothing said"]
            raise EnvironmentUnsupported(
                f"the controller {self._setting.controller} ended with code "
                f"{process.returncode}: {said[-1]}"
            )


def steering(setting: Setting, scratch: Path, out_dir: Path, stack: ExitStack) -> Steering | None:
    """What ``stack`` ends; None for switches without a controller."""
    if setting.controller == NONE:
        return None
    if setting.controller == ALL_PAIRS:
        return AllPairs(setting, scratch, out_dir, stack)
    if setting.controller == REMOTE:
        return Remote()
    return App(setting, out_dir, stack)
