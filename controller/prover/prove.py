"""From tables to a proof of every claim, and to the proof after a switch has changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from corridor.controller.forwarding.program import Program, SwitchProgram
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover.findings import Findings
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.tables import Tables
from corridor.controller.prover.verdicts import Counts, Proof, judged
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.controller.prover.exact_claims import ExactReport


def prove(
    tables: Tables,
    wiring: Wiring,
    topology: Topology,
    intents: Sequence[Intent],
    intended: Program | None = None,
    exact: ExactReport | None = None,
    *,
    failures: Failures = NO_FAILURES,
    resting: frozenset[int] = frozenset(),
) -> Proof:
    """Hold tables against all claims: what policies require of ``intents``, and, where a program
    was ``intended``, that they are its. What only ``exact`` can decide is not claimed without it.

    What is permitted must arrive unless ``failures``, which are known, leave it no path. Labels
    that are ``resting`` may be let in although no host's port gives them: those of another version.
    """
    network = Network(tables, wiring, topology, intents, intended, failures, resting)
    return Prover.at(network, exact).proof


@dataclass(frozen=True)
class Prover:
    """All that was found about one set of tables; ``Prover.of`` makes one."""

    findings: Findings
    ms: float
    exact: ExactReport | None = None

    @classmethod
    def of(
        cls,
        tables: Tables,
        wiring: Wiring,
        topology: Topology,
        intents: Sequence[Intent],
        intended: Program | None = None,
        exact: ExactReport | None = None,
    ) -> Prover:
        return cls.at(Network(tables, wiring, topology, intents, intended), exact)

    @classmethod
    def at(cls, network: Network, exact: ExactReport | None = None) -> Prover:
        started = time.perf_counter()
        return cls(Findings.of(network), _since(started), exact)

    def recheck(self, switch: SwitchProgram) -> Prover:
        """The prover of the same tables with one switch changed; only what it touches is redone.

        Results of an exact search of earlier tables are dropped.
        """
        network = self.findings.core.network
        tables = replace(network.tables, switches={**network.tables.switches, switch.hub: switch})
        started = time.perf_counter()
        findings = self.findings.after(
            tables,
            intended=network.intended,
            failures=network.failures,
            resting=network.resting,
        )
        return Prover(findings, _since(started))

    @cached_property
    def proof(self) -> Proof:
        network = self.findings.core.network
        found = chain.from_iterable(self.findings.every)
        return Proof(judged(network, found, self.exact), self._counts(), network.witnesses)

    def _counts(self) -> Counts:
        findings = self.findings
        held = findings.core.network.tables.switches.values()
        explored = [looked.seen for looked in findings.searched.values()]
        return Counts(
            switches=len(held),
            entries=sum(len(switch.flows) for switch in held),
            groups=sum(len(switch.groups) for switch in held),
            header_classes=sum(len(opened.edge.steps) for opened in findings.edges.values()),
            labels=len(frozenset[int]().union(*(seen.labels for seen in explored))),
            states=sum(len(seen.edges) for seen in explored),
            ms=self.ms,
        )


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1e3, 3)
