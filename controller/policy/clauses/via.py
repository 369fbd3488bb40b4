"""``via``: a path passes some hubs or fibres, in order. No equipment is required there."""

from __future__ import annotations

from itertools import accumulate
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field

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
from corridor.controller.policy.clauses.elements import Element, Selector, each_written_out
from corridor.controller.policy.clauses.places import Value

BEFORE = "PRE"
"""The phase before the first stop that names one."""


def _written_out(value: Any) -> Any:
    return each_written_out([value])[0]


class ViaStop(Value):
    """A hub or fibre that a path must go by."""

    any_of: Annotated[
        Selector,
        BeforeValidator(_written_out, json_schema_input_type=Literal["gateways"] | Selector),
    ]
    """Which hubs or fibres will do; ``gateways`` are hubs with ``gateway: true``."""
    before: Literal["border", "end"] = "end"
    """``border``: before anything outside the jurisdiction of the first hub is touched."""
    then: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_-]*$")
    """Name of the phase that the stop opens, for people; without it the phase goes on."""


def _stops(value: Any) -> Any:
    """A list of stops, each written out; a single selector is a stop."""
    several = value if isinstance(value, list | tuple) else [value]
    return [_stop(one) for one in several]


def _stop(value: Any) -> Any:
    written_out = isinstance(value, ViaStop) or (isinstance(value, dict) and "any_of" in value)
    return value if written_out else {"any_of": value}


type Stop = Literal["gateways"] | Selector | ViaStop
"""As it is written."""
Stops = Annotated[
    tuple[ViaStop, ...],
    Field(max_length=MOST_STOPS),
    BeforeValidator(
        _stops,
        json_schema_input_type=Stop | Annotated[list[Stop], Field(max_length=MOST_STOPS)],
    ),
]


class Via(Clause):
    """Hubs or fibres to go by, in this order.

    One may serve several that follow each other. They are written as a bare list.
    """

    kind = "via"
    examples: ClassVar = (
        [{"role": "western"}, {"hubs": ["karachi"]}],
        [{"any_of": "gateways", "before": "border", "then": "LANDED"}, {"medium": "submarine"}],
    )
    claim = "C7"
    absent = ()

    stops: Stops

    @classmethod
    def as_written(cls) -> Any:
        return Stops

    @classmethod
    def of(cls, written: Any) -> Self | None:
        return cls(stops=written) if written else None

    def describe(self) -> str:
        return f"go by {in_words(self.stops)}"

    def phases(self) -> tuple[str, ...]:
        if not any(stop.then for stop in self.stops):
            return ()
        names = accumulate(self.stops, lambda name, stop: stop.then or name, initial=BEFORE)
        return tuple(names)

    def asks(self, trip: Trip) -> tuple[str, ...]:
        """Only a border asks where the path began."""
        return (trip.src.id,) if any(stop.before == "border" for stop in self.stops) else ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        broken = past_the_border(self.stops, state, element, trip)
        return broken or served(self.stops, state, element, trip)

    def finish(self, state: int, trip: Trip) -> Broken | None:
        return missed(self.stops, state, trip)
