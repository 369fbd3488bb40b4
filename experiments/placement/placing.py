"""Placements of the jobs of one file, with and without law. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from corridor.experiments.answers.capacity_document import Capacities, capacities
from corridor.experiments.placement.hub_values import BY_EMISSIONS, End, HubValues, Objective
from corridor.experiments.placement.jobs_file import HOURS, Job, LoadedJobs
from corridor.experiments.placement.program import (
    Effort,
    NoPlacement,
    Solution,
    lacking,
    relaxed,
    solve,
)
from corridor.experiments.placement.program_rows import Column, Link, Problem
from corridor.experiments.placement.round_trips import RoundTrip, RoundTrips
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.words import few
from corridor.topologies.energy.countings import Count
from corridor.topologies.model.routing import shared_links

BITS_OF_GBIT, SECONDS_OF_HOUR = 1e9, 3600
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
            return False, "no candidate hub is within its RTT budget by any fibres"
        nearest = self.hubs[min(free, key=lambda hub: free[hub].rtt_ns)].hub
        return True, f"at {nearest}: {self.trips.blocked(job, nearest)}"

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

    def link_rates(self, plan: Plan) -> dict[Link, float]:
        """The largest mean rate of a part of the day in Gbit/s, by link."""
        rates: dict[Link, Floats] = defaultdict(lambda: np.zeros(HOURS))
        for job in self.jobs:
            begin, end = job.window
            for part in plan.parts[job.id]:
                for link, gbps in self.links(job, part.trip).items():
                    rates[link][begin:end] += gbps * part.jobs
        return {link: float(one.max()) for link, one in rates.items()}

    def capacities(self) -> Capacities:
        """Of the fibres and landings of the map."""
        return capacities(self.loaded.topology)

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
        limits_fibres = self.loaded.file.fibre_share is not None
        columns = [
            Column(
                number,
                hub,
                self._cost(asked, group[0], (hub, trip), end),
                trip.rtt_ns / 1e6,
                self.links(group[0], trip) if limits_fibres else {},
            )
            for number, group in enumerate(groups)
            for hub, trip in self.options(group[0], law=law).items()
        ]
        return Problem(
            [(group[0], sum(one.count for one in group)) for group in groups],
            [one.limit_mw for one in self.hubs],
            columns,
            self.link_limits(columns),
            self.is_early,
        )

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

    def links(self, job: Job, trip: RoundTrip) -> dict[Link, float]:
        """Gbit/s of one job by link: its bytes over its window."""
        begin, end = job.window
        found: dict[Link, float] = defaultdict(float)
        for path, size in zip(trip.paths, (job.input, job.output), strict=True):
            if path is None:
                continue
            gbps = size * 8 / BITS_OF_GBIT / ((end - begin) * SECONDS_OF_HOUR)
            for hub, name in zip(path.hubs, path.fibres, strict=False):
                fibre = self.loaded.topology.fibre(name)
                for link in ((name, f"out of {hub}"), *shared_links(fibre, hub)):
                    found[link] += gbps
        return found

    def link_limits(self, columns: Sequence[Column]) -> dict[Link, float]:
        share = self.loaded.file.fibre_share
        if share is None:
            return {}
        of = self.capacities().of
        return {link: of[link[0]].gbps * share for one in columns for link in one.links}


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
    shape = (job.it_mw, job.window, job.running_h, tuple(sorted(job.divisible)))
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
