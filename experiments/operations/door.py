"""The socket by which clients reach operations, at both ends: this user's alone, one client each.

When a connection ends, however it ends, that is passed on, and all that its client runs is ended.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from corridor.controller.api.control_client import NoAnswer
from corridor.experiments.operations.guest_lines import Ask, Server, serving
from corridor.experiments.operations.requests import line, no, numbered, unnumbered
from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.slowness import patient

ANSWER_S = 140.0
"""Longer than a line to a guest waits for its answer."""


class Client(Closing):
    """What it runs ends with it. Requests of several threads may overlap."""

    def __init__(self, path: Path) -> None:
        """EnvironmentUnsupported if no one listens there."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise EnvironmentUnsupported(
                f"the network cannot be reached at {path}: {error.strerror or error}",
                "corridor up SCENARIO starts a network; one that root started needs sudo",
            ) from error
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._gone = False
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """The answer; InputError where it is a no by who asks, else EnvironmentUnsupported."""
        answer: Future[dict[str, Any]] = Future()
        number = next(self._numbers)
        with self._lock:
            if self._gone:
                raise _gone()
            self._waiting[number] = answer
            with contextlib.suppress(OSError):  # the reader will know
                self._socket.sendall(numbered(number, {"do": do, **more}))
        try:
            said = answer.result(patient(ANSWER_S))
        except TimeoutError as error:
            raise EnvironmentUnsupported(f"the network did not answer in {ANSWER_S:g} s") from error
        finally:
            self._waiting.pop(number, None)
        if not said["ok"]:
            kind = InputError if said["kind"] in ("bad", "unknown") else EnvironmentUnsupported
            raise kind(said["reason"])
        return said

    @property
    def is_gone(self) -> bool:
        """Whether no one answers any more."""
        return self._gone

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._socket.makefile("rb") as lines:
            for text in lines:
                number, said = unnumbered(text)
                answer = self._waiting.get(number)
                if answer is not None:
                    answer.set_result(json.loads(said))
        with self._lock:
            self._gone = True
            left = list(self._waiting.values())
        for answer in left:
            if not answer.done():
                answer.set_exception(_gone())


def _gone() -> EnvironmentUnsupported:
    return EnvironmentUnsupported("the live network has ended")


SOCKET = "operations.sock"
OPERATIONS = "operations"
"""By which name they are reached over the line into a guest."""
_CREDENTIALS = struct.Struct("3i")


@contextlib.contextmanager
def opened(path: Path, ask: Ask) -> Iterator[None]:
    """The socket at ``path``, while entered.

    ``ask`` answers ``CLIENT REQUEST``, or ``CLIENT`` alone once it has gone; raises NoAnswer.
    """
    before = os.umask(0o177)
    try:
        server = _Server(path, _Handler, ask)
    finally:
        os.umask(before)
    with serving(server):
        yield


class _Server(Server):
    def __init__(
        self, path: Path, handler: type[socketserver.BaseRequestHandler], ask: Ask
    ) -> None:
        super().__init__(path, handler, ask)
        self.numbers = itertools.count(1)

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002
        """Only this user and root, whatever the permissions of the socket are by now."""
        assert isinstance(request, socket.socket)
        said = request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return _CREDENTIALS.unpack(said)[1] in (0, os.geteuid())


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        client = next(self.server.numbers)
        writing = threading.Lock()
        try:
            with contextlib.suppress(OSError, ValueError):  # it has gone, or speaks otherwise
                for text in self.rfile:
                    number, request = unnumbered(text)
                    words = (b"%d %b" % (client, request), number, writing)
                    threading.Thread(target=self._answer, args=words, daemon=True).start()
        finally:
            with contextlib.suppress(NoAnswer):
                self.server.ask(b"%d" % client)

    def _answer(self, request: bytes, number: int, writing: threading.Lock) -> None:
        try:
            answer = self.server.ask(request)
        except NoAnswer as problem:
            answer = line(no("absent", str(problem)))
        with writing, contextlib.suppress(OSError, ValueError):
            self.wfile.write(b"%d %b\n" % (number, answer))
