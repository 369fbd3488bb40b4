"""Sentences about scenarios with few demands: none served, none blocked, one, all one way only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corridor.experiments import cli
from corridor.experiments.answers.asking import answers
from corridor.experiments.pages.demands import demand_table, of_answers
from corridor.experiments.text.verdict import foreseen

CLASSES = """classes:
- {id: out, origin: CN, sensitivity: general, basis: none}
- {id: back, origin: PK, sensitivity: general, basis: none}
policies:
"""
OUT = "- {id: OUT, effect: permit, match: {class: out}}\n"
BACK = "- {id: BACK, effect: permit, match: {class: back}}\n"
NEVER = "- {id: NEVER, effect: deny, match: {class: out}}\n"
A = "- {id: a, class: infer, data: out, returns: back, src: guian, dst: karachi}\n"
B = "- {id: b, class: infer, data: out, returns: back, src: kunming, dst: karachi}\n"
SILENT = "- {id: c, class: infer, src: guian, dst: karachi}\n"


@pytest.fixture
def write(tmp_path: Path):
    def written(policies: str, demands: str, outside: str = "deny") -> Path:
        text = f"schema: 1\nname: p\noutside: {outside}\n{CLASSES}{policies}"
        (tmp_path / "p.yaml").write_text(text)
        scenario = tmp_path / "s.yaml"
        head = "schema: 1\nname: s\ntopology: mini\npolicies: p.yaml\nas_of: 2026-11-24\n"
        scenario.write_text(f"{head}demands:\n{demands}")
        return scenario

    return written


SCENARIOS = {
    "one, both directions permitted": (OUT + BACK, A, "1 demand is permitted."),
    "two, all permitted": (OUT + BACK, A + B, "All 2 demands are permitted."),
    "one, its answers blocked": (
        OUT,
        A,
        (
            "0 demands are permitted. 1 demand is blocked because no permit matches. If only "
            "confident rules apply, it is blocked."
        ),
    ),
    "two, all one way only": (
        OUT,
        A + B,
        (
            "0 demands are permitted. 2 demands are blocked because no permit matches. If only "
            "confident rules apply, all of them are blocked."
        ),
    ),
    "one, nothing permits it": (
        BACK,
        A,
        (
            "0 demands are permitted. 1 demand is blocked because no permit matches. If only "
            "confident rules apply, it is blocked."
        ),
    ),
    "one, denied by the set's own rule": (
        OUT + BACK + NEVER,
        A,
        (
            "0 demands are permitted. 1 demand is blocked by the policy set's own rule (NEVER). "
            "If only confident rules apply, it is blocked."
        ),
    ),
}


@pytest.mark.parametrize("small", SCENARIOS)
def test_every_small_scenario_has_a_verdict(write, small: str) -> None:
    policies, demands, sentence = SCENARIOS[small]
    assert foreseen(answers(write(policies, demands))).answers[0] == sentence


def test_data_that_the_set_does_not_cover_is_neither_permitted_nor_blocked(write) -> None:
    scenario = write(OUT + BACK, A + SILENT, "not-judged")
    assert foreseen(answers(scenario)).answers[0] == (
        "1 demand is permitted and 1 is served although policy set p does not cover it."
    )


@pytest.mark.parametrize("small", SCENARIOS)
@pytest.mark.parametrize("command", ["check", "price", "explain", "cut", "capacity"])
def test_every_command_answers_about_small_scenarios(write, capsys, small: str, command: str):
    policies, demands, _ = SCENARIOS[small]
    scenario = str(write(policies, demands))
    words = {
        "check": ["check", scenario],
        "price": ["price", scenario, "--policies", str(Path(scenario).parent / "p.yaml")],
        "explain": ["explain", "a", scenario],
        "cut": ["cut", "guian-kunming", "--scenario", scenario],
        "capacity": ["capacity", scenario, "--rate", "1Gbit"],
    }
    code, said = cli.main(words[command]), capsys.readouterr()
    assert code == 0 or (command == "capacity" and "no demand of s with a rate" in said.err)
    assert said.out.strip() or said.err.strip()


# Where no policy set is active, no page and no text calls anything lawful or permitted.

WORDS = re.compile(r"\b(?:lawful|permitted|may go|legal)\b", re.IGNORECASE)


def test_demands_are_served_and_not_permitted() -> None:
    free = answers("mini")
    table = demand_table(of_answers(free, None), None)
    assert table.said == "6 demands: 6 served. Counts include reverse demands."
    assert not WORDS.search(" ".join(foreseen(free).lines))
    covered = demand_table(of_answers(answers("reference"), None), None)
    assert " permitted (2 on a longer path)" in covered.said
    assert covered.said.count("permitted") == 1
    assert "served" not in covered.said


def test_a_cut_without_policies_speaks_of_served_demands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["cut", "guian-kunming", "--scenario", "mini"]) == 0
    assert not WORDS.search(capsys.readouterr().out)
