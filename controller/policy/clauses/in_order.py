"""What ``waypoints`` and ``via`` have in common: stops that are gone through, the first first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from corridor.controller.policy.clauses.clause import Broken, Trip, exposure, leaves_home
from corridor.controller.policy.clauses.elements import Element, Selects
from corridor.controller.policy.clauses.places import inside

MOST_STOPS = 32
"""The limit up to which searches count the stops that a packet has passed."""


class Stop(Protocol):
    """A stop of either clause."""

    @property
    def any_of(self) -> Selects: ...

    @property
    def before(self) -> Literal["border", "end"]: ...


def in_words(stops: Iterable[Stop]) -> str:
    said = (f"{stop.any_of}{' before the border' * (stop.before == 'border')}" for stop in stops)
    return ", then ".join(said)


def past_the_border(
    stops: Sequence[Stop], state: int, element: Element, trip: Trip
) -> Broken | None:
    """Where an element is, or may be, abroad, and a stop is due that is to come before that."""
    due = [stop for stop in stops[state:] if stop.before == "border"]
    if due and leaves_home(element, trip):
        home = trip.src.located_in
        known = frozenset([home])
        abroad = (one.how for one in exposure(element) if inside(one.code, known) is False)
        verb = "may be" if all(how == "may cross" for how in abroad) else "is"
        return Broken(f"the path {verb} outside {home} at {element.id} before {due[0].any_of}")
    return None


def served(stops: Sequence[Stop], state: int, element: Element, trip: Trip) -> int:
    """How many stops are behind a packet past an element that may serve them."""
    while state < len(stops) and stops[state].any_of.selects(element, trip.groups) is True:
        state += 1
    return state


def missed(stops: Sequence[Stop], state: int, trip: Trip) -> Broken | None:
    """The stop that is still missing at the last hub."""
    if state < len(stops):
        return Broken(f"{trip.dst.id} is reached before {stops[state].any_of}")
    return None
