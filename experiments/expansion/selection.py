"""The best candidates to build: exactly by HiGHS, and greedily for comparison. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from corridor.experiments.expansion.problem import Directions, Outcome, Problem, served_now
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import require
from corridor.topologies.base.printed_aside import printing_aside

type Floats = npt.NDArray[np.float64]
type By = Literal["latency", "reach"]
NS_PER_MS = 1_000_000
GAP = 1e-9
"""Relative; the value itself is computed again from whole nanoseconds."""
TOLERANCE = 1e-6
"""Of the first objective, while the second is optimised: ms or demands."""
SECONDS = 120.0


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


class Objective:
    """What is compared: RTTs of the demands that are served today, and how many are served."""

    def __init__(self, problem: Problem, by: By) -> None:
        self.by = by
        self.served = served_now(problem.by_gateways[frozenset()].base_ns)

    def of(self, outcome: Outcome) -> Score:
        """Return ms of RTT of the demands that are served today, and minus the demands served; in
        the order of the objective."""
        rtts = outcome.rtts_ns
        total_ns = sum(ns for ns, was in zip(rtts, self.served, strict=True) if was and ns)
        return self.ordered(total_ns / NS_PER_MS, -sum(ns is not None for ns in rtts))

    def ordered(self, latency_ms: float, unreached: float) -> Score:
        """Return both in the order of the objective."""
        pair = (latency_ms, unreached)
        return Score(*pair) if self.by == "latency" else Score(*pair[::-1])


def best(
    problem: Problem, objective: Objective, longer_ns: Mapping[str, int] | None = None
) -> Selection:
    """Return the best set of candidates within the limits.

    Each set of gateways has a separate program, since gateways change the paths of the map.

    Args:
        problem: Candidates, limits and columns.
        objective: What is compared.
        longer_ns: By candidate fibre, what its length adds to the shortest; that of the written
            lengths without it.

    Raises:
        InputError: The solver found nothing in time.
        EnvironmentUnsupported: The extra ``optimize`` is not installed.
    """
    require("corridor plan", "optimize")
    added = problem.nominal if longer_ns is None else longer_ns
    found, bound = list[Selection](), np.inf
    for opened, of in problem.by_gateways.items():
        if not problem.fits(opened):
            continue
        program = _Program(problem, objective, opened, of, added)
        names, least = program.solve()
        bound = min(bound, least)
        outcome = problem.outcome(names, added)
        found.append(Selection(names, outcome, objective.of(outcome), least))
    chosen = min(found, key=lambda one: (one.score, len(one.names), one.names))
    return Selection(chosen.names, chosen.outcome, chosen.score, min(bound, chosen.score.first))


def greedy(problem: Problem, objective: Objective) -> Selection:
    """Return the set that takes the best single candidate again and again.

    With a budget, the best is the one with the largest gain for its cost.
    """
    chosen: tuple[str, ...] = ()
    outcome = problem.outcome(())
    while True:
        now = objective.of(outcome)
        options = []
        for name in (*problem.fibres, *problem.gateways):
            if name in chosen or not problem.fits((*chosen, name)):
                continue
            found = problem.outcome((*chosen, name))
            score = objective.of(found)
            if score < now:
                cost = problem.costs_musd.get(name, 1.0)
                gains = ((score.first - now.first) / cost, (score.second - now.second) / cost)
                options.append((gains, name, found))
        if not options:
            return Selection(chosen, outcome, now, -np.inf)
        _, name, outcome = min(options)
        chosen = (*chosen, name)


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
    without candidates, served or not. A column needs its fibres, and a direction takes at most one.
    """

    def __init__(
        self,
        problem: Problem,
        objective: Objective,
        opened: frozenset[str],
        of: Directions,
        added: Mapping[str, int],
    ) -> None:
        self._problem, self._objective, self._opened = problem, objective, opened
        self._numbers = {name: number for number, name in enumerate(problem.fibres)}
        self._rows = _Rows()
        self._latency = [0.0] * len(problem.fibres)
        self._unreached = [0.0] * len(problem.fibres)
        base_served = served_now(of.base_ns)
        self._constant_ms = (
            sum(
                (of.base_ns[2 * at] or 0) + (of.base_ns[2 * at + 1] or 0)
                for at, was in enumerate(objective.served)
                if was
            )
            / NS_PER_MS
        )
        self._constant_unreached = -sum(base_served)
        for at, was in enumerate(base_served):
            taken = [self._direction(number, at, of, added) for number in (2 * at, 2 * at + 1)]
            if not was:
                lacking = [
                    some
                    for number, some in zip((2 * at, 2 * at + 1), taken, strict=True)
                    if of.base_ns[number] is None
                ]
                served = self._variable(0.0, -1.0)
                for some in lacking:
                    self._rows.add({served: 1.0} | dict.fromkeys(some, -1.0), -np.inf, 0.0)
        self._limit()

    def solve(self) -> tuple[tuple[str, ...], float]:
        """Return the best set, and the bound of its first objective."""
        first, second = (np.array(one) for one in self._costs())
        constants = self._objective.ordered(self._constant_ms, self._constant_unreached)
        if not len(self._latency):
            return tuple(sorted(self._opened)), constants.first
        x, value, bound = self._milp(first)
        if x is None:
            raise InputError(
                f"no plan was found in {SECONDS:g} s",
                "leave candidates out with --leave-out, or build fewer with --next",
            )
        self._rows.add(dict(enumerate(first)), -np.inf, value + TOLERANCE)
        among_equals, _, _ = self._milp(second)
        x = x if among_equals is None else among_equals
        built = [name for name, number in self._numbers.items() if x[number] > 0.5]
        return tuple(sorted([*self._needed(built), *self._opened])), bound + constants.first

    def _needed(self, built: list[str]) -> Iterator[str]:
        """Those without which the set is worse: the program may build fibres that no path uses."""
        kept = list(built)
        whole = self._objective.of(self._problem.outcome([*built, *self._opened]))
        for name in built:
            rest = [one for one in kept if one != name]
            if self._objective.of(self._problem.outcome([*rest, *self._opened])) <= whole:
                kept = rest
        return iter(kept)

    def _costs(self) -> tuple[list[float], list[float]]:
        pair = (self._latency, self._unreached)
        return pair if self._objective.by == "latency" else pair[::-1]

    def _direction(
        self, number: int, demand: int, of: Directions, added: Mapping[str, int]
    ) -> list[int]:
        """Variables of its columns."""
        base, taken = of.base_ns[number], list[int]()
        for column in of.columns[number]:
            one_way_ns = column.one_way_ns(added)
            if one_way_ns is None or (base is not None and one_way_ns >= base):
                continue
            saves = (one_way_ns - base) / NS_PER_MS if base is not None else 0.0
            variable = self._variable(saves if self._objective.served[demand] else 0.0, 0.0)
            taken.append(variable)
            for name in column.uses:
                self._rows.add({variable: 1.0, self._numbers[name]: -1.0}, -np.inf, 0.0)
        if taken:
            self._rows.add(dict.fromkeys(taken, 1.0), -np.inf, 1.0)
        return taken

    def _variable(self, latency_ms: float, unreached: float) -> int:
        self._latency.append(latency_ms)
        self._unreached.append(unreached)
        return len(self._latency) - 1

    def _limit(self) -> None:
        limits, costs = self._problem.limits, self._problem.costs_musd
        if limits.most is not None:
            fibres = dict.fromkeys(self._numbers.values(), 1.0)
            self._rows.add(fibres, -np.inf, limits.most - len(self._opened))
        if limits.budget_musd is not None:
            left = limits.budget_musd - sum(costs[name] for name in self._opened)
            spent = {number: costs[name] for name, number in self._numbers.items()}
            self._rows.add(spent, -np.inf, left)

    def _milp(self, costs: Floats) -> tuple[Floats | None, float, float]:
        """Values of the variables, of the objective, and its bound; no values if none are found."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        count, rows = len(self._latency), self._rows
        shape = (len(rows.low), count)
        matrix = csr_array((rows.values, (rows.rows, rows.columns)), shape=shape)
        kinds = np.zeros(count)
        kinds[: len(self._numbers)] = 1
        with printing_aside():
            found = milp(
                costs,
                integrality=kinds,
                bounds=Bounds(0, 1),
                constraints=LinearConstraint(matrix, np.array(rows.low), np.array(rows.high)),
                options={"mip_rel_gap": GAP, "time_limit": SECONDS},
            )
        if found.x is None:
            return None, np.inf, -np.inf
        bound = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        return found.x, float(found.fun), float(bound)
