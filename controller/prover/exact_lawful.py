"""The verdict of an intent's permits on a packet in transit, and what they leave of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from corridor.controller.intent.intent import Intent
from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.clauses import Element
from corridor.controller.policy.product import Ground, Place, Product, Trail
from corridor.controller.prover.exact_causes import GATEWAY, Mask, Watch, bits
from corridor.topologies.model.topology import Topology

type States = tuple[State | None, ...]
"""How far a packet is under each permit of its intent; None once a clause has died."""


class Progress:
    """All permits of an intent, each followed as long as none of its clauses dies.

    A hub serves a waypoint where a packet passes its gateway, and only there.
    """

    def __init__(self, intent: Intent, topology: Topology) -> None:
        self._topology = topology
        self._open = intent.applicable_policies.automata
        every = frozenset(hub.id for hub in topology.hubs)
        self._closed = tuple(
            replace(one, trip=replace(one.trip, closed=every)) for one in self._open
        )
        source = topology.hub(intent.pair[0])
        self.first: States = tuple(past(one, one.start, source) for one in self._closed)
        self._known: dict[tuple[States, str, int], States] = {}

    def beyond(self, states: States, watch: Watch) -> States:
        """Past a gateway, or past a fibre and the hub at its far end."""
        key = (states, watch.hub, watch.port)
        known = self._known.get(key)
        if known is None:
            elements: list[Element] = [self._topology.hub(watch.far)]
            if not watch.is_gateway:
                elements.insert(0, self._topology.fibre(watch.thing))
            permits = self._open if watch.is_gateway else self._closed
            pairs = zip(permits, states, strict=True)
            known = tuple(past(one, state, *elements) for one, state in pairs)
            self._known[key] = known
        return known


def past(automaton: Automaton, state: State | None, *elements: Element) -> State | None:
    """The state past some elements; None where a clause dies."""
    for element in elements:
        if state is None:
            return None
        try:
            entered = automaton.enter(state, element)
        except Exception:  # noqa: BLE001 - an evaluation error means deny
            return None
        state = None if isinstance(entered, Violation) else entered
    return state


def accepts(automaton: Automaton, state: State | None, one_way_ns: int) -> bool:
    """Whether a packet that arrives in a state has used a path that a permit allows."""
    if state is None or automaton.finish(state) is not None:
        return False
    return automaton.exceeds(one_way_ns) is None


class Lawful:
    """Paths that one automaton accepts. What is down are sets of things, see ``Causes``."""

    def __init__(self, automaton: Automaton, ground: Ground, joined: Joined) -> None:
        self.automaton = automaton
        self._ground = ground
        self._joined = joined
        self._product = Product(automaton, ground.topology, ground=ground)
        self._left: dict[tuple[str, State, Mask, int], Trail | None] = {}
        self._open: dict[Mask, None] = {}
        """What paths from the source use."""
        self._shut: list[Mask] = []
        """What leaves no path from the source while it is down."""

    def left(self, hub: str, state: State, down: Mask, spent_ns: int) -> Trail | None:
        """The shortest path on from a hub, where a packet is in a state and has spent some delay.

        It may still pass the hub's own gateway.
        """
        key = (hub, state, down, spent_ns if self.automaton.budgets else 0)
        if key not in self._left:
            closed, dead = self._joined.parted(down)
            self._left[key] = None
            entered = self._ground.topology.hub(hub)
            after = state if hub in closed else past(self.automaton, state, entered)
            if after is not None:
                product = self._product.without_gateways(closed)
                self._left[key] = self._shortest(product, Place(hub, after), dead, spent_ns)
        return self._left[key]

    def know(self, used: Mask) -> None:
        """Make use of a path from the source that is known to be permitted."""
        self._open[used] = None

    def has_path(self, down: Mask) -> bool:
        """Whether there is a path from the source."""
        for used in self._open:
            if not used & down:
                return True
        if any(not shut & ~down for shut in self._shut):
            return False
        trail = self.from_source(down)
        if trail is None:
            self._shut.append(down)
            return False
        self.know(self._joined.used(trail))
        return True

    def from_source(self, down: Mask) -> Trail | None:
        """The shortest path from the source."""
        closed, dead = self._joined.parted(down)
        product = self._product.without_gateways(closed)
        state = past(product.automaton, product.automaton.start, product.automaton.trip.src)
        source = product.automaton.trip.src.id
        return None if state is None else self._shortest(product, Place(source, state), dead, 0)

    def _shortest(self, product: Product, start: Place, dead: Mask, spent_ns: int) -> Trail | None:
        if start.hub not in self._joined.to(self.automaton.trip.dst.id, dead):
            return None
        try:
            course = product.course(product.number(start), dead)
            if course is None or self.automaton.exceeds(spent_ns + course.one_way_ns):
                return None
            return product.trail(course)
        except Exception:  # noqa: BLE001 - an evaluation error means deny
            return None


class Joined:
    """Which hubs any fibres join, whatever is lawful: asked first, since most drops are cut off."""

    def __init__(self, topology: Topology, things: Mapping[str, Mask]) -> None:
        self._things = things
        self._hubs = [hub.id for hub in topology.hubs]
        self._count = len(topology.fibres)
        self._known: dict[tuple[str, Mask], frozenset[str]] = {}
        self._fibres: dict[str, list[tuple[Mask, str]]] = {hub: [] for hub in self._hubs}
        for fibre in topology.fibres:
            for end in fibre.ends:
                self._fibres[end].append((things[fibre.id], fibre.other_end(end)))

    def to(self, hub: str, dead: Mask) -> frozenset[str]:
        """The hubs joined to one, while these fibres are dead."""
        key = (hub, dead)
        if key not in self._known:
            joined, waiting = {hub}, [hub]
            while waiting:
                for fibre, far in self._fibres[waiting.pop()]:
                    if far not in joined and not fibre & dead:
                        joined.add(far)
                        waiting.append(far)
            self._known[key] = frozenset(joined)
        return self._known[key]

    def parted(self, down: Mask) -> tuple[frozenset[str], Mask]:
        """Hubs whose gateway is down, and fibres."""
        gateways = bits(down >> self._count)
        closed = frozenset(self._hubs[bit.bit_length() - 1] for bit in gateways)
        return closed, down & (1 << self._count) - 1

    def used(self, trail: Trail) -> Mask:
        """The things on a path, and every gateway that it may pass."""
        hubs = (place.hub for place in trail.places)
        names = {*trail.fibres, *(f"{GATEWAY}{hub}" for hub in hubs)}
        return sum(self._things[name] for name in names)
