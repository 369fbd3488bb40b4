"""Joint path selection, by hand, on the five hubs of ``mini``: 96 Mbit/s a fibre in China."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.controller.explain import explain
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.intent import PreferredPath
from corridor.controller.intent.specification import Specification, failures_of
from corridor.controller.policy.model import PolicySet
from corridor.controller.traffic_engineering.fit_rates import Served, with_feasible_paths
from corridor.controller.traffic_engineering.objective import OBJECTIVES
from corridor.controller.traffic_engineering.path_program import SolverError
from corridor.controller.traffic_engineering.path_selection import select_paths
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.explanation_text import explained as explained_text
from corridor.topologies.base.errors import InputError
from policy_lab import TODAY
from rates_lab import DIRECT, MINI, ROUND, picks, spec

ROOT = Path(__file__).resolve().parents[4]


def path_of(specification: Specification, demand: str, *failed: str) -> tuple[str, ...]:
    intent = next(one for one in specification.intents() if one.id == demand)
    failures = failures_of(MINI, failed)
    return trace_packet(GraphBuilder(MINI).graph(intent), MINI, failures).path.fibres


def took_ns(fibres: tuple[str, ...]) -> int:
    return sum(MINI.one_way_delay_ns(MINI.fibre(one)) for one in fibres)


def served_by(specification: Specification, demand: str):
    intent = next(one for one in specification.intents() if one.id == demand)
    return GraphBuilder(MINI).graph(intent)


def test_rates_that_fit_on_the_shortest_paths_change_nothing():
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("46Mbit", "shanghai", "guian")})
    assert with_feasible_paths(asked, "added-delay") == asked


def test_what_does_not_fit_beside_another_goes_round():
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})
    found = with_feasible_paths(asked, "added-delay")
    assert [path_of(found, name) for name in "ab"] == [DIRECT, ROUND]
    explained = explain(served_by(found, "b"), found.policies, TODAY)
    assert explained.room_ns == took_ns(ROUND) - took_ns(DIRECT)
    assert "Committed rates add 6.85 ms: they do not fit on the shortest paths" in explained_text(
        explained, MINI
    )
    assert picks(found) == {"b": (PreferredPath(at="shanghai", fibres=ROUND),)}
    assert Served(MINI, found.intents()).too_full() == []


def test_nothing_is_picked_where_the_objective_is_none():
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})
    assert with_feasible_paths(asked, "none") is asked


def test_an_objective_that_is_none_of_the_registered_ones_is_refused():
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})
    with pytest.raises(KeyError, match="cheapest"):
        with_feasible_paths(asked, "cheapest")


def test_whatever_demands_are_called_and_however_they_stand_the_same_ways_are_taken():
    rates = {
        "a": ("50Mbit", "shanghai", "guian"),
        "b": ("47Mbit", "shanghai", "guian"),
        "c": ("60Mbit", "shanghai", "kunming"),
        "d": ("45Mbit", "bangkok", "guian"),
    }
    asked = with_feasible_paths(spec(rates), "added-delay")
    renamed = {f"{9 - at}": one for at, one in enumerate(reversed(rates.values()))}
    turned = with_feasible_paths(spec(renamed), "added-delay")
    paths = {rates[name]: path_of(asked, name) for name in rates}
    others = {one: path_of(turned, f"{9 - at}") for at, one in enumerate(reversed(rates.values()))}
    assert paths == others


def test_detours_are_chosen_too():
    """Whichever of the fibres out of Shanghai is cut, 96 Mbit/s of the other hold one of both: the
    detour of one goes by Bangkok."""
    asked = spec(
        {"a": ("55Mbit", "shanghai", "guian"), "b": ("50Mbit", "shanghai", "kunming")}, k=1
    )
    assert Served(MINI, asked.intents()).too_full()
    found = with_feasible_paths(asked, "added-delay")
    assert Served(MINI, found.intents()).too_full() == []
    assert [path_of(found, name) for name in "ab"] == [DIRECT, ("shanghai-kunming",)]
    for cut in ("link:shanghai-guian", "link:shanghai-kunming"):
        paths = [path_of(found, name, cut) for name in "ab"]
        assert not set(paths[0]) & set(paths[1]), cut


def test_a_path_that_is_no_path_is_taken_for_none_said():
    asked = spec({"a": ("50Mbit", "shanghai", "guian")})
    for fibres in (("shanghai-kunming",), ("no-such",), ("guian-kunming", "shanghai-guian")):
        picked = (PreferredPath(at="shanghai", fibres=fibres),)
        (one,) = asked.directions
        wished = asked.model_copy(
            update={"directions": (one.model_copy(update={"picks": picked}),)}
        )
        assert path_of(wished, "a") == DIRECT


def test_a_choice_says_what_it_costs():
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})
    served = Served(MINI, asked.intents())
    choice = select_paths(MINI, served.graphs, served.builder)
    assert choice.fullest_before == pytest.approx(97 / 96)
    assert choice.fullest == pytest.approx(50 / 96)


def test_every_objective_is_named_on_the_page_and_taken_from_scenarios(tmp_path):
    page = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    text = (ROOT / "examples/fitting_rates.yaml").read_text(encoding="utf-8")
    for key in OBJECTIVES:
        assert f"`{key}`" in page
        written = tmp_path / "asked.yaml"
        written.write_text(text.replace("added-delay", key), encoding="utf-8")
        specification = specify(load_scenario(written))
        assert Served(MINI, specification.intents()).too_full() == []
    written.write_text(text.replace("added-delay", "cheapest"), encoding="utf-8")
    with pytest.raises(InputError, match="objective is one of added-delay, moves, none") as refused:
        load_scenario(written)
    assert refused.value.line == 7


def test_no_demand_loses_a_rate_to_fit():
    """One equal permit gives a rate and no detour, the other a detour and no rate."""
    base = spec({})
    permits = [
        {"id": "FREE", "effect": "permit", "hard": {"avoid": {"fibres": ["shanghai-guian"]}}},
        {"id": "PAID", "effect": "permit", "soft": {"bandwidth": {"cir": "50Mbit"}}},
    ]
    said = base.policies.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    policies = PolicySet.model_validate({**said, "policies": permits})
    asked = spec(
        {"x": ("1Mbit", "shanghai", "guian"), "y": ("1Mbit", "shanghai", "guian")}
    ).model_copy(update={"policies": policies})
    asked = asked.model_copy(
        update={
            "directions": tuple(
                one.model_copy(update={"bandwidth": None}) for one in asked.directions
            )
        }
    )
    for one in with_feasible_paths(asked, "added-delay").intents():
        served = GraphBuilder(MINI).graph(one)
        assert served.permit is not None
        assert served.permit.id == "PAID"


def test_where_the_solver_comes_to_no_end_no_paths_are_chosen(monkeypatch):
    asked = spec({"a": ("51Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})

    def unsolved(*_):
        raise SolverError("no end")

    monkeypatch.setattr(
        "corridor.controller.traffic_engineering.path_program.LinearProgram.solved", unsolved
    )
    assert picks(with_feasible_paths(asked, "added-delay")) == {}
