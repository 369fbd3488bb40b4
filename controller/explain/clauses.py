"""What decided a path: each hard clause, whose it is, and its cost; permits that are not in use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from corridor.controller.explain.path_summary import (
    PathDetails,
    Reference,
    kind_of,
    passage_of_route,
    references,
    shortest_passage,
)
from corridor.controller.policy.automaton import Automaton, Violation
from corridor.controller.policy.clauses import Trip
from corridor.controller.policy.clauses.clause import StatementKind
from corridor.controller.policy.model import DataClass, Policy, PolicySet
from corridor.controller.policy.permitted_paths import PermittedPath, shortest
from corridor.controller.policy.semantics import (
    ApplicablePolicies,
    data_of,
    policies_first,
    ranked,
    unmet,
)
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.addresses import FAMILY_NAMES
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Confidence, Topology


@dataclass(frozen=True)
class ClauseCost:
    """One hard clause that narrows a permit in use."""

    policy: str
    clause: str
    says: str
    legal: tuple[Reference, ...]
    confidence: Confidence
    costs_ns: int
    """What the path takes more than it would if this clause alone were not there."""
    without: PathDetails
    """The path it would then be."""
    kind: StatementKind | None


def clause_costs(
    automaton: Automaton, topology: Topology, route: PermittedPath, day: date
) -> tuple[ClauseCost, ...]:
    """Every clause of the permit in use and of its restricts, the dearest first."""
    costs = []
    for owner, kind, says in _clauses(automaton):
        freer = automaton.without(owner.id, kind)
        free = shortest(freer, topology)
        assert free is not None, "a clause less leaves no path less"
        costs.append(
            ClauseCost(
                owner.id,
                kind,
                says,
                references(owner, day),
                owner.confidence,
                route.one_way_ns - free.one_way_ns,
                passage_of_route(topology, free, freer),
                kind_of(owner),
            )
        )
    return tuple(sorted(costs, key=lambda cost: -cost.costs_ns))


def forbidden_by(
    applicable_policies: ApplicablePolicies, automaton: Automaton, path: Path
) -> tuple[Violation, ...]:
    """The clauses that forbid a path under one permit, one after another; empty if it is allowed.

    The next is found once those before it are lifted.
    """
    died: list[Violation] = []
    while True:
        verdict = replace(applicable_policies, automata=(automaton,), refusals=()).verdict(path)
        if verdict.allowed:
            return tuple(died)
        (violation,) = verdict.violations
        died.append(violation)
        automaton = automaton.without(violation.policy, violation.clause)


def forbidding(applicable_policies: ApplicablePolicies) -> tuple[Violation, ...]:
    """What forbids the shortest path there is: denies, then the clauses under each permit, or,
    without any, of the restricts alone; the default deny last. Empty where it is allowed."""
    free = shortest_passage(
        applicable_policies.topology, applicable_policies.demand.src, applicable_policies.demand.dst
    )
    if free is None:
        return applicable_policies.refusals
    path = Path(free.hubs, free.fibres)
    automata = applicable_policies.automata or filter(None, [applicable_policies.restricted])
    died = [forbidden_by(applicable_policies, automaton, path) for automaton in automata]
    if applicable_policies.automata and not all(died):
        return ()
    return policies_first((*applicable_policies.refusals, *chain.from_iterable(died)))


def _clauses(automaton: Automaton) -> list[tuple[Policy, str, str]]:
    found = [
        (bound.policy, bound.clause.kind, bound.clause.describe()) for bound in automaton.clauses
    ]
    found += [
        (budget.policy, "max_one_way", f"at most {format_duration(budget.one_way_ns)} one way")
        for budget in automaton.budgets
    ]
    return found


@dataclass(frozen=True)
class Unused:
    """A permit that is not in use."""

    policy: str
    why: str
    legal: tuple[Reference, ...]
    matches: bool
    """Whether it speaks about the demand at all."""
    passage: PathDetails | None = None
    """The path it would give."""


def unused_permits(
    applicable_policies: ApplicablePolicies, policies: PolicySet, as_of: date, used: str | None
) -> tuple[Unused, ...]:
    """Those that speak about the demand in the order they are tried, then the others: first those
    for data of its origin, of these those for its class, of these those that miss least."""
    matching = [
        _matching(applicable_policies, one, used, as_of)
        for one in applicable_policies.automata
        if one.permit.id != used
    ]
    return (*matching, *_others(applicable_policies, policies, as_of))


def _others(
    applicable_policies: ApplicablePolicies, policies: PolicySet, as_of: date
) -> list[Unused]:
    topology, demand = applicable_policies.topology, applicable_policies.demand
    classes = {entry.id: entry for entry in (*policies.classes, *policies.described)}
    if demand.data_class not in classes:
        return []
    data = data_of(policies, demand)
    src, dst = topology.hub(demand.src), topology.hub(demand.dst)
    trip = Trip(src, dst, policies.known_groups, topology=topology, family=demand.family)
    spoken = {permit.id for permit in applicable_policies.permits}
    ranked = []
    for policy in policies.policies:
        if policy.effect == "permit" and policy.id not in spoken:
            missed = _missed(policy, data, trip, as_of)
            unused = Unused(policy.id, "; ".join(missed), references(policy, as_of), matches=False)
            named = [classes[name] for name in policy.match.data_class if name in classes]
            strange = _is_of_other_origin(policy, named, data, trip)
            rank = (strange, data.id not in policy.match.data_class, len(missed), policy.id)
            ranked.append((rank, unused))
    return [unused for _, unused in sorted(ranked, key=lambda one: one[0])]


def _is_of_other_origin(
    policy: Policy, named: list[DataClass], data: DataClass, trip: Trip
) -> bool:
    if named:
        return all(set(one.origin) != set(data.origin) for one in named)
    return "origin" in unmet(policy, data, trip)


def _matching(
    applicable_policies: ApplicablePolicies, automaton: Automaton, used: str | None, day: date
) -> Unused:
    permit = automaton.permit
    route = shortest(automaton, applicable_policies.topology)
    if route is not None:
        is_equal = any({permit.id, used} <= rank for rank in _ranks(applicable_policies))
        equal, later = f"ranks equal to {used}, whose path is not longer", f"is tried after {used}"
        why = equal if is_equal else later
        passage = passage_of_route(applicable_policies.topology, route, automaton)
        return Unused(permit.id, why, references(permit, day), matches=True, passage=passage)
    died = forbidding(replace(applicable_policies, automata=(automaton,)))
    why = "leaves no path: " + "; then ".join(map(str, died)) if died else "no path exists"
    return Unused(permit.id, why, references(permit, day), matches=True)


def _ranks(applicable_policies: ApplicablePolicies) -> list[set[str]]:
    """Permits of equal preference and specificity together."""
    automata = applicable_policies.automata
    return [{automata[number].permit.id for number in rank} for rank in ranked(automata)]


def _missed(policy: Policy, data: DataClass, trip: Trip, as_of: date) -> list[str]:
    match = policy.match
    service = data.service or "a service that is not stated"
    origins, asked = ", ".join(data.origin), ", ".join(match.origin)
    told = {
        "class": f"is for class {' or '.join(match.data_class)}, not {data.id}",
        "origin": f"is for data from {asked}, not from {origins}",
        "service": f"is for {' or '.join(match.service)}, not {service}",
        "family": f"is for {FAMILY_NAMES[match.family or trip.family]}, "
        f"not {FAMILY_NAMES[trip.family]}",
        "src": f"is for data from {match.src}, not from {trip.src.id}",
        "dst": f"is for data to {match.dst}, not to {trip.dst.id}",
    }
    return [told[key] for key in unmet(policy, data, trip)] + _out_of_force(policy, as_of)


def _out_of_force(policy: Policy, as_of: date) -> list[str]:
    if not policy.enabled:
        return ["is switched off"]
    if policy.valid_from and as_of < policy.valid_from:
        return [f"begins on {policy.valid_from}"]
    if policy.valid_until and policy.valid_until < as_of:
        return [f"ended on {policy.valid_until}"]
    return []
