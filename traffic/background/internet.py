"""The background traffic of the data file, carried to a day as a market: capacity in service on a
day is within what systems can carry. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from corridor import traffic
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.traffic.background.internet_file import (
    CapacityBound,
    Country,
    InternetFile,
    RateFigure,
    Route,
    WrittenHolding,
    checked,
)
from corridor.traffic.background.market import (
    Draw,
    Estimate,
    Flow,
    Holding,
    Market,
    Offer,
    Transit,
    central,
    gravity,
    with_fixed,
)

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class InService:
    """The capacity of a holding on a day, and the figure that it rests on."""

    capacity_gbps: float
    figure: RateFigure
    how: str
    """How it was derived; empty on the day of the figure."""
    bound_gbps: float | None = None
    """What all holdings of the country on the system can have together; None if not known."""
    at_bound: bool = False
    """Whether they have it: the figures alone would give more."""


def in_service(
    holdings: Sequence[WrittenHolding],
    bounds: Iterable[CapacityBound],
    day: date,
    growth: float,
    ratio: float,
    draw: Draw,
) -> list[InService]:
    """Carry the holdings of a country to a day, none of its systems above the bound.

    Args:
        holdings: Those in service on the day. Owners on one system share its bound in proportion.
        bounds: Of all systems; the lower one holds where a system has two.
        day: Any day.
        growth: As in ``carried_to``, like ``ratio``.
        ratio: Load over capacity in service.
        draw: Chooses a value for each figure and bound.
    """
    carried = [carried_to(one, day, growth, ratio, draw) for one in holdings]
    wanted: dict[str, float] = {}
    for holding, found in zip(holdings, carried, strict=True):
        wanted[holding.system] = wanted.get(holding.system, 0.0) + found.capacity_gbps
    known = list(bounds)
    return [
        _bounded(found, wanted[one.system], bound_gbps(known, one.country, one.system, draw))
        for one, found in zip(holdings, carried, strict=True)
    ]


def bound_gbps(
    bounds: Iterable[CapacityBound], country: str, system: str, draw: Draw
) -> float | None:
    """Return the maximum that a country can hold on a system; None if it is not known."""
    found = [
        draw(f"bound {system} {one.country or 'all'}", one.estimate)
        for one in bounds
        if one.system == system and one.country in (None, country)
    ]
    return min(found, default=None)


def _bounded(found: InService, wanted_gbps: float, most_gbps: float | None) -> InService:
    if most_gbps is None or wanted_gbps <= most_gbps:
        return replace(found, bound_gbps=most_gbps)
    gbps = found.capacity_gbps * most_gbps / wanted_gbps
    how = f"at the {most_gbps:,.0f} Gbit/s that the system can carry"
    return replace(
        found,
        capacity_gbps=gbps,
        how="; ".join(filter(None, (found.how, how))),
        bound_gbps=most_gbps,
        at_bound=True,
    )


def carried_to(
    holding: WrittenHolding, day: date, growth: float, ratio: float, draw: Draw
) -> InService:
    """Carry the figures of a holding to a day.

    Args:
        holding: The holding with its figures.
        day: Any day.
        growth: Per year, such as 0.25: before the first and after the last figure.
        ratio: Load over capacity in service, which turns a load into a capacity.
        draw: Chooses a value for each figure; figures of a holding share one random number.
    """

    def capacity(figure: RateFigure) -> float:
        gbps = draw(f"capacity {holding.id}", figure.estimate)
        return gbps if figure.measure == "in-service" else gbps / ratio

    earlier = [one for one in holding.figures if one.date <= day]
    later = [one for one in holding.figures if one.date > day]
    figure = earlier[-1] if earlier else later[0]
    gbps = capacity(figure)
    how = [] if figure.measure == "in-service" else ["load over the load ratio"]
    years = (day - figure.date).days / DAYS_OF_YEAR
    if earlier and later:
        span = (later[0].date - figure.date).days
        gbps *= (capacity(later[0]) / gbps) ** ((day - figure.date).days / span)
        how.append(f"between the figures of {figure.date} and {later[0].date}" if years else "")
    elif years:
        gbps *= (1 + growth) ** years
        how.append(f"carried from {figure.date} at {growth:+.0%} a year")
    return InService(gbps, figure, "; ".join(filter(None, how)))


FILE = Path(traffic.__file__).with_name("data") / "internet.yaml"
FEW_YEARS = 4
"""Figures of a country are carried no further than this."""
COARSE = "coarse"
"""The system of edges that stand for many cables, and of capacity of which only a total is known.
"""
type Split = Literal["published", "assumed", "total"]
"""Whether capacity by cable is published or assumed, or only its total is known."""
type Cut = frozenset[str]
"""Ids of segments that have failed."""


def read_internet(path: str | Path | None = None) -> Internet:
    """Read background traffic.

    Args:
        path: A file in the form of ``traffic/data/internet.yaml``; default: that file.

    Raises:
        InputError: The file cannot be read, or something in it is wrong: with its line.
    """
    return Internet(checked(read_document(path or FILE)))


@dataclass(frozen=True)
class Internet:
    """All figures of a file."""

    file: InternetFile

    @cached_property
    def lengths_km(self) -> Mapping[str, float]:
        """By segment."""
        return {one.id: one.length_km for one in self.file.segments}

    @cached_property
    def countries(self) -> Mapping[str, Country]:
        """By code."""
        return {one.id: one for one in self.file.countries}

    @property
    def mean_load(self) -> float:
        """The mean of a day over its busy hour, for ``load`` of ``assign``."""
        return 1 / self.file.profile.peak_over_mean.value

    def cut(self, *names: str) -> Cut:
        """Return the segments of systems (``smw4``) and of names of segments (``smw4:red-sea``).

        Raises:
            InputError: A name is unknown.
        """
        known: dict[str, Cut] = {one.id: frozenset({one.id}) for one in self.file.segments}
        for one in self.file.segments:
            if one.system != COARSE:
                known[one.system] = known.get(one.system, frozenset()) | {one.id}
        for name in names:
            if name not in known:
                hint = nearest(name, known) or "write it like smw4 or smw4:red-sea"
                raise InputError(f'no system or segment "{name}"', hint)
        return frozenset().union(*(known[name] for name in names))

    def at(self, day: date, *, draw: Draw = central, countries: Iterable[str] = ()) -> Market:
        """Return holdings and traffic of a day.

        Args:
            day: Values between two figures are interpolated, others carried by the growth of the
                country; ``derived`` of a holding shows it.
            draw: Chooses each uncertain number; default: its value.
            countries: Codes; default: all with a figure of less than four years before or after.

        Raises:
            InputError: A country has no figures, or none near the day.
        """
        codes = [self._code(one) for one in countries] or self.countries_near(day)
        if not codes:
            nearest_day = min(self._figures(), key=lambda one: abs(one.date - day)).date
            raise InputError(
                f"no figure can be carried to {day}", f"the nearest is of {nearest_day}"
            )
        for code in codes:
            if why := self.too_far(code, day):
                raise InputError(f"the traffic of {code} on {day} is not known: {why}")
        holdings: list[Holding] = []
        flows: list[Flow] = []
        for code in codes:
            of_country, offered = self._country(self.countries[code], day, draw)
            holdings += of_country
            flows += offered
        return Market(
            day,
            tuple(holdings),
            tuple(flows),
            tuple(self._offers(draw, codes, holdings)),
            self._transits,
            draw("bought share", self.file.bought_share.estimate),
            draw("buffer", self.file.buffer.estimate),
            self.lengths_km,
        )

    def split_of(self, country: str) -> Split:
        """Return what the capacity of a country by cable rests on."""
        held = (one for one in self.file.holdings if one.country == country)
        if all(one.system == COARSE for one in held):
            return "total"
        return self.countries[country].split

    def countries_near(self, day: date) -> list[str]:
        """Return the codes of countries whose figures can be carried to a day."""
        return [one for one in self.countries if not self.too_far(one, day)]

    def too_far(self, country: str, day: date) -> str:
        """Return why figures of a country cannot be carried to a day: there are none, or the
        nearest is of over four years before or after; empty if they can."""
        figures = self._figures(country)
        if not figures:
            return "no holding of it is in the data"
        one = min(figures, key=lambda figure: abs(figure.date - day))
        if abs((one.date - day).days) <= FEW_YEARS * DAYS_OF_YEAR:
            return ""
        gbps = sum(each.value for each in figures if each.date == one.date)
        what = "in service" if one.measure == "in-service" else "in the busy hour"
        figure = f"the nearest figure of {country}, {gbps:,.0f} Gbit/s {what}"
        return f"{figure}, is of {one.date}, over four years away"

    def last_day(self, country: str) -> date:
        """Return the last day to which figures of a country can be carried."""
        newest = max(one.date for one in self._figures(country))
        return newest + timedelta(days=int(FEW_YEARS * DAYS_OF_YEAR))

    def _figures(self, country: str = "") -> list[RateFigure]:
        """Of holdings of one country, or of all."""
        held = (one for one in self.file.holdings if country in ("", one.country))
        return [figure for one in held for figure in one.figures]

    def _code(self, country: str) -> str:
        if country not in self.countries:
            unknown = {one.country: one for one in self.file.unknown}
            if country in unknown:
                one = unknown[country]
                raise InputError(f"no {one.what} of {country} is known: {one.note}")
            hint = f"known are {', '.join(self.countries)}"
            raise InputError(f'no country "{country}"', nearest(country, self.countries) or hint)
        return country

    @cached_property
    def _transits(self) -> tuple[Transit, ...]:
        return tuple(
            Transit(one.between, one.segment, self.lengths_km[one.segment], one.capacity_gbps)
            for one in self.file.transits
        )

    def _offers(
        self, draw: Draw, codes: Sequence[str], holdings: Sequence[Holding]
    ) -> Iterable[Offer]:
        """Those of countries, within what their holdings leave of a system."""
        for one in self.file.offers:
            if one.country not in codes:
                continue
            capacity, system = draw(f"offer {one.id}", one.estimate), one.system
            held = (
                each.capacity_gbps
                for each in holdings
                if (each.country, each.system) == (one.country, system)
            )
            most = bound_gbps(self.file.bounds, one.country, system, draw)
            if most is not None:
                capacity = min(capacity, max(0.0, most - sum(held)))
            length = self._length_km(one.segments)
            yield Offer(one.id, one.country, one.to, capacity, one.segments, length)

    def _length_km(self, segments: Sequence[str]) -> float:
        return sum(self.lengths_km[one] for one in segments)

    def _country(self, country: Country, day: date, draw: Draw) -> tuple[list[Holding], list[Flow]]:
        """Holdings of the day, and traffic: a share of the capacity in service on the day of the
        country's first figures, from then on grown. Capacity that is added later adds none."""
        growth = draw(f"growth {country.id}", country.growth.estimate)
        share = country.load_ratio or self.file.load_ratio
        ratio = draw(f"load ratio {country.id}", share.estimate)
        holdings = self._holdings(country, day, growth, ratio, draw)
        first = min(one.date for one in self._figures(country.id))
        loaded = self._holdings(country, first, growth, ratio, draw) if day > first else holdings
        factor = ratio * (1 + growth) ** (max(0, (day - first).days) / DAYS_OF_YEAR)
        offered: dict[tuple[str, str], float] = {}
        for one in loaded:
            key = one.owner, one.direction
            offered[key] = offered.get(key, 0.0) + factor * one.capacity_gbps
        flows = [Flow(country.id, *key, gbps) for key, gbps in sorted(offered.items())]
        return holdings, flows

    def _holdings(
        self, country: Country, day: date, growth: float, ratio: float, draw: Draw
    ) -> list[Holding]:
        written = [
            one for one in self.file.holdings if one.country == country.id and one.exists(day)
        ]
        carried = in_service(written, self.file.bounds, day, growth, ratio, draw)
        capacities = np.array([one.capacity_gbps for one in carried])
        matrix = self._matrix(country, written, capacities, draw)
        return [
            self._holding(one, route, found, float(matrix[row, self._regions.index(route.to)]))
            for row, (one, found) in enumerate(zip(written, carried, strict=True))
            for route in one.routes
        ]

    @cached_property
    def _regions(self) -> list[str]:
        return [one.id for one in self.file.regions]

    def _matrix(
        self, country: Country, written: Sequence[WrittenHolding], rows: np.ndarray, draw: Draw
    ) -> np.ndarray:
        """Holdings x regions, Gbit/s."""
        points = self.file.share_points / 100
        masses = {
            one.id: draw(f"mass {one.id}", _around(one.mass, points)) for one in self.file.regions
        }
        seed = np.zeros((len(written), len(masses)))
        fixed = np.zeros_like(seed)
        for row, one in enumerate(written):
            for route in one.routes:
                column = self._regions.index(route.to)
                seed[row, column] = gravity(masses[route.to], self._length_km(route.segments))
                share = route.estimate(points)
                name = f"share {one.country} {route.source or one.id} {route.to}"
                fixed[row, column] = np.nan if share is None else draw(name, share)
        return with_fixed(seed, fixed, rows, self._columns(country, float(rows.sum()), draw))

    def _columns(self, country: Country, total: float, draw: Draw) -> np.ndarray | None:
        """The sum of each region; None if no shares of the country are known."""
        columns = np.zeros(len(self._regions))
        for one in country.directions:
            estimate = one.estimate(self.file.share_points / 100)
            if estimate is not None:
                share = draw(f"direction {country.id} {one.to}", estimate)
                columns[self._regions.index(one.to)] = share * total
        return columns if columns.any() else None

    def _holding(
        self, one: WrittenHolding, route: Route, found: InService, capacity: float
    ) -> Holding:
        share = capacity / found.capacity_gbps
        basis = "gravity" if route.share is None else route.basis
        parts = (found.how, f"{share:.0%} of the system ({basis})" if len(one.routes) > 1 else "")
        return Holding(
            id=f"{one.id}/{route.to}",
            country=one.country,
            owner=one.owner,
            system=one.system,
            direction=route.to,
            capacity_gbps=capacity,
            segments=route.segments,
            length_km=self._length_km(route.segments),
            published=found.figure.date,
            source=found.figure.source,
            confidence=(found.figure if len(one.routes) == 1 else route).confidence,
            derived="; ".join(filter(None, parts)),
            bound_gbps=found.bound_gbps,
            at_bound=found.at_bound,
        )


def _around(value: float, points: float) -> Estimate:
    return Estimate(value, max(0.01, value - points), value + points)
