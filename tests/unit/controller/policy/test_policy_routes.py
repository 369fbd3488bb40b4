"""The shortest allowed path, and the report if there is none."""

from __future__ import annotations

import pytest

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.intent import Intent
from corridor.controller.policy import product
from corridor.controller.policy.clauses.avoid import Avoid
from corridor.controller.policy.permitted_paths import NoPermittedPath, PermittedPath, shortest
from corridor.controller.policy.product import Place
from corridor.controller.policy.semantics import Failures
from policy_lab import (
    applicable_policies,
    corridor,
    demand,
    deny,
    fibre,
    hub,
    network,
    permit,
    restrict,
    route,
)

GATEWAY = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}


def hubs_of(found: PermittedPath | NoPermittedPath) -> str:
    assert isinstance(found, PermittedPath), found
    return " ".join(found.path.hubs)


def test_a_permit_without_clauses_takes_the_shortest_path() -> None:
    found = route(permit())
    assert hubs_of(found) == "west kash gilgit karachi"
    assert isinstance(found, PermittedPath)
    assert found.one_way_ns == 12 * 10**6


def test_a_gateway_before_the_border_moves_the_path() -> None:
    found = route(permit(hard=GATEWAY))
    assert hubs_of(found) == "west kun mandalay mumbai karachi"
    assert isinstance(found, PermittedPath)
    assert found.phases == ("PRE", *("ASSESSED",) * 4)


def test_a_path_may_go_to_a_gateway_and_back_through_the_hub_it_started_from() -> None:
    away = {"avoid": {"located_in": ["MM", "IN"], "crosses": "OM"}}
    found = route(permit(hard=GATEWAY | away))
    assert hubs_of(found) == "west kun west kash gilgit karachi"
    assert isinstance(found, PermittedPath)
    assert found.one_way_ns == 16 * 10**6


def test_the_preferred_permit_is_used_although_another_is_shorter() -> None:
    first = permit("FIRST", preference=1, hard=GATEWAY)
    found = route(first, permit("SECOND", preference=2))
    assert isinstance(found, PermittedPath)
    assert found.permit == "FIRST"


def test_the_next_permit_is_used_when_the_preferred_one_has_no_path() -> None:
    first = permit("FIRST", preference=1, hard={"confine": "CN"})
    found = route(first, permit("SECOND", preference=2))
    assert isinstance(found, PermittedPath)
    assert found.permit == "SECOND"


@pytest.mark.parametrize(
    ("failures", "hubs"),
    [
        (Failures(links=frozenset({"kash-gilgit"})), "west kun mandalay mumbai karachi"),
        (Failures(srlgs=frozenset({"corridor:karakoram"})), "west kun mandalay mumbai karachi"),
        (Failures(hubs=frozenset({"gilgit", "mumbai"})), "west coast karachi"),
        (Failures(gateways=frozenset({"kun"})), "west kash gilgit karachi"),
    ],
    ids=["link", "srlg", "hub", "gateway"],
)
def test_a_path_avoids_what_has_failed(failures: Failures, hubs: str) -> None:
    assert hubs_of(route(permit(), failures=failures)) == hubs


def test_a_hub_whose_gateway_is_down_forwards_but_serves_no_waypoint() -> None:
    found = route(permit(hard=GATEWAY), failures=Failures(gateways=frozenset({"kun"})))
    assert hubs_of(found) == "west coast west kash gilgit karachi"
    assert isinstance(found, PermittedPath)
    assert found.phases == ("PRE", *("ASSESSED",) * 5)


def test_all_gateways_down_blocks_and_names_the_cheapest_to_repair() -> None:
    failures = Failures(gateways=frozenset({"kun", "coast"}))
    found = route(permit(hard=GATEWAY, legal_ref=["CN-GATEWAY"]), failures=failures)
    assert isinstance(found, NoPermittedPath)
    assert found.status == "BLOCKED"
    assert [str(remedy) for remedy in found.remedies] == [
        "remove clause P waypoints (opens a path with a one-way delay of 12.0 ms)",
        "repair gateway:kun (opens a path with a one-way delay of 15.0 ms)",
        "repair gateway:coast (opens a path with a one-way delay of 22.0 ms)",
    ]
    assert found.because[0].legal_ref == ("CN-GATEWAY",)


def test_no_fibre_is_down_and_not_blocked() -> None:
    found = route(permit(), failures=Failures(hubs=frozenset({"karachi"})))
    assert isinstance(found, NoPermittedPath)
    assert found.status == "DOWN"
    repair = "repair hub:karachi (opens a path with a one-way delay of 12.0 ms)"
    assert str(found.remedies[0]) == repair


def test_a_deny_is_named_with_its_law() -> None:
    found = route(permit(), deny("NO", legal_ref=["CN-DSL-CORE"]))
    assert str(found) == (
        "BLOCKED; NO deny: denies demand (general, west to karachi) [CN-DSL-CORE]"
    )


def test_a_contradiction_that_no_single_clause_makes_names_those_to_lift_together() -> None:
    found = route(permit(hard={"max_one_way": "10ms"}), restrict(hard={"confine": "CN"}))
    assert isinstance(found, NoPermittedPath)
    assert [remedy.what for remedy in found.remedies] == ["R confine and P max_one_way"]


def test_a_budget_counts_what_a_detour_has_already_spent() -> None:
    (automaton,) = applicable_policies(permit(hard={"max_one_way": "14ms"})).automata
    start = Place("kash", automaton.start)
    topology = corridor()
    assert shortest(automaton, topology, start=start, spent_ns=1 * 10**6) is not None
    assert shortest(automaton, topology, start=start, spent_ns=4 * 10**6) is None


def test_a_detour_starts_from_the_state_the_path_had_there() -> None:
    (automaton,) = applicable_policies(permit(hard=GATEWAY)).automata
    whole = shortest(automaton, corridor())
    assert whole is not None
    here = Place(whole.path.hubs[1], whole.states[1])
    cut = Failures(links=frozenset({"kun-mandalay"}))
    detour = shortest(automaton, corridor(), cut, start=here)
    assert detour is not None
    assert detour.path.hubs == ("kun", "west", "kash", "gilgit", "karachi")
    assert set(detour.phases) == {"ASSESSED"}


def test_equal_delays_fall_to_fewer_hops_then_to_the_fibre_named_first() -> None:
    square = network(
        [hub(name, "CN") for name in ("a", "b", "c", "d")],
        [
            fibre("a-c", 5),
            fibre("a-b", 5),
            fibre("b-d", 5),
            fibre("c-d", 5),
            fibre("b-c", 0),
        ],
    )
    assert hubs_of(route(permit(), about=demand(src="a", dst="d"), on=square)) == "a c d"


def test_a_clause_that_fails_to_evaluate_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Avoid, "enter", fails)
    found = route(permit(hard={"avoid": {"crosses": "OM"}}))
    assert isinstance(found, NoPermittedPath)
    assert found.status == "BLOCKED"
    assert "planted" in str(found)


def test_clauses_that_tell_too_many_places_apart_are_named_and_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(product, "MOST_STATES_OF_A_HUB", 1)
    monkeypatch.setattr(product, "MOST_PLACES_OF_FEW", 3)
    rules = (permit(), restrict("R", hard={"hops": 9, "waypoints": [{"any_of": "gateways"}]}))
    found = route(*rules)
    assert isinstance(found, NoPermittedPath)
    (because,) = found.because
    assert "R waypoints, R hops together tell more than" in str(because)
    graph = GraphBuilder(corridor()).graph(Intent(applicable_policies(*rules)))
    assert (graph.status, graph.first) == ("BLOCKED", None)
