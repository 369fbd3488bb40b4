"""Contracts of domains add up what paths take over all of them: hops and delay budgets."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise, product

import pytest

from corridor.controller.domains import contracts
from corridor.controller.domains.contracts import COMPOSED, compose, provers
from corridor.controller.intent.intent import intents_of
from corridor.controller.policy.model import DataClass, Demand, PolicySet
from mutants import MUTANTS
from policy_lab import TODAY, fibre, hub, network, permit
from prover_worlds import POLICIES, NotHereError, atlas_intents, atlas_world, compiled


def composed(one_way: str, owner=None):
    """The tables of the atlas under a tighter budget, proven by a domain for each hub."""
    strict = [
        permit("QUICK", match={"class": "quick"}, hard={"max_one_way": one_way})
        if policy.id == "QUICK"
        else policy
        for policy in POLICIES
    ]
    net = atlas_world(1)
    owner = {hub.id: hub.id for hub in net.topology.hubs} if owner is None else owner
    intents = atlas_intents(1, policies=strict)
    return compose(provers(owner, net.tables, net.wiring, net.topology, intents), owner)


def test_a_budget_is_that_of_the_sum_of_what_domains_take():
    found = composed("5ms")
    assert found.claims == {"C11"}
    assert {one.said for one in found.violated} == {
        "QUICK max_one_way: one way takes 6ms, more than 5ms"
    }
    assert composed("6ms").claims == frozenset()


@pytest.mark.parametrize("one_way", ["5ms", "6ms"])
def test_one_domain_finds_the_same(one_way):
    alone = {hub.id: "whole" for hub in atlas_world(1).topology.hubs}
    assert composed(one_way, alone).claims == composed(one_way).claims


def test_hops_are_counted_over_all_domains(monkeypatch):
    monkeypatch.setattr(contracts, "LABEL_TTL", 8)
    names = [f"h{number}" for number in range(10)]
    graph = network(
        [hub(name, "CN") for name in names],
        [fibre(f"{a}-{z}", 1) for a, z in pairwise(names)],
    )
    kind = {"id": "any", "origin": "CN", "sensitivity": "general", "basis": "exempt"}
    policies = PolicySet(
        name="lab", classes=(DataClass.model_validate(kind),), policies=(permit("ALL"),)
    )
    demand = {"id": "far", "class": "any", "src": names[0], "dst": names[-1]}
    intents = intents_of(policies, graph, [Demand.model_validate(demand)], TODAY)
    net = compiled(graph, intents)
    owner = {name: f"{name}@CN" for name in names}
    found = compose(provers(owner, net.tables, net.wiring, net.topology, intents), owner)
    assert found.claims == {"C8"}
    assert "a path uses 8 hops of 8" in {one.said for one in found.violated}


@pytest.mark.parametrize(
    "name", [name for name, (claim, _) in sorted(MUTANTS.items()) if claim in COMPOSED]
)
@pytest.mark.parametrize("domains", [1, 2, 99])
def test_planted_breaches_are_found_as_by_one_proof(name, domains):
    """Of hubs in turn, or, with more domains than hubs, each hub alone."""
    claim, plant = MUTANTS[name]
    net, held = planted(plant)
    owner = {one.id: f"d{at % domains}" for at, one in enumerate(net.topology.hubs)}
    whole = {one.claim for one in net.prove(held).violated}
    parts = (held.tables, net.wiring, net.topology, held.intents)
    found = compose(provers(owner, *parts), owner)
    assert claim in found.claims
    assert found.claims & {*COMPOSED} == whole & {*COMPOSED}


def planted(plant):
    """The first world in which the breach can be planted."""
    for k, seed in product((1, 0, 2), range(3)):
        net = atlas_world(k, seed)
        with suppress(NotHereError):
            return net, plant(net)
    raise AssertionError
