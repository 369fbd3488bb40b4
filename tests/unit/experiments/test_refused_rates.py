"""A refusal of rates says whether other ways could fit them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError

BOTH = """\
schema: 1
name: both
topology: mini
demands:
- {id: training, class: ai_bulk, src: shanghai, dst: guian, guarantee: {cir: %s}}
- {id: copies, class: dr, src: shanghai, dst: guian, guarantee: {cir: 50Mbit}}
"""
CHOOSES, STAYS = "objective: added-delay\n", "objective: none\n"


@pytest.fixture
def refused(tmp_path: Path):
    def refusal(text: str) -> str:
        path = tmp_path / "both.yaml"
        path.write_text(text)
        with pytest.raises(InputError, match="do not fit fibre shanghai-guian") as said:
            make_plan(load_scenario(path), clock="virtual", run_id="c0", seed=1)
        return str(said.value)

    return refusal


def test_rates_that_other_ways_may_fit_are_told_how_to_look_for_them(refused):
    said = refused(STAYS + BOTH % "60Mbit")
    assert "they might fit on other ways: objective: added-delay" in said


def test_rates_that_no_choice_of_ways_fits_are_told_so(refused):
    for text in (STAYS + BOTH % "200Mbit", CHOOSES + BOTH % "200Mbit"):
        assert "no choice of ways fits them, by the permits in use" in refused(text)


def test_rates_for_which_no_ways_were_found_are_told_that_too(refused, monkeypatch):
    monkeypatch.setattr("corridor.controller.joint_ways.fitting.TRIES", 0)
    assert "were looked for, and not found" in refused(CHOOSES + BOTH % "60Mbit")
