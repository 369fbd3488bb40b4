"""The best candidates to build: exactly by HiGHS, and greedily for comparison. Pure."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from corridor.experiments.expansion.downtime import GAPS, Minutes
from corridor.experiments.expansion.measures import (
    LARGE,
    ONE_BY_ONE,
    Longer,
    Measures,
    Target,
)
from corridor.experiments.expansion.plan_documents import Measure
from corridor.experiments.expansion.problem import Directions, Outcome, Problem, served_now
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import require
from corridor.topologies.base.printed_aside import printing_aside
from corridor.topologies.base.seconds import NS_PER_MS

GAP = 1e-9
"""Relative; the value itself is computed again from whole nanoseconds."""
TOLERANCE = 1e-6
"""Of the first objective, while the second is optimised: ms, demands, pairs or MUSD."""

INFEASIBLE = 2
"""As ``scipy.optimize.milp`` reports it."""


class Score(NamedTuple):
    """Two objectives, both to be small; the first decides, the second breaks ties."""

    first: float
    second: float


@dataclass(frozen=True)
class Selection:
    """Candidates to build."""

    names: tuple[str, ...]
    outcome: Outcome
    score: Score
    bound: float
    """No set has a first objective below it."""
    compared: int = 0
    """Sets that were compared one by one; 0 if a program was solved."""
    gap: float | None = None
    """By how much another set may be better; None for the difference to the bound."""

    @property
    def may_improve(self) -> float:
        """By how much another set may have a smaller first objective."""
        return max(0.0, self.score.first - self.bound) if self.gap is None else self.gap


class Objective:
    """What is compared: a measure, and a second one among sets that are equal by it."""

    def __init__(self, measures: Measures, by: Measure, target: Target | None = None) -> None:
        """``target``: what a set has to reach, for the lowest cost."""
        self.measures, self.by, self.target = measures, by, target
        self.second: Measure = "reach" if by == "latency" else "latency"

    @property
    def is_one_by_one(self) -> bool:
        """Whether no program has the objective, so that sets are compared one by one."""
        return not ONE_BY_ONE.isdisjoint(self.asked)

    @property
    def asked(self) -> frozenset[Measure]:
        """The measure that it compares, and that of the target."""
        return frozenset((self.by, *([] if self.target is None else [self.target.measure])))

    def score(self, names: Collection[str], longer_ns: Longer = None) -> Score:
        """Return both measures of a set."""
        of = self.measures.of
        return Score(of(self.by, names, longer_ns), of(self.second, names, longer_ns))

    def meets(self, names: Collection[str]) -> bool:
        """Whether a set reaches the target."""
        if self.target is None:
            return True
        return self.measures.of(self.target.measure, names) <= self.target.bound + TOLERANCE


def best(
    problem: Problem, objective: Objective, longer_ns: Longer = None, *, ties: bool = True
) -> Selection:
    """Return the best set of candidates within the limits.

    Args:
        problem: Candidates, limits and columns.
        objective: What is compared.
        longer_ns: By candidate fibre, what its length adds to the shortest; that of the written
            lengths without it.
        ties: Whether the second measure decides among equal sets.

    Raises:
        InputError: The solver found nothing in time, no set reaches the target, or there are too
            many sets to compare.
        EnvironmentUnsupported: The extra ``optimize`` is not installed.
    """
    if objective.is_one_by_one:
        return _best_of_sets(objective)
    require("corridor plan", "optimize")
    added = problem.nominal if longer_ns is None else longer_ns
    found, bound = list[Selection](), np.inf
    for opened in problem.by_gateways if "survival" in objective.asked else problem.openings:
        if not problem.fits(opened):
            continue
        least = min((one.score.first for one in found), default=np.inf)
        if objective.by != "cost":
            with_all = objective.measures.of(objective.by, (*problem.fibres, *opened), added)
            if with_all > least + TOLERANCE or (not ties and with_all >= least - TOLERANCE):
                continue  # no set of its fibres is better
        solved = _Program(problem, objective, opened, added).solve(ties=ties)
        if solved is None:
            continue
        names, low = solved
        bound = min(bound, low)
        score = objective.score(names, longer_ns)
        found.append(Selection(names, objective.measures.outcome(names, longer_ns), score, low))
    if not found:
        raise _unreached(objective)
    chosen = min(found, key=lambda one: (one.score, len(one.names), one.names))
    return Selection(chosen.names, chosen.outcome, chosen.score, min(bound, chosen.score.first))


def _best_of_sets(objective: Objective) -> Selection:
    """The best of all sets, each computed."""
    sets = objective.measures.sets(objective.asked)
    if objective.by == "nines":
        return _fewest_minutes(objective, sets)
    scores = {one: objective.score(one) for one in _that_meet(objective, sets)}
    if not scores:
        raise _unreached(objective)
    names = min(scores, key=lambda one: (scores[one], len(one), one))
    outcome, score = objective.measures.outcome(names), scores[names]
    return Selection(names, outcome, score, score.first, len(sets))


def _that_meet(objective: Objective, sets: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Those that reach the target; for the lowest cost, only the cheapest of them."""
    if objective.by != "cost":
        yield from filter(objective.meets, sets)
        return
    cost = objective.measures.problem.cost_musd
    least = np.inf
    for one in sorted(sets, key=cost):
        if cost(one) > least + TOLERANCE:
            return
        if objective.meets(one):
            least = min(least, cost(one))
            yield one


def _fewest_minutes(objective: Objective, sets: list[tuple[str, ...]]) -> Selection:
    """The best set by bounds of minutes, which are narrowed for sets that may still be the best.

    In time that is over, sets without bounds have that of all candidates together.
    """
    measures, problem = objective.measures, objective.measures.problem
    ends = time.monotonic() + problem.limits.seconds
    bounds, left = dict[tuple[str, ...], Minutes](), sets
    for level in range(len(GAPS)):
        for one in left:
            if bounds and time.monotonic() > ends:
                break
            bounds[one] = measures.minutes(one, level)
        least = min(one.high for one in bounds.values())
        left = [one for one in left if one in bounds and bounds[one].low <= least]
    names = min(
        left, key=lambda one: (bounds[one].high, measures.of(objective.second, one), len(one), one)
    )
    lows = [of.low for one, of in bounds.items() if one != names]
    if len(bounds) < len(sets):
        lows.append(measures.minutes((*problem.fibres, *problem.gateways), 0).low)
    best_other, outcome = min(lows, default=np.inf), measures.outcome(names)
    return Selection(
        names,
        outcome,
        objective.score(names),
        min(best_other, bounds[names].low),
        len(bounds),
        max(0.0, bounds[names].high - best_other),
    )


def _unreached(objective: Objective) -> InputError:
    target, measures = objective.target, objective.measures
    assert target is not None
    problem = measures.problem
    sign = -1 if target.measure in LARGE else 1
    everything = (*problem.fibres, *problem.gateways)
    value = sign * measures.of(target.measure, everything) if problem.fits(everything) else None
    also = "" if value is None else f"; all candidates together have {value:,.6g}"
    wanted = f"{target.measure} of {sign * target.bound:,.6g}"
    return InputError(f"no plan within the limits reaches a {wanted}{also}", "ask for less")


def greedy(problem: Problem, objective: Objective) -> Selection:
    """Return the set that takes the best single candidate again and again.

    With a budget, the best is the one with the largest gain for its cost; for the lowest cost, the
    gain is in the target, until it is reached.
    """
    pursued = objective
    if objective.target is not None:
        pursued = Objective(objective.measures, objective.target.measure)
    chosen: tuple[str, ...] = ()
    while objective.target is None or not objective.meets(chosen):
        now = pursued.score(chosen)
        options = []
        for name in (*problem.fibres, *problem.gateways):
            if name in chosen or not problem.fits((*chosen, name)):
                continue
            score = pursued.score((*chosen, name))
            if score < now:
                cost = problem.cost_musd([name]) if problem.limits.needs_costs else 1.0
                gains = ((score.first - now.first) / cost, (score.second - now.second) / cost)
                options.append((gains, name))
        if not options:
            break
        chosen = (*chosen, min(options)[1])
    outcome = objective.measures.outcome(chosen)
    return Selection(chosen, outcome, objective.score(chosen), -np.inf)


@dataclass
class _Rows:
    """Rows of a program, one entry at a time."""

    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(self, entries: Mapping[int, float], low: float, high: float) -> None:
        for column, value in entries.items():
            self.rows.append(len(self.low))
            self.columns.append(column)
            self.values.append(value)
        self.low.append(low)
        self.high.append(high)


class _Program:
    """Which fibres to build while a set of gateways is open.

    Variables: each fibre, built or not; each column, taken or not; each demand that has no path
    without candidates, served or not; each kind of pair of demand and failure, rescued or not. A
    column needs its fibres, and a direction takes at most one.
    """

    def __init__(
        self,
        problem: Problem,
        objective: Objective,
        opened: frozenset[str],
        added: Mapping[str, int],
    ) -> None:
        self._problem, self._objective, self._opened = problem, objective, opened
        self._numbers = {name: number for number, name in enumerate(problem.fibres)}
        self._rows, self._added = _Rows(), added
        self._count = len(problem.fibres)
        self._terms: dict[Measure, dict[int, float]] = {}
        self._constants: dict[Measure, float] = {}
        self._add_paths(problem.by_gateways[opened])
        if "survival" in objective.asked:
            self._add_rescues()
        if "cost" in objective.asked:
            costs = {number: problem.cost_musd([name]) for name, number in self._numbers.items()}
            self._terms["cost"], self._constants["cost"] = costs, problem.cost_musd(opened)
        self._limit()

    def solve(self, *, ties: bool) -> tuple[tuple[str, ...], float] | None:
        """Return the best set, and the bound of its first objective; None if none is permitted.

        Raises:
            InputError: The solver found nothing in time.
        """
        first, second = (self._costs(one) for one in (self._objective.by, self._objective.second))
        constant = self._constants[self._objective.by]
        if not self._count:
            names = tuple(sorted(self._opened))
            return (names, constant) if self._objective.meets(names) else None
        x, value, bound = self._milp(first)
        if x is None:
            return None
        if ties:
            self._rows.add(dict(enumerate(first)), -np.inf, value + TOLERANCE)
            among_equals, _, _ = self._milp(second)
            x = x if among_equals is None else among_equals
        built = [name for name, number in self._numbers.items() if x[number] > 0.5]
        return tuple(sorted([*self._needed(built), *self._opened])), bound + constant

    def _needed(self, built: list[str]) -> Iterator[str]:
        """Those without which the set is worse: the program may build fibres that no path uses."""
        kept = list(built)
        whole = self._objective.score([*built, *self._opened], self._added)
        for name in built:
            rest = [*(one for one in kept if one != name), *self._opened]
            if self._objective.score(rest, self._added) <= whole and self._objective.meets(rest):
                kept.remove(name)
        return iter(kept)

    def _costs(self, measure: Measure) -> Floats:
        found = np.zeros(self._count)
        for number, value in self._terms[measure].items():
            found[number] = value
        return found

    def _add_paths(self, of: Directions) -> None:
        """Columns, demands that they serve, and the value of both."""
        measures = self._objective.measures
        latency, reach = dict[int, float](), dict[int, float]()
        served, constant_ms = served_now(of.base_ns), 0.0
        for at, was in enumerate(served):
            weight = measures.weights[at] if measures.served[at] else 0.0
            constant_ms += weight * sum(of.base_ns[2 * at + n] or 0 for n in (0, 1)) / NS_PER_MS
            numbers = (2 * at, 2 * at + 1)
            taken = [self._direction(number, weight, of, latency) for number in numbers]
            if not was:
                variable = self._variable()
                reach[variable] = -1.0
                for number, some in zip(numbers, taken, strict=True):
                    if of.base_ns[number] is None:
                        self._rows.add({variable: 1.0} | dict.fromkeys(some, -1.0), -np.inf, 0.0)
        self._terms |= {"latency": latency, "reach": reach}
        self._constants |= {"latency": constant_ms, "reach": -sum(served)}

    def _direction(
        self, number: int, weight: float, of: Directions, latency: dict[int, float]
    ) -> list[int]:
        """Variables of its columns."""
        base, taken = of.base_ns[number], list[int]()
        for column in of.columns[number]:
            one_way_ns = column.one_way_ns(self._added)
            if one_way_ns is None or (base is not None and one_way_ns >= base):
                continue
            variable = self._needing(column.uses)
            if base is not None:
                latency[variable] = weight * (one_way_ns - base) / NS_PER_MS
            taken.append(variable)
        if taken:
            self._rows.add(dict.fromkeys(taken, 1.0), -np.inf, 1.0)
        return taken

    def _add_rescues(self) -> None:
        of = self._objective.measures.survival.surviving(self._opened)
        found, known = dict[int, float](), dict[frozenset[str], int]()
        for rescue in of.rescues:
            variable = self._variable()
            found[variable] = -float(rescue.pairs)
            for columns in rescue.directions:
                some = {
                    frozenset(one.uses)
                    for one in columns
                    if one.one_way_ns(self._added) is not None
                }
                for uses in some - known.keys():
                    known[uses] = self._needing(uses)
                entries = {known[uses]: -1.0 for uses in some}
                self._rows.add({variable: 1.0} | entries, -np.inf, 0.0)
        self._terms["survival"], self._constants["survival"] = found, -of.base

    def _needing(self, fibres: Collection[str]) -> int:
        """A variable that needs fibres."""
        variable = self._variable()
        for name in fibres:
            self._rows.add({variable: 1.0, self._numbers[name]: -1.0}, -np.inf, 0.0)
        return variable

    def _variable(self) -> int:
        self._count += 1
        return self._count - 1

    def _limit(self) -> None:
        limits, target = self._problem.limits, self._objective.target
        if limits.most is not None:
            fibres = dict.fromkeys(self._numbers.values(), 1.0)
            self._rows.add(fibres, -np.inf, limits.most - len(self._opened))
        if limits.budget_musd is not None:
            left = limits.budget_musd - self._problem.cost_musd(self._opened)
            spent = {n: self._problem.cost_musd([name]) for name, n in self._numbers.items()}
            self._rows.add(spent, -np.inf, left)
        if target is not None:
            left = target.bound - self._constants[target.measure]
            self._rows.add(self._terms[target.measure], -np.inf, left)

    def _milp(self, costs: Floats) -> tuple[Floats | None, float, float]:
        """Values of the variables, of the objective, and its bound; no values if nothing is
        permitted."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        rows, seconds = self._rows, self._problem.limits.seconds
        matrix = csr_array(
            (rows.values, (rows.rows, rows.columns)), shape=(len(rows.low), self._count)
        )
        kinds = np.zeros(self._count)
        kinds[: len(self._numbers)] = 1
        with printing_aside():
            found = milp(
                costs,
                integrality=kinds,
                bounds=Bounds(0, 1),
                constraints=LinearConstraint(matrix, np.array(rows.low), np.array(rows.high)),
                options={"mip_rel_gap": GAP, "time_limit": seconds},
            )
        if found.x is None:
            if found.status == INFEASIBLE:
                return None, np.inf, np.inf
            raise InputError(
                f"no plan was found in {seconds:g} s",
                "state a longer --time-limit, leave candidates out, or build fewer with --next",
            )
        bound = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        return found.x, float(found.fun), float(bound)
