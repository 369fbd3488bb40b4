"""The result of a run whose domains have a controller each, as typed documents. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.controller.domains.held_tables import Moments
from corridor.controller.forwarding.program import Program
from corridor.experiments.plan.domain_values import DirectionByDomains, DomainFibre
from corridor.topologies.base.codec import OMIT_NONE, Document

TOLD_FILE = "domains.json"
"""In ``raw``: a list of ``ToldByDomain``."""
AGREED_FILE, HELD_FILE = "domains-agreed.json", "domains-held.jsonl"
"""In ``raw`` of a run with events: ``AgreedByDomains``, and a line of ``Held`` for each change."""


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
class AgreedByDomains:
    """What domains mean their switches to hold at the end of a run."""

    program: Program
    dead: tuple[str, ...]
    """Fibres that have failed."""
    left: tuple[str, ...]
    """Domains that take no part."""
    unheard: tuple[str, ...]
    """Domains whose controller is dead or silent: others may have no path, or not the best."""


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
    moments: Moments | None = field(default=None, metadata=OMIT_NONE)
    """The tables of all domains together after each change; None in a run without events."""
