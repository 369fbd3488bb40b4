"""Mininet's command line at the terminal where a live network was brought up."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

from corridor.experiments.run.event_log import Say
from corridor.topologies.base.closing import Closing

COMMAND = (sys.executable, "-P", "-m", "corridor.experiments.cli", "mininet", "--network")


class ShellProcess(Closing):
    """``corridor mininet`` for the network of a name, with this terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self.code: int | None = None
        """Of its exit, if it ended before its network did."""

    def until_it_runs(self, say: Say) -> Say:
        """The same, but for what would be said into the shell's lines."""

        def quietly(text: str) -> None:
            if self._process is None or self.code is not None:
                say(text)

        return quietly

    def start(self, then: Callable[[], object]) -> None:
        """Returns at once; ``then`` is called when it has been left."""
        self._process = subprocess.Popen([*COMMAND, self._name])
        threading.Thread(target=self._wait, args=(self._process, then), daemon=True).start()

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _wait(self, process: subprocess.Popen[bytes], then: Callable[[], object]) -> None:
        self.code = process.wait()
        then()
