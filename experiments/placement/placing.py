"""Placements of the jobs of one file, with and without law. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

from corridor.experiments.placement.fibre_loads import FibreLoads, LegRate, rates_of
from corridor.experiments.placement.hub_values import BY_EMISSIONS, End, HubValues, Objective
from corridor.experiments.placement.jobs_file import Job, LoadedJobs
from corridor.experiments.placement.program import (
    Effort,
    NoPlacement,
    Solution,
    lacking,
    relaxed,
    solve,
)
from corridor.experiments.placement.program_rows import Column, Problem
from corridor.experiments.placement.round_trips import RoundTrip, RoundTrips
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.words import few
from corridor.topologies.energy.countings import Count

BYTES_OF_GB = 1e9
MOST_NAMED = 5
LEAST_JOBS = 1e-6
"""A smaller part of a job is an error of rounding."""


class Asked(NamedTuple):
    """What is minimised, and how long."""

    objective: Objective
    counting: Count | None
    effort: Effort
    samples: int = 0
    """Of values within their intervals; 0: none are drawn."""
    seed: int = 1
    clauses: bool = False
    """Whether policies are lifted one by one."""
    season: str = ""
    """Of the emissions by location; empty: the year."""


class Part(NamedTuple):
    """Jobs of one entry of the file at one hub, by number."""

    hub: int
    jobs: float
    trip: RoundTrip


@dataclass(frozen=True)
class Plan:
    """One placement."""

    solution: Solution
    parts: Mapping[str, Sequence[Part]]
    """By job id."""
    it_mwh: Sequence[float]
    """By hub."""


class Placing:
    """The jobs of one file, and the hubs that may compute."""

    def __init__(
        self,
        loaded: LoadedJobs,
        hubs: Sequence[HubValues],
        asked: Asked,
        only: Collection[str] | None = None,
    ) -> None:
        """``only`` are the ids of the jobs to place, each of which needs a lawful hub; None: all
        that have one."""
        self.loaded = loaded
        self.hubs = hubs
        self.asked = asked
        self.trips = RoundTrips(loaded)
        self.loads = FibreLoads(loaded, self.trips)
        self.is_early = bool(loaded.file.events)
        """Whether jobs run as early as power allows: what an event finds computed depends on it."""
        self._options: dict[tuple[object, bool], dict[int, RoundTrip]] = {}
        lawful = {one.id for one in loaded.file.jobs if self.options(one, law=True)}
        placed = lawful if only is None else set(only)
        self.jobs = [one for one in loaded.file.jobs if one.id in placed]
        """Those with a lawful hub: the same under law and without."""
        self.not_placed = [one for one in loaded.file.jobs if one.id not in placed]
        if not self.jobs or not placed <= lawful:
            raise self._none_placed()

    def with_hubs(self, hubs: Sequence[HubValues]) -> Placing:
        """The same with other values of the same hubs."""
        changed = copy(self)
        changed.hubs = hubs
        return changed

    def options(self, job: Job, *, law: bool) -> Mapping[int, RoundTrip]:
        """Round trips of a job by the number of a hub where it may run."""
        key = (_alike(job), law)
        if key not in self._options:
            found = self.trips.lawful if law else self.trips.free
            own = [(at, one.hub) for at, one in enumerate(self.hubs) if job.may_run_at(one.hub)]
            trips = {at: found(job, hub) for at, hub in own}
            self._options[key] = {at: one for at, one in trips.items() if one is not None}
        return self._options[key]

    def why_not(self, job: Job) -> tuple[bool, str]:
        """Whether law blocks a job without a lawful hub, and what keeps it from the nearest one."""
        free = self.options(job, law=False)
        if not any(job.may_run_at(one.hub) for one in self.hubs):
            return False, f"its hubs ({few(job.hubs, MOST_NAMED)}) are no candidate hubs"
        if not free:
            return False, self._out_of_reach(job)
        nearest = self.hubs[min(free, key=lambda hub: free[hub].rtt_ns)].hub
        return True, f"at {nearest}: {self.trips.blocked(job, nearest)}"

    def _out_of_reach(self, job: Job) -> str:
        """Why no fibres lead to a hub within the RTT budget."""
        without_cuts = self.options(job.model_copy(update={"survives": False}), law=False)
        if not without_cuts:
            return "no candidate hub is within its RTT budget by any fibres"
        nearest = self.hubs[min(without_cuts, key=lambda hub: without_cuts[hub].rtt_ns)].hub
        cut, _ = next(self.trips.failing(job, nearest, law=False))
        within = "within the RTT budget " if job.rtt_budget else ""
        return f"at {nearest}: no fibres lead there {within}under the cut of {' and '.join(cut)}"

    def _none_placed(self) -> NoPlacement:
        """Law and latency each have their message and hint."""
        found = {one.id: self.why_not(one) for one in self.not_placed}
        each = few([f"{job}, {why}" for job, (_, why) in found.items()], MOST_NAMED, "; ")
        by_law = any(is_blocked for is_blocked, _ in found.values())
        which = f"by lawful paths under {self.loaded.policies.name}" if by_law else "by any fibres"
        hint = "corridor explain shows what blocks a demand" if by_law else "add nearer hubs"
        return NoPlacement(f"no job has a candidate hub {which}: {each}", hint)

    def plan(self, *, law: bool, end: End = "value", most_rtt_ms: float | None = None) -> Plan:
        """Return the best placement.

        Raises:
            NoPlacement: No placement fits, or none was found in time.
        """
        return self._solved(self.asked.objective, most_rtt_ms, law=law, end=end)

    def fastest(self, *, law: bool) -> Plan:
        """The same with the lowest sum of RTTs."""
        return self._solved("latency", None, law=law, end="value")

    def unit_cost(self, job: Job, part: Part, end: End = "value") -> float:
        """What one job costs at a hub, in the unit of the objective."""
        return self._cost(self.asked, job, (part.hub, part.trip), end)

    def relaxed_mwh(
        self, *, law: bool, end: End, counting: Count | None = None
    ) -> tuple[list[float], float]:
        """Return IT energy by hub and the optimum of the linear relaxation, by the counting that
        was asked for or another.

        Raises:
            NoPlacement: No placement fits, or none was found in time.
        """
        problem = self.problem(law=law, end=end, counting=counting)
        parts, bound = relaxed(problem, self.asked.effort)
        return self.mwh_of(problem, parts), bound

    def problem(self, *, law: bool, end: End, counting: Count | None = None) -> Problem:
        """The program of the jobs, by the counting that was asked for or another."""
        asked = self.asked._replace(counting=counting or self.asked.counting)
        return self._problem(_grouped(self.jobs), asked, law=law, end=end)

    def mwh_of(self, problem: Problem, parts: Floats) -> list[float]:
        """IT energy by hub of parts of jobs by column."""
        total = [0.0] * len(self.hubs)
        for part, column in zip(parts.tolist(), problem.columns, strict=True):
            total[column.hub] += part * problem.groups[column.group][0].it_mwh
        return total

    def _problem(
        self, groups: Sequence[Sequence[Job]], asked: Asked, *, law: bool, end: End
    ) -> Problem:
        columns, rates = list[Column](), list[list[LegRate]]()
        for number, (job, *_) in enumerate(groups):
            for hub, trip in self.options(job, law=law).items():
                cost = self._cost(asked, job, (hub, trip), end)
                columns.append(Column(number, hub, cost, trip.rtt_ns / 1e6))
                rates.append(rates_of(job, self.hubs[hub].hub))
        problem = Problem(
            [(group[0], sum(one.count for one in group)) for group in groups],
            [one.limit_mw for one in self.hubs],
            columns,
            {},
            self.is_early,
        )
        return self.loads.limited(problem, rates, law=law)

    def _solved(
        self, objective: Objective, most_rtt_ms: float | None, *, law: bool, end: End
    ) -> Plan:
        groups = _grouped(self.jobs)
        asked = self.asked._replace(objective=objective)
        problem = self._problem(groups, asked, law=law, end=end)
        try:
            solution = solve(problem, asked.effort, most_rtt_ms)
        except NoPlacement as error:
            raise self.explained(error, problem, law=law) from error
        placed = defaultdict[int, list[Part]](list)
        for jobs, column in zip(solution.placed, problem.columns, strict=True):
            if jobs > LEAST_JOBS:
                trip = self.options(groups[column.group][0], law=law)[column.hub]
                placed[column.group].append(Part(column.hub, jobs, trip))
        parts = {
            job.id: part
            for number, group in enumerate(groups)
            for job, part in _divided(group, placed[number])
        }
        return Plan(solution, parts, self._it_mwh(parts))

    def _it_mwh(self, parts: Mapping[str, Sequence[Part]]) -> list[float]:
        total = [0.0] * len(self.hubs)
        for job in self.jobs:
            for part in parts[job.id]:
                total[part.hub] += part.jobs * job.it_mwh
        return total

    def explained(self, error: NoPlacement, problem: Problem, *, law: bool) -> NoPlacement:
        """The same, with the problem that has no placement and the hubs that are too small."""
        which = f"under {self.loaded.policies.name}" if law else "without law"
        message = f"{which}: {error.message}"
        short = lacking(problem)
        if short is not None:
            names = few([self.hubs[one].hub for one in short.hubs], MOST_NAMED)
            jobs = few([*dict.fromkeys(job.id for job in short.jobs)], MOST_NAMED)
            message += (
                f"; {jobs} may run at {names} only, and with them need {short.needs_mwh:,.1f} MWh "
                f"of the {short.has_mwh:,.1f} that these hubs have in their windows"
            )
        return NoPlacement(message, error.hint)

    def _cost(self, asked: Asked, job: Job, at: tuple[int, RoundTrip], end: End) -> float:
        hub, trip = self.hubs[at[0]], at[1]
        if asked.objective == "latency":
            return trip.rtt_ns / 1e6
        if asked.objective in BY_EMISSIONS:
            assert asked.counting is not None
            found = hub.tco2(job.it_mwh, asked.counting, end)
        else:
            found = hub.cost(job.it_mwh)
        assert found is not None  # else the question was refused
        return found


def most_used(it_mwh: Sequence[float]) -> int:
    """The number of the hub with most IT energy; of equal ones the first."""
    return max(range(len(it_mwh)), key=lambda at: (round(it_mwh[at], 3), -at))


def moved(mwh: Sequence[float], usual: Sequence[float]) -> float:
    """The share of IT energy that is at other hubs."""
    pairs = zip(mwh, usual, strict=True)
    return sum(abs(a - b) for a, b in pairs) / 2 / sum(usual)


def _alike(job: Job) -> tuple[object, ...]:
    """Equal for jobs that differ by id and count only."""
    ends = (job.origin, job.to, job.data, job.result_class, job.rtt_budget, job.hubs)
    shape = (job.it_mw, job.window, job.running_h, tuple(sorted(job.divisible)), job.survives)
    return (*ends, *shape, job.input, job.output)


def _grouped(jobs: Sequence[Job]) -> list[list[Job]]:
    """Entries of equal jobs together."""
    found = defaultdict[tuple[object, ...], list[Job]](list)
    for one in jobs:
        found[_alike(one)].append(one)
    return list(found.values())


def _divided(group: Sequence[Job], placed: Sequence[Part]) -> Iterator[tuple[Job, list[Part]]]:
    """What was placed of a group, given to its entries in their order."""
    waiting = list(placed)
    for job in group:
        left, parts = float(job.count), list[Part]()
        while left > LEAST_JOBS and waiting:
            part = waiting.pop(0)
            taken = min(left, part.jobs)
            parts.append(part._replace(jobs=taken))
            left -= taken
            if part.jobs - taken > LEAST_JOBS:
                waiting.insert(0, part._replace(jobs=part.jobs - taken))
        yield job, parts
