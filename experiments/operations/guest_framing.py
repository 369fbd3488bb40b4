"""Messages on a line between host and guest: numbered, checked, never more than there is room for.

    7 1a2b3c4d {"do": "status"}     message 7, the CRC-32 of the rest, the rest
    7 99aabbcc {"ok": true}         its answer
    8:operations 5566aabb ...       message 8, for another than the controller
    +512                            as many more bytes may be sent this way

The line is a console of the guest. Once its input buffer of 4096 bytes has been full, User Mode
Linux reads no more of it, for good; what was sent before the console is opened is not read either.
So the guest grants what it has room for, from nothing on. The other direction has no limit. Pure.
"""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from corridor.controller.api.control_client import NoAnswer
from corridor.topologies.base.errors import EnvironmentUnsupported

WINDOW_BYTES = 2048
"""Granted when the line is opened, and so the maximum that is ever in flight to the guest."""


class Garbled(Exception):
    """A line that no one sent like this."""


@dataclass(frozen=True)
class Message:
    """A request or its answer, which have one number."""

    number: int
    body: bytes
    """One line of text, without its end."""
    to: str = ""
    """Who is to answer; empty for the controller."""


@dataclass(frozen=True)
class Grant:
    """Permission to send this number of further bytes."""

    more_bytes: int


def framed(what: Message | Grant) -> bytes:
    """As it goes over the line."""
    if isinstance(what, Grant):
        return b"+%d\n" % what.more_bytes
    if b"\n" in what.body:
        raise ValueError("a message is one line")
    number = f"{what.number}:{what.to}" if what.to else f"{what.number}"
    return b"%b %08x %b\n" % (number.encode(), crc32(what.body), what.body)


class Unframer:
    """Puts together what comes in pieces."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, piece: bytes) -> list[Message | Grant]:
        """What is whole with this piece, in order; raises Garbled."""
        start = len(self._rest)
        self._rest += piece
        found = []
        while (end := self._rest.find(b"\n", start)) >= 0:
            found.append(_unframed(bytes(self._rest[:end])))
            del self._rest[: end + 1]
            start = 0
        return found


def _unframed(line: bytes) -> Message | Grant:
    try:
        if line.startswith(b"+"):
            return Grant(int(line))
        number, check, body = line.split(b" ", 2)
        number, _, to = number.partition(b":")
        message = Message(int(number), body, to.decode())
        intact = int(check, 16) == crc32(body)
    except ValueError:
        intact = False
    if not intact:
        raise Garbled(f"{line[:40]!r}, {len(line)} bytes")
    return message


# A control socket on the host for a controller in a guest: JSON lines over one ``Line``.

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
