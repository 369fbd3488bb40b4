"""``avoid``: what lies between the ends of a path has none of some properties.

The ends do not count: data must start and end somewhere.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from corridor.controller.policy.clauses.clause import Broken, Clause, Element, Trip, exposure
from corridor.controller.policy.terms.answers import Answer
from corridor.controller.policy.terms.places import Names, inside, run_by
from corridor.topologies.model.topology import Hub


class Avoid(Clause):
    """No hub between the ends, and no fibre, has any of these properties."""

    kind = "avoid"
    examples = (
        {"crosses": ["VN"]},
        {"located_in": "IN", "crosses": ["OM"]},
        {"operated_by": ["SCO"], "unknown_operator": "accept"},
    )
    looked_up: ClassVar = {"located_in": "place", "crosses": "place", "operated_by": "operator"}
    claim = "C5"

    located_in: Names = ()
    """Jurisdictions of hubs."""
    operated_by: Names = ()
    """Operators of hubs and fibres, or jurisdictions of operators."""
    crosses: Names = ()
    """Third jurisdictions that light comes, or may come, under on a fibre: ashore or by land."""
    unknown_operator: Literal["refuse", "accept"] = "refuse"
    """Whether an element whose operator is not known may be used under ``operated_by``."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.located_in or self.operated_by or self.crosses):
            raise ValueError(
                "avoid names nothing to avoid: give located_in, operated_by or crosses"
            )
        return self

    def describe(self) -> str:
        said = [
            f"{verb} {', '.join(names)}"
            for verb, names in (
                ("no hub in", self.located_in),
                ("no fibre that touches", self.crosses),
                ("nothing run by", self.operated_by),
            )
            if names
        ]
        if self.operated_by:
            said[-1] += f" (unknown operators: {self.unknown_operator})"
        return "; ".join(said)

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        if isinstance(element, Hub) and trip.ends_at(element):
            return state
        names = self.located_in if isinstance(element, Hub) else self.crosses
        avoided = trip.groups.codes(names)
        for code, how in exposure(element):
            answer: Answer = inside(code, avoided) if names else False
            if answer is not False:
                return Broken(f"{element.id} {how} {code}" + _unless_sure(answer, names))
        answer = run_by(element.operated_by, self.operated_by, trip.groups)
        if answer is None and self.unknown_operator == "accept":
            answer = False
        if answer is not False:
            operator = element.operated_by or "nobody we know"
            unsure = _unless_sure(answer, self.operated_by)
            return Broken(f"{element.id} is operated by {operator}{unsure}")
        return state


def _unless_sure(answer: Answer, names: tuple[str, ...]) -> str:
    return "" if answer else f", so it may be {' or '.join(names)}"
