"""Grids and hubs with their figures, and droughts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

from pydantic import Field, model_validator

from corridor.topologies.analysis.failure_rates import Evidence
from corridor.topologies.energy.figures import Curtailment, Figure, Shape
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
