"""Which clauses make a demand pay, on which legal basis, and whether that is certain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from corridor.controller.explain.clauses import forbidden_by, forbidding
from corridor.controller.explain.path_summary import Ground, Reference, grounds
from corridor.controller.policy.automaton import DEFAULT_DENY, Automaton, Violation, build
from corridor.controller.policy.clauses import Trip
from corridor.controller.policy.clauses.clause import StatementKind
from corridor.controller.policy.model import Policy, PolicySet
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.price_paths import PricedPath, PricedPaths
from corridor.experiments.answers.price_sets import PricedScenario, Served
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Confidence

KEPT_BACK, DELAY, PROTECTION, WIDTH = "kept back", "delay", "no way around", "width"
Basis = Literal["law", "uncertain text", "interpretation", "assumption", "set", "no permit"]
BASES: Mapping[str, str] = {
    "law": "legal text",
    "uncertain text": "uncertain legal text",
    "interpretation": "interpretation",
    "assumption": "our assumption",
    "set": "policy set's own rule",
    "no permit": "no matching permit",
}
"""What a cost rests on, the strongest first, and what people call it. Only ``law`` is law: the
text of a rule whose source is sure."""
UNCERTAIN: frozenset[Basis] = frozenset({"uncertain text", "interpretation", "assumption"})


@dataclass(frozen=True)
class Cause:
    """One clause, and what it takes from a demand or its answers."""

    costs: str
    """``kept back``, ``delay``, ``no way around`` or ``width``."""
    policy: str
    clause: str
    reason: str
    legal: tuple[Reference, ...]
    confidence: Confidence
    kind: StatementKind | None

    @property
    def basis(self) -> Basis:
        if self.policy == DEFAULT_DENY:
            return "no permit"
        if self.kind is None:
            return "set"
        if self.kind == "text":
            return "law" if self.confidence == "confident" else "uncertain text"
        return self.kind


def causes(
    laid: PricedScenario, policies: PolicySet, before: Served, after: Served, lost: Sequence[str]
) -> tuple[Cause, ...]:
    """Of a demand that has less ``after`` than ``before``; each clause once for each cost.

    If several policies block it, the strongest comes first: a demand that a text of law forbids
    is forbidden by law, even if no permit matches either.
    """
    found: dict[tuple[str, str, str], Cause] = {}
    if before.demand.dst == after.demand.dst:
        each = _violations(laid.paths, policies, before, after, lost)
    else:
        each = _moved(laid, policies, before, after)
    for costs, violations in each:
        for ground in grounds(violations, policies, laid.as_of):
            cause = _cause(costs, ground)
            found.setdefault((costs, cause.policy, cause.clause), cause)
    return tuple(sorted(found.values(), key=_strength))


def _strength(of: Cause) -> int:
    return list(BASES).index(of.basis) if of.costs == KEPT_BACK else len(BASES)


def _violations(
    paths: PricedPaths, policies: PolicySet, before: Served, after: Served, lost: Sequence[str]
) -> Iterator[tuple[str, Iterable[Violation]]]:
    for applicable_policies, was, now, ruled in zip(
        after.rulings, before.paths, after.paths, before.rulings, strict=True
    ):
        if was is None:
            continue
        if now is None:
            yield KEPT_BACK, _deciding(paths, policies, applicable_policies)
        if now is None or not after.is_answered:
            continue
        if now.one_way_ns > was.one_way_ns:
            yield DELAY, forbidden_by(applicable_policies, now.automaton, was.path)
        if now.widest_gbps < was.widest_gbps:
            yield WIDTH, forbidden_by(applicable_policies, now.automaton, was.path)
        for name in lost:
            if name in now.single_points:
                around = _around(paths, ruled.automata, name, was)
                yield PROTECTION, forbidden_by(applicable_policies, now.automaton, around)


def _moved(
    laid: PricedScenario, policies: PolicySet, before: Served, after: Served
) -> Iterator[tuple[str, Iterable[Violation]]]:
    """Of a demand that another of several hubs serves: what forbids, or makes longer, the paths
    to the hub before and back. The cost is reported once, as delay or as blocked."""
    there = laid.one(policies, (before.demand, before.answers), laid.paths)
    costs = DELAY if after.is_answered else KEPT_BACK
    for applicable_policies, was, now in zip(there.rulings, before.paths, there.paths, strict=True):
        if was is not None and now is None:
            yield costs, _deciding(laid.paths, policies, applicable_policies)
        elif was is not None and now is not None and now.one_way_ns > was.one_way_ns:
            yield costs, forbidden_by(applicable_policies, now.automaton, was.path)


def _deciding(
    paths: PricedPaths, policies: PolicySet, applicable_policies: ApplicablePolicies
) -> Sequence[Violation]:
    """Why nothing is permitted, and the policies that block the demand on their own; if there is
    none, all that forbid its shortest path."""
    violations = forbidding(applicable_policies)
    src, dst = map(
        applicable_policies.topology.hub,
        (applicable_policies.demand.src, applicable_policies.demand.dst),
    )
    trip = Trip(src, dst, policies.known_groups, topology=applicable_policies.topology)
    alone = [
        violation
        for violation in violations
        if violation in applicable_policies.refusals
        or _blocks(paths, applicable_policies, trip, violation.policy)
    ]
    return alone or violations


def _blocks(
    paths: PricedPaths, applicable_policies: ApplicablePolicies, trip: Trip, policy: str
) -> bool:
    """Whether a restrict leaves no path, or a permit by its own clauses."""
    permit = next((one for one in applicable_policies.permits if one.id == policy), _ANYTHING)
    restricts = [one for one in applicable_policies.restricts if one.id == policy]
    alone = replace(applicable_policies, automata=(build(trip, permit, restricts),))
    return paths.least_ns(alone) is None


_ANYTHING = Policy(id="anything", effect="permit")
"""Narrows nothing, so that the effect of a single restrict is visible."""


def _around(paths: PricedPaths, automata: Sequence[Automaton], name: str, was: PricedPath) -> Path:
    """The path around an element that the other set permits."""
    found = paths.around(automata, name)
    return was.path if found is None else paths.path(*found)


def _cause(costs: str, ground: Ground) -> Cause:
    return Cause(
        costs,
        ground.policy,
        ground.clause,
        ground.reason,
        ground.legal,
        ground.confidence,
        ground.kind,
    )
