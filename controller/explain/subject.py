"""What is exported: tables, the network they sit in, and whose packets they are held against.

Some lawful path of a demand meets a region of hubs and fibres; all others are forbidden. The region
is the product of map and permits, from the source on. A path that is lawful so far counts, whether
or not it can be finished lawfully.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from corridor.controller.intent.intent import Intent
from corridor.controller.prover.findings import Findings
from corridor.controller.prover.prove import Prover
from corridor.controller.prover.search.declared_demands import NOTHING, Move, Permits
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.tables import Tables
from corridor.topologies.model.topology import Fibre, Topology
from corridor.topologies.model.wiring import Wiring

type Arc = tuple[str, str, str]
"""From a hub, over a fibre, to a hub."""
type Met = frozenset[tuple[str, int]]
"""Hubs and standings."""


class Elements(NamedTuple):
    """Hubs and fibres."""

    hubs: frozenset[str] = frozenset()
    fibres: frozenset[str] = frozenset()


NOTHING_AT_ALL = Elements()


@dataclass(frozen=True)
class Region:
    """What paths that are lawful so far may meet."""

    hubs: frozenset[str]
    arcs: frozenset[Arc]
    arrives: bool
    """Whether some path is lawful to its end."""


class LawfulRegion:
    """The region of one demand, also of packets that have passed only some gateways."""

    def __init__(
        self,
        permits: Permits,
        pair: tuple[str, str],
        fibres_of: Mapping[str, Sequence[Fibre]],
        gateways: Collection[str],
    ) -> None:
        """``fibres_of``: by hub; ``gateways``: hubs where one stands."""
        self._permits = permits
        self._fibres_of = fibres_of
        self._src, self._dst = pair
        self.gateways = frozenset(gateways)

    @cached_property
    def whole(self) -> Region:
        return self.passing(self.gateways)

    @cached_property
    def before_gateways(self) -> Region:
        return self.passing(frozenset())

    @cached_property
    def needed(self) -> frozenset[str]:
        """Gateways of which every lawful path passes one; empty where some passes none.

        Those that suffice alone, if every path uses one of them; else all.
        """
        if self.before_gateways.arrives or not self.whole.arrives:
            return frozenset()
        alone = frozenset(one for one in self.gateways if self.passing(frozenset([one])).arrives)
        return self.gateways if self.passing(self.gateways - alone).arrives else alone

    def needs(self, some: Elements) -> bool:
        """Whether every lawful path meets one of some hubs and fibres, beyond its first hub."""
        return self.whole.arrives and not self.passing(self.gateways, some).arrives

    def passing(self, gateways: frozenset[str], without: Elements = NOTHING_AT_ALL) -> Region:
        """Where packets may be that pass no other gateways, and none of some hubs and fibres."""
        start = (self._src, self._permits.start)
        waiting, met = [start], {start}
        arcs: set[Arc] = set()
        arrives = False
        while waiting:
            hub, permit_state = waiting.pop()
            if permit_state == NOTHING:
                continue
            arrives = arrives or (hub == self._dst and self._permits.deliver(permit_state) is None)
            following = [(hub, self._after(permit_state, "", hub))] if hub in gateways else []
            for fibre in self._fibres(hub, without):
                far = fibre.other_end(hub)
                after = self._after(permit_state, fibre.id, far)
                if after != NOTHING:
                    arcs.add((hub, fibre.id, far))
                following.append((far, after))
            fresh = {*following} - met
            waiting += fresh
            met |= fresh
        hubs = frozenset(hub for hub, permit_state in met if permit_state != NOTHING)
        return Region(hubs | {self._src}, frozenset(arcs), arrives)

    def _fibres(self, hub: str, without: Elements) -> list[Fibre]:
        return [
            fibre
            for fibre in self._fibres_of[hub]
            if fibre.id not in without.fibres and fibre.other_end(hub) not in without.hubs
        ]

    def _after(self, permit_state: int, fibre: str, hub: str) -> int:
        return self._permits.move(permit_state, Move(fibre, hub))[0]


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
