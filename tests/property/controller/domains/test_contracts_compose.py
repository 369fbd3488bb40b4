"""Contracts of random domains prove what one proof of the whole network proves."""

from __future__ import annotations

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from corridor.controller.domains.contracts import COMPOSED, compose, provers
from corridor.controller.prover.prove import Prover
from prover_worlds import some_worlds
from spoiling import spoilt

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def cases(draw: st.DrawFn):
    """Compiled or corrupted tables of a network, and a domain for each hub."""
    mesh = draw(some_worlds())
    tables = draw(spoilt(mesh)).tables if draw(st.booleans()) else mesh.tables
    names = st.sampled_from(["alpha", "beta", "gamma"])
    return mesh, tables, {hub.id: draw(names) for hub in mesh.topology.hubs}


@MANY
@given(cases())
def test_the_same_verdicts_as_one_proof(case):
    mesh, tables, owner = case
    parts = (tables, mesh.wiring, mesh.topology, mesh.intents)
    whole = Prover.of(*parts)
    violated = {one.claim for one in whole.proof.verdicts if one.status == "violated"}
    found = compose(provers(owner, *parts), owner)
    event(", ".join(sorted(violated & {*COMPOSED})) or "holds")
    assert found.claims & {*COMPOSED} == violated & {*COMPOSED}
    arrives = {
        looked.seen.demand.id: looked.seen.lost is None and bool(looked.seen.intact)
        for looked in whole.findings.searched.values()
        if looked.seen.demand is not None
    }
    assert found.arrives == arrives


@MANY
@given(cases())
def test_a_domain_reads_no_tables_but_its_own(case):
    mesh, tables, owner = case
    parts = (tables, mesh.wiring, mesh.topology, mesh.intents)
    for prover in provers(owner, *parts).values():
        assert {*prover.network.tables.switches} == prover.mine & {*tables.switches}
