"""Values of hubs that a placement needs: power, PUE, emission factors, price. Pure.

A value that is unknown, or known by bounds only, is refused by name with the option that states it:
``guian=120``, or ``guian=120:80-160`` with an interval.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from corridor.experiments.placement.energy_documents import (
    EnergyAnswer,
    EnergyFigure,
    GridAnswer,
    HubAnswer,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.energy.countings import COUNTS, Count
from corridor.topologies.energy.figures import FACTORS, MOST_G_PER_KWH, PUES, unit_of

STATED = {
    "mw": "power-limit",
    "pue": "pue",
    "green": "green-share",
    "price": "price",
    "factor": "location",
}
"""The quantity that each option states."""
EXAMPLES = {"mw": "120", "pue": "1.25", "green": "0.5", "price": "0.45CNY", "factor": "300"}
INTERVALS = {
    "mw": "120:80-160",
    "pue": "1.25:1.15-1.4",
    "green": "0.5:0.3-0.6",
    "price": "0.45:0.4-0.6CNY",
    "factor": "300:250-350",
}
"""The same with an interval."""
MOST = {"mw": 100_000.0, "pue": 10.0, "green": 1.0, "price": 1_000.0, "factor": MOST_G_PER_KWH}
PLACEHOLDERS = {"mw": "MW", "pue": "PUE", "green": "SHARE", "price": "PRICE", "factor": "GRAMS"}
type Given = Mapping[str, Mapping[str, str | float]]
"""By option, by hub, the value."""
ANNUAL = "annual"
"""As the factor of a hub: that of the year, in a question about a season."""


def given_by_hub(**given: Mapping[str, str | float] | None) -> Given:
    """Return values by option and hub, as Python states them.

    Raises:
        InputError: A value is not by hub.
    """
    for option, by_hub in given.items():
        if not isinstance(by_hub or {}, dict):
            raise InputError(f"{option} is not by hub", f'write {option}={{"guian": ...}}')
    return {option: by_hub or {} for option, by_hub in given.items()}


def is_annual(given: Given, hub: str) -> bool:
    """Whether the caller states that the factor of the year serves for a season."""
    return given.get("factor", {}).get(hub) == ANNUAL


def option_of(what: str, hub: str) -> str:
    """Return the option that states an unknown quantity; empty if none does."""
    option = next((key for key, of in STATED.items() if of == what), "")
    return f"--{option} {hub}={PLACEHOLDERS[option]}" if option else ""


def split_stated(texts: Iterable[str], option: str, hubs: Iterable[str]) -> dict[str, str]:
    """Return values by hub from texts such as ``guian=120``.

    Raises:
        InputError: A text has another form, or its hub has no entry.
    """
    known, found = set(hubs), dict[str, str]()
    for text in texts:
        hub, equals, value = text.partition("=")
        if not equals:
            raise InputError(
                f'--{option} "{text}" names no hub', f"write --{option} guian={EXAMPLES[option]}"
            )
        check_hub(hub, known)
        if found.get(hub, value) != value:
            both = f"{found[hub]} and {value}"
            raise InputError(f"--{option} of {hub} is stated twice: {both}", "state one of them")
        found[hub] = value
    return found


def check_hub(hub: str, known: Iterable[str]) -> None:
    """Raise InputError unless the hub has an entry."""
    listed = sorted(known)
    if hub not in listed:
        hint = nearest(hub, listed) or "corridor energy lists the hubs with figures"
        raise InputError(f'no energy figures of a hub "{hub}"', hint)


def stated_figure(option: str, hub: str, value: str | float) -> EnergyFigure:
    """Return the figure that a caller states.

    Raises:
        InputError: The value is not a number in the range of its quantity.
    """
    what = STATED[option]
    number, interval, currency = _split(value)
    least, most = interval or (number, number)
    fits = math.isfinite(number) and _least(what) <= least <= number <= most <= MOST[option]
    if not fits or bool(currency) != (option == "price"):
        example = EXAMPLES[option]
        hint = f"write --{option} {hub}={example}, with an interval {INTERVALS[option]}"
        names = {"pue": "PUE", "location": "factor of emissions"}
        name = names.get(what, what.replace("-", " "))
        raise InputError(f"{value} is not a {name} of {hub}", hint)
    unit = f"{currency}/kWh" if currency else unit_of(what)
    note = "a caller's value, not a published one"
    low, high = interval or (None, None)
    boundary = "direct" if what in FACTORS else ""
    return EnergyFigure(
        what, number, low, high, unit, boundary, "stated", "hub", "", (), "", "unsure", note
    )


def _least(what: str) -> float:
    return 1.0 if what in PUES else 0.0


def _split(value: str | float) -> tuple[float, tuple[float, float] | None, str]:
    """A number, its interval and a currency: ``0.45:0.4-0.6CNY``; NaN if it is not a number."""
    number = r"([0-9]*\.?[0-9]+)"
    form = rf"\s*{number}(?::{number}-{number})?\s*([A-Z]{{3}})?(?:/kWh)?\s*"
    match = re.fullmatch(form, str(value))
    if match is None:
        return math.nan, None, ""
    interval = (float(match[2]), float(match[3])) if match[2] else None
    return float(match[1]), interval, match[4] or ""


type Objective = Literal["carbon", "cost", "latency", "pareto"]
type End = Literal["low", "value", "high"]
OBJECTIVES: tuple[Objective, ...] = ("carbon", "cost", "latency", "pareto")
BY_EMISSIONS: tuple[Objective, ...] = ("carbon", "pareto")
"""Objectives that need a counting."""


class Factor(NamedTuple):
    """Direct emissions of a kWh by one counting, in g."""

    low: float | None
    value: float | None
    high: float | None

    def at(self, end: End) -> float | None:
        """The value at one end of its interval; without an interval, the value itself."""
        return end_of(self, end)


UNKNOWN = Factor(None, None, None)


def end_of(of: Factor | EnergyFigure, end: End) -> float | None:
    """The value at one end of its interval; without an interval, the value itself."""
    found = {"low": of.low, "value": of.value, "high": of.high}[end]
    return of.value if found is None else found


@dataclass(frozen=True)
class HubValues:
    """What a placement uses of one hub."""

    hub: str
    grid: str
    limit: EnergyFigure
    """IT power for the jobs, with a value."""
    pue: EnergyFigure
    factors: Mapping[Count, Factor]
    price: EnergyFigure | None
    """Of a kWh, with a value; None if unknown."""

    contracts: EnergyFigure | None = None
    """Share of contracted green power, where it is published or stated."""
    residual: Factor = UNKNOWN
    """Of power that nobody contracted, by the national figure."""

    @property
    def green(self) -> float | None:
        """The share of contracted green power; None if it is unknown."""
        return None if self.contracts is None else self.contracts.value

    @property
    def country(self) -> str:
        """Of the grid, ``CN``."""
        return self.grid.partition("-")[0]

    @property
    def currency(self) -> str:
        """Of the price; empty if it is unknown."""
        return "" if self.price is None else self.price.unit.partition("/")[0]

    @property
    def limit_mw(self) -> float:
        """IT power that the jobs may use at any time."""
        assert self.limit.value is not None
        return self.limit.value

    def meter_mwh(self, it_mwh: float) -> float:
        """Energy at the meter for some IT energy."""
        assert self.pue.value is not None
        return it_mwh * self.pue.value

    def tco2(self, it_mwh: float, count: Count, end: End = "value") -> float | None:
        """Emissions of some IT energy in tCO2 (MWh times g/kWh is kg); None if unknown."""
        factor = self.factors[count].at(end)
        return None if factor is None else self.meter_mwh(it_mwh) * factor / 1000

    def cost(self, it_mwh: float, end: End = "value") -> float | None:
        """Cost of some IT energy in the currency of the price; None if unknown."""
        price = None if self.price is None else end_of(self.price, end)
        return None if price is None else self.meter_mwh(it_mwh) * 1000 * price


@dataclass(frozen=True)
class Missing:
    """A value that the question needs and that is not published."""

    hub: str
    what: str
    why: str
    state: str
    """The option that states it; empty if none does."""

    def __str__(self) -> str:
        way_out = f"state {self.state}" if self.state else "leave the hub out with --hubs"
        return f"{self.what} of {self.hub}: {self.why}; {way_out}"


class MissingValues(InputError):
    """A question needs values that are unknown; ``missing`` has each."""

    def __init__(self, missing: Sequence[Missing]) -> None:
        self.missing = tuple(missing)
        super().__init__("\n".join(map(str, self.missing)))

    def __str__(self) -> str:
        return self.message


def hub_values(
    energy: EnergyAnswer, objective: Objective, count: Count | None
) -> tuple[HubValues, ...]:
    """Return the values of hubs.

    Args:
        energy: Figures of the hubs, stated ones first.
        objective: What is minimised.
        count: The counting of emissions, for objectives that need one.

    Raises:
        MissingValues: Values that the question needs are unknown.
    """
    missing = [one for hub in energy.hubs for one in _missing(hub, objective, count, energy.season)]
    if objective == "cost":
        missing += _other_currencies(energy.hubs)
    if missing:
        raise MissingValues(missing)
    grids = {one.id: one for one in energy.grids}
    return tuple(_values(hub, grids) for hub in energy.hubs)


def _values(hub: HubAnswer, grids: Mapping[str, GridAnswer]) -> HubValues:
    limit, pue, price = hub.known("power-limit"), hub.known("pue"), _price(hub)
    contracts, grid = hub.known("green-share"), grids[hub.grid]
    factors = {count: _factor(hub, count) for count in COUNTS}
    assert limit is not None
    assert pue is not None
    priced = None if price is None or price.value is None else price
    residual = _residual(grids.get(grid.parent, grid))
    return HubValues(hub.id, hub.grid, limit, pue, factors, priced, contracts, residual)


def _residual(grid: GridAnswer) -> Factor:
    for one in grid.figures:
        if (one.what, one.boundary) == ("residual", "direct"):
            return Factor(one.low, one.value, one.high)
    return UNKNOWN


def _factor(hub: HubAnswer, count: Count) -> Factor:
    """Within the boundary ``direct``: life-cycle factors are never mixed in."""
    for one in hub.countings:
        if (one.count, one.boundary) == (count, "direct"):
            return Factor(one.low, one.value, one.high)
    return UNKNOWN


def _price(hub: HubAnswer) -> EnergyFigure | None:
    return hub.known("price", "hub", "whole")


def _missing(
    hub: HubAnswer, objective: Objective, count: Count | None, season: str
) -> Iterator[Missing]:
    needed = ["power-limit", "pue"]
    for what in needed:
        yield from _unless_valued(hub, what, hub.known(what))
    if objective == "cost":
        yield from _unless_valued(hub, "price", _price(hub))
    if objective in BY_EMISSIONS and count is not None:
        yield from _without_factor(hub, count, season)


def _unless_valued(hub: HubAnswer, what: str, known: EnergyFigure | None) -> Iterator[Missing]:
    if known is None or known.value is None:
        why = "unknown" if known is None else f"only bounds are known, {_bounds(known)}"
        yield Missing(hub.id, what.replace("-", " "), why, option_of(what, hub.id))


def _bounds(of: EnergyFigure) -> str:
    if of.low is None:
        return f"at most {of.high:g} {of.unit}"
    return f"{of.low:g} {of.unit} or more" if of.high is None else f"{of.low:g}-{of.high:g}"


def _without_factor(hub: HubAnswer, count: Count, season: str) -> Iterator[Missing]:
    factor = _factor(hub, count)
    ends = (factor.low, factor.high) if count == "marginal" else (factor.value,)
    if None in ends:
        if count == "market" and factor.high is None:
            why, state = "no residual factor was collected", ""
        elif count == "market":
            why = "the share of green contracts is unknown"
            state = option_of("green-share", hub.id)
        else:
            why, state = "no direct factor is known", option_of(count, hub.id)
            if season:
                found = next(one.how for one in hub.countings if one.count == count)
                why, state = found, f"{state} of that season, or --factor {hub.id}={ANNUAL}"
        yield Missing(hub.id, f"{count} emissions", why, state)


def _other_currencies(hubs: Iterable[HubAnswer]) -> list[Missing]:
    """Prices that are not in the currency of the first one."""
    priced = [(hub.id, price) for hub in hubs if (price := _price(hub)) is not None]
    return [
        Missing(hub, "price", f"in {price.unit}, others in {priced[0][1].unit}", _in_one(hub))
        for hub, price in priced
        if price.unit != priced[0][1].unit
    ]


def _in_one(hub: str) -> str:
    return f"{option_of('price', hub)} in the same currency"
