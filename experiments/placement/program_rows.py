"""Variables and rows of a placement's program. Pure.

A column is a group of equal jobs at one hub; its value is how many of them run there. Jobs of one
shape (window, hours of computing, whether they may pause) share their schedule at a hub: what each
of them may do in an hour is a fixed multiple of its power, so that the sum decides. Emission
factors and prices have no hours, so hours matter for the limits only.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from corridor.experiments.placement.jobs_file import HOURS, Job
from corridor.topologies.base.arrays import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SPARE = 1e-9
"""Of a limit, against rounding."""
STEP_H = 2
PARTS_OF_DAY = sorted(
    {(hour, hour + 1) for hour in range(HOURS)}
    | {
        (begin, end)
        for begin in range(0, HOURS, STEP_H)
        for end in range(begin + STEP_H, HOURS + 1, STEP_H)
    }
)
"""First hour, and the hour after the last: each hour, and all parts between even hours."""
NOTHING: Floats = np.zeros(HOURS)

type Link = tuple[str, ...]
"""A fibre or a shared landing, its direction, and what is cut."""


class Shape(NamedTuple):
    """Jobs with one schedule at a hub."""

    begin: int
    end: int
    hours: float
    """Whole, but for what is left of jobs that pause."""
    pauses: bool
    block_mw: float
    """Power of one job that runs without pause, in one piece; 0 where power may be any."""

    @property
    def is_constant(self) -> bool:
        """Whether jobs run in each hour of their window."""
        return self.hours == self.end - self.begin

    @property
    def starts(self) -> bool:
        """Whether jobs run in one piece and may begin at several hours."""
        return not (self.is_constant or self.pauses)


def shape_of(job: Job) -> Shape:
    """Return the shape of a job."""
    begin, end = job.window
    runs_all = job.running_h == end - begin
    pauses = "time" in job.divisible and not runs_all
    in_one_piece = not runs_all and not pauses and "space" not in job.divisible
    return Shape(begin, end, job.running_h, pauses, job.it_mw if in_one_piece else 0.0)


@dataclass(frozen=True)
class Column:
    """One group of equal jobs at one hub."""

    group: int
    hub: int
    cost: float
    """Of one job, in the unit of the objective."""
    rtt_ms: float
    links: Mapping[Link, float] = field(default_factory=dict)
    """Gbit/s of one job by link, over its window."""


@dataclass(frozen=True)
class Problem:
    """What is to be placed where."""

    groups: Sequence[tuple[Job, float]]
    """A job, and how many are equal to it."""
    limits_mw: Sequence[float]
    """IT power by hub; inf where nothing is limited, and no schedule is wanted."""
    columns: Sequence[Column]
    link_gbps: Mapping[Link, float]
    """Limits of links; other links are not limited."""
    is_early: bool = False
    """Whether jobs run as early as power allows, rather than at any hours."""
    used_gbps: Mapping[Link, Floats] = field(default_factory=dict)
    """By link and hour: what is taken from its limit by jobs that are placed already."""


class Rows:
    """Variables and rows: columns first, then power by hub and shape, then its schedule.

    Coarse rows have columns only. They limit the energy that must be used at a hub within some
    hours; a placement that fits keeps them, and not each that keeps them fits.
    """

    def __init__(
        self, problem: Problem, most_rtt_ms: float | None, *, is_coarse: bool = False
    ) -> None:
        self._problem = problem
        self._kinds = [int("space" not in problem.groups[one.group][0].divisible)
                       for one in problem.columns]  # fmt: skip
        self._most = [most_jobs(problem, one) for one in problem.columns]
        self._entries: list[tuple[int, int, float]] = []
        self._low: list[float] = []
        self._high: list[float] = []
        self._running: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        self._power_rows: list[tuple[int, int]] = []
        self._hours: dict[tuple[int, Shape], list[tuple[int, int, float]]] = {}
        """By hub and shape: an hour, its variable, and the MW of it."""
        self._place_all()
        if is_coarse:
            self._limit_energy()
        else:
            self._schedule()
            self._limit_power()
        self._limit_links()
        if most_rtt_ms is not None:
            each = [(at, one.rtt_ms) for at, one in enumerate(problem.columns)]
            self._row(each, -np.inf, most_rtt_ms)

    @property
    def count(self) -> int:
        return len(self._kinds)

    @property
    def most(self) -> Floats:
        """Upper bounds of variables, which the rows imply: without any, the presolve of HiGHS can
        loop for ever, and looks at no time limit (github.com/ERGO-Code/HiGHS/issues/2226)."""
        return _floats(self._most)

    def integrality(self, *, of_starts: bool) -> Floats:
        """1 for whole numbers; hours at which jobs start are whole numbers only if asked for."""
        kinds = _floats(self._kinds)
        if not of_starts:
            kinds[len(self._problem.columns) :] = 0
        return kinds

    @cached_property
    def limits(self) -> tuple[csr_array, Floats, Floats]:
        """The matrix and the bounds of its rows."""
        from scipy.sparse import csr_array

        rows, places, values = zip(*self._entries, strict=True)
        shape = (len(self._low), self.count)
        return (
            csr_array((values, (rows, places)), shape=shape),
            _floats(self._low),
            _floats(self._high),
        )

    def high_with(self, limits_mw: Floats) -> Floats:
        """Upper bounds of rows with other power limits of hubs."""
        high = self.limits[2].copy()
        rows, hubs = zip(*self._power_rows, strict=True)
        high[list(rows)] = limits_mw[list(hubs)]
        return high

    def whole(self, found: Floats) -> list[float]:
        """Jobs by column, whole where jobs are not divisible."""
        kinds = zip(found.tolist(), self._kinds, strict=False)
        return [float(round(one)) if kind else max(0.0, one) for one, kind in kinds]

    def hourly_mw(self, found: Floats) -> Floats:
        """IT power by hub and hour."""
        power = np.zeros((len(self._problem.limits_mw), HOURS))
        for (hub, hour), items in self._running.items():
            power[hub, hour] = sum(found[at] * mw for at, mw in items)
        return power

    def schedules(self, found: Floats) -> dict[tuple[int, Shape], Floats]:
        """By hub and shape, the MW of each hour; of jobs in one piece, the MW that begin then."""
        schedules = {}
        for key, hours in self._hours.items():
            schedules[key] = np.zeros(HOURS)
            for hour, at, mw in hours:
                schedules[key][hour] = found[at] * mw
        return schedules

    def lateness(self) -> Floats:
        """How many MW hours after its window begins a unit of each variable runs."""
        late = np.zeros(self.count)
        for (_, shape), hours in self._hours.items():
            if not shape.is_constant:
                for hour, at, mw in hours:
                    late[at] = mw * (hour - shape.begin)
        return late

    def _place_all(self) -> None:
        by_group = defaultdict[int, list[int]](list)
        for at, one in enumerate(self._problem.columns):
            by_group[one.group].append(at)
        for group, (_, number) in enumerate(self._problem.groups):
            self._row([(at, 1.0) for at in by_group[group]], number, number)

    def _schedule(self) -> None:
        """Power of a shape at a hub, and in which hours it runs."""
        members = defaultdict[tuple[int, Shape], list[tuple[int, float]]](list)
        for at, one in enumerate(self._problem.columns):
            if math.isinf(self._problem.limits_mw[one.hub]):
                continue
            job = self._problem.groups[one.group][0]
            members[one.hub, shape_of(job)].append((at, job.it_mw))
        for (hub, shape), items in members.items():
            power = self._variable(sum(self._most[at] * mw for at, mw in items))
            self._row([*items, (power, -1.0)], 0, 0)
            self._run(hub, shape, power)

    def _run(self, hub: int, shape: Shape, power: int) -> None:
        hours = range(shape.begin, shape.end)
        if shape.is_constant:
            self._hours[hub, shape] = [(hour, power, 1.0) for hour in hours]
            for hour in hours:
                self._running[hub, hour].append((power, 1.0))
        elif shape.pauses:
            taken = [(hour, self._variable(self._most[power])) for hour in hours]
            self._hours[hub, shape] = [(hour, at, 1.0) for hour, at in taken]
            self._row([*((at, 1.0) for _, at in taken), (power, -float(shape.hours))], 0, 0)
            for hour, at in taken:
                self._row([(at, 1.0), (power, -1.0)], -np.inf, 0)
                self._running[hub, hour].append((at, 1.0))
        else:
            unit_mw = shape.block_mw or 1.0
            length = round(shape.hours)
            starts = range(shape.begin, shape.end - length + 1)
            most, kind = self._most[power] / unit_mw, int(shape.block_mw > 0)
            begun = [(hour, self._variable(most, kind)) for hour in starts]
            self._hours[hub, shape] = [(hour, at, unit_mw) for hour, at in begun]
            self._row([*((at, unit_mw) for _, at in begun), (power, -1.0)], 0, 0)
            for first, at in begun:
                for hour in range(first, first + length):
                    self._running[hub, hour].append((at, unit_mw))

    def _limit_power(self) -> None:
        for (hub, _), items in self._running.items():
            self._power_rows.append((len(self._low), hub))
            self._row(items, -np.inf, self._problem.limits_mw[hub])

    def _limit_energy(self) -> None:
        at_hub = defaultdict[int, list[tuple[int, Job]]](list)
        for at, one in enumerate(self._problem.columns):
            at_hub[one.hub].append((at, self._problem.groups[one.group][0]))
        for hub, jobs in at_hub.items():
            limit_mw = self._problem.limits_mw[hub]
            for part in PARTS_OF_DAY:
                items = [(at, job.it_mw * n) for at, job in jobs if (n := least_hours(job, part))]
                if items:
                    self._row(items, -np.inf, limit_mw * (part[1] - part[0]))

    def _limit_links(self) -> None:
        """One row for each link and each part of the day between the ends of windows."""
        groups = self._problem.groups
        ends = sorted({0, HOURS, *(hour for job, _ in groups for hour in job.window)})
        for link, limit in self._problem.link_gbps.items():
            used = self._problem.used_gbps.get(link, NOTHING)
            using = [(at, one) for at, one in enumerate(self._problem.columns) if link in one.links]
            most = sum(one.links[link] * groups[one.group][1] for _, one in using)
            if most <= limit - used.max():
                continue
            for begin, end in pairwise(ends):
                items = [
                    (at, one.links[link])
                    for at, one in using
                    if groups[one.group][0].window[0] <= begin < groups[one.group][0].window[1]
                ]
                if items:
                    self._row(items, -np.inf, max(0.0, limit - used[begin:end].max()))

    def _variable(self, most: float, kind: int = 0) -> int:
        self._kinds.append(kind)
        self._most.append(most)
        return len(self._kinds) - 1

    def _row(self, items: Iterable[tuple[int, float]], low: float, high: float) -> None:
        row = len(self._low)
        self._entries += [(row, at, value) for at, value in items]
        self._low.append(low)
        self._high.append(high)


def variables(problem: Problem) -> int:
    """How many variables rows have that are not coarse, about."""
    seen = {(one.hub, shape_of(problem.groups[one.group][0])) for one in problem.columns}
    hours = sum(1 if shape.is_constant else shape.end - shape.begin for _, shape in seen)
    return len(problem.columns) + hours


def least_hours(job: Job, part: tuple[int, int]) -> int:
    """How many hours of a part of the day a job computes at least, whenever it runs."""
    (first, end), (begin, last) = job.window, part
    outside = (end - first) - max(0, min(end, last) - max(first, begin))
    if job.divisible:
        return max(0, job.running_h - outside)
    starts = range(first, end - job.running_h + 1)
    return min(max(0, min(at + job.running_h, last) - max(at, begin)) for at in starts)


def most_jobs(problem: Problem, column: Column) -> float:
    """How many jobs of a group fit at a hub if nothing else runs there, by power only."""
    job, number = problem.groups[column.group]
    if math.isinf(problem.limits_mw[column.hub]):
        return float(number)
    limit_mw, shape = problem.limits_mw[column.hub] * (1 + SPARE), shape_of(job)
    hours = shape.end - shape.begin
    if shape.pauses:
        fits = limit_mw * hours / job.it_mwh
    else:
        fits = limit_mw / job.it_mw
        fits = math.floor(fits) if shape.block_mw else fits
        fits *= hours // shape.hours if shape.block_mw else hours / shape.hours
    whole = "space" not in job.divisible
    return min(float(number), math.floor(fits) if whole else fits)


def _floats(values: Sequence[float]) -> Floats:
    return np.array(values, dtype=np.float64)
