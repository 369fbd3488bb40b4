"""A network in which each domain has its own controller, as values of a plan. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedDomain:
    """A domain with a controller of its own, which programs the switches of its hubs."""

    id: str
    name: str
    hubs: tuple[str, ...]


@dataclass(frozen=True)
class DomainFibre:
    """A fibre from one domain to another."""

    fibre: str
    hubs: tuple[str, str]
    domains: tuple[str, str]
    """In the order of ``hubs``."""
    state: str
    """Of the hand-over that is stated at one of its ends; ``assumed`` if none is."""


@dataclass(frozen=True)
class DirectionByDomains:
    """Who carries a demand, or its answers; ids of answers end in ``.return``."""

    id: str
    domains: tuple[str, ...]
    """In the order of the path; empty without a permitted one."""
    handed_over: tuple[str, ...]
    """Fibres that lead from one of them to the next."""
    numbers: int
    """The minimum of delays that domains disclose to agree on it."""
    rounds: int
    """Messages that follow one another for that."""


@dataclass(frozen=True)
class PlannedDomains:
    """A network in which each domain has its own controller."""

    domains: tuple[PlannedDomain, ...]
    fibres: tuple[DomainFibre, ...]
    """Those that join two domains."""
    directions: tuple[DirectionByDomains, ...]
    """Of each demand and its answers, by turns."""
    unserved: dict[str, int]
    """How many policies request ``protect`` or ``bandwidth``, which these controllers do not
    provide."""
