"""The socket by which clients reach operations: this user's alone, one client a connection.

When a connection ends, however it ends, that is passed on, and all that its client runs is ended.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

from corridor.controller.api.control_client import NoAnswer
from corridor.experiments.operations.guest_lines import Ask, Server, serving
from corridor.experiments.operations.messages import line, no, unnumbered

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
