"""What whole ways load together, exactly: bits per second by failure and link."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from corridor.controller.joint_ways.fixed import NOTHING_FIXED, Fixed
from corridor.controller.joint_ways.spaces.ways import Way

LITTLE = 0.01
"""What too much in a case that nothing fits counts beside too much in another."""

type Numbers = npt.NDArray[np.int64]


class Loads:
    """The sum of ways; a row for no failure, and one for each."""

    def __init__(
        self,
        capacity_bps: Sequence[int],
        failures: Collection[int],
        forgiven: Collection[int | None] = (),
        fixed: Fixed = NOTHING_FIXED,
    ) -> None:
        """What is too full in cases that are ``forgiven`` counts little; what is ``fixed`` is there
        from the start."""
        self.capacity_bps: Numbers = np.array(capacity_bps, dtype=np.int64)
        self._row = {failure: row for row, failure in enumerate(failures, start=1)}
        self._forgiven = forgiven
        cases = (None, *failures)
        self._weight = np.array([LITTLE if case in forgiven else 1.0 for case in cases])
        self.total: Numbers = np.zeros((len(self._row) + 1, len(capacity_bps)), dtype=np.int64)
        for link, bps in fixed.always.items():
            self.total[:, link] += bps
        for failure, more in fixed.more.items():
            for link, bps in more.items():
                self.total[self._row[failure], link] += bps
        self._limits = self.capacity_bps
        """What may be loaded: where more is fixed, that, so that others keep off."""
        if (self.total > self.capacity_bps).any():
            self._limits = np.maximum(self.total, self.capacity_bps)

    def add(self, way: Way, rate_bps: int) -> None:
        """A negative rate takes it away."""
        links, part = self._part(way)
        self.total[:, links] += part * rate_bps

    def excess(self, way: Way, rate_bps: int) -> float:
        """How many capacities too much there are if a way comes in addition, over what there are
        without it, summed up."""
        links, part = self._part(way)
        here, limits = self.total[:, links], self._limits[..., links]
        more = np.maximum(here + part * rate_bps - limits, 0)
        excess = ((more - np.maximum(here - limits, 0)) / limits).sum(axis=1)
        return float(excess @ self._weight)

    def copy(self) -> Loads:
        other = Loads(self.capacity_bps.tolist(), self._row, self._forgiven)
        other.total, other._limits = self.total.copy(), self._limits
        return other

    def full(self) -> list[tuple[int | None, int]]:
        """Links that carry too much, each with the failure under which it does."""
        failures = (None, *self._row)
        rows, links = np.nonzero(self.total > self._limits)
        return [(failures[row], int(link)) for row, link in zip(rows, links, strict=True)]

    def too_full(self) -> float:
        over = np.maximum(self.total - self._limits, 0)
        return float((over / self._limits).sum(axis=1) @ self._weight)

    def fullest(self) -> float:
        """The largest part of a capacity that is asked for."""
        return float((self.total / self.capacity_bps).max(initial=0.0))

    def prices(self, rate_bps: int, unit: int) -> tuple[dict[int, int], dict[int, dict[int, int]]]:
        """What links cost that have no room for a rate: in all, and by failure."""
        over = np.maximum(self.total + rate_bps - self._limits, 0) / self._limits
        over = over * self._weight[:, None]
        in_all = over.sum(axis=0)
        everywhere = {int(at): 1 + int(in_all[at] * unit) for at in np.nonzero(in_all)[0]}
        by_failure = {}
        for failure, row in self._row.items():
            full = np.nonzero(over[row])[0]
            if len(full):
                by_failure[failure] = {int(at): 1 + int(over[row, at] * unit) for at in full}
        return everywhere, by_failure

    def _part(self, way: Way) -> tuple[list[int], Numbers]:
        links = sorted({*way.load}.union(*way.loads.values()))
        at = {link: place for place, link in enumerate(links)}
        part = np.zeros((len(self.total), len(links)), dtype=np.int64)
        part[:] = [way.load.get(link, 0) for link in links]
        for failure, load in way.loads.items():
            row = self._row.get(failure)
            if row is not None:
                part[row] = 0
                for link, times in load.items():
                    part[row, at[link]] = times
        return links, part


def loads_of(
    capacity_bps: Sequence[int],
    failures: Collection[int],
    ways: Iterable[tuple[Way, int]],
    forgiven: Collection[int | None] = (),
    fixed: Fixed = NOTHING_FIXED,
) -> Loads:
    """Of ways with their rates in bit/s, and what is fixed."""
    loads = Loads(capacity_bps, failures, forgiven, fixed)
    for way, rate_bps in ways:
        loads.add(way, rate_bps)
    return loads
