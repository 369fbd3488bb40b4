"""What a kilowatt-hour of a grid emits in a month or season, from its annual average. Pure.

No factor of a month is published. Where a grid exports power in each month, what it consumes is its
own mix, so its annual factor times the thermal share of the month over that of the year is one.
"""

from __future__ import annotations

from dataclasses import replace

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.energy.countings import Counted, countings
from corridor.topologies.energy.energy_file import EnergyFile, Grid, HubEnergy
from corridor.topologies.energy.figures import Shape

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
SEASONS: dict[str, tuple[int, ...]] = {
    "wet": (7, 8, 9),
    "dry": (1, 2, 3, 4),
    **{name[:3].lower(): (number,) for number, name in enumerate(MONTHS, 1)},
}
"""Numbers of months: of most and least hydropower in the south-west of China, and single ones."""
NAMES = {"wet": "wet season (July to September)", "dry": "dry season (January to April)"}


def check_season(season: str) -> None:
    """Raise InputError for a season that does not exist; empty is the year."""
    if season and season not in SEASONS:
        hint = nearest(season, SEASONS) or f"name one of {', '.join(SEASONS)}"
        raise InputError(f'no season is called "{season}"', hint)


def season_name(season: str) -> str:
    """Return its name in a sentence: ``the dry season (January to April)``, ``March``."""
    return f"the {NAMES[season]}" if season in NAMES else MONTHS[SEASONS[season][0] - 1]


def countings_in(hub: HubEnergy, file: EnergyFile, season: str) -> tuple[Counted, ...]:
    """Return the emissions of a kilowatt-hour at a hub in a season by each counting.

    Args:
        hub: With its contracts.
        file: With its grids.
        season: A key of ``SEASONS``; empty for the year.

    Returns:
        As ``countings``. Unknown by location where the grid has no shape; unknown by contracts,
        since residual factors are annual. Bounds of the marginal factor are those of any hour.
    """
    counted = countings(hub, file.grid_of)
    if not season:
        return counted
    grid = file.grid_of[hub.grid]
    annual = next((one for one in counted if one.count == "location"), None)
    assert annual is not None
    market = "no residual factor of a season was collected"
    return (
        _location(annual, grid, season),
        Counted("market", "", None, None, None, (), market),
        *(one for one in counted if one.count == "marginal"),
    )


def _location(annual: Counted, grid: Grid, season: str) -> Counted:
    """The annual average times the share of thermal power, each bound times the other's."""
    shape = next((one for one in grid.shapes if one.what == "thermal-share"), None)
    times = None if shape is None else times_of(shape, season)
    if shape is None or times is None or annual.boundary != "direct" or not annual.is_known:
        missing = (
            "this month is missing in the data" if shape else "no generation by month was collected"
        )
        why = f"no factor of {season_name(season)} is known: {grid.no_season or missing}"
        return Counted("location", "", None, None, None, (), why)
    low, value, high = times
    ends = (annual.low, low), (annual.value, value), (annual.high, high)
    least, middle, most = (None if one is None else one * by for one, by in ends)
    how = (
        f"{annual.how}, times {value:.2f} ({low:.2f}-{high:.2f}) for {season_name(season)}: share "
        "of thermal power in production over that of the year, derived by us"
    )
    sources = tuple(dict.fromkeys((*annual.source, *shape.source)))
    return replace(annual, value=middle, low=least, high=most, source=sources, how=how)


def times_of(shape: Shape, season: str) -> tuple[float, float, float] | None:
    """Return low, value and high of a season over the year: means of its months. None if one is
    missing. Bounds of several months are those of single years in each month, so wider than those
    of seasons of single years."""
    by_month = {
        number: key for key in shape.months for number in range(int(key[:2]), int(key[-2:]) + 1)
    }
    keys = [by_month.get(month, "") for month in SEASONS[season]]
    if "" in keys:
        return None
    low, value, high = (
        sum(of[key] for key in keys) / len(keys)
        for of in (shape.low or shape.months, shape.months, shape.high or shape.months)
    )
    return low, value, high
