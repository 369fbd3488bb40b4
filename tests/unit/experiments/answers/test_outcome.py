"""One vocabulary for the outcome of a demand, which every face reads."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import page_case
from corridor.controller.openflow.statuses import SERVED, Status
from corridor.experiments.answers.outcome import OF_STATUS, Outcome, outcome_of
from corridor.experiments.pages.demands import of_answers
from corridor.experiments.text.verdict import permitted
from typed_answers import typed

TEMPLATES = Path(__file__).resolve().parents[4] / "experiments" / "pages" / "templates"
STYLE = (TEMPLATES / "page.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("status", "checked", "covered", "extra_ms", "found"),
    [
        ("UP", True, True, 0.04, Outcome.PERMITTED),
        ("UP", True, True, 0.05, Outcome.LONGER),
        ("ALT", True, True, 5.0, Outcome.OTHER_PERMIT),
        ("UP", True, False, 5.0, Outcome.NOT_COVERED),
        ("UP", False, True, None, Outcome.SERVED),
        ("BLOCKED", True, True, None, Outcome.BLOCKED),
        ("DOWN", False, True, None, Outcome.NO_PATH),
        ("DEGRADED", True, True, None, Outcome.RELAXED),
        ("DEGRADED", False, True, None, Outcome.RELAXED_UNCHECKED),
        ("UNKNOWN", True, True, None, Outcome.NOT_VERIFIED),
    ],
)
def test_a_demand_is_classified_by_status_cover_and_delay(
    status: str, checked: bool, covered: bool, extra_ms: float | None, found: Outcome
) -> None:
    assert outcome_of(status, is_checked=checked, is_covered=covered, extra_ms=extra_ms) is found


def test_every_status_of_a_live_network_has_an_outcome() -> None:
    served = {f"{one} without policies" for one in SERVED}
    assert OF_STATUS.keys() == {*Status, *served}
    assert {one for one in Status if OF_STATUS[one].is_served} == SERVED


@pytest.mark.parametrize("outcome", Outcome)
def test_the_style_sheet_colours_an_outcome_by_its_role(outcome: Outcome) -> None:
    rules = re.findall(rf"\.{outcome}\b[^{{}}]*\{{ color: var\(--(\w+)\)", STYLE)
    assert set(rules) <= {outcome.role}
    assert rules or outcome.role == "ink"


def test_scripts_have_no_words_of_their_own_for_outcomes() -> None:
    script = (TEMPLATES / "app.js").read_text(encoding="utf-8")
    assert "constraints relaxed" not in script
    assert "model.outcomes[now.status]" in script


def test_page_and_verdict_agree_that_no_fibres_is_not_blocked() -> None:
    answers = typed(page_case.answers())
    (one, *others) = answers.demands
    nothing = replace(one.round_trip_ms, free=None, lawful=None)
    cut_off = replace(
        one, status="BLOCKED", free=None, lawful=None, kept_back=False, round_trip_ms=nothing
    )
    changed = replace(answers, demands=(cut_off, *others))
    assert of_answers(changed, None)[0].under[0].state is Outcome.NO_PATH
    assert "1 has no path" in permitted(changed)
