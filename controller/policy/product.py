"""The product of a topology's graph and a demand's automaton, expanded where it is searched.

Dijkstra's algorithm with a floor under what is left (A*, Hart, Nilsson and Raphael 1968): costs
are pure one-way delay, so that a hard budget is never judged on a cost that contains penalties.
Ties fall to the fewer hops, then to the fibre named first, as in ``model/routing.py``. A path
may pass a hub twice, in different states (to a gateway and back), never in the same state.

Places are numbered as they are met, and sets of fibres are the bits of an int, one for each fibre
in the order of the topology: the search does little else than look them up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import NamedTuple

from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.memory import remembered
from corridor.topologies.base.words import few
from corridor.topologies.model.topology import Fibre, Hub, Topology

MOST_STATES_OF_A_HUB, MOST_PLACES_OF_FEW = 200, 5_000
"""Places may be this many for each hub on average, and this many in any case. Clauses that count or
remember multiply each other's states; the rules that ship take two places for each hub."""
MOST_HOPS_BITS = 20
"""Room for the hops of a trail next to its delay in one number."""
MOST_TOLD = 6
MOST_TOPOLOGIES, MOST_GROUNDS = 2, 4
"""That are kept."""


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
    """A path through the product, from its first place to ``end``."""

    hops: tuple[Hop, ...]
    end: Place
    one_way_ns: int

    @property
    def places(self) -> tuple[Place, ...]:
        return (*(hop.place for hop in self.hops), self.end)

    @property
    def fibres(self) -> tuple[str, ...]:
        return tuple(hop.fibre for hop in self.hops)


class Exit(NamedTuple):
    """A fibre as a hub sees it."""

    number: int
    """Of the fibre in the topology."""
    bit: int
    fibre: Fibre
    far: Hub
    delay_ns: int


class Ground:
    """The working fibres of a topology, numbered; all products over it may share one."""

    def __init__(self, topology: Topology, failures: Failures = NO_FAILURES) -> None:
        self.topology = topology
        self.failures = failures
        whole = _exits(topology)
        self.exits = whole if failures == NO_FAILURES else _left(topology, failures, whole)
        self._bits = {one.id: 1 << number for number, one in enumerate(topology.fibres)}

    def mask(self, fibres: Collection[str]) -> int:
        """A set of fibres as an int; names that are none of the topology's mean nothing."""
        mask = 0
        for fibre in fibres:
            mask |= self._bits.get(fibre, 0)
        return mask


type Exits = dict[str, list[Exit]]
"""By hub, in the order of the topology."""


@remembered(MOST_TOPOLOGIES)
def _exits(topology: Topology) -> Exits:
    exits: Exits = {hub.id: [] for hub in topology.hubs}
    for number, fibre in enumerate(topology.fibres):
        delay_ns = topology.one_way_delay_ns(fibre)
        for end in fibre.ends:
            far = topology.hub(fibre.other_end(end))
            exits[end].append(Exit(number, 1 << number, fibre, far, delay_ns))
    return exits


def lost(topology: Topology, failures: Failures) -> list[Fibre]:
    """The fibres that failures take down."""
    return [one for one in topology.fibres if not failures.spare(one)]


def _left(topology: Topology, failures: Failures, whole: Exits) -> Exits:
    """Lists of hubs that no failure touches are shared."""
    dead = lost(topology, failures)
    touched = {end for one in dead for end in one.ends}
    gone = {one.id for one in dead}
    left = {hub: [one for one in whole[hub] if one.fibre.id not in gone] for hub in touched}
    return {**whole, **left}


def ground_of(topology: Topology, failures: Failures) -> Ground:
    """One for all failures that take down the same fibres."""
    return _ground_of(topology, replace(failures, gateways=frozenset()))


_ground_of = remembered(MOST_GROUNDS)(Ground)


class Edge(NamedTuple):
    """One fibre from a place on."""

    delay_ns: int
    number: int
    bit: int
    far: int
    """The number of the place it leads to."""
    floor_ns: int
    """The minimum delay left from there."""
    sight: int
    """The fibre as the hub sees it: twice its number, and one more from its second end."""


class ProductPath(NamedTuple):
    """A trail by numbers."""

    start: int
    steps: tuple[tuple[int, Edge], ...]
    """Each edge with the number of the place it is taken from."""
    end: int
    one_way_ns: int
    fibres: int
    """As a mask."""


class _Places:
    """Places by number, in the order in which they are met."""

    def __init__(self, automaton: Automaton, hubs: int) -> None:
        self.known: list[Place] = []
        self._numbers: dict[Place, int] = {}
        self._automaton = automaton
        self._most = max(MOST_STATES_OF_A_HUB * hubs, MOST_PLACES_OF_FEW)

    def number(self, place: Place) -> int:
        number = self._numbers.get(place)
        if number is None:
            if len(self.known) == self._most:
                raise self._too_many()
            number = self._numbers[place] = len(self.known)
            self.known.append(place)
        return number

    def _too_many(self) -> InputError:
        named = [f"{policy} {clause}" for policy, clause in self._automaton.clause_names()]
        trip = self._automaton.trip
        return InputError(
            f"{trip.src.id} to {trip.dst.id}: {few(named, MOST_TOLD)} together tell more than "
            f"{self._most:,} places of packets apart",
            "have fewer of them count or remember (path, via, waypoints, hops)",
        )


class Product:
    """Shortest paths that one automaton accepts. What was expanded once is kept."""

    def __init__(
        self,
        automaton: Automaton,
        topology: Topology,
        floor_ns: Mapping[str, int] | None = None,
        failures: Failures = NO_FAILURES,
        ground: Ground | None = None,
    ) -> None:
        """``floor_ns``: hub to the minimum delay from it to the destination over any fibres.

        ``ground`` is that of this topology and these failures, where there is one already.
        """
        trip = replace(automaton.trip, closed=automaton.trip.closed | failures.gateways)
        self.automaton = replace(automaton, trip=trip)
        self.topology = topology
        self.ground = ground_of(topology, failures) if ground is None else ground
        self._floor_ns = floor_ns or {}
        self._places = _Places(automaton, len(topology.hubs))
        self._edges: dict[int, tuple[Edge, ...]] = {}
        self._ends: dict[int, bool] = {}
        self._steps: dict[tuple[State, int, bool], State | None] = {}
        """The state behind a fibre, by that before it and whether the hub's gateway there is down:
        whichever others are, a clause asks only for that of the hub that is entered."""
        self._closed: dict[frozenset[str], Product] = {}

    def without_gateways(self, hubs: frozenset[str]) -> Product:
        """The product while the gateways of these hubs are down; its places have equal numbers."""
        if not hubs:
            return self
        if hubs not in self._closed:
            trip = replace(self.automaton.trip, closed=self.automaton.trip.closed | hubs)
            closed = replace(self.automaton, trip=trip)
            ground = self.ground
            narrowed = Product(closed, self.topology, self._floor_ns, ground.failures, ground)
            narrowed._places, narrowed._steps = self._places, self._steps
            self._closed[hubs] = narrowed
        return self._closed[hubs]

    def first(self) -> Place | None:
        """The place past the source, or None when a clause dies there."""
        entered = self.entered(self.automaton.trip.src)
        return None if entered is None else self.place(entered)

    def entered(self, src: Hub) -> int | None:
        """The place past a hub where a packet is sent, or None when a clause dies there."""
        state = self.automaton.enter(self.automaton.start, src)
        return None if isinstance(state, Violation) else self.number(Place(src.id, state))

    def number(self, place: Place) -> int:
        return self._places.number(place)

    def place(self, number: int) -> Place:
        return self._places.known[number]

    def is_end(self, number: int) -> bool:
        """Whether a packet may be delivered at a place."""
        known = self._ends.get(number)
        if known is None:
            place = self.place(number)
            arrived = place.hub == self.automaton.trip.dst.id
            known = arrived and self.automaton.finish(place.state) is None
            self._ends[number] = known
        return known

    def edges(self, number: int) -> tuple[Edge, ...]:
        """The fibres that may be taken from a place, in the order of the topology."""
        known = self._edges.get(number)
        if known is None:
            known = self._edges[number] = tuple(self._expand(self.place(number)))
        return known

    def shortest(
        self,
        start: Place,
        dead: Collection[str] = frozenset(),
        spent_ns: int = 0,
    ) -> Trail | None:
        """The shortest path from ``start`` to delivery that uses none of the ``dead`` fibres."""
        course = self.course(self.number(start), self.ground.mask(dead))
        if course is None or self.automaton.exceeds(spent_ns + course.one_way_ns):
            return None
        return self.trail(course)

    def course(
        self, start: int, dead: int = 0, shunned: Collection[tuple[int, int]] = ()
    ) -> ProductPath | None:
        """The same by numbers and whatever it takes; ``shunned`` are places with fibres."""
        settled: set[int] = set()
        least: dict[int, int] = {}
        known_ends, known_edges = self._ends, self._edges
        # Order of fibres breaks ties; no two trails from one start have the same order.
        queue: list[tuple[int, int, tuple[int, ...], int, int]] = [(0, 0, (), 0, start)]
        while queue:
            _, count, order, delay_ns, at = heappop(queue)
            if at in settled:
                continue
            settled.add(at)
            if known_ends[at] if at in known_ends else self.is_end(at):
                return self._course(start, order, delay_ns)
            count += 1
            for edge_ns, number, bit, far, floor_ns, _ in known_edges.get(at) or self.edges(at):
                if bit & dead or far in settled or (shunned and (at, bit) in shunned):
                    continue
                total_ns = delay_ns + edge_ns
                cost = total_ns << MOST_HOPS_BITS | count
                if least.setdefault(far, cost) < cost:
                    continue
                least[far] = cost
                heappush(queue, (total_ns + floor_ns, count, (*order, number), total_ns, far))
        return None

    def along(self, start: int, order: tuple[int, ...]) -> ProductPath | None:
        """The course over these fibres, by their numbers; None where it is none: a clause dies on
        it, a place comes again, or it is delivered sooner or not at all."""
        at, delay_ns = start, 0
        passed = {start}
        for number in order:
            edge = next((one for one in self.edges(at) if one.number == number), None)
            if edge is None or self.is_end(at) or edge.far in passed:
                return None
            at, delay_ns = edge.far, delay_ns + edge.delay_ns
            passed.add(at)
        return self._course(start, order, delay_ns) if self.is_end(at) else None

    def trail(self, course: ProductPath) -> Trail:
        """A course as others see it."""
        names = self.topology.fibres
        hops = (Hop(self.place(at), names[edge.number].id) for at, edge in course.steps)
        return Trail(tuple(hops), self.place(course.end), course.one_way_ns)

    def crossings(self) -> frozenset[tuple[str, str]]:
        """Every fibre, with the hub it is entered from, that lies on some accepted path.

        Whatever has failed; a delay budget is not asked.
        """
        ahead = self._reachable()
        behind: dict[int, list[int]] = {}
        for number, edges in ahead.items():
            for edge in edges:
                behind.setdefault(edge.far, []).append(number)
        useful: set[int] = set()
        waiting = [number for number in ahead if self.is_end(number)]
        while waiting:
            number = waiting.pop()
            if number not in useful:
                useful.add(number)
                waiting += behind.get(number, ())
        return frozenset(
            (self.topology.fibres[edge.number].id, self.place(number).hub)
            for number in useful
            for edge in ahead[number]
            if edge.far in useful
        )

    def _reachable(self) -> dict[int, tuple[Edge, ...]]:
        """All places that the source leads to, with what may be taken from them."""
        first = self.first()
        ahead: dict[int, tuple[Edge, ...]] = {}
        waiting = [self.number(first)] if first else []
        while waiting:
            number = waiting.pop()
            if number not in ahead:
                ahead[number] = self.edges(number)
                waiting += [edge.far for edge in ahead[number]]
        return ahead

    def _course(self, start: int, order: tuple[int, ...], one_way_ns: int) -> ProductPath:
        """What a search found, from the numbers of the fibres it took."""
        at, fibres = start, 0
        steps = []
        for number in order:
            edge = next(edge for edge in self._edges[at] if edge.number == number)
            steps.append((at, edge))
            at, fibres = edge.far, fibres | edge.bit
        return ProductPath(start, tuple(steps), at, one_way_ns, fibres)

    def _expand(self, place: Place) -> list[Edge]:
        found = []
        closed, steps = self.automaton.trip.closed, self._steps
        for number, bit, fibre, hub, delay_ns in self.ground.exits[place.hub]:
            sight = 2 * number + (place.hub != fibre.a)
            step = (place.state, sight, hub.id in closed)
            if step not in steps:
                steps[step] = self._past(place.state, fibre, hub)
            state = steps[step]
            if state is not None:
                far, floor_ns = self.number(Place(hub.id, state)), self._floor_ns.get(hub.id, 0)
                found.append(Edge(delay_ns, number, bit, far, floor_ns, sight))
        return found

    def _past(self, state: State, fibre: Fibre, far: Hub) -> State | None:
        """The state behind a fibre, or None when a clause dies on it or at its end."""
        on_fibre = self.automaton.enter(state, fibre)
        if isinstance(on_fibre, Violation):
            return None
        past = self.automaton.enter(on_fibre, far)
        return None if isinstance(past, Violation) else past
