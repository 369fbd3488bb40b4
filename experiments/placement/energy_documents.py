"""What ``corridor energy`` answers, as a typed document. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from corridor.topologies.base.codec import Document
from corridor.topologies.energy.countings import Counted

ENERGY_SCHEMA = 1


@dataclass(frozen=True)
class EnergyFigure:
    """A figure of a hub or grid."""

    what: str
    """``power-in-use``, ``power-limit``, ``pue``, ``green-share``, ``price``, ``location`` ..."""
    value: float | None
    """None where a source gives bounds only, or nothing was found (no bounds either)."""
    low: float | None
    high: float | None
    unit: str
    boundary: str
    """Of emission factors: ``direct`` or ``life-cycle``."""
    basis: str
    """``measured``, ``reported``, ``derived``, ``assumed``, or ``stated`` by the caller; empty:
    unknown."""
    scope: str
    """``hub``, ``part`` of it, or the ``whole`` that the hub belongs to."""
    of: str
    source: tuple[str, ...]
    """Keys of ``sources``."""
    date: str
    confidence: str
    note: str

    @property
    def is_known(self) -> bool:
        """Whether it has a value or a bound."""
        return any(one is not None for one in (self.value, self.low, self.high))


@dataclass(frozen=True)
class SeasonShape:
    """Output of months over that of the mean month."""

    what: str
    """``hydro``, ``wind``, ``solar``, or ``thermal-share`` of production."""
    months: dict[str, float]
    wet_to_dry: tuple[float, float, float] | None
    """Of hydropower, July to September over January to April: low, all years, high."""
    capacity_factor: float | None
    years: str
    source: tuple[str, ...]
    confidence: str
    note: str
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)
    """Of single years; empty: not collected."""


@dataclass(frozen=True)
class CurtailedShare:
    """Possible output that was not used: means of months by year, 0 to 1."""

    what: str
    of: str
    shares: dict[str, float]
    worst_month: str
    worst: float
    source: tuple[str, ...]
    confidence: str


@dataclass(frozen=True)
class GridAnswer:
    """The grid of a province or country."""

    id: str
    name: str
    parent: str
    """The grid with the residual factor; empty without one."""
    note: str
    figures: tuple[EnergyFigure, ...]
    shapes: tuple[SeasonShape, ...]
    curtailment: tuple[CurtailedShare, ...]
    no_season: str = ""
    """Why no factor of a month is known, where shares of imports are the reason."""


@dataclass(frozen=True)
class HubAnswer:
    """One hub."""

    id: str
    name: str
    grid: str
    note: str
    figures: tuple[EnergyFigure, ...]
    countings: tuple[Counted, ...]
    """g/kWh by counting and boundary."""

    def all_of(self, what: str) -> Iterator[EnergyFigure]:
        """Every figure of a quantity, the stated one first."""
        return (one for one in self.figures if one.what == what)

    def known(self, what: str, *scopes: str) -> EnergyFigure | None:
        """Return the first known figure of a quantity in the first scope that has one."""
        for scope in scopes or ("hub",):
            for one in self.all_of(what):
                if one.is_known and one.scope == scope:
                    return one
        return None


@dataclass(frozen=True)
class UnknownQuantity:
    """What was looked for and not found at a hub."""

    hub: str
    what: str
    why: str
    state: str
    """The option that states it; empty if none does."""


@dataclass(frozen=True)
class DroughtEffect:
    """One effect of a drought."""

    what: str
    value: float | None
    unit: str
    source: tuple[str, ...]
    date: str
    confidence: str
    note: str


@dataclass(frozen=True)
class DroughtAnswer:
    """A dated shortage of hydropower."""

    id: str
    grid: str
    begin: str
    end: str
    effects: tuple[DroughtEffect, ...]


@dataclass(frozen=True)
class EnergySource:
    """Where figures come from."""

    title: str
    url: str
    date: str


@dataclass(frozen=True)
class RefusedFigure:
    """A figure that is not computed, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class EnergyAnswer(Document):
    """What ``corridor energy`` answers."""

    schema: int
    compiled: str
    counts: tuple[str, ...]
    """The countings that were asked for."""
    hubs: tuple[HubAnswer, ...]
    grids: tuple[GridAnswer, ...]
    """Of these hubs, and the grids above them."""
    droughts: tuple[DroughtAnswer, ...]
    unknown: tuple[UnknownQuantity, ...]
    not_covered: tuple[str, ...]
    """Hubs of the map without figures."""
    refused: tuple[RefusedFigure, ...]
    sources: dict[str, EnergySource]
    season: str = ""
    """The season of the emissions by location; empty: the year."""
