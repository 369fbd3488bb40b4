"""Ways by which rates fit under the next failure too, looked for in a process of their own.

That takes seconds to a minute, in which the controller has failures to follow and questions to
answer. What has become of no use, because something has changed, is broken off.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from corridor.controller.deployment.chosen_ways import chosen_ahead
from corridor.controller.intent.chosen_ways import ChosenWays, choosing, chosen_in
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.failures import Failures
from corridor.controller.reconcile.jobs import FoundAhead, Order, Queue
from corridor.topologies.base import child_process
from corridor.topologies.base.places import IMPORT_ROOT
from corridor.topologies.model.topology import Frozen

LOOKS = "corridor.controller.apps.ways_ahead"
WAYS = TypeAdapter(dict[str, ChosenWays])
TRIES = 2
"""How often the same is looked for, where that breaks."""


class Question(Frozen):
    """What the process is asked."""

    specification: Specification
    """As what stands."""
    without: Failures


class Ahead(Protocol):
    """Who looks for such ways, and has a ``FoundAhead`` done when that is over."""

    def begin(self, asked: Specification, without: Failures) -> None:
        """Nothing where the same was asked for last, unless that broke."""

    def break_off(self) -> None:
        """Nothing is to be found any more."""


class NoAhead:
    """Looks for none."""

    def begin(self, asked: Specification, without: Failures) -> None: ...

    def break_off(self) -> None: ...


@dataclass
class AheadProcess:
    """One process at a time."""

    jobs: Queue[Order]
    spawn: Callable[..., object]
    """Of the framework: has a function called beside others."""
    _asked: tuple[Specification, Failures] | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _broke: int = 0
    """How often looking for what was asked last broke, since it did not."""

    def begin(self, asked: Specification, without: Failures) -> None:
        is_same = self._asked == (asked, without)
        if is_same and (self._process is not None or not 0 < self._broke < TRIES):
            return
        if not is_same:
            self.break_off()
        ours, process = _started()
        self._asked, self._process = (asked, without), process
        self.spawn(self._hear, ours, process, asked, without)

    def break_off(self) -> None:
        if self._process is not None:
            self._process.kill()
        self._asked = self._process = None
        self._broke = 0

    def _hear(
        self,
        ours: socket.socket,
        process: subprocess.Popen[bytes],
        asked: Specification,
        without: Failures,
    ) -> None:
        said = b""
        with ours, contextlib.suppress(OSError):
            question = Question(specification=asked, without=without)
            ours.sendall(question.model_dump_json(by_alias=True).encode())
            ours.shutdown(socket.SHUT_WR)
            while part := ours.recv(1 << 16):
                said += part
        code = process.wait()
        if process is not self._process:
            return
        self._process = None
        found = _found(asked, without, said, code)
        self._broke = self._broke + 1 if found.problem else 0
        self.jobs.put(Order(found))


def _started() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The process, and where it is spoken to."""
    ours, theirs = socket.socketpair()
    with theirs:
        # sockets of a framework do not block, and a process that inherits one would have to wait
        os.set_blocking(theirs.fileno(), True)
        try:
            process = child_process.start(
                [sys.executable, "-m", LOOKS],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                cwd=IMPORT_ROOT,
            )
        except BaseException:
            ours.close()
            raise
    return ours, process


def _found(asked: Specification, without: Failures, said: bytes, code: int) -> FoundAhead:
    try:
        return FoundAhead(asked, without, choosing(asked, WAYS.validate_json(said)))
    except ValidationError:
        return FoundAhead(asked, without, None, f"{LOOKS} found nothing: it ended with code {code}")


def answer_to(question: str) -> bytes:
    """What the process answers."""
    asked = Question.model_validate_json(question)
    return WAYS.dump_json(chosen_in(chosen_ahead(asked.specification, asked.without)))
