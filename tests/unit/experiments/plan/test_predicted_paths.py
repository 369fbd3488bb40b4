"""Paths found ahead in the time of the plan: processed after earlier messages."""

from __future__ import annotations

import pytest

from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.reconcile.jobs import PortChanged, ReoptimisationDone
from corridor.controller.traffic_engineering.reoptimisation import Question
from corridor.experiments.plan import predicted_controller
from rates_lab import spec

CUT = Failures(links=frozenset({"shanghai-guian"}))
NOW_NS = 2_000


@pytest.fixture
def ahead(monkeypatch):
    monkeypatch.setattr(predicted_controller, "answer_to", lambda question: question.loaded)
    heard = [(at_ns, PortChanged(1, port, False)) for at_ns, port in ((1_000, 1), (2_000, 2))]
    later = (2_001, PortChanged(1, 3, False))
    said = predicted_controller._Said(predicted_controller._Clock(NOW_NS, 10_000), [*heard, later])
    return predicted_controller._Beside(said=said)


def heard(ahead) -> list[str]:
    """What there is to hear, in its order."""
    return [getattr(job, "port", job.name) for _, job in ahead.said.jobs]


def test_what_was_said_while_a_job_took_long_is_heard_before_what_is_found(ahead):
    asked = spec({"a": ("10Mbit", "shanghai", "guian")})
    ahead.ask(Question.ahead(asked, NO_FAILURES))
    ahead.ask(Question.ahead(asked, NO_FAILURES))
    assert heard(ahead) == [1, 2, ReoptimisationDone.name, 3]
    assert ahead.said.jobs[2][0] == NOW_NS


def test_nothing_is_heard_of_a_search_that_was_broken_off(ahead):
    asked = spec({"a": ("10Mbit", "shanghai", "guian")})
    ahead.ask(Question.ahead(asked, NO_FAILURES))
    ahead.break_off("next failure")
    assert heard(ahead) == [1, 2, 3]
    ahead.ask(Question.ahead(asked, NO_FAILURES))
    ahead.ask(Question.ahead(asked, CUT))
    found = [job.question for _, job in ahead.said.jobs if isinstance(job, ReoptimisationDone)]
    assert [one.without for one in found] == [CUT]
