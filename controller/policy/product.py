"""The product of a topology's graph and a demand's automaton, expanded where it is searched.

Dijkstra's algorithm with a floor under what is left (A*, Hart, Nilsson and Raphael 1968): costs
are pure one-way delay, so that a hard budget is never judged on a cost that contains penalties.
Ties fall to the fewer hops, then to the fibre named first, as in ``topologies.routing``. A path
may pass a hub twice, in different states (to a gateway and back), never in the same state.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from controller.policy.automaton import Automaton, State, Violation
from controller.policy.failures import NO_FAILURES, Failures
from topologies.model import Fibre, Topology


class Place(NamedTuple):
    """Where a packet is in the product: past ``hub``, in ``state``."""

    hub: str
    state: State


class Hop(NamedTuple):
    """One fibre of a trail: taken from ``place``."""

    place: Place
    fibre: str


@dataclass(frozen=True)
class Trail:
    """A way through the product, from its first place to ``end``."""

    hops: tuple[Hop, ...]
    end: Place
    one_way_ns: int

    @property
    def places(self) -> tuple[Place, ...]:
        return (*(hop.place for hop in self.hops), self.end)

    @property
    def fibres(self) -> tuple[str, ...]:
        return tuple(hop.fibre for hop in self.hops)


class _Edge(NamedTuple):
    delay_ns: int
    number: int
    fibre: str
    far: Place


class Product:
    """Shortest ways that one automaton accepts. What was expanded once is kept."""

    def __init__(
        self,
        automaton: Automaton,
        topology: Topology,
        floor_ns: Mapping[str, int] | None = None,
        failures: Failures = NO_FAILURES,
    ) -> None:
        """``floor_ns``: hub to the least delay from it to the destination over any fibres."""
        trip = replace(automaton.trip, closed=automaton.trip.closed | failures.gateways)
        self.automaton = replace(automaton, trip=trip)
        self.topology = topology
        self._floor_ns = floor_ns
        self._failures = failures
        self._edges: dict[Place, tuple[_Edge, ...]] = {}
        self._closed: dict[frozenset[str], Product] = {frozenset(): self}
        self._ends: dict[Place, bool] = {}

    def without_gateways(self, hubs: frozenset[str]) -> Product:
        """The product while the gateways of these hubs are down."""
        if hubs not in self._closed:
            trip = replace(self.automaton.trip, closed=self.automaton.trip.closed | hubs)
            closed = replace(self.automaton, trip=trip)
            narrowed = Product(closed, self.topology, self._floor_ns, self._failures)
            narrowed._by_hub = self._by_hub
            self._closed[hubs] = narrowed
        return self._closed[hubs]

    def first(self) -> Place | None:
        """The place past the source, or None when a clause dies there."""
        state = self.automaton.enter(self.automaton.start, self.automaton.trip.src)
        return None if isinstance(state, Violation) else Place(self.automaton.trip.src.id, state)

    def is_end(self, place: Place) -> bool:
        """Whether a packet may be delivered here."""
        if place not in self._ends:
            arrived = place.hub == self.automaton.trip.dst.id
            self._ends[place] = arrived and self.automaton.finish(place.state) is None
        return self._ends[place]

    def shortest(
        self,
        start: Place,
        dead: Collection[str] = frozenset(),
        spent_ns: int = 0,
        shunned: Collection[Hop] = frozenset(),
    ) -> Trail | None:
        """The shortest way from ``start`` to delivery that uses none of the ``dead`` fibres, and
        takes none of the ``shunned`` hops."""
        floor_ns = self._floor_ns or {}
        settled: set[Place] = set()
        # Order of fibres breaks ties; it tells any two trails from one start apart.
        queue: list[tuple[int, int, tuple[int, ...], int, Place, tuple[Hop, ...]]]
        queue = [(floor_ns.get(start.hub, 0), 0, (), 0, start, ())]
        while queue:
            _, count, order, delay_ns, place, hops = heapq.heappop(queue)
            if place in settled:
                continue
            settled.add(place)
            if self.is_end(place):
                over = self.automaton.exceeds(spent_ns + delay_ns)
                return None if over else Trail(hops, place, delay_ns)
            for edge in self._edges.get(place) or self._expand(place):
                if edge.fibre in dead or edge.far in settled:
                    continue
                total_ns = delay_ns + edge.delay_ns
                least_ns = total_ns + floor_ns.get(edge.far.hub, 0)
                hop = Hop(place, edge.fibre)
                if shunned and hop in shunned:
                    continue
                heapq.heappush(
                    queue,
                    (least_ns, count + 1, (*order, edge.number), total_ns, edge.far, (*hops, hop)),
                )
        return None

    def crossings(self) -> frozenset[tuple[str, str]]:
        """Every fibre, with the hub it is entered from, that lies on some accepted way.

        Whatever has failed; a delay budget is not asked.
        """
        first = self.first()
        ahead: dict[Place, tuple[_Edge, ...]] = {}
        waiting = [first] if first else []
        while waiting:
            place = waiting.pop()
            if place not in ahead:
                ahead[place] = self._edges.get(place) or self._expand(place)
                waiting += [edge.far for edge in ahead[place]]
        behind: dict[Place, list[Place]] = {}
        for place, edges in ahead.items():
            for edge in edges:
                behind.setdefault(edge.far, []).append(place)
        useful: set[Place] = set()
        waiting = [place for place in ahead if self.is_end(place)]
        while waiting:
            place = waiting.pop()
            if place not in useful:
                useful.add(place)
                waiting += behind.get(place, ())
        return frozenset(
            (edge.fibre, place.hub)
            for place in useful
            for edge in ahead[place]
            if edge.far in useful
        )

    def _expand(self, place: Place) -> tuple[_Edge, ...]:
        found = []
        for number, fibre in self._by_hub[place.hub]:
            far = self._take(place, fibre)
            if far is not None:
                delay_ns = self.topology.one_way_delay_ns(fibre)
                found.append(_Edge(delay_ns, number, fibre.id, far))
        self._edges[place] = tuple(found)
        return self._edges[place]

    def _take(self, place: Place, fibre: Fibre) -> Place | None:
        """Where a fibre leads, or None when a clause dies on it or behind it."""
        on_fibre = self.automaton.enter(place.state, fibre)
        if isinstance(on_fibre, Violation):
            return None
        far = self.topology.hub(fibre.other_end(place.hub))
        past = self.automaton.enter(on_fibre, far)
        return None if isinstance(past, Violation) else Place(far.id, past)

    @cached_property
    def _by_hub(self) -> dict[str, list[tuple[int, Fibre]]]:
        """Working fibres of each hub, with their number in the topology."""
        found: dict[str, list[tuple[int, Fibre]]] = {hub.id: [] for hub in self.topology.hubs}
        for number, fibre in enumerate(self.topology.fibres):
            for end in fibre.ends if self._failures.spare(fibre) else ():
                found[end].append((number, fibre))
        return found
