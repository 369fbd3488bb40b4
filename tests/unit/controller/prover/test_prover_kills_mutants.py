"""Every way to spoil correct tables is noticed, by the claim that is there for it."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prover_lab import MUTANTS, NotHereError, correct, proof_of
from random_topologies import ordered_pairs, topologies

from controller.prover import prove, tables_of
from experiments.scenario import load_scenario
from topologies.load import load_topology


def mini(seed=0):
    loaded = load_scenario("mini")
    pairs = [(demand.src, demand.dst) for demand in loaded.scenario.demands]
    return correct(loaded.topology, pairs, seed)


def told(proof):
    return "\n\n".join(str(verdict.counterexample) for verdict in proof.violated)


def violated(proof):
    return {verdict.claim for verdict in proof.violated}


def test_the_tables_of_mini_hold():
    tables = mini()
    proof = prove(tables_of(tables.program), tables.wiring, tables.program)
    assert proof.holds, told(proof)
    assert {verdict.status for verdict in proof.verdicts} == {"proven", "not claimed"}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_of_mini_is_killed_by_its_claim(name):
    claim, mutation = MUTANTS[name]
    for seed in range(5):
        proof = proof_of(mini(seed), mutation)
        assert claim in violated(proof), f"{name}: {sorted(violated(proof))}\n{told(proof)}"


@pytest.mark.parametrize("name", MUTANTS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_mutant_of_any_topology_is_killed_by_its_claim(name, data):
    claim, mutation = MUTANTS[name]
    topology = data.draw(topologies(max_hubs=6))
    tables = correct(topology, data.draw(ordered_pairs(topology)), data.draw(st.integers(0, 2**32)))
    try:
        proof = proof_of(tables, mutation)
    except NotHereError:
        return
    assert claim in violated(proof), f"{name}: {sorted(violated(proof))}\n{told(proof)}"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_compiled_tables_of_any_topology_hold(data):
    topology = data.draw(topologies())
    tables = correct(topology, data.draw(ordered_pairs(topology)))
    proof = prove(tables_of(tables.program), tables.wiring, tables.program)
    assert proof.holds, told(proof)


@pytest.mark.parametrize("name", ["pan-asia", "edwc"])
def test_every_pair_of_a_shipped_topology_holds(name):
    topology = load_topology(name)
    hubs = [hub.id for hub in topology.hubs][:20]
    tables = correct(topology, list(permutations(hubs, 2)))
    proof = prove(tables_of(tables.program), tables.wiring, tables.program)
    assert proof.holds, told(proof)
