"""Ways: what each hub does with a demand's packets, and what it does when that is dead.

A way is a decision graph over places of the product of topology and automaton. Every node says
one thing: cross this fibre, pass this gateway, deliver; and ``otherwise`` what to do at the same
hub if that is found dead. All alternatives start from the state the packet is in, so whatever
is dead, every path through the graph is one that the policies allow; no compliant alternative is
``None``, and the packet is dropped.

What a hub knows is which of its own fibres, or its gateway, is dead, and, by the label, which were
found dead on the way. A node is protected as long as up to ``k`` failures explain all that was
found. A detour first avoids all that may have failed with what was found (its shared-risk groups,
the hub behind it), and falls back to avoiding no more than what was found: so a packet is dropped
only where no allowed path is left from where it is (the prover's claim C9, exactly).

The way while all is well is the shortest. Where a permit says how long one way may take, what is
left of that may be spent on a longer one that is protected all along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from controller.intent import Intent, Protection
from controller.policy.automaton import Automaton, State, Violation
from controller.policy.failures import NO_FAILURES, Failures
from controller.policy.model import Policy
from controller.policy.product import Hop, Place, Product, Trail
from controller.policy.routes import NoRoute, Route, best_route, route_of
from controller.program import Phase
from topologies.model import Topology
from topologies.routing import shortest_tree, walk


@dataclass(frozen=True, eq=False)
class Node:
    """One decision, shared wherever the same is decided. ``state`` is the packet's at this hub."""

    hub: str
    state: State
    phase: Phase
    otherwise: Node | None
    """At the same hub, if this is found dead."""

    @property
    def alternatives(self) -> Iterator[Node]:
        """This, and what is done otherwise, in order."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.otherwise


@dataclass(frozen=True, eq=False)
class Deliver(Node):
    """To the hub's host."""


@dataclass(frozen=True, eq=False)
class Cross(Node):
    """Over a fibre; ``then`` at its far end."""

    fibre: str
    then: Node


@dataclass(frozen=True, eq=False)
class Assess(Node):
    """Through the hub's gateway; ``then`` at the same hub, in the state past it."""

    then: Node


WayStatus = Literal["UP", "ALT", "BLOCKED", "DOWN"]
"""``UP``: by the permit of first choice. ``ALT``: by another. ``BLOCKED``: fibres lead there, and
policies do not let it pass. ``DOWN``: no fibres lead there."""


@dataclass(frozen=True)
class Way:
    """How one intent is served: its route while all is well and its decisions; or why not."""

    intent: Intent
    route: Route | NoRoute
    first: Node | None = None
    automaton: Automaton | None = None
    """Of the permit in use."""
    protection: Protection = field(default_factory=Protection)
    """In effect: what was asked for and what the permit asks for."""
    spent_ns: int = 0
    """What it takes longer than the shortest lawful path, so as to be protected all along."""

    @property
    def permit(self) -> Policy | None:
        return self.automaton.permit if self.automaton else None

    @property
    def status(self) -> WayStatus:
        if isinstance(self.route, NoRoute):
            return self.route.status
        first_choice = self.intent.ruling.automata[0].permit.id
        return "UP" if self.route.permit == first_choice else "ALT"


class WayBuilder:
    """Ways over one topology without what is known to have failed.

    Delays to each destination are searched once.
    """

    def __init__(self, topology: Topology, failures: Failures = NO_FAILURES) -> None:
        self._topology = topology
        self._failures = failures
        self._floors: dict[str, dict[str, int]] = {}
        self._risks = Risks(topology)

    def way(self, intent: Intent) -> Way:
        """By the first permit with a path. Never raises: what cannot be evaluated is blocked."""
        try:
            served = self._served(intent)
        except Exception:  # noqa: BLE001 - an evaluation error means deny
            served = None
        return served or Way(intent, best_route(intent.ruling, self._failures))

    def _served(self, intent: Intent) -> Way | None:
        for automaton in intent.ruling.automata:
            floor_ns = self._floor(automaton.trip.dst.id)
            product = Product(automaton, self._topology, floor_ns, self._failures)
            start = product.first()
            trail = product.shortest(start) if start else None
            if trail is None:
                continue
            assert start is not None
            protection = intent.protected(automaton.permit)
            decisions = _Decisions(product, protection, self._risks)
            chosen = trail
            if automaton.permit.soft.one_way is not None and protection.k:
                most_ns = _most_ns(automaton.permit)
                chosen = _protected_trail(product, start, decisions, most_ns) or trail
            return Way(
                intent,
                route_of(automaton, chosen),
                decisions.first(chosen),
                automaton,
                protection,
                chosen.one_way_ns - trail.one_way_ns,
            )
        return None

    def _floor(self, dst: str) -> Mapping[str, int]:
        if dst not in self._floors:
            tree = shortest_tree(self._topology, dst)
            delay_ns = self._topology.one_way_delay_ns
            self._floors[dst] = {
                hub: sum(delay_ns(fibre) for fibre in walk(tree, hub)[1]) for hub in tree
            }
        return self._floors[dst]


def unprotected(first: Node | None, protection: Protection) -> Iterator[Cross | Assess]:
    """What is passed while all is well and has no way around it, of the kinds protected against."""
    node = first if protection.k else None
    while isinstance(node, Cross | Assess):
        kind = "link" if isinstance(node, Cross) else "gateway"
        if node.otherwise is None and kind in protection.over:
            yield node
        node = node.then


def _most_ns(permit: Policy) -> int | None:
    """How long one way may take to be protected; None where its ladder rather exceeds that."""
    ladder = permit.on_soft_failure
    rather_longer = "exceed_latency" in ladder and (
        "drop_protect" not in ladder
        or ladder.index("exceed_latency") < ladder.index("drop_protect")
    )
    return None if rather_longer else permit.soft.one_way


def _protected_trail(
    product: Product, start: Place, decisions: _Decisions, most_ns: int | None
) -> Trail | None:
    """The shortest that is protected all along, if it takes no longer than ``most_ns``.

    A hop without a way around it has none however a packet came to it, since what it came by has
    not failed, and later trails spend no less of a budget before it. So none that is shunned is on
    any protected trail.
    """
    shunned: set[Hop] = set()
    while True:
        trail = product.shortest(start, shunned=shunned)
        if trail is None or (most_ns is not None and trail.one_way_ns > most_ns):
            return None
        exposed = decisions.exposed(trail)
        if not exposed:
            return trail
        if None in exposed:
            return None
        shunned |= {hop for hop in exposed if hop is not None}


@dataclass(frozen=True)
class Found:
    """Something found dead on the way: a fibre, with the hub behind it, or a hub's gateway."""

    fibre: str
    """Empty for a gateway."""
    hub: str


type Cause = tuple[str, str]
"""A kind of failure, and what fails."""


class Risks:
    """What may fail together, and how few failures explain what was found."""

    def __init__(self, topology: Topology) -> None:
        self.srlgs = {fibre.id: frozenset(fibre.srlgs) for fibre in topology.fibres}
        self.of_srlg: dict[str, frozenset[str]] = {}
        self.of_hub: dict[str, frozenset[str]] = {hub.id: frozenset() for hub in topology.hubs}
        for fibre in topology.fibres:
            for srlg in fibre.srlgs:
                self.of_srlg[srlg] = self.of_srlg.get(srlg, frozenset()) | {fibre.id}
            for end in fibre.ends:
                self.of_hub[end] |= {fibre.id}

    def explain(self, found: frozenset[Found], protection: Protection, dst: str) -> bool:
        """Whether at most ``k`` failures of the protected kinds explain what was found."""
        causes = [self._causes(one, protection, dst) for one in found]
        return next(_covers(causes, protection.k), None) is not None

    def suspected(
        self, found: frozenset[Found], protection: Protection, dst: str, here: str
    ) -> Iterator[frozenset[str]]:
        """Fibres to avoid: first all that may have failed with those found, at last only those
        that are dead whichever failures explain them."""
        dead = frozenset(one.fibre for one in found if one.fibre)
        groups = {srlg for fibre in dead for srlg in self.srlgs[fibre]}
        hubs = {one.hub for one in found if one.fibre} - {dst, here}
        shared = dead.union(*(self.of_srlg[srlg] for srlg in groups))
        kinds = protection.over
        if "hub" in kinds:
            behind = frozenset[str]().union(*(self.of_hub[hub] for hub in hubs))
            yield behind | (shared if "srlg" in kinds else dead)
        surely = self._surely_dead(found, protection, dst)
        if "srlg" in kinds and not shared <= surely:
            yield shared | surely
        yield surely

    def _surely_dead(
        self, found: frozenset[Found], protection: Protection, dst: str
    ) -> frozenset[str]:
        causes = [self._causes(one, protection, dst) for one in found]
        taken_down = [
            frozenset[str]().union(*(self._takes_down(cause) for cause in cover))
            for cover in _covers(causes, protection.k)
        ]
        return frozenset.intersection(*taken_down) if taken_down else frozenset()

    def _causes(self, one: Found, protection: Protection, dst: str) -> set[Cause]:
        kinds = protection.over
        if not one.fibre:
            return {("gateway", one.hub)} if "gateway" in kinds else set()
        causes: set[Cause] = {("link", one.fibre)} if "link" in kinds else set()
        if "srlg" in kinds:
            causes |= {("srlg", srlg) for srlg in self.srlgs[one.fibre]}
        if "hub" in kinds and one.hub != dst:
            causes.add(("hub", one.hub))
        return causes

    def _takes_down(self, cause: Cause) -> frozenset[str]:
        kind, name = cause
        if kind == "link":
            return frozenset([name])
        return {"srlg": self.of_srlg, "hub": self.of_hub}.get(kind, {}).get(name, frozenset())


def _covers(causes: list[set[Cause]], k: int) -> Iterator[frozenset[Cause]]:
    """Sets of at most ``k`` suspects with one among each of ``causes``, each at least once."""
    if not causes:
        yield frozenset()
    elif k:
        for suspect in sorted(causes[0]):
            rest = [cause for cause in causes[1:] if suspect not in cause]
            for cover in _covers(rest, k - 1):
                yield cover | {suspect}


class _Decisions:
    """The decision graph of one demand."""

    def __init__(self, product: Product, protection: Protection, risks: Risks) -> None:
        self._product = product
        self._automaton = product.automaton
        self._dst = product.automaton.trip.dst.id
        self._protection = protection
        self._risks = risks
        self._has_budget = bool(product.automaton.budgets)
        self._nodes: dict[tuple[object, ...], Node] = {}
        self._ways: dict[tuple[Place, frozenset[Found], int], Node | None] = {}
        self._trails: dict[tuple[Place, frozenset[str]], list[tuple[frozenset[str], Trail]]] = {}

    def first(self, trail: Trail) -> Node:
        """The decision at the source, given the way while all is well."""
        node = self._along(trail, frozenset(), 0)
        return self._through_gateway(None, node, frozenset(), 0)

    def exposed(self, trail: Trail) -> set[Hop | None]:
        """Hops of a trail with no way around them or the gateway they lead to; None for the
        gateway of the source."""
        lacking = set(unprotected(self.first(trail), self._protection))
        hops: set[Hop | None] = set()
        came_by: Hop | None = None
        node: Node | None = self.first(trail)
        while isinstance(node, Cross | Assess):
            if isinstance(node, Cross):
                came_by = Hop(Place(node.hub, node.state), node.fibre)
            if node in lacking:
                hops.add(came_by)
            node = node.then
        return hops

    def _way(self, place: Place, found: frozenset[Found], spent_ns: int) -> Node | None:
        key = (place, found, spent_ns if self._has_budget else 0)
        if key not in self._ways:
            self._ways[key] = None
            if self._risks.explain(found, self._protection, self._dst):
                trail = self._trail(place, found, spent_ns)
                if trail is not None:
                    self._ways[key] = self._along(trail, found, spent_ns)
        return self._ways[key]

    def _trail(self, place: Place, found: frozenset[Found], spent_ns: int) -> Trail | None:
        closed = frozenset(one.hub for one in found if not one.fibre)
        suspected = self._risks.suspected(found, self._protection, self._dst, place.hub)
        trails = (self._shortest(place, dead, closed, spent_ns) for dead in suspected)
        return next((trail for trail in trails if trail is not None), None)

    def _shortest(
        self, place: Place, dead: frozenset[str], closed: frozenset[str], spent_ns: int
    ) -> Trail | None:
        """A way found while less was dead is still the shortest if it uses none of the rest."""
        known = self._trails.setdefault((place, closed), [])
        for less, trail in known:
            if less <= dead and dead.isdisjoint(trail.fibres):
                over = self._automaton.exceeds(spent_ns + trail.one_way_ns)
                return None if over else trail
        product = self._product.without_gateways(closed)
        searched = product.shortest(place, dead, spent_ns)
        if searched is not None:
            known.append((dead, searched))
        return searched

    def _along(self, trail: Trail, found: frozenset[Found], spent_ns: int) -> Node:
        """The decisions along a trail, each with its alternatives, built from its end."""
        topology, end = self._product.topology, trail.end
        after_ns = spent_ns + trail.one_way_ns
        node = self._node(Deliver, Place(end.hub, end.state), None)
        for hop in reversed(trail.hops):
            fibre = topology.fibre(hop.fibre)
            node = self._through_gateway((hop.place, hop.fibre), node, found, after_ns)
            after_ns -= topology.one_way_delay_ns(fibre)
            dead = Found(hop.fibre, fibre.other_end(hop.place.hub))
            otherwise = self._way(hop.place, found | {dead}, after_ns)
            node = self._node(Cross, hop.place, otherwise, hop.fibre, node)
        return node

    def _through_gateway(
        self,
        came_from: tuple[Place, str] | None,
        node: Node,
        found: frozenset[Found],
        spent_ns: int,
    ) -> Node:
        """The decision before ``node``: pass the gateway that brings a packet into its state."""
        hub = node.hub
        before = self._ungated(came_from, hub)
        if before is None or before == node.state:
            return node
        place = Place(hub, before)
        otherwise = self._way(place, found | {Found("", hub)}, spent_ns)
        return self._node(Assess, place, otherwise, node)

    def _ungated(self, came_from: tuple[Place, str] | None, hub: str) -> State | None:
        """The state of a packet that has come to a hub and not passed its gateway."""
        topology = self._product.topology
        automaton = self._product.without_gateways(frozenset([hub])).automaton
        state: State | Violation = automaton.start
        if came_from is not None:
            place, fibre = came_from
            state = automaton.enter(place.state, topology.fibre(fibre))
        if isinstance(state, Violation):
            return None
        state = automaton.enter(state, topology.hub(hub))
        return None if isinstance(state, Violation) else state

    def _node(self, kind: type[Node], place: Place, otherwise: Node | None, *more: object) -> Node:
        key = (
            kind,
            place,
            id(otherwise),
            *(id(one) if isinstance(one, Node) else one for one in more),
        )
        if key not in self._nodes:
            phase = self._automaton.phase(place.state)
            self._nodes[key] = kind(place.hub, place.state, phase, otherwise, *more)
        return self._nodes[key]
