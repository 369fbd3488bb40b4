"""Refusals of rates state whether other paths could fit them; no path is longer than necessary."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
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
LAW = """\
name: law
classes:
- {id: bulk, origin: CN, sensitivity: general, basis: exempt}
- {id: gold, origin: CN, sensitivity: general, basis: exempt}
policies:
"""
PROTECTED = "soft: {protect: {k: 1, over: [link], immediate: true}}"
DEMAND = (
    "- {id: %s, data: %s, returns: bulk, class: ai_bulk, src: %s, dst: %s, "
    "guarantee: {cir: %sMbit}}\n"
)
LAWFUL = "schema: 1\nname: lawful\ntopology: mini\npolicies: law.yaml\n%sdemands:\n"
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
    assert "other paths may have enough capacity: objective: added-delay" in said


def test_rates_that_no_choice_of_paths_fits_are_told_so(refused):
    for text in (STAYS + BOTH % "200Mbit", CHOOSES + BOTH % "200Mbit"):
        said = refused(text)
        assert "no selection of paths fits them, by the permits in use" in said
        assert (
            "training requests a higher rate than any of its paths can carry, even alone; " in said
        )
    assert "even alone" not in refused(STAYS + BOTH % "60Mbit")


def test_rates_for_which_no_paths_were_found_are_told_that_too(refused, monkeypatch):
    monkeypatch.setattr("corridor.controller.traffic_engineering.fit_rates.TRIES", 0)
    assert "the search found no paths that fit" in refused(CHOOSES + BOTH % "60Mbit")


@pytest.fixture
def lawful(tmp_path: Path):
    """A scenario under separate policies: demands with their class, ends and Mbit/s."""

    def load(rules: str, objective: str, *demands: tuple[str, str, str, str, int]):
        (tmp_path / "law.yaml").write_text(LAW + rules)
        path = tmp_path / "one.yaml"
        path.write_text(LAWFUL % objective + "".join(DEMAND % one for one in demands))
        return load_scenario(path)

    return load


def test_a_demand_that_is_not_protected_does_not_count_where_it_may_be_lost(lawful):
    rules = "- {id: ALL, effect: permit, match: {class: bulk}}\n"
    rules += f"- {{id: GOLD, effect: permit, match: {{class: gold}}, {PROTECTED}}}\n"
    demands = [
        ("u", "bulk", "kunming", "karachi", 30),
        ("w", "bulk", "bangkok", "karachi", 60),
        ("z", "gold", "kunming", "karachi", 60),
        ("y", "bulk", "kunming", "bangkok", 40),
    ]
    with pytest.raises(InputError, match="do not fit") as said:
        make_plan(lawful(rules, STAYS, *demands), clock="virtual", run_id="c0", seed=1)
    assert "other paths may have enough capacity" in str(said.value)
    make_plan(lawful(rules, CHOOSES, *demands), clock="virtual", run_id="c0", seed=1)


def test_paths_are_the_shortest_where_what_ladders_give_up_makes_room_on_them(lawful):
    rule = f"- {{id: ALL, effect: permit, on_soft_failure: [drop_protect], {PROTECTED}}}\n"
    specification = specify(
        lawful(
            *(rule, CHOOSES),
            ("a", "bulk", "karachi", "shanghai", 30),
            ("b", "bulk", "guian", "shanghai", 45),
            ("c", "bulk", "guian", "kunming", 30),
            ("d", "bulk", "guian", "kunming", 30),
        )
    )
    assert any(one.given_up for one in specification.directions)
    assert not any(one.picks for one in specification.directions)
