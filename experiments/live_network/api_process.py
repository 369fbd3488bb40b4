"""The HTTP API of a live network as its controller sees it: a process that ends with this one."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

from corridor.experiments.lab.lines import LineReader
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.places import IMPORT_ROOT
from corridor.topologies.emulation.ovsdb import die_with_parent

READY_S = 30.0
END_S = 5.0


class ApiProcess:
    """``url`` is where it listens, on the loopback interface. Raises EnvironmentLacking."""

    def __init__(self, control: Path, token_file: Path, port: int | None, log: Path) -> None:
        words = ["--control", str(control), "--token-file", str(token_file)]
        words += [] if port is None else ["--port", str(port)]
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "corridor.controller.api", *words],
                cwd=IMPORT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        try:
            self.url = self._wait_ready()
        except BaseException:
            self.close()
            raise

    def wait(self) -> str:
        """Wait until it ends; how it did, with its last words."""
        code = self._process.wait()
        said = self._log.read_text(errors="replace").strip().splitlines()
        return f"it ended with code {code}" + (f": {said[-1]}" if said else "")

    def close(self) -> None:
        """Have it end, and wait for it."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._process.kill()
        self._process.wait()

    def _wait_ready(self) -> str:
        assert self._process.stdout is not None
        line = LineReader(self._process.stdout.fileno()).next(READY_S)
        said = json.loads(line) if line else {}
        if "ready" in said:
            return str(said["ready"]["url"])
        if "failed" in said:
            raise EnvironmentUnsupported(f"no API of the network: {said['failed']['reason']}")
        why = self.wait() if line == b"" else f"it said nothing in {READY_S:g} s"
        raise EnvironmentUnsupported(f"no API of the network: {why}", f"see {self._log}")
