"""What whole paths load together, exactly: bits per second by failure and link."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

import numpy as np

from corridor.controller.traffic_engineering.candidate_values import CandidatePath
from corridor.controller.traffic_engineering.failure_cases import ByCase, LinkPrices, Load
from corridor.controller.traffic_engineering.load_grid import (
    NOTHING_FIXED,
    Case,
    FixedLoad,
    Numbers,
)

LITTLE = 0.01
"""What too much in a case that nothing fits counts next to too much in another."""


class Loads:
    """The sum of loads of paths; a row without failures, and one for each failure."""

    def __init__(
        self,
        capacity_bps: Sequence[int],
        failures: Collection[int],
        tolerated: Collection[Case] = (),
        fixed: FixedLoad = NOTHING_FIXED,
    ) -> None:
        """What is overloaded in cases that are ``tolerated`` counts little; what is ``fixed`` is
        there from the start."""
        self.capacity_bps: Numbers = np.array(capacity_bps, dtype=np.int64)
        self._row = {failure: row for row, failure in enumerate(failures, start=1)}
        self._forgiven = tolerated
        cases = (None, *failures)
        self._weight = np.array([LITTLE if case in tolerated else 1.0 for case in cases])
        self.total: Numbers = np.zeros((len(self._row) + 1, len(capacity_bps)), dtype=np.int64)
        for link, bps in fixed.always.items():
            self.total[:, link] += bps
        for failure in self._row.keys() & fixed.more.keys():
            for link, bps in fixed.more[failure].items():
                self.total[self._row[failure], link] += bps
        self._limits = self.capacity_bps
        """What may be loaded: where more is fixed, that, so that others keep off."""
        if (self.total > self.capacity_bps).any():
            self._limits = np.maximum(self.total, self.capacity_bps)

    def add(self, candidate: CandidatePath, rate_bps: int) -> None:
        """A negative rate takes it away."""
        links, part = self._part(candidate)
        self.total[:, links] += part * rate_bps

    def excess(self, candidate: CandidatePath, rate_bps: int) -> float:
        """The sum of overloads, each relative to its capacity, that one more path adds to those
        without it."""
        links, part = self._part(candidate)
        here, limits = self.total[:, links], self._limits[..., links]
        more = np.maximum(here + part * rate_bps - limits, 0)
        excess = ((more - np.maximum(here - limits, 0)) / limits).sum(axis=1)
        return float(excess @ self._weight)

    def copy(self) -> Loads:
        other = Loads(self.capacity_bps.tolist(), self._row, self._forgiven)
        other.total, other._limits = self.total.copy(), self._limits
        return other

    def full(self) -> list[tuple[Case, int]]:
        """Links that carry too much, each with the failure under which it does."""
        failures = (None, *self._row)
        rows, links = np.nonzero(self.total > self._limits)
        return [(failures[row], int(link)) for row, link in zip(rows, links, strict=True)]

    def too_full(self) -> float:
        over = np.maximum(self.total - self._limits, 0)
        return float((over / self._limits).sum(axis=1) @ self._weight)

    def prices(self, rate_bps: int, unit: int) -> tuple[dict[int, int], LinkPrices]:
        """What links cost that have no room for a rate: in all, and by failure."""
        over = np.maximum(self.total + rate_bps - self._limits, 0) / self._limits
        over = over * self._weight[:, None]
        in_all = over.sum(axis=0)
        everywhere = {int(at): 1 + int(in_all[at] * unit) for at in np.nonzero(in_all)[0]}
        cases = {row: case for case, row in self._row.items()}
        rows, links = np.nonzero(over[1:])
        worth = [1 + int(dear) for dear in (over[rows + 1, links] * unit).tolist()]
        starts = np.nonzero(np.diff(rows, prepend=-1))[0].tolist()
        numbers = links.tolist()
        by_case = {
            cases[int(rows[start]) + 1]: dict(
                zip(numbers[start:end], worth[start:end], strict=True)
            )
            for start, end in pairwise([*starts, len(numbers)])
        }
        return everywhere, ByCase(by_case)

    def _part(self, candidate: CandidatePath) -> tuple[list[int], Numbers]:
        """Links, and how often the path crosses each, by row."""
        rows_of = dict[int, tuple[Load, list[int]]]()
        for case, load in candidate.loads.items():
            if case in self._row:
                rows_of.setdefault(id(load), (load, []))[1].append(self._row[case])
        links = sorted({*candidate.load}.union(*(load for load, _ in rows_of.values())))
        at = {link: place for place, link in enumerate(links)}
        part = np.zeros((len(self.total), len(links)), dtype=np.int64)
        part[:] = [candidate.load.get(link, 0) for link in links]
        for load, rows in rows_of.values():
            times = np.zeros(len(links), dtype=np.int64)
            for link, often in load.items():
                times[at[link]] = often
            part[rows] = times
        return links, part


def loads_of(
    capacity_bps: Sequence[int],
    failures: Collection[int],
    candidates: Iterable[tuple[CandidatePath, int]],
    tolerated: Collection[Case] = (),
    fixed: FixedLoad = NOTHING_FIXED,
) -> Loads:
    """Of paths with their rates in bit/s, and what is fixed."""
    loads = Loads(capacity_bps, failures, tolerated, fixed)
    for candidate, rate_bps in candidates:
        loads.add(candidate, rate_bps)
    return loads
