"""One published figure of a hub or grid: value, interval, unit, basis, source, date. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from corridor.topologies.analysis.failure_rates import Evidence
from corridor.topologies.model.fields import NonEmpty, Slug, Text

type Basis = Literal["measured", "reported", "derived", "assumed"]
"""Metered; stated by a source; computed from sources by us; our assumption."""
type Scope = Literal["hub", "part", "whole"]
"""What a figure of a hub covers: the hub, a site or operator in it, or more than the hub."""
type Boundary = Literal["", "direct", "life-cycle"]
"""Of emission factors: CO2 of generation alone, or CO2 equivalent with plants and fuel supply."""
type Quantity = Literal[
    "power-in-use", "power-limit", "power-planned", "direct-supply", "pue", "pue-target",
    "green-share", "vacancy", "price", "price-difference",
    "location", "residual", "fossil", "combined-margin", "marginal",
]  # fmt: skip
FACTORS = frozenset({"location", "residual", "fossil", "combined-margin", "marginal"})
"""Emission factors, which have a boundary."""
PRICES = frozenset({"price", "price-difference"})
SHARES = frozenset({"green-share", "vacancy"})
PUES = frozenset({"pue", "pue-target"})
MOST_G_PER_KWH = 3_000.0
"""An emission factor above this is a mistake: the dirtiest plants have half of it."""


def unit_of(quantity: str) -> str:
    """Return the unit of a quantity; prices have that of their currency."""
    units = {FACTORS: "g/kWh", PRICES: "/kWh", SHARES: "share", PUES: "ratio"}
    return next((unit for of, unit in units.items() if quantity in of), "MW")


class Figure(Evidence):
    """A figure with its interval and where it is from.

    ``value`` is None where a source gives bounds only. A figure without value and bounds states
    that it was looked for and not found: ``note`` says what was found instead.
    """

    what: Quantity
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: NonEmpty
    boundary: Boundary = ""
    basis: Basis | None = None
    scope: Scope = "hub"
    of: Text = ""
    """What is counted, if it is not the whole hub or grid."""

    @property
    def is_known(self) -> bool:
        """Whether it has a value or a bound."""
        return any(one is not None for one in (self.value, self.low, self.high))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        stated = [one for one in (self.low, self.value, self.high) if one is not None]
        if stated != sorted(stated):
            raise ValueError("low, value and high of a figure are in this order")
        if self.what != "price-difference" and any(one < 0 for one in stated):
            raise ValueError(f"{self.what} is not negative")
        if self.what in SHARES and any(one > 1 for one in stated):
            raise ValueError(f"{self.what} is a share from 0 to 1")
        if self.what in FACTORS and any(one > MOST_G_PER_KWH for one in stated):
            raise ValueError(f"{self.what} is at most {MOST_G_PER_KWH:,.0f} g/kWh")
        if self.what in PUES and any(one < 1 for one in stated):
            raise ValueError("a PUE is 1 or more")
        return self

    @model_validator(mode="after")
    def _with_evidence(self) -> Self:
        if not self.is_known:
            if not self.note:
                raise ValueError(f"unknown {self.what} needs a note: what was found instead")
            return self
        if self.basis is None or not self.date or not (self.source or self.basis == "assumed"):
            raise ValueError(f"{self.what} needs a basis, a source and a date")
        return self

    @model_validator(mode="after")
    def _in_unit(self) -> Self:
        wanted = unit_of(self.what)
        if not (self.unit.endswith(wanted) if self.what in PRICES else self.unit == wanted):
            example = "such as CNY/kWh" if self.what in PRICES else wanted
            raise ValueError(f"the unit of {self.what} is {example}, not {self.unit}")
        if (self.what in FACTORS) != bool(self.boundary):
            raise ValueError("an emission factor, and nothing else, has a boundary")
        return self


MONTH = r"(0[1-9]|1[0-2])"
MONTH_OF_SHAPE = re.compile(rf"{MONTH}(-{MONTH})?")
YEAR_OR_MONTH = re.compile(rf"[12]\d{{3}}(-{MONTH})?")


class Shape(Evidence):
    """Output of a month over that of the mean month; two months can share a value."""

    what: Literal["hydro", "wind", "solar", "thermal-share"]
    months: Mapping[str, float] = Field(min_length=10)
    """By month, ``01`` to ``12``, or ``01-02``."""
    low: Mapping[str, float] = Field(default_factory=dict)
    high: Mapping[str, float] = Field(default_factory=dict)
    """Of single years, for the same months; empty: not collected."""
    wet_to_dry: tuple[float, float, float] | None = None
    """Of hydro: mean of July to September over January to April: low, all years, high."""
    capacity_factor: float | None = Field(default=None, gt=0, lt=1)
    """Mean output over capacity, after curtailment."""
    years: NonEmpty
    source: tuple[Slug, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        wrong = [one for one in self.months if not MONTH_OF_SHAPE.fullmatch(one)]
        if wrong:
            raise ValueError(f'"{wrong[0]}" is not a month: write 01 to 12, or 01-02 for both')
        if any(one < 0 for one in self.months.values()):
            raise ValueError("a month has an output of 0 or more")
        if self.low or self.high:
            self._enclosed()
        if self.wet_to_dry and list(self.wet_to_dry) != sorted(self.wet_to_dry):
            raise ValueError("low, value and high of wet_to_dry are in this order")
        return self

    def _enclosed(self) -> None:
        if not self.low.keys() == self.months.keys() == self.high.keys():
            raise ValueError("low and high of a shape have the same months as its values")
        for month, value in self.months.items():
            if not 0 <= self.low[month] <= value <= self.high[month]:
                raise ValueError(f"low, value and high of month {month} are in this order")


class Curtailment(Evidence):
    """The share of possible output that was not used, by year: means of months."""

    what: Literal["wind", "solar"]
    of: Text = ""
    shares: Mapping[str, float] = Field(min_length=1)
    worst_month: NonEmpty
    worst: float = Field(ge=0, le=1)
    source: tuple[Slug, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _shares(self) -> Self:
        wrong = [
            one for one in (*self.shares, self.worst_month) if not YEAR_OR_MONTH.fullmatch(one)
        ]
        if wrong:
            raise ValueError(f'"{wrong[0]}" is not a year or month: write 2024 or 2024-02')
        if any(not 0 <= one <= 1 for one in self.shares.values()):
            raise ValueError("a share is from 0 to 1")
        return self
