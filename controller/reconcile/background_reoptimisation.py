"""Chooses paths next to a controller.

Standard input is a socket over which others come, one for each question: see
``reconcile/beside.py``. Each is answered by a process that is forked for it from this one, which
has loaded what that takes; it is ended when no one listens any more.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import traceback
from dataclasses import dataclass, field
from typing import NoReturn

from corridor.controller.policy.law import load_law
from corridor.controller.reconcile.beside import answered
from corridor.controller.traffic_engineering.reoptimisation import Question
from corridor.topologies.base.child_process import die_with_parent
from corridor.topologies.base.memory import collecting_later

NICE = 5
"""Where no one waits: failures are followed first."""


@dataclass
class Choosing:
    """Those who look for answers."""

    questions: socket.socket
    _poll: select.poll = field(default_factory=select.poll)
    _askers: dict[int, socket.socket] = field(default_factory=dict)
    """By the descriptor of the process that looks for the answer."""

    def serve(self) -> None:
        """Until no one can ask any more."""
        self._poll.register(self.questions, select.POLLIN)
        while True:
            number, _ = self._poll.poll()[0]  # one at a time, for numbers are used again
            if number in self._askers:
                self._ended(number)
            elif number != self.questions.fileno():
                self._break_off(number)
            else:
                _, sockets, _, _ = socket.recv_fds(self.questions, 1, 1)
                if not sockets:
                    return
                self._begin(socket.socket(fileno=sockets[0]))

    def _begin(self, asker: socket.socket) -> None:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            die_with_parent(parent=parent)
            for other in (self.questions, *self._askers.values()):
                other.close()  # else who asked would not see that no one answers any more
            _answer(asker)
        process = os.pidfd_open(child)
        self._askers[process] = asker
        self._poll.register(process, select.POLLIN)
        self._poll.register(asker, 0)  # which reports its end

    def _break_off(self, asker: int) -> None:
        self._poll.unregister(asker)
        process = next(one for one, of in self._askers.items() if of.fileno() == asker)
        signal.pidfd_send_signal(process, signal.SIGKILL)

    def _ended(self, process: int) -> None:
        os.waitid(os.P_PIDFD, process, os.WEXITED)
        self._poll.unregister(process)
        os.close(process)
        asker = self._askers.pop(process)
        with contextlib.suppress(KeyError):
            self._poll.unregister(asker)
        asker.close()


def _answer(asker: socket.socket) -> NoReturn:
    try:
        with asker.makefile("r", encoding="utf-8") as lines:
            question = Question.model_validate_json(lines.readline())
        if question.lane == "next failure":
            os.nice(NICE)
        with collecting_later():
            asker.sendall(answered(question))
    except BaseException:  # noqa: BLE001 - it has its parent's stack below it
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _load() -> None:
    """What every answer takes."""
    import scipy.optimize
    import scipy.sparse  # noqa: F401

    from corridor.controller.traffic_engineering import path_selection  # noqa: F401

    load_law()


def main() -> None:
    _load()
    Choosing(socket.socket(fileno=os.dup(sys.stdin.fileno()))).serve()


if __name__ == "__main__":
    main()
