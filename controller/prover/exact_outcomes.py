"""Outcomes of packets, what distinguishes one from another, and what permits allow in them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from corridor.controller.forwarding.program import Flow
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.clauses import Element
from corridor.controller.policy.product import Ground, Place, Product, Trail
from corridor.controller.prover.exact_decisions import (
    GATEWAY,
    Causes,
    End,
    Family,
    Mask,
    Watch,
    bits,
)
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


class Found(Enum):
    """What a hub sees of a port, and does with it."""

    DEAD = "dead"
    ALIVE = "alive, and not used"
    CROSSED = "alive, and crossed"


class Seen(NamedTuple):
    """One thing seen by a packet, after all that was seen before it."""

    before: Seen | None
    watch: Watch
    found: Found


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of an intent's packets under all failures that cause the same sights."""

    intent: str
    end: End
    hub: str
    """Where it ends."""
    states: States
    """Of its permits, at the end."""
    one_way_ns: int
    """Pure delay of the fibres crossed."""
    entry: Flow | None
    """The last entry met."""
    seen: Seen | None
    family: Family
    """The minimal sets of failures that cause this."""
    spared: Mask
    """What cannot have failed. Just those sets of failures cause this that contain a set of
    ``family`` and nothing of these."""
    causes: Causes

    @property
    def delivered(self) -> bool:
        return self.end is End.DELIVERED

    @cached_property
    def sights(self) -> tuple[tuple[Watch, Found], ...]:
        """All that was seen, in order."""
        found = []
        seen = self.seen
        while seen is not None:
            found.append((seen.watch, seen.found))
            seen = seen.before
        return tuple(reversed(found))

    @property
    def crossed(self) -> tuple[Watch, ...]:
        """Fibres and gateways passed, in order, each as the hub before it sees it."""
        return self._of(Found.CROSSED)

    @property
    def dead(self) -> tuple[Watch, ...]:
        return self._of(Found.DEAD)

    @cached_property
    def down(self) -> Mask:
        """What was seen dead, as a set of things."""
        return self._things(Found.DEAD)

    @property
    def used(self) -> Mask:
        """What was crossed, as a set of things."""
        return self._things(Found.CROSSED)

    @property
    def alive(self) -> tuple[Watch, ...]:
        """What was seen alive, passed or not."""
        return tuple(watch for watch, found in self.sights if found is not Found.DEAD)

    @property
    def hubs(self) -> tuple[str, ...]:
        fibres = [watch for watch in self.crossed if not watch.is_gateway]
        source = self.sights[0][0].hub if self.sights else self.hub
        return (source, *(watch.far for watch in fibres))

    @property
    def fibres(self) -> tuple[str, ...]:
        return tuple(watch.thing for watch in self.crossed if not watch.is_gateway)

    @property
    def gateways(self) -> tuple[str, ...]:
        """Hubs whose gateway was passed, in order."""
        return tuple(watch.hub for watch in self.crossed if watch.is_gateway)

    @property
    def explained(self) -> tuple[frozenset[str], ...]:
        """The minimal sets of failures that cause this, by name, the smaller first."""
        sets = [self.causes.named(one) for one in self.family]
        return tuple(sorted(sets, key=lambda one: (len(one), sorted(one))))

    @cached_property
    def _needs(self) -> tuple[Mask, ...]:
        return tuple(watch.causes for watch in self.dead)

    def by(self, family: Family) -> Outcome:
        """The same sights, caused by other failures."""
        other = copy(self)
        vars(other)["family"] = family
        return other

    def agrees_with(self, failed: Mask) -> bool:
        """Whether this is the outcome of the packets when just these have failed."""
        return not failed & self.spared and all(failed & causes for causes in self._needs)

    def _things(self, wanted: Found) -> Mask:
        things, seen = 0, self.seen
        while seen is not None:
            seen, watch, found = seen
            if found is wanted:
                things |= watch.bit
        return things

    def _of(self, wanted: Found) -> tuple[Watch, ...]:
        return tuple(watch for watch, found in self.sights if found is wanted)

    def __str__(self) -> str:
        dead = ", ".join(f"{watch.thing} at {watch.hub}" for watch in self.dead)
        found = f"; found dead: {dead}" if dead else ""
        return f"{self.intent}: {' - '.join(self.hubs)}, {self.end}{found}"


@dataclass(frozen=True)
class Searched:
    """All that may become of one intent's packets."""

    intent: Intent
    permit: int | None
    """Number of the permit in use: the first that has a path while no more has failed, of equal
    ones that with the shortest."""
    promised: Protection
    """In effect: what is asked for and what the permit in use asks for."""
    within: Protection
    """The failures considered, in addition to those known."""
    outcomes: tuple[Outcome, ...]
    """The first is what happens while no more fails than is known."""
    known: Mask
    """What is known to have failed."""

    @property
    def automaton(self) -> Automaton | None:
        return (
            None if self.permit is None else self.intent.applicable_policies.automata[self.permit]
        )

    @cached_property
    def watched(self) -> Mask:
        """The failures that decide the outcome: all that make dead what some packet sees, and
        the failure of the source. No other failure would change what packets see."""
        first = self.outcomes[0]
        watched = first.causes.bits[f"hub:{self.intent.pair[0]}"]
        for outcome in self.outcomes:
            watched |= outcome.spared
            for watch in outcome.dead:
                watched |= watch.causes
        return watched

    def outcomes_under(self, known: Mask) -> tuple[Outcome, ...] | None:
        """The same outcomes while other things are known to have failed; None where a packet may
        see something that differs."""
        if known == self.known:
            return self.outcomes
        if (known ^ self.known) & self.watched:
            return None
        return tuple(
            one.by(tuple(failed & ~self.known | known for failed in one.family))
            for one in self.outcomes
        )
