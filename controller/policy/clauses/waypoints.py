"""``waypoints``: a path passes some hubs, in order, before a border or before its end."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip, leaves_home
from corridor.controller.policy.terms.elements import Element, HubSelector, Where
from corridor.controller.policy.terms.places import Value
from corridor.topologies.model.topology import Hub

MOST_STOPS = 32
"""Searches tell apart how many stops a packet has behind it."""


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
        stops = (
            f"{stop.any_of}{' before the border' * (stop.before == 'border')}"
            for stop in self.stops
        )
        return f"pass {', then '.join(stops)}"

    def phases(self) -> tuple[str, ...]:
        return ("PRE", *(stop.then for stop in self.stops))

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        due = [stop for stop in self.stops[state:] if stop.before == "border"]
        if due and leaves_home(element, trip):
            home = trip.src.located_in
            return Broken(f"{element.id} is past the border of {home} before {due[0].any_of}")
        if isinstance(element, Hub) and element.id not in trip.closed:
            while state < len(self.stops) and self._serves(state, element, trip):
                state += 1
        return state

    def _serves(self, state: int, hub: Hub, trip: Trip) -> bool:
        return self.stops[state].any_of.selects(hub, trip.groups) is True

    def finish(self, state: int, trip: Trip) -> Broken | None:
        if state < len(self.stops):
            return Broken(f"{trip.dst.id} is reached before {self.stops[state].any_of}")
        return None

    def owes_at_border(self, state: int) -> bool | None:
        due = [stop.before == "border" for stop in self.stops]
        return any(due[state:]) if any(due) else None

    def gateways(self) -> tuple[Where, ...]:
        return tuple(stop.any_of for stop in self.stops)
