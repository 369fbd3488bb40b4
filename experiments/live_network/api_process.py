"""Processes that serve a live network over HTTP: its API, and its page. They end with this one.

A network is not at the mercy of them: one that dies is started again at the same port.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from corridor.topologies.base import child_process
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import IMPORT_ROOT, require
from corridor.topologies.base.json_lines import LineReader
from corridor.topologies.base.slowness import patient

READY_S = 30.0
END_S = 5.0
RESTART_S = 1.0
MOST_RESTARTS, RESTARTS_WITHIN_S = 5, 60.0
"""A process that dies more often has a reason that a new process does not change."""
type Say = Callable[[str], object]


class ServingProcess:
    """``python -m MODULE``, which says where it listens. Raises EnvironmentUnsupported."""

    def __init__(
        self, what: str, module: str, words: Sequence[str], log: Path, *, end_s: float = END_S
    ) -> None:
        """``what`` it is, for people; what it complains of goes to ``log``."""
        require(f"the {what}", "page")
        self._what = what
        self._log = log
        self._end_s = end_s
        with log.open("ab") as file:
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
        """Wait until the process ends; return how it ended, with the last line that it logged."""
        code = self._process.wait()
        if code < 0:  # its last line then reports an earlier request
            return f"signal {-code} ended it"
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
        why = self.wait() if line == b"" else f"it did not answer within {patient(READY_S):.0f} s"
        raise EnvironmentUnsupported(f"no {self._what}: {why}", f"see {self._log}")


class Restarted:
    """A serving process; another one takes its port when it dies."""

    def __init__(
        self,
        start: Callable[[int | None], ServingProcess],
        what: str,
        port: int | None,
        say: Say,
        lost: Callable[[], object] = lambda: None,
    ) -> None:
        """``start`` starts one at a port; ``lost`` is called if no further one is started.

        Raises EnvironmentUnsupported if the first one does not start.
        """
        self._start, self._what, self._say, self._lost = start, what, say, lost
        self._leaving = False
        self._starting = threading.Lock()
        self._process = start(port)
        self.url = self._process.url
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        with self._starting:  # one that is just being started ends as well
            self._leaving = True
            self._process.close()

    def _watch(self) -> None:
        """This thread outlives every process that it starts: a process dies with its thread."""
        died_s: list[float] = []
        while True:
            why = self._process.wait()
            with self._starting:
                if self._leaving:
                    return
                died_s = [one for one in died_s if one > time.monotonic() - RESTARTS_WITHIN_S]
                died_s.append(time.monotonic())
                problem = f"it died {len(died_s)} times in {RESTARTS_WITHIN_S:.0f} s, last: {why}"
                if len(died_s) <= MOST_RESTARTS:
                    time.sleep(RESTART_S)
                    self._say(f"{self._what} is started again: {why}")
                    try:
                        self._process = self._start(int(self.url.rpartition(":")[2]))
                        continue
                    except EnvironmentUnsupported as failure:
                        problem = str(failure)
                self._say(f"{self._what} is gone: {problem}")
            self._lost()
            return


class ApiProcess(ServingProcess):
    """The HTTP API of a live network as its controller sees it."""

    def __init__(self, control: Path, token_file: Path, port: int | None, log: Path) -> None:
        words = ["--control", str(control), "--token-file", str(token_file)]
        words += [] if port is None else ["--port", str(port)]
        super().__init__("API of the network", "corridor.controller.api", words, log)
