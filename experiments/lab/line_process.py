"""Processes next to the run that exchange JSON lines with it: agents, monitor, controller.

Agents and the monitor do so on their standard streams; a controller reports on a line, and is asked
over it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from corridor.controller.openflow.installation import Report
from corridor.topologies.base.errors import EnvironmentUnsupported, MeasurementInvalid
from corridor.topologies.base.json_lines import LineReader, encode, tell
from corridor.topologies.base.named_tuples import from_plain
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.netlink import shapes
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.launcher import SEVERAL
from corridor.traffic.agents.launcher import command as agents_command
from corridor.traffic.agents.monitor import command as monitor_command
from corridor.traffic.agents.transits import Seen


class Failed(TypedDict):
    """Why a process ends, and of which host or hub it is."""

    reason: str
    host: NotRequired[str | None]
    hub: NotRequired[str | None]


class LineProcess:
    """``name`` is what failures call it.

    Each kind of process says which messages it has: see its class.
    """

    def __init__(self, command: Sequence[str], name: str) -> None:
        self._name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._lines = LineReader(self._process.stdout.fileno())
        self.passed_over: list[Mapping[str, Any]] = []
        """Messages that came while another was waited for."""

    def tell(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(encode(message))
            self._process.stdin.flush()

    def wait(self, kind: str, timeout_s: float | None) -> Any:
        """What the next message of a kind says under that name; all of it, if that is not an
        object.

        Raises if the process fails, ends or stays silent instead.
        """
        while line := self._lines.next(timeout_s):
            message: Mapping[str, Any] = json.loads(line)
            if kind in message:
                value = message[kind]
                return value if isinstance(value, dict) else message
            if "failed" in message:
                raise EnvironmentUnsupported(_failure(message["failed"]))
            self.passed_over.append(message)
        if line is None:
            raise MeasurementInvalid(f"{self._name} said no {kind!r} in {timeout_s:g} s")
        code = self._process.wait()
        raise MeasurementInvalid(f"{self._name} ended with code {code} before {kind!r}")

    def wait_ready(self, kind: str, timeout_s: float) -> Any:
        """``wait``, for constructors: a process that is not ready is ended."""
        try:
            return self.wait(kind, timeout_s)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Have it end, and wait for it."""
        self._process.terminate()
        self._process.wait()


def _failure(failed: Failed) -> str:
    kind = "host" if "host" in failed else "hub"
    place = failed.get("host", failed.get("hub"))
    return f"{kind} {place}: {failed['reason']}" if place else failed["reason"]


# The traffic agents as a run sees them: their launcher's process and its lines.


class AgentsProcess(LineProcess):
    """The launcher of the traffic agents: for one job, or without one for all that ``begin``
    names, one after another."""

    def __init__(self, job_path: Path | None = None) -> None:
        super().__init__(agents_command(str(job_path or SEVERAL)), "the traffic agents")

    def begin(self, job_path: Path) -> None:
        """Returns at once; the one before it must be done."""
        self.tell({"job": str(job_path)})

    def stop(self) -> None:
        """Send nothing more; what is in flight is awaited for as long as the job lingers."""
        self.tell({"stop": True})


# The monitor of fibres as a run sees it: its process and its lines.

TIMEOUT_S = 30.0


class MonitorProcess(LineProcess):
    """Sees every frame sent onto a fibre from when it is made until ``stop``."""

    def __init__(self, wiring: Wiring, config_path: Path, out_path: Path) -> None:
        config = {"interfaces": list(shapes(wiring)), "out": str(out_path)}
        config_path.write_text(json.dumps(config))
        self._out_path = out_path
        super().__init__(monitor_command(str(config_path)), "the monitor")
        self.wait_ready("ready", patient(TIMEOUT_S))

    def split(self) -> None:
        """Count what is sent from now on separately: other policies may be in force for it."""
        self.tell({"do": "split"})
        self.wait("split", patient(TIMEOUT_S))

    def take(self) -> Seen:
        """What was seen since it was made, or since the last time; it goes on."""
        return self._told("take", "taken")

    def stop(self) -> Seen:
        """End it; what it wrote to ``out_path``."""
        return self._told("stop", "done")

    def _told(self, do: str, answer: str) -> Seen:
        self.tell({"do": do})
        self.wait(answer, patient(TIMEOUT_S))
        return from_plain(Seen, json.loads(self._out_path.read_text()))


Said = Mapping[str, Any]
"""A message of any controller: an ``event``, and its details."""


class Ready(Report):
    """Tables are in, and the wiring is as declared."""

    event: Literal["ready"]


class Reported(Report):
    """How far it has come, as asked."""

    event: Literal["report"]


class Dumped(TypedDict):
    """What switches say they hold is written."""

    event: Literal["dumped"]
    to: str


class Step(TypedDict):
    event: Literal["step"]
    name: str
    done: int
    of: int


class Error(TypedDict):
    event: Literal["error"]
    message: str


type Message = Ready | Reported | Dumped | Step | Error
"""Of a controller that holds one program."""


def listen_at(path: Path) -> socket.socket:
    """Where controllers connect to: their option ``status``."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(1)
    return listener


class StatusLine:
    """One controller's."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = LineReader(connection.fileno())

    def order(self, do: str, **what: str) -> None:
        """Raises OSError if the controller is gone."""
        tell(self._connection, {"do": do, **what})

    def next(self, timeout_s: float | None) -> Said | None:
        """Its next message, which has an ``event``; None when time has run out. Raises EOFError
        once the controller is gone; what it did not say to the end is lost."""
        line = self._lines.next(timeout_s)
        if line == b"":
            raise EOFError
        return None if line is None else json.loads(line)
