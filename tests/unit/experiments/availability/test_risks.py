"""``corridor risks``: the register adds up, and says how sure its order is."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.availability.enclosed import EnclosedScenario, longitudes
from corridor.experiments.availability.risks_answer import RisksAnswer
from corridor.experiments.availability.served_systems import Limits
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.risks_text import told
from corridor.topologies.analysis.enclosure import FailureDiagrams
from corridor.topologies.analysis.failing_parts import failure_model
from corridor.topologies.analysis.failure_rates import read_failure_rates
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError


@pytest.fixture(scope="module")
def mini() -> RisksAnswer:
    return corridor.risks("mini", samples=40)


def test_a_part_that_never_fails_saves_what_the_register_says(mini):
    loaded = load_scenario("mini")
    model = failure_model(loaded.topology, read_failure_rates(), samples=40, seed=1)
    of = EnclosedScenario(loaded, model, limits=Limits(gap=1e-12, questions=10_000))
    fails = [one.replanned.fails for one in of.demands]
    before = sum(of.space.probabilities(one) for one in fails)
    for risk in mini.risks[:4]:
        never = model.unavailable.copy()
        never[[one.id for one in model.parts].index(risk.id)] = 0
        space = FailureDiagrams(model.cut_sets, never, longitudes(model))
        after = sum(space.probabilities(one) for one in fails)
        saved = float(np.mean(before - after)) * 525_960
        assert risk.demand_minutes_a_year.mean == pytest.approx(saved, rel=1e-3)


def test_two_that_must_both_fail_are_each_the_first(tmp_path):
    file = tmp_path / "one.yaml"
    file.write_text(
        "schema: 1\nname: one\ntopology: pan-asia\npolicies: pan-asia\nas_of: 2026-11-24\n"
        "service: leased-circuit\ndemands:\n- {id: state, class: dr, data: sa-secret-none, "
        "returns: same-class, src: riyadh, dst: jeddah}\n"
    )
    found = corridor.risks(file, samples=20)
    both = [one for one in found.risks if one.affected]
    assert {one.id for one in both} == {"riyadh-jeddah", "riyadh-jeddah-north"}
    assert [one.first for one in both] == [1, 1]


def test_the_first_has_the_most_minutes_and_shares_of_first_cover_all_samples(mini):
    minutes = [one.demand_minutes_a_year.mean for one in mini.risks]
    assert minutes == sorted(minutes, reverse=True)
    assert sum(one.first for one in mini.risks) >= 1 - 1e-9
    assert mini.risks[0].first > 0.5
    assert mini.risks[0].affected
    for one in mini.risks:
        assert 0 <= one.fussell_vesely.low <= one.fussell_vesely.high <= 1 + 1e-9
        assert one.basis
        assert one.sources


def test_tables_alone_lose_more_than_a_controller_that_plans_again(mini):
    alone = corridor.risks("mini", samples=40, installed=True)
    assert alone.installed
    assert alone.demand_minutes_a_year.low > mini.demand_minutes_a_year.high
    assert "the installed tables alone" in " ".join(told(alone).split())


def test_minutes_of_the_register_are_those_of_availability(mini):
    found = corridor.availability("mini", samples=40)
    assert found.replanned_minutes.low == pytest.approx(mini.demand_minutes_a_year.low)
    assert found.replanned_minutes.high == pytest.approx(mini.demand_minutes_a_year.high)


def test_the_command_prints_the_register_or_json(capsys):
    assert cli.main(["risks", "mini"]) == 0
    said = capsys.readouterr().out
    assert "Risks of 6 demands of mini" in said
    assert "karakoram" in said
    assert "2 in 3 years (uncertain)" in said
    assert cli.main(["risks", "mini", "--json", "--climate", "peace"]) == 0
    found = from_plain(RisksAnswer, json.loads(capsys.readouterr().out))
    assert found.climate == "peace"
    assert told(found, width=60, everything=True)


def test_an_unknown_climate_is_one_line():
    with pytest.raises(InputError, match='no climate is called "pease"'):
        corridor.risks("mini", climate="pease")
