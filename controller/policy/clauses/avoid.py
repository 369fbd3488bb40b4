"""``avoid``: what lies between the ends of a path has none of some properties.

The ends do not count: data must start and end somewhere.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip, exposure
from corridor.controller.policy.clauses.elements import (
    Asked,
    ByBoth,
    ByFibre,
    ByHub,
    ByPlace,
    Element,
    Selectors,
    but,
    in_words,
    selected,
)
from corridor.controller.policy.clauses.places import Answer, Groups, inside
from corridor.topologies.model.topology import Hub


class Avoid(ByFibre, ByHub, ByBoth, ByPlace, Clause):
    """No hub between the ends, and no fibre, has any of these properties."""

    kind = "avoid"
    examples = (
        {"crosses": ["VN"]},
        {"located_in": "IN", "crosses": ["OM"]},
        {"operated_by": ["SCO"], "unknown_operator": "accept"},
        {"srlgs": ["corridor:karakoram"], "status": ["planned", "uncertain"]},
        {"any_of": [{"medium": "terrestrial", "operated_by": "CN"}], "except": {"role": "transit"}},
    )
    claim = "C5"

    unknown_operator: Literal["refuse", "accept"] = "refuse"
    """Whether an element whose operator is not known may be used under ``operated_by``."""
    any_of: Selectors = ()
    """Selectors of hubs and fibres: nor is an element what one of them selects."""
    excepted: Selectors = Field(default=(), alias="except")
    """A selector or a list of them: what one of them certainly selects is excused."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.given or self.any_of):
            keys = ", ".join(self.keys())
            raise ValueError(f"avoid names nothing to avoid: give {keys} or any_of")
        return self

    def describe(self) -> str:
        unknown = f" (unknown operators: {self.unknown_operator})"
        said = [
            in_words([asked], "no") + unknown * (asked.name == "operated_by")
            for asked in self.given
        ]
        said += [one.in_words("no") for one in self.any_of]
        return "; ".join(said) + but(self.excepted)

    def asks(self, trip: Trip) -> tuple[str, ...]:
        """Its source is not asked for what is forbidden of hubs."""
        hubs = self.of_hubs or self.any_of
        return (trip.src.id,) if hubs else ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        if isinstance(element, Hub) and trip.ends_at(element):
            return state
        reason = self._reason(element, trip.groups)
        if reason is None or selected(self.excepted, element, trip.groups) is True:
            return state
        return Broken(reason)

    def _reason(self, element: Element, groups: Groups) -> str | None:
        """Why an element is to be avoided, without exceptions."""
        for asked in self.asked_of(element):
            answer = asked.key.holds(element, asked.value, groups)
            if answer is None and asked.name == "operated_by" and self._accepts_unknown:
                continue
            if answer is not False:
                return _told(element, asked, groups, answer)
        for one in self.any_of:
            answer = one.selects(element, groups)
            if answer is not False:
                return f"{element.id} {'is' if answer else 'may be'} {one}"
        return None

    @property
    def _accepts_unknown(self) -> bool:
        return self.unknown_operator == "accept"


def _told(element: Element, asked: Asked, groups: Groups, answer: Answer) -> str:
    if asked.name == "operated_by":
        operator = element.operated_by or "an unknown operator"
        return f"{element.id} is operated by {operator}{_unless_sure(answer, asked)}"
    if asked.name in ("located_in", "crosses"):
        avoided = groups.codes(asked.value)
        met = ((code, how, inside(code, avoided)) for code, how in exposure(element))
        code, how, known = next(one for one in met if one[2] is not False)
        return f"{element.id} {how} {code}{_unless_sure(known, asked)}"
    return f"{element.id} is {asked.predicate}"


def _unless_sure(answer: Answer, asked: Asked) -> str:
    return "" if answer else f", so it may be {' or '.join(asked.value)}"
