"""What is known of power, carbon and prices at hubs, with sources, and what is unknown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from corridor.experiments.placement.energy_documents import (
    ENERGY_SCHEMA,
    CurtailedShare,
    DroughtAnswer,
    DroughtEffect,
    EnergyAnswer,
    EnergyFigure,
    EnergySource,
    GridAnswer,
    HubAnswer,
    RefusedFigure,
    SeasonShape,
    UnknownQuantity,
)
from corridor.experiments.placement.hub_values import (
    STATED,
    Given,
    check_hub,
    given_by_hub,
    is_annual,
    option_of,
    split_stated,
    stated_figure,
)
from corridor.experiments.scenario.given import given_choice, given_of
from corridor.topologies.energy.countings import COUNTS, Counted, market_based
from corridor.topologies.energy.energy_file import Drought, EnergyFile, Grid, HubEnergy, read_energy
from corridor.topologies.energy.figures import Figure
from corridor.topologies.energy.seasons import check_season, countings_in
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.catalogue import shipped_hubs

MAP = "pan-asia"
ALL = ""
YEAR = ""
NEEDED = ("power-in-use", "power-limit", "pue", "green-share", "price")
"""What a question of placement needs of every hub."""


def energy(
    *hubs: str,
    count: str = ALL,
    mw: dict[str, float | str] | None = None,
    pue: dict[str, float | str] | None = None,
    green: dict[str, float | str] | None = None,
    price: dict[str, str] | None = None,
    factor: dict[str, float | str] | None = None,
    data: str | Path | None = None,
    season: str = YEAR,
) -> EnergyAnswer:
    """Report power, emissions, prices and seasons of hubs, and what is unknown.

    Args:
        hubs: Ids of hubs; default: all with an entry.
        count: ``location``, ``market`` or ``marginal``; default: all three, since the hub that
            emits least differs.
        mw: Power limits by hub in MW that you state, where none is published or another is meant.
        pue: PUE by hub that you state.
        green: Shares of contracted green power by hub that you state, 0 to 1.
        price: Prices by hub that you state, such as ``0.45CNY`` for a kWh.
        factor: Direct emissions of a kWh by hub that you state, in g, location counting.
        data: A file of figures; default: the shipped one.
        season: ``wet``, ``dry``, or a month such as ``mar``, of the emissions by location; default:
            the year. A hub whose grid has no shape is unknown then, or ``annual`` where you state
            that as its factor.

    Returns:
        Figures by hub and grid with intervals, basis, source, date and confidence; emissions in
        g/kWh by counting; unknown quantities with the option that states each.

    Raises:
        InputError: A hub has no entry, the counting or a stated value is invalid, or the file is.

    Example:
        >>> found = corridor.energy("horinger", count="market")
        >>> [round(one.value) for one in found.hubs[0].countings]
        [94]
    """
    given = given_by_hub(mw=mw, pue=pue, green=green, price=price, factor=factor)
    file = read_energy(data)
    asked = [given_of(one, str, "hub") for one in hubs]
    return energy_answer(file, asked, count=count, given=given, season=season)


def energy_answer(
    file: EnergyFile,
    hubs: Sequence[str] = (),
    *,
    count: str = ALL,
    given: Given | None = None,
    season: str = YEAR,
) -> EnergyAnswer:
    """Return the answer of a file that was read; arguments are those of ``energy``."""
    counts = _counts(count)
    given = given or {}
    check_season(season)
    for hub in (*hubs, *(one for by_hub in given.values() for one in by_hub)):
        check_hub(hub, file.hub_of)
    listed = [file.hub_of[one] for one in dict.fromkeys(hubs)] or list(file.hubs)
    answers = tuple(_hub(file, one, counts, given, season) for one in listed)
    grids = tuple(_grid(one) for one in _grids(file, listed))
    droughts = tuple(_drought(one) for one in file.droughts if one.grid in {g.id for g in grids})
    used = _used(answers, grids, droughts) | {s for one in file.refused for s in one.source}
    return EnergyAnswer(
        ENERGY_SCHEMA,
        file.compiled,
        counts,
        answers,
        grids,
        droughts,
        tuple(unknown for one in answers for unknown in _unknown(one)),
        () if hubs else _not_covered(file),
        tuple(RefusedFigure(one.what, one.why) for one in file.refused),
        {
            key: EnergySource(one.title, one.url, one.date)
            for key, one in file.sources.items()
            if key in used
        },
        season,
    )


def stated_by_option(texts: dict[str, Iterable[str]], file: EnergyFile) -> Given:
    """Return what options of the command state: by option, by hub."""
    return {option: split_stated(texts[option], option, file.hub_of) for option in STATED}


def _counts(count: str) -> tuple[str, ...]:
    return COUNTS if count == ALL else (given_choice(count, COUNTS, "count"),)


def _hub(
    file: EnergyFile, hub: HubEnergy, counts: tuple[str, ...], given: Given, season: str
) -> HubAnswer:
    stated = [
        stated_figure(option, hub.id, by_hub[hub.id])
        for option, by_hub in given.items()
        if hub.id in by_hub and not (season and option == "factor" and is_annual(given, hub.id))
    ]
    counted = countings_in(hub, file, season)
    if season and is_annual(given, hub.id):
        year = [one for one in countings_in(hub, file, YEAR) if one.count == "location"]
        counted = (*year, *(one for one in counted if one.count != "location"))
    for one in stated:
        if one.what == "green-share" and not season:
            counted = _restated(file, hub, one, counted)
        elif one.what == "location":
            ends, how = (one.low, one.high), "stated: direct emissions of a kWh"
            new = Counted("location", "direct", one.value, *ends, (), how)
            kept = (
                old for old in counted if old.count != new.count or old.boundary == "life-cycle"
            )
            counted = (new, *kept)
    return HubAnswer(
        hub.id,
        shipped_hubs()[hub.id].name,
        hub.grid,
        hub.note,
        (*stated, *map(_figure, hub.figures)),
        tuple(one for one in counted if one.count in counts),
    )


def _restated(
    file: EnergyFile, hub: HubEnergy, share: EnergyFigure, counted: tuple[Counted, ...]
) -> tuple[Counted, ...]:
    """The countings with a stated share of contracts."""
    grid = file.grid_of[hub.grid]
    parent = file.grid_of[grid.parent or grid.id]
    figure = Figure(
        what="green-share",
        value=share.value,
        low=share.low,
        high=share.high,
        unit=share.unit,
        basis="assumed",
        date=file.compiled,
    )
    market = market_based(figure, parent.known("residual", boundary="direct"))
    market = replace(market, how=f"stated: {market.how}")
    return tuple(market if one.count == "market" else one for one in counted)


def _figure(one: Figure) -> EnergyFigure:
    return _copied(EnergyFigure, one, basis=one.basis or "")


def _copied[Part](kind: type[Part], one: object, **other: object) -> Part:
    """The document's part with the values of the file's, which has the same names."""
    names = kind.__dataclass_fields__.keys() - other  # type: ignore[attr-defined]
    return kind(**{name: getattr(one, name) for name in names}, **other)


def _grids(file: EnergyFile, hubs: Sequence[HubEnergy]) -> Iterator[Grid]:
    needed = {one.grid for one in hubs}
    needed |= {file.grid_of[one].parent or one for one in needed}
    return (one for one in file.grids if one.id in needed)


def _grid(grid: Grid) -> GridAnswer:
    return _copied(
        GridAnswer,
        grid,
        parent=grid.parent or "",
        figures=tuple(map(_figure, grid.figures)),
        shapes=tuple(
            _copied(
                SeasonShape,
                one,
                **{key: dict(getattr(one, key)) for key in ("months", "low", "high")},
            )
            for one in grid.shapes
        ),
        curtailment=tuple(
            _copied(CurtailedShare, one, shares=dict(one.shares)) for one in grid.curtailment
        ),
    )


def _drought(one: Drought) -> DroughtAnswer:
    effects = tuple(_copied(DroughtEffect, each) for each in one.effects)
    return _copied(DroughtAnswer, one, effects=effects)


def _unknown(hub: HubAnswer) -> Iterator[UnknownQuantity]:
    for what in NEEDED:
        scopes = ("hub", "whole") if what == "price" else ("hub",)
        if hub.known(what, *scopes) is None:
            notes = [one.note for one in hub.all_of(what) if not one.is_known]
            why = "; ".join(notes) or "no figure was found"
            yield UnknownQuantity(hub.id, what, why, option_of(what, hub.id))
    for counted in hub.countings:
        if not counted.is_known:
            yield UnknownQuantity(hub.id, f"{counted.count} emissions", counted.how, "")


def _not_covered(file: EnergyFile) -> tuple[str, ...]:
    return tuple(one.id for one in load_topology(MAP).hubs if one.id not in file.hub_of)


def _used(
    hubs: Iterable[HubAnswer], grids: Iterable[GridAnswer], droughts: Iterable[DroughtAnswer]
) -> set[str]:
    """Keys of the sources of an answer."""
    listed = [one.source for hub in hubs for one in hub.figures]
    for grid in grids:
        listed += [one.source for one in grid.figures]
        listed += [one.source for one in grid.shapes] + [one.source for one in grid.curtailment]
    listed += [one.source for drought in droughts for one in drought.effects]
    return {key for source in listed for key in source}
