"""The file of background traffic as it is written: figures with bounds, sources and confidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from corridor.topologies.base.documents import Document, KeyPath, validate
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import (
    QuantityError,
    parse_duration_ns,
    parse_length_km,
    parse_rate_bps,
    written_day,
)
from corridor.topologies.model.fields import Frozen, JurisdictionCode, NonEmpty, Slug
from corridor.topologies.model.topology import Confidence
from corridor.traffic.background.market import Estimate

_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_SINGULAR = {
    "segments": "segment",
    "regions": "region",
    "countries": "country",
    "sources": "source",
    "systems": "system",
}
_SEGMENT = r"^[a-z0-9-]+:[a-z0-9-]+$"


def _gbps(text: object) -> float:
    return parse_rate_bps(text, "rate", allow_zero=True) / 1e9


def _share(text: object) -> float:
    match = _SHARE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise QuantityError(f'"{str(text)[:40]}" is not a share', "write it like 35%")
    if float(match[1]) > 100:
        raise QuantityError(f"{text} is more than 100%", "write a share of at most 100%")
    return float(match[1]) / 100


def _ms(text: object) -> float:
    return parse_duration_ns(text) / 1e6


def _km(text: object) -> float:
    return parse_length_km(text)


RateAsText = Annotated[float, BeforeValidator(_gbps)]
ShareAsText = Annotated[float, BeforeValidator(_share)]
TimeAsText = Annotated[float, BeforeValidator(_ms)]
LengthAsText = Annotated[float, BeforeValidator(_km)]
Day = Annotated[date, BeforeValidator(written_day)]
SegmentId = Annotated[str, Field(pattern=_SEGMENT)]


class Source(Frozen):
    """A page or document that states figures."""

    title: NonEmpty
    url: NonEmpty
    date: NonEmpty


class Evidence(Frozen):
    """What a figure rests on."""

    source: Slug | Literal[""] = ""
    basis: Literal["published", "derived", "assumed"] = "published"
    confidence: Confidence = "unsure"
    note: str = ""


class Bounded(Evidence):
    """A value with bounds, by ``low`` and ``high`` or by a factor; without either, it is exact."""

    value: float
    low: float | None = None
    high: float | None = None
    factor: float | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Bounded:
        if self.factor is not None and (self.low, self.high) != (None, None):
            raise ValueError("give either a factor, or low and high")
        found = self.estimate
        if not found.low <= found.value <= found.high:
            raise ValueError("low, value and high must be in this order")
        return self

    @property
    def estimate(self) -> Estimate:
        factor = self.factor or 1.0
        low = self.value / factor if self.low is None else self.low
        return Estimate(self.value, low, self.value * factor if self.high is None else self.high)


class Ratio(Bounded):
    """A number without a unit."""


class Share(Bounded):
    """A share, written in per cent."""

    value: ShareAsText
    low: ShareAsText | None = None
    high: ShareAsText | None = None


class LoadRatio(Share):
    """A share that divides."""

    @model_validator(mode="after")
    def _above_zero(self) -> LoadRatio:
        if self.estimate.low <= 0:
            raise ValueError("load_ratio must be above 0 and at most 100%")
        return self


class Time(Bounded):
    """A time in ms."""

    value: TimeAsText
    low: TimeAsText | None = None
    high: TimeAsText | None = None


class RateFigure(Bounded):
    """A rate in Gbit/s on a day."""

    date: Day
    what: str = ""
    measure: Literal["in-service", "load"] = Field(alias="is")
    """Capacity that is switched on, or traffic in the busy hour."""
    value: RateAsText
    low: RateAsText | None = None
    high: RateAsText | None = None


class CapacityBound(Bounded):
    """The maximum in service on a system, in one direction, on any day."""

    system: Slug
    country: JurisdictionCode | None = None
    """What its owners can hold together; None: the capacity of the whole system."""
    kind: Literal["installed", "owned", "design"] = Field(alias="is")
    date: Day
    value: RateAsText
    low: RateAsText | None = None
    high: RateAsText | None = None

    @model_validator(mode="after")
    def _above_zero(self) -> CapacityBound:
        if self.estimate.low <= 0:
            raise ValueError(f"a bound of {self.system} is 0; leave it out")
        return self


class DirectionShare(Evidence):
    """The share of a region in a country's international traffic."""

    to: Slug
    share: ShareAsText | None = None
    low: ShareAsText | None = None
    high: ShareAsText | None = None

    def estimate(self, points: float) -> Estimate | None:
        """Return the share with its bounds, which are by default ``points`` above and below."""
        if self.share is None:
            return None
        low = max(0.0, self.share - points) if self.low is None else self.low
        high = min(1.0, self.share + points) if self.high is None else self.high
        return Estimate(self.share, min(low, self.share), max(high, self.share))


class Route(DirectionShare):
    """Where a holding leads, and the share of it that does, if that is known."""

    segments: tuple[SegmentId, ...] = Field(min_length=1)


class Region(Evidence):
    """A region where content and transit are."""

    id: Slug
    name: NonEmpty
    mass: ShareAsText


class Segment(Evidence):
    """Part of a system between two branch points or landings."""

    id: SegmentId
    length_km: LengthAsText = Field(alias="length")
    medium: Literal["sea", "land"] = "sea"

    @property
    def system(self) -> str:
        return self.id.partition(":")[0]


class TransitEdge(Evidence):
    """A coarse edge between two regions."""

    between: tuple[Slug, Slug]
    segment: SegmentId
    capacity_gbps: RateAsText | None = Field(default=None, alias="capacity")


class Country(Frozen):
    """A country: which kind its figures are of, and the published totals."""

    id: JurisdictionCode
    name: NonEmpty
    kind: NonEmpty
    split: Literal["published", "assumed"] = "published"
    """What the capacity by cable rests on, if there is any."""
    growth: Share
    load_ratio: LoadRatio | None = None
    """Instead of that of the file."""
    caches: Share | None = None
    directions: tuple[DirectionShare, ...] = ()
    published: tuple[RateFigure, ...] = ()
    unknown: tuple[NonEmpty, ...] = ()


class WrittenHolding(Frozen):
    """Capacity of an owner on a system, in all directions together."""

    id: Slug
    country: JurisdictionCode
    owner: Slug
    system: Slug
    since: Day | None = None
    until: Day | None = None
    """The first day on which it is out of service for good."""
    figures: tuple[RateFigure, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _order(self) -> WrittenHolding:
        days = [one.date for one in self.figures]
        if days != sorted(set(days)):
            raise ValueError(f"figures of {self.id} must be in the order of their dates")
        if any(not one.value for one in self.figures):
            raise ValueError(f"a figure of {self.id} is 0; leave the holding out")
        return self

    def exists(self, day: date) -> bool:
        """Whether it is in service on a day."""
        return (self.since or day) <= day and (self.until is None or day < self.until)


class WrittenOffer(Bounded):
    """Capacity outside all holdings, a share of which can be bought within days."""

    id: Slug
    country: JurisdictionCode
    to: Slug
    value: RateAsText = Field(alias="capacity")
    low: RateAsText | None = None
    high: RateAsText | None = None
    segments: tuple[SegmentId, ...] = Field(min_length=1)

    @property
    def system(self) -> str:
        return self.segments[0].partition(":")[0]


class Profile(Frozen):
    """The course of a day."""

    peak_over_mean: Ratio

    @field_validator("peak_over_mean")
    @classmethod
    def _at_least_one(cls, ratio: Ratio) -> Ratio:
        if ratio.estimate.low < 1:
            raise ValueError("peak_over_mean must be at least 1")
        return ratio


class Unknown(Frozen):
    """A figure that was looked for and not found."""

    country: JurisdictionCode
    what: NonEmpty
    note: NonEmpty


class InternetFile(Frozen):
    """The whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    share_points: Annotated[int, Field(ge=0, le=100)]
    sources: dict[str, Source]
    profile: Profile
    load_ratio: LoadRatio
    """Traffic in the busy hour over capacity in service."""
    bought_share: Share
    buffer: Time
    regions: tuple[Region, ...]
    segments: tuple[Segment, ...]
    transits: tuple[TransitEdge, ...]
    countries: tuple[Country, ...]
    holdings: tuple[WrittenHolding, ...]
    bounds: tuple[CapacityBound, ...] = ()
    offers: tuple[WrittenOffer, ...] = ()
    unknown: tuple[Unknown, ...] = ()


def checked(document: Document) -> InternetFile:
    """Return the file with every reference resolved. Raises InputError with the line."""
    file = validate(document, InternetFile)
    for (what, known), used in _references(file).items():
        for path, name in used:
            if name not in known:
                hint = nearest(name, known) or f"define it under {what}"
                raise document.error(f'no {_SINGULAR[what]} "{name}"', *path, hint=hint)
    for key, ids in _lists(file).items():
        for number, name in enumerate(ids):
            if name in ids[:number]:
                raise document.error(f'"{name}" is defined twice', key, number)
    for number, holding in enumerate(file.holdings):
        regions = [one.to for one in holding.routes]
        for place, region in enumerate(regions):
            if region in regions[:place]:
                message = f'a second route to "{region}" would count the capacity twice'
                raise document.error(message, "holdings", number, "routes", place, "to")
    return file


def _lists(file: InternetFile) -> Mapping[str, list[str]]:
    return {
        key: [one.id for one in getattr(file, key)]
        for key in ("regions", "segments", "countries", "holdings", "offers")
    }


def _references(
    file: InternetFile,
) -> dict[tuple[str, frozenset[str]], list[tuple[KeyPath, str]]]:
    """By list and its ids: the places that use an id of the list."""
    lists = {key: frozenset(ids) for key, ids in _lists(file).items()}
    sources = frozenset(file.sources)
    held = (one.system for one in file.holdings)
    systems = frozenset((*held, *(one.system for one in file.segments)))
    return {
        ("segments", lists["segments"]): list(_segments(file)),
        ("regions", lists["regions"]): list(_regions(file)),
        ("countries", lists["countries"]): [
            ((key, number, "country"), one.country)
            for key in ("holdings", "offers", "bounds")
            for number, one in enumerate(getattr(file, key))
            if one.country is not None
        ],
        ("systems", systems): [
            (("bounds", number, "system"), one.system) for number, one in enumerate(file.bounds)
        ],
        ("sources", sources): [(path, one.source) for path, one in _evidence(file) if one.source],
    }


def _routes(file: InternetFile) -> Iterator[tuple[KeyPath, Route | WrittenOffer]]:
    for number, holding in enumerate(file.holdings):
        for place, route in enumerate(holding.routes):
            yield ("holdings", number, "routes", place), route
    for number, offer in enumerate(file.offers):
        yield ("offers", number), offer


def _segments(file: InternetFile) -> Iterator[tuple[KeyPath, str]]:
    for path, route in _routes(file):
        for place, segment in enumerate(route.segments):
            yield (*path, "segments", place), segment
    for number, edge in enumerate(file.transits):
        yield ("transits", number, "segment"), edge.segment


def _regions(file: InternetFile) -> Iterator[tuple[KeyPath, str]]:
    for path, route in _routes(file):
        yield (*path, "to"), route.to
    for number, edge in enumerate(file.transits):
        for place, region in enumerate(edge.between):
            yield ("transits", number, "between", place), region
    for number, country in enumerate(file.countries):
        for place, share in enumerate(country.directions):
            yield ("countries", number, "directions", place, "to"), share.to


def _evidence(file: InternetFile) -> Iterator[tuple[KeyPath, Evidence]]:
    for key in ("load_ratio", "bought_share", "buffer"):
        yield (key,), getattr(file, key)
    yield ("profile", "peak_over_mean"), file.profile.peak_over_mean
    for key in ("regions", "segments", "transits", "bounds"):
        for number, one in enumerate(getattr(file, key)):
            yield (key, number), one
    for number, country in enumerate(file.countries):
        yield ("countries", number, "growth"), country.growth
        if country.load_ratio is not None:
            yield ("countries", number, "load_ratio"), country.load_ratio
        for place, evidence in enumerate((*country.directions,)):
            yield ("countries", number, "directions", place), evidence
        for place, figure in enumerate(country.published):
            yield ("countries", number, "published", place), figure
    for number, holding in enumerate(file.holdings):
        for place, figure in enumerate(holding.figures):
            yield ("holdings", number, "figures", place), figure
    yield from _routes(file)
