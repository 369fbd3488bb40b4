"""``confine``: the whole path, its ends too, stays within jurisdictions."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from corridor.controller.policy.clauses.clause import Broken, Clause, Element, Trip, exposure
from corridor.controller.policy.terms.places import Names, inside


class Confine(Clause):
    """Every hub, the ends too, and every fibre surely stay within these jurisdictions."""

    kind = "confine"
    short = "within"
    examples = ("CN", ["CN", "PK"], {"within": ["CN", "PK"]})
    looked_up: ClassVar = {"within": "place"}
    claim = "C4"

    within: Names = Field(min_length=1)
    """Jurisdictions or groups."""

    def describe(self) -> str:
        return f"stay within {', '.join(self.within)}"

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        codes = trip.groups.codes(self.within)
        for code, how in exposure(element):
            if inside(code, codes) is not True:
                return Broken(f"{element.id} {how} {code}, outside {', '.join(self.within)}")
        return state

    def is_domestic(self, trip: Trip) -> bool:
        return trip.groups.codes(self.within) <= {trip.src.located_in}
