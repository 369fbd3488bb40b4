"""Forwarding graphs: what each hub does with a demand's packets, and what it does if that is dead.

A forwarding graph is a decision graph over places of the product of topology and automaton. Every
node states one action: cross this fibre, pass this gateway, deliver; and ``otherwise`` the action
at the same hub if that is found dead. All alternatives start from where the packet is under every
permit (see ``standings``). So every path through the graph is one that the policies allow, whatever
is dead, if not always by the permit that it began under. ``None`` means that no compliant
alternative exists, and the packet is dropped.

What a hub knows is which of its own fibres, or its gateway, is dead, and, by the label, which were
found dead before. A node is protected as long as up to ``k`` failures explain all that was
found. A detour first avoids all that may have failed with what was found (its shared-risk groups,
the hub behind it), and falls back to avoiding no more than what was found: so a packet is dropped
only where no allowed path is left from where it is (the prover's claim C9, exactly).

The primary path is the shortest of those that avoid what they have to avoid, or one that is picked
for the intent. Detours may be picked, too, where they are lawful. Where a permit limits the one-way
delay, the rest of that limit may be spent on a longer path that is protected at every hop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Literal, NamedTuple

from corridor.controller.forwarding.decisions import (
    NOTHING_PICKED,
    Decisions,
    PermitPath,
    Picked,
    shortest_of,
)
from corridor.controller.forwarding.disjoint import NOTHING, Avoided
from corridor.controller.forwarding.failure_hypotheses import Risks
from corridor.controller.forwarding.nodes import (
    Assess,
    Cross,
    Deliver,
    Node,
    Used,
    met_along,
    reached,
    unprotected,
)
from corridor.controller.forwarding.permit_states import Permitted, ProductPaths
from corridor.controller.intent.intent import UNPROTECTED, Intent, PreferredPath, Protection
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.model import Policy
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
    route_of,
)
from corridor.controller.policy.product import Ground, Product, ProductPath
from corridor.controller.policy.semantics import NO_FAILURES, Failures, ranked, unevaluable
from corridor.topologies.model.routing import shortest_tree
from corridor.topologies.model.topology import Topology

__all__ = [
    "Assess",
    "Cross",
    "Deliver",
    "ForwardingGraph",
    "GraphBuilder",
    "Node",
    "ServiceStatus",
    "unprotected",
]

ServiceStatus = Literal["UP", "ALT", "BLOCKED", "DOWN"]
"""``UP``: by a permit of first choice. ``ALT``: by another. ``BLOCKED``: fibres lead there, and
policies do not let it pass. ``DOWN``: no fibres lead there."""


@dataclass(frozen=True)
class ForwardingGraph:
    """How one intent is served: its route while all is well and its decisions; or why not."""

    intent: Intent
    route: PermittedPath | NoPermittedPath
    first: Node | None = None
    automaton: Automaton | None = None
    """Of the permit in use."""
    protection: Protection = field(default_factory=Protection)
    """In effect: what was asked for and what the permit asks for."""
    spent_ns: int = 0
    """What it takes longer than the shortest lawful path, so as to be protected all along."""
    apart_ns: int = 0
    """Added delay so that its path shares nothing with those of others."""
    room_ns: int = 0
    """Added delay so that its rate fits together with those of others."""

    @property
    def permit(self) -> Policy | None:
        return self.automaton.permit if self.automaton else None

    @property
    def status(self) -> ServiceStatus:
        if isinstance(self.route, NoPermittedPath):
            return self.route.status
        return "UP" if self.route.permit in self.first_choice else "ALT"

    @property
    def first_choice(self) -> tuple[str, ...]:
        """The permits tried first: one, or equal ones."""
        automata = self.intent.applicable_policies.automata
        ranks = ranked(automata)
        return tuple(automata[one].permit.id for one in ranks[0]) if ranks else ()

    @property
    def within_ns(self) -> int | None:
        """The maximum delay of a path that is picked for it, if there is a bound."""
        if self.automaton is None or isinstance(self.route, NoPermittedPath):
            return None
        return _within_ns(self.automaton, self.route.one_way_ns - self.room_ns)

    @property
    def is_plain(self) -> bool:
        """Whether nothing shapes it but its permits, its protection and the failures.

        Where a longer path may be taken for protection, further failures may change which one is
        found: that search leaves paths out (see ``_protected_course``).
        """
        intent = self.intent
        is_longer = any((self.spent_ns, self.apart_ns, self.room_ns)) or any(
            one.permit.soft.one_way is not None for one in intent.applicable_policies.automata
        )
        return self.first is not None and not (intent.picks or intent.disjoint or is_longer)

    def spares(self, fibres: Set[str]) -> bool:
        """Whether no packet takes one of these fibres, whatever is found dead."""
        return not any(
            isinstance(node, Cross) and node.fibre in fibres for node in reached(self.first)
        )

    def serves_alike(self, intent: Intent) -> bool:
        """Whether an intent asks for the same as its own, by the same automata."""
        mine, other = self.intent, intent
        automata = mine.applicable_policies.automata, other.applicable_policies.automata
        return (
            (mine.protection, mine.given_up, mine.picks, mine.disjoint)
            == (other.protection, other.given_up, other.picks, other.disjoint)
            and len(automata[0]) == len(automata[1])
            and all(map(is_, *automata))
        )

    @property
    def followed(self) -> tuple[Automaton, ...]:
        """Of every permit that packets may go by, whatever is found dead."""
        found = {id(node.automaton): node.automaton for node in reached(self.first)}
        return tuple(found.values())


class Earlier(NamedTuple):
    """Paths as they were planned in another state of the network."""

    failures: Failures
    graphs: Sequence[ForwardingGraph]
    """In the order of the intents."""

    def still_first(self, topology: Topology, failures: Failures) -> dict[str, ForwardingGraph]:
        """By intent, the paths that would be planned again where more fibres have failed.

        They use nothing that has failed. What was the first choice stays it when others are gone.
        This does not hold for what else shapes a path: gateways that have failed, picks, paths that
        must share nothing, and a longer path for protection.
        """
        same = (failures.hubs, failures.gateways) == (self.failures.hubs, self.failures.gateways)
        if not (same and self.failures.links <= failures.links):
            return {}
        if not self.failures.srlgs <= failures.srlgs:
            return {}
        dead = {fibre.id for fibre in topology.fibres if not failures.spare(fibre)}
        return {
            graph.intent.id: graph for graph in self.graphs if graph.is_plain and graph.spares(dead)
        }


class GraphBuilder:
    """Forwarding graphs over one topology without what is known to have failed.

    Delays to each destination are searched once, and so is what demands to it have in common.
    """

    def __init__(self, topology: Topology, failures: Failures = NO_FAILURES) -> None:
        self._topology = topology
        self._failures = failures
        self._ground = Ground(topology, failures)
        self._floors: dict[str, dict[str, int]] = {}
        self._risks = Risks(topology)
        self._courses: dict[object, ProductPaths] = {}
        self._alike: dict[object, tuple[tuple[Automaton, ...], ForwardingGraph]] = {}
        """Graphs by what was asked for; the automata are kept since their identity is in the
        key."""

    def graph(self, intent: Intent, avoided: Avoided = NOTHING) -> ForwardingGraph:
        """By the first permit with a path. Never raises: what cannot be evaluated is blocked.

        Without failures its path avoids what is ``avoided``, if such a path exists.
        """
        try:
            served = self._served_alike(intent, avoided)
        except Exception as problem:  # noqa: BLE001 - an evaluation error means deny
            applicable_policies = intent.applicable_policies
            because = applicable_policies.refusals or (
                unevaluable(applicable_policies.demand, problem),
            )
            return ForwardingGraph(intent, NoPermittedPath("BLOCKED", because))
        return served or ForwardingGraph(
            intent, best_permitted_path(intent.applicable_policies, self._failures)
        )

    def first_path(self, intent: Intent, avoided: Avoided = NOTHING) -> Used | None:
        """What the path of ``graph`` traverses while nothing is found dead, without planning its
        detours; None where there is no path. Never raises."""
        try:
            found = self.used(intent, avoided)
            return found or (None if avoided == NOTHING else self.used(intent, NOTHING))
        except Exception:  # noqa: BLE001 - an evaluation error means deny
            return None

    @property
    def risks(self) -> Risks:
        """What may fail, by number."""
        return self._risks

    def courses(self, automaton: Automaton) -> ProductPaths:
        """The paths that an automaton accepts, without its budgets."""
        return self._of(automaton)

    def decisions(self, graph: ForwardingGraph) -> Decisions:
        """The decisions along paths of a demand that is served so, without picked paths."""
        permits = tuple(
            Permitted(one, self._of(one)) for one in graph.intent.applicable_policies.automata
        )
        return Decisions(permits, graph.protection, self._risks)

    def course(self, graph: ForwardingGraph) -> ProductPath:
        """The path of a forwarding graph without failures."""
        automaton = graph.automaton
        assert automaton is not None
        fibres, gateways = met_along(graph.first)
        product = self._of(automaton).product
        if graph.intent.disjoint:  # its path may use a hub and avoid its gateway
            product = product.without_gateways(frozenset(self._risks.hubs) - {*gateways})
        start = product.entered(automaton.trip.src)
        numbers = tuple(self._risks.fibres[fibre] for fibre in fibres)
        path = None if start is None else product.along(start, numbers)
        assert path is not None
        return path

    def used(self, intent: Intent, avoided: Avoided) -> Used | None:
        """What the path would traverse without failures; None where there is no path."""
        chosen = self._chosen(intent, avoided)
        if chosen is None:
            return None
        first = Decisions(chosen.permits, UNPROTECTED, self._risks).first(chosen.course)
        return Used(chosen.rank, chosen.course.path.one_way_ns, *met_along(first))

    def _served_alike(self, intent: Intent, avoided: Avoided) -> ForwardingGraph | None:
        """Demands that were ruled on together, and ask for the same, are served alike."""
        automata = intent.applicable_policies.automata
        asked = (id(automata), intent.protection, intent.given_up, avoided, intent.picks)
        if asked in self._alike:
            return replace(self._alike[asked][1], intent=intent)
        served = self._served(intent, avoided)
        if served is not None:
            self._alike[asked] = (automata, served)
        return served

    def _served(self, intent: Intent, avoided: Avoided) -> ForwardingGraph | None:
        chosen = self._chosen(intent, avoided)
        if chosen is None:
            return None if avoided == NOTHING else self._served(intent, NOTHING)
        automaton, courses = chosen.permits[chosen.course.permit]
        return ForwardingGraph(
            intent,
            route_of(automaton, courses.product.trail(chosen.course.path)),
            chosen.decisions.first(chosen.course),
            automaton,
            chosen.protection,
            chosen.alone.path.one_way_ns - chosen.shortest.path.one_way_ns,
            _longer_ns(chosen) if avoided != NOTHING else 0,
            chosen.course.path.one_way_ns - chosen.alone.path.one_way_ns,
        )

    def _chosen(self, intent: Intent, avoided: Avoided) -> _Chosen | None:
        """Of equal permits by the one with the shortest path."""
        automata = intent.applicable_policies.automata
        permits = tuple(Permitted(one, self._of(one)) for one in automata)
        for number, rank in enumerate(ranked(automata)):
            each = (_whole(permits, one, avoided) for one in rank)
            found = [course for course in each if course is not None]
            if found:
                chosen = self._by(permits, number, shortest_of(found), intent, avoided)
                return self._as_picked(chosen, intent, rank, avoided)
        return None

    def _as_picked(
        self, chosen: _Chosen, intent: Intent, rank: Sequence[int], avoided: Avoided
    ) -> _Chosen:
        """By the path that is picked for it, if it is allowed under equally good permits."""
        order = self._order(one.fibres for one in intent.picks if not one.dead)
        if order is None:
            return chosen
        for permit in sorted(rank, key=lambda one: one != chosen.course.permit):
            course = _whole_by(chosen.permits, permit, order, avoided)
            if course is not None and _promises_alike(chosen, course, intent):
                return chosen._replace(course=course)
        return chosen

    def _picked(self, intent: Intent) -> Picked:
        """Detours that are picked."""
        if not intent.picks:
            return NOTHING_PICKED
        picked = {}
        for one in intent.picks:
            order = self._order([one.fibres])
            found = self._found(one) if one.dead else None
            if order and found is not None:
                picked[found, one.at] = order
        return picked

    def _found(self, pick: PreferredPath) -> int | None:
        """What is found dead where it begins, as bits; None where it does not exist."""
        found = 0
        for at, dead in ((pick.at, pick.dead), *((one.at, one.dead) for one in pick.after)):
            thing = self._risks.thing(dead, at)
            if thing is None:
                return None
            found |= 1 << thing
        return found

    def _order(self, picked: Iterable[Sequence[str]]) -> tuple[int, ...] | None:
        """The first of these, by numbers of fibres; None where there is none, or one is unknown."""
        numbers = self._risks.fibres
        names = next(iter(picked), ())
        return (
            tuple(numbers[one] for one in names) if names and numbers.keys() >= {*names} else None
        )

    def _by(
        self,
        permits: tuple[Permitted, ...],
        rank: int,
        shortest: PermitPath,
        intent: Intent,
        avoided: Avoided,
    ) -> _Chosen:
        """The path of an intent by a permit, given the shortest course under it."""
        permit = permits[shortest.permit].automaton.permit
        protection = intent.protected(permit)
        decisions = Decisions(permits, protection, self._risks, self._picked(intent))
        chosen: PermitPath | None = None
        if permit.soft.one_way is not None and protection.k:
            most_ns = _most_ns(permit)
            chosen = _protected_course(permits, shortest, decisions, most_ns, avoided)
        alone = chosen or shortest
        return _Chosen(permits, rank, shortest, alone, alone, protection, decisions)

    def _of(self, automaton: Automaton) -> ProductPaths:
        """Courses of a product that accepts the same paths, without budgets."""
        key = automaton.course_key
        if key not in self._courses:
            floor_ns = self._floor(automaton.trip.dst.id)
            topology, failures = self._topology, self._failures
            product = Product(automaton, topology, floor_ns, failures, self._ground)
            self._courses[key] = ProductPaths(product)
        return self._courses[key]

    def _floor(self, dst: str) -> Mapping[str, int]:
        if dst not in self._floors:
            floors = self._floors[dst] = {dst: 0}
            for hub, came_by in shortest_tree(self._topology, dst).items():  # the nearest first
                if came_by is not None:
                    floors[hub] = floors[came_by[0]] + came_by[1].one_way_delay_ns
        return self._floors[dst]


class _Chosen(NamedTuple):
    """The course of an intent, and what it was chosen from."""

    permits: tuple[Permitted, ...]
    rank: int
    """Which permits were tried before its own: how many that were not equal."""
    shortest: PermitPath
    alone: PermitPath
    """Which it would take whatever rates others are promised."""
    course: PermitPath
    protection: Protection
    decisions: Decisions


def _promises_alike(chosen: _Chosen, course: PermitPath, intent: Intent) -> bool:
    """Whether a demand has by another course all that it was promised by its own: its rates, its
    protection, and its delay where no ladder gives that up."""
    mine, other = (chosen.permits[one.permit].automaton for one in (chosen.course, course))
    if intent.guarantee(mine.permit) != intent.guarantee(other.permit):
        return False
    if intent.protected(other.permit) != chosen.protection:
        return False
    within_ns = _within_ns(other, chosen.course.path.one_way_ns)
    if within_ns is not None and course.path.one_way_ns > within_ns:
        return False
    if not chosen.protection.k:
        return True
    bare = chosen.decisions.exposed
    return len(bare(course)) <= len(bare(chosen.course))


def _within_ns(automaton: Automaton, alone_ns: int) -> int | None:
    """The maximum delay of a path that is picked instead of one with this delay, if bounded by a
    budget, or by ``one_way`` where no ladder gives that up."""
    permit = automaton.permit
    most_ns = [budget.one_way_ns for budget in automaton.budgets]
    if permit.soft.one_way is not None and "exceed_latency" not in permit.on_soft_failure:
        most_ns.append(max(permit.soft.one_way, alone_ns))
    return min(most_ns, default=None)


def _longer_ns(chosen: _Chosen) -> int:
    """What the shortest takes longer than it would without what is avoided, by its permit."""
    free = _whole(chosen.permits, chosen.shortest.permit, NOTHING)
    assert free is not None, "avoiding things only removes paths"
    return chosen.shortest.path.one_way_ns - free.path.one_way_ns


def _most_ns(permit: Policy) -> int | None:
    """The maximum one-way delay for protection; None where the ladder prefers to exceed it."""
    ladder = permit.on_soft_failure
    rather_longer = "exceed_latency" in ladder and (
        "drop_protect" not in ladder
        or ladder.index("exceed_latency") < ladder.index("drop_protect")
    )
    return None if rather_longer else permit.soft.one_way


def _whole(permits: Sequence[Permitted], permit: int, avoided: Avoided) -> PermitPath | None:
    """The shortest path from the source under one permit."""
    automaton, courses = permits[permit]
    fibres, gateways = avoided
    start = courses.product.without_gateways(gateways).entered(automaton.trip.src)
    path = None if start is None else courses.shortest(start, fibres, gateways)
    if path is None or automaton.exceeds(path.one_way_ns):
        return None
    return PermitPath(permit, path)


def _whole_by(
    permits: Sequence[Permitted], permit: int, order: tuple[int, ...], avoided: Avoided
) -> PermitPath | None:
    """The path from the source over these fibres, if a permit allows it."""
    automaton, courses = permits[permit]
    fibres, gateways = avoided
    product = courses.product.without_gateways(gateways)
    start = product.entered(automaton.trip.src)
    path = None if start is None else product.along(start, order)
    if path is None or path.fibres & fibres or automaton.exceeds(path.one_way_ns):
        return None
    return PermitPath(permit, path)


def _protected_course(
    permits: Sequence[Permitted],
    shortest: PermitPath,
    decisions: Decisions,
    most_ns: int | None,
    avoided: Avoided,
) -> PermitPath | None:
    """The shortest that is protected all along, if it takes no longer than ``most_ns``.

    A hop without a detour has none however a packet reached it, since the fibre that it came by has
    not failed, and later courses spend no less of a budget before it. So none that is shunned is on
    any protected course. (A detour by another permit depends on the packet's path so far. Then a
    longer course may be protected though one of its hops was shunned, and is not found.)
    """
    automaton, courses = permits[shortest.permit]
    product = courses.product.without_gateways(avoided.gateways)
    shunned: set[tuple[int, int]] = set()
    while True:
        path = product.course(shortest.path.start, avoided.fibres, shunned)
        if path is None or automaton.exceeds(path.one_way_ns):
            return None
        if most_ns is not None and path.one_way_ns > most_ns:
            return None
        course = PermitPath(shortest.permit, path)
        exposed = decisions.exposed(course)
        if not exposed:
            return course
        if None in exposed:
            return None
        shunned |= {hop for hop in exposed if hop is not None}
