"""What several demands, or several failures, have in common is searched once."""

from __future__ import annotations

import weakref
from itertools import combinations

import pytest

from corridor.controller.forwarding.failure_hypotheses import FailureHypotheses, Risks
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.product_paths import ProductPaths
from corridor.controller.intent.intent import ALL_KINDS, Intent, Protection
from corridor.controller.policy.product import Product
from corridor.topologies.base.memory import collecting_later
from policy_lab import applicable_policies, corridor, demand, permit, restrict

GATEWAY_FIRST = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}


@pytest.fixture
def searches(monkeypatch):
    """Each search that was made: its product, start and dead fibres."""
    made = []
    search = Product.course

    def counted(self, start, dead=0, shunned=()):
        made.append((id(self), start, dead))
        return search(self, start, dead, shunned)

    monkeypatch.setattr(Product, "course", counted)
    return made


def intents(count, *rules, src="west", dst="karachi", k=1):
    about = demand("general", src, dst)
    one = Intent(applicable_policies(*rules, about=about, on=corridor()), protection=Protection(k))
    return [one] * count


def test_demands_of_equal_clauses_between_two_hubs_are_searched_once(searches):
    alone, many = GraphBuilder(corridor()), GraphBuilder(corridor())
    rules = [permit("P", hard=GATEWAY_FIRST), restrict("R", hard={"avoid": {"located_in": "IN"}})]
    for intent in intents(1, *rules, k=2):
        alone.graph(intent)
    once = len(searches)
    for intent in intents(20, *rules, k=2):
        many.graph(intent)
    assert once
    assert len(searches) == 2 * once


def test_clauses_that_ask_for_the_source_are_searched_for_each_source(searches):
    builder = GraphBuilder(corridor())
    for src in ("west", "kash"):
        for intent in intents(1, permit("P", hard=GATEWAY_FIRST), src=src, k=0):
            builder.graph(intent)
    assert len({product for product, _, _ in searches}) == 2


def test_where_no_path_was_left_none_is_searched_while_more_is_dead(searches):
    topology = corridor()
    (intent,) = intents(1, permit("P"))
    (automaton,) = intent.applicable_policies.automata
    courses = ProductPaths(Product(automaton, topology))
    start = courses.product.entered(automaton.trip.src)
    cut_off = sum(1 << exit_.number for exit_ in courses.product.ground.exits["west"])
    for dead in (cut_off, cut_off, (1 << len(topology.fibres)) - 1):
        assert courses.shortest(start, dead, frozenset()) is None
    assert len(searches) == 1


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_what_is_found_is_explained_where_few_enough_failures_do_it(k):
    """Against all sets of up to ``k`` failures, tried one by one."""
    topology = corridor()
    risks = Risks(topology)
    suspects = FailureHypotheses(risks, Protection(k, ALL_KINDS), topology.hubs[-1].id)
    things = range(2 * len(topology.fibres) + len(topology.hubs))
    causes = dict(enumerate(suspects._causes))
    failures = [1 << number for number in range(len(risks.takes_down))]
    sets = [sum(some) for size in range(k + 1) for some in combinations(failures, size)]
    for found in combinations(things, 3):
        failure_hypothesis, explained = suspects.nothing, True
        for thing in found:
            explained = explained and suspects.explain(failure_hypothesis, thing)
            failure_hypothesis = (
                suspects.grown(failure_hypothesis, thing) if explained else failure_hypothesis
            )
        covers = [one for one in sets if all(one & causes[thing] for thing in found)]
        assert explained == bool(covers)
        if explained:
            assert {one for one in covers if _is_least(one, covers)} <= set(
                failure_hypothesis.family
            )
            assert set(failure_hypothesis.family) <= set(covers)


def test_a_plan_leaves_no_cycles_of_values():
    builder = GraphBuilder(corridor())
    gone = weakref.ref(builder.risks)
    with collecting_later():
        assert builder.graph(intents(1, permit("P"))[0]).first is not None
        del builder
        assert gone() is None


def _is_least(one, covers):
    return not any(other & one == other for other in covers if other != one)
