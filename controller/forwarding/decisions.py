"""The decision graph of one demand: what each hub does with its packets, whatever it finds dead."""

from __future__ import annotations

from corridor.controller.forwarding.nodes import Assess, Cross, Deliver, Node, unprotected
from corridor.controller.forwarding.product_paths import ProductPaths
from corridor.controller.forwarding.shared_risks import Risks, Suspicion
from corridor.controller.intent.intent import Protection
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.product import Place, ProductPath

DELIVER, ASSESS = -1, -2
"""Stand for the number of a fibre where a decision crosses none."""


class Decisions:
    """Decisions along ways, each made once; what is the same is one node."""

    def __init__(
        self, automaton: Automaton, courses: ProductPaths, protection: Protection, risks: Risks
    ) -> None:
        """``courses`` are of a product that accepts the automaton's ways, whatever they take."""
        self._automaton = automaton
        self._courses = courses
        self._product = courses.product
        self._protection = protection
        self._suspects = risks.facing(protection, automaton.trip.dst.id)
        self._has_budget = bool(automaton.budgets)
        self._nodes: dict[tuple[int, int, int, int], Node] = {}
        self._ways: dict[tuple[int, int, int], Node | None] = {}

    def first(self, course: ProductPath) -> Node:
        """The decision at the source, given the way while all is well."""
        nothing = self._suspects.nothing
        node = self._along(course, nothing, 0)
        before = self._courses.ungated_source(self._automaton.trip.src)
        start = course.steps[0][0] if course.steps else course.end
        return self._past_gateway(before, start, node, nothing, 0)

    def exposed(self, course: ProductPath) -> set[tuple[int, int] | None]:
        """Places with the fibres taken there, as masks, that have no way around the fibre or the
        gateway it leads to; None for the gateway of the source."""
        first = self.first(course)
        lacking = set(unprotected(first, self._protection))
        hops: set[tuple[int, int] | None] = set()
        came_by: tuple[int, int] | None = None
        node: Node | None = first
        while isinstance(node, Cross | Assess):
            if isinstance(node, Cross):
                place = self._product.number(Place(node.hub, node.state))
                came_by = (place, self._product.ground.mask([node.fibre]))
            if node in lacking:
                hops.add(came_by)
            node = node.then
        return hops

    def _way(self, start: int, before: Suspicion, thing: int, spent_ns: int) -> Node | None:
        """What is done where one more thing is found dead; None where nothing is left to do."""
        found = before.found | 1 << thing
        key = (start, found, spent_ns if self._has_budget else 0)
        if key not in self._ways:
            suspicion = self._suspects.grown(before, thing)
            course = self._shortest(start, suspicion, spent_ns)
            self._ways[key] = None if course is None else self._along(course, suspicion, spent_ns)
        return self._ways[key]

    def _shortest(self, start: int, suspicion: Suspicion, spent_ns: int) -> ProductPath | None:
        closed = self._suspects.closed(suspicion.found)
        for avoided in self._suspects.avoided(suspicion, self._product.place(start).hub):
            course = self._courses.shortest(start, avoided, closed)
            if course and not self._automaton.exceeds(spent_ns + course.one_way_ns):
                return course
        return None

    def _along(self, course: ProductPath, suspicion: Suspicion, spent_ns: int) -> Node:
        """The decisions along a course, each with its alternatives, built from its end."""
        after_ns = spent_ns + course.one_way_ns
        node = self._node(DELIVER, course.end, None, None)
        for start, edge in reversed(course.steps):
            ungated = self._courses.ungated(start, edge)
            node = self._past_gateway(ungated, edge.far, node, suspicion, after_ns)
            after_ns -= edge.delay_ns
            otherwise = None
            if self._suspects.explain(suspicion, edge.sight):
                otherwise = self._way(start, suspicion, edge.sight, after_ns)
            node = self._node(edge.number, start, otherwise, node)
        return node

    def _past_gateway(
        self, before: int | None, past: int, node: Node, suspicion: Suspicion, spent_ns: int
    ) -> Node:
        """The decision before ``node``: pass the gateway that brings a packet from the one place
        at its hub to the other."""
        if before is None or before == past:
            return node
        gateway, otherwise = self._suspects.gateway(node.hub), None
        if self._suspects.explain(suspicion, gateway):
            otherwise = self._way(before, suspicion, gateway, spent_ns)
        return self._node(ASSESS, before, otherwise, node)

    def _node(self, does: int, at: int, otherwise: Node | None, then: Node | None) -> Node:
        """``does`` is the number of the fibre crossed, or one of those that stand for none."""
        key = (does, at, id(otherwise), id(then))
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = self._made(does, at, otherwise, then)
        return node

    def _made(self, does: int, at: int, otherwise: Node | None, then: Node | None) -> Node:
        hub, state = self._product.place(at)
        phase = self._automaton.phase(state)
        if then is None:
            return Deliver(hub, state, phase, otherwise)
        if does == ASSESS:
            return Assess(hub, state, phase, otherwise, then)
        fibre = self._product.topology.fibres[does].id
        return Cross(hub, state, phase, otherwise, fibre, then)
