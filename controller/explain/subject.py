"""What is exported: tables, the network they sit in, and whose packets they are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from corridor.controller.explain.lawful import LawfulRegion
from corridor.controller.intent.intent import Intent
from corridor.controller.prover.findings import Findings
from corridor.controller.prover.prove import Prover
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.tables import Tables
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring


@dataclass(frozen=True)
class Subject:
    """One set of tables, and what was declared."""

    scenario: str
    policies: str
    as_of: str
    of: str
    """What the tables are: ``compiled``, or the name of a dump."""
    tables: Tables
    wiring: Wiring
    topology: Topology
    intents: tuple[Intent, ...]

    @cached_property
    def network(self) -> Network:
        return Network(self.tables, self.wiring, self.topology, self.intents)

    @cached_property
    def findings(self) -> Findings:
        """What our own prover finds in these tables, under whatever failures."""
        return Findings.of(self.network)

    @cached_property
    def claims(self) -> dict[str, str]:
        """The outcome of each claim that needs neither a program nor the exact search."""
        return {one.claim: one.status for one in Prover(self.findings, 0.0).proof.verdicts}

    @cached_property
    def gateways(self) -> tuple[str, ...]:
        """Hubs where one stands."""
        return tuple(hub.hub for hub in self.wiring.hubs if hub.gateway is not None)

    @cached_property
    def regions(self) -> dict[int, LawfulRegion]:
        """Where the packets of each demand may be, by the demand's number."""
        fibres_of = {hub.id: self.topology.fibres_of(hub.id) for hub in self.topology.hubs}
        return {
            demand.number: LawfulRegion(
                demand.permits, demand.intent.pair, fibres_of, self.gateways
            )
            for demand in self.network.demands
        }

    @property
    def origin(self) -> dict[str, str]:
        """Where it comes from, for the head of a document."""
        return {
            "scenario": self.scenario,
            "policies": self.policies,
            "as_of": self.as_of,
            "tables": self.of,
        }


class Exported(NamedTuple):
    """The files of an export, by name, and what their format has no words for."""

    files: Mapping[str, str]
    left_out: tuple[str, ...]
    said: str
    """How much was written, for people."""


@dataclass(frozen=True)
class Format:
    """A form that other tools read."""

    key: str
    words: str
    """What it is, for people: a phrase."""
    write: Callable[[Subject], Exported]
