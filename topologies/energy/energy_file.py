"""The file of energy figures: grids and hubs with their figures, droughts, and its checks. Pure.

``topologies/data/energy.yaml`` has the shipped figures; a user's file has the same form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from corridor.topologies.analysis.failure_rates import Evidence
from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.energy.figures import Curtailment, Figure, Shape
from corridor.topologies.model.catalogue import DATA, shipped_hubs
from corridor.topologies.model.fields import Frozen, JurisdictionCode, NonEmpty, Slug, Text


class Figured(Frozen):
    """What has figures."""

    figures: tuple[Figure, ...] = ()

    def all_of(self, what: str) -> Iterator[Figure]:
        """Every figure of a quantity, unknown ones included."""
        return (one for one in self.figures if one.what == what)

    def known(self, what: str, *, scope: str = "hub", boundary: str = "") -> Figure | None:
        """Return the first figure of a quantity that has a value or a bound; None without one.

        Args:
            what: The quantity.
            scope: What it covers; a figure of one site is not one of the hub.
            boundary: Of emission factors; the boundaries are never mixed.
        """
        found = (one for one in self.all_of(what) if one.is_known and one.scope == scope)
        return next((one for one in found if one.boundary == boundary), None)


class Grid(Figured):
    """The grid of a province or country."""

    id: JurisdictionCode
    name: NonEmpty
    parent: JurisdictionCode | None = None
    """The grid whose residual and fossil factors apply, too."""
    note: Text = ""
    no_season: Text = ""
    """Why its thermal share says nothing of the factor of a month."""
    shapes: tuple[Shape, ...] = ()
    curtailment: tuple[Curtailment, ...] = ()

    @model_validator(mode="after")
    def _of_another(self) -> Self:
        if self.parent == self.id:
            raise ValueError(f"{self.id} cannot be its own parent")
        return self


class HubEnergy(Figured):
    """One hub of the catalogue."""

    id: Slug
    grid: JurisdictionCode
    note: Text = ""


class Effect(Evidence):
    """One effect of a drought."""

    what: NonEmpty
    value: float | None = None
    unit: Text = ""
    source: tuple[Slug, ...] = Field(min_length=1)
    date: NonEmpty


class Drought(Frozen):
    """A dated shortage of hydropower."""

    id: Slug
    grid: JurisdictionCode
    begin: NonEmpty = Field(alias="from")
    end: NonEmpty = Field(alias="to")
    effects: tuple[Effect, ...] = Field(min_length=1)


def by_id[One: (Grid, HubEnergy)](listed: Sequence[One]) -> dict[str, One]:
    """Return grids or hubs by their ids."""
    return {one.id: one for one in listed}


FILE = DATA / "energy.yaml"


class PublishedAt(Frozen):
    """A page, data set or document that states figures."""

    title: NonEmpty
    url: Text = ""
    date: NonEmpty
    note: Text = ""


class Refused(Frozen):
    """A figure that other work computes and this file does not, and why."""

    what: NonEmpty
    why: NonEmpty
    source: tuple[Slug, ...] = ()


class EnergyFile(Frozen):
    """The whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    compiled: NonEmpty
    sources: Mapping[Slug, PublishedAt]
    grids: tuple[Grid, ...] = Field(min_length=1)
    hubs: tuple[HubEnergy, ...] = Field(min_length=1)
    droughts: tuple[Drought, ...] = ()
    refused: tuple[Refused, ...] = ()

    @cached_property
    def grid_of(self) -> dict[str, Grid]:
        """Grids by id."""
        return by_id(self.grids)

    @cached_property
    def hub_of(self) -> dict[str, HubEnergy]:
        """Hubs by id."""
        return by_id(self.hubs)


def read_energy(path: str | Path | None = None) -> EnergyFile:
    """Read a file of energy figures and check its names.

    Args:
        path: Default: the shipped file.

    Raises:
        InputError: The file cannot be read or is invalid, or a name in it is unknown or listed
            twice, with its line.
    """
    document = read_document(path or FILE)
    file = validate(document, EnergyFile)
    for at, kind, known, name in _names(file):
        if name not in known:
            hint = nearest(name, known) or f"known are {', '.join(sorted(known)[:6])}"
            raise document.error(f'no {kind} is called "{name}"', *at, hint=hint)
    _check_once(document, "grids", [one.id for one in file.grids])
    _check_once(document, "hubs", [one.id for one in file.hubs])
    return file


def _check_once(document: Document, key: str, names: list[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            hint = "put all of its figures into one entry"
            raise document.error(f'"{name}" is listed twice', key, number, hint=hint)


def _names(file: EnergyFile) -> Iterator[tuple[KeyPath, str, Any, str]]:
    """Every use of a name: where, of what, the known ones, and the name."""
    grids = {one.id for one in file.grids}
    for number, grid in enumerate(file.grids):
        at: KeyPath = ("grids", number)
        if grid.parent is not None:
            yield (*at, "parent"), "grid", grids, grid.parent
        for key in ("figures", "shapes", "curtailment"):
            yield from _sources((*at, key), getattr(grid, key), file)
    for number, hub in enumerate(file.hubs):
        at = ("hubs", number)
        yield (*at, "id"), "hub", shipped_hubs(), hub.id
        yield (*at, "grid"), "grid", grids, hub.grid
        yield from _sources((*at, "figures"), hub.figures, file)
    for number, drought in enumerate(file.droughts):
        at = ("droughts", number)
        yield (*at, "grid"), "grid", grids, drought.grid
        yield from _sources((*at, "effects"), drought.effects, file)
    yield from _sources(("refused",), file.refused, file)


def _sources(at: KeyPath, listed: Any, file: EnergyFile) -> Iterator[tuple[KeyPath, str, Any, str]]:
    for number, one in enumerate(listed):
        for name in one.source:
            yield (*at, number, "source"), "source", file.sources, name
