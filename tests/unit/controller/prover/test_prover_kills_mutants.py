"""Every way to spoil correct tables is noticed, by the claim that is there for it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.prover import prove, tables_of
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from mutants import MUTANTS, proof_of
from prover_worlds import NotHereError, atlas_world, worlds

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
NEEDS_MORE = {"C9", "C10", "C12", "C13"}
"""Claims that are not looked at here."""


def told(proof):
    return "\n\n".join(str(verdict.counterexample) for verdict in proof.violated)


def violated(proof):
    return {verdict.claim for verdict in proof.violated}


@pytest.mark.parametrize("k", [0, 1, 2])
def test_compiled_tables_hold(k):
    proof = atlas_world(k).prove()
    assert proof.holds, told(proof)
    assert {v.claim for v in proof.verdicts if v.status == "not claimed"} == NEEDS_MORE


@FEW
@given(worlds())
def test_compiled_tables_of_any_world_hold(world):
    proof = world.prove()
    assert proof.holds, told(proof)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_killed_by_its_claim(name):
    claim, mutation = MUTANTS[name]
    here = 0
    for k in (0, 1, 2):
        for seed in range(3):
            try:
                proof = proof_of(atlas_world(k, seed), mutation)
            except NotHereError:
                continue
            here += 1
            assert claim in violated(proof), f"{name}: {sorted(violated(proof))}\n{told(proof)}"
    assert here, "no world for it"


@FEW
@given(worlds(), st.sampled_from(sorted(MUTANTS)))
def test_a_mutant_of_any_world_is_killed_by_its_claim(world, first):
    names = sorted(MUTANTS)
    start = names.index(first)
    for name in names[start : start + 8]:
        claim, mutation = MUTANTS[name]
        try:
            proof = proof_of(world, mutation)
        except (NotHereError, StopIteration):
            continue
        assert claim in violated(proof), f"{name}: {sorted(violated(proof))}\n{told(proof)}"


@pytest.mark.parametrize("name", ["mini", "pan-asia", "sovereignty"])
def test_a_shipped_scenario_holds(name):
    loaded = load_scenario(name)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    judged_by = specify(loaded)
    tables, intents = tables_of(plan.program), judged_by.intents()
    proof = prove(tables, plan.wiring, judged_by.topology, intents, plan.program)
    assert proof.holds, told(proof)
