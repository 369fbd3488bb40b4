"""The result of a run whose domains have a controller each, as typed documents. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.experiments.plan.domain_values import DirectionByDomains, DomainFibre
from corridor.topologies.base.codec import Document

TOLD_FILE = "domains.json"
"""In ``raw``: a list of ``ToldByDomain``."""


@dataclass(frozen=True)
class ToldByDomain:
    """What one domain's controller sent to others until all had agreed."""

    domain: str
    messages: int
    octets: int
    """Of these messages, without TLS."""
    requests: int
    delays: int
    """Delays that it disclosed."""
    refused: int
    """Messages of others that it refused."""


@dataclass(frozen=True)
class Volume:
    """Packets with their octets, from the Ethernet header on."""

    packets: int
    bytes: int


@dataclass(frozen=True)
class HandedOver:
    """What one domain handed to another over a fibre between them."""

    by: str
    to: str
    fibre: str
    volume: Volume


@dataclass(frozen=True)
class TransitFor:
    """What a domain carried of a demand of which it serves neither end."""

    demand: str
    volume: Volume


@dataclass(frozen=True)
class DomainOfRun:
    """One domain."""

    domain: str
    name: str
    hubs: tuple[str, ...]
    told: ToldByDomain | None
    """None if the run ended before."""
    received: Volume | None
    """Over all fibres from other domains; None without readings of ports."""
    transit: Volume | None
    """The part of it that is neither from nor to a hub of the domain: carried for others."""
    transit_for: tuple[TransitFor, ...]
    """By demand, its answers included, the largest first."""


@dataclass(frozen=True)
class DomainsOfRun(Document):
    """The result of a run whose domains have a controller each."""

    domains: tuple[DomainOfRun, ...]
    fibres: tuple[DomainFibre, ...]
    """Those that join two domains."""
    handed_over: tuple[HandedOver, ...]
    """By fibre and direction, those that carried anything."""
    directions: tuple[DirectionByDomains, ...]
    """Who carries each demand, and its answers; what is disclosed for that at least."""
