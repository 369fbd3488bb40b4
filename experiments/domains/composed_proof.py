"""The tables of a scenario, proven domain by domain, and at once. Pure."""

from __future__ import annotations

from corridor.controller.domains.contracts import COMPOSED, compose, provers
from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.prover.prove import Prover
from corridor.controller.prover.search.tables import tables_of
from corridor.experiments.domains.domains_documents import ComposedProof
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.domains import domains_of
from corridor.topologies.model.wiring import wire

MOST_BREACHES = 20


def composed_proof(loaded: LoadedScenario) -> ComposedProof:
    """Prove the compiled tables by contracts of domains; each hub's switch is of its home domain.

    A hub with several operators is one switch in the emulated network.
    """
    specification = specify(loaded)
    topology, intents = specification.topology, specification.intents()
    graphs = build_forwarding_graphs(topology, intents)
    wiring = wire(topology, gateways=gateways_of(graphs))
    tables = tables_of(compile_forwarding_graphs(wiring, topology, graphs).program)
    owner = domains_of(topology).home
    of = provers(owner, tables, wiring, topology, intents)
    found = compose(of, owner)
    whole = Prover.of(tables, wiring, topology, intents)
    violated = {one.claim for one in whole.proof.verdicts if one.status == "violated"}
    arrives = {
        one.seen.demand.id: one.seen.lost is None and bool(one.seen.intact)
        for one in whole.findings.searched.values()
        if one.seen.demand is not None
    }
    mine = found.claims.intersection(COMPOSED)
    breaches = [f"{one.domain} {one.claim} {one.demand}: {one.said}" for one in found.violated]
    return ComposedProof(
        domains=len(of),
        claims=COMPOSED,
        violated=tuple(sorted(mine)),
        breaches=tuple(breaches[:MOST_BREACHES]),
        arrive=sum(found.arrives.values()),
        contracts=found.contracts,
        disclosed=found.disclosed,
        equal=mine == violated.intersection(COMPOSED) and found.arrives == arrives,
    )
