"""``borders``: a path crosses at most this many borders of jurisdictions.

A fibre between two hubs crosses one border where they lie in two jurisdictions, and one more than
these where it comes, or may come, under third ones. No one knows that a hub in ``XX`` is where a
hub next to it is, so there is a border between.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip, exposure
from corridor.controller.policy.clauses.elements import Element
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Hub

MOST_BORDERS = 16
"""The limit up to which searches count the borders that a packet has crossed."""
NOWHERE, ABROAD, PLACES = 0, 1, 2
"""Where a path is: before its first hub, where no hub certainly is, or in a jurisdiction."""


class Borders(Clause):
    """The path crosses at most this many borders; one crossed twice counts twice."""

    kind = "borders"
    short = "most"
    examples: ClassVar = (0, 2, {"most": 1})
    claim = "C4"

    most: int = Field(strict=True, ge=0, le=MOST_BORDERS)
    """How many borders, from the first hub to the last."""

    def describe(self) -> str:
        return f"cross at most {self.most} border{'' if self.most == 1 else 's'}"

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def is_domestic(self, trip: Trip) -> bool:  # noqa: ARG002 - wherever that is
        return self.most == 0

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:  # noqa: ARG002
        """A state is how many borders are crossed, and where the path is. At a hub these are no
        more than there are numbers of borders, since a hub is in one place."""
        place, crossed = divmod(state, MOST_BORDERS + 1)
        if isinstance(element, Hub):
            there = _number(element.located_in)
            crossed += place not in (NOWHERE, there)
            place = there
        else:
            thirds = {one.code for one in exposure(element)}
            crossed += len(thirds)
            if thirds or place == _number(UNKNOWN_JURISDICTION):
                place = ABROAD
        if crossed > self.most:
            return Broken(f"{element.id} would be past border {crossed} of at most {self.most}")
        return place * (MOST_BORDERS + 1) + crossed


def _number(code: str) -> int:
    return PLACES + int.from_bytes(code.encode())
