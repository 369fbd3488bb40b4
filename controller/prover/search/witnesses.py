"""What each restriction keeps data from: a path that would be taken without it.

A proof that nothing forbidden happens would hold of policies that forbid nothing. So for each
policy that restricts, and each that denies, there is a demand that would take another path without
it, and the tables must not permit that path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.deciding import deciding
from corridor.controller.policy.model import Policy
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_permits import NOTHING, Move, Permits, Trail


@dataclass(frozen=True)
class Witness:
    """A path that a policy forbids a demand, and that would be its shortest without it."""

    policy: str
    demand: str
    hubs: tuple[str, ...]
    """Empty where the demand is denied altogether."""
    fibres: tuple[str, ...]


def witnesses(demands: Iterable[Demand]) -> Iterator[Witness]:
    """One of each policy that keeps some demand from something."""
    found: set[str] = set()
    for demand in demands:
        applicable_policies = demand.intent.applicable_policies
        for policy in applicable_policies.denies:
            if policy.id not in found:
                found.add(policy.id)
                yield Witness(policy.id, demand.id, (), ())
        left = [policy for policy in applicable_policies.restricts if policy.id not in found]
        deciding = _deciding(demand) if left else frozenset[str]()
        for policy in left:
            trail = _forbidden(demand, policy) if policy.id in deciding else None
            if trail is not None:
                found.add(policy.id)
                yield Witness(policy.id, demand.id, trail.hubs, trail.fibres)


def _deciding(demand: Demand) -> frozenset[str]:
    """Return the ids of policies that may be what keeps a demand from a path."""
    automata, topology = demand.intent.applicable_policies.automata, demand.permits.topology
    return frozenset[str]().union(*(deciding(one, topology) for one in automata))


def _forbidden(demand: Demand, policy: Policy) -> Trail | None:
    applicable_policies, topology = demand.intent.applicable_policies, demand.permits.topology
    weaker = [_without(automaton, policy) for automaton in applicable_policies.automata]
    trail = Permits(applicable_policies, topology, weaker).shortest() if weaker else None
    return None if trail is None or _allows(demand.permits, trail) else trail


def _without(automaton: Automaton, policy: Policy) -> Automaton:
    for owner, clause in automaton.clause_names():
        if owner == policy.id:
            automaton = automaton.without(owner, clause)
    return automaton


def _allows(permits: Permits, trail: Trail) -> bool:
    """Whether a path is lawful by some choice of gateways to pass on it."""
    standings = {permits.start}
    for hub, fibre, far in zip(trail.hubs, trail.fibres, trail.hubs[1:], strict=False):
        onward = standings | {permits.move(one, Move("", hub))[0] for one in standings}
        standings = {permits.move(one, Move(fibre, far))[0] for one in onward}
    last = trail.hubs[-1]
    standings |= {permits.move(one, Move("", last))[0] for one in standings}
    return any(
        permits.deliver(one) is None and permits.exceeds(one, trail.one_way_ns) is None
        for one in standings - {NOTHING}
    )
