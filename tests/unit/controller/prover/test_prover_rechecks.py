"""Asking again after one switch has changed says what proving again says.

What several demands, or several failures, have in common is searched once.
"""

from __future__ import annotations

import weakref
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.failure_hypotheses import FailureHypotheses, Risks
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.permit_states import ProductPaths
from corridor.controller.intent.intent import ALL_KINDS, Intent, Protection
from corridor.controller.policy.product import Product
from corridor.controller.prover import Prover, prove, tables_of
from corridor.controller.prover.tables_claims import are_equal
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.memory import collecting_later
from mutants import MUTANTS
from policy_lab import applicable_policies, corridor, demand, permit, restrict
from prover_worlds import Mesh, NotHereError, Spoilt, atlas_world, some_worlds
from spoiling import spoilt

FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def prover_of(net: Mesh) -> Prover:
    return Prover.of(net.tables, net.wiring, net.topology, net.intents, net.program)


def again(net: Mesh, held: Spoilt):
    return prove(held.tables, net.wiring, net.topology, net.intents, net.program)


def after(prover: Prover, net: Mesh, held: Spoilt) -> Prover:
    known = tables_of(net.program).switches
    for hub, switch in held.tables.switches.items():
        if switch != known[hub]:
            prover = prover.recheck(switch)
    return prover


def assert_same(one, other, name=""):
    for mine, theirs in zip(one.verdicts, other.verdicts, strict=True):
        assert mine == theirs, f"{name}: {mine.counterexample}\n\n{theirs.counterexample}"
    assert replace(one.counts, ms=0) == replace(other.counts, ms=0), name


@pytest.mark.parametrize("k", [0, 1, 2])
def test_rechecking_mutants_and_repair_them(k):
    net = atlas_world(k)
    prover = prover_of(net)
    for name, (_claim, mutation) in MUTANTS.items():
        try:
            held = mutation(net)
        except NotHereError:
            continue
        if held.intents != net.intents or held.tables.settings:
            continue
        spoilt_prover = after(prover, net, held)
        assert_same(spoilt_prover.proof, again(net, held), name)
        repaired = spoilt_prover
        for switch in net.program.switches:
            if held.tables.switches[switch.hub] != switch:
                repaired = repaired.recheck(switch)
        assert_same(repaired.proof, prover.proof, f"{name}, repaired")


@FEW
@given(st.data())
def test_rechecking_any_change(data):
    """One after the other, of tables that differ in each entry's identity too."""
    net = data.draw(some_worlds())
    prover = prover_of(net)
    for _ in range(2):
        held = data.draw(spoilt(net))
        if data.draw(st.booleans()):
            switches = {
                hub: from_plain(type(one), to_plain(one))
                for hub, one in held.tables.switches.items()
            }
            held = replace(held, tables=replace(held.tables, switches=switches))
        for switch in held.tables.switches.values():
            prover = prover.recheck(switch)
        assert_same(prover.proof, again(net, held))


def test_a_prover_does_not_change():
    net = atlas_world(1)
    prover = prover_of(net)
    before = prover.proof
    for seed in range(20):
        name = sorted(MUTANTS)[seed]
        with suppress(NotHereError):
            after(prover, net, MUTANTS[name][1](atlas_world(1, seed)))
    again = replace(prover, ms=prover.ms)
    assert_same(again.proof, before)


def test_the_same_tables_in_other_objects_change_nothing():
    net = atlas_world(1)
    prover = prover_of(net)
    for switch in net.program.switches:
        prover = prover.recheck(from_plain(type(switch), to_plain(switch)))
    assert prover.proof.holds


def test_a_group_that_was_empty_is_met_once_it_has_buckets():
    """No packet had chosen a bucket of it, and yet it decided where packets end."""
    net = atlas_world(1)
    prover = prover_of(net)
    for switch in net.program.switches:
        for number, group in enumerate(switch.groups):
            groups = list(switch.groups)
            groups[number] = replace(group, buckets=())
            emptied = prover.recheck(replace(switch, groups=tuple(groups)))
            assert_same(emptied.recheck(switch).proof, prover.proof, f"{switch.hub} {group.id}")


class Counted:
    """A value that counts how often it is hashed."""

    hashed = 0

    def __init__(self, number):
        self.number = number

    def __eq__(self, other):
        return self.number == other.number

    def __hash__(self):
        Counted.hashed += 1
        return hash(self.number)


@given(st.lists(st.integers(0, 5)), st.randoms(use_true_random=False), st.integers(0, 3))
def test_lists_are_equal_whatever_their_order_and_whichever_objects_are_the_same(
    numbers, chance, other
):
    some = [Counted(one) for one in numbers]
    others = [one if chance.random() < 0.5 else Counted(one.number) for one in some]
    chance.shuffle(others)
    assert are_equal(some, others)
    assert not are_equal(some, [*others, Counted(other)])
    if others:
        others[0] = Counted(other)
        same = Counter(one.number for one in some) == Counter(one.number for one in others)
        assert are_equal(some, others) == same


def test_objects_that_both_lists_have_are_not_hashed():
    some = [Counted(number) for number in range(100)]
    others = [*some[:0:-1], Counted(0)]
    Counted.hashed = 0
    assert are_equal(some, others)
    assert Counted.hashed < 10, "only the one that differs"


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
