"""A mistake in the evaluator that compiler and proof share is noticed by the second opinion."""

import pytest

from corridor.experiments.cli import main
from corridor.topologies.base.memory import forget
from evaluator_mutants import MISTAKES
from second_opinion_lab import written


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Of what was ruled with a mistake, or without."""
    forget()
    yield
    forget()


def test_without_a_mistake_opinions_agree(tmp_path, capsys):
    assert main(["check", str(written(tmp_path)), "--second-opinion"]) == 0
    assert "independent check: agrees" in capsys.readouterr().out


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_that_a_proof_shares_is_noticed(name, tmp_path, capsys, monkeypatch):
    scenario = written(tmp_path)
    MISTAKES[name](monkeypatch)
    code = main(["check", str(scenario), "--second-opinion"])
    said = capsys.readouterr().out
    assert " violated  " not in said, said
    assert "independent check: differs" in said, said
    assert code == 1
