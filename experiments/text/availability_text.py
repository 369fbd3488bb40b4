"""Availability in sentences and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from corridor.experiments.availability.availability_answer import (
    AvailabilityAnswer,
    DemandAvailability,
    Minutes,
    MissingRate,
)
from corridor.experiments.availability.figures import MOST_NINES, Figure, PriceInNines
from corridor.experiments.terminal.columns import prose, render
from corridor.topologies.base.words import counted, joined_few

MOST_ROWS, MOST_NAMED = 15, 4
HEADINGS = ("demand", "nines", "interval", "minutes/year", "tables alone", "price of policies")
SERVICES = ("application class", "demands", "all at once", "demand-minutes/year", "worst demand")
RIGHT = frozenset({"nines", "minutes/year", "tables alone", "demands", "all at once"}) | {
    "demand-minutes/year"
}
FEW_MINUTES, ROUNDED = 0.05, 9.95
wrapped = partial(prose, hyphens=True)
"""As prose; lines may end after a hyphen."""


def told(of: AvailabilityAnswer, *, everything: bool = False, width: int | None = None) -> str:
    """Sentences, a table of demands and one of services, and what is left out."""
    shown = of.demands if everything else of.demands[:MOST_ROWS]
    more = len(of.demands) - len(shown)
    parts = [
        wrapped(_heading(of), width),
        wrapped(" ".join(_summary(of)), width),
        _demands(shown, width) + (f"\n{more} more rows: use --all" if more else ""),
        _services(of, width),
        wrapped(_two_failures(of), width),
        "\n".join(["Left out:", *(left_out(of.missing, width))]),
    ]
    return "\n\n".join(filter(None, parts))


def _heading(of: AvailabilityAnswer) -> str:
    policies = f"policy set {of.policies} as of {of.as_of}"
    return (
        f"Availability of {counted(len(of.demands), 'demand')} of {of.scenario} in both "
        f"directions, {policies}: drawn fibre alone, rates of {of.climate_note}; "
        f"90 % intervals of {of.samples:,} samples."
    )


def _summary(of: AvailabilityAnswer) -> Iterator[str]:
    if not of.demands:
        yield "No demand has a path."
        return
    five = sum(one.replanned.nines >= of.most_nines for one in of.demands)
    yield (
        f"With a controller that plans again, {five} of {len(of.demands)} have drawn fibre for at "
        f"least {of.most_nines:g} nines of the time; more is not computed. Hubs, power and "
        "software have no rate here: with them, every demand has fewer nines."
    )
    yield (
        f"Expected minutes a year without a path, added over demands: "
        f"{minutes(of.replanned_minutes)}; with the installed tables alone (k = {of.k}) "
        f"{minutes(of.installed_minutes)}."
    )
    if of.baseline_minutes is not None:
        yield _baseline(of, of.baseline_minutes)
        yield _priced(of)
        yield from _in_minutes(of)
    if of.unserved:
        yield (
            f"{counted(len(of.unserved), 'demand')} without a permitted path: "
            f"{joined_few(of.unserved, MOST_NAMED)}."
        )


def _baseline(of: AvailabilityAnswer, under: Minutes) -> str:
    """Minutes of the same demands on both sides."""
    both = [one.replanned for one in of.demands if one.baseline is not None]
    if len(both) == len(of.demands):
        return f"Under baseline {of.against}: {minutes(under)}."
    policed = Minutes(
        sum(one.minutes_a_year_low for one in both), sum(one.minutes_a_year_high for one in both)
    )
    return (
        f"Baseline {of.against} serves {len(both)} of them: these have {minutes(under)} minutes "
        f"there, and {minutes(policed)} under {of.policies}."
    )


def _priced(of: AvailabilityAnswer) -> str:
    costly = [one.demand for one in of.demands if one.price is not None and one.price.nines > 0]
    compared = sum(one.price is not None for one in of.demands)
    if not costly:
        return f"Against {of.against}, none of {compared} loses nines beyond the bounds."
    lose = "loses" if len(costly) == 1 else "lose"
    return (
        f"Against {of.against}, {len(costly)} of {compared} {lose} nines beyond the bounds: "
        f"{joined_few(costly, MOST_NAMED)}."
    )


def _in_minutes(of: AvailabilityAnswer) -> Iterator[str]:
    """What policies cost certainly, while both sides have five nines."""
    found = {
        one.demand: one.price.minutes_a_year_low
        for one in of.demands
        if one.price is not None
        if one.price.nines == 0 and one.price.minutes_a_year_low >= FEW_MINUTES
    }
    if found:
        most = number(max(found.values()))
        lose = "loses" if len(found) == 1 else "lose"
        yield (
            f"{len(found)} more {lose} minutes, up to {most} a year each, but no nines, because "
            f"these count up to {of.most_nines:g}: {joined_few(list(found), MOST_NAMED)}."
        )


def _demands(of: Sequence[DemandAvailability], width: int | None) -> str:
    rows = [
        (
            one.demand,
            _nines(one.replanned),
            f"{one.replanned.nines_low:.1f} to {_capped(one.replanned.nines_high)}",
            _range(one.replanned.minutes_a_year_low, one.replanned.minutes_a_year_high),
            _nines(one.installed),
            "" if one.price is None else _price(one.price),
        )
        for one in of
    ]
    spare = ("interval", "price of policies", "tables alone")
    return render(HEADINGS, rows, RIGHT, width=width, spare=spare) if rows else ""


def _services(of: AvailabilityAnswer, width: int | None) -> str:
    rows = [
        (
            one.application,
            str(one.demands),
            f"{_at_least(one.nines, of.most_nines)}",
            number(one.demand_minutes_a_year),
            one.worst,
        )
        for one in of.services
    ]
    if not rows:
        return ""
    said = "Nines of all demands of an application class at once (lower bounds):"
    table = render(SERVICES, rows, RIGHT, width=width, spare=("demand-minutes/year",))
    return f"{wrapped(said, width)}\n{table}"


def _two_failures(of: AvailabilityAnswer) -> str:
    two = of.two_failures
    return (
        f"An enumeration of up to two failed parts of {two.parts} covers {two.probability:.2%} of "
        f"the time: alone, it could show at most {two.nines:.1f} nines of any demand."
    )


def left_out(of: Sequence[MissingRate], width: int | None) -> Iterator[str]:
    """Yield a line for each thing without a rate."""
    for one in of:
        yield wrapped(f"{one.what}: {one.why}", width, "  ")


def _nines(of: Figure) -> str:
    return f">= {of.nines:.1f}" if of.is_at_least else f"{of.nines:.1f}"


def _at_least(value: float, most: float) -> str:
    return f">= {min(value, most):.1f}"


def _capped(value: float) -> str:
    return f"{value:.1f}" if value < MOST_NINES else "5+"


def _price(of: PriceInNines) -> str:
    if of.nines == 0:
        return "0"
    sign = ">= " if of.is_at_least else ""
    return f"{sign}{of.nines:.1f} ({of.nines_low:.1f} to {of.nines_high:.1f})"


def minutes(of: Minutes) -> str:
    """Return bounds of minutes in words."""
    return _range(of.low, of.high)


def _range(low: float, high: float) -> str:
    """One number if both look alike."""
    first, last = number(low), number(high)
    return last if first == last else f"{first}-{last}"


def number(value: float) -> str:
    """Return minutes in few digits."""
    if value < FEW_MINUTES:
        return "0"
    return f"{value:,.0f}" if value >= ROUNDED else f"{value:.1f}"
