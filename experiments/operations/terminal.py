"""A program at a hub, as if it ran here: its output as it comes, our input, its exit code."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from corridor.experiments.operations.door import Client
from corridor.experiments.operations.images import Image
from corridor.experiments.operations.requests import data_of, octets
from corridor.topologies.base.errors import CorridorError

WAIT_S = 1.0
INPUT_BYTES = 16_384
BY_SIGNAL = 128
STDIN = 0


def pieces(client: Client, program: int) -> Iterator[tuple[bytes, bytes, int | None]]:
    """What a program says as it comes, and in the end its exit code."""
    code = None
    while code is None:
        said = client.ask("read", program=program, wait_s=WAIT_S)
        code = said["code"]
        yield data_of(said["out"]), data_of(said["err"]), code


def run(
    client: Client, hub: str, command: list[str], *, feed: bool, image: Image | None = None
) -> int:
    """Its exit code, or 128 and the signal that ended it. With ``feed`` our input is its own.

    Ctrl-C goes to the program; a second one ends it.
    """
    asked = client.ask("run", hub=hub, command=command, **_in(image))
    return _piped(client, asked["program"], feed=feed)


def shell(client: Client, hub: str, command: list[str], image: Image | None = None) -> int:
    """The same at a separate terminal, with the keys and the size of this one."""
    more = {"terminal": _size(), **_kind(), **_in(image)}
    asked = client.ask("run", hub=hub, command=command, **more)
    return _at_terminal(client, asked["program"])


def mininet(client: Client, *, at_terminal: bool) -> int:
    """Mininet's shell, at a terminal or for the lines of our input."""
    if at_terminal:
        return _at_terminal(client, client.ask("mininet", terminal=_size(), **_kind())["program"])
    return _piped(client, client.ask("mininet")["program"], feed=True)


def _piped(client: Client, program: int, *, feed: bool) -> int:
    if feed:
        _in_background(_feed, client, program)
    else:
        client.ask("write", program=program)
    with _passing_on(client, program):
        return _said(client, program)


def _at_terminal(client: Client, program: int) -> int:
    with _raw(), _resized(client, program):
        _in_background(_feed, client, program)
        return _said(client, program)


def _in(image: Image | None) -> dict[str, Any]:
    if image is None:
        return {}
    of = image.settings
    settings = {"environment": dict(of.environment), "folder": of.folder, "user": of.user}
    return {"image": {"id": image.id, **settings}}


def _kind() -> dict[str, str]:
    """Of our terminal."""
    return {"term": os.environ["TERM"]} if "TERM" in os.environ else {}


def _said(client: Client, program: int) -> int:
    code = 0
    for out, err, ended in pieces(client, program):
        _write(sys.stdout.buffer, out)
        _write(sys.stderr.buffer, err)
        code = 0 if ended is None else ended
    return code if code >= 0 else BY_SIGNAL - code


def _write(stream: BinaryIO, data: bytes) -> None:
    if data:
        stream.write(data)
        stream.flush()


def _in_background(what: Callable[..., None], *words: Any) -> None:
    threading.Thread(target=what, args=words, daemon=True).start()


def _feed(client: Client, program: int) -> None:
    """Until our input ends, or no one takes it any more."""
    with contextlib.suppress(CorridorError, OSError):
        while True:
            select.select([STDIN], [], [])
            data = os.read(STDIN, INPUT_BYTES)
            if not data:
                client.ask("write", program=program)
                return
            while data:
                taken = client.ask("write", program=program, data=octets(data))["taken"]
                if taken is None:
                    return
                data = data[taken:]


@contextlib.contextmanager
def _passing_on(client: Client, program: int) -> Iterator[None]:
    """The first Ctrl-C goes to the program."""
    before = signal.getsignal(signal.SIGINT)
    if before in (signal.SIG_IGN, None) or threading.current_thread() != threading.main_thread():
        yield
        return

    def pass_on(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        _in_background(_signal, client, program)

    signal.signal(signal.SIGINT, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _signal(client: Client, program: int) -> None:
    with contextlib.suppress(CorridorError):
        client.ask("signal", program=program, number=int(signal.SIGINT))


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Every key as it is typed."""
    before = termios.tcgetattr(STDIN)
    tty.setraw(STDIN)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _resized(client: Client, program: int) -> Iterator[None]:
    before = signal.getsignal(signal.SIGWINCH)
    signal.signal(signal.SIGWINCH, lambda *_: _in_background(_resize, client, program))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def _resize(client: Client, program: int) -> None:
    with contextlib.suppress(CorridorError):
        client.ask("resize", program=program, terminal=_size())


def _size() -> list[int]:
    size = shutil.get_terminal_size()
    return [size.lines, size.columns]
