"""What a controller reports, as its runner: every message as it comes, and dumps on request."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


class StatusReader:
    """Listens at ``path`` for one controller after another; ``hear`` gets what they say."""

    def __init__(self, path: Path, hear: Callable[[dict[str, Any]], object]) -> None:
        self.path = path
        self._hear = hear
        self._dumped = threading.Event()
        self._caller: socket.socket | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(1)
        threading.Thread(target=self._listen, daemon=True).start()

    def dump(self, target: Path, timeout_s: float) -> bool:
        """Have what switches say they hold written; whether it was, in time."""
        target.parent.mkdir(exist_ok=True)
        self._dumped.clear()
        order = json.dumps({"do": "dump", "to": str(target)}) + "\n"
        try:
            if self._caller is None:
                return False
            self._caller.sendall(order.encode())
        except OSError:
            return False
        return self._dumped.wait(timeout_s)

    def _listen(self) -> None:
        while True:
            caller, _ = self._listener.accept()
            self._caller = caller
            threading.Thread(target=self._read, args=(caller,), daemon=True).start()

    def _read(self, caller: socket.socket) -> None:
        with caller, caller.makefile("r") as lines:
            for line in lines:
                try:
                    said = json.loads(line)
                except ValueError:  # its controller was killed
                    return
                if said["event"] == "dumped":
                    self._dumped.set()
                else:
                    self._hear(said)
