"""One demand under one permit and every restrict that matches it, as one automaton.

Its states are the progress of each clause; a step takes it past one element of a path (hub,
fibre, hub, ...). The product of the clauses is deterministic and has no way out of a violation,
so any prefix that breaks a clause condemns every path that starts with it. That is what makes
shortest paths on the product of graph and automaton, and detours from a state on the path, sound
(compare Soule et al., Merlin, CoNEXT 2014, and Reitblatt et al., FatTire, HotSDN 2013).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from corridor.controller.policy.clauses import Broken, Clause, Element, Trip
from corridor.controller.policy.model import Policy
from corridor.controller.policy.phase import Phase
from corridor.topologies.base.units import format_duration

type State = tuple[int, ...]
"""Progress of each clause, in the order of ``Automaton.clauses``."""


DEFAULT_DENY = "default deny"
"""Stands where a policy would, of what none forbids: no permit matches, or a demand cannot be
evaluated. The reason says which."""


@dataclass(frozen=True)
class Violation:
    """A clause that died: whose, which, where and why."""

    policy: str
    clause: str
    element: str
    reason: str
    legal_ref: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.policy == DEFAULT_DENY:
            return self.reason
        law = f" [{', '.join(self.legal_ref)}]" if self.legal_ref else ""
        return f"{self.policy} {self.clause}: {self.reason}{law}"


@dataclass(frozen=True)
class Bound:
    """A clause and the policy it comes from."""

    policy: Policy
    clause: Clause

    def violation(self, element: str, broken: Broken) -> Violation:
        owner = self.policy
        return Violation(owner.id, self.clause.kind, element, broken.reason, owner.legal_ref)


@dataclass(frozen=True)
class Budget:
    """The tightest ``max_one_way`` and the policy it comes from."""

    policy: Policy
    one_way_ns: int

    def violation(self, element: str, delay_ns: int) -> Violation:
        took, most = format_duration(delay_ns), format_duration(self.one_way_ns)
        reason = f"one way takes {took}, more than {most}"
        return Violation(self.policy.id, "max_one_way", element, reason, self.policy.legal_ref)


@dataclass(frozen=True)
class Automaton:
    """Accepts exactly the paths that a permit and the matching restricts allow together."""

    trip: Trip
    permit: Policy
    clauses: tuple[Bound, ...]
    budgets: tuple[Budget, ...] = ()
    """Tightest first."""

    @property
    def start(self) -> State:
        """Before the first element."""
        return (0,) * len(self.clauses)

    def enter(self, state: State, element: Element) -> State | Violation:
        """The state past an element, or the first clause that dies there."""
        after = []
        for progress, bound in zip(state, self.clauses, strict=True):
            step = bound.clause.enter(progress, element, self.trip)
            if isinstance(step, Broken):
                return bound.violation(element.id, step)
            after.append(step)
        return tuple(after)

    def finish(self, state: State) -> Violation | None:
        """The requirement that is still open at the last hub."""
        for progress, bound in zip(state, self.clauses, strict=True):
            broken = bound.clause.finish(progress, self.trip)
            if broken is not None:
                return bound.violation(self.trip.dst.id, broken)
        return None

    def exceeds(self, delay_ns: int) -> Violation | None:
        """The budget that a path of this one-way delay breaks."""
        if self.budgets and delay_ns > self.budgets[0].one_way_ns:
            return self.budgets[0].violation(self.trip.dst.id, delay_ns)
        return None

    def left_ns(self, spent_ns: int) -> int | None:
        """What the budgets leave, if there are any."""
        return self.budgets[0].one_way_ns - spent_ns if self.budgets else None

    def name(self, state: State) -> str:
        """The phase of a state for people: PRE, ASSESSED, ...

        Without waypoints there is one phase: DOMESTIC where a clause keeps the trip in the
        jurisdiction it starts in, EXEMPT where nothing has to be passed before a border.
        """
        phases = [
            bound.clause.phases()[progress]
            for progress, bound in zip(state, self.clauses, strict=True)
            if bound.clause.phases()
        ]
        if not phases:
            return "DOMESTIC" if self._is_domestic else "EXEMPT"
        return "+".join(dict.fromkeys(phases))

    def phase(self, state: State) -> Phase:
        """How a packet in a state stands to the border of its home: what its label says."""
        owed = {
            bound.clause.requires_before_border(progress)
            for progress, bound in zip(state, self.clauses, strict=True)
        }
        if True in owed:
            return Phase.PRE
        if False in owed:
            return Phase.ASSESSED
        return Phase.DOMESTIC if self._is_domestic else Phase.EXEMPT

    @property
    def _is_domestic(self) -> bool:
        return any(bound.clause.is_domestic(self.trip) for bound in self.clauses)

    @property
    def course_key(self) -> tuple[object, ...]:
        """Equal for automata that take the same steps and end alike, whatever their source, budgets
        and policies. It holds as long as the trip's groups do: they are distinguished by
        identity."""
        trip = self.trip
        clauses = tuple((bound.clause, bound.clause.asks(trip)) for bound in self.clauses)
        return (trip.dst.id, trip.closed, id(trip.groups), clauses)

    def without(self, policy: str, clause: str) -> Automaton:
        """The automaton that one clause of one policy no longer narrows: for explanations."""
        return replace(
            self,
            clauses=tuple(
                bound
                for bound in self.clauses
                if (bound.policy.id, bound.clause.kind) != (policy, clause)
            ),
            budgets=tuple(
                budget
                for budget in self.budgets
                if (budget.policy.id, "max_one_way") != (policy, clause)
            ),
        )

    def clause_names(self) -> tuple[tuple[str, str], ...]:
        """(policy, clause) of everything that narrows this automaton."""
        names = [(bound.policy.id, bound.clause.kind) for bound in self.clauses]
        return (*names, *((budget.policy.id, "max_one_way") for budget in self.budgets))


def build(trip: Trip, permit: Policy, restricts: Iterable[Policy]) -> Automaton:
    """The automaton of a permit narrowed by restricts. The order of restricts means nothing."""
    owners = (permit, *sorted(restricts, key=lambda policy: policy.id))
    clauses = [Bound(owner, clause) for owner in owners for clause in owner.hard.clauses()]
    budgets = [
        Budget(owner, owner.hard.max_one_way)
        for owner in owners
        if owner.hard.max_one_way is not None
    ]
    budgets.sort(key=lambda budget: (budget.one_way_ns, budget.policy.id))
    return Automaton(trip, permit, tuple(clauses), tuple(budgets))
