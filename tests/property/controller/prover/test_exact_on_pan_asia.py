"""The exact search on the reference topology: some failures, tried by the judge's switches."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from random import Random

import pytest

import exact_lab as lab
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Demand
from corridor.controller.policy.semantics import rule
from corridor.controller.prover.exact_claims import examine
from corridor.controller.prover.exact_outcomes import Searched
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.tables import tables_of
from corridor.topologies.formats.load import load_topology

DEMANDS = (
    ("cn-general-exempt", "shanghai", "guian"),
    ("cn-general-exempt", "guian", "karachi"),
    ("cn-important-assessment", "zhongwei", "jeddah"),
    ("pk-personal-exempt", "karachi", "guian"),
    ("sa-general-exempt", "riyadh", "bangkok"),
)
"""At home, out by a gateway, far away, in by a gateway, and past the mainland."""
TWO = Protection(2)
TRIED = 120


@pytest.fixture(scope="module")
def laid() -> lab.Laid:
    topology = load_topology("pan-asia")
    policies = load_policies("pan-asia", topology)
    known = {entry.id for entry in policies.classes}
    intents = []
    for data_class, src, dst in DEMANDS:
        assert data_class in known
        about = {"id": f"{src}-{dst}", "class": data_class, "src": src, "dst": dst}
        applicable_policies = rule(
            policies, topology, Demand.model_validate(about), date(2026, 11, 1)
        )
        intents.append(Intent(applicable_policies, protection=TWO))
    return lab.lay(topology, intents)


@pytest.fixture(scope="module")
def explorer(laid: lab.Laid) -> Explorer:
    return Explorer(tables_of(laid.program), laid.wiring, laid.topology)


def sets_to_try(laid: lab.Laid, searched: Searched, chance: Random) -> list[frozenset[str]]:
    """Some by chance, and some that the search meets."""
    names = lab.names_of(laid.topology)
    pairs = chance.sample([frozenset(pair) for pair in combinations(names, 2)], TRIED // 2)
    met = [least for outcome in searched.outcomes for least in outcome.explained]
    return [*pairs, *chance.sample(met, min(TRIED // 2, len(met)))]


def test_what_is_foretold_is_what_happens(laid: lab.Laid, explorer: Explorer) -> None:
    chance = Random(1)
    for one in map(explorer.search, laid.intents):
        assert one.outcomes[0].delivered, str(one.outcomes[0])
        for failed in sets_to_try(laid, one, chance):
            mask = sum(explorer.causes.bits[name] for name in failed)
            agree = [outcome for outcome in one.outcomes if outcome.agrees_with(mask)]
            if f"hub:{one.intent.pair[0]}" in failed:
                assert agree == []
                continue
            (outcome,) = agree
            trip = lab.Network(laid, failed).send(laid, one.intent)
            happened = (trip.hubs, trip.passed, bool(trip.delivered_at))
            passed = [watch.thing for watch in outcome.crossed]
            assert (list(outcome.hubs), passed, outcome.delivered) == happened, sorted(failed)


def test_two_failures_of_any_kind_break_no_claim(laid: lab.Laid) -> None:
    report = examine(tables_of(laid.program), laid.wiring, laid.topology, laid.intents)
    assert report.holds, report.breaches
    assert report.counts.outcomes > 100
    assert report.counts.lost
