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
import os
import socket
import socketserver
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

from corridor.controller.api.control_client import ANSWER_S, NoAnswer
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.slowness import patient

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


# The guest's end of a line to the host: each request is put to the control socket here.


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


# The host's end of a line to a guest with a live network: requests out, answers back.


CHUNK_BYTES = 1 << 16


class Line:
    """Requests of many threads, each answered when its answer is there."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._granted_bytes = 0
        self._opened = False
        self._closed = ""
        self._change = threading.Condition()
        self._sending = threading.Lock()
        self._numbers = 0
        self._waiting: dict[int, Future[bytes]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, request: bytes, timeout_s: float | None = None, to: str = "") -> bytes:
        """The answer to a line of text, by default of the controller; raises NoAnswer."""
        timeout_s = patient(ANSWER_S) if timeout_s is None else timeout_s
        answer: Future[bytes] = Future()
        with self._change:
            if self._closed or not self._opened:
                raise NoAnswer(self._closed or "the guest has not opened its end yet")
            self._numbers += 1
            number = self._numbers
            self._waiting[number] = answer
        try:
            self._send(framed(Message(number, request, to)), timeout_s)
            return answer.result(timeout_s)
        except TimeoutError as error:
            raise NoAnswer(f"the guest did not answer in {timeout_s:g} s") from error
        except OSError as error:
            raise NoAnswer(str(error)) from error
        finally:
            with self._change:
                self._waiting.pop(number, None)

    def close(self) -> None:
        """The guest's end notices it and ends what it keeps; waiting callers get an error."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)

    def _send(self, data: bytes, timeout_s: float) -> None:
        """A message that stops halfway would corrupt the next: such a line is closed."""
        with self._sending:
            rest = memoryview(data)
            while rest:
                room = self._room(timeout_s)
                if not room:
                    why = self._closed or f"the guest read nothing for {timeout_s:g} s"
                    self.close()
                    raise NoAnswer(why)
                self._end.sendall(rest[:room])
                with self._change:
                    self._granted_bytes -= len(rest[:room])
                rest = rest[room:]

    def _room(self, timeout_s: float) -> int:
        """Bytes that may be sent, once there are any; 0 if there will be none."""
        with self._change:
            ready = self._change.wait_for(lambda: self._closed or self._granted_bytes, timeout_s)
            return self._granted_bytes if ready and not self._closed else 0

    def _read(self) -> None:
        unframer, why = Unframer(), "the guest has closed its end"
        try:
            while data := self._end.recv(CHUNK_BYTES):
                for one in unframer.feed(data):
                    self._take(one)
        except Garbled as problem:
            why = f"the line to the guest is garbled: {problem}"
        except OSError as error:
            why = f"the line to the guest is broken: {error.strerror or error}"
        self._hang_up(why)

    def _take(self, one: Message | Grant) -> None:
        with self._change:
            if isinstance(one, Grant):
                self._granted_bytes += one.more_bytes
                self._opened = True
                self._change.notify_all()
            elif one.number in self._waiting:  # else no one waits for it any more
                self._waiting.pop(one.number).set_result(one.body)

    def _hang_up(self, why: str) -> None:
        with self._change:
            self._closed = why
            left, self._waiting = list(self._waiting.values()), {}
            self._change.notify_all()
        for answer in left:
            answer.set_exception(NoAnswer(why))
        self._end.close()
