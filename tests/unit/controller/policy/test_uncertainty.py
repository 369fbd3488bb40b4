"""Certainty of lawful paths: shares, sets of jurisdictions, margins and prices over samples."""

from __future__ import annotations

import itertools
from datetime import date

import networkx as nx
import numpy as np
import pytest

from corridor.controller.policy import certainty
from corridor.controller.policy.automaton import build
from corridor.controller.policy.certainty import (
    NEAR_TIE,
    Lawful,
    price_ns,
    round_trip_ns,
    unruled,
)
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Demand, Policy, PolicySet
from corridor.controller.policy.permitted_paths import PermittedPath, best_permitted_path
from corridor.controller.policy.product import Product
from corridor.controller.policy.semantics import ApplicablePolicies, rule
from corridor.topologies.analysis.arcs import UNREACHED
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import Path, crossed_jurisdictions
from corridor.topologies.model.topology import Topology

PAN = load_topology("pan-asia")
LAWFUL = Lawful(draw(PAN))


def asked(src: str, dst: str, data: str = "any") -> Demand:
    return Demand.model_validate({"id": f"{src}-{dst}", "class": data, "src": src, "dst": dst})


def free(src: str, dst: str, topology: Topology = PAN) -> tuple[ApplicablePolicies, Path]:
    applicable_policies = unruled(topology, asked(src, dst))
    found = best_permitted_path(applicable_policies)
    assert isinstance(found, PermittedPath)
    return applicable_policies, found.path


def under(name: str, src: str, dst: str, data: str) -> ApplicablePolicies:
    policies = load_policies(name, PAN)
    return rule(policies, PAN, asked(src, dst, data), date(2026, 11, 24))


def test_shares_are_of_all_draws_and_the_printed_path_is_among_them() -> None:
    found = LAWFUL.certainty(*free("karachi", "guian"))
    assert sum(one.share for one in found.sets) == pytest.approx(1.0)
    assert sum(one.share for one in found.paths) == pytest.approx(1.0)
    assert found.path_share <= found.set_share
    (own,) = (one for one in found.sets if set(one.of) == set(found.crosses))
    assert own.share == found.set_share


def test_the_path_in_use_is_never_faster_than_the_shortest() -> None:
    found = LAWFUL.certainty(*free("jeddah", "zhongwei"))
    assert (found.best_ns <= found.taken_ns).all()
    assert (found.best_ns == found.taken_ns).mean() == found.path_share


def test_what_sources_of_a_destination_have_in_common_is_expanded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        certainty, "Product", lambda asked, *a, **k: made.append("") or Product(asked, *a, **k)
    )
    fresh = Lawful(draw(PAN, draws=20))
    for src in ("karachi", "lahore", "karachi", "bangkok"):
        applicable_policies, path = free(src, "guian")
        fresh.certainty(applicable_policies, path)
        assert (fresh.least_ns(applicable_policies) == fresh.shortest(applicable_policies)[0]).all()
    assert len(made) == 1


def test_with_certain_lengths_every_draw_is_the_map() -> None:
    fibres = tuple(
        one.model_copy(update={"length_basis": "published", "confidence": "confident"})
        for one in PAN.fibres
    )
    sure = Lawful(draw(PAN.model_copy(update={"fibres": fibres})))
    found = sure.certainty(*free("guian", "bangkok", sure.topology))
    assert (found.path_share, found.set_share, found.near_tie) == (1.0, 1.0, False)


def test_a_near_tie_is_marked_and_its_next_set_is_near() -> None:
    """Karachi - Gui'an goes by the Karakoram, or by Sri Lanka and Myanmar."""
    found = LAWFUL.certainty(*free("karachi", "guian"))
    assert found.near_tie
    assert 1 - found.set_share >= NEAR_TIE
    assert found.margin is not None
    assert found.margin.one_way_ns == 3_886_560
    assert set(found.margin.jurisdictions) == {"PK", "LK", "MM", "CN"}
    assert not LAWFUL.certainty(*free("guian", "bangkok")).near_tie


@pytest.mark.parametrize(
    ("src", "dst"),
    list(itertools.combinations(["urumqi", "lahore", "bangkok", "shanghai", "hongkong"], 2)),
)
def test_the_margin_is_that_of_the_first_other_set_among_all_paths(src: str, dst: str) -> None:
    """Against paths of networkx in the order of their delays (Yen 1971)."""
    applicable_policies, path = free(src, dst)
    found = LAWFUL.certainty(applicable_policies, path)
    graph = nx.Graph()
    for fibre in PAN.fibres:
        kept = graph.get_edge_data(fibre.a, fibre.z)
        if kept is None or kept["weight"] > fibre.one_way_delay_ns:
            graph.add_edge(fibre.a, fibre.z, weight=fibre.one_way_delay_ns)
    least = sum(PAN.fibre(name).one_way_delay_ns for name in path.fibres)
    assert found.margin is not None
    for hubs in itertools.islice(nx.shortest_simple_paths(graph, src, dst, "weight"), 40):
        taken = nx.path_weight(graph, hubs, "weight")
        if taken - least >= found.margin.one_way_ns:
            break
        # Parallel fibres: that a set is met by one of them is enough to contradict.
        names = [
            min(
                (one for one in PAN.fibres if set(one.ends) == {a, z}),
                key=lambda one: one.one_way_delay_ns,
            ).id
            for a, z in itertools.pairwise(hubs)
        ]
        crossed = set(crossed_jurisdictions(PAN, Path(tuple(hubs), tuple(names))))
        assert crossed == set(found.crosses)


def test_the_law_narrows_what_draws_may_choose() -> None:
    applicable_policies = under("pan-asia", "urumqi", "lahore", "cn-personal-contract")
    route = best_permitted_path(applicable_policies)
    assert isinstance(route, PermittedPath)
    found = LAWFUL.certainty(applicable_policies, route.path)
    gateways = {hub.id for hub in PAN.hubs if hub.intl_gateway}
    assert all(gateways & set(one.of) for one in found.paths)
    free_ns, _ = LAWFUL.shortest(unruled(PAN, applicable_policies.demand))
    assert (found.best_ns >= free_ns).all()


def test_every_drawn_path_is_lawful() -> None:
    applicable_policies = under("pan-asia", "urumqi", "lahore", "cn-personal-contract")
    _, fibre_paths = LAWFUL.shortest(applicable_policies)
    for fibres in set(fibre_paths):
        hubs, at = ["urumqi"], "urumqi"
        for number in fibres:
            at = PAN.fibres[number].other_end(at)
            hubs.append(at)
        path = Path(tuple(hubs), tuple(PAN.fibres[number].id for number in fibres))
        assert applicable_policies.verdict(path).allowed, str(path)


def test_a_price_is_taken_on_the_same_draw_so_it_is_never_negative() -> None:
    there = under("pan-asia", "urumqi", "lahore", "cn-personal-contract")
    without = unruled(PAN, there.demand)
    found = price_ns(LAWFUL, [there], [without])
    assert (found > 0).all()
    assert found.std() < LAWFUL.shortest(there)[0].std()
    assert (price_ns(LAWFUL, [without], [without]) == 0).all()


def test_a_budget_blocks_the_draws_that_break_it() -> None:
    applicable_policies, path = free("karachi", "guian")
    (automaton,) = applicable_policies.automata
    median = int(np.median(LAWFUL.certainty(applicable_policies, path).best_ns))
    permit = Policy.model_validate(
        {"id": "P", "effect": "permit", "hard": {"max_one_way": f"{median}ns"}}
    )
    tight = ApplicablePolicies(
        PAN, applicable_policies.demand, (build(automaton.trip, permit, ()),)
    )
    found = LAWFUL.certainty(tight, path)
    assert found.blocked_share == pytest.approx(0.5, abs=0.01)
    assert (found.best_ns == UNREACHED).mean() == found.blocked_share
    assert np.isnan(price_ns(LAWFUL, [tight], [applicable_policies])).mean() == found.blocked_share


def test_a_round_trip_adds_both_ways_of_one_draw() -> None:
    there = LAWFUL.certainty(*free("karachi", "guian"))
    back = LAWFUL.certainty(*free("guian", "karachi"))
    assert np.array_equal(round_trip_ns(there, back), there.taken_ns + back.taken_ns)
    assert there.set_share == back.set_share


def test_no_permit_no_path() -> None:
    nothing = ApplicablePolicies(PAN, asked("karachi", "guian"), ())
    best, fibre_paths = LAWFUL.shortest(nothing)
    assert set(best.tolist()) == {UNREACHED}
    assert set(fibre_paths) == {()}


def test_the_least_is_taken_of_all_permits_and_the_shortest_of_the_first() -> None:
    by_beijing = {"id": "FIRST", "effect": "permit", "match": {}}
    by_beijing |= {"hard": {"waypoints": [{"any_of": {"hubs": "beijing"}}]}}
    policies = PolicySet.model_validate(
        {"name": "two", "policies": [by_beijing, {"id": "SECOND", "effect": "permit", "match": {}}]}
    )
    applicable_policies = rule(
        policies, PAN, asked("urumqi", "lahore", "unclassified"), date(2026, 11, 24)
    )
    first_ns, _ = LAWFUL.shortest(applicable_policies)
    free_ns, _ = LAWFUL.shortest(unruled(PAN, applicable_policies.demand))
    assert (LAWFUL.least_ns(applicable_policies) == free_ns).all()
    assert (LAWFUL.least_ns(applicable_policies) < first_ns).all()
