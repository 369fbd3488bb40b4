"""Capacity and traffic on one day: holdings, flows, offers and the edges between regions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from corridor.topologies.model.topology import Confidence


@dataclass(frozen=True)
class Holding:
    """Capacity that one owner has between a country and a region on one system.

    A cut of any of its segments takes all of it out of service.
    """

    id: str
    """Of the data file, with the region: ``pk-ptcl-smw4/europe``."""
    country: str
    owner: str
    system: str
    direction: str
    """The region where it ends."""
    capacity_gbps: float
    """In service, in one direction, on the day."""
    segments: tuple[str, ...]
    length_km: float
    published: date
    """The date of the figure that the capacity is carried from."""
    source: str
    """Of the sources of the data file; empty if nothing was published."""
    confidence: Confidence
    derived: str
    """How the capacity follows from the figure: growth, and the share of the direction."""
    bound_gbps: float | None = None
    """What all owners of the country can hold on the system, in all directions; None if not known.
    """
    at_bound: bool = False
    """Whether they hold that, so that the capacity does not grow."""


@dataclass(frozen=True)
class Flow:
    """Traffic of one owner in one direction in the busy hour."""

    country: str
    owner: str
    direction: str
    offered_gbps: float


@dataclass(frozen=True)
class Offer:
    """Capacity outside all holdings, of which ``bought_share`` can be had within days."""

    id: str
    country: str
    direction: str
    capacity_gbps: float
    segments: tuple[str, ...]
    length_km: float


@dataclass(frozen=True)
class Transit:
    """A coarse edge between two regions; its capacity is None where none is published."""

    between: tuple[str, str]
    segment: str
    length_km: float
    capacity_gbps: float | None


@dataclass(frozen=True)
class Market:
    """All of one day. Countries have figures of different kinds: never add across countries."""

    date: date
    holdings: tuple[Holding, ...]
    flows: tuple[Flow, ...]
    offers: tuple[Offer, ...]
    transits: tuple[Transit, ...]
    bought_share: float
    """Of free capacity of others and of offers, the share that can be bought within days."""
    buffer_ms: float
    """The queueing delay of a full path."""
    segments: Mapping[str, float]
    """Lengths in km by segment, of all that the data name."""
