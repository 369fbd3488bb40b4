"""The linear program over paths: each demand has shares of its paths that add up to one, and so
have the detours from each place that shares come to. No link carries more than its capacity,
whatever one thing fails, or than as few times that as can be.

Columns are primary paths and detours; they are added as prices require them. Rows are links under a
failure; they come as they are broken (Dantzig and Wolfe 1960 for the columns). Rates are Mbit/s,
costs ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import (
    NOT_DEAR,
    CandidatePath,
    Detour,
    Group,
    Key,
    Order,
    PrimaryPath,
    RepairPoint,
)
from corridor.controller.traffic_engineering.load_grid import (
    NONE,
    NOTHING_FIXED,
    Case,
    FixedLoad,
    Grid,
    InactiveSet,
    LoadCache,
    Rows,
    Takes,
)
from corridor.controller.traffic_engineering.objective import Objective
from corridor.topologies.base.arrays import Flags, Integers
from corridor.topologies.base.installation import require
from corridor.topologies.base.printed_aside import printing_aside

MBIT = 1e6
OVER_MS = 1e4
"""What a whole capacity too much costs: more than any detour."""
MOST_NODES, GAP = 500, 1e-3
"""Of branch and bound, and how near to the best it has to come."""
AGAIN = 4
"""How often it is asked, as rows are broken."""
ROWS_AT_ONCE, ROWS_OF_LINK = 400, 6
"""How many come at a time, for each this many cases."""
FEW_CASES, FEW_SETS, MANY_CASES = 400, 100, 1000
"""Up to how many cases all are looked at wherever paths are made whole; fewer where some are sets,
in which more paths are hit."""
TOO_MUCH, NO_SHARE, NO_PRICE = 1e-6, 1e-9, 1e-9
EXACT = 9
"""Digits by which excesses are distinguished."""
SHARED = -1
"""Stands for all cases that do not depend on each other."""

if TYPE_CHECKING:
    from scipy.sparse import csr_array

type Shares = npt.NDArray[np.float64]


class SolverError(Exception):
    """The solver came to no end, so no paths are chosen."""


class Column(NamedTuple):
    demand: int
    group: Group | None
    """Of a detour; None for a primary path."""
    order: Order
    cost_ms: float
    takes: Takes
    repair_points: tuple[RepairPoint, ...]
    """From which detours lead."""

    @property
    def level(self) -> int:
        """0 for a primary path, 1 for a detour, 2 for a further one."""
        return 0 if self.group is None else len(self.group[1])


class Prices(NamedTuple):
    """What a solution says that links are worth, in ms for each Mbit/s."""

    by_failure: Mapping[Case, Mapping[int, float]]
    of_demand: Sequence[float]


class _Asked(NamedTuple):
    """A program as its solver takes it; the last variables are how many capacities are too much."""

    numbers: list[int]
    """Of the columns."""
    beyond: list[Case]
    """The cases of the last variables; one may be of all others."""
    costs: list[float]
    most: csr_array | None
    limits: list[float]
    each: csr_array
    due: Shares


class Solution(NamedTuple):
    shares: Shares
    """By column."""
    beyond: Mapping[Case, float]
    """The overload of the fullest link, relative to its capacity: by case for separate cases, and
    for all others together."""
    cost_ms: float
    prices: Prices

    @property
    def over(self) -> float:
        return max(self.beyond.values(), default=0.0)


@dataclass
class LinearProgram:
    """Paths over which demands are divided, and the constraints found so far."""

    spaces: Sequence[PathSpace]
    capacity_bps: Sequence[int]
    failures: Collection[int]
    """That count, by number."""
    objective: Objective
    alone: Sequence[CandidatePath]
    """By demand, the path that it would have if no other demand had rates."""
    fixed: FixedLoad = NOTHING_FIXED
    """What others load that have no choice."""
    room: float = 1.0
    """The part of a capacity that shares may take: whole paths need more than shares."""
    settled: int = 0
    """How many levels of columns are chosen: of those no new ones are looked for."""
    apart: Collection[Case] = ()
    """Cases that are each as little overloaded as can be, while of others the worst is."""
    tolerated: dict[Case, float] = field(default_factory=dict)
    """By case, how many capacities too much are let pass."""
    columns: list[Column] = field(default_factory=list)
    allowed: list[bool] = field(default_factory=list)
    mains: list[dict[Order, PrimaryPath]] = field(default_factory=list)
    detours: dict[tuple[int, Group], dict[Order, Detour]] = field(default_factory=dict)
    free: dict[int, PrimaryPath | None] = field(default_factory=dict)
    """The cheapest primary path of a demand without link prices, as far as known."""
    own_ns: list[dict[int, int]] = field(default_factory=list)
    """By demand what is known of what the objective asks for fibres, as hubs see them."""
    watched: frozenset[int] = frozenset()
    """The cases that whole paths say their loads in, once they are repaired."""
    _columns_of: dict[tuple[int, Group | None], list[int]] = field(default_factory=dict)
    _number: dict[tuple[int, Group | None, Order], int] = field(default_factory=dict)
    _columns_resting: InactiveSet = field(default_factory=InactiveSet)

    def __post_init__(self) -> None:
        self.mains = [{} for _ in self.spaces]
        self.own_ns = [{} for _ in self.spaces]
        self.grid = Grid(self.failures, len(self.capacity_bps))
        self.reckoning = LoadCache(self.spaces, self.grid, self.fixed)
        self.rows = Rows(self.grid.size)
        self._mbit = np.array(self.capacity_bps) / MBIT
        self._taken = self.reckoning.fixed_bps / np.array(self.capacity_bps)
        """The part of a capacity that is fixed."""

    def add(self, demand: int, candidate: CandidatePath, detours: Mapping[Key, Detour]) -> int:
        """Add a primary path with its detours; return the number of new columns."""
        main = candidate.main
        added = sum(
            self.add_detours(demand, repair_point, detours)
            for repair_point in main.repair_points
            if repair_point.key in detours
        )
        if main.order in self.mains[demand]:
            return added + self._woken(demand, None, main.order)
        self.mains[demand][main.order] = main
        cost = self.objective.main(
            self.spaces[demand], main.order, main.one_way_ns, self.alone[demand]
        )
        takes = self.reckoning.of_main(demand, main)
        self._add(Column(demand, None, main.order, cost, takes, main.repair_points))
        return added + 1

    def add_detours(
        self, demand: int, repair_point: RepairPoint, detours: Mapping[Key, Detour]
    ) -> int:
        """From a spot, and further ones from that."""
        detour = detours[repair_point.key]
        space = self.spaces[demand]
        added = int(self.add_detour(demand, repair_point, detour))
        for far in detour.repair_points:
            further = detours.get(far.key) or space.detour(far, NOT_DEAR)
            if further is not None:
                added += self.add_detour(demand, far, further)
        return added

    def add_detour(self, demand: int, repair_point: RepairPoint, detour: Detour) -> bool:
        key = (demand, repair_point.group)
        known = self.detours.setdefault(key, {})
        if detour.order in known:
            return self._woken(demand, repair_point.group, detour.order)
        known[detour.order] = detour
        space = self.spaces[demand]
        cost = self.objective.detour(
            space, repair_point.key, detour.order, detour.one_way_ns, self.alone[demand]
        )
        takes = self.reckoning.of_detour(demand, repair_point, detour)
        self._add(
            Column(demand, repair_point.group, detour.order, cost, takes, detour.repair_points)
        )
        return True

    def of(self, demand: int, group: Group | None = None) -> list[int]:
        """The columns of a demand's primary paths, or of detours of one of its groups."""
        return self._columns_of.get((demand, group), [])

    def cost_ms(self, demand: int, candidate: CandidatePath) -> float:
        space, alone = self.spaces[demand], self.alone[demand]
        of_main = self.objective.main(space, candidate.order, candidate.one_way_ns, alone)
        return of_main + sum(
            self.objective.detour(space, found, one.order, one.one_way_ns, alone)
            for found, one in candidate.onward.items()
        )

    def solved(self) -> Solution:
        """With rows added until none is broken."""
        while True:
            found = self._solve()
            broken = self._broken(found)
            if not broken:
                break
            self.rows.add(broken)
        self._columns_resting.after_round(np.nonzero(found.shares > NO_SHARE)[0].tolist())
        self.rows.after_round(self._cells_of(found.prices))
        return found

    def rests(self, demand: int, order: Order) -> bool:
        """Whether a known primary path is left out."""
        return self._number[demand, None, order] in self._columns_resting

    def _woken(self, demand: int, group: Group | None, order: Order) -> bool:
        return self._columns_resting.woken(self._number[demand, group, order])

    def _cells_of(self, prices: Prices) -> list[int]:
        return [
            self.grid.row(case) * self.grid.links + link
            for case, of in prices.by_failure.items()
            for link in of
        ]

    def dear_cells(self, prices: Prices) -> Flags:
        """Where links cost something."""
        dear: Flags = np.zeros(self.grid.size, dtype=bool)
        dear[self._cells_of(prices)] = True
        return dear

    def cases_in(self, column: Column, cells: Flags) -> list[int]:
        """The cases in which a column loads some of these cells more than else."""
        takes = column.takes
        some = takes.cells[cells[takes.cells] & (takes.changes > 0)] // self.grid.links
        cases = (self.grid.cases[row] for row in dict.fromkeys(some.tolist()))
        return [case for case in cases if case is not None]

    @property
    def has_many_cases(self) -> bool:
        singles = len(self.spaces[0].cases.risks.names) if self.spaces else 0
        sets = max(self.failures, default=0) >= singles
        return len(self.failures) > (FEW_SETS if sets else FEW_CASES)

    def _add(self, column: Column) -> None:
        self.columns.append(column)
        self.allowed.append(True)
        number = len(self.columns) - 1
        self._columns_of.setdefault((column.demand, column.group), []).append(number)
        self._number[column.demand, column.group, column.order] = number
        self._columns_resting.woken(number)

    def whole(self, level: int | None = None) -> Iterator[Solution]:
        """With shares of one or nothing, or those of a level, by branch and bound within a number
        of nodes; again with the rows that are broken, so often."""
        for _ in range(AGAIN):
            found = self._whole(level)
            if found is None:
                break
            yield found
            broken = self._broken(found)
            if not broken:
                break
            self.rows.add(broken)

    def _limits(self) -> Shares:
        """The part of a capacity that may be taken, by case and link, fixed loads included. Shares
        may take a part of the rest, and nothing where the fixed load alone is too large."""
        limits: Shares = np.maximum(1 - (1 - self.room) * (1 - self._taken), self._taken)
        for case, over in self.tolerated.items():
            limits[self.grid.row(case)] += over
        return limits

    def _whole(self, level: int | None) -> Solution | None:
        require("path selection under loads", "optimize")
        from scipy.optimize import Bounds, LinearConstraint, milp

        asked = self._asked()
        limits = [LinearConstraint(asked.each, asked.due, asked.due)]
        if asked.most is not None:
            limits.append(LinearConstraint(asked.most, ub=asked.limits))
        count, columns = len(asked.costs), len(asked.numbers)
        most = np.ones(count)
        most[columns:] = np.inf
        levels = (self.columns[number].level for number in asked.numbers)
        whole = [int(level in {None, one}) for one in levels]
        with printing_aside():  # HiGHS 1.12 says where it repairs a solution, whatever is asked
            found = milp(
                asked.costs,
                integrality=[*whole, *[0] * (count - columns)],
                bounds=Bounds(0, most),
                constraints=limits,
                options={"node_limit": MOST_NODES, "mip_rel_gap": GAP},
            )
        if found.x is None:
            return None
        shares = np.zeros(len(self.columns))
        shares[asked.numbers] = (
            found.x[:columns] if level is not None else np.round(found.x[:columns])
        )
        beyond = dict[Case, float](zip(asked.beyond, found.x[columns:].tolist(), strict=True))
        return Solution(shares, beyond, float(found.fun), Prices({}, []))

    def _solve(self) -> Solution:
        require("path selection under loads", "optimize")
        from scipy.optimize import linprog

        asked = self._asked()
        found = linprog(
            asked.costs,
            A_ub=asked.most,
            b_ub=None if asked.most is None else asked.limits,
            A_eq=asked.each,
            b_eq=asked.due,
            method="highs-ds",
        )
        if found.status != 0:
            raise SolverError(found.message)
        by_failure: dict[Case, dict[int, float]] = {}
        if asked.most is not None:
            marginals = -found.ineqlin.marginals
            for row in np.nonzero(marginals > NO_PRICE)[0].tolist():
                case, link = self.grid.at(self.rows.cells[row])
                price = float(marginals[row]) / float(self._mbit[link])
                by_failure.setdefault(case, {})[link] = price
        shares = np.zeros(len(self.columns))
        columns = len(asked.numbers)
        shares[asked.numbers] = found.x[:columns]
        beyond = dict[Case, float](zip(asked.beyond, found.x[columns:].tolist(), strict=True))
        paid = found.eqlin.marginals.tolist()
        prices = Prices(by_failure, paid[: len(self.spaces)])
        return Solution(shares, beyond, float(found.fun), prices)

    def _asked(self) -> _Asked:
        """The program as matrices, of the columns that are allowed."""
        from scipy.sparse import csr_array

        resting = self._columns_resting
        numbers = [
            number for number, one in enumerate(self.allowed) if one and number not in resting
        ]
        at = {number: place for place, number in enumerate(numbers)}
        of_rows = [self.grid.at(cell) for cell in self.rows.cells]
        whose = [case if case in self.apart else SHARED for case, _ in of_rows]
        beyond = list(dict.fromkeys(whose))
        over_at = {case: len(numbers) + place for place, case in enumerate(beyond)}
        count, height = len(numbers) + len(beyond), len(self.rows)
        limits = self._limits().ravel()[self.rows.cells]
        left = limits - self._taken.ravel()[self.rows.cells]
        most = None
        if height:
            rows, places, values = self._entries(numbers)
            over = np.array([over_at[case] for case in whose])
            entries = (np.append(rows, np.arange(height)), np.append(places, over))
            most = csr_array((np.append(values, -limits), entries), shape=(height, count))
            most.eliminate_zeros()
        each, due = self._sums(numbers, at, count)
        costs = [*(self.columns[number].cost_ms for number in numbers), *[OVER_MS] * len(beyond)]
        return _Asked(numbers, beyond, costs, most, left.tolist(), each, due)

    def _entries(self, numbers: Sequence[int]) -> tuple[Integers, Integers, Shares]:
        """What part of the capacity of each row each column takes at a share of one: rows, places
        and parts, by place, which add up where a cell comes twice."""
        columns = [self.columns[number] for number in numbers]
        rates = np.array([self.spaces[one.demand].rate_bps / MBIT for one in columns])
        takes = [one.takes for one in columns]
        cells = np.concatenate([NONE, *(one.cells for one in takes)])
        of_cells = _repeated(len(one.cells) for one in takes)
        rows_of_cells = self.rows.at[cells]
        is_row = rows_of_cells >= 0
        cells, of_cells = cells[is_row], of_cells[is_row]
        changes = np.concatenate([NONE, *(one.changes for one in takes)])[is_row]
        of_change = changes * rates[of_cells] / self._mbit[cells % self.grid.links]
        links = np.concatenate([NONE, *(one.links for one in takes)])
        of_links = _repeated(len(one.links) for one in takes)
        times = np.concatenate([NONE, *(one.times for one in takes)])
        at, rows_of_links = self._rows_of(links)
        of_load = times * rates[of_links] / self._mbit[links]
        places = np.concatenate([of_cells, of_links[at]])
        by_place = np.argsort(places, kind="stable")
        rows = np.concatenate([rows_of_cells[is_row], rows_of_links])
        values = np.concatenate([of_change, of_load[at]])
        return rows[by_place], places[by_place], values[by_place]

    def _rows_of(self, links: Integers) -> tuple[Integers, Integers]:
        """Every row of each of these links: where the link stands among them, and the row."""
        link_of = np.array(self.rows.cells, dtype=np.int64) % self.grid.links
        rows = np.argsort(link_of, kind="stable")
        begin, end = (np.searchsorted(link_of[rows], links, side) for side in ("left", "right"))
        counts = end - begin
        at = np.repeat(np.arange(len(links)), counts)
        within = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
        return at, rows[begin[at] + within]

    def _sums(
        self, numbers: Sequence[int], at: Mapping[int, int], count: int
    ) -> tuple[csr_array, Shares]:
        """Rows: shares of a demand's primary paths add up to one, and detours of a group to the
        primary paths that reach it."""
        from scipy.sparse import csr_array

        row = {key: len(self.spaces) + place for place, key in enumerate(self.detours)}
        rows, places, values = list[int](), list[int](), list[float]()
        for number in numbers:
            column = self.columns[number]
            demand, group = column.demand, column.group
            rows.append(demand if group is None else row[demand, group])
            places.append(at[number])
            values.append(1.0)
            for repair_point in column.repair_points:
                if (demand, repair_point.group) in row:
                    rows.append(row[demand, repair_point.group])
                    places.append(at[number])
                    values.append(-1.0)
        height = len(self.spaces) + len(self.detours)
        due = np.zeros(height)
        due[: len(self.spaces)] = 1
        return csr_array((values, (rows, places)), shape=(height, count)), due

    def _broken(self, solution: Solution) -> list[int]:
        """The cells that carry too much and have no row yet, the fullest first."""
        over = np.full(len(self.grid.cases), 1 + solution.beyond.get(SHARED, 0.0))
        for case in self.apart:
            over[self.grid.row(case)] = 1 + solution.beyond.get(case, 0.0)
        limits = self._limits() * over[:, None] * self._mbit
        excess = (self._carried(solution.shares) / limits - 1).ravel()
        found = np.nonzero((excess > TOO_MUCH) & (self.rows.at < 0))[0]
        ranked = found[np.lexsort((found, -np.round(excess[found], EXACT)))]
        many = 1 + len(self.failures) // MANY_CASES
        taken, seen = list[int](), Counter[int]()
        for cell in ranked.tolist():
            link = cell % self.grid.links
            if seen[link] < ROWS_OF_LINK * many:
                seen[link] += 1
                taken.append(cell)
                if len(taken) == ROWS_AT_ONCE * many:
                    break
        return taken

    def _carried(self, shares: Shares) -> Shares:
        """Mbit/s by case and link."""
        base, cells = np.zeros(self.grid.links), [NONE]
        parts: list[Shares] = [np.zeros(0)]
        for number in np.nonzero(shares > NO_SHARE)[0]:
            column = self.columns[number]
            part = float(shares[number]) * self.spaces[column.demand].rate_bps / MBIT
            base[column.takes.links] += column.takes.times * part
            cells.append(column.takes.cells)
            parts.append(np.multiply(column.takes.changes, part))
        moved = np.bincount(np.concatenate(cells), np.concatenate(parts), self.grid.size)
        carried: Shares = moved.reshape(self.grid.shape) + base + self._taken * self._mbit
        return carried


def _repeated(counts: Iterable[int]) -> Integers:
    """The numbers from 0 on, each as often as its count says."""
    often = np.array([*counts], dtype=np.int64)
    return np.repeat(np.arange(len(often)), often)


def worth_ms(
    program: LinearProgram, demand: int, candidate: CandidatePath, prices: Prices
) -> float:
    """The cost of a path at these prices, minus what its demand pays: below zero it helps."""
    rate = program.spaces[demand].rate_bps / MBIT
    total = 0.0
    for failure, of in prices.by_failure.items():
        load = candidate.under(failure)
        if len(load) < len(of):
            total += sum(times * of.get(link, 0.0) for link, times in load.items())
        else:
            total += sum(price * load.get(link, 0) for link, price in of.items())
    return program.cost_ms(demand, candidate) + rate * total - prices.of_demand[demand]
