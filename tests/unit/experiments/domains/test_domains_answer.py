"""``corridor domains``: paths of several controllers against one, and what failures and lies do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.domains.domains_documents import DomainPathsAnswer
from corridor.experiments.text.domains_text import paths
from corridor.topologies.base.codec import from_plain

EXAMPLE = Path(__file__).parents[4] / "examples/two_operators.yaml"


@pytest.fixture(scope="module")
def whole() -> DomainPathsAnswer:
    return corridor.domains(
        EXAMPLE, cuts=True, prove=True, curious="north@CN", lie="north@CN:reach"
    )


def by_demand(found: DomainPathsAnswer) -> dict:
    return {one.demand: one for one in found.directions}


def test_each_direction_is_carried_as_with_one_controller(whole):
    assert (whole.equal, len(whole.directions), whole.map_numbers) == (6, 6, 21)
    render = by_demand(whole)["render"]
    assert render.one_way_ms == render.one_controller_ms == 14.23801
    assert render.domains == ("north@CN", "south@CN", "south@TH")
    assert [one.hubs for one in render.carried][-1][-1] == "bangkok"
    assert sum(one.one_way_ms for one in render.carried) == pytest.approx(render.one_way_ms)
    assert by_demand(whole)["train"].domains == ("north@CN",)


def test_what_controllers_disclose_is_counted(whole):
    assert (whole.numbers.median, whole.numbers.maximum) == (5, 7)
    render = by_demand(whole)["render"].exchanged
    assert (render.numbers, render.rounds) == (5, 4)
    assert sum(one.delays for one in render.listened) == render.numbers
    assert (whole.timing.numbers.median, whole.timing.numbers.maximum) == (11.5, 12)


def test_single_failures_leave_the_paths_of_one_controller(whole):
    assert (whole.cuts.cases, whole.cuts.equal, whole.cuts.differences) == (12, 12, ())


def test_contracts_of_the_domains_give_the_verdicts_of_one_proof(whole):
    proof = whole.proof
    assert (proof.equal, proof.violated, proof.breaches, proof.arrive) == (True, (), (), 6)
    assert (proof.domains, proof.contracts, proof.disclosed) == (3, 10, 4)


def test_a_curious_controller_learns_border_hubs_alone(whole):
    found = [(one.neighbour, one.hubs_known, one.fibres_guessed) for one in whole.inferred]
    assert found == [("south@CN", 1, 0), ("south@PK", 1, 0), ("south@TH", 1, 0)]


def test_lies_cost_packets_or_delay_and_break_no_policy(whole):
    lied = whole.lied
    assert (lied.changed, lied.undelivered, lied.slower, lied.forbidden) == (4, 4, 0, 0)
    delay = corridor.domains(EXAMPLE, lie="south@CN:delay").lied
    assert (delay.slower, delay.most_ms, delay.undelivered, delay.forbidden) == (1, 3.0988, 0, 0)


def test_a_silent_controller_serves_none_of_its_customers():
    found = corridor.domains(EXAMPLE, silent=("south@TH",))
    assert found.equal == 4
    render = by_demand(found)["render"]
    assert (render.one_way_ms, render.difference) == (None, "no path: south@TH is silent")


def test_without_stated_hand_overs_domains_meet_by_fibres_only():
    assert corridor.domains("mini").equal == 12
    found = corridor.domains("sovereignty", hand_overs="stated")
    assert found.equal == 49
    lost = [one for one in found.directions if one.one_way_ms is None is not one.one_controller_ms]
    assert len(lost) == 13


def test_the_document_is_read_back_and_the_text_has_its_differences(whole):
    assert from_plain(DomainPathsAnswer, json.loads(json.dumps(whole.to_json()))) == whole
    silent = corridor.domains(EXAMPLE, silent=("south@TH",))
    assert "no path: south@TH is silent" in paths(silent, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--silent", "south@XX"), 'no domain "south@XX"'),
        (("--curious", "nort@CN"), "north@CN"),
        (("--lie", "north@CN"), '"north@CN" is not a lie; write DOMAIN:KIND with delay'),
        (("--lie", "north@CN:all"), "is not a lie"),
        (("--lie", "west@CN:delay"), 'no domain "west@CN"'),
    ],
)
def test_a_mistake_is_one_line(capsys, words, said):
    assert cli.main(["domains", str(EXAMPLE), *words]) == 2
    complained = capsys.readouterr().err
    assert said in complained
    assert complained.count("\n") == 1
