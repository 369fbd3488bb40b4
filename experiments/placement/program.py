"""The mixed-integer program of a placement, solved by HiGHS with a bound. Pure."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from corridor.experiments.placement.jobs_file import HOURS, Job
from corridor.experiments.placement.program_rows import Problem, Rows, Shape, variables
from corridor.experiments.placement.program_search import Search, solve_whole
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import require

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

TIE_SHARE = 1e-5
"""Of the smallest possible objective: what RTT weighs at most, so that of equal hubs the nearer one
is used. Bounds are lowered by it."""
FEW = 6
"""Columns for each group in the first program."""
LEAST_S = 1.0
"""Of one program."""
SHARE_OF_FEW, SHARE_OF_SEARCH, SHARE_OF_RELAXED_STARTS = 0.1, 0.8, 0.9
"""Of the time, when steps 2, 3 and the first part of step 4 have ended."""
LARGE = 20_000
"""Variables above which steps 2 and 4, which rarely end then, are left out, and the relaxation has
coarse rows, which take a fifth of the time for a bound nearly as high."""
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
    3. Whole starts are found hub by hub, and a few hubs at a time are solved again.
    4. If that misses the gap, all hubs are solved at once, which may raise the bound; first with
       the hours of starts relaxed.

    Each step ends when the gap is reached, or its share of the time is used. Large problems have
    steps 1 and 3 only.

    Args:
        problem: Jobs, hubs and limits; each group has a column.
        effort: The relative gap and the time at which the solver stops.
        most_rtt_ms: A limit of the sum of RTTs over all jobs; None without one.

    Raises:
        NoPlacement: No placement fits, or none was found in time.
        EnvironmentUnsupported: The extra ``optimize`` is not installed.
    """
    return _Solver(problem, most_rtt_ms, effort).solved()


def relaxed(problem: Problem, effort: Effort) -> tuple[Floats, float]:
    """Solve the linear relaxation: parts of jobs by column, and the bound.

    Raises:
        NoPlacement: No placement fits, or none was found in time.
    """
    found = _Solver(problem, None, effort).relaxed()
    return found.parts, found.bound


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
    parts: Floats
    """Of jobs, by column."""
    bound: float
    reduced_costs: Floats
    """By column."""


class _Found(NamedTuple):
    x: Floats | None
    bound: float
    """Of the cost without what RTT weighs; 0 if nothing is known."""
    status: int


class _Solver:
    """One problem, solved several times."""

    def __init__(self, problem: Problem, most_rtt_ms: float | None, effort: Effort) -> None:
        require("corridor place", "optimize")
        self._problem = problem
        self._is_large = variables(problem) > LARGE
        self._effort = effort
        self._most_rtt_ms = most_rtt_ms
        self._bound = 0.0
        self._began_s = time.monotonic()
        weight, self._most_tie = _tie(problem)
        self._ties = weight * np.array([one.rtt_ms for one in problem.columns])
        self._column_costs = np.array([float(one.cost) for one in problem.columns])

    def relaxed(self) -> _Relaxed:
        """The linear relaxation, by coarse rows for a large problem. Raises NoPlacement."""
        coarse = Rows(self._problem, self._most_rtt_ms, is_coarse=True) if self._is_large else None
        rows = coarse or self._rows
        costs = self._with_ties(self._column_costs, rows)
        found = _linear(rows, costs, rows.limits[2], self._left_s(), rows.most)
        if found.x is None or found.status != 0:
            raise _none_found(int(found.status), self._problem, self._effort)
        self._bound = max(0.0, float(found.fun) - self._most_tie)
        count = len(self._problem.columns)
        return _Relaxed(found.x[:count], self._bound, found.lower.marginals[:count])

    def linear(self, costs: Floats, limits_mw: Floats, seconds: float) -> OptimizeResult:
        """The relaxation with other costs of columns and other power limits."""
        rows = self._rows
        return _linear(rows, self._with_ties(costs, rows), rows.high_with(limits_mw), seconds)

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self._problem, self._most_rtt_ms)

    def _with_ties(self, costs: Floats, rows: Rows) -> Floats:
        every = np.zeros(rows.count)
        every[: len(costs)] = costs + self._ties
        return every

    def solved(self) -> Solution:
        """A placement, and the bound. Raises NoPlacement."""
        relaxed = self.relaxed()
        search = self._search(relaxed)
        status = OUT_OF_TIME if self._is_large else self._improve_at_once(search)
        if search.waiting:
            raise _none_found(status, self._problem, self._effort, search.waiting)
        if self._problem.is_early:
            search.run_early(self._left_s)
        value, placed = search.value, search.placed
        return Solution(
            tuple(placed.jobs[: len(self._problem.columns)].tolist()),
            value,
            min(value, self._bound),
            placed.hourly_mw,
            placed.schedules,
            is_optimal=self._is_enough(value),
        )

    def _search(self, relaxed: _Relaxed) -> Search:
        """Steps 2 and 3."""
        effort, parts = self._effort, relaxed.parts
        costs = self._column_costs + self._ties
        search = Search(self._problem, costs, self._most_rtt_ms, effort.gap)
        if not self._is_large:
            high = _few(relaxed, self._problem, self._rows.count)
            found = self._milp(high, SHARE_OF_FEW, of_starts=False)
            parts = parts if found.x is None else found.x[: len(parts)]
        search.begin(parts, self._left_s)
        share = 1.0 if self._is_large else SHARE_OF_SEARCH
        until_s = self._began_s + share * effort.seconds
        search.improve(
            relaxed.parts,
            lambda: until_s - time.monotonic(),
            self._bound / (1 - effort.gap),
            is_last=self._is_large,
        )
        return search

    def _improve_at_once(self, search: Search) -> int:
        """Step 4. Returns the status of HiGHS."""
        everything, status = np.full(self._rows.count, np.inf), 0
        for of_starts, share in ((False, SHARE_OF_RELAXED_STARTS), (True, 1.0)):
            if self._is_enough(search.value):
                break
            found = self._milp(everything, share, of_starts=of_starts)
            status = found.status
            self._bound = max(self._bound, found.bound)
            if found.x is not None and not self._is_enough(search.value):
                self._try(search, found.x, of_starts=of_starts)
        return status

    def _try(self, search: Search, x: Floats, *, of_starts: bool) -> None:
        before, value = search.placed, search.value
        if of_starts:
            search.take_all(self._rows, x)
        else:
            search.begin(x[: len(self._problem.columns)], self._left_s)
        if search.value > value:
            search.placed = before

    def _is_enough(self, value: float) -> bool:
        return value * (1 - self._effort.gap) <= self._bound

    def _milp(self, high: Floats, share: float, *, of_starts: bool) -> _Found:
        """Whole jobs by column, until a share of the time is used; ``high`` bounds variables."""
        options = {
            "mip_rel_gap": 0.9 * self._effort.gap,
            "time_limit": max(LEAST_S, self._left_s() - (1 - share) * self._effort.seconds),
        }
        kinds = self._rows.integrality(of_starts=of_starts)
        bounds = np.zeros(self._rows.count), high
        costs = self._with_ties(self._column_costs, self._rows)
        found = solve_whole(self._rows, costs, kinds, bounds, options)
        dual = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        bound = 0.0 if dual is None else max(0.0, float(dual) - self._most_tie)
        return _Found(found.x, bound, int(found.status))

    def _left_s(self) -> float:
        return max(LEAST_S, self._effort.seconds - (time.monotonic() - self._began_s))


def _linear(
    rows: Rows, costs: Floats, high: Floats, seconds: float, most: Floats | None = None
) -> OptimizeResult:
    """Minimise ``costs`` over parts of jobs; ``high`` bounds rows, ``most`` variables."""
    from scipy.optimize import linprog

    matrix, low, usual_high = rows.limits
    is_equal = low == usual_high
    return linprog(
        costs,
        A_ub=matrix[~is_equal],
        b_ub=high[~is_equal],
        A_eq=matrix[is_equal],
        b_eq=high[is_equal],
        bounds=(0, None) if most is None else np.column_stack([np.zeros(len(most)), most]),
        method="highs",
        options={"time_limit": seconds},
    )


def _few(of: _Relaxed, problem: Problem, number: int) -> Floats:
    """Upper bounds of variables that leave the columns of lowest reduced costs."""
    count, reduced = len(problem.columns), of.reduced_costs
    kept = min(count - 1, FEW * len(problem.groups))
    high = np.full(number, np.inf)
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


def _none_found(status: int, problem: Problem, effort: Effort, waiting: float = 0.0) -> NoPlacement:
    if status == OUT_OF_TIME:
        total = sum(number for _, number in problem.groups)
        of = f" for {waiting:,.3g} of {total:,.0f} jobs" if waiting else ""
        message = f"no placement was found{of} in {effort.seconds:g} s"
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
