"""Controllers that are forked from a process that has imported everything, and is none itself.

A controller that starts as a Python program imports for most of its CPU time, and tests of restarts
start dozens of them. Each of these is a process with its own memory, session and sockets all the
same, begins with its options as any other, and may be killed; it is a child of the process that
asked for it. Only what the modules look like after their import is shared.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO
from unittest.mock import patch

from corridor.experiments.lab import controller_process
from corridor.topologies.base import child_process
from corridor.topologies.base.installation import IMPORT_ROOT

MODULE = "tests.chaos.forked_controllers"
PROGRAM = "tests.chaos.crash_injection"
IMPORTED = (
    "corridor.controller.reconcile.app_status",
    "corridor.controller.traffic_engineering.fit_rates",
    "corridor.controller.openflow.channel",
    "corridor.controller.openflow.table_dump",
    "corridor.controller.openflow.wiring_check",
    "corridor.controller.reconcile.beside",
    "corridor.controller.reconcile.control",
    "corridor.controller.reconcile.deployer",
    "corridor.controller.reconcile.reconciler",
)
"""By the app, which is itself imported by each controller: it reads its options as it is."""
PR_SET_CHILD_SUBREAPER = 36
MOST_OCTETS = 1 << 16
GRACE_S = 5.0
_fork, _waitpid = os.fork, os.waitpid
"""As they are before eventlet puts others in their place."""


class Forked:
    """A controller, as far as its caller needs ``subprocess.Popen``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            ended = os.pidfd_open(self.pid)
            try:
                select.select([ended], [], [], timeout)
            finally:
                os.close(ended)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired([PROGRAM], timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@contextlib.contextmanager
def forked_controllers(framework: str) -> Iterator[None]:
    """While entered, controllers of this process that are to run ``PROGRAM`` are forked."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = child_process.start(
                [sys.executable, "-m", MODULE],
                more_environment={"CORRIDOR_FRAMEWORK": framework},
                stdin=theirs.fileno(),
                cwd=IMPORT_ROOT,
            )

        def start(
            listens: Path | int,
            options: Mapping[str, str],
            *,
            program: Sequence[str],
            patient: bool,
            log: IO[bytes],
        ) -> Forked:
            """As ``start_controller`` does, of the one program and framework."""
            assert (tuple(program), options["framework"]) == (("-m", PROGRAM), framework)
            words = ["--socket", str(listens), *(["--patient"] if patient else [])]
            environment = {f"CORRIDOR_{name.upper()}": said for name, said in options.items()}
            asked = json.dumps([words, environment]).encode()
            socket.send_fds(ours, [asked], [log.fileno()])
            return Forked(int(_line(ours)))

        try:
            with patch.object(controller_process, "start_controller", start):
                yield
        finally:
            child_process.end(process, GRACE_S)


def _line(connection: socket.socket) -> bytes:
    said = b""
    while not said.endswith(b"\n"):
        more = connection.recv(MOST_OCTETS)
        assert more, "the process that controllers are forked from has ended"
        said += more
    return said


def serve(asking: socket.socket) -> list[str] | None:
    """Fork a controller for each request: its words where this returns in it, None at the end."""
    while True:
        asked, files, *_ = socket.recv_fds(asking, MOST_OCTETS, 1)
        if not asked:
            return None
        (log,) = files
        between = _fork()
        if between == 0:
            if (pid := _fork()) == 0:
                words, environment = json.loads(asked)
                _become(log, environment)
                return list(words)
            asking.sendall(b"%d" % pid)
            os._exit(0)
        os.close(log)
        _waitpid(between, 0)  # then the controller is a child of the one who asked
        asking.sendall(b"\n")


def _become(log: int, environment: Mapping[str, str]) -> None:
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for number, own in enumerate((null, log, log)):
        os.dup2(own, number)
    os.environ.update(environment)


def main() -> int:
    asking = socket.socket(fileno=os.dup(0))
    injection = importlib.import_module(PROGRAM)
    framework = injection.app_main.framework
    if framework.FRAMEWORK == "ryu":
        framework.hub.patch()
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # or each controller copies the pages of all objects as it looks at them
    words = serve(asking)
    if words is None:
        return 0
    asking.close()
    if framework.FRAMEWORK == "ryu":
        importlib.import_module("eventlet.hubs").use_hub()
    sys.argv = [PROGRAM, *words]
    injection.app_main._app = injection.app_that_dies
    return int(injection.app_main.main())


if __name__ == "__main__":
    sys.exit(main())
