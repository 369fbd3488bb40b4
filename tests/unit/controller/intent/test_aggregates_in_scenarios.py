"""Several demands may have one guarantee: it counts once on a fibre, and one meter holds them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from corridor.controller.intent.specification import Specification
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.experiments.cli import main
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError

HEAD = """\
schema: 1
name: pipes
topology: mini
demands:
- {id: one, class: dr, src: guian, dst: shanghai}
- {id: two, class: dr, src: guian, dst: shanghai}
- {id: far, class: dr, src: guian, dst: kunming}
- {id: east, class: dr, src: kunming, dst: shanghai}
"""
LINES = HEAD.count("\n")
PIPE = "aggregates:\n- {id: pipe, demands: [one, two], guarantee: {cir: %s, pir: 90Mbit}}\n"
"""Fibres at guian hold 96 Mbit/s."""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, head: str = HEAD) -> str:
        path = tmp_path / "pipes.yaml"
        path.write_text(head + text)
        return str(path)

    return write


def planned(path: str) -> Plan:
    return make_plan(load_scenario(path), clock="virtual", run_id="c0", seed=1)


def test_the_rate_counts_once_on_a_fibre_that_both_take(written):
    planned(written(PIPE % "60Mbit"))
    own = HEAD.replace("dst: shanghai}", "dst: shanghai, guarantee: {cir: 60Mbit}}")
    with pytest.raises(InputError, match=r"180Mbit do not fit"):
        planned(written("objective: none\n", own))


def test_it_counts_wherever_failures_move_any_of_them(written):
    head = HEAD + "protect: {k: 1, over: [link]}\n"
    far = "far, class: dr, src: guian, dst: kunming"
    head = head.replace(far, f"{far}, guarantee: {{cir: 50Mbit}}")
    with pytest.raises(InputError, match=r"110Mbit do not fit .*: demands far, pipe \("):
        planned(written(PIPE % "60Mbit", head))
    planned(written(PIPE % "40Mbit", head))


def test_one_meter_holds_those_that_start_at_one_hub(written):
    plan = planned(written(PIPE % "60Mbit"))
    meters = {switch.hub: switch.meters for switch in plan.program.switches if switch.meters}
    assert {hub: [one.rate_kbps for one in some] for hub, some in meters.items()} == {
        "guian": [90_000]
    }
    guian = next(one for one in plan.program.switches if one.hub == "guian")
    metered = {flow.policy for flow in guian.flows if flow.meter is not None}
    assert metered == {1, 3}


def test_each_hub_where_some_start_has_a_meter_of_its_own(written, capsys):
    path = written(
        "aggregates:\n- {id: pipe, demands: [one, east], guarantee: {cir: 10Mbit, pir: 20Mbit}}\n"
    )
    held = {
        one.hub: one.meters[0].rate_kbps for one in planned(path).program.switches if one.meters
    }
    assert held == {"guian": 20_000, "kunming": 20_000}
    main(["check", path])
    assert (
        "pipe: one, east share committed rate 10Mbit; a meter limits each of guian, kunming to "
        "20Mbit, no meter limits the total"
    ) in capsys.readouterr().out


def test_check_says_what_they_have_together_and_proves_it(written, capsys):
    assert main(["check", written(PIPE % "60Mbit")]) == 0
    said = capsys.readouterr().out
    assert (
        "pipe: one, two share committed rate 60Mbit; one meter at guian limits them to 90Mbit"
    ) in said
    assert "C12 verified" in said
    assert "held to" not in said


def test_a_meter_that_a_stranger_shares_or_one_too_many_breaks_the_claim(written):
    path = written(PIPE % "60Mbit")
    plan, intents = planned(path), specify(load_scenario(path)).intents()
    topology, tables = load_scenario(path).topology, tables_of(plan.program)
    assert examine(tables, plan.wiring, topology, intents).breaches["C12"] == ()
    separate = [replace(one, aggregate=None) for one in intents]
    said = [one.said for one in examine(tables, plan.wiring, topology, separate).breaches["C12"]]
    assert "packets of two and one share meter 1" in said


@pytest.mark.parametrize(
    ("aggregate", "said"),
    [
        ("{id: p, demands: [one, tow], guarantee: {cir: 1Mbit}}", 'no demand is called "tow"; did'),
        ("{id: p, demands: [one], guarantee: {cir: 1Mbit}}", "must have at least 2 items, not"),
        ("{id: p, demands: [one, one], guarantee: {cir: 1Mbit}}", "one is given twice"),
        ("{id: one, demands: [one, two], guarantee: {cir: 1Mbit}}", "has the id of a demand"),
        ("{id: p, demands: [one, two]}", 'has no "guarantee"; add it'),
        ("{id: p, demands: [one, two], guarantee: {cir: 2Mbit, pir: 1Mbit}}", "is below the"),
        ("{id: p, demands: [one, two], guarantee: {cir: 1Mbit}, k: 1}", 'unknown key "k"'),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_way_out(written, aggregate, said):
    with pytest.raises(InputError) as told:
        load_scenario(written(f"aggregates:\n- {aggregate}\n"))
    assert told.value.line == LINES + 2
    assert said in str(told.value)


def test_a_demand_has_one_guarantee(written):
    own = HEAD.replace(
        "src: guian, dst: kunming}", "src: guian, dst: kunming, guarantee: {cir: 1Mbit}}"
    )
    pipe = "aggregates:\n- {id: pipe, demands: [one, far], guarantee: {cir: 1Mbit}}\n"
    with pytest.raises(
        InputError, match='demand "far" has its own guarantee already; a demand has'
    ):
        load_scenario(written(pipe, own))
    twice = f"{pipe}- {{id: other, demands: [two, far], guarantee: {{cir: 1Mbit}}}}\n"
    with pytest.raises(InputError, match='demand "far" has that of aggregate "pipe" already'):
        load_scenario(written(twice))


def test_it_crosses_into_a_guest_with_the_rest(written):
    specification = specify(load_scenario(written(PIPE % "60Mbit")))
    again = Specification.from_json(specification.to_json())
    assert [one.pays_as for one in again.intents()][:4] == [
        "pipe",
        "one.return",
        "pipe",
        "two.return",
    ]


LADDER = """\
schema: 1
name: ladder
classes:
- {id: show, origin: CN, sensitivity: general, basis: exempt}
policies:
- {id: ANY, effect: permit, preference: 200}
- id: SHOWS
  effect: permit
  match: {class: show}
  soft: {bandwidth: {cir: 5Mbit, pir: PEAK}, protect: {k: 1, over: [link]}}
  on_soft_failure: [drop_protect, drop_pir]
"""
SHOW = "- {id: show, class: dr, data: show, returns: same-class, src: guian, dst: shanghai}\n"


def laddered(written, peak: str, least: str = "5Mbit", more: str = "") -> str:
    said = f"topology: mini\npolicies: ladder.yaml\n{more}"
    head = HEAD.replace("topology: mini\n", said) + SHOW
    path = written(PIPE % "90Mbit", head)
    policies = LADDER.replace("PEAK", peak).replace("5Mbit", least)
    Path(path).with_name("ladder.yaml").write_text(policies)
    return path


def given_up(path: str) -> dict[str, tuple[str, ...]]:
    directions = specify(load_scenario(path)).directions
    return {one.demand.id: one.given_up for one in directions if one.given_up}


def test_a_peak_of_several_counts_once_where_others_would_have_to_give_theirs_up(written):
    assert "show" not in given_up(laddered(written, "6Mbit"))
    assert given_up(laddered(written, "7Mbit"))["show"] == ("drop_pir",)


def test_what_several_are_promised_is_on_no_ladder(written):
    path = laddered(written, "9Mbit", "7Mbit", "objective: none\n")
    assert given_up(path) == {}
    with pytest.raises(InputError, match=r"97Mbit do not fit .*: demands pipe, show"):
        planned(path)


def test_beside_what_several_are_promised_others_go_elsewhere_and_climb_their_ladders(written):
    path = laddered(written, "9Mbit", "7Mbit")
    assert given_up(path) == {"show": ("drop_protect",)}
    planned(path)
