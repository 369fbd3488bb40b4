"""``confine``: the whole path, its ends too, certainly stays among some places and elements."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip, exposure
from corridor.controller.policy.clauses.elements import (
    ByBoth,
    ByFibre,
    ByHub,
    Element,
    Selectors,
    but,
    in_words,
    selected,
)
from corridor.controller.policy.clauses.places import Groups, Names, inside


class Confine(ByFibre, ByHub, ByBoth, Clause):
    """Every hub, the ends too, and every fibre certainly stay within these jurisdictions."""

    kind = "confine"
    short = "within"
    examples = (
        "CN",
        ["CN", "PK"],
        {"within": ["CN", "PK"]},
        {"medium": "terrestrial", "status": "in-service", "except": {"role": "foreign"}},
    )
    looked_up: ClassVar = {"within": "place"}
    claim = "C4"

    within: Names = ()
    """Jurisdictions or groups."""
    excepted: Selectors = Field(default=(), alias="except")
    """A selector or a list of them: what one of them certainly selects is excused."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.within or self.given):
            raise ValueError(f"confine names nothing: give within, {', '.join(self.keys())}")
        return self

    def describe(self) -> str:
        said = [f"stay within {', '.join(self.within)}"] if self.within else []
        said += [f"take {in_words([asked], 'only')}" for asked in self.given]
        return "; ".join(said) + but(self.excepted)

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        reason = self._reason(element, trip.groups)
        if reason is None or selected(self.excepted, element, trip.groups) is True:
            return state
        return Broken(reason)

    def _reason(self, element: Element, groups: Groups) -> str | None:
        """Why an element is outside the region of the path, without exceptions."""
        if self.within:
            codes = groups.codes(self.within)
            for code, how in exposure(element):
                if inside(code, codes) is not True:
                    return f"{element.id} {how} {code}, outside {', '.join(self.within)}"
        for asked in self.asked_of(element) if self.given else ():
            answer = asked.key.holds(element, asked.value, groups)
            if answer is not True:
                known = "is not" if answer is False else "is not known to be"
                return f"{element.id} {known} {asked.predicate}"
        return None

    def is_domestic(self, trip: Trip) -> bool:
        """What is excused may be abroad."""
        if not self.within or self.excepted:
            return False
        return trip.groups.codes(self.within) <= {trip.src.located_in}
