"""What a page may ask for, as values. Pure.

Each is a JSON object whose ``do`` says which it is, and whose ``page`` says which page asks: a
tab has one name for as long as it is open, also when it is loaded again.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from corridor.experiments.operations.requests import read_by
from corridor.topologies.base.units import written_day
from corridor.topologies.model.topology import Frozen

MOST_LETTERS = 200
Name = Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
PageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]


class Here(Frozen):
    """The page is still open. What it did lasts as long as this is stated."""

    do: Literal["here"]
    page: PageId
    touched: bool = False
    """Whether someone used it since it said so last."""
    demand: Annotated[str, Field(max_length=MOST_LETTERS)] = ""
    """Whose round trips it shows; empty for none."""


class OfFibre(Frozen):
    """A fibre is cut, repaired, drained, or may carry again."""

    do: Literal["cut", "mend", "drain", "restore"]
    page: PageId
    fibre: Name


class Policies(Frozen):
    """Another shipped policy set; or, with none, the one that there was before pages."""

    do: Literal["policies"]
    page: PageId
    set: Name | None
    outside: Literal["deny", "not-judged"] = "not-judged"
    """The outcome of data of which the set says nothing."""


class Day(Frozen):
    """Another day; or, with none, the one that there was before pages."""

    do: Literal["day"]
    page: PageId
    as_of: Annotated[date, BeforeValidator(written_day)] | None


class PutBack(Frozen):
    """All that pages did is undone."""

    do: Literal["put-back"]
    page: PageId


type Order = Here | OfFibre | Policies | Day | PutBack
_READ: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="do")])


def order_of(text: bytes) -> Order:
    """InputError says in a line what a text is not."""
    return read_by(_READ, text)
