"""What is known of the operators of a map: domains, ends, hand-overs, contradictions. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from corridor.topologies.base.codec import Document
from corridor.topologies.model.domains import DomainMap, domains_of, shipped_operators
from corridor.topologies.model.operators import (
    LOW_CONFIDENCE,
    UNSTATED,
    FibreDomains,
    HandOver,
    jurisdiction_of,
    operator_of,
)
from corridor.topologies.model.topology import Fibre, Topology

DOMAINS_SCHEMA = 1
_PARTNERS = re.compile(r" and (?:partners|others)$")


@dataclass(frozen=True)
class DomainEntry:
    """One domain: an operator in a jurisdiction."""

    id: str
    operator: str
    """Its name."""
    jurisdiction: str
    is_assumed: bool
    """Whether it stands for carriers that no source names."""
    hubs: tuple[str, ...]
    """Where it has a switch."""
    customers_at: tuple[str, ...]
    """Those of its hubs whose customers attach to it."""
    fibres_inside: int
    fibres_shared: int
    """Fibres of which it runs one end."""
    licence: str
    sources: tuple[str, ...]
    confidence: str


@dataclass(frozen=True)
class FibreEnd:
    """Who runs one end of a fibre, and what that rests on."""

    hub: str
    domain: str
    basis: str


@dataclass(frozen=True)
class FibreEntry:
    """A fibre with the domains at its ends."""

    id: str
    ends: tuple[FibreEnd, ...]
    owners: tuple[str, ...]
    present: tuple[str, ...]
    """Operators that a source names on this pair of cities; the fibre may be of another."""
    demarcation: str
    sources: tuple[str, ...]
    date: str
    confidence: str
    note: str


@dataclass(frozen=True)
class HandOverEntry:
    """Two domains that meet at a hub."""

    hub: str
    parties: tuple[str, ...]
    state: str
    """``assumed``: both have a switch there, and no source states more."""
    id: str
    """Empty if it is assumed."""
    since: str
    capacity: str
    sources: tuple[str, ...]
    confidence: str
    note: str


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both be true, or a statement that a source disputes."""

    about: str
    what: str


@dataclass(frozen=True)
class DomainsAnswer(Document):
    """What is known of who runs a map."""

    schema: int
    topology: str
    compiled: str
    """Date of the shipped facts."""
    domains: tuple[DomainEntry, ...]
    fibres: tuple[FibreEntry, ...]
    ends_by_basis: dict[str, int]
    """Fibre ends by what their domain rests on."""
    handovers: tuple[HandOverEntry, ...]
    contradictions: tuple[Contradiction, ...]


def domains_known(topology: Topology) -> DomainsAnswer:
    """Return all that is known, assumed, unknown or contradictory of the operators of a map."""
    found = domains_of(topology)
    ends = [found.end(fibre.id, hub) for fibre in topology.fibres for hub in fibre.ends]
    return DomainsAnswer(
        schema=DOMAINS_SCHEMA,
        topology=topology.name,
        compiled=shipped_operators().compiled,
        domains=tuple(_domain(found, name) for name in found.domains),
        fibres=tuple(_fibre(found, fibre) for fibre in topology.fibres),
        ends_by_basis=dict(sorted(Counter(one.basis for one in ends).items())),
        handovers=tuple(_hand_overs(found)),
        contradictions=tuple(_contradictions(found)),
    )


def _domain(found: DomainMap, name: str) -> DomainEntry:
    operator = found.operators.get(operator_of(name))
    inside = shared = 0
    for fibre in found.topology.fibres:
        mine = [found.domain(fibre.id, hub) == name for hub in fibre.ends].count(True)
        inside, shared = inside + (mine == len(fibre.ends)), shared + (mine == 1)
    return DomainEntry(
        id=name,
        operator=operator.name if operator else operator_of(name),
        jurisdiction=jurisdiction_of(name),
        is_assumed=operator_of(name) == UNSTATED,
        hubs=tuple(hub for hub, names in found.at_hub.items() if name in names),
        customers_at=tuple(hub for hub, home in found.home.items() if home == name),
        fibres_inside=inside,
        fibres_shared=shared,
        licence=operator.licence if operator else "",
        sources=operator.sources if operator else (),
        confidence=operator.confidence if operator else LOW_CONFIDENCE,
    )


def _fibre(found: DomainMap, fibre: Fibre) -> FibreEntry:
    entry = found.entries.get(fibre.id) or FibreDomains(
        id=fibre.id, ends={fibre.a: found.home[fibre.a]}, confidence=LOW_CONFIDENCE
    )
    return FibreEntry(
        id=fibre.id,
        ends=tuple(
            FibreEnd(hub, found.domain(fibre.id, hub), found.end(fibre.id, hub).basis)
            for hub in fibre.ends
        ),
        owners=entry.owners,
        present=entry.present,
        demarcation=entry.demarcation,
        sources=entry.sources,
        date=entry.date,
        confidence=entry.confidence,
        note=entry.note,
    )


def _hand_overs(found: DomainMap) -> Iterator[HandOverEntry]:
    """Those that are stated, then those that follow from two domains at one hub."""
    for one in found.handovers:
        yield _stated(one)
    for hub, names in found.at_hub.items():
        for number, name in enumerate(names):
            for other in names[:number]:
                if found.hand_over(hub, name, other) is None:
                    yield HandOverEntry(
                        hub, (other, name), "assumed", "", "", "", (), LOW_CONFIDENCE, ""
                    )


def _stated(one: HandOver) -> HandOverEntry:
    return HandOverEntry(
        hub=one.hub or "",
        parties=one.parties,
        state=one.state,
        id=one.id,
        since=one.since,
        capacity=one.capacity,
        sources=one.sources,
        confidence=one.confidence,
        note=one.note,
    )


def _contradictions(found: DomainMap) -> Iterator[Contradiction]:
    for fibre in found.topology.fibres:
        entry = found.entries.get(fibre.id)
        if entry is not None and entry.disputed:
            yield Contradiction(fibre.id, entry.disputed)
        said = _operated_by(found, fibre)
        if said:
            yield Contradiction(fibre.id, said)


def _operated_by(found: DomainMap, fibre: Fibre) -> str:
    """What ``operated_by`` of a fibre states otherwise than its ends; empty if nothing."""
    if not fibre.operated_by:
        return ""
    complete = not _PARTNERS.search(fibre.operated_by)
    written = _PARTNERS.sub("", fibre.operated_by).split(" / ")
    at_ends = {operator_of(found.domain(fibre.id, hub)) for hub in fibre.ends} - {UNSTATED}
    missing = sorted(one for one in at_ends if not _is_among(found, one, written))
    if not missing or (len(missing) < len(at_ends) and not complete):
        return ""
    names = ", ".join(
        found.operators[one].name if one in found.operators else one for one in missing
    )
    return f"operated_by ({fibre.operated_by}) does not name {names}, at an end"


def _is_among(found: DomainMap, operator: str, written: list[str]) -> bool:
    known = found.operators.get(operator)
    names = (known.name, *known.old_names) if known else (operator,)
    parts = {
        part.strip().casefold()
        for name in names
        for part in re.split(r"[/()]", name)
        if part.strip()
    }
    return any(_alike(one.strip().casefold(), part) for one in written for part in parts)


def _alike(one: str, other: str) -> bool:
    """``China Mobile`` and ``China Mobile International`` are alike."""
    return one == other or one.startswith(f"{other} ") or other.startswith(f"{one} ")
