"""The process that selects paths: its questions, its results, and its end."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time

import pytest

from corridor.controller.policy.semantics import NO_FAILURES
from corridor.controller.reconcile.beside import BesideProcess, ChoosingBrokeError
from corridor.controller.traffic_engineering.reoptimisation import Question, answer_to, chosen_now
from rates_lab import CUT, NEXT, loaded

START = "corridor.controller.reconcile.beside.child_process.start"


def beside(function, *arguments) -> None:
    threading.Thread(target=function, args=arguments).start()


@pytest.fixture
def chooses():
    made = BesideProcess(jobs=queue.Queue(), spawn=beside)
    yield made
    if made._process is not None:
        made._process.kill()
        made._process.wait()


def questions() -> list[Question]:
    asked = loaded(NEXT, k=1)
    again = {"loaded": asked, "installed": asked, "without": CUT, "stood": NO_FAILURES}
    return [
        Question(lane="failures", **again),
        Question(lane="requests", **again, for_all=True),
        Question.ahead(chosen_now(asked, asked, CUT), CUT),
    ]


def test_a_process_of_its_own_finds_the_same_for_who_waits_and_for_the_next_failure(chooses):
    each = questions()
    for question in (*each, *each):
        chooses.ask(question)
    found = [chooses.jobs.get(timeout=60).job for _ in each]
    assert {one.question.lane for one in found} == {one.lane for one in each}
    for one in found:
        assert (one.found, one.problem) == (answer_to(one.question), "")
    with pytest.raises(queue.Empty):
        chooses.jobs.get(timeout=0.2)
    assert [chooses.known(one) for one in each[:2]] == [answer_to(one) for one in each[:2]]
    for question in each:
        chooses.ask(question)
    with pytest.raises(queue.Empty):
        chooses.jobs.get(timeout=0.2)


def test_what_is_of_no_use_any_more_is_ended_and_says_nothing(chooses):
    chooses.warm()
    process = chooses._process.pid
    ahead = questions()[-1]
    chooses.spawn = lambda *_: None  # the process waits for its question
    chooses.ask(ahead)
    wait_for(lambda: children(process))
    os.kill(int(children(process)[0]), signal.SIGSTOP)
    chooses.break_off("next failure")
    wait_for(lambda: not children(process))
    chooses.spawn = beside
    chooses.ask(ahead)
    assert chooses.jobs.get(timeout=60).job.found == answer_to(ahead)


def test_who_dies_is_noticed_while_another_goes_on(chooses):
    chooses.warm()
    process, heard = chooses._process.pid, []
    chooses.spawn = lambda _hear, _asked, ours: heard.append(ours)
    first, second, _ = questions()
    chooses.ask(first)
    wait_for(lambda: len(children(process)) == 1)
    dies = children(process)[0]
    chooses.ask(second)
    wait_for(lambda: len(children(process)) == 2)
    os.kill(int(dies), signal.SIGKILL)
    heard[0].settimeout(30)
    assert heard[0].recv(1) == b""


def children(process: int) -> list[str]:
    with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
        return file.read().split()


def wait_for(true) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_process_that_has_died_is_started_again(chooses):
    first, *_ = questions()
    chooses.warm()
    chooses._process.kill()
    chooses._process.wait()
    chooses.ask(first)
    assert chooses.jobs.get(timeout=60).job.found == answer_to(first)


UNDER_RYU = """
import os, warnings
warnings.simplefilter("ignore")
from corridor.controller.openflow.framework import hub
hub.patch()
from corridor.controller.reconcile import beside
ours, theirs = beside._sockets()
print(os.get_blocking(theirs.fileno()), os.get_blocking(ours.fileno()))
"""


def test_a_process_waits_for_its_question_where_sockets_of_the_framework_do_not_block():
    """Ryu's do not; a question that is late or long would else be read as none or in part."""
    asked = [sys.executable, "-P", "-c", UNDER_RYU]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.split() == ["True", "False"]


def test_a_broken_process_is_reported_once_to_the_waiting_and_asked_again(chooses, monkeypatch):
    monkeypatch.setattr("corridor.controller.reconcile.beside.CHOOSES", "corridor.no_such")
    first, _, ahead = questions()
    for _ in range(2):
        chooses.ask(first)
        job = chooses.jobs.get(timeout=60).job
        assert (job.found, job.problem) == (
            None,
            "corridor.no_such found nothing: it ended before it answered",
        )
        with pytest.raises(ChoosingBrokeError, match="no_such found nothing"):
            chooses.known(first)
        assert chooses.known(first) is None
    for _ in range(2):
        chooses.ask(ahead)
        assert chooses.jobs.get(timeout=60).job.problem
    chooses.ask(ahead)
    with pytest.raises(queue.Empty):
        chooses.jobs.get(timeout=0.2)


def test_who_waits_is_told_that_a_process_cannot_be_started(chooses, monkeypatch):
    def refuse(*_, **__):
        raise OSError(11, os.strerror(11))

    monkeypatch.setattr(START, refuse)
    first, _, ahead = questions()
    chooses.ask(first)
    assert "temporarily unavailable" in chooses.jobs.get_nowait().job.problem
    with pytest.raises(ChoosingBrokeError, match="temporarily unavailable"):
        chooses.known(first)
    with pytest.raises(OSError, match="temporarily unavailable"):
        chooses.ask(ahead)
