"""The decision graph of one demand: what each hub does with its packets, whatever it finds dead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from corridor.controller.forwarding.failure_hypotheses import (
    FailureHypotheses,
    FailureHypothesis,
    Risks,
)
from corridor.controller.forwarding.nodes import Assess, Cross, Deliver, Node, unprotected
from corridor.controller.forwarding.permit_states import PermitStates, Permitted, Places, Step
from corridor.controller.intent.intent import Protection
from corridor.controller.policy.product import ProductPath
from corridor.controller.policy.semantics import ranked
from corridor.topologies.model.topology import Hub

DELIVER, ASSESS = -1, -2
"""Stand for the number of a fibre where a decision crosses none."""

type Picked = Mapping[tuple[int, str], tuple[int, ...]]
"""Paths on, by all that was found dead, as bits, and the hub from which they lead."""

NOTHING_PICKED: Picked = MappingProxyType({})


class PermitPath(NamedTuple):
    """A path under one permit, by the number of the permit."""

    permit: int
    path: ProductPath
    is_gated: bool = False
    """Whether it begins with the gateway of the hub where it starts."""


class PossibleFailure(NamedTuple):
    """What a packet may find dead on a path."""

    permit_state: int
    """Of the packet that comes there."""
    thing: int
    spent_ns: int
    crossed: int
    """How many fibres of the path lie behind it."""


class Decisions:
    """Decisions along paths, each made once; what is the same is one node."""

    def __init__(
        self,
        permits: Sequence[Permitted],
        protection: Protection,
        risks: Risks,
        picked: Picked = NOTHING_PICKED,
    ) -> None:
        """``permits`` in the order in which they are tried; ``picked`` says which fibres the onward
        path takes if that is lawful, all by number."""
        trip = permits[0].automaton.trip
        self._source: Hub = trip.src
        self._permit_states = PermitStates(permits)
        self._ranks = ranked(tuple(one.automaton for one in permits))
        self._topology = permits[0].courses.product.topology
        self._protection = protection
        self._suspects = FailureHypotheses(risks, protection, trip.dst.id)
        self._picked = picked
        self.has_budget = any(one.automaton.budgets for one in permits)
        self._nodes: dict[tuple[int, int, int, int, int], Node] = {}
        self._alternatives: dict[tuple[int, int, int], Node | None] = {}

    def first(self, course: PermitPath) -> Node:
        """The decision at the source, given the path without failures."""
        nothing = self._suspects.nothing
        at = self._permit_states.at_source(self._source, course.permit, course.path.start)
        node = self._along(course, at.past, nothing, 0)
        return self._past_gateway(at, course.permit, node, nothing, 0)

    def ahead(
        self, course: PermitPath, permit_state: int | None = None, spent_ns: int = 0
    ) -> Iterator[PossibleFailure]:
        """All that a course may find dead, in order; it begins at the source, if not elsewhere."""
        permit, path, is_gated = course
        if permit_state is None:
            step = self._permit_states.at_source(self._source, permit, path.start)
        elif is_gated:
            step = self._permit_states.through_gateway(permit_state, permit, path.start)
        else:
            step = Step(permit_state, permit_state)
        edges = (edge for _, edge in path.steps)
        for crossed, edge in enumerate((*edges, None)):
            if step.before != step.past:
                hub = self._permit_states.place(step.before, permit).hub
                yield PossibleFailure(step.before, self._suspects.gateway(hub), spent_ns, crossed)
            if edge is not None:
                yield PossibleFailure(step.past, edge.sight, spent_ns, crossed)
                step = self._permit_states.step(step.past, permit, edge)
                spent_ns += edge.delay_ns

    def hub(self, permit_state: int) -> str:
        """Where a packet is."""
        places = enumerate(self._permit_states.places(permit_state))
        permit, place = next((one, place) for one, place in places if place is not None)
        return self._permit_states.permits[permit].courses.product.place(place).hub

    def stands(self, permit_state: int, permit: int) -> int | None:
        """The place of a packet under a permit that its path on may be picked by."""
        places = self._permit_states.places(permit_state)
        return places[permit] if permit in self._first_standing(places) else None

    def onward(
        self,
        permit_state: int,
        failure_hypothesis: FailureHypothesis,
        spent_ns: int,
        picked: tuple[int, ...] | None = None,
    ) -> PermitPath | None:
        """The onward path: the picked one, if it is lawful, or the shortest."""
        course = self._pick(permit_state, failure_hypothesis, spent_ns, picked) if picked else None
        return course or self._shortest_onward(permit_state, failure_hypothesis, spent_ns)

    def exposed(self, course: PermitPath) -> set[tuple[int, int] | None]:
        """Places with the fibres taken there, as masks, that have no detour around the fibre or the
        gateway it leads to; None for the gateway of the source."""
        first = self.first(course)
        lacking = set(unprotected(first, self._protection))
        hops: set[tuple[int, int] | None] = set()
        came_by: tuple[int, int] | None = None
        crossed = iter(course.path.steps)
        node: Node | None = first
        while isinstance(node, Cross | Assess):
            if isinstance(node, Cross):
                place, edge = next(crossed)
                came_by = (place, edge.bit)
            if node in lacking:
                hops.add(came_by)
            node = node.then
        return hops

    def _alternative(
        self, permit_state: int, before: FailureHypothesis, thing: int, spent_ns: int
    ) -> Node | None:
        """What is done where one more thing is found dead; None where nothing is left to do."""
        found = before.found | 1 << thing
        key = (permit_state, found, spent_ns if self.has_budget else 0)
        if key not in self._alternatives:
            failure_hypothesis = self._suspects.grown(before, thing)
            picked = self._picked.get((found, self.hub(permit_state))) if self._picked else None
            course = self.onward(permit_state, failure_hypothesis, spent_ns, picked)
            self._alternatives[key] = (
                None
                if course is None
                else self._detour(course, permit_state, failure_hypothesis, spent_ns)
            )
        return self._alternatives[key]

    def _detour(
        self,
        course: PermitPath,
        permit_state: int,
        failure_hypothesis: FailureHypothesis,
        spent_ns: int,
    ) -> Node:
        if not course.is_gated:
            return self._along(course, permit_state, failure_hypothesis, spent_ns)
        step = self._permit_states.through_gateway(permit_state, course.permit, course.path.start)
        node = self._along(course, step.past, failure_hypothesis, spent_ns)
        return self._past_gateway(step, course.permit, node, failure_hypothesis, spent_ns)

    def _pick(
        self,
        permit_state: int,
        failure_hypothesis: FailureHypothesis,
        spent_ns: int,
        order: tuple[int, ...],
    ) -> PermitPath | None:
        """The picked onward path, under the first permits that are still satisfied."""
        places = self._permit_states.places(permit_state)
        closed = self._suspects.closed(failure_hypothesis.found)
        dead = self._suspects.surely_dead(failure_hypothesis)
        for permit in self._first_standing(places):
            place = places[permit]
            if place is None:
                continue
            automaton, courses = self._permit_states.permits[permit]
            path = courses.product.without_gateways(closed).along(place, order)
            if path is None or path.fibres & dead:
                continue
            if not automaton.exceeds(spent_ns + path.one_way_ns):
                return PermitPath(permit, path)
        return None

    def _first_standing(self, places: Places) -> Sequence[int]:
        """The permits that are tried first of those that still stand."""
        return next(
            (rank for rank in self._ranks if any(places[one] is not None for one in rank)), ()
        )

    def _shortest_onward(
        self, permit_state: int, failure_hypothesis: FailureHypothesis, spent_ns: int
    ) -> PermitPath | None:
        """The shortest under the first permits that are still satisfied and have an onward path."""
        places = self._permit_states.places(permit_state)
        for rank in self._ranks:
            left = [(one, place) for one in rank if (place := places[one]) is not None]
            found = self._shortest(left, failure_hypothesis, spent_ns) if left else None
            if found is not None:
                return found
        return None

    def _shortest(
        self, left: Sequence[tuple[int, int]], failure_hypothesis: FailureHypothesis, spent_ns: int
    ) -> PermitPath | None:
        """The shortest path on under some permits, given the place under each."""
        closed = self._suspects.closed(failure_hypothesis.found)
        here = self._permit_states.permits[left[0][0]].courses.product.place(left[0][1]).hub
        starts = [*self._starts(left, is_open=here not in closed)]
        for avoided in self._suspects.avoided(failure_hypothesis, here):
            found: list[PermitPath] = []
            for permit, start, is_gated in starts:
                automaton, courses = self._permit_states.permits[permit]
                path = courses.shortest(start, avoided, closed)
                if path is not None and not automaton.exceeds(spent_ns + path.one_way_ns):
                    found.append(PermitPath(permit, path, is_gated))
            if found:
                return shortest_of(found)
        return None

    def _starts(
        self, left: Sequence[tuple[int, int]], *, is_open: bool
    ) -> Iterator[tuple[int, int, bool]]:
        """Places to go on from: as a packet is, and past the gateway of its hub where the permit
        that it came by had no use for it, and another has."""
        for permit, place in left:
            yield permit, place, False
            gated = self._permit_states.permits[permit].courses.gated(place) if is_open else None
            if gated is not None and gated != place:
                yield permit, gated, True

    def _along(
        self,
        course: PermitPath,
        permit_state: int,
        failure_hypothesis: FailureHypothesis,
        spent_ns: int,
    ) -> Node:
        """The decisions along a course, each with its alternatives, built from its end."""
        permit, path, _ = course
        steps = []
        for _, edge in path.steps:
            step = self._permit_states.step(permit_state, permit, edge)
            steps.append((permit_state, edge, step))
            permit_state = step.past
        after_ns = spent_ns + path.one_way_ns
        node = self._node(DELIVER, permit, permit_state, None, None)
        for start, edge, step in reversed(steps):
            node = self._past_gateway(step, permit, node, failure_hypothesis, after_ns)
            after_ns -= edge.delay_ns
            otherwise = None
            if self._suspects.explain(failure_hypothesis, edge.sight):
                otherwise = self._alternative(start, failure_hypothesis, edge.sight, after_ns)
            node = self._node(edge.number, permit, start, otherwise, node)
        return node

    def _past_gateway(
        self,
        step: Step,
        permit: int,
        node: Node,
        failure_hypothesis: FailureHypothesis,
        spent_ns: int,
    ) -> Node:
        """The decision before ``node``: pass the gateway there, if the path does."""
        if step.before == step.past:
            return node
        gateway, otherwise = self._suspects.gateway(node.hub), None
        if self._suspects.explain(failure_hypothesis, gateway):
            otherwise = self._alternative(step.before, failure_hypothesis, gateway, spent_ns)
        return self._node(ASSESS, permit, step.before, otherwise, node)

    def _node(
        self, does: int, permit: int, permit_state: int, otherwise: Node | None, then: Node | None
    ) -> Node:
        """``does`` is the number of the fibre crossed, or one of those that stand for none."""
        key = (does, permit, permit_state, id(otherwise), id(then))
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = self._made(does, permit, permit_state, otherwise, then)
        return node

    def _made(
        self, does: int, permit: int, permit_state: int, otherwise: Node | None, then: Node | None
    ) -> Node:
        hub, state = self._permit_states.place(permit_state, permit)
        automaton = self._permit_states.permits[permit].automaton
        phase = automaton.phase(state)
        if then is None:
            return Deliver(hub, automaton, state, phase, otherwise)
        if does == ASSESS:
            return Assess(hub, automaton, state, phase, otherwise, then)
        fibre = self._topology.fibres[does].id
        return Cross(hub, automaton, state, phase, otherwise, fibre, then)


def shortest_of(courses: Sequence[PermitPath]) -> PermitPath:
    """Of equal ones that over fewer fibres, then that of the permit tried first, then that without
    a gateway at its start."""
    return min(
        courses,
        key=lambda one: (one.path.one_way_ns, len(one.path.steps), one.permit, one.is_gated),
    )
