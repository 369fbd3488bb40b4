"""The process that looks for ways under the next failure: what it is asked, and what it finds."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading

import pytest

from corridor.controller.deployment.chosen_ways import chosen_ahead, chosen_now
from corridor.controller.policy.failures import NO_FAILURES
from corridor.controller.reconcile.ahead import AheadProcess
from rates_lab import CUT, NEXT, loaded


def beside(function, *arguments) -> None:
    threading.Thread(target=function, args=arguments).start()


def test_a_process_of_its_own_finds_the_same():
    asked = chosen_now(loaded(NEXT, k=1), loaded(NEXT, k=1), CUT)
    jobs = queue.Queue()
    looks = AheadProcess(jobs, beside)
    looks.begin(asked, CUT)
    looks.begin(asked, CUT)
    job = jobs.get(timeout=60).job
    assert (job.asked, job.without, job.problem) == (asked, CUT, "")
    assert job.found == chosen_ahead(asked, CUT)
    looks.begin(asked, NO_FAILURES)
    looks.break_off()
    with pytest.raises(queue.Empty):
        jobs.get(timeout=1)


UNDER_RYU = """
import os, warnings
warnings.simplefilter("ignore")
from corridor.controller.openflow.framework import hub
hub.patch()
from corridor.controller.reconcile import ahead
def start(command, *, stdin, stdout, cwd):
    print(os.get_blocking(stdin), os.get_blocking(stdout))
ahead.child_process.start = start
ours, _ = ahead._started()
print(os.get_blocking(ours.fileno()))
"""


def test_a_process_waits_for_its_question_where_sockets_of_the_framework_do_not_block():
    """Ryu's do not; a question that is late or long would else be read as none or in part."""
    asked = [sys.executable, "-P", "-c", UNDER_RYU]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.split() == ["True", "True", "False"]


def test_what_broke_is_looked_for_once_more_and_what_was_found_is_not(monkeypatch):
    begun = []
    monkeypatch.setattr(
        "corridor.controller.reconcile.ahead.child_process.start", lambda *_, **more: _Ended(begun)
    )
    jobs, says = queue.Queue(), [b""]
    looks = AheadProcess(jobs, lambda hear, ours, *what: hear(_Answers(ours, says[0]), *what))
    asked = loaded(NEXT, k=1)
    for _ in range(4):
        looks.begin(asked, CUT)
    assert [bool(jobs.get_nowait().job.problem) for _ in begun] == [True, True]
    looks.begin(asked, NO_FAILURES)
    looks.begin(asked, NO_FAILURES)
    assert len(begun) == 4, "as often as what was asked before"
    says[0] = b"{}"
    begun.clear()
    for _ in range(3):
        looks.begin(asked, CUT)
    assert len(begun) == 1


class _Ended:
    """A process that has."""

    def __init__(self, begun: list) -> None:
        begun.append(self)

    def wait(self) -> int:
        return 1

    def kill(self) -> None: ...


class _Answers:
    """What is said to such a process, and what it has said."""

    def __init__(self, ours, says: bytes) -> None:
        self._ours, self._left = ours, [says] if says else []

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._ours.close()

    def sendall(self, text: bytes) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def recv(self, most: int) -> bytes:
        return self._left.pop() if self._left else b""


def test_a_process_that_breaks_is_told_of(monkeypatch):
    monkeypatch.setattr("corridor.controller.reconcile.ahead.LOOKS", "corridor.no_such")
    jobs = queue.Queue()
    looks = AheadProcess(jobs, beside)
    looks.begin(loaded(NEXT, k=1), CUT)
    job = jobs.get(timeout=60).job
    assert (job.found, job.problem) == (
        None,
        "corridor.no_such found nothing: it ended with code 1",
    )
