"""The worked example of the ladder, as the page tells it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corridor.controller.intent.specification import Specification
from corridor.experiments import cli
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import intents_for, specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.demand_table import lacks_lines

PAGE = (Path(__file__).resolve().parents[4] / "docs/policies.md").read_text()
SECTION = PAGE.split("\n## Relaxation order\n")[1].split("\n## ")[0]
POLICIES, SCENARIO, SAID = re.findall(r"```(?:yaml|text)[^\n]*\n(.*?)```", SECTION, re.DOTALL)
SAID = SAID.removesuffix("...\n")  # the output about all else is left out there


@pytest.fixture
def example(tmp_path):
    (tmp_path / "ladder.yaml").write_text(POLICIES)
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(SCENARIO)
    return str(scenario)


def test_a_check_says_what_the_page_says(example, capsys):
    assert cli.main(["check", example]) == 0
    assert f"\n\n{SAID}\n" in capsys.readouterr().out


def test_the_plan_keeps_what_is_lacking_by_demand(example):
    plan = make_plan(load_scenario(example), clock="virtual", run_id="c0", seed=1)
    assert lacks_lines((one.id, one.lacks) for one in plan.demands) == SAID.strip()
    assert plan.demands[0].hubs == ("guian", "shanghai", "bangkok")


def test_with_the_ladder_turned_around_the_call_goes_the_short_path(example, tmp_path):
    turned = POLICIES.replace("[exceed_latency, drop_protect]", "[drop_protect, exceed_latency]")
    (tmp_path / "ladder.yaml").write_text(turned)
    plan = make_plan(load_scenario(example), clock="virtual", run_id="c0", seed=1)
    assert plan.demands[0].hubs == ("guian", "kunming", "bangkok")
    assert plan.demands[0].lacks == ("drop_protect: no detour around link:kunming-bangkok",)


def test_an_explanation_names_the_step(example, capsys):
    assert cli.main(["explain", "show", example]) == 0
    assert "Relaxed: drop_pir: held to 50Mbit" in capsys.readouterr().out


def test_what_is_given_up_goes_into_the_specification_that_tables_are_judged_by(example):
    loaded = load_scenario(example)
    specification = specify(loaded)
    given = {one.demand.id: one.given_up for one in specification.directions if one.given_up}
    assert given == {
        "copy": ("drop_protect",),
        "copy.return": ("drop_protect",),
        "show": ("drop_pir",),
        "show.return": ("drop_pir",),
    }
    again = Specification.from_json(specification.to_json())
    assert again.intents() == intents_for(loaded)


def test_of_many_that_lack_something_the_first_are_named():
    many = [(f"d{number}", ("late",)) for number in range(15)]
    lines = lacks_lines([*many, ("well", ())]).splitlines()
    assert lines[0] == "d0: relaxed constraints: late"
    assert lines[-1] == "and 3 more demands"
    assert len(lines) == 13
