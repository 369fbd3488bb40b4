"""How often fibres fail and how long repairs take: published counts, and samples of them. Pure.

The data are in ``topologies/data/failures.yaml``. A rate of n events in T years has the posterior
Gamma(n + 1/2, T), of Jeffreys' prior; a share of k systems of m has Beta(k + 1/2, m - k + 1/2).
Published bounds enclose 90 % of a lognormal distribution. A rate with a value has its median there,
and a spread of its own on either side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import DATA, shipped_hubs, shipped_waypoints
from corridor.topologies.model.delay import Medium
from corridor.topologies.model.fields import Frozen, NonEmpty, Slug, Text
from corridor.topologies.model.topology import Confidence

FILE = DATA / "failures.yaml"
DAYS_OF_YEAR = 365.25
HALF = 0.5
"""What Jeffreys' prior adds to a count."""
DEVIATIONS_OF_90 = 1.6448536269514722
"""Standard deviations from the median of a normal distribution to its 5 % and 95 % quantiles."""
DEFAULT_CLIMATE = "record"
MOST_FAILURES = 1000
"""Per thousand kilometres and year, or of a cause a year: a part that fails thrice a day is no
cable. More is an error of units."""
MOST_DAYS = 3653
"""Of a repair: ten years."""
MOST_FACTOR = 100
"""Of one route over its kind, or of the mean over one route."""
MOST_COUNT = 1_000_000
type Failures = Annotated[float, Field(gt=0, le=MOST_FAILURES)]
type Days = Annotated[float, Field(gt=0, le=MOST_DAYS)]
type Factor = Annotated[float, Field(ge=1 / MOST_FACTOR, le=MOST_FACTOR)]
type Count = Annotated[int, Field(ge=0, le=MOST_COUNT)]
type Exposure = Annotated[float, Field(gt=0, le=MOST_COUNT)]
"""Years, or thousand kilometres times years."""


class Source(Frozen):
    """A page or document that states figures."""

    title: NonEmpty
    url: NonEmpty
    date: NonEmpty


class Evidence(Frozen):
    """What a figure rests on."""

    source: tuple[Slug, ...] = ()
    date: Text = ""
    confidence: Confidence = "unsure"
    note: Text = ""


class Rate(Evidence):
    """Failures per thousand kilometres and year: a count, or a published value with bounds, which
    is the median."""

    events: Count | None = None
    thousand_km_years: Exposure | None = None
    value: Failures | None = None
    low: Failures | None = None
    high: Failures | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        counted = (self.events, self.thousand_km_years)
        stated = (self.value, self.low, self.high)
        whole = None not in counted, None not in stated
        if whole.count(True) != 1 or any(one is not None for one in counted + stated) != any(whole):
            raise ValueError("a rate has events and thousand_km_years, or value, low and high")
        if self.low and self.value and self.high and not self.low <= self.value <= self.high:
            raise ValueError("low, value and high of a rate are in this order")
        _check_count(self.events, self.thousand_km_years)
        return self

    @property
    def basis(self) -> str:
        """The count, or the bounds, in words."""
        if self.events is None:
            return f"{self.low:g} to {self.high:g} per 1,000 km and year"
        return f"{self.events} in {self.thousand_km_years:g} thousand km-years"


def _check_count(events: int | None, exposure: float | None) -> None:
    """Raise ValueError if a count and what was observed make no rate of cable."""
    if events is not None and exposure is not None and (events + HALF) / exposure > MOST_FAILURES:
        said = f"{events} events in {exposure:g} are more than {MOST_FAILURES:,} a year"
        raise ValueError(f"{said}: check the unit of what was observed")


class Bounds(Evidence):
    """Mean days to repair: 90 % bounds."""

    low: Days
    high: Days

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is at most high")
        return self


class Repair(Bounds):
    """The same, with other bounds in some climates."""

    within: Mapping[Slug, Bounds] = Field(default_factory=dict, alias="in")

    def in_climate(self, climate: str) -> Bounds:
        """Return the bounds of a climate; what it does not state is as in all."""
        return _changed(self, self.within.get(climate))


class RepairShips(Evidence):
    """Ships that repair the wet segments of some seas."""

    id: Slug
    ships: int = Field(ge=1, le=MOST_COUNT)
    thousand_km: float = Field(default=0.0, ge=0, le=MOST_COUNT)
    """Cable that they serve, whether it is on a map or not; 0: only that of the map."""
    days: Bounds
    """How long one repair keeps a ship."""


class RepairTimes(Evidence):
    """Days of single repairs in one sea."""

    what: NonEmpty
    days: tuple[Days, ...] = Field(min_length=2)


class Place(Frozen):
    """Where cable lies: how often it fails there, and how long a repair takes."""

    id: Slug
    medium: Medium
    points: tuple[Slug, ...] = ()
    between: tuple[tuple[Slug, Slug], ...] = ()
    rate: Rate
    repair: Repair
    ships: Slug = ""
    """Who repairs it; empty: no ship is needed."""

    @property
    def is_rest(self) -> bool:
        """Whether it matches all that no place before it does."""
        return not (self.points or self.between)


class Systems(Frozen):
    """Systems that events cut, of those that were there."""

    cut: Count
    of: int = Field(ge=1, le=MOST_COUNT)

    @model_validator(mode="after")
    def _no_more(self) -> Self:
        if self.cut > self.of:
            raise ValueError("no more systems are cut than there were")
        return self


class OtherCount(Frozen):
    """What a climate changes of a cause."""

    events: Count | None = None
    years: Exposure | None = None
    repair: Bounds | None = None


class Cause(Evidence):
    """Events that may fail several systems of a shared-risk group at once."""

    id: Slug
    group: NonEmpty
    what: NonEmpty
    events: Count
    years: Exposure
    systems: Systems | None = None
    repair: Bounds
    ships: Slug = ""
    """Who repairs what an event hits; empty: no ship is needed."""
    within: Mapping[Slug, OtherCount] = Field(default_factory=dict, alias="in")

    @model_validator(mode="after")
    def _not_too_often(self) -> Self:
        for climate in ("", *self.within):
            one = self.in_climate(climate)
            _check_count(one.events, one.years)
        return self

    def in_climate(self, climate: str) -> Cause:
        """Return the cause with the count and repair of a climate."""
        other = self.within.get(climate)
        if other is None:
            return self
        repair = _changed(self.repair, other.repair)
        counts = {"events": other.events, "years": other.years}
        stated = {name: value for name, value in counts.items() if value is not None}
        return self.model_copy(update={**stated, "repair": repair})

    @property
    def basis(self) -> str:
        """The count in words."""
        return f"{self.events} in {self.years:g} years"


class Climate(Frozen):
    """Which years count."""

    id: Slug
    note: NonEmpty


class Missing(Frozen):
    """What is left out, because it has no rate."""

    what: NonEmpty
    why: NonEmpty


class Record(Frozen):
    """The months between which incidents were collected."""

    begin: NonEmpty = Field(alias="from")
    end: NonEmpty = Field(alias="to")


class Spread(Frozen):
    """How rates of single routes of a kind differ: 90 % bounds of their ratio to the median. The
    published rate is their mean."""

    low: Factor
    high: Factor
    note: Text = ""


class FailureRates(Frozen):
    """The whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    sources: Mapping[Slug, Source]
    record: Record
    climates: tuple[Climate, ...] = Field(min_length=1)
    between_routes: Spread
    places: tuple[Place, ...]
    causes: tuple[Cause, ...] = ()
    repair_ships: tuple[RepairShips, ...] = ()
    repair_times: tuple[RepairTimes, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def repair_spread(self) -> float:
        """The standard deviation of the logarithm of a repair time about the mean of its sea,
        pooled; 0 without single repairs."""
        logs = [np.log(one.days) for one in self.repair_times]
        freedom = sum(len(one) - 1 for one in logs)
        squares = sum(float(((one - one.mean()) ** 2).sum()) for one in logs)
        return math.sqrt(squares / freedom) if freedom else 0.0


def _changed[B: Bounds](bounds: B, other: Bounds | None) -> Bounds:
    if other is None:
        return bounds
    plain = {**bounds.model_dump(exclude={"within"}), **other.model_dump(exclude_unset=True)}
    return Bounds.model_validate(plain)


def read_failure_rates(path: str | Path | None = None) -> FailureRates:
    """Read a file of failure rates and check its names.

    Args:
        path: Default: the shipped file.

    Raises:
        InputError: The file cannot be read or is invalid, or a name in it is unknown, with its
            line.
    """
    document = read_document(path or FILE)
    file = validate(document, FailureRates)
    for at, kind, known, name in _names(file):
        if name not in known:
            hint = nearest(name, known) or f"known are {', '.join(sorted(known)[:6])}"
            raise document.error(f'no {kind} is called "{name}"', *at, hint=hint)
    _check_media(document, file)
    return file


def _names(file: FailureRates) -> Iterator[tuple[KeyPath, str, Any, str]]:
    """Every use of a name: where, of what, the known ones, and the name."""
    climates = {one.id for one in file.climates}
    ships = {"", *(one.id for one in file.repair_ships)}
    for key, listed in (("repair_ships", file.repair_ships), ("repair_times", file.repair_times)):
        for number, one in enumerate(listed):
            stated = (*one.source, *(one.days.source if isinstance(one, RepairShips) else ()))
            yield from (((key, number), "source", file.sources, name) for name in stated)
    points = {*shipped_waypoints(), *shipped_hubs()}
    for number, place in enumerate(file.places):
        at: KeyPath = ("places", number)
        yield at, "group of repair ships", ships, place.ships
        for name in (*place.points, *(end for pair in place.between for end in pair)):
            yield at, "waypoint or hub", points, name
        for part in (place.rate, place.repair):
            yield from ((at, "source", file.sources, one) for one in part.source)
        yield from ((at, "climate", climates, one) for one in place.repair.within)
    for number, cause in enumerate(file.causes):
        at = ("causes", number)
        yield at, "group of repair ships", ships, cause.ships
        for of in (cause, cause.repair):
            yield from ((at, "source", file.sources, one) for one in of.source)
        yield from ((at, "climate", climates, one) for one in cause.within)


def _check_media(document: Document, file: FailureRates) -> None:
    """The last place of each medium has to match all of it."""
    for medium in ("submarine", "terrestrial"):
        of = [one for one in file.places if one.medium == medium]
        if not of or not of[-1].is_rest:
            hint = "end the places of a medium with one that has neither points nor between"
            raise document.error(f"no place matches all {medium} cable", "places", hint=hint)


def _lognormal(low: float, high: float) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm, by the 5 % and 95 % quantiles."""
    middle, half = math.log(low * high) / 2, math.log(high / low) / 2
    return middle, half / DEVIATIONS_OF_90


@dataclass(frozen=True)
class Draws:
    """Samples of uncertain figures, independent by name: another figure changes none of them."""

    seed: int
    count: int

    def rate(self, rate: Rate) -> Floats:
        """Failures per thousand kilometres and year. One figure behind several places is one
        uncertainty."""
        if rate.events is not None and rate.thousand_km_years is not None:
            counted = f"{rate.events}/{rate.thousand_km_years}"
            return self.events(counted, rate.events, rate.thousand_km_years)
        assert rate.low is not None
        assert rate.value is not None
        assert rate.high is not None
        normal = self._normal(f"rate {rate.low:g} to {rate.high:g}")
        below, above = math.log(rate.value / rate.low), math.log(rate.high / rate.value)
        deviation = np.where(normal < 0, below, above) / DEVIATIONS_OF_90
        found: Floats = rate.value * np.exp(normal * deviation)
        return found

    def events(self, name: str, events: int, exposure: float) -> Floats:
        """A rate by its count."""
        return self._generator(name).gamma(events + HALF, 1 / exposure, self.count)

    def share(self, name: str, systems: Systems) -> Floats:
        """The share of systems that an event cuts."""
        missed = systems.of - systems.cut
        return self._generator(name).beta(systems.cut + HALF, missed + HALF, self.count)

    def between(self, name: str, low: float, high: float) -> Floats:
        """Lognormal with these 5 % and 95 % quantiles."""
        middle, deviation = _lognormal(low, high)
        found: Floats = np.exp(middle + deviation * self._normal(name))
        return found

    def factor(self, name: str, low: float, high: float) -> Floats:
        """A lognormal factor with this ratio of its 5 % and 95 % quantiles, and a mean of 1: what
        has a published mean keeps it."""
        _, deviation = _lognormal(low, high)
        found: Floats = np.exp(deviation * self._normal(name) - deviation**2 / 2)
        return found

    def _normal(self, name: str) -> Floats:
        return self._generator(name).standard_normal(self.count)

    def _generator(self, name: str) -> np.random.Generator:
        return np.random.default_rng(seed_of(self.seed, "failures", name))
