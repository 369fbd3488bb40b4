"""``no_return``: once a path has left a region, it does not enter it again.

Broken where three elements of a path, in this order, may be inside, outside, and inside the region.
A fibre without jurisdictions besides those of its ends is neither.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip, exposure
from corridor.controller.policy.clauses.elements import Element
from corridor.controller.policy.clauses.places import Answer, Names, inside
from corridor.topologies.model.topology import Hub

BEFORE, IN, LEFT = 0, 1, 2
"""How a path stands to the region: what may be so counts."""


class NoReturn(Clause):
    """Once the path has left this region it does not enter it again."""

    kind = "no_return"
    short = "to"
    examples: ClassVar = ("CN", ["CN", "IN"], {"to": ["CN", "HK"]})
    looked_up: ClassVar = {"to": "place"}
    claim = "C5"

    to: Names = Field(min_length=1)
    """Jurisdictions or groups, together one region."""

    def describe(self) -> str:
        return f"not come back to {', '.join(self.to)} once it has left"

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        """A state is twice how the path stands, and one more at a hub, which may be entered twice
        running."""
        standing, at_hub = divmod(state, 2)
        if at_hub and isinstance(element, Hub):
            return state
        within = trip.groups.codes(self.to)
        met = [(one, inside(one.code, within)) for one in exposure(element)]
        if standing == LEFT:
            for (code, how), answer in met:
                if answer is not False:
                    return Broken(f"{element.id} {how} {code}, {self._again(answer)}")
        elif standing == IN and _may_be_outside(element, within):
            standing = LEFT
        elif standing == BEFORE and any(answer is not False for _, answer in met):
            standing = IN
        return 2 * standing + isinstance(element, Hub)

    def _again(self, answer: Answer) -> str:
        names = ", ".join(self.to)
        if answer is None:
            return f"which may be {' or '.join(self.to)}, and the path had left {names}"
        return f"and the path had left {names}"


def _may_be_outside(element: Element, within: frozenset[str]) -> bool:
    surely = (element.located_in,) if isinstance(element, Hub) else element.crosses
    if any(inside(code, within) is True for code in surely):
        return False
    return any(inside(one.code, within) is not True for one in exposure(element))
