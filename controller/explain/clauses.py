"""What decided a path: each hard clause, whose it is, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from corridor.controller.explain.path_summary import PathDetails, passage_of_route, shortest_passage
from corridor.controller.explain.references import Reference, kind_of, references
from corridor.controller.policy.automaton import Automaton, Violation
from corridor.controller.policy.clauses.clause import StatementKind
from corridor.controller.policy.model import Policy
from corridor.controller.policy.paths import Path
from corridor.controller.policy.permitted_paths import PermittedPath, shortest
from corridor.controller.policy.semantics import ApplicablePolicies, policies_first
from corridor.topologies.base.units import format_duration
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
