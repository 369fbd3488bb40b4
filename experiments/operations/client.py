"""Asks the operations of a live network, over its socket."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from corridor.experiments.operations.messages import numbered, unnumbered
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
