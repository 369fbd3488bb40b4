"""Paths chosen in processes next to the controller.

That takes half a second to minutes, in which it has failures to follow and questions to answer. A
process that has loaded what it takes forks one for each question. What has become of no use,
because something has changed, is broken off.
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

from corridor.controller.intent.specification import (
    PathPreferences,
    Specification,
    choosing,
    chosen_in,
)
from corridor.controller.reconcile.jobs import (
    Order,
    Queue,
    ReoptimisationDone,
    RequestedJob,
    TimedJob,
)
from corridor.controller.traffic_engineering.reoptimisation import Lane, Question, answer_to
from corridor.topologies.base import child_process
from corridor.topologies.base.installation import IMPORT_ROOT

CHOOSES = "corridor.controller.reconcile.background_reoptimisation"
PREFERENCES = TypeAdapter(dict[str, PathPreferences])
TRIES = 2
"""How often the same is looked for, where that breaks and no one waits for it."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Where there are more, forking copies but one of them."""


class ChoosingBrokeError(Exception):
    """No one knows which paths."""


class Awaited(Exception):
    """A job that is carried out once it is known by which paths."""

    def __init__(self, question: Question, instead: TimedJob | RequestedJob | None = None) -> None:
        super().__init__("paths are being selected for it")
        self.question = question
        self.instead = instead
        """What is then left to do, if not all of it."""


class Beside(Protocol):
    """Who chooses paths: one question of each lane at a time."""

    def known(self, question: Question) -> Specification | None:
        """What was found; None while no one has. Raises ChoosingBrokeError, once."""

    def ask(self, question: Question) -> None:
        """Have a ``ReoptimisationDone`` done when it is known.

        Do nothing where it is being looked for, or was for the next failure."""

    def break_off(self, lane: Lane) -> None:
        """Nothing is to be found for it any more."""


class InPlace:
    """Chooses in the job that asks, and nothing for the next failure."""

    def known(self, question: Question) -> Specification | None:
        return answer_to(question)

    def ask(self, question: Question) -> None: ...

    def break_off(self, lane: Lane) -> None: ...


@dataclass
class Answers:
    """The last one of each lane in which someone waits."""

    _last: dict[Lane, ReoptimisationDone] = field(default_factory=dict)

    def note(self, found: ReoptimisationDone) -> None:
        if found.question.lane != "next failure":
            self._last[found.question.lane] = found

    def has(self, question: Question) -> bool:
        last = self._last.get(question.lane)
        return last is not None and last.question == question

    def known(self, question: Question) -> Specification | None:
        if not self.has(question):
            return None
        last = self._last[question.lane]
        if last.found is None:
            del self._last[question.lane]
            raise ChoosingBrokeError(last.problem)
        return last.found


@dataclass
class _Asked:
    question: Question
    ours: socket.socket | None = None
    """Where it is answered; None once it is."""
    broke: int = 0
    """How often looking for it broke, since it did not."""

    def needs(self, question: Question) -> bool:
        """Whether that has to be asked."""
        if self.question != question:
            return True
        is_over = question.lane != "next failure" or 0 < self.broke < TRIES
        return self.ours is None and is_over


@dataclass
class BesideProcess(Answers):
    """A process that is asked over sockets, and forks for each question."""

    jobs: Queue[Order] = field(kw_only=True)
    spawn: Callable[..., object] = field(kw_only=True)
    """Of the framework: has a function called next to others."""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _to_it: socket.socket | None = field(default=None, repr=False)
    _asked: dict[Lane, _Asked] = field(default_factory=dict)

    def warm(self) -> None:
        """Start the process, which takes a second or two to load what it needs. Raises OSError."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._to_it is not None:
            self._to_it.close()
        self._process, self._to_it = None, None
        ours, theirs = _sockets()
        with theirs:
            try:
                self._process = child_process.start(
                    [sys.executable, "-m", CHOOSES],
                    stdin=theirs.fileno(),
                    cwd=IMPORT_ROOT,
                    more_environment=ONE_THREAD,
                )
            except BaseException:
                ours.close()
                raise
        self._to_it = ours

    def ask(self, question: Question) -> None:
        lane = question.lane
        before = self._asked.get(lane)
        if self.has(question) or (before is not None and not before.needs(question)):
            return
        self._hang_up(before)
        is_same = before is not None and before.question == question
        asked = _Asked(question, broke=before.broke if before is not None and is_same else 0)
        try:
            asked.ours = self._begun()
        except OSError as problem:
            self._asked.pop(lane, None)
            if lane == "next failure":
                raise
            self._tell(ReoptimisationDone(question, None, f"{CHOOSES} was not asked: {problem}"))
            return
        self._asked[lane] = asked
        self.spawn(self._hear, asked, asked.ours)

    def break_off(self, lane: Lane) -> None:
        self._hang_up(self._asked.pop(lane, None))

    @staticmethod
    def _hang_up(asked: _Asked | None) -> None:
        """Which ends who looks for it."""
        if asked is not None and asked.ours is not None:
            with contextlib.suppress(OSError):
                asked.ours.shutdown(socket.SHUT_RDWR)

    def _begun(self) -> socket.socket:
        """Where one is asked and answers; of a process that has just died another is started."""
        try:
            return self._sent()
        except BrokenPipeError:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            return self._sent()

    def _sent(self) -> socket.socket:
        self.warm()
        assert self._to_it is not None
        ours, theirs = _sockets()
        with theirs:
            try:
                socket.send_fds(self._to_it, [b"?"], [theirs.fileno()])
            except BaseException:
                ours.close()
                raise
        return ours

    def _hear(self, asked: _Asked, ours: socket.socket) -> None:
        said = b""
        with ours:
            with contextlib.suppress(OSError):
                ours.sendall(asked.question.model_dump_json(by_alias=True).encode() + b"\n")
                while part := ours.recv(1 << 16):
                    said += part
            asked.ours = None
        if self._asked.get(asked.question.lane) is not asked:
            return
        found = _found(asked.question, said)
        asked.broke = asked.broke + 1 if found.problem else 0
        self._tell(found)

    def _tell(self, found: ReoptimisationDone) -> None:
        self.note(found)
        self.jobs.put(Order(found))


def _sockets() -> tuple[socket.socket, socket.socket]:
    """Ours, and that of a process."""
    ours, theirs = socket.socketpair()
    # sockets of a framework do not block, and a process that inherits one would have to wait
    os.set_blocking(theirs.fileno(), True)
    return ours, theirs


def _found(question: Question, said: bytes) -> ReoptimisationDone:
    try:
        return ReoptimisationDone(
            question, choosing(question.loaded, PREFERENCES.validate_json(said))
        )
    except ValidationError:
        return ReoptimisationDone(
            question, None, f"{CHOOSES} found nothing: it ended before it answered"
        )


def answered(question: Question) -> bytes:
    """As the process says it."""
    return PREFERENCES.dump_json(chosen_in(answer_to(question)))
