"""``hops``: a path has at most this many fibres, including those of a detour and its return."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip
from corridor.controller.policy.clauses.elements import Element
from corridor.topologies.model.topology import Hub

MOST_FIBRES = 32
"""The limit up to which searches count the fibres that a packet has crossed."""


class Hops(Clause):
    """The path has at most this many fibres; one that is crossed twice counts twice."""

    kind = "hops"
    short = "most"
    examples: ClassVar = (2, 5, {"most": 2})

    most: int = Field(strict=True, ge=1, le=MOST_FIBRES)
    """How many fibres, from the first hub to the last."""

    def describe(self) -> str:
        return f"cross at most {self.most} {'fibre' if self.most == 1 else 'fibres'}"

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:  # noqa: ARG002
        if isinstance(element, Hub):
            return state
        if state == self.most:
            return Broken(f"{element.id} would be fibre {state + 1} of at most {self.most}")
        return state + 1
