"""Where no policy set is active, no page and no text calls anything lawful or permitted."""

from __future__ import annotations

import re

import pytest

from corridor.experiments import cli
from corridor.experiments.answers.asking import answers
from corridor.experiments.pages.demands import demand_table, of_answers
from corridor.experiments.text.verdict import foreseen

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
