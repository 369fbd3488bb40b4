"""A program at a terminal of a given size: what it writes, until it ends or says something."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>()][A-Z0-9]?|[\r\x07]|.\x08")
"""What moves a cursor or changes a colour."""
CORRIDOR = [sys.executable, "-m", "corridor.experiments.cli"]
STATED = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "COLORTERM")
"""Variables by which a user states what the terminal can show."""


class Terminal:
    """Use it in a ``with``; the program is killed when that is left."""

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str], columns: int = 80
    ) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        self._program = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=_take_it,
        )
        os.close(theirs)
        self.written = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()
        self._program.wait()
        os.close(self._ours)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, words: str, patience_s: float = 30.0) -> str:
        """Everything since the last call, once it says the words; else AssertionError."""
        return self._read(words, patience_s)

    def to_the_end(self, patience_s: float = 90.0) -> tuple[int, str]:
        """The exit code, and everything since the last call."""
        said = self._read(None, patience_s)
        return self._program.wait(timeout=10), said

    def _read(self, words: str | None, patience_s: float) -> str:
        said, end = "", time.monotonic() + patience_s
        while words is None or words not in CODES.sub("", said):
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{words!r} was not said:\n{said!r}"
            try:
                part = os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # the last one at the other side has gone
                part = ""
            if not part:
                assert words is None, f"it ended without {words!r}:\n{said!r}"
                break
            said += part
        self.written += said
        return said


def _take_it() -> None:
    """In the child: its standard input is what Ctrl-C comes from."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def screen(written: str) -> list[str]:
    """The lines that stay on a screen, if a line is only ever rewritten in whole."""
    lines = [""]
    for part in re.split(r"(\n|\r|\x1b\[[0-9;?]*[A-Za-z])", written.replace("\r\n", "\n")):
        match part:
            case "\n":
                lines.append("")
            case "\r" | "\x1b[2K":
                lines[-1] = ""
            case "\x1b[1A":
                lines.pop()
            case _ if not part.startswith("\x1b"):
                lines[-1] += part
    return [line.rstrip() for line in lines]


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what is stated of a terminal."""
    kept = {key: value for key, value in os.environ.items() if key not in STATED}
    return {**kept, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT / ".package"), **more}


def at_a_terminal(*words: str, columns: int = 80, **more: str) -> tuple[int, str]:
    """Return the exit code of ``corridor`` at a terminal, and all that it wrote."""
    with Terminal([*CORRIDOR, *words], environment(**more), columns) as terminal:
        return terminal.to_the_end()
