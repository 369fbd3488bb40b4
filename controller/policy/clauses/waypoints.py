"""``waypoints``: a path passes some hubs, in order, before a border or before its end."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from corridor.controller.policy.clauses.clause import (
    MOST_STOPS,
    Broken,
    Clause,
    Trip,
    in_words,
    missed,
    past_the_border,
    served,
)
from corridor.controller.policy.clauses.elements import Element, HubSelector, Where
from corridor.controller.policy.clauses.places import Value
from corridor.topologies.model.topology import Hub


class Waypoint(Value):
    """A hub that a path must pass."""

    any_of: HubSelector
    """Which hubs will do: ``gateways``, or the keys of a selector."""
    before: Literal["border", "end"] = "end"
    """``border``: before anything outside the jurisdiction of the first hub is touched."""
    then: str = Field(default="PASSED", pattern=r"^[A-Z][A-Z0-9_-]*$")
    """Name of the phase that the waypoint opens, for people and labels."""


class Waypoints(Clause):
    """Hubs to pass, in this order.

    One hub may serve several that follow each other. They are written as a bare list.
    """

    kind = "waypoints"
    examples = (
        [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}],
        [{"any_of": {"located_in": "PK"}}, {"any_of": {"hubs": ["karachi"]}}],
    )
    claim = "C7"
    absent = ()

    stops: tuple[Waypoint, ...] = Field(min_length=1, max_length=MOST_STOPS)

    @classmethod
    def as_written(cls) -> Any:
        return Annotated[tuple[Waypoint, ...], Field(max_length=MOST_STOPS)]

    @classmethod
    def of(cls, written: Any) -> Self | None:
        return cls(stops=written) if written else None

    def describe(self) -> str:
        return f"pass {in_words(self.stops)}"

    def phases(self) -> tuple[str, ...]:
        return ("PRE", *(stop.then for stop in self.stops))

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        broken = past_the_border(self.stops, state, element, trip)
        if broken is None and isinstance(element, Hub) and element.id not in trip.closed:
            return served(self.stops, state, element, trip)
        return broken or state

    def finish(self, state: int, trip: Trip) -> Broken | None:
        return missed(self.stops, state, trip)

    def requires_before_border(self, state: int) -> bool | None:
        due = [stop.before == "border" for stop in self.stops]
        return any(due[state:]) if any(due) else None

    def gateways(self) -> tuple[Where, ...]:
        return tuple(stop.any_of for stop in self.stops)
