"""A clause of a package: ``hard: {submarine: 1}`` permits paths with one submarine fibre at most.

Install it into the environment of corridor, see examples/README.md.
"""

from __future__ import annotations

from typing import Any, ClassVar

from corridor.controller.policy.clauses import Broken, Clause, Element, Trip
from corridor.controller.second_opinion.clause_registry import ClauseReader
from corridor.controller.second_opinion.declared import short_form
from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.selectors import Places


class Submarine(Clause):
    """The path crosses at most this many submarine fibres."""

    kind = "submarine"
    short = "most"
    examples: ClassVar = (0, 2)
    most: int

    def describe(self) -> str:
        return f"cross at most {self.most} submarine fibres"

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        """Count submarine fibres: the state is the number of those crossed so far."""
        if getattr(element, "medium", "") != "submarine":
            return state
        if state == self.most:
            return Broken(f"{element.id} would be submarine fibre {state + 1} of {self.most}")
        return state + 1


def objection(asked: Any, journey: Journey, _places: Places) -> str:
    """The same rule for ``--second-opinion``, which shares no code with the clause."""
    crossed = [fibre.id for fibre in journey.fibres if fibre.medium == "submarine"]
    if len(crossed) <= short_form(asked, "most"):
        return ""
    return f"crosses {', '.join(crossed)}"


READER = ClauseReader("submarine", objection)
