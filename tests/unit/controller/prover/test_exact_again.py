"""What an exact search found is used again while more has failed, where that changes nothing."""

from dataclasses import replace
from functools import cache
from random import Random
from types import SimpleNamespace

import pytest

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.model import Policy
from corridor.controller.policy.semantics import NO_FAILURES
from corridor.controller.prover import exact_claims, tables_of
from corridor.controller.prover.exact_claims import judged, judged_again
from corridor.controller.prover.exact_outcomes import Searched
from corridor.controller.prover.exact_search import Explorer
from corridor.topologies.model.wiring import wire
from plain_worlds import random_network, random_rule
from policy_lab import applicable_policies, demand

SEEDS = range(40)


@cache
def mesh(seed):
    """A random network with two directions under up to four permits, and some failures."""
    chance = Random(seed)
    topology = random_network(chance)
    policies = [
        Policy.model_validate(random_rule(chance, topology, f"P{n}", "permit", matches=True))
        for n in range(chance.choice((1, 2, 3, 4)))
    ]
    protection = Protection(chance.choice((1, 2)), ("link", "srlg"))
    ends = (topology.hubs[0].id, topology.hubs[-1].id)
    intents = []
    for src, dst in (ends, ends[::-1]):
        about = demand(src=src, dst=dst).model_copy(update={"id": f"{src}-to-{dst}"})
        intents.append(
            Intent(applicable_policies(*policies, about=about, on=topology), protection=protection)
        )
    graphs = build_forwarding_graphs(topology, intents)
    wiring = wire(topology, gateways=gateways_of(graphs))
    tables = tables_of(compile_forwarding_graphs(wiring, topology, graphs).program)
    failures = [failures_of(topology, [name]) for name in elements(topology)]
    cuts = [NO_FAILURES, *failures, *(one.and_also(chance.choice(failures)) for one in failures)]
    explorers = [Explorer(tables, wiring, topology, cut) for cut in cuts]
    before = [judged(explorers[0], intent) for intent in intents]
    return SimpleNamespace(intents=intents, explorers=explorers, before=before)


@cache
def from_nothing(seed):
    """By failures, the results of searches that use nothing again."""
    known = mesh(seed)
    return [[plain(judged(one, intent)) for intent in known.intents] for one in known.explorers]


def plain(one):
    """All that was found, as values."""
    searched = one.searched
    return (
        (searched.intent, searched.permit, searched.promised, searched.within, searched.known),
        [outcome(each) for each in searched.outcomes],
        one.breaches,
        [(outcome(each.outcome), each.failures, each.permit) for each in one.stranded],
    )


def outcome(one):
    ended = (one.intent, one.end, one.hub, one.states, one.one_way_ns, one.entry)
    return (*ended, one.sights, one.family, one.spared, one.explained)


def agreeing():
    """Whether each result that is used again is what is found from nothing; None for each direction
    that is searched again."""
    found = []
    for seed in SEEDS:
        known = mesh(seed)
        before = [one._replace(searched=replace(one.searched)) for one in known.before]
        for other, fresh in zip(known.explorers, from_nothing(seed), strict=True):
            again = [judged_again(other, one) for one in before]
            pairs = zip(again, fresh, strict=True)
            found += [None if one is None else plain(one) == new for one, new in pairs]
    return found


def test_what_is_used_again_is_what_is_found_from_nothing():
    found = agreeing()
    assert found.count(False) == 0
    assert found.count(True) > 100
    assert found.count(None) > 100


MUTANTS = {
    "what packets see": (Searched, "watched", 0),
    "what is stranded": (exact_claims._Judge, "stranded", lambda _judge: ()),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_condition_that_is_forgotten_is_noticed(name, monkeypatch):
    for seed in SEEDS:
        from_nothing(seed)
    monkeypatch.setattr(*MUTANTS[name])
    assert False in agreeing()
