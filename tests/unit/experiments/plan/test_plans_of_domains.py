"""A plan whose domains have a controller each: tables, carriers, gateways, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from corridor.controller.forwarding.program import Table
from corridor.experiments import cli
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.warnings import unserved_by_domains
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import to_plain

EXAMPLE = Path(__file__).parents[4] / "examples/two_operators_run.yaml"
CARRIED = {
    "train": ("north@CN",),
    "train.return": ("north@CN",),
    "render": ("north@CN", "south@TH"),
    "render.return": ("south@TH", "north@CN"),
    "backup": ("north@CN", "south@PK"),
    "backup.return": ("south@PK", "north@CN"),
    "secret": (),
    "secret.return": (),
}


@pytest.fixture(scope="module")
def planned():
    loaded = load_scenario(str(EXAMPLE))
    intended = Intended.of(loaded)
    return make_plan_unsent(loaded, intended), intended


def test_the_plan_has_domains_their_fibres_and_who_carries_each_direction(planned):
    domains = planned[0].domains
    assert {one.id: one.hubs for one in domains.domains} == {
        "north@CN": ("guian", "kunming", "shanghai"),
        "south@PK": ("karachi",),
        "south@TH": ("bangkok",),
    }
    assert {one.fibre: one.state for one in domains.fibres} == {
        "kunming-bangkok": "known",
        "kunming-karachi": "assumed",
        "shanghai-bangkok": "assumed",
        "bangkok-karachi": "assumed",
    }
    assert {one.id: one.domains for one in domains.directions} == CARRIED
    assert [one.handed_over for one in domains.directions[2:6]] == [
        ("kunming-bangkok",),
        ("kunming-bangkok",),
        ("kunming-karachi",),
        ("kunming-karachi",),
    ]
    numbers = {one.id: (one.numbers, one.rounds) for one in domains.directions}
    assert numbers["backup.return"] == (6, 3)
    assert numbers["train"] == numbers["secret"] == (0, 0)


def test_all_properties_are_verified_on_tables_with_labels_that_domains_chose(planned):
    plan, intended = planned
    assert prove_compiled(plan, intended.specification).violated == ()
    labels = {
        dict(flow.match)["mpls_label"]
        for switch in plan.program.switches
        for flow in switch.flows
        if flow.table == Table.SWITCH and flow.match
    }
    assert {(one & 0x1FFFF) // 16 for one in labels} == {1, 2, 3, 4, 5, 6}
    assert not any(switch.groups or switch.meters for switch in plan.program.switches)


def test_gateways_assess_the_labels_of_their_own_switch(planned):
    plan, _ = planned
    tables = {one.hub: one for one in plan.program.switches}
    assert {one.hub: [each.demand for each in one.assesses] for one in plan.gateways} == {
        "kunming": ["render", "render.return", "backup.return"],
        "shanghai": ["backup"],
    }
    for one in plan.gateways:
        labels = {dict(flow.match).get("mpls_label") for flow in tables[one.hub].flows}
        assert {each.label for each in one.assesses} <= labels


def test_what_policies_request_and_domains_do_not_provide_is_a_warning(planned):
    (warning,) = unserved_by_domains(planned[0])
    assert warning.startswith("controllers of domains do not provide detours that switches take")
    assert f"{planned[0].domains.unserved['protect']} policies" in warning


def test_without_the_key_a_plan_knows_no_domains():
    plan = make_plan_unsent(load_scenario("mini"))
    assert plan.domains is None
    assert "domains" not in to_plain(plan)
    assert unserved_by_domains(plan) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "timeline: [{drain: guian-kunming, at: 1s}]",
            "do not follow the event drain; remove drain",
        ),
        (
            "network: {bfd: 15ms}\nfaults: [{cut: guian-kunming, at: 1s, silent: true}]",
            "detect failures by carriers only; remove silent",
        ),
        ("cuts: {}", "do not bridge cuts in sequence; remove cuts"),
        ("protect: {k: 1}", "do not install detours for failures; write protect: {k: 0}"),
        ("network: {police: 1Mbit}", "do not police rates; remove police"),
        (
            "disjoint: [{demands: [train, render], over: [link]}]",
            "do not serve disjoint; remove disjoint",
        ),
    ],
)
def test_what_domains_cannot_do_is_refused_in_one_line(tmp_path, capsys, text, said):
    for one in EXAMPLE.parent.glob("two_operators*.yaml"):
        shutil.copy(one, tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(f"schema: 1\nname: mine\nextends: {EXAMPLE.name}\n{text}\n")
    assert cli.main(["check", str(path)]) == 2
    complained = capsys.readouterr().err
    line = 4 + text.count("\n")
    assert f"mine.yaml:{line}: controllers of domains {said}" in complained
    assert complained.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", str(EXAMPLE)), "a live network has one controller"),
        (("run", str(EXAMPLE), "--controller", "a.b"), "a run under --controller has one"),
    ],
)
def test_where_there_is_one_controller_the_key_is_refused(capsys, words, said):
    assert cli.main(list(words)) == 2
    assert f"two_operators_run.yaml:8: {said}" in capsys.readouterr().err
