"""Shortest paths of one product, searched once for all demands and detours that need them."""

from __future__ import annotations

from dataclasses import replace

from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.product import Place, Product, ProductPath
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
