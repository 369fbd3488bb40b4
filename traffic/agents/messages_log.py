"""The outcome of messages and connections, as lines of JSON: ``messages-HOST.jsonl``.

Standard library only. A line is one of these; all times are CLOCK_REALTIME ns:

    {"c": 7, "open": [planned, established]}                     at the end that connects
    {"m": 3, "c": 7, "out": [intended, began, written]}          null for what has not been
    {"m": 3, "c": 7, "in": [first, completed]}
    {"c": 7, "info": [at, ...]}                                  SAMPLED of messages_info.py
    {"c": 7, "failed": "reset", "at_ns": ...}
    {"c": 7, "end": {"at_ns": ..., "sent": octets, "received": octets, ...}}

The file is only appended to: who is killed leaves whole lines, and at most the last of them torn.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence

from corridor.topologies.base.seconds import NS_PER_S

FLUSH_NS = NS_PER_S
"""No line waits longer."""


def file_name(host: str) -> str:
    return f"messages-{host}.jsonl"


class MessageLog:
    """Writes lines ``flush_lines`` at a time, and those left a second after the first of them."""

    def __init__(
        self, path: str, flush_lines: int, call_at: Callable[[int, Callable[[], None]], None]
    ) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._flush_lines = flush_lines
        self._call_at = call_at
        self._waiting: list[str] = []
        self._is_due = False

    def opened(self, connection: int, planned_ns: int, at_ns: int) -> None:
        self._add(f'{{"c":{connection},"open":[{planned_ns},{at_ns}]}}\n', at_ns)

    def sent(
        self, message: int, connection: int, intended_ns: int, began_ns: int, written_ns: int
    ) -> None:
        """0 for what has not been."""
        times = f"{intended_ns},{began_ns or 'null'},{written_ns or 'null'}"
        line = f'{{"m":{message},"c":{connection},"out":[{times}]}}\n'
        self._add(line, written_ns or intended_ns)

    def received(self, message: int, connection: int, first_ns: int, completed_ns: int) -> None:
        times = f"{first_ns},{completed_ns or 'null'}"
        line = f'{{"m":{message},"c":{connection},"in":[{times}]}}\n'
        self._add(line, completed_ns or first_ns)

    def sampled(self, connection: int, at_ns: int, values: Sequence[int]) -> None:
        text = ",".join(map(str, values))
        self._add(f'{{"c":{connection},"info":[{at_ns},{text}]}}\n', at_ns)

    def failed(self, connection: int, reason: str, at_ns: int) -> None:
        line = f'{{"c":{connection},"failed":{json.dumps(reason)},"at_ns":{at_ns}}}\n'
        self._add(line, at_ns)

    def ended(self, connection: int, at_ns: int, totals: Mapping[str, int]) -> None:
        text = json.dumps({"at_ns": at_ns, **totals}, separators=(",", ":"))
        self._add(f'{{"c":{connection},"end":{text}}}\n', at_ns)

    def flush(self) -> None:
        """Pages are given up at once: what kills a guest's kernel would take dirty ones with it."""
        left = memoryview("".join(self._waiting).encode())
        self._waiting.clear()
        while left:
            left = left[os.write(self._fd, left) :]
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        self.flush()
        os.close(self._fd)

    def _add(self, line: str, at_ns: int) -> None:
        self._waiting.append(line)
        if len(self._waiting) >= self._flush_lines:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            self._call_at(at_ns + FLUSH_NS, self._flush_due)

    def _flush_due(self) -> None:
        self._is_due = False
        self.flush()
