"""``terminate``: a path ends in some jurisdictions; its route is not restricted."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip, is_source
from corridor.controller.policy.clauses.elements import Element
from corridor.controller.policy.clauses.places import Names, inside


class Terminate(Clause):
    """The trip ends in one of these jurisdictions, whatever it crosses before."""

    kind = "terminate"
    examples = ({"only": "CN"}, {"only": ["PK", "SA"]})
    looked_up: ClassVar = {"only": "place"}
    claim = "C6"

    only: Names = Field(min_length=1)
    """Jurisdictions or groups."""

    def describe(self) -> str:
        return f"end in {' or '.join(self.only)}"

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        codes = trip.groups.codes(self.only)
        if is_source(element, trip) and inside(trip.dst.located_in, codes) is not True:
            only = ", ".join(self.only)
            return Broken(f"{trip.dst.id} is in {trip.dst.located_in}, not in {only}")
        return state
