"""Permits that are not in use, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from corridor.controller.explain.clauses import forbidding
from corridor.controller.explain.path_summary import PathDetails, passage_of_route
from corridor.controller.explain.references import Reference, references
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.clauses import Trip
from corridor.controller.policy.model import DataClass, Policy, PolicySet
from corridor.controller.policy.permitted_paths import shortest
from corridor.controller.policy.semantics import ApplicablePolicies, data_of, ranked, unmet


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
    trip = Trip(topology.hub(demand.src), topology.hub(demand.dst), policies.known_groups)
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
