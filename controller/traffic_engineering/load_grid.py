"""Cases and links as a grid, and what whole paths load in it: bits per second by failure and link.

It has a row for what is while nothing fails, and one for each case; a column for each link. Its
cells are numbered row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import (
    NO_LOAD,
    ByCase,
    CandidatePath,
    Detour,
    Group,
    LinkPrices,
    Load,
    Order,
    PrimaryPath,
    RepairPoint,
    numbers_of,
)
from corridor.topologies.base.arrays import Integers

type Case = int | None
"""By number; None while nothing fails."""

type Cells = npt.NDArray[np.int32]
"""Numbers of cells, and how often each is taken: there are many."""

NONE: Cells = np.zeros(0, dtype=np.int32)


class Takes(NamedTuple):
    """How often a part of a path crosses links."""

    links: Integers
    times: Integers
    """Of these, whatever happens."""
    cells: Cells
    changes: Cells
    """And how much more often, in cases."""


class Grid:
    def __init__(self, cases: Collection[int], links: int) -> None:
        self.links = links
        self.cases: tuple[Case, ...] = (None, *cases)
        self._row = {case: row for row, case in enumerate(self.cases)}
        self.all = frozenset(self.cases)
        self._rows: dict[int, Integers] = {}

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.cases), self.links

    @property
    def size(self) -> int:
        return len(self.cases) * self.links

    def row(self, case: Case) -> int:
        return self._row[case]

    def rows(self, cases: int) -> Integers:
        """Of cases as bits."""
        if cases not in self._rows:
            found = [self._row[case] for case in numbers_of(cases)]
            self._rows[cases] = np.array(found, dtype=np.int64)
        return self._rows[cases]

    def at(self, cell: int) -> tuple[Case, int]:
        """Its case and its link."""
        row, link = divmod(cell, self.links)
        return self.cases[row], link

    def takes(self, always: Load, changed: Iterable[tuple[Integers, Load, int]]) -> Takes:
        """``changed`` are rows with what is loaded there in addition, so often; no cell comes
        twice."""
        links, times = _numbers(always)
        cells, changes = [NONE], [NONE]
        for rows, load, sign in changed:
            some, of = _numbers(load)
            cells.append((rows[:, None] * self.links + some).ravel().astype(np.int32))
            changes.append(np.tile((of * sign).astype(np.int32), len(rows)))
        return Takes(links, times, np.concatenate(cells), np.concatenate(changes))


def _numbers(load: Mapping[int, int]) -> tuple[Integers, Integers]:
    count = len(load)
    links = np.fromiter(load.keys(), dtype=np.int64, count=count)
    return links, np.fromiter(load.values(), dtype=np.int64, count=count)


# What paths load by case and link, each reckoned once, and what is fixed there.


class LoadCache:
    def __init__(self, spaces: Sequence[PathSpace], grid: Grid, fixed: FixedLoad) -> None:
        self._spaces, self._grid = spaces, grid
        self.fixed_bps: Integers = np.zeros(grid.shape, dtype=np.int64)
        for row, case in enumerate(grid.cases if fixed.kept else ()):
            for link, bps in fixed.under(case).items():
                self.fixed_bps[row, link] = bps
        self._known: dict[tuple[int, Group | None, Order], Takes] = {}

    def carried_bps(self, candidates: Sequence[CandidatePath]) -> Integers:
        """What whole paths load with what is fixed, by case and link as the grid has them."""
        total = self.fixed_bps.copy()
        cells = total.ravel()
        for demand, candidate in enumerate(candidates):
            rate_bps = self._spaces[demand].rate_bps
            for takes in self._of(demand, candidate):
                total[:, takes.links] += takes.times * rate_bps
                cells[takes.cells] += takes.changes.astype(np.int64) * rate_bps
        return total

    def of_main(self, demand: int, main: PrimaryPath) -> Takes:
        """For a primary path: what it crosses in all cases, minus the cases that hit it."""
        key = (demand, None, main.order)
        if key not in self._known:
            space, rows = self._spaces[demand], self._grid.rows
            load = space.links.load(main.sights)
            source = space.cases.risks.bit("hub", space.automaton.trip.src.id)
            changed = [(rows(space.cases.of(source)), load, -1)]
            for repair_point in main.repair_points:
                rest = space.links.load(main.sights[repair_point.crossed :])
                changed.append((rows(repair_point.newly), rest, -1))
            self._known[key] = self._grid.takes(load, changed)
        return self._known[key]

    def of_detour(self, demand: int, repair_point: RepairPoint, detour: Detour) -> Takes:
        """In the cases of its spot alone."""
        key = (demand, repair_point.group, detour.order)
        if key not in self._known:
            space, found = self._spaces[demand], dict[tuple[int, ...], list[int]]()
            for case in numbers_of(repair_point.newly):
                sights = tuple(space.crossed(repair_point, detour, case))
                found.setdefault(sights, []).append(self._grid.row(case))
            changed = [
                (np.array(rows), space.links.load(sights), 1) for sights, rows in found.items()
            ]
            self._known[key] = self._grid.takes(NO_LOAD, changed)
        return self._known[key]

    def _of(self, demand: int, candidate: CandidatePath) -> Iterator[Takes]:
        yield self.of_main(demand, candidate.main)
        repair_points = [*candidate.main.repair_points]
        while repair_points:
            repair_point = repair_points.pop()
            detour = candidate.onward.get(repair_point.key)
            if detour is not None:
                yield self.of_detour(demand, repair_point, detour)
                repair_points += detour.repair_points


# The rows of a program: cells of the grid, which come as they are broken.


class Rows:
    def __init__(self, size: int) -> None:
        """``size`` is that of the grid."""
        self.cells: list[int] = []
        """Of each row."""
        self.at: Integers = np.full(size, -1)
        """By cell its row; below zero where it has none."""
        self._resting = InactiveSet()

    def __len__(self) -> int:
        return len(self.cells)

    def add(self, cells: Sequence[int]) -> None:
        self._place(cells)
        for cell in cells:
            self._resting.woken(cell)

    def after_round(self, in_use: Iterable[int]) -> None:
        """Leave out cells that have not been of use for long."""
        if self._resting.after_round(in_use):
            self.at[self.cells] = -1
            cells = [cell for cell in self.cells if cell not in self._resting]
            self.cells = []
            self._place(cells)

    def _place(self, cells: Sequence[int]) -> None:
        """Behind those that are there."""
        self.at[cells] = np.arange(len(self.cells), len(self.cells) + len(cells))
        self.cells += cells


# What a large program leaves out, so that it is solved soon: columns and rows that have not been
# used for some rounds. A column comes back when prices ask for it again, a row when it is broken.

MANY = 5000
"""In smaller programs nothing rests."""
ROUNDS = 8
"""Without use, after which something rests."""


class InactiveSet:
    """Of columns, or of rows, by number."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}
        """The rounds in which they were of use at last, or came."""
        self._resting: set[int] = set()
        self._round = 0

    def __contains__(self, number: int) -> bool:
        return number in self._resting

    def woken(self, number: int) -> bool:
        """Whether it rested, or was not there; it does not rest now."""
        is_new = number in self._resting or number not in self._used
        self._resting.discard(number)
        self._used[number] = self._round
        return is_new

    def after_round(self, in_use: Iterable[int]) -> list[int]:
        """What goes to rest after a round in which these were of use."""
        self._round += 1
        self._used.update(dict.fromkeys(in_use, self._round))
        awake = len(self._used) - len(self._resting)
        if awake <= MANY:
            return []
        oldest = self._round - ROUNDS
        found = [
            number
            for number, last in self._used.items()
            if last < oldest and number not in self._resting
        ]
        self._resting.update(found)
        return found


# What demands load that keep their paths, in every case: fixed, whatever others choose.


class FixedCandidate(NamedTuple):
    """A path that stays, with a rate."""

    payer: str
    """Whose rate it is: of several demands together it counts once on a link."""
    space: PathSpace
    """What its demand could choose from."""
    candidate: CandidatePath


class FixedLoad:
    """The sum of loads of paths that stay, in bit/s by link."""

    def __init__(self, kept: Iterable[FixedCandidate] = ()) -> None:
        self.kept = tuple(kept)
        self.always: Counter[int] = Counter()
        """While nothing fails."""
        self.more: dict[int, Counter[int]] = {}
        """By case, what that adds, or takes away."""
        of_payer: dict[str, list[FixedCandidate]] = {}
        for one in self.kept:
            of_payer.setdefault(one.payer, []).append(one)
        for some in of_payer.values():
            self._add(some)

    def under(self, case: int | None) -> Mapping[int, int]:
        if case not in self.more:
            return self.always
        both = Counter(self.always)
        both.update(self.more[case])
        return both

    def _add(self, some: Sequence[FixedCandidate]) -> None:
        """The load of one rate: on each link, that of the path that crosses it most often."""
        always = _most(some, None)
        self.always.update(always)
        for case in {case for one in some for case in one.candidate.loads}:
            more = self.more.setdefault(case, Counter())
            more.update(_most(some, case))
            more.subtract(always)


def _most(some: Iterable[FixedCandidate], case: int | None) -> Mapping[int, int]:
    most: dict[int, int] = {}
    for one in some:
        for link, times in one.candidate.under(case).items():
            most[link] = max(most.get(link, 0), times * one.space.rate_bps)
    return most


NOTHING_FIXED = FixedLoad()


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
        self.capacity_bps: Integers = np.array(capacity_bps, dtype=np.int64)
        self._row = {failure: row for row, failure in enumerate(failures, start=1)}
        self._forgiven = tolerated
        cases = (None, *failures)
        self._weight = np.array([LITTLE if case in tolerated else 1.0 for case in cases])
        self.total: Integers = np.zeros((len(self._row) + 1, len(capacity_bps)), dtype=np.int64)
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

    def _part(self, candidate: CandidatePath) -> tuple[list[int], Integers]:
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
