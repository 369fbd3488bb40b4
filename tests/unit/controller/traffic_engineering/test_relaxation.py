"""What permits give up of their soft clauses, by hand, on the five hubs of ``mini``.

The worked example of the ladder, as the page tells it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from corridor.controller.explain import explain
from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
)
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.intent import Selector
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.statuses import statuses
from corridor.controller.policy.model import Demand, PolicySet
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.controller.traffic_engineering.relaxation import climb, unmet_constraints
from corridor.experiments import cli
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import intents_for, specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.demand_table import lacks_lines
from corridor.experiments.text.explanation_text import explained
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import wire
from policy_lab import TODAY

MINI = load_topology("mini")
WIRING = wire(MINI, gateways=frozenset({"kunming"}))
CLASSES = [
    {"id": name, "origin": "CN", "sensitivity": "general", "basis": "exempt"}
    for name in ("calls", "bulk", "video")
]
LINK = {"k": 1, "over": ["link"]}
BOTH_DIRECTIONS = ["exceed_latency", "drop_protect"]


def spec(*policies: dict[str, Any], demands: dict[str, tuple[str, str, str]], **more: Any):
    directions = []
    for number, (name, (data, src, dst)) in enumerate(demands.items()):
        said = {"id": name, "class": data, "src": src, "dst": dst}
        port = Selector("udp", 5000 + number, 5000 + number)
        directions.append(Direction(demand=Demand.model_validate(said), selectors=(port,)))
    permits = [{"effect": "permit", **policy} for policy in policies]
    said = {"name": "lab", "classes": CLASSES, "policies": permits}
    asked = {"k": 0, "over": ("link",), "directions": tuple(directions), **more}
    return Specification(
        topology=MINI, policies=PolicySet.model_validate(said), as_of=TODAY, **asked
    )


def calls(one_way: str, *ladder: str) -> Specification:
    """Guian to Bangkok in at most 40 ms: by Kunming in 14.2 ms without a detour around its last
    fibre, by Shanghai in 39.5 ms protected all along."""
    soft = {"one_way": one_way, "protect": LINK}
    rule = {"id": "CALLS", "hard": {"max_one_way": "40ms"}, "soft": soft}
    rule["on_soft_failure"] = list(ladder)
    return spec(rule, demands={"call": ("calls", "guian", "bangkok")})


def graph_of(specification: Specification):
    return GraphBuilder(MINI).graph(specification.intents()[0])


def status_of(specification: Specification, demand: str, failures: Failures | None = None):
    deployment = deployments.stand(DesiredState(specification), WIRING, 0)
    return next(one for one in statuses(deployment, failures or Failures()) if one.demand == demand)


@pytest.mark.parametrize(
    ("one_way", "ladder", "by", "status", "reason"),
    [
        ("39500us", [], "shanghai", "UP", ""),
        ("39ms", [], "kunming", "DEGRADED", "no detour around link:kunming-bangkok"),
        (
            "39ms",
            ["drop_protect"],
            "kunming",
            "DEGRADED",
            "drop_protect: no detour around link:kunming-bangkok",
        ),
        (
            "39ms",
            BOTH_DIRECTIONS,
            "shanghai",
            "DEGRADED",
            "exceed_latency: one way takes 39.47693ms, asked for 39ms",
        ),
        (
            "39ms",
            BOTH_DIRECTIONS[::-1],
            "kunming",
            "DEGRADED",
            "drop_protect: no detour around link:kunming-bangkok",
        ),
        (
            "14ms",
            BOTH_DIRECTIONS[::-1],
            "kunming",
            "DEGRADED",
            (
                "exceed_latency: one way takes 14.23801ms, asked for 14ms; "
                "drop_protect: no detour around link:kunming-bangkok"
            ),
        ),
    ],
)
def test_the_order_of_the_ladder_decides_between_delay_and_protection(
    one_way, ladder, by, status, reason
):
    found = status_of(calls(one_way, *ladder), "call")
    assert found.hubs == ("guian", by, "bangkok")
    assert (found.status, found.reason) == (status, reason)


def test_what_a_hard_budget_forbids_is_not_spent_on_protection():
    tight = calls("39ms", *BOTH_DIRECTIONS)
    rule = tight.policies.policies[0].model_dump(mode="json", by_alias=True)
    rule["hard"]["max_one_way"] = "39ms"
    found = status_of(spec(rule, demands={"call": ("calls", "guian", "bangkok")}), "call")
    assert found.hubs == ("guian", "kunming", "bangkok")
    assert found.reason.startswith("drop_protect: no detour around link:")


def test_where_the_only_gateway_is_that_of_the_source_no_path_is_protected():
    passes = {"waypoints": [{"any_of": {"hubs": ["kunming"]}}]}
    soft = {"one_way": "99ms", "protect": {"k": 1, "over": ["gateway"]}}
    rule = {"id": "CALLS", "hard": passes, "soft": soft, "on_soft_failure": BOTH_DIRECTIONS}
    found = status_of(spec(rule, demands={"call": ("calls", "kunming", "bangkok")}), "call")
    assert found.hubs == ("kunming", "bangkok")
    assert found.reason == "drop_protect: no detour around gateway:kunming"


def test_an_explanation_says_what_protection_costs_and_what_is_given_up():
    longer = calls("39ms", *BOTH_DIRECTIONS)
    found = explain(graph_of(longer), longer.policies, TODAY)
    text = explained(found, MINI)
    assert "Protection adds 25.24 ms" in text
    assert "Relaxed: exceed_latency: one way takes 39.47693ms" in text
    assert "there is no shorter path" not in text
    assert [cost.costs_ns for cost in found.clauses] == [0]
    again = [one.again.passage for one in found.outages if one.dead[0] == "link:shanghai-bangkok"]
    assert again[0].hubs == ("guian", "kunming", "bangkok")


def rates(cir: str, *ladder: str, pir: str | None = None, protect: bool = True) -> dict[str, Any]:
    bandwidth = {"cir": cir} | ({"pir": pir} if pir else {})
    soft = {"bandwidth": bandwidth} | ({"protect": LINK} if protect else {})
    return {"soft": soft, "on_soft_failure": list(ladder)}


def crowded(*ladder: str, **more: Any) -> Specification:
    """Once the fibre to Shanghai is cut, both want the one to Kunming, which holds 96 Mbit/s."""
    return spec(
        {"id": "BULK", "match": {"class": "bulk"}, **rates("60Mbit", *ladder)},
        {"id": "VIDEO", "match": {"class": "video"}, **rates("50Mbit", protect=False)},
        demands={
            "copy": ("bulk", "guian", "shanghai"),
            "show": ("video", "guian", "kunming"),
        },
        **more,
    )


def given_up(specification: Specification) -> dict[str, tuple[str, ...]]:
    return {one.demand.id: one.given_up for one in specification.directions if one.given_up}


def report_on(served: Specification, judged_by: Specification):
    """Tables compiled by one specification, judged by another."""
    program = compile_forwarding_graphs(
        WIRING, MINI, build_forwarding_graphs(MINI, served.intents())
    ).program
    return examine(tables_of(program), WIRING, MINI, judged_by.intents())


def test_protection_is_given_up_where_committed_rates_do_not_fit_on_detours():
    asked = crowded("drop_protect")
    climbed = climb(asked)
    assert given_up(climbed) == {"copy": ("drop_protect",)}
    found = status_of(climbed, "copy")
    assert (found.status, found.reason) == (
        "DEGRADED",
        "drop_protect: no room on detours for 60Mbit",
    )
    assert status_of(climbed, "show").status == "UP"
    assert report_on(climbed, climbed).holds


def test_protection_is_given_up_of_whoever_makes_most_room():
    """Both copies have the same detour, on which 40 Mbit/s are too much."""
    copies = {"a-copy": ("calls", "guian", "shanghai"), "copy": ("bulk", "guian", "shanghai")}
    asked = spec(
        {"id": "CALLS", "match": {"class": "calls"}, **rates("40Mbit", "drop_protect")},
        {"id": "BULK", "match": {"class": "bulk"}, **rates("50Mbit", "drop_protect")},
        {"id": "VIDEO", "match": {"class": "video"}, **rates("46Mbit", protect=False)},
        demands=copies | {"show": ("video", "guian", "kunming")},
    )
    assert given_up(climb(asked)) == {"copy": ("drop_protect",)}


def test_tables_that_give_up_more_than_the_specification_says_are_not_proven():
    asked = crowded("drop_protect")
    broken = report_on(climb(asked), asked).breaches
    assert {claim for claim, found in broken.items() if found} == {"C9"}


def test_tables_that_give_up_nothing_do_not_fit():
    asked = crowded("drop_protect")
    broken = report_on(asked, asked).breaches
    assert {claim for claim, found in broken.items() if found} == {"C12"}


def test_a_step_that_is_not_on_the_ladder_counts_for_nothing():
    asked = crowded()
    assert given_up(climb(asked)) == {}
    forged = asked.model_copy(
        update={
            "directions": tuple(
                one.model_copy(update={"given_up": ("drop_protect", "drop_pir")})
                for one in asked.directions
            )
        }
    )
    assert build_forwarding_graphs(MINI, forged.intents())[0].protection.k == 1
    assert [one.said for one in report_on(forged, forged).breaches["C12"]]


def test_a_specification_that_gives_up_what_makes_no_room_is_refused():
    with pytest.raises(ValidationError, match="given_up"):
        Direction.model_validate(
            {
                "demand": {"id": "a", "class": "calls", "src": "guian", "dst": "bangkok"},
                "selectors": [],
                "given_up": ["exceed_latency"],
            }
        )


def test_protection_that_the_scenario_asks_for_is_never_given_up():
    assert given_up(climb(crowded("drop_protect", k=1))) == {}


def test_what_is_given_up_survives_json():
    climbed = climb(crowded("drop_protect"))
    assert Specification.from_json(climbed.to_json()).intents() == climbed.intents()


def held(cir: str, pir: str, ladder: tuple[str, ...] = ("drop_pir",)) -> dict[str, Any]:
    return rates(cir, *ladder, pir=pir, protect=False)


def peaks(*pirs: tuple[str, str], ladder: tuple[str, ...] = ("drop_pir",), **more: Any):
    """Demands from Guian to Kunming, whose fibre holds 96 Mbit/s, by rates."""
    names = ("calls", "bulk", "video")
    policies = [
        {
            "id": name.upper(),
            "match": {"class": name},
            **held(cir, pir, ladder),
        }
        for name, (cir, pir) in zip(names, pirs, strict=False)
    ]
    demands = {f"{name}-up": (name, "guian", "kunming") for name in names[: len(pirs)]}
    return spec(*policies, demands=demands, **more)


def test_the_peak_is_given_up_of_whoever_makes_most_room_and_of_no_more():
    climbed = climb(peaks(("10Mbit", "40Mbit"), ("10Mbit", "50Mbit"), ("10Mbit", "30Mbit")))
    assert given_up(climbed) == {"bulk-up": ("drop_pir",)}
    found = status_of(climbed, "bulk-up")
    assert (found.status, found.reason) == ("DEGRADED", "drop_pir: held to 10Mbit")
    assert report_on(climbed, climbed).holds
    program = compile_forwarding_graphs(
        WIRING, MINI, build_forwarding_graphs(MINI, climbed.intents())
    ).program
    (switch,) = [one for one in program.switches if one.hub == "guian"]
    assert sorted(meter.rate_kbps for meter in switch.meters) == [10_000, 30_000, 40_000]


def test_what_turns_out_not_to_be_needed_is_given_back():
    """The fibre to Kunming would be helped by either, the one beyond by the second alone."""
    asked = spec(
        {"id": "CALLS", "match": {"class": "calls"}, **held("30Mbit", "60Mbit")},
        {"id": "BULK", "match": {"class": "bulk"}, **held("31Mbit", "56Mbit")},
        {"id": "VIDEO", "match": {"class": "video"}, **held("40Mbit", "50Mbit", ladder=())},
        demands={
            "near": ("calls", "guian", "kunming"),
            "far": ("bulk", "guian", "bangkok"),
            "show": ("video", "kunming", "bangkok"),
        },
    )
    assert given_up(climb(asked)) == {"far": ("drop_pir",)}


def test_of_equal_peaks_that_of_the_first_by_name_is_given_up():
    climbed = climb(peaks(("40Mbit", "50Mbit"), ("40Mbit", "50Mbit")))
    assert given_up(climbed) == {"bulk-up": ("drop_pir",)}


def test_peaks_that_no_ladder_gives_up_are_let_in_as_asked():
    assert given_up(climb(peaks(("40Mbit", "50Mbit"), ("40Mbit", "50Mbit"), ladder=()))) == {}


def test_a_meter_of_the_peak_that_was_given_up_is_a_breach():
    asked = peaks(("40Mbit", "50Mbit"), ("40Mbit", "50Mbit"))
    (breach,) = report_on(asked, climb(asked)).breaches["C12"]
    assert breach.said == "packets of bulk-up are held to 50Mbit instead of 40Mbit"


def test_rates_that_a_scenario_asks_for_itself_are_never_given_up():
    asked = peaks(("40Mbit", "50Mbit"), ("40Mbit", "50Mbit"))
    own = asked.policies.policies[1].soft.bandwidth
    directions = tuple(
        one.model_copy(update={"bandwidth": own}) if one.demand.id == "bulk-up" else one
        for one in asked.directions
    )
    climbed = climb(asked.model_copy(update={"directions": directions}))
    assert given_up(climbed) == {"calls-up": ("drop_pir",)}


def test_nothing_is_given_up_where_committed_rates_fit_by_no_ladder():
    """With a single path, giving up protection makes no room."""
    policies = [
        {
            "id": name.upper(),
            "match": {"class": name},
            **rates("50Mbit", "drop_protect", "drop_pir"),
        }
        for name in ("bulk", "video")
    ]
    demands = {name: (name, "guian", "kunming") for name in ("bulk", "video")}
    assert given_up(climb(spec(*policies, demands=demands))) == {}


def test_climbing_begins_from_nothing_given_up():
    climbed = climb(peaks(("40Mbit", "50Mbit"), ("40Mbit", "50Mbit")))
    assert climb(climbed) == climbed
    alone = climbed.model_copy(update={"directions": climbed.directions[1:]})
    assert given_up(climb(alone)) == {}


def test_while_switches_bridge_a_failure_the_delay_is_that_of_the_detour():
    asked = calls("39500us", "exceed_latency")
    dead = Failures(links=frozenset({"shanghai-bangkok"}))
    found = status_of(asked, "call", dead)
    assert found.reason == "bridged around link:shanghai-bangkok"
    graph = graph_of(asked)
    assert [str(one) for one in unmet_constraints(graph, 40_000_000)] == [
        "exceed_latency: one way takes 40ms, asked for 39.5ms"
    ]
    assert (
        unmet_constraints(replace(graph, route=GraphBuilder(MINI).graph(graph.intent).route)) == ()
    )


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
