"""While another process selects paths, a controller handles failures, questions and requests."""

from __future__ import annotations

import queue
from datetime import date, timedelta

import pytest

from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.reconcile.beside import Answers
from corridor.controller.reconcile.jobs import (
    DayEnds,
    Order,
    ReoptimisationDone,
    SetDay,
    SetDrained,
    SetPolicies,
)
from corridor.controller.traffic_engineering.fit_rates import fits_current_failures
from corridor.controller.traffic_engineering.reoptimisation import Lane, Question, answer_to
from corridor.topologies.model.wiring import wire
from fake_switches import Lab
from lab_views import ask, status
from rates_lab import CUT, MINI, NEXT, loaded, picks

NETWORK = wire(MINI, run_id="c0", seed=1)


class Later(Answers):
    """Answers when the test lets it."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab, self.asked, self.answers = lab, dict[Lane, Question](), 0

    def ask(self, question: Question) -> None:
        if not self.has(question):
            self.asked[question.lane] = question

    def break_off(self, lane: Lane) -> None:
        self.asked.pop(lane, None)

    def answer(self, lane: Lane, problem: str = "") -> None:
        question = self.asked.pop(lane)
        found = ReoptimisationDone(question, None if problem else answer_to(question), problem)
        self.note(found)
        self.lab.have(found)


@pytest.fixture
def lab(tmp_path):
    made = Lab(DesiredState(loaded(NEXT, k=1)), NETWORK, tmp_path / "state.json")
    made.connect()
    made.run(1)
    made.network.beside = made.beside = Later(made)
    return made


def asks(lab: Lab, job) -> queue.Queue:
    """A job of a client that waits for its result."""
    reply = queue.Queue()
    lab.reconciler.carry_out(Order(job, reply))
    return reply


def cut(lab: Lab, fibre: str = "shanghai-guian", *, live: bool = False) -> None:
    lab.port(fibre, live=live)
    lab.run(1)


def without(lab: Lab) -> set[str]:
    return set(lab.deployer.deployment.without.links)


def test_a_cut_is_followed_once_paths_are_chosen_and_questions_are_answered_meanwhile(lab):
    before = lab.deployer.deployment
    cut(lab)
    assert lab.deployer.deployment is before, "nothing moves yet"
    assert list(lab.beside.asked) == ["failures"]
    assert ask(lab, do="audit")["was_whole"]
    assert ask(lab, do="topology")["fibres"]["shanghai-guian"]["works"] is False
    assert list(lab.beside.asked) == ["failures"], "it is asked once"
    lab.beside.answer("failures")
    assert without(lab) == CUT.links
    assert fits_current_failures(lab.deployer.deployment.known.specification, CUT)
    assert list(lab.beside.asked) == ["next failure"]
    assert lab.events("error", "refused", "failed") == []


def test_what_fails_meanwhile_is_asked_for_too_and_the_first_answer_is_of_no_use(lab):
    cut(lab)
    first = lab.beside.asked["failures"]
    cut(lab, "kunming-karachi")
    second = lab.beside.asked["failures"]
    assert second.without.links == {"shanghai-guian", "kunming-karachi"}
    late = ReoptimisationDone(first, answer_to(first))
    lab.beside.note(late)
    lab.have(late)
    assert without(lab) == set(), "what is wanted is something else by now"
    lab.beside.answer("failures")
    assert without(lab) == second.without.links


def test_a_failure_is_followed_while_a_drain_waits_and_the_drain_is_asked_for_again(lab):
    drained = asks(lab, SetDrained("kunming-karachi", drained=True))
    first = lab.beside.asked["requests"]
    assert (first.for_all, drained.empty()) == (True, True)
    cut(lab)
    lab.beside.answer("failures")
    assert without(lab) == CUT.links
    second = lab.beside.asked["requests"]
    assert second.without.links == {"shanghai-guian", "kunming-karachi"}
    assert second.installed == lab.deployer.deployment.known.specification
    assert drained.empty()
    lab.beside.answer("requests")
    assert drained.get_nowait()["kind"] == "refused", "with both away rates fit in no failure"
    assert lab.beside.asked.keys() == {"next failure"}


def test_a_drain_is_made_when_its_paths_are_found_and_others_wait_behind_it(lab):
    drained = asks(lab, SetDrained("shanghai-guian", drained=True))
    other = asks(lab, SetDrained("kunming-karachi", drained=True))
    lab.beside.answer("requests")
    assert drained.get_nowait()["ok"]
    assert without(lab) == {"shanghai-guian"}
    assert other.empty()
    assert lab.beside.asked["requests"].without.links == {"shanghai-guian", "kunming-karachi"}
    lab.beside.answer("requests")
    assert other.get_nowait()["kind"] == "refused"
    assert "requests" not in lab.beside.asked


def test_who_waits_for_the_same_is_told_of_the_same_problem_and_nothing_is_asked_on_and_on(lab):
    replies = [asks(lab, SetDrained("shanghai-guian", drained=True)) for _ in range(2)]
    lab.beside.answer("requests", "it ended")
    assert replies[0].get_nowait()["reason"] == "ChoosingBrokeError: it ended"
    assert replies[1].empty()
    lab.beside.answer("requests")
    assert replies[1].get_nowait()["ok"]


def test_a_failure_is_followed_by_paths_that_stand_where_nobody_finds_others(lab):
    before = picks(lab.deployer.deployment.known.specification)
    cut(lab)
    lab.beside.answer("failures", "it ended")
    assert without(lab) == CUT.links
    assert picks(lab.deployer.deployment.known.specification) == before
    assert [one["message"] for one in lab.events("error")] == ["ChoosingBrokeError: it ended"]


@pytest.mark.parametrize("ends", [False, True])
def test_a_day_comes_once_and_its_answer_waits(lab, ends):
    today = lab.network.known.specification.as_of
    tomorrow = today + timedelta(days=1)
    cut(lab)
    reply = asks(lab, DayEnds() if ends else SetDay(tomorrow))
    assert lab.network.known.specification.as_of == tomorrow
    assert reply.empty()
    while "failures" in lab.beside.asked:
        lab.beside.answer("failures")
    assert reply.get_nowait()["ok"]
    assert lab.network.known.specification.as_of == tomorrow
    stands = lab.deployer.deployment
    assert (stands.known.specification.as_of, without(lab)) == (tomorrow, CUT.links)


def test_what_a_day_forbids_is_dropped_before_paths_are_chosen(tmp_path):
    specification = loaded(NEXT, k=1)
    said = specification.policies.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    last = specification.as_of
    said["classes"][0]["valid_until"] = last.isoformat()
    policies = type(specification.policies).model_validate(said)
    ends = specification.model_copy(update={"policies": policies})
    lab = Lab(DesiredState(ends), NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(1)
    lab.network.beside = lab.beside = Later(lab)
    reply = asks(lab, SetDay(date.fromordinal(last.toordinal() + 1)))
    assert [one["demands"] for one in lab.events("withdrawn")] == [["a", "b"]]
    assert reply.empty()
    lab.beside.answer("failures")
    assert reply.get_nowait()["withdrawn"] == ["a", "b"]
    assert {status(lab, name) for name in "ab"} == {"BLOCKED"}


def test_policies_that_forbid_something_withdraw_nothing_until_paths_are_chosen(lab):
    specification = lab.network.known.specification
    said = specification.policies.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    deny = {"id": "NO", "effect": "deny", "match": {"src": {"hubs": ["kunming"]}}}
    named = {**said, "name": "without-b", "policies": [*said["policies"], deny]}
    reply = asks(lab, SetPolicies(type(specification.policies).model_validate(named)))
    assert lab.events("withdrawn") == []
    assert reply.empty()
    lab.beside.answer("requests")
    answer = reply.get_nowait()
    assert (answer["ok"], answer["withdrawn"]) == (True, ["b"])
    assert (status(lab, "a"), status(lab, "b")) == ("UP", "BLOCKED")
