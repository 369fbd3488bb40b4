"""A control socket on the host for a controller in a guest: JSON lines over one ``Line``."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from corridor.controller.api.control_client import NoAnswer
from corridor.topologies.base.errors import EnvironmentUnsupported

Ask = Callable[[bytes], bytes]
"""The answer to one line of text; raises NoAnswer."""


class Server(socketserver.ThreadingUnixStreamServer):
    """What listens at ``path``, and hands each connection to ``handler`` with ``ask``."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, path: Path, handler: type[socketserver.BaseRequestHandler], ask: Ask
    ) -> None:
        """Raises EnvironmentUnsupported if there can be no socket at ``path``."""
        try:
            super().__init__(str(path), handler)
        except OSError as error:
            raise EnvironmentUnsupported(
                f"no socket can be made at {path}: {error}",
                "set TMPDIR to a folder with a short name",
            ) from error
        self.ask = ask


@contextlib.contextmanager
def relayed(path: Path, ask: Ask) -> Iterator[None]:
    """A Unix socket at ``path`` whose every line ``ask`` answers, while entered."""
    with serving(Server(path, _Handler, ask)):
        yield


@contextlib.contextmanager
def serving(server: Server) -> Iterator[None]:
    """It answers while entered, and is closed then."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the asker has gone
            for line in self.rfile:
                self.wfile.write(self._answer(line.rstrip(b"\n")) + b"\n")

    def _answer(self, line: bytes) -> bytes:
        try:
            return self.server.ask(line)
        except NoAnswer as problem:
            return json.dumps({"ok": False, "kind": "absent", "reason": str(problem)}).encode()
