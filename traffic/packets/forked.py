"""What processes that fork children, and those children, have in common. Standard library only."""

from __future__ import annotations

import os
import signal
import socket
from types import FrameType
from typing import NoReturn, TypedDict

from corridor.topologies.base.child_process import die_with_parent


class StoppedError(Exception):
    """The runner went away, or asked for an end by a signal."""


class Ending(TypedDict):
    """How a process ended: by a signal or with an exit code."""

    signal: int | None
    exit: int | None


def stop_at_signals() -> None:
    """From now on SIGTERM and SIGINT raise StoppedError."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)


def become_child(channel: socket.socket, parent: int) -> None:
    """The first thing a forked process does.

    It dies with its parent, leaves Ctrl-C to it, and keeps of its descriptors only standard error
    and its end of ``channel``.
    """
    die_with_parent(parent=parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    own = channel.fileno()
    os.closerange(3, own)
    os.closerange(own + 1, 1 << 20)


def ending(status: int) -> Ending:
    """How a process ended, from its wait status."""
    code = os.waitstatus_to_exitcode(status)
    return {"signal": -code if code < 0 else None, "exit": code if code >= 0 else None}


def how(end: Ending) -> str:
    return f"killed by signal {end['signal']}" if end["signal"] else f"exited with {end['exit']}"


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    raise StoppedError(signal.Signals(signal_number).name)
