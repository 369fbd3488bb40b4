"""The host's end of a line to a guest with a live network: requests out, answers back."""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import Future

from corridor.controller.api.control_client import ANSWER_S, NoAnswer
from corridor.experiments.operations.guest_framing import (
    Garbled,
    Grant,
    Message,
    Unframer,
    framed,
)
from corridor.topologies.base.slowness import patient

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
