"""A controller that lies to its neighbours, for experiments with what that costs. Pure.

The other controllers follow the protocol and accept what they receive. Packets take the fibres that
the liar really uses, so the result is judged by the whole path (``ApplicablePolicies.verdict``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from corridor.controller.domains.controller_view import (
    ControllerView,
    Entry,
    Exit,
    Inside,
    InsidePaths,
)
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.product import Place, Product
from corridor.topologies.model.topology import Topology

type LieKind = Literal["delay", "reach", "state", "plausible-state"]
"""``delay``: its part of every path takes no time. ``reach``: every destination is at each of its
border places. In both it tells its own customers the truth. ``state``: packets that it hands over
are in any policy state that packets of the demand can be in at that border. ``plausible-state``:
only in states to which some path inside its own domain leads; a neighbour that knows the hubs and
gateways of the liar accepts no others."""


@dataclass(frozen=True)
class Lie:
    """A domain, and what its controller is untruthful about."""

    domain: str
    kind: LieKind


class LyingPaths(InsidePaths):
    """What a controller claims of the paths within its domain."""

    def __init__(
        self,
        view: ControllerView,
        automaton: Automaton,
        dead: Collection[str],
        kind: LieKind,
        whole: Topology,
    ) -> None:
        super().__init__(view, automaton, dead)
        self._kind = kind
        self._whole = whole
        self._anywhere: frozenset[Place] | None = None

    def inside(self, place: Place) -> Inside:
        true = super().inside(place)
        if self._kind in ("delay", "reach") and place == self.first():
            return true  # of its own customers' demands
        if self._kind == "delay":
            exits = tuple(one._replace(delay_ns=0) for one in true.exits)
            return Inside(exits, true.end and true.end._replace(delay_ns=0))
        if self._kind == "reach":
            return Inside(true.exits, self._end(place))
        places = self._places() if self._kind == "state" else _reached(self.product, place)
        return Inside(tuple(_claimed(true, places)), true.end)

    def _end(self, place: Place) -> Exit:
        return Exit(Entry(self.view.name, place), 0, (place.hub,), (), is_false=True)

    def _places(self) -> frozenset[Place]:
        """Places of packets of the demand on the whole map."""
        if self._anywhere is None:
            product = Product(self.product.automaton, self._whole)
            first = product.first()
            self._anywhere = _reached(product, first) if first else frozenset()
        return self._anywhere


def _claimed(true: Inside, places: Collection[Place]) -> list[Exit]:
    """Each exit with each state that is claimed for it."""
    shortest: dict[Entry, Exit] = {}
    for one in true.exits:
        states = {one.to.place, *(place for place in places if place.hub == one.to.place.hub)}
        for place in states:
            to = Entry(one.to.domain, place)
            if to not in shortest or shortest[to].delay_ns > one.delay_ns:
                shortest[to] = one._replace(to=to)
    return [*shortest.values()]


def _reached(product: Product, start: Place) -> frozenset[Place]:
    """All places that packets can come to from one."""
    waiting = [product.number(start)]
    met = set(waiting)
    while waiting:
        following = {edge.far for edge in product.edges(waiting.pop())} - met
        met |= following
        waiting += following
    return frozenset(map(product.place, met))
