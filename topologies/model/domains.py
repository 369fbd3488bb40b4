"""Who runs which end of which fibre, and where operators hand traffic over. Pure.

A domain is an operator in a jurisdiction, written ``OPERATOR@XX``: one controller would run it. The
shipped facts are in ``topologies/data/operators.yaml``; a topology file has its own under
``domains:``. What no source states is in one domain ``unstated@XX`` for each jurisdiction, which is
an assumption and has that name everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

from pydantic import Field

from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.memory import remembered
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import DATA
from corridor.topologies.model.fields import NonEmpty, Slug
from corridor.topologies.model.operators import (
    UNSTATED,
    Basis,
    CitedPage,
    FibreDomains,
    HandOver,
    Operator,
    WrittenDomains,
    jurisdiction_of,
    operator_of,
    unstated_in,
)
from corridor.topologies.model.topology import Fibre, Topology

MOST_MAPS = 4
"""Maps of domains that are cached."""


class OperatorsFile(WrittenDomains):
    """The shipped file."""

    schema_version: Literal[1] = Field(alias="schema")
    compiled: NonEmpty
    sources: Mapping[Slug, CitedPage]

    @cached_property
    def by_id(self) -> dict[str, Operator]:
        """Operators by id."""
        return {one.id: one for one in self.operators}


@cache
def shipped_operators() -> OperatorsFile:
    """Read the shipped file. Raises InputError only if the installation is damaged."""
    document = read_document(DATA / "operators.yaml")
    file = validate(document, OperatorsFile)
    known = {one.id for one in file.operators}
    for kind in ("operators", "fibres", "handovers"):
        for number, one in enumerate(getattr(file, kind)):
            for name in one.sources:
                if name not in file.sources:
                    message = f'no source is called "{name}"'
                    raise document.error(message, kind, number, hint=nearest(name, file.sources))
    for at, domain in _named(file):
        if operator_of(domain) not in known:
            hint = nearest(operator_of(domain), known) or 'describe it under "operators:"'
            raise document.error(f'no operator of "{domain}"', *at, hint=hint)
    return file


def _named(written: WrittenDomains) -> Iterator[tuple[KeyPath, str]]:
    """Every use of a domain, with its place in the file."""
    for hub, domain in written.hubs.items():
        yield ("hubs", hub), domain
    for number, fibre in enumerate(written.fibres):
        for hub, domain in fibre.ends.items():
            yield ("fibres", number, "ends", hub), domain
    for number, place in enumerate(written.handovers):
        for domain in place.parties:
            yield ("handovers", number, "parties"), domain


def read_written(document: Document, made: Topology) -> WrittenDomains | None:
    """Read the key ``domains:`` of a topology file; None without one.

    Raises:
        InputError: It is invalid, or names a hub, fibre or operator that is unknown, with its line.
    """
    if "domains" not in (document.data if isinstance(document.data, dict) else {}):
        return None
    written = validate(document, WrittenDomains, at=("domains",))
    hubs, fibres = {hub.id for hub in made.hubs}, {one.id: one for one in made.fibres}
    for hub in written.hubs:
        _known(document, ("hubs", hub), "hub", hub, hubs)
    for number, entry in enumerate(written.fibres):
        _known(document, ("fibres", number, "id"), "fibre", entry.id, fibres)
        for hub in entry.ends:
            at: KeyPath = ("fibres", number, "ends", hub)
            _known(document, at, f"end of {entry.id}", hub, fibres[entry.id].ends)
    for number, place in enumerate(written.handovers):
        if place.hub is not None:
            _known(document, ("handovers", number, "hub"), "hub", place.hub, hubs)
    operators = {one.id for one in written.operators} or None
    for at, domain in _named(written):
        if operators is not None:
            allowed = operators | {one.id for one in shipped_operators().operators}
            _known(document, at, "operator", operator_of(domain), allowed)
    return written


def _known(document: Document, at: KeyPath, kind: str, name: str, options: Any) -> None:
    if name not in options:
        hint = nearest(name, options) or f"known are {', '.join(sorted(options)[:6])}"
        raise document.error(f'no {kind} is called "{name}"', "domains", *at, hint=hint)


@dataclass(frozen=True)
class EndDomain:
    """The domain at one end of a fibre."""

    domain: str
    basis: Basis


class DomainMap:
    """The domain at each end of each fibre of a topology, and at each hub."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.written = topology.domains or WrittenDomains()
        shipped = shipped_operators()
        fibres = {one.id for one in topology.fibres}
        hubs = {hub.id for hub in topology.hubs}
        own = {one.id for one in self.written.fibres}
        self.entries: dict[str, FibreDomains] = {
            one.id: one
            for one in (*shipped.fibres, *self.written.fibres)
            if one.id in fibres and (one.id in own or not self._overridden(one))
        }
        self.handovers: tuple[HandOver, ...] = (
            *self.written.handovers,
            *(
                one
                for one in shipped.handovers
                if one.hub in hubs and one.hub not in self.written.hubs
            ),
        )
        self.operators: dict[str, Operator] = {
            one.id: one for one in (*shipped.operators, *self.written.operators)
        }
        self.home: dict[str, str] = {hub.id: self._home(hub.id) for hub in topology.hubs}
        """By hub: the domain that its customers attach to."""
        self._ends = {
            (fibre.id, hub): self._end(fibre, hub)
            for fibre in topology.fibres
            for hub in fibre.ends
        }

    def end(self, fibre: str, hub: str) -> EndDomain:
        """The domain that runs the equipment of a fibre at a hub.

        Raises:
            KeyError: The fibre does not end there.
        """
        return self._ends[fibre, hub]

    def known_end(self, fibre: str, hub: str) -> EndDomain | None:
        """The same; None for a fibre that is not on this map."""
        return self._ends.get((fibre, hub))

    def domain(self, fibre: str, hub: str) -> str:
        """The same without its basis."""
        return self._ends[fibre, hub].domain

    @cached_property
    def at_hub(self) -> dict[str, tuple[str, ...]]:
        """By hub, the domains that have a switch there: its home first, then by name."""
        found: dict[str, set[str]] = {hub.id: set() for hub in self.topology.hubs}
        for (_, hub), one in self._ends.items():
            found[hub].add(one.domain)
        return {
            hub: (self.home[hub], *sorted(names - {self.home[hub]})) for hub, names in found.items()
        }

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """All domains, by name."""
        return tuple(sorted({name for names in self.at_hub.values() for name in names}))

    def is_shared(self, fibre: Fibre) -> bool:
        """Whether a fibre leads from one domain to another."""
        return self.domain(fibre.id, fibre.a) != self.domain(fibre.id, fibre.z)

    def hand_over(self, hub: str, one: str, other: str) -> HandOver | None:
        """What is stated of a hand-over between two domains at a hub; None: nothing."""
        wanted = {one, other}
        return next((h for h in self.handovers if h.hub == hub and {*h.parties} == wanted), None)

    def name(self, domain: str) -> str:
        """A domain for people: ``PTCL (PK)``."""
        operator = self.operators.get(operator_of(domain))
        return f"{operator.name if operator else operator_of(domain)}, {jurisdiction_of(domain)}"

    def _overridden(self, shipped: FibreDomains) -> bool:
        """Whether the topology file states the domain of an end otherwise, by its hub."""
        return any(hub in self.written.hubs for hub in shipped.ends)

    def _home(self, hub: str) -> str:
        if hub in self.written.hubs:
            return self.written.hubs[hub]
        located_in = self.topology.hub(hub).located_in
        shipped = shipped_operators().hubs.get(hub)
        if shipped is not None and jurisdiction_of(shipped) == located_in:
            return shipped
        return unstated_in(located_in)

    def _end(self, fibre: Fibre, hub: str) -> EndDomain:
        entry = self.entries.get(fibre.id)
        if entry is not None and hub in entry.ends:
            domain = entry.ends[hub]
            known = operator_of(domain) != UNSTATED
            return EndDomain(domain, entry.basis if known else "unknown")
        if hub in self.written.hubs:
            return EndDomain(self.written.hubs[hub], "stated")
        home = self.home[hub]
        return EndDomain(home, "unknown" if operator_of(home) == UNSTATED else "assumed")


class HomeDomains(DomainMap):
    """The domains of a map if the home domain of a hub runs all equipment there: one switch."""

    def _end(self, fibre: Fibre, hub: str) -> EndDomain:  # noqa: ARG002 - of any fibre
        return EndDomain(self.home[hub], "assumed")


@remembered(MOST_MAPS)
def domains_of(topology: Topology) -> DomainMap:
    """Return the domains of a topology. The last maps are kept."""
    return DomainMap(topology)
