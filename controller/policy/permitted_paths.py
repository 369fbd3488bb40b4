"""The delay-shortest allowed path of a demand, or why there is none and which policies decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.clauses import Broken, Element, Trip
from corridor.controller.policy.clauses.places import shipped_groups
from corridor.controller.policy.model import Policy
from corridor.controller.policy.product import Place, Product, Trail, lost
from corridor.controller.policy.semantics import (
    NO_FAILURES,
    ApplicablePolicies,
    Failures,
    ranked,
    unevaluable,
)
from corridor.topologies.base.memory import remembered
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology

MOST_PRODUCTS = 8


def deciding(automaton: Automaton, topology: Topology) -> frozenset[str]:
    """Return the ids of policies without which a path may be lawful that is not with them: that of
    the tightest delay budget, and those that are alone in forbidding a step of packets that are
    lawful so far. A few more may be among them.

    Without any other policy the same packets are stopped at the same steps. So no path has to be
    searched for it, and the time grows with the number of policies, not with its square. Gateways
    are passed or not, and nothing has failed: whatever has, there are fewer steps. A clause that
    cannot be evaluated may be any policy's: then all of them are returned.
    """
    try:
        return frozenset(_deciding(automaton, topology))
    except Exception:  # noqa: BLE001 - an evaluation error means deny
        return frozenset(policy for policy, _ in automaton.clause_names())


def _deciding(automaton: Automaton, topology: Topology) -> set[str]:
    trip = automaton.trip
    found = {budget.policy.id for budget in automaton.budgets[:1]}
    shut = replace(automaton, trip=replace(trip, closed=frozenset(h.id for h in topology.hubs)))

    def past(by: Automaton, state: State | None, *elements: Element) -> State | None:
        for element in elements:
            if state is None:
                return None
            state, forbidding = _entered(by, state, element)
            found.update(forbidding if len(forbidding) == 1 else ())
        return state

    waiting = [(trip.src.id, past(shut, shut.start, trip.src))]
    met = {*waiting}
    while waiting:
        hub, state = waiting.pop()
        if state is None:
            continue
        if hub == trip.dst.id:
            owing = _owing(automaton, state)
            found.update(owing if len(owing) == 1 else ())
        onward = [(hub, past(automaton, state, topology.hub(hub)))]
        for fibre in topology.fibres_of(hub):
            far = fibre.other_end(hub)
            onward.append((far, past(shut, state, fibre, topology.hub(far))))
        waiting += [one for one in dict.fromkeys(onward) if one not in met]
        met.update(onward)
    return found


def _owing(automaton: Automaton, state: State) -> set[str]:
    return {
        bound.policy.id
        for progress, bound in zip(state, automaton.clauses, strict=True)
        if bound.clause.finish(progress, automaton.trip) is not None
    }


def _entered(by: Automaton, state: State, element: Element) -> tuple[State | None, set[str]]:
    """The state past an element, if no clause forbids it, and the policies whose clauses do."""
    after, forbidding = [], set[str]()
    for progress, bound in zip(state, by.clauses, strict=True):
        step = bound.clause.enter(progress, element, by.trip)
        if isinstance(step, Broken):
            forbidding.add(bound.policy.id)
        else:
            after.append(step)
    return (None if forbidding else tuple(after)), forbidding


@dataclass(frozen=True)
class PermittedPath:
    """An allowed path, the permit in use, and the automaton's state past each hub."""

    path: Path
    permit: str
    states: tuple[State, ...]
    phases: tuple[str, ...]
    one_way_ns: int

    def __str__(self) -> str:
        hubs = " ".join(f"{h}/{p}" for h, p in zip(self.path.hubs, self.phases, strict=True))
        return f"{format_duration(self.one_way_ns)} under {self.permit}: {hubs}"


@dataclass(frozen=True)
class Remedy:
    """One failed element to repair, or one clause to lift, that would open a path."""

    kind: Literal["repair", "lift"]
    what: str
    one_way_ns: int
    """Delay of the path it would open."""

    @property
    def change(self) -> str:
        return f"{'remove clause' if self.kind == 'lift' else self.kind} {self.what}"

    def __str__(self) -> str:
        delay_ms = self.one_way_ns / 1e6
        return f"{self.change} (opens a path with a one-way delay of {delay_ms:.1f} ms)"


@dataclass(frozen=True)
class NoPermittedPath:
    """``BLOCKED``: fibres lead there, policies do not. ``DOWN``: no fibres lead there."""

    status: Literal["BLOCKED", "DOWN"]
    because: tuple[Violation, ...] = ()
    """What the shortest physical path breaks under each permit, or why nothing is allowed."""
    remedies: tuple[Remedy, ...] = ()
    """What would restore service, cheapest in delay first: single changes, or, where no single
    change does, clauses to lift together. None of these changes is ever made automatically."""

    def __str__(self) -> str:
        text = "; ".join((self.status, *map(str, self.because)))
        return f"{text}; remedy: {self.remedies[0]}" if self.remedies else text


def best_permitted_path(
    applicable_policies: ApplicablePolicies, failures: Failures = NO_FAILURES
) -> PermittedPath | NoPermittedPath:
    """The shortest path under the first permits that have one, or why no permit has.

    Never raises: what cannot be evaluated is blocked.
    """
    try:
        return _first_route(applicable_policies, failures) or _explain(
            applicable_policies, failures
        )
    except Exception as problem:  # noqa: BLE001 - an evaluation error means deny
        return NoPermittedPath(
            "BLOCKED",
            applicable_policies.refusals or (unevaluable(applicable_policies.demand, problem),),
        )


def lawful_route(
    applicable_policies: ApplicablePolicies, failures: Failures = NO_FAILURES
) -> PermittedPath | None:
    """The same, without why there is none, which takes longest to tell."""
    try:
        return _first_route(applicable_policies, failures)
    except Exception:  # noqa: BLE001 - an evaluation error means deny
        return None


def shortest(
    automaton: Automaton,
    topology: Topology,
    failures: Failures = NO_FAILURES,
    *,
    start: Place | None = None,
    spent_ns: int = 0,
) -> PermittedPath | None:
    """The path to the destination with the lowest delay that an automaton accepts.

    From its source, or, for a detour, from ``start`` with ``spent_ns`` of the delay budget gone;
    the route's ``one_way_ns`` counts from ``start``.
    """
    product = _product(automaton, topology).without_gateways(failures.gateways)
    start = start or product.first()
    if start is None or failures.hubs & {start.hub, automaton.trip.dst.id}:
        return None
    dead = [one.id for one in lost(topology, failures)] if failures != NO_FAILURES else ()
    trail = product.shortest(start, dead, spent_ns)
    return None if trail is None else route_of(product.automaton, trail)


@remembered(MOST_PRODUCTS)
def _product(automaton: Automaton, topology: Topology) -> Product:
    """Kept, since paths are asked for under one failure after another."""
    return Product(automaton, topology)


def route_of(automaton: Automaton, trail: Trail) -> PermittedPath:
    """A trail through the product, as people see it."""
    return PermittedPath(
        path=Path(tuple(place.hub for place in trail.places), trail.fibres),
        permit=automaton.permit.id,
        states=tuple(place.state for place in trail.places),
        phases=tuple(automaton.name(place.state) for place in trail.places),
        one_way_ns=trail.one_way_ns,
    )


def _first_route(
    applicable_policies: ApplicablePolicies, failures: Failures
) -> PermittedPath | None:
    for rank in ranked(applicable_policies.automata):
        routes = [
            shortest(applicable_policies.automata[one], applicable_policies.topology, failures)
            for one in rank
        ]
        found = [route for route in routes if route is not None]
        if found:
            return min(found, key=lambda route: (route.one_way_ns, len(route.path.fibres)))
    return None


def _explain(applicable_policies: ApplicablePolicies, failures: Failures) -> NoPermittedPath:
    demand, topology = applicable_policies.demand, applicable_policies.topology
    trip = Trip(topology.hub(demand.src), topology.hub(demand.dst), shipped_groups())
    physical = shortest(Automaton(trip, _ANYTHING, ()), topology, failures)
    remedies = _cheapest(_remedies(applicable_policies, failures))
    if physical is None:
        return NoPermittedPath("DOWN", remedies=remedies)
    closed = applicable_policies.with_closed_gateways(failures.gateways)
    joint = () if remedies else _cheapest(_joint_remedies(closed, failures, physical.path))
    return NoPermittedPath("BLOCKED", closed.verdict(physical.path).violations, (*remedies, *joint))


_ANYTHING = Policy(id="anything", effect="permit")
"""Narrows nothing: finds what the fibres alone would allow."""


def _cheapest(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """Cheapest first, and each change once."""
    ranked = sorted(remedies, key=lambda remedy: (remedy.one_way_ns, remedy.kind, remedy.what))
    return tuple({(remedy.kind, remedy.what): remedy for remedy in reversed(ranked)}.values())[::-1]


def _remedies(applicable_policies: ApplicablePolicies, failures: Failures) -> Iterator[Remedy]:
    """Every single change that would open a path."""
    for what, remaining in failures.each():
        route = _first_route(applicable_policies, remaining)
        if route is not None:
            yield Remedy("repair", what, route.one_way_ns)
    for automaton in applicable_policies.automata:
        lifting = deciding(automaton, applicable_policies.topology)
        for policy, clause in automaton.clause_names():
            if policy not in lifting:
                continue
            route = shortest(
                automaton.without(policy, clause), applicable_policies.topology, failures
            )
            if route is not None:
                yield Remedy("lift", f"{policy} {clause}", route.one_way_ns)


MOST_LIFTED = 12
"""Clauses that are lifted together; where more would have to be, no remedy is named."""


def _joint_remedies(
    applicable_policies: ApplicablePolicies, failures: Failures, physical: Path
) -> Iterator[Remedy]:
    """Per permit: the clauses that die one after another on the shortest physical path."""
    for automaton in applicable_policies.automata:
        lifted: list[str] = []
        opened, route = automaton, None
        while route is None and len(lifted) < MOST_LIFTED:
            alone = replace(applicable_policies, automata=(opened,))
            (died,) = alone.verdict(physical).violations
            lifted.append(f"{died.policy} {died.clause}")
            opened = opened.without(died.policy, died.clause)
            route = shortest(opened, applicable_policies.topology, failures)
        if route is not None:
            yield Remedy("lift", " and ".join(lifted), route.one_way_ns)
