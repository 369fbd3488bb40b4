"""``corridor domains --processes``: the steps of a run, its document, its text, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.domains.domains_documents import DomainRun
from corridor.experiments.text.domains_text import run
from corridor.topologies.base.codec import from_plain

EXAMPLE = Path(__file__).parents[4] / "examples/two_operators.yaml"


@pytest.fixture(scope="module")
def found() -> DomainRun:
    return corridor.domain_processes(EXAMPLE, kills=3, then="pan-asia", seed=5)


def test_each_step_ends_with_the_paths_of_one_controller_and_lawful_tables(found):
    names = [one.name for one in found.steps]
    assert names == ["agreement", "cut kunming-bangkok", "repair kunming-bangkok", names[-1]]
    assert names[-1] == "policies pan-asia"
    assert [one.equal for one in found.steps] == [6, 6, 6, 6]
    assert [one.violated for one in found.steps] == [(), (), (), ()]
    assert all(one.proofs > 1 for one in found.steps)
    assert [one.moved for one in found.steps][:3] == [6, 2, 2]


def test_three_kills_at_random_moments_change_nothing_that_was_agreed(found):
    kills = [(kill, step) for step in found.steps for kill in step.killed]
    assert [step.name.split()[0] for _, step in kills] == ["cut", "policies", "policies"]
    assert {kill.domain for kill, _ in kills} <= {*found.domains}
    assert all(0 < kill.takeover_s <= kill.settled_s for kill, _ in kills)
    assert all(kill.at_s + kill.settled_s <= step.wall_s + 0.002 for kill, step in kills)
    assert all(1 <= kill.proofs <= step.proofs for kill, step in kills)
    assert [(step.equal, step.violated) for _, step in kills] == [(6, ())] * 3


def test_they_disclose_at_least_what_is_computed(found):
    first = found.steps[0]
    assert first.minimum_delays == 18
    assert first.minimum_delays <= first.delays < 100
    assert 0 < first.messages <= first.requests + first.delays + 100
    assert first.octets > 100 * first.messages


def test_the_document_is_read_back_and_the_text_has_who_carries_what(found):
    assert from_plain(DomainRun, json.loads(json.dumps(found.to_json()))) == found
    text = run(found, None)
    assert "no claim about paths violated" in text
    assert "carried under pan-asia:" in text
    kill = found.steps[1].killed[0]
    row = next(line for line in text.splitlines() if line.startswith(f"{kill.domain} "))
    assert row.split()[1:4] == ["cut", "kunming-bangkok", f"{kill.at_s:.2f}"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kills", "1"), "--kills is about processes; add --processes"),
        (("--then", "none"), "--then is about processes; add --processes"),
        (("--processes", "--kills", "-1"), "-1 kills are not possible"),
        (("--processes", "--cuts"), "--processes and --cuts exclude each other"),
        (("--processes", "--handovers", "stated"), "--processes and --handovers exclude"),
        (("--processes", "--then", "nothing-such"), "nothing-such"),
    ],
)
def test_a_mistake_is_one_line(capsys, words, said):
    assert cli.main(["domains", str(EXAMPLE), *words]) == 2
    complained = capsys.readouterr().err
    assert said in complained
    assert complained.count("\n") == 1
