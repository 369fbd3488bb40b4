"""Asking again after one switch has changed says what proving again says."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.prover import Prover, prove, tables_of
from corridor.controller.prover.tables_claims import are_equal
from corridor.topologies.base.codec import from_plain, to_plain
from mutants import MUTANTS
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
