"""The hard clauses: each says which elements of a path it lets pass, one class per clause.

A path is the alternating sequence hub, fibre, hub, ... of a trip. A clause is a deterministic
automaton over these elements: ``enter`` takes its state (0 at the start) past one element and
gives the next state, or ``Broken`` with a reason for people. ``Broken`` is final. ``finish``
judges the state at the end. A clause without memory stays in state 0.

Endpoints are excluded from ``avoid`` (data must start and end somewhere) and included in
``confine`` and ``terminate``. Where an element is, or who runs it, may be unknown; then the
clause is broken, because it cannot be shown to hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from corridor.controller.policy.terms.answers import Answer
from corridor.controller.policy.terms.places import (
    Groups,
    HubSelector,
    Names,
    Value,
    inside,
    run_by,
)
from corridor.topologies.model.topology import Fibre, Hub

type Element = Hub | Fibre


@dataclass(frozen=True)
class Trip:
    """From where to where, and what the names in clauses mean on the way."""

    src: Hub
    dst: Hub
    groups: Groups
    closed: frozenset[str] = frozenset()
    """Hubs whose gateway is down: they forward, but serve no waypoint."""

    def ends_at(self, hub: Hub) -> bool:
        return hub.id in (self.src.id, self.dst.id)


@dataclass(frozen=True)
class Broken:
    """A clause does not hold, and why."""

    reason: str


class Clause(Value):
    """A clause lets everything pass; the classes below narrow that."""

    kind: ClassVar[str]

    def phases(self) -> tuple[str, ...]:
        """Names of the states for people; empty for a clause without memory."""
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        raise NotImplementedError

    def asks(self, trip: Trip) -> tuple[str, ...]:
        """What of a trip's source decides what the clause lets pass; by default, which it is."""
        return (trip.src.id,)

    def finish(self, state: int, trip: Trip) -> Broken | None:  # noqa: ARG002 - most have no end
        return None


class Confine(Clause):
    """Every hub, the ends too, and every fibre stay within these jurisdictions."""

    kind: ClassVar[str] = "confine"
    within: Names = Field(min_length=1)
    """Jurisdictions or groups."""

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        codes = trip.groups.codes(self.within)
        for code, how in _exposure(element):
            if inside(code, codes) is not True:
                return Broken(f"{element.id} {how} {code}, outside {', '.join(self.within)}")
        return state


class Avoid(Clause):
    """No hub between the ends, and no fibre, has any of these properties."""

    kind: ClassVar[str] = "avoid"
    located_in: Names = ()
    """Jurisdictions of hubs."""
    operated_by: Names = ()
    """Operators of hubs and fibres, or jurisdictions of operators."""
    crosses: Names = ()
    """Third jurisdictions that a fibre touches: landings, branching units, legs on land."""
    unknown_operator: Literal["refuse", "accept"] = "refuse"
    """Whether an element whose operator is not known may be used under ``operated_by``."""

    @model_validator(mode="after")
    def _says_something(self) -> Avoid:
        if not (self.located_in or self.operated_by or self.crosses):
            raise ValueError(
                "avoid names nothing to avoid: give located_in, operated_by or crosses"
            )
        return self

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        if isinstance(element, Hub) and trip.ends_at(element):
            return state
        names = self.located_in if isinstance(element, Hub) else self.crosses
        avoided = trip.groups.codes(names)
        for code, how in _exposure(element):
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


class Terminate(Clause):
    """The trip ends in one of these jurisdictions, whatever it crosses on the way."""

    kind: ClassVar[str] = "terminate"
    only: Names = Field(min_length=1)
    """Jurisdictions or groups."""

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        codes = trip.groups.codes(self.only)
        if _is_source(element, trip) and inside(trip.dst.located_in, codes) is not True:
            only = ", ".join(self.only)
            return Broken(f"{trip.dst.id} is in {trip.dst.located_in}, not in {only}")
        return state


class Waypoint(Value):
    """A hub that a path must pass."""

    any_of: HubSelector
    """Which hubs will do: ``gateways``, or the keys of a selector."""
    before: Literal["border", "end"] = "end"
    """``border``: before anything outside the jurisdiction of the first hub is touched."""
    then: str = Field(default="PASSED", pattern=r"^[A-Z][A-Z0-9_-]*$")
    """Name of the phase that the waypoint opens, for people and labels."""


class Waypoints(Clause):
    """Hubs to pass in this order; one hub may serve several that follow each other."""

    kind: ClassVar[str] = "waypoints"
    stops: tuple[Waypoint, ...] = Field(min_length=1)

    def phases(self) -> tuple[str, ...]:
        return ("PRE", *(stop.then for stop in self.stops))

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        due = [stop for stop in self.stops[state:] if stop.before == "border"]
        if due and _leaves_home(element, trip):
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


def _exposure(element: Element) -> Iterator[tuple[str, str]]:
    """Jurisdictions that an element touches of itself, and how."""
    if isinstance(element, Hub):
        yield element.located_in, "is in"
    else:
        for code in element.crosses:
            yield code, "crosses"


def _is_source(element: Element, trip: Trip) -> bool:
    return isinstance(element, Hub) and element.id == trip.src.id


def _leaves_home(element: Element, trip: Trip) -> bool:
    """Whether an element is, or may be, outside the jurisdiction of the first hub."""
    if _is_source(element, trip):
        return False
    home = frozenset([trip.src.located_in])
    return any(inside(code, home) is not True for code, _ in _exposure(element))


def _unless_sure(answer: Answer, names: tuple[str, ...]) -> str:
    return "" if answer else f", so it may be {' or '.join(names)}"


ConfineText = Annotated[
    Confine,
    BeforeValidator(
        lambda value: {"within": value} if isinstance(value, str | list) else value,
        json_schema_input_type=str | list[str] | Confine,
    ),
]
"""``confine: [CN]`` is ``confine: {within: [CN]}``."""


def is_domestic(clause: Clause, trip: Trip) -> bool:
    """Whether a clause keeps the trip inside the jurisdiction it starts in."""
    if not isinstance(clause, Confine):
        return False
    return trip.groups.codes(clause.within) <= {trip.src.located_in}
