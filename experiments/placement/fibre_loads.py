"""Loads of fibres by legs of jobs, next to background traffic, under each cut. Pure.

Rates are means over the window of a job, on the paths that the controller recomputes for a cut.
Owners of background traffic have moved it to their other capacity by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.answers.capacity_document import Capacities, capacities
from corridor.experiments.placement.jobs_file import HOURS, Job, LoadedJobs
from corridor.experiments.placement.place_documents import LoadedLink
from corridor.experiments.placement.program_rows import Link, Problem
from corridor.experiments.placement.round_trips import Leg, RoundTrips, legs_of
from corridor.topologies.base.arrays import Floats
from corridor.topologies.model.capacity import LEAST_FREE
from corridor.topologies.model.routing import shared_links

BITS_OF_GBIT, SECONDS_OF_HOUR = 1e9, 3600
LEAST_GBPS = 1e-9


class LegRate(NamedTuple):
    """The mean rate of one job on one leg."""

    leg: Leg
    gbps: float


def rates_of(job: Job, hub: str) -> list[LegRate]:
    """The rates of a job's bytes over its window."""
    begin, end = job.window
    per_byte = 8 / BITS_OF_GBIT / ((end - begin) * SECONDS_OF_HOUR)
    sizes = zip(legs_of(job, hub), (job.input, job.output), strict=True)
    return [LegRate(leg, size * per_byte) for leg, size in sizes]


class FibreLoads:
    """Loads of links under each cut of a file."""

    def __init__(self, loaded: LoadedJobs, trips: RoundTrips) -> None:
        self._loaded, self._trips = loaded, trips
        ends = [(fibre, hub) for fibre in loaded.topology.fibres for hub in fibre.ends]
        names = chain.from_iterable(self._links_of(fibre.id, hub) for fibre, hub in ends)
        self._links = list(dict.fromkeys(names))
        self._numbers = {link: at for at, link in enumerate(self._links)}
        self._crossed: dict[tuple[Leg, bool], NDArray[np.float32]] = {}

    @cached_property
    def _of(self) -> Capacities:
        return capacities(self._loaded.topology)

    @cached_property
    def _capacity_gbps(self) -> Floats:
        """By link."""
        return np.array([self._of.of[name].gbps for name, _ in self._links])

    @cached_property
    def _background_gbps(self) -> Floats:
        """Cuts x links."""
        found, of = np.zeros((len(self._trips.cuts), len(self._links))), self._loaded.background
        for load, failed in zip(found, self._trips.failures, strict=True):
            for flow in of.after(failed.links, failed.srlgs, failed.hubs).flows if of else ():
                for fibre, hub in flow.links:
                    for link in self._links_of(fibre, hub):
                        load[self._numbers[link]] += flow.gbps
        return found

    @cached_property
    def _limits_gbps(self) -> Floats | None:
        """Cuts x links; None if fibres are not limited."""
        share = self._loaded.file.fibre_share
        if share is None:
            return None
        free = self._capacity_gbps - self._background_gbps
        least = LEAST_FREE * self._capacity_gbps
        limits: Floats = np.minimum(share * self._capacity_gbps, np.maximum(least, free))
        return limits

    def limited(
        self, problem: Problem, rates: Sequence[Sequence[LegRate]], *, law: bool
    ) -> Problem:
        """Return the problem with limits of the links that its jobs may overload.

        Args:
            problem: Without limits of links.
            rates: By column, of one job.
            law: Whether paths are lawful ones.
        """
        limits = self._limits_gbps
        if limits is None:
            return problem
        most = np.zeros_like(limits)
        by_group = defaultdict[int, list[int]](list)
        for at, column in enumerate(problem.columns):
            by_group[column.group].append(at)
        for group, inside in by_group.items():
            each = [self._loads(rates[at], law=law) for at in inside]
            most += problem.groups[group][1] * np.maximum.reduce(each)
        cuts, links = np.nonzero(most > limits + LEAST_GBPS)
        if not len(cuts):
            return problem
        gbps = np.array([self._loads(one, law=law)[cuts, links] for one in rates])
        tightest = dict[tuple[int, bytes], int]()
        """Of cuts after which a link has the same loads."""
        for at, link in enumerate(links.tolist()):
            other = tightest.setdefault((link, gbps[:, at].tobytes()), at)
            if limits[cuts[at], link] < limits[cuts[other], link]:
                tightest[link, gbps[:, at].tobytes()] = at
        keys = {self._key(int(cuts[at]), int(links[at])): at for at in tightest.values()}
        columns = [
            replace(column, links={key: one for key, at in keys.items() if (one := mine[at])})
            for column, mine in zip(problem.columns, gbps.tolist(), strict=True)
        ]
        link_gbps = {key: float(limits[cuts[at], links[at]]) for key, at in keys.items()}
        return replace(problem, columns=columns, link_gbps=link_gbps)

    def used(self, jobs: Iterable[tuple[Job, str, float]], *, law: bool) -> Iterator[LoadedLink]:
        """Yield links that jobs load, with or without a cut; the fullest first.

        Args:
            jobs: An entry of the file, its hub, and how many of it run there.
            law: Whether paths are lawful ones.
        """
        background = self._background_gbps
        most = self._busiest_hour(jobs, law=law)
        share = (most + background) / self._capacity_gbps
        worst = share.argmax(axis=0).tolist()
        for at in np.argsort(-share.max(axis=0), kind="stable").tolist():
            if most[:, at].max() <= LEAST_GBPS:
                continue
            link, direction = self._links[at]
            capacity = self._of.of[link]
            yield LoadedLink(
                link=link,
                direction=direction,
                gbps=float(most[0, at]),
                capacity_gbps=capacity.gbps,
                capacity_basis=capacity.basis,
                background_gbps=float(background[0, at]),
                cut=self._trips.cuts[worst[at]],
                cut_gbps=float(most[worst[at], at]),
                cut_background_gbps=float(background[worst[at], at]),
            )

    def _busiest_hour(self, jobs: Iterable[tuple[Job, str, float]], *, law: bool) -> Floats:
        """Gbit/s of all jobs: cuts x links."""
        most = np.zeros_like(self._background_gbps)
        by_window = defaultdict[tuple[int, int], Floats](lambda: np.zeros_like(most))
        for job, hub, number in jobs:
            by_window[job.window] += number * self._loads(rates_of(job, hub), law=law)
        for hour in range(HOURS):
            now = [load for (begin, end), load in by_window.items() if begin <= hour < end]
            most = np.maximum(most, sum(now, np.zeros_like(most)))
        return most

    def _loads(self, rates: Iterable[LegRate], *, law: bool) -> Floats:
        """Gbit/s of one job: cuts x links."""
        found = np.zeros((len(self._trips.cuts), len(self._links)))
        for leg, gbps in rates:
            if gbps:
                found += gbps * self._crossings(leg, law=law)
        return found

    def _crossings(self, leg: Leg, *, law: bool) -> NDArray[np.float32]:
        """How often a leg crosses a link: cuts x links."""
        if (leg, law) not in self._crossed:
            found = np.zeros((len(self._trips.cuts), len(self._links)), np.float32)
            for row, (_, path) in zip(found, self._trips.under_cuts(leg, law=law), strict=True):
                for hub, fibre in zip(path.hubs, path.fibres, strict=False) if path else ():
                    for link in self._links_of(fibre, hub):
                        row[self._numbers[link]] += 1
            self._crossed[leg, law] = found
        return self._crossed[leg, law]

    def _links_of(self, fibre: str, hub: str) -> Iterator[tuple[str, str]]:
        """What a packet loads that enters a fibre at a hub."""
        yield fibre, f"out of {hub}"
        yield from shared_links(self._loaded.topology.fibre(fibre), hub)

    def _key(self, cut: int, link: int) -> Link:
        return (*self._links[link], *self._trips.cuts[cut])
