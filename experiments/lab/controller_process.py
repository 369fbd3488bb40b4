"""The controller as a run sees it: a process, the line it reports on, and what to ask of it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from corridor.controller.forwarding.program import Program
from corridor.experiments.lab.lines import LineReader
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported, MeasurementInvalid
from corridor.topologies.base.places import IMPORT_ROOT
from corridor.topologies.emulation.ovsdb import Progress, die_with_parent

TIMEOUT_S = 120.0


class ControllerProcess:
    """The controller process and the line it reports on."""

    def __init__(self, plan: Plan, scratch: Path, out_dir: Path) -> None:
        self._plan = plan
        self._program = scratch / "program.json"
        self._address = scratch / "status.sock"
        self._log_path = out_dir / "controller.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lines: LineReader | None = None
        self._status: socket.socket | None = None
        self._ready = False
        self.port = free_port()

    def start(self) -> None:
        self._program.write_text(json.dumps(to_plain(self._plan.program)))
        self._listener.bind(str(self._address))
        self._listener.listen(1)
        environment = dict(
            os.environ,
            CORRIDOR_FRAMEWORK=self._plan.framework,
            CORRIDOR_PROGRAM=str(self._program),
            CORRIDOR_STATUS=str(self._address),
        )
        patience = ["--patient"] if self._plan.job["clock"] == "virtual" else []
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "corridor.controller.apps.main",
                    "--port",
                    str(self.port),
                    *patience,
                ],
                cwd=IMPORT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def wait_ready(self, progress: Progress = lambda _what, _done, _of: None) -> dict[str, Any]:
        """Tables in and wiring as declared; raises with the reason otherwise."""
        self._connect()
        message = self._expect("ready", TIMEOUT_S, progress)
        if message is None:
            report = self._ask({"do": "report"}, "report") or {}
            raise EnvironmentUnsupported(
                f"the controller is not ready after {TIMEOUT_S:g} s: {_missing(report)}",
                f"see {self._log_path.name} in the result folder",
            )
        self._ready = True
        return {key: value for key, value in message.items() if key != "event"}

    def exchange(self, program: Program) -> None:
        """Have the switches that are connected hold another program; ``wait_ready`` for it."""
        assert self._status is not None
        self._program.write_text(json.dumps(to_plain(program)))
        order = {"do": "program", "from": str(self._program)}
        self._status.sendall((json.dumps(order) + "\n").encode())

    def dump(self, target: Path) -> None:
        """Write what the switches say they hold."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._ask({"do": "dump", "to": str(target)}, "dumped") is None:
            raise MeasurementInvalid(f"the switches did not answer for {target.name}")

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._process.wait()
        self._listener.close()

    def _connect(self) -> None:
        if self._status is not None:
            return
        self._listener.settimeout(0.2)
        deadline = time.monotonic() + TIMEOUT_S
        while self._status is None:
            with contextlib.suppress(TimeoutError):
                self._status, _ = self._listener.accept()
            if self._status is None:
                self._check_alive()
                if time.monotonic() > deadline:
                    raise EnvironmentUnsupported("the controller does not report", self._log_hint())
        self._lines = LineReader(self._status.fileno())

    def _ask(self, message: dict[str, Any], answer: str) -> dict[str, Any] | None:
        assert self._status is not None
        try:
            self._status.sendall((json.dumps(message) + "\n").encode())
        except OSError:
            self._check_alive()
        return self._expect(answer, TIMEOUT_S)

    def _expect(
        self,
        event: str,
        timeout_s: float,
        progress: Progress = lambda _what, _done, _of: None,
    ) -> dict[str, Any] | None:
        """The next message of a kind, or None if nothing comes for so long."""
        assert self._lines is not None
        deadline = time.monotonic() + timeout_s
        while line := self._lines.next(deadline - time.monotonic()):
            message: dict[str, Any] = json.loads(line)
            if message["event"] == event:
                return message
            if message["event"] == "step":
                progress(message["name"], message["done"], message["of"])
                deadline = time.monotonic() + timeout_s
            if message["event"] == "error":
                raise EnvironmentUnsupported(message["message"], self._log_hint())
        if line is None:
            return None
        self._check_alive()
        raise MeasurementInvalid("the controller closed its line", self._log_hint())

    def _check_alive(self) -> None:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(0.2)
            said = self._log_path.read_text(errors="replace").strip().splitlines()
            reason = f": {said[-1]}" if said else ""
            kind = MeasurementInvalid if self._ready else EnvironmentUnsupported
            raise kind(f"the controller ended with code {code}{reason}", self._log_hint())

    def _log_hint(self) -> str:
        return f"see {self._log_path.name} in the result folder"


def _missing(report: dict[str, Any]) -> str:
    parts = [
        f"{len(report.get(key, []))} {text} ({', '.join(map(str, report[key][:3]))} ...)"
        for key, text in (
            ("missing_switches", "switches without tables"),
            ("missing_links", "fibres not seen by LLDP"),
            ("wrong_links", "fibres wired other than declared"),
        )
        if report.get(key)
    ]
    return "; ".join(parts) or "no switch has connected"


def free_port() -> int:
    """Of this machine's loopback, at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
