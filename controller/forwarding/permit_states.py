"""Which permits of a demand a packet in flight still satisfies, and how far it is under each.

A detour may go on under another permit than the packet came by: all that it has passed must be
lawful under that one too. So decisions are made where a packet *stands*: at its place in the
product of every permit, None where a clause has died. Standings are numbered as they are met.
Shortest paths of a product are searched once for all demands and detours that need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.product import Edge, Place, Product, ProductPath
from corridor.topologies.model.topology import Hub


class ProductPaths:
    """Shortest paths of one product, for all demands that share the product.

    What was searched is kept: a path found while less was dead is still the shortest if it uses
    none of the rest, and where none was left, none is left while more is dead.
    """

    def __init__(self, product: Product) -> None:
        self.product = product
        self._found: dict[tuple[int, frozenset[str]], list[tuple[int, ProductPath]]] = {}
        self._none: dict[tuple[int, frozenset[str]], list[int]] = {}
        self._ungated: dict[tuple[int, int], int | None] = {}
        self._gated: dict[int, int | None] = {}
        self._shut: dict[str, Automaton] = {}

    def shortest(self, start: int, dead: int, closed: frozenset[str]) -> ProductPath | None:
        """From a place, while these fibres are dead and the gateways of these hubs are down."""
        key = (start, closed)
        known = self._found.setdefault(key, [])
        for less, course in known:
            if not (less & ~dead or dead & course.fibres):
                return course
        failed = self._none.setdefault(key, [])
        for less in failed:
            if not less & ~dead:
                return None
        searched = self.product.without_gateways(closed).course(start, dead)
        if searched is None:
            failed.append(dead)
        else:
            known.append((dead, searched))
        return searched

    def ungated(self, start: int, fibre: int, hub: str) -> int | None:
        """The place of a packet that has crossed a fibre, by its number, to a hub, and has not
        passed the gateway there; None where a clause dies."""
        key = (start, fibre)
        if key not in self._ungated:
            product = self.product
            crossed = product.topology.fibres[fibre]
            state = self._without_gateway(hub).enter(product.place(start).state, crossed)
            self._ungated[key] = self._behind(state, hub)
        return self._ungated[key]

    def gated(self, ungated: int) -> int | None:
        """The place of a packet that passes the gateway of the hub where it is."""
        if ungated not in self._gated:
            place = self.product.place(ungated)
            hub = self.product.topology.hub(place.hub)
            state = self.product.automaton.enter(place.state, hub)
            self._gated[ungated] = (
                None
                if isinstance(state, Violation)
                else self.product.number(Place(place.hub, state))
            )
        return self._gated[ungated]

    def ungated_source(self, src: Hub) -> int | None:
        """The place of a packet that was sent at a hub and has not passed its gateway."""
        return self._behind(self.product.automaton.start, src.id)

    def _behind(self, state: State | Violation, hub: str) -> int | None:
        if isinstance(state, Violation):
            return None
        state = self._without_gateway(hub).enter(state, self.product.topology.hub(hub))
        if isinstance(state, Violation):
            return None
        return self.product.number(Place(hub, state))

    def _without_gateway(self, hub: str) -> Automaton:
        if hub not in self._shut:
            automaton = self.product.automaton
            trip = replace(automaton.trip, closed=automaton.trip.closed | {hub})
            self._shut[hub] = replace(automaton, trip=trip)
        return self._shut[hub]


type Places = tuple[int | None, ...]
"""By permit, the number of the place in its product."""


class Permitted(NamedTuple):
    """A permit with its restricts, and the paths that they accept."""

    automaton: Automaton
    courses: ProductPaths
    """Of a product that accepts the automaton's paths, whatever they take."""


class Step(NamedTuple):
    """Where a packet comes to by one fibre."""

    before: int
    """Its standing at the far hub, with the gateway there not passed."""
    past: int
    """The same where the path passes no gateway there."""


class PermitStates:
    """All permits of a demand side by side, in the order in which they are tried."""

    def __init__(self, permits: Sequence[Permitted]) -> None:
        self.permits = tuple(permits)
        self._known: list[Places] = []
        self._numbers: dict[Places, int] = {}
        self._steps: dict[tuple[int, int, int, int], Step] = {}

    def places(self, permit_state: int) -> Places:
        return self._known[permit_state]

    def place(self, permit_state: int, permit: int) -> Place:
        """Where a packet is under a permit that it follows."""
        number = self._known[permit_state][permit]
        assert number is not None, "a packet follows a permit that it does not satisfy"
        return self.permits[permit].courses.product.place(number)

    def at_source(self, src: Hub, permit: int, start: int) -> Step:
        """Of a packet that is sent at a hub and then is at a place under the permit it follows."""
        ungated = [one.courses.ungated_source(src) for one in self.permits]
        if ungated[permit] is None:
            ungated[permit] = start
        return self._gated(ungated, permit, start)

    def through_gateway(self, permit_state: int, permit: int, past: int) -> Step:
        """Of a packet that passes the gateway of the hub where it is."""
        return self._gated(list(self._known[permit_state]), permit, past)

    def step(self, permit_state: int, permit: int, edge: Edge) -> Step:
        """By an edge of the product of the permit that a packet follows."""
        key = (permit_state, permit, edge.number, edge.far)
        known = self._steps.get(key)
        if known is None:
            known = self._steps[key] = self._stepped(permit_state, permit, edge)
        return known

    def _stepped(self, permit_state: int, permit: int, edge: Edge) -> Step:
        hub = self.permits[permit].courses.product.place(edge.far).hub
        ungated = [
            None if place is None else one.courses.ungated(place, edge.number, hub)
            for one, place in zip(self.permits, self._known[permit_state], strict=True)
        ]
        if ungated[permit] is None:
            ungated[permit] = edge.far
        return self._gated(ungated, permit, edge.far)

    def _gated(self, ungated: list[int | None], permit: int, past: int) -> Step:
        """The path passes a gateway where its permit is in another place behind it."""
        before = self._number(tuple(ungated))
        if ungated[permit] == past:
            return Step(before, before)
        gated = [
            None if place is None else one.courses.gated(place)
            for one, place in zip(self.permits, ungated, strict=True)
        ]
        gated[permit] = past
        return Step(before, self._number(tuple(gated)))

    def _number(self, places: Places) -> int:
        number = self._numbers.get(places)
        if number is None:
            number = self._numbers[places] = len(self._known)
            self._known.append(places)
        return number
