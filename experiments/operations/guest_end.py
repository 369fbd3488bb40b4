"""The guest's end of a line to the host: each request is put to the control socket here."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import termios
import threading
import tty
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from corridor.controller.api.control_client import ANSWER_S
from corridor.experiments.operations.guest_framing import (
    WINDOW_BYTES,
    Grant,
    Message,
    Unframer,
    framed,
)
from corridor.topologies.base.slowness import patient


def open_console(path: str) -> int:
    """A descriptor of a console that passes every byte on as it is."""
    console = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(console, termios.TCSANOW)
    return console


Answer = Callable[[bytes], bytes]
NOBODY: Mapping[str, Answer] = {}


def pump(line: int, control: Path, others: Mapping[str, Answer] = NOBODY) -> None:
    """Answer what comes over the line until it is closed; several requests at a time.

    What is not for the controller is answered by one of ``others``. Raises Garbled.
    """
    out = _Out(line)
    out.write(Grant(WINDOW_BYTES))
    unframer = Unframer()
    while piece := _read(line):
        for one in unframer.feed(piece):
            if isinstance(one, Message):
                answer = others.get(one.to) if one.to else partial(_asked, control)
                words = (one, answer or _nobody, out)
                threading.Thread(target=_answer, args=words, daemon=True).start()
        out.write(Grant(len(piece)))


class _Out:
    """Writes one after another; nothing once the other end has gone, which reading tells."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._lock = threading.Lock()

    def write(self, what: Message | Grant) -> None:
        rest = memoryview(framed(what))
        with self._lock, contextlib.suppress(OSError):
            while rest:
                rest = rest[os.write(self._line, rest) :]


def _read(line: int) -> bytes:
    """Empty at the end: a console whose other end has gone is an error to read."""
    try:
        return os.read(line, WINDOW_BYTES)
    except OSError:
        return b""


def _answer(request: Message, answer: Answer, out: _Out) -> None:
    out.write(Message(request.number, answer(request.body)))


def _nobody(_request: bytes) -> bytes:
    return _no("no process of that name is here")


def _asked(control: Path, request: bytes) -> bytes:
    """What the controller answers to a line, or why it does not."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.connect(str(control))  # waits; with a timeout it would not, if many do
            link.settimeout(patient(ANSWER_S))
            link.sendall(request + b"\n")
            with link.makefile("rb") as lines:
                answer = lines.readline().rstrip(b"\n")
    except OSError as problem:
        return _no(f"the controller does not listen: {problem.strerror or problem}")
    return answer or _no("the controller hung up")


def _no(reason: str) -> bytes:
    return json.dumps({"ok": False, "kind": "absent", "reason": reason}).encode()
