"""What a controller reports, as its runner: every message as it comes, and dumps on request."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from corridor.experiments.lab.status_line import Said, StatusLine, listen_at


class StatusReader:
    """Listens at ``path`` for one controller after another; ``hear`` gets what they say."""

    def __init__(self, path: Path, hear: Callable[[Said], object]) -> None:
        self.path = path
        self._hear = hear
        self._dumped = threading.Event()
        self._line: StatusLine | None = None
        self._listener = listen_at(path)
        threading.Thread(target=self._listen, daemon=True).start()

    def dump(self, target: Path, timeout_s: float) -> bool:
        """Have what switches say they hold written; whether it was, in time."""
        target.parent.mkdir(exist_ok=True)
        self._dumped.clear()
        try:
            if self._line is None:
                return False
            self._line.order("dump", to=str(target))
        except OSError:
            return False
        return self._dumped.wait(timeout_s)

    def _listen(self) -> None:
        while True:
            caller, _ = self._listener.accept()
            self._line = StatusLine(caller)
            threading.Thread(target=self._read, args=(caller, self._line), daemon=True).start()

    def _read(self, caller: socket.socket, line: StatusLine) -> None:
        with caller, contextlib.suppress(EOFError):
            while (said := line.next(None)) is not None:
                if said["event"] == "dumped":
                    self._dumped.set()
                else:
                    self._hear(said)
