"""Grams of CO2 for a kilowatt-hour at a hub, by three countings. Pure.

Location-based: the average of the grid. Market-based: contracted green power counts as zero, the
rest by the residual factor, from which contracted power was taken out; the average would count that
power twice. Marginal: what one more kilowatt-hour adds. Which hub emits least depends on the
counting, so there is no default. Direct and life-cycle factors are separate lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from corridor.topologies.energy.energy_file import Grid, HubEnergy
from corridor.topologies.energy.figures import Boundary, Figure

type Count = Literal["location", "market", "marginal"]
COUNTS: tuple[Count, ...] = get_args(Count.__value__)
BOUNDARIES: tuple[Boundary, ...] = ("direct", "life-cycle")


@dataclass(frozen=True)
class Counted:
    """Emissions of a kilowatt-hour by one counting, within one boundary."""

    count: Count
    boundary: Boundary
    value: float | None
    """g/kWh; None where only bounds, or nothing, is known."""
    low: float | None
    high: float | None
    source: tuple[str, ...]
    how: str
    """The computation, or the reason why the value is missing."""

    @property
    def is_known(self) -> bool:
        """Whether it has a value or a bound."""
        return any(one is not None for one in (self.value, self.low, self.high))


def countings(hub: HubEnergy, grids: Mapping[str, Grid]) -> tuple[Counted, ...]:
    """Return the emissions of a kilowatt-hour at a hub by each counting.

    Args:
        hub: With its contracts.
        grids: By id; the grid of the hub and its parent are among them.

    Returns:
        One entry for each counting and each boundary within which something is known; an unknown
        counting has one entry that states why.
    """
    grid = grids[hub.grid]
    parent = grids.get(grid.parent or "", grid)
    return (
        *(_location(grid)),
        market_based(hub.known("green-share"), parent.known("residual", boundary="direct")),
        _marginal(grid, parent),
    )


def _location(grid: Grid) -> Iterator[Counted]:
    found = [one for one in BOUNDARIES if grid.known("location", boundary=one)]
    for boundary in found:
        figure = grid.known("location", boundary=boundary)
        assert figure is not None
        how = f"average of {grid.name}, {figure.date}"
        yield Counted(
            "location", boundary, figure.value, figure.low, figure.high, figure.source, how
        )
    if not found:
        notes = "; ".join(one.note for one in grid.all_of("location"))
        yield _unknown("location", notes or f"no factor of {grid.name} was found")


def market_based(share: Figure | None, residual: Figure | None) -> Counted:
    """Count contracted green power as zero, and the rest by the residual factor.

    Args:
        share: Contracted green power over all power of the hub; None or without value: unknown, so
            that the residual factor is an upper bound.
        residual: The factor of power that nobody contracted; None: no such factor is in the data.
    """
    if residual is None:
        return _unknown("market", "no residual factor was collected for this grid")
    least, most = _bounds(residual)
    if share is None or share.value is None:
        source = (*residual.source, *(share.source if share else ()))
        bought = 0.0 if share is None else share.low or 0.0
        how = "the share of green contracts is unknown: between none and all"
        highest = None if most is None else (1 - bought) * most
        return Counted("market", residual.boundary, None, 0.0, highest, source, how)
    shares = [one for one in (share.low, share.value, share.high) if one is not None]
    how = (
        f"{share.value:.1%} contracted green power counts as zero (of a period, not by the hour), "
        "the rest by the residual factor"
    )
    return Counted(
        "market",
        residual.boundary,
        None if residual.value is None else (1 - share.value) * residual.value,
        None if least is None else (1 - max(shares)) * least,
        None if most is None else (1 - min(shares)) * most,
        (*share.source, *residual.source),
        how,
    )


def _marginal(grid: Grid, parent: Grid) -> Counted:
    for boundary in BOUNDARIES:
        figure = grid.known("marginal", boundary=boundary) or parent.known(
            "marginal", boundary=boundary
        )
        if figure is not None:
            return Counted(
                "marginal",
                boundary,
                figure.value,
                figure.low,
                figure.high,
                figure.source,
                figure.note,
            )
    return _unknown("marginal", "no marginal factor of consumption was found")


def _bounds(figure: Figure) -> tuple[float | None, float | None]:
    return (
        figure.value if figure.low is None else figure.low,
        figure.value if figure.high is None else figure.high,
    )


def _unknown(count: Count, why: str) -> Counted:
    return Counted(count, "", None, None, None, (), why)
