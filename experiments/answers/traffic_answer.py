"""Background traffic of countries as a document: offered traffic, holdings, published totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from corridor.experiments.scenario.given import given_day, given_of
from corridor.topologies.base.codec import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.today import today
from corridor.topologies.model.topology import Confidence
from corridor.traffic.background import (
    Internet,
    Market,
    Sampled,
    Split,
    read_internet,
    sampled,
)
from corridor.traffic.background.internet_file import RateFigure
from corridor.traffic.background.sampled import SAMPLES, SEED

TRAFFIC_SCHEMA = 1
FEWEST, MOST = 2, 20_000
"""Of samples."""


@dataclass(frozen=True)
class OfferedTraffic:
    """Traffic of an owner in a direction in the busy hour, with its 90 % interval."""

    country: str
    owner: str
    direction: str
    """The region where it goes."""
    offered_gbps: float
    low_gbps: float
    high_gbps: float
    rtt_ms: float | None
    """From the landing station to the region, without networks behind either."""


@dataclass(frozen=True)
class HeldCapacity:
    """Capacity of an owner in a direction on one system, with its 90 % interval."""

    id: str
    country: str
    owner: str
    system: str
    direction: str
    capacity_gbps: float
    """In service."""
    low_gbps: float
    high_gbps: float
    load_gbps: float
    utilization: float | None
    """Load over capacity."""
    length_km: float
    segments: tuple[str, ...]
    """A cut of any of them takes all of it out of service."""
    published: str
    """The date of the figure."""
    source: str
    """A key of ``sources``; empty if the figure is not published."""
    confidence: Confidence
    derived: str
    """How the capacity follows from the figure; empty if it is the figure."""
    bound_gbps: float | None
    """What all owners of the country can hold on the system, in all directions; None if not known.
    """
    at_bound: bool
    """Whether they hold that, so that the capacity does not grow."""


@dataclass(frozen=True)
class PublishedTotal:
    """A published total of a country, next to what the model has on that day."""

    country: str
    what: str
    measure: str
    """``in-service`` (capacity) or ``load`` (busy hour)."""
    date: str
    published_gbps: float
    low_gbps: float
    high_gbps: float
    model_gbps: float
    difference: float
    """Model over published, less 1."""
    input: bool
    """Whether holdings rest on the same source and day: then agreement proves nothing."""
    source: str
    confidence: Confidence
    note: str


@dataclass(frozen=True)
class TrafficOfCountry:
    """A country; figures of different kinds are never added."""

    country: str
    name: str
    kind: str
    """What its figures are."""
    split: Split
    """Whether its capacity by cable is published or assumed, or only its total is known."""
    capacity_gbps: float
    capacity_low_gbps: float
    capacity_high_gbps: float
    offered_gbps: float
    offered_low_gbps: float
    offered_high_gbps: float
    unserved_gbps: float
    """Of the offered traffic, what exceeds the capacity of its owners, with nothing cut."""
    cache_share: float | None
    """Of all traffic of its users, what caches in the country serve; None if not known."""
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class UnknownFigure:
    """A figure that was looked for and not found."""

    country: str
    what: str
    note: str
    """What was found instead."""


@dataclass(frozen=True)
class SourceOfTraffic:
    """Where figures come from."""

    title: str
    url: str
    date: str


@dataclass(frozen=True)
class TrafficAnswer(Document):
    """What ``corridor traffic`` answers."""

    schema: int
    date: str
    seed: int
    samples: int
    countries: tuple[TrafficOfCountry, ...]
    flows: tuple[OfferedTraffic, ...]
    holdings: tuple[HeldCapacity, ...]
    totals: tuple[PublishedTotal, ...]
    unknown: tuple[UnknownFigure, ...]
    """Countries without a usable total, or without a figure near the date."""
    sources: dict[str, SourceOfTraffic]


def traffic_matrix(
    country: str = "",
    *,
    as_of: date | str | None = None,
    seed: int = SEED,
    samples: int = SAMPLES,
) -> TrafficAnswer:
    """Report the background Internet traffic of countries, with sources.

    The model is separate from the demands of scenarios: policies do not route it.

    Args:
        country: The code of a country, such as ``PK``; default: all with a figure near the date.
        as_of: The date to which figures are carried, over four years at most; default: today.
        seed: The seed of the samples behind the intervals.
        samples: Their number, 2 to 20,000.

    Returns:
        Offered traffic by owner and direction, holdings with load and capacity, published totals
        next to those of the model, and what is unknown. Rates are in Gbit/s, one direction.

    Raises:
        InputError: The country has no figure near the date, or another argument is invalid.

    Example:
        >>> found = corridor.traffic_matrix("PK", as_of="2025-07-01", samples=10)
        >>> round(found.countries[0].capacity_gbps)
        13010
    """
    code, day = given_of(country, str, "country"), given_day(as_of) or today()
    if not FEWEST <= given_of(samples, int, "samples") <= MOST:
        raise InputError(f"{samples} samples are not possible", f"write {FEWEST} to {MOST:,}")
    internet = read_internet()
    market = internet.at(day, countries=(code,) if code else ())
    codes = (code,) if code else tuple(internet.countries_near(day))
    found = sampled(
        internet, day, (), "none", given_of(seed, int, "seed"), samples, countries=codes
    )
    totals = tuple(one for code in codes for one in _totals(internet, code))
    holdings = tuple(_holdings(market, found))
    return TrafficAnswer(
        TRAFFIC_SCHEMA,
        str(day),
        seed,
        samples,
        tuple(_country(internet, code, found) for code in codes),
        tuple(_flows(found)),
        holdings,
        totals,
        () if code else tuple(_unknown(internet, day)),
        _sources(internet, [*(one.source for one in holdings), *(one.source for one in totals)]),
    )


def _country(internet: Internet, code: str, found: Sampled) -> TrafficOfCountry:
    country = internet.countries[code]
    value, low, high = (one.total(code) for one in (found.value, found.low, found.high))
    return TrafficOfCountry(
        code,
        country.name,
        country.kind,
        internet.split_of(code),
        value.capacity_gbps,
        low.capacity_gbps,
        high.capacity_gbps,
        value.offered_gbps,
        low.offered_gbps,
        high.offered_gbps,
        value.shortfall_gbps,
        None if country.caches is None else country.caches.value,
        country.unknown,
    )


def _unknown(internet: Internet, day: date) -> Iterator[UnknownFigure]:
    for code in internet.countries:
        if why := internet.too_far(code, day):
            yield UnknownFigure(code, f"traffic on {day}", why)
    for one in internet.file.unknown:
        yield UnknownFigure(one.country, one.what, one.note)


def _flows(found: Sampled) -> Iterator[OfferedTraffic]:
    rows = zip(found.value.flows, found.low.flows, found.high.flows, strict=True)
    for value, low, high in rows:
        yield OfferedTraffic(
            value.country,
            value.owner,
            value.direction,
            value.offered_gbps,
            low.offered_gbps,
            high.offered_gbps,
            value.rtt_before_ms,
        )


def _holdings(market: Market, found: Sampled) -> Iterator[HeldCapacity]:
    parts = [found.value.holdings, found.low.holdings, found.high.holdings]
    rows = {one.id: (one, low, high) for one, low, high in zip(*parts, strict=True)}
    for one in market.holdings:
        value, low, high = rows[one.id]
        yield HeldCapacity(
            one.id,
            one.country,
            one.owner,
            one.system,
            one.direction,
            value.capacity_gbps,
            low.capacity_gbps,
            high.capacity_gbps,
            value.load_gbps,
            value.utilization,
            one.length_km,
            one.segments,
            str(one.published),
            one.source,
            one.confidence,
            one.derived,
            one.bound_gbps,
            one.at_bound,
        )


def _is_input(internet: Internet, code: str, total: RateFigure) -> bool:
    figures = (
        one for each in internet.file.holdings if each.country == code for one in each.figures
    )
    return any((one.date, one.source) == (total.date, total.source) for one in figures)


def _totals(internet: Internet, code: str) -> Iterator[PublishedTotal]:
    for one in internet.countries[code].published:
        market = internet.at(one.date, countries=(code,))
        capacity = sum(holding.capacity_gbps for holding in market.holdings)
        load = sum(flow.offered_gbps for flow in market.flows)
        model = capacity if one.measure == "in-service" else load
        bounds = one.estimate
        yield PublishedTotal(
            code,
            one.what,
            one.measure,
            str(one.date),
            one.value,
            bounds.low,
            bounds.high,
            model,
            model / one.value - 1,
            _is_input(internet, code, one),
            one.source,
            one.confidence,
            one.note,
        )


def _sources(internet: Internet, used: Sequence[str]) -> dict[str, SourceOfTraffic]:
    return {
        name: SourceOfTraffic(one.title, one.url, one.date)
        for name, one in internet.file.sources.items()
        if name in used
    }
