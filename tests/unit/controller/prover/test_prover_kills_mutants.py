"""The intended claim detects every mutation of correct tables."""

import json
from functools import cache
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.prover import Proof, prove, tables_of
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from mutants import MUTANTS, proof_of
from openflow_network import Packet
from prover_judge import Dead, Switches, visits
from prover_worlds import Mesh, NotHereError, Spoilt, atlas_world, worlds

_NOT_SENT = ("in_port", "mpls_label", "mpls_tc")

FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
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
def test_compiled_tables_of_any_world_hold(net):
    proof = net.prove()
    assert proof.holds, told(proof)


class Tried(NamedTuple):
    """A mutant of one test network, and its proof."""

    net: Mesh
    held: Spoilt
    proof: Proof


@cache
def tried(name, k, seed):
    """None where the test network does not have what the mutant changes."""
    net = atlas_world(k, seed)
    try:
        held = MUTANTS[name][1](net)
    except NotHereError:
        return None
    return Tried(net, held, net.prove(held))


def each(name, seeds):
    """The mutant in test networks that protect against one failure."""
    return [one for seed in seeds if (one := tried(name, 1, seed))]


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_killed_by_its_claim(name, seeds):
    claim, _ = MUTANTS[name]
    networks = [(k, seed) for k in (0, 1, 2) for seed in seeds(2 if k == 1 else 1)]
    here = [one for k, seed in networks if (one := tried(name, k, seed))]
    assert here, "no test network for it"
    for _, _, proof in here:
        assert claim in violated(proof), f"{name}: {sorted(violated(proof))}\n{told(proof)}"


@pytest.mark.parametrize("name", MUTANTS)
def test_every_counterexample_is_plain_json(name, seeds):
    for _, _, proof in each(name, seeds(2)):
        plain = json.loads(json.dumps(proof.to_json()))
        assert plain["holds"] is False
        for verdict in plain["verdicts"]:
            shown = verdict["counterexample"]
            assert (shown is None) == (verdict["status"] != "violated")
            assert shown is None or shown["verdict"]


@pytest.mark.parametrize("name", MUTANTS)
def test_a_counterexample_happens_as_it_is_told(name, seeds):
    """With its ports dead, its packet goes from hub to hub as it says."""
    for net, held, proof in each(name, seeds(2)):
        if "T0" in violated(proof):
            continue  # software switches refuse what has no meaning
        for verdict in proof.violated:
            shown = verdict.counterexample
            assert shown is not None
            if shown.hops and not shown.note and shown.packet["in_port"] == 1:
                happens(net, held, shown)


def happens(net: Mesh, held: Spoilt, shown) -> None:
    dead = Dead(ports=frozenset((one.hub, one.port) for one in shown.failures))
    fields = {name: value for name, value in shown.packet.items() if name not in _NOT_SENT}
    fields |= {"ip_dscp": 46} if shown.packet["eth_type"] == 0x0800 else {}
    labels = (shown.packet["mpls_label"],) if "mpls_label" in shown.packet else ()
    if labels:
        return  # a host's own labels are below what the software switches send
    fate = Switches(net, held, dead).fate(shown.hops[0].hub, Packet.of(**fields))
    if isinstance(fate, str):
        # It comes to the switch that refuses it, or round and round.
        for hop in shown.hops:
            assert f"{hop.hub} port {hop.in_port}: " in fate, f"{shown}\n{fate}"
        return
    told = [(hop.hub, hop.in_port) for hop in shown.hops]
    seen = visits(fate)
    assert all(one in seen for one in told), f"{shown}\n{fate}"


@FEW
@given(worlds(), st.sampled_from(sorted(MUTANTS)))
def test_a_mutant_of_any_world_is_killed_by_its_claim(net, first):
    names = sorted(MUTANTS)
    start = names.index(first)
    for name in names[start : start + 8]:
        claim, mutation = MUTANTS[name]
        try:
            proof = proof_of(net, mutation)
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
