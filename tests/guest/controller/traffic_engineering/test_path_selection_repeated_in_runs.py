"""Rates under load: a fibre is cut, the controller dies, the law changes, the fibre is repaired.

Ways are chosen for now, then for the next failure; where there are none for that, it is said.
"""

from __future__ import annotations

import json

import pytest

from corridor_runs import SCENARIOS, finish, start

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
SCENARIO = SCENARIOS / "rates-refit.yaml"
KEPT = 0.97
RUN_TIMEOUT_S = 400
"""Twelve seconds, and seven updates."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory, virtual_kernel):
    folder = tmp_path_factory.mktemp("refit") / "result"
    started = start(folder, SCENARIO, "--testbed", "uml", "--clock", "virtual")
    found = finish(started, folder, timeout_s=RUN_TIMEOUT_S)
    assert found.code == 0, found.said + found.complained
    return found


@pytest.fixture(scope="module")
def events(ran):
    """Of the controllers, from when the first network is up."""
    lines = (ran.folder / "raw/controller_events.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    cut = next(
        number
        for number, one in enumerate(told)
        if one["event"] == "failures" and one["links"] == ["shanghai-guian"]
    )
    return told[cut:]


def of(events, *kinds):
    return [one for one in events if one["event"] in kinds]


def test_a_cut_is_followed_as_things_are_and_then_for_the_next_failure(events):
    updates = of(events, "update")
    assert [one["why"] for one in updates] == [
        "failures",
        "rates under the next failure",
        "policies rates-under-law",
        "failures",
        "rates under the next failure",
    ]
    assert of(events, "refused", "failed", "error") == []
    assert updates[1]["at_ns"] - updates[0]["at_ns"] < 10**9


def test_what_does_not_fit_is_said_while_it_does_not(events):
    lacking = [[one["said"] for one in told["lacking"]] for told in of(events, "rates")]
    assert [bool(some) for some in lacking] == [True, False, True, False]
    assert all("100Mbit do not fit fibre" in said for said in (*lacking[0], *lacking[2]))
    statuses = [one for one in of(events, "status") if one["demand"] == "b"]
    reasons = [(one["status"], "rates: " in one["reason"]) for one in statuses]
    assert ("DEGRADED", True) in reasons
    assert reasons[-1] == ("UP", False), "the fibre is mended, and other ways fit under this law"


def test_a_controller_that_starts_again_takes_the_chosen_paths_over_as_they_stand(events):
    (taken,) = of(events, "taken over")
    numbered = events.index(taken)
    before = of(events[:numbered], "update")
    after = of(events[numbered:], "update")
    assert taken["was"] == "whole"
    assert taken["epoch"] == before[-1]["epoch"]
    assert after[0]["why"] == "policies rates-under-law", "nothing had to move"


def test_nothing_is_forbidden_and_rates_are_kept_with_the_fibre_cut(ran):
    assert "0 policy violations" in ran.said
    account = ran.summary["account"]
    assert account["closes"]
    streams = [one for one in account["demands"] if one["kind"] == "stream"]
    assert all(one["delivered"] >= KEPT * one["sent"] for one in streams)
    assert "queue" not in account["lost"], account["lost"]


def test_all_claims_are_proven(ran):
    proof = json.loads((ran.folder / "proof.json").read_text(encoding="utf-8"))
    assert proof["holds"]
    assert set(proof["proofs"]) == {"before", "after"}
