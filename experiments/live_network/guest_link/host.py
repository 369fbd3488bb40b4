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


@contextlib.contextmanager
def relayed(path: Path, ask: Ask) -> Iterator[None]:
    """A Unix socket at ``path`` whose every line ``ask`` answers, while entered."""
    try:
        server = _Server(str(path), _Handler)
    except OSError as error:
        raise EnvironmentUnsupported(
            f"no socket can be made at {path}: {error}", "set TMPDIR to a folder with a short name"
        ) from error
    server.ask = ask
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    ask: Ask


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the asker has gone
            for line in self.rfile:
                self.wfile.write(self._answer(line.rstrip(b"\n")) + b"\n")

    def _answer(self, line: bytes) -> bytes:
        try:
            return self.server.ask(line)
        except NoAnswer as problem:
            return json.dumps({"ok": False, "kind": "absent", "reason": str(problem)}).encode()
