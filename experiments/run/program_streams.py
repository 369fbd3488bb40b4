"""The host's end of a guest's standard streams: files that are followed, or a terminal's line."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from corridor.experiments.run.event_log import Say
from corridor.experiments.run.program_setting import STDERR, STDIN, STDIN_ENDS, STDOUT

PIECE = 65536
LOOK_S = 0.03
TOLD_AFTER_S = 1.0
type Leave = Callable[[BaseException], None]
"""Ends the guest; the exception says why."""
LEAVE_KEY = b"\x1d"
"""Ctrl-], as in telnet: ends the guest, whatever runs in it."""


def at_a_terminal() -> bool:
    """Whether someone types and reads here."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def has_input() -> bool:
    """Whether standard input is for the program: that of a terminal is not, without the other."""
    return sys.stdin is not None and not sys.stdin.isatty()


def take_in(folder: Path, say: Say) -> None:
    """All of standard input, for a guest whose time does not wait for more."""
    with (folder / STDIN).open("wb") as file:
        if not select.select([0], [], [], TOLD_AFTER_S)[0]:
            say("reading standard input to its end; </dev/null gives none")
        while piece := os.read(0, PIECE):
            file.write(piece)


@contextlib.contextmanager
def files_followed(folder: Path, gone: Leave) -> Iterator[None]:
    """Print what a program writes to its output files; all of it is printed when this is left.

    ``gone`` is called when no one reads it any more.
    """
    ended = threading.Event()

    def follow(source: IO[bytes], target: int) -> None:
        try:
            last = False
            while not last:
                last = ended.wait(LOOK_S)
                while piece := source.read(PIECE):
                    _write(target, piece)
        except BrokenPipeError as error:
            gone(error)

    with (
        (folder / STDOUT).open("w+b", buffering=0) as said,
        (folder / STDERR).open("w+b", buffering=0) as complained,
    ):
        threads = [
            threading.Thread(target=follow, args=words, daemon=True)
            for words in ((said, 1), (complained, 2))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def put_input(folder: Path) -> None:
    """In a separate thread: standard input as it comes, for a guest that follows."""
    (folder / STDIN).touch()

    def put() -> None:
        with contextlib.suppress(OSError):  # the folder goes when no one needs it any more
            with (folder / STDIN).open("ab", buffering=0) as file:
                while piece := os.read(0, PIECE):
                    file.write(piece)
            (folder / STDIN_ENDS).touch()

    threading.Thread(target=put, daemon=True).start()


@contextlib.contextmanager
def terminal_passed_on(line: socket.socket, leave: Leave) -> Iterator[None]:
    """Every key to the line and every byte of it to the terminal, until the line ends."""
    before = termios.tcgetattr(0)
    wakes, wake = os.pipe()

    def keys() -> None:
        with contextlib.suppress(OSError):
            while True:
                ready = select.select([0, wakes], [], [])[0]
                if wakes in ready:
                    return
                piece = os.read(0, PIECE)
                if not piece or LEAVE_KEY in piece:
                    leave(KeyboardInterrupt())
                    return
                line.sendall(piece)

    def shown() -> None:
        with contextlib.suppress(OSError):
            while piece := line.recv(PIECE):
                _write(1, piece)

    threads = [threading.Thread(target=one, daemon=True) for one in (keys, shown)]
    tty.setraw(0)
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        threads[1].join()
        os.write(wake, b".")
        threads[0].join()
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        os.close(wakes)
        os.close(wake)


def _write(target: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(target, piece) :]
