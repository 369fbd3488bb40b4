"""The mixed-integer program of a placement, solved by HiGHS with a bound. Pure."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from corridor.experiments.placement.jobs_file import HOURS, Job
from corridor.experiments.placement.program_rows import Problem, Rows, Shape
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import require
from corridor.topologies.base.printed_aside import printing_aside

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

TIE_SHARE = 1e-5
"""Of the smallest possible objective: what RTT weighs at most, so that of equal hubs the nearer one
is used. Bounds are lowered by it."""
FEW = 6
"""Columns for each group in the first program."""
LEAST_S = 1.0
"""Of one program."""
OUT_OF_TIME = 1
"""The status of HiGHS as scipy has it."""


class Effort(NamedTuple):
    """When the solver stops."""

    gap: float
    seconds: float


@dataclass(frozen=True)
class Solution:
    """Jobs by column, and the bound."""

    placed: tuple[float, ...]
    value: float
    bound: float
    hourly_mw: Floats
    """By hub and hour: IT power."""
    schedules: Mapping[tuple[int, Shape], Floats]
    """By hub and shape of jobs: MW by hour; of jobs in one piece, MW that begin in it."""
    is_optimal: bool = False
    """Whether the gap was reached in time."""


class NoPlacement(InputError):
    """No placement fits into the limits, or none was found in time."""


def solve(problem: Problem, effort: Effort, most_rtt_ms: float | None = None) -> Solution:
    """Minimise the cost of a placement.

    1. The linear relaxation has a bound, and by its reduced costs the columns that matter most.
    2. Whole jobs are placed over these columns, with the hours of starts relaxed.
    3. If that misses the gap, the same over all columns, which has a bound of its own.
    4. Whole starts are found for what was placed; if that misses the gap, all is solved at once.

    Args:
        problem: Jobs, hubs and limits; each group has a column.
        effort: The relative gap and the time at which the solver stops.
        most_rtt_ms: A limit of the sum of RTTs over all jobs; None without one.

    Raises:
        NoPlacement: No placement fits, or none was found in time.
        EnvironmentUnsupported: The extra ``optimize`` is not installed.
    """
    asked = _Solver(problem, most_rtt_ms, effort)
    relaxed = asked.relaxed()
    bound, made, status = relaxed.bound, list[Solution](), 0
    for high, of_starts in ((_few(relaxed, problem), False), (None, False), (None, True)):
        found = asked.placed(high=high, of_starts=of_starts)
        status = found.status
        if high is None:
            bound = max(bound, found.bound)
        made += asked.solutions(found)
        if made and min(one.value for one in made) * (1 - effort.gap) <= bound:
            break
    if not made:
        raise _none_found(status, problem, effort)
    best = min(made, key=lambda one: one.value)
    is_optimal = best.value * (1 - effort.gap) <= bound
    return replace(best, bound=min(best.value, bound), is_optimal=is_optimal)


def relaxed(problem: Problem, effort: Effort) -> tuple[Floats, float]:
    """Solve the linear relaxation: parts of jobs by column, and the bound.

    Raises:
        NoPlacement: No placement fits, or none was found in time.
    """
    found = _Solver(problem, None, effort).relaxed()
    return found.x[: len(problem.columns)], found.bound


class Relaxation:
    """The linear relaxation of a problem, solved again with other costs and power limits."""

    def __init__(self, problem: Problem, effort: Effort) -> None:
        self._problem = problem
        self._effort = effort
        self._solver = _Solver(problem, None, effort)

    def solve(self, costs: Floats, limits_mw: Floats) -> Floats | None:
        """Return parts of jobs by column; None if the jobs do not fit into the limits.

        Args:
            costs: Of one job by column, in the unit of the objective.
            limits_mw: IT power by hub.

        Raises:
            NoPlacement: None was found in time.
        """
        found = self._solver.linear(costs, limits_mw, self._effort.seconds)
        if found.status == OUT_OF_TIME:
            raise _none_found(OUT_OF_TIME, self._problem, self._effort)
        return None if found.x is None else found.x[: len(self._problem.columns)]


class _Relaxed(NamedTuple):
    x: Floats
    bound: float
    reduced_costs: Floats


class _Found(NamedTuple):
    x: Floats | None
    bound: float
    """Of the cost without what RTT weighs; 0 if nothing is known."""
    status: int


class _Solver:
    """One problem, solved several times."""

    def __init__(self, problem: Problem, most_rtt_ms: float | None, effort: Effort) -> None:
        require("corridor place", "optimize")
        self._rows = Rows(problem, most_rtt_ms)
        self._problem = problem
        self._effort = effort
        self._began_s = time.monotonic()
        weight, self._most_tie = _tie(problem)
        self._ties = weight * np.array([one.rtt_ms for one in problem.columns])
        self._costs = self._with_ties(np.array([one.cost for one in problem.columns]))

    def relaxed(self) -> _Relaxed:
        """The linear relaxation. Raises NoPlacement."""
        found = self._linear(self._costs, self._rows.limits[2], self._left_s())
        if found.x is None or found.status != 0:
            raise _none_found(int(found.status), self._problem, self._effort)
        bound = max(0.0, float(found.fun) - self._most_tie)
        return _Relaxed(found.x, bound, found.lower.marginals)

    def linear(self, costs: Floats, limits_mw: Floats, seconds: float) -> OptimizeResult:
        """The relaxation with other costs of columns and other power limits."""
        return self._linear(self._with_ties(costs), self._rows.high_with(limits_mw), seconds)

    def _with_ties(self, costs: Floats) -> Floats:
        every = np.zeros(self._rows.count)
        every[: len(costs)] = costs + self._ties
        return every

    def _linear(self, costs: Floats, high: Floats, seconds: float) -> OptimizeResult:
        from scipy.optimize import linprog

        matrix, low, usual_high = self._rows.limits
        is_equal = low == usual_high
        return linprog(
            costs,
            A_ub=matrix[~is_equal],
            b_ub=high[~is_equal],
            A_eq=matrix[is_equal],
            b_eq=high[is_equal],
            method="highs",
            options={"time_limit": seconds},
        )

    def placed(self, *, high: Floats | None = None, of_starts: bool = False) -> _Found:
        """Whole jobs by column; ``high`` bounds the variables."""
        upper = np.full(self._rows.count, np.inf) if high is None else high
        kinds = self._rows.integrality(of_starts=of_starts)
        return self._milp(kinds, np.zeros(self._rows.count), upper)

    def solutions(self, found: _Found) -> list[Solution]:
        """The placement with whole starts, or none. Whole jobs stay where they were found, parts of
        divisible ones may move."""
        if found.x is None:
            return []
        columns, kinds = self._problem.columns, self._rows.integrality(of_starts=True)
        low, high = np.zeros(self._rows.count), np.full(self._rows.count, np.inf)
        stays = np.flatnonzero(kinds[: len(columns)])
        low[stays] = high[stays] = np.round(found.x[stays])
        x = self._milp(kinds, low, high).x
        if x is None:
            return []
        if self._problem.is_early:
            low[: len(columns)] = high[: len(columns)] = x[: len(columns)]
            low[stays] = high[stays] = np.round(x[stays])
            early = self._milp(kinds, low, high, self._rows.lateness()).x
            x = x if early is None else early
        placed = self._rows.whole(x[: len(columns)])
        value = float(sum(n * one.cost for n, one in zip(placed, columns, strict=True)))
        hourly, schedules = self._rows.hourly_mw(x), self._rows.schedules(x)
        return [Solution(tuple(placed), value, 0.0, hourly, schedules)]

    def _milp(
        self, kinds: Floats, low: Floats, high: Floats, costs: Floats | None = None
    ) -> _Found:
        from scipy.optimize import Bounds, LinearConstraint, milp

        with printing_aside():  # HiGHS says where it repairs a solution, whatever is asked
            found = milp(
                self._costs if costs is None else costs,
                integrality=kinds,
                bounds=Bounds(low, np.maximum(low, np.minimum(high, self._rows.most))),
                constraints=LinearConstraint(*self._rows.limits),
                options={"mip_rel_gap": 0.9 * self._effort.gap, "time_limit": self._left_s()},
            )
        dual = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        bound = 0.0 if dual is None else max(0.0, float(dual) - self._most_tie)
        return _Found(found.x, bound, int(found.status))

    def _left_s(self) -> float:
        return max(LEAST_S, self._effort.seconds - (time.monotonic() - self._began_s))


def _few(of: _Relaxed, problem: Problem) -> Floats:
    """Upper bounds of variables that leave the columns of lowest reduced costs."""
    count = len(problem.columns)
    reduced = of.reduced_costs[:count]
    kept = min(count - 1, FEW * len(problem.groups))
    high = np.full(len(of.x), np.inf)
    high[:count][reduced > np.sort(reduced)[kept]] = 0
    return high


class Lacking(NamedTuple):
    """Hubs whose power limits are too small for the jobs that may run at no other hub."""

    jobs: tuple[Job, ...]
    hubs: tuple[int, ...]
    needs_mwh: float
    """Of IT energy, from the first hour of their windows to the last."""
    has_mwh: float


def lacking(problem: Problem) -> Lacking | None:
    """Return the fewest hubs that some group may use and that are too small; None if none are."""
    at: dict[int, set[int]] = defaultdict(set)
    for one in problem.columns:
        at[one.group].add(one.hub)
    for hubs in sorted(map(frozenset, at.values()), key=lambda one: (len(one), sorted(one))):
        inside = [group for group in at if at[group] <= hubs]
        needs = sum(problem.groups[group][0].it_mwh * problem.groups[group][1] for group in inside)
        windows = [problem.groups[group][0].window for group in inside]
        hours = max(end for _, end in windows) - min(begin for begin, _ in windows)
        has = sum(problem.limits_mw[hub] for hub in hubs) * hours
        if needs > has:
            jobs = tuple(problem.groups[group][0] for group in inside)
            return Lacking(jobs, tuple(sorted(hubs)), needs, has)
    return None


def _none_found(status: int, problem: Problem, effort: Effort) -> NoPlacement:
    if status == OUT_OF_TIME:
        message = f"no placement was found in {effort.seconds:g} s"
        return NoPlacement(message, "state a longer --time-limit")
    mean_mw = sum(job.it_mwh * n for job, n in problem.groups) / HOURS
    fibres = " and the capacity of fibres" if problem.link_gbps else ""
    return NoPlacement(
        f"the jobs do not fit into the power limits of the hubs{fibres}: they "
        f"need {mean_mw:,.0f} MW on average, the hubs have {sum(problem.limits_mw):,.0f} MW",
        "state more power with --mw, add hubs, or drop jobs",
    )


def _tie(problem: Problem) -> tuple[float, float]:
    """The weight of a ms of RTT, and what all RTTs together weigh at most."""
    least, most_ms = defaultdict[int, list[float]](list), defaultdict[int, list[float]](list)
    for one in problem.columns:
        least[one.group].append(one.cost)
        most_ms[one.group].append(one.rtt_ms)
    floor = sum(min(least[group]) * n for group, (_, n) in enumerate(problem.groups))
    longest = sum(max(most_ms[group]) * n for group, (_, n) in enumerate(problem.groups))
    if longest == 0:
        return 0.0, 0.0
    weight = (TIE_SHARE * floor or TIE_SHARE) / longest
    return weight, weight * longest
