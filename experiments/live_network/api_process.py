"""Processes that serve a live network over HTTP: its API, and its page. They end with this one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from corridor.topologies.base import child_process
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.json_lines import LineReader
from corridor.topologies.base.places import IMPORT_ROOT
from corridor.topologies.base.slowness import patient

READY_S = 30.0
END_S = 5.0


class ServingProcess:
    """``python -m MODULE``, which says where it listens. Raises EnvironmentUnsupported."""

    def __init__(
        self, what: str, module: str, words: Sequence[str], log: Path, *, end_s: float = END_S
    ) -> None:
        """``what`` it is, for people; what it complains of goes to ``log``."""
        self._what = what
        self._log = log
        self._end_s = end_s
        with log.open("wb") as file:
            self._process = child_process.start(
                [sys.executable, "-m", module, *words],
                stdout=subprocess.PIPE,
                stderr=file,
                own_session=True,
                cwd=IMPORT_ROOT,
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
        child_process.end(self._process, self._end_s)

    def _wait_ready(self) -> str:
        assert self._process.stdout is not None
        line = LineReader(self._process.stdout.fileno()).next(patient(READY_S))
        said = json.loads(line) if line else {}
        if "ready" in said:
            return str(said["ready"]["url"])
        if "failed" in said:
            raise EnvironmentUnsupported(f"no {self._what}: {said['failed']['reason']}")
        why = self.wait() if line == b"" else f"it said nothing in {patient(READY_S):.0f} s"
        raise EnvironmentUnsupported(f"no {self._what}: {why}", f"see {self._log}")


class ApiProcess(ServingProcess):
    """The HTTP API of a live network as its controller sees it."""

    def __init__(self, control: Path, token_file: Path, port: int | None, log: Path) -> None:
        words = ["--control", str(control), "--token-file", str(token_file)]
        words += [] if port is None else ["--port", str(port)]
        super().__init__("API of the network", "corridor.controller.api", words, log)
