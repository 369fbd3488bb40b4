"""Placements improved hub by hub: a few hubs are solved again, and jobs elsewhere stay. Pure.

A program of 25 hubs and 400 jobs with whole starts is too large to be solved at once; one of four
hubs takes a second. This is large neighbourhood search (Shaw, CP 1998; Danna, Rothberg and
Le Pape, Mathematical Programming 102, 2005). Jobs that do not fit wait at a hub without limits,
whose cost is prohibitive, so that each placement can be improved, an empty one too.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from corridor.experiments.placement.jobs_file import HOURS
from corridor.experiments.placement.program_rows import Column, Link, Problem, Rows, Shape
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.printed_aside import printing_aside

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.optimize import OptimizeResult

HUBS_AT_ONCE, LEAST_HUBS = 4, 2
MOST_COLUMNS = 400
"""Of hubs solved at once; the two smallest numbers of hubs may have more."""
PROHIBITIVE = 100.0
"""What a job that waits costs, as a multiple of its dearest hub."""
LEAST_S, MOST_S = 0.5, 5.0
"""Of one solution of a few hubs."""
MOST_NODES = 200
"""Of branch and bound in one solution of a few hubs."""
ROUNDS = 60
"""Without an improvement, after which the search ends."""
NONE_LEFT = 1e-6
"""Parts of jobs."""
SEED = 1

type Left = Callable[[], float]
"""The seconds that remain."""


def solve_whole(
    rows: Rows,
    costs: Floats,
    kinds: Floats,
    bounds: tuple[Floats, Floats],
    options: dict[str, float],
) -> OptimizeResult:
    """Minimise ``costs`` over whole numbers where ``kinds`` is 1, within ``bounds``."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    low, high = bounds
    with printing_aside():  # HiGHS says where it repairs a solution, whatever is asked
        return milp(
            costs,
            integrality=kinds,
            bounds=Bounds(low, np.maximum(low, np.minimum(high, rows.most))),
            constraints=LinearConstraint(*rows.limits),
            options=options,
        )


@dataclass(frozen=True)
class Placed:
    """Jobs by column, and when they run."""

    jobs: Floats
    """By column; those that wait come last, by group."""
    hourly_mw: Floats
    """By hub and hour: IT power."""
    schedules: dict[tuple[int, Shape], Floats]
    """By hub and shape: MW by hour; of jobs in one piece, MW that begin in it."""


class _Part(NamedTuple):
    """Some hubs of a problem."""

    kept: list[int]
    """Columns of the whole problem."""
    problem: Problem
    most_rtt_ms: float | None


class Search:
    """A placement of a problem, improved until nothing better is found."""

    def __init__(
        self, problem: Problem, costs: Floats, most_rtt_ms: float | None, gap: float
    ) -> None:
        """``costs`` are those of columns, with what RTT weighs."""
        self._count, self._hubs = len(problem.columns), len(problem.limits_mw)
        self._most_rtt_ms = most_rtt_ms
        self._gap = gap
        self._problem = _with_waiting(problem)
        own = [one.cost for one in self._problem.columns]
        self._true = np.array(own)
        self._costs = np.array([*costs, *own[self._count :]])
        self._columns_at = defaultdict[int, list[int]](list)
        """By group, without the one of jobs that wait."""
        for at, one in enumerate(problem.columns):
            self._columns_at[one.group].append(at)
        self._hub_of = np.array([one.hub for one in problem.columns])
        jobs = np.zeros(len(own))
        jobs[self._count :] = [number for _, number in problem.groups]
        self.placed = self._none_running(jobs)

    def _none_running(self, jobs: Floats) -> Placed:
        return Placed(jobs, np.zeros((self._hubs, HOURS)), {})

    @property
    def waiting(self) -> float:
        """How many jobs have no hub."""
        left = self.placed.jobs[self._count :].sum()
        return float(left) if left > NONE_LEFT else 0.0

    @property
    def value(self) -> float:
        """The cost, with that of jobs that wait."""
        return float(self._true @ self.placed.jobs)

    def begin(self, parts: Floats, left_s: Left) -> None:
        """Place the jobs of each hub in ``parts`` there, as far as they fit with whole starts.

        Args:
            parts: Jobs by column, which may be parts of jobs, as in a linear relaxation.
            left_s: The seconds that remain.
        """
        jobs = np.zeros(len(self.placed.jobs))
        for group, columns in self._columns_at.items():
            jobs[columns] = self._rounded(group, parts[columns])
        self.placed = self._none_running(jobs)
        for hub in range(self._hubs):
            self._solve({hub}, left_s, is_new=True)

    def improve(
        self, relaxed: Floats, left_s: Left, enough: float, *, is_last: bool = False
    ) -> None:
        """Solve a few hubs at a time, until the value is ``enough`` or nothing improves it.

        Args:
            relaxed: Jobs by column in the linear relaxation, which hint at better hubs.
            left_s: The seconds that remain.
            enough: The value at which the search ends.
            is_last: Nothing follows, so that all the time is used while jobs wait.
        """
        rng, idle = random.Random(SEED), 0
        most_idle = ROUNDS if self._hubs > HUBS_AT_ONCE else 1
        while left_s() > 0 and self.value > enough:
            if idle >= most_idle and not (is_last and self.waiting):
                return
            idle = 0 if self._solve(self._some_hubs(rng, relaxed), left_s) else idle + 1

    def run_early(self, left_s: Left) -> None:
        """Let jobs run at their hubs as early as power allows."""
        for hub in range(self._hubs):
            part = self._part({hub}, waiting=False)
            if not part.problem.groups:
                continue
            rows = Rows(part.problem, None)
            stays = np.full(rows.count, np.inf)
            stays[: len(part.kept)] = self.placed.jobs[part.kept]
            low = np.where(np.isinf(stays), 0.0, stays)
            kinds = rows.integrality(of_starts=True)
            options = self._options(left_s)
            found = solve_whole(rows, rows.lateness(), kinds, (low, stays), options)
            if found.x is not None:
                self._take(part, {hub}, rows, found.x)

    def take_all(self, rows: Rows, x: Floats) -> None:
        """Take a solution of the whole problem."""
        jobs = np.zeros(len(self.placed.jobs))
        jobs[: self._count] = rows.whole(x[: self._count])
        self.placed = Placed(jobs, rows.hourly_mw(x), rows.schedules(x))

    def _rounded(self, group: int, parts: Floats) -> Floats:
        job, number = self._problem.groups[group]
        if "space" in job.divisible:
            return np.maximum(0.0, parts)
        least = np.floor(parts + NONE_LEFT)
        rest = round(number - least.sum())
        for at in np.argsort(least - parts, kind="stable")[:rest]:
            least[at] += 1
        return least

    def _some_hubs(self, rng: random.Random, relaxed: Floats) -> set[int]:
        """Hubs of a job that is not where the relaxation has it, or that waits; then any."""
        moved = self.placed.jobs[: self._count] - relaxed[: self._count]
        columns = self._problem.columns
        waits = np.flatnonzero(self.placed.jobs[self._count :] > NONE_LEFT).tolist()
        apart = sorted({columns[at].group for at in np.flatnonzero(np.abs(moved) > 0.01).tolist()})
        hubs: list[int] = []
        if waits or (apart and rng.random() < 0.5):
            inside = self._columns_at[rng.choice(waits or apart)]
            hubs = [columns[at].hub for at in inside if waits or abs(moved[at]) > 0.01]
            rng.shuffle(hubs)
        some = hubs[: rng.randint(1, max(1, HUBS_AT_ONCE - 1))]
        others = [hub for hub in range(self._hubs) if hub not in some]
        rng.shuffle(others)
        some += others[: HUBS_AT_ONCE - len(some)]
        while len(some) > LEAST_HUBS and self._columns_of(some) > MOST_COLUMNS:
            some.pop()
        return set(some)

    def _columns_of(self, hubs: Sequence[int]) -> int:
        """How many columns a program of some hubs has, about."""
        at_hub = (self.placed.jobs[: self._count] > NONE_LEFT) & np.isin(self._hub_of, hubs)
        return int(at_hub.sum()) * len(hubs)

    def _solve(self, hubs: set[int], left_s: Left, *, is_new: bool = False) -> bool:
        """Solve some hubs again; whether that is better. If ``is_new``, it is taken anyway."""
        part = self._part(hubs, waiting=is_new or self.waiting > 0)
        if not part.problem.groups:
            return False
        rows = Rows(part.problem, part.most_rtt_ms)
        costs = np.zeros(rows.count)
        costs[: len(part.kept)] = self._costs[part.kept]
        kinds = rows.integrality(of_starts=True)
        bounds = np.zeros(rows.count), np.full(rows.count, np.inf)
        found = solve_whole(rows, costs, kinds, bounds, self._options(left_s))
        if found.x is None:
            if is_new:
                self._send_away(hubs)
            return False
        before = self._costs[part.kept] @ self.placed.jobs[part.kept]
        after = self._costs[part.kept] @ np.array(rows.whole(found.x[: len(part.kept)]))
        is_better = bool(after < before - 1e-9 * abs(before))
        if is_better or is_new:
            self._take(part, hubs, rows, found.x)
        return is_better

    def _send_away(self, hubs: set[int]) -> None:
        jobs = self.placed.jobs.copy()
        for at, one in enumerate(self._problem.columns):
            if at < self._count and one.hub in hubs:
                jobs[self._count + one.group] += jobs[at]
                jobs[at] = 0.0
        self.placed = replace(self.placed, jobs=jobs)

    def _take(self, part: _Part, hubs: Iterable[int], rows: Rows, x: Floats) -> None:
        jobs, hourly = self.placed.jobs.copy(), self.placed.hourly_mw.copy()
        jobs[part.kept] = rows.whole(x[: len(part.kept)])
        some = list(hubs)
        hourly[some] = rows.hourly_mw(x)[some]
        kept = {key: one for key, one in self.placed.schedules.items() if key[0] not in hubs}
        new = {key: one for key, one in rows.schedules(x).items() if key[0] in hubs}
        self.placed = Placed(jobs, hourly, kept | new)

    def _part(self, hubs: set[int], *, waiting: bool = True) -> _Part:
        """The jobs of some hubs, those that wait, and what other jobs leave of the fibres."""
        columns, jobs, whole = self._problem.columns, self.placed.jobs, self._problem
        inside = {*hubs, self._hubs} if waiting else hubs
        kept = [at for at, one in enumerate(columns) if one.hub in inside]
        total = defaultdict[int, float](float)
        for at in kept:
            total[columns[at].group] += jobs[at]
        numbers = {group: one for group, one in total.items() if one > NONE_LEFT}
        new = {group: at for at, group in enumerate(numbers)}
        kept = [at for at in kept if columns[at].group in new]
        others = [
            (columns[at], jobs[at])
            for at in np.flatnonzero(jobs).tolist()
            if columns[at].hub not in inside
        ]
        rtt_ms = sum(one.rtt_ms * number for one, number in others)
        problem = Problem(
            [(whole.groups[group][0], one) for group, one in numbers.items()],
            whole.limits_mw,
            [replace(columns[at], group=new[columns[at].group]) for at in kept],
            whole.link_gbps,
            used_gbps=self._gbps_of(others) if whole.link_gbps else {},
        )
        most_ms = None if self._most_rtt_ms is None else self._most_rtt_ms - rtt_ms
        return _Part(kept, problem, most_ms)

    def _gbps_of(self, placed: Iterable[tuple[Column, float]]) -> dict[Link, Floats]:
        used: dict[Link, Floats] = defaultdict(lambda: np.zeros(HOURS))
        for column, number in placed:
            begin, end = self._problem.groups[column.group][0].window
            for link, gbps in column.links.items():
                used[link][begin:end] += gbps * number
        return used

    def _options(self, left_s: Left) -> dict[str, float]:
        seconds = min(MOST_S, max(LEAST_S, left_s()))
        return {"mip_rel_gap": self._gap / 3, "time_limit": seconds, "node_limit": MOST_NODES}


def _with_waiting(problem: Problem) -> Problem:
    """The problem with one more hub, where any number of jobs may wait."""
    dearest = defaultdict[int, float](float)
    for one in problem.columns:
        dearest[one.group] = max(dearest[one.group], one.cost)
    least = max(dearest.values()) / PROHIBITIVE or 1.0
    waiting = [
        Column(group, len(problem.limits_mw), PROHIBITIVE * max(dearest[group], least), 0.0)
        for group in range(len(problem.groups))
    ]
    limits_mw = [*problem.limits_mw, math.inf]
    return replace(problem, limits_mw=limits_mw, columns=[*problem.columns, *waiting])
