"""Carry out plans on one network: ``python -m corridor.experiments.lab.serving FOLDER CONSOLE``.

Each line of the console names a folder under FOLDER that holds a plan; the outcome of it goes
there. In a guest with the virtual clock, whose time stands still between plans if its caller stops
it. Each plan finds the clock at the same second, and so do all who carry it out elsewhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import tempfile
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path

from corridor.experiments.lab.execute import perform
from corridor.experiments.lab.reusable_network import ReusableNetwork, stand
from corridor.experiments.lab.run_events import emit, failures_told, stop
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.seconds import NS_PER_S

ADJ_SETOFFSET = 0x0100


def serve(folder: Path, console: int) -> None:
    """Carry out the plans that lines of the console name, until it closes."""
    first_s = time.time_ns() // NS_PER_S
    standing: ReusableNetwork | None = None
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="corridor-")))
        for line in _lines(console):
            out_dir = folder / line
            plan = from_plain(Plan, json.loads((out_dir / "raw" / "plan.json").read_text()))
            if standing is None:
                standing = stack.enter_context(stand(plan, scratch, out_dir, emit))
            else:
                _set_back((time.time_ns() // NS_PER_S) - first_s)
                emit({"event": "phase", "name": "build"})
                standing.renew(plan)
                emit({"event": "built", "private_openvswitch": True})
            perform(standing, out_dir / "raw", out_dir, emit)
            emit({"event": "phase", "name": "teardown"})
            emit({"event": "phase", "name": "end"})


def _set_back(seconds: int) -> None:
    """Set the clock back by whole seconds, so that each plan sees the same ones.

    By an offset: reading a clock and setting it to what was read would lose the time between.
    """
    timex = (ctypes.c_long * 32)()
    timex[0] = ADJ_SETOFFSET
    timex[9] = -seconds
    if ctypes.CDLL(None, use_errno=True).adjtimex(timex) < 0:
        raise OSError(ctypes.get_errno(), "the clock cannot be set back")


def _lines(console: int) -> Iterator[str]:
    waiting = b""
    while piece := _read(console):
        *whole, waiting = (waiting + piece).split(b"\n")
        yield from (line.decode() for line in whole)


def _read(console: int) -> bytes:
    """Empty at the end: a console whose other end has gone is an error to read."""
    try:
        return os.read(console, 1 << 12)
    except OSError:
        return b""


def main(arguments: list[str]) -> int:
    folder, path = Path(arguments[0]), arguments[1]
    signal.signal(signal.SIGTERM, stop)
    console = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(console, termios.TCSANOW)
    emit({"event": "standing"})
    return failures_told(lambda: serve(folder, console))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
