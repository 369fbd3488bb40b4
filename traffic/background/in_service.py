"""Capacity in service on a day: figures carried to it, within what systems can carry. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from corridor.traffic.background.internet_file import CapacityBound, RateFigure, WrittenHolding
from corridor.traffic.background.market import Draw

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
