"""The linear program over ways: each demand has shares of its ways that add up to one, and so have
the detours from each place that shares come to. No link carries more than its capacity, whatever
one thing fails, or than as few times that as can be.

Columns are ways in use, and detours; they come as prices ask for them. Rows are links under a
failure; they come as they are broken (Dantzig and Wolfe 1960 for the columns). Rates are Mbit/s,
costs ms.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from corridor.controller.joint_ways.fixed import NOTHING_FIXED, Fixed
from corridor.controller.joint_ways.objectives.objective import Objective
from corridor.controller.joint_ways.spaces.cases import numbers_of
from corridor.controller.joint_ways.spaces.space import Space
from corridor.controller.joint_ways.spaces.ways import Detour, Group, Key, Main, Order, Spot, Way
from corridor.topologies.base.printed_aside import printing_aside

MBIT = 1e6
OVER_MS = 1e4
"""What a whole capacity too much costs: more than any detour."""
MOST_NODES, GAP = 500, 1e-3
"""Of branch and bound, and how near to the best it has to come."""
AGAIN = 4
"""How often it is asked, as rows are broken."""
ROWS_AT_ONCE, ROWS_OF_LINK = 400, 6
TOO_MUCH, NO_SHARE, NO_PRICE = 1e-6, 1e-9, 1e-9

if TYPE_CHECKING:
    from scipy.sparse import csr_array

type Row = tuple[int | None, int]
"""A failure, or none, and a link."""
type Part = tuple[int | None, Mapping[int, int]]
"""How often links are crossed under a failure. Of a way in use with none it is what it loads
whatever happens, and with one what that changes."""
type Shares = npt.NDArray[np.float64]


class UnsolvedError(Exception):
    """The solver came to no end, so no ways are chosen."""


class Column(NamedTuple):
    demand: int
    group: Group | None
    """Of a detour; None for a way in use."""
    order: Order
    cost_ms: float
    parts: tuple[Part, ...]
    spots: tuple[Spot, ...]
    """From which detours lead."""

    @property
    def level(self) -> int:
        """0 of a way in use, 1 of a detour, 2 of a further one."""
        return 0 if self.group is None else len(self.group[1])


class Prices(NamedTuple):
    """What a solution says that links are worth, in ms for each Mbit/s."""

    by_failure: Mapping[int | None, Mapping[int, float]]
    of_demand: Sequence[float]


class _Asked(NamedTuple):
    """A program as its solver takes it; the last variables are how many capacities are too much."""

    numbers: list[int]
    """Of the columns."""
    beyond: list[int | None]
    """The cases of the last variables, or None for all."""
    costs: list[float]
    most: csr_array | None
    limits: list[float]
    each: csr_array
    due: Shares


class Solution(NamedTuple):
    shares: Shares
    """By column."""
    beyond: Mapping[int | None, float]
    """How many capacities too much the fullest link carries: by case where these are apart, else
    in all by None."""
    cost_ms: float
    prices: Prices

    @property
    def over(self) -> float:
        return max(self.beyond.values(), default=0.0)


@dataclass
class Program:
    """Ways to share demands out over, and what is known to bind them."""

    spaces: Sequence[Space]
    capacity_bps: Sequence[int]
    failures: Collection[int]
    """That count, by number."""
    objective: Objective
    alone: Sequence[Way]
    """Of each demand the way that it would have if nobody else had rates."""
    fixed: Fixed = NOTHING_FIXED
    """What others load that have no choice."""
    room: float = 1.0
    """The part of a capacity that shares may take: whole ways need more than shares."""
    settled: int = 0
    """How many levels of columns are chosen: of those no new ones are looked for."""
    apart: bool = False
    """Whether each case is as little too full as can be, or the worst of all."""
    forgiven: dict[int | None, float] = field(default_factory=dict)
    """By case, how many capacities too much are let pass."""
    columns: list[Column] = field(default_factory=list)
    allowed: list[bool] = field(default_factory=list)
    mains: list[dict[Order, Main]] = field(default_factory=list)
    detours: dict[tuple[int, Group], dict[Order, Detour]] = field(default_factory=dict)
    free: dict[int, Main | None] = field(default_factory=dict)
    """The cheapest way in use of a demand where no link has a price, as far as that is known."""
    own_ns: list[dict[int, int]] = field(default_factory=list)
    """By demand what is known of what the objective asks for fibres, as hubs see them."""
    _columns_of: dict[tuple[int, Group | None], list[int]] = field(default_factory=dict)
    _rows: dict[Row, int] = field(default_factory=dict)
    _entries: list[dict[int, float]] = field(default_factory=list)
    """Of each column: what part of the capacity of each row it takes at a share of one."""

    def __post_init__(self) -> None:
        self.mains = [{} for _ in self.spaces]
        self.own_ns = [{} for _ in self.spaces]

    def add(self, demand: int, way: Way, detours: Mapping[Key, Detour]) -> int:
        """A way in use with its detours: how many columns that were not there."""
        main = way.main
        added = sum(
            self.add_detours(demand, spot, detours) for spot in main.spots if spot.key in detours
        )
        if main.order in self.mains[demand]:
            return added
        self.mains[demand][main.order] = main
        cost = self.objective.main(
            self.spaces[demand], main.order, main.one_way_ns, self.alone[demand]
        )
        parts = tuple(self._of_main(demand, main))
        self._add(Column(demand, None, main.order, cost, parts, main.spots))
        return added + 1

    def add_detours(self, demand: int, spot: Spot, detours: Mapping[Key, Detour]) -> int:
        """From a spot, and further ones from that."""
        detour = detours[spot.key]
        space = self.spaces[demand]
        added = int(self.add_detour(demand, spot, detour))
        for far in detour.spots:
            further = detours.get(far.key) or space.detour(far, {})
            if further is not None:
                added += self.add_detour(demand, far, further)
        return added

    def add_detour(self, demand: int, spot: Spot, detour: Detour) -> bool:
        key = (demand, spot.group)
        known = self.detours.setdefault(key, {})
        if detour.order in known:
            return False
        known[detour.order] = detour
        space = self.spaces[demand]
        cost = self.objective.detour(
            space, spot.key, detour.order, detour.one_way_ns, self.alone[demand]
        )
        parts = tuple(
            (failure, space.links.load(space.crossed(spot, detour, failure)))
            for failure in numbers_of(spot.newly)
        )
        self._add(Column(demand, spot.group, detour.order, cost, parts, detour.spots))
        return True

    def of(self, demand: int, group: Group | None = None) -> list[int]:
        """The columns of ways in use of a demand, or of detours of one of its groups."""
        return self._columns_of.get((demand, group), [])

    def cost_ms(self, demand: int, way: Way) -> float:
        space, alone = self.spaces[demand], self.alone[demand]
        of_main = self.objective.main(space, way.order, way.one_way_ns, alone)
        return of_main + sum(
            self.objective.detour(space, found, order, way.taken_ns[found], alone)
            for found, order in way.detours.items()
        )

    def solved(self) -> Solution:
        """With rows added until none is broken."""
        while True:
            found = self._solve()
            broken = self._broken(found)
            if not broken:
                return found
            self._note(broken)

    def _of_main(self, demand: int, main: Main) -> Iterator[Part]:
        space = self.spaces[demand]
        load = space.links.load(main.sights)
        yield None, load
        source = space.cases.risks.bit("hub", space.automaton.trip.src.id)
        for failure in numbers_of(space.cases.of(source)):
            yield failure, {link: -times for link, times in load.items()}
        for spot in main.spots:
            rest = space.links.load(main.sights[spot.crossed :])
            less = {link: -times for link, times in rest.items()}
            yield from ((failure, less) for failure in numbers_of(spot.newly))

    def _add(self, column: Column) -> None:
        self.columns.append(column)
        self.allowed.append(True)
        self._entries.append({})
        number = len(self.columns) - 1
        self._columns_of.setdefault((column.demand, column.group), []).append(number)
        self._enter(number, self._rows.items())

    def _enter(self, number: int, rows: Iterable[tuple[Row, int]]) -> None:
        column, entries = self.columns[number], self._entries[number]
        rate = self.spaces[column.demand].rate_bps / MBIT
        parts = dict(column.parts)
        always = parts.get(None, {})
        for (failure, link), row in rows:
            times = always.get(link, 0)
            if failure is not None and failure in parts:
                times += parts[failure].get(link, 0)
            if times:
                entries[row] = times * rate / self._mbit(link)

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
            self._note(broken)

    def _mbit(self, link: int) -> float:
        return self.capacity_bps[link] / MBIT

    def _limit(self, case: int | None, link: int) -> float:
        """The part of a capacity that may be taken, what is fixed included: of what that leaves
        shares may take a part, and nothing where it is too much by itself."""
        forgiven = self.forgiven.get(case, 0.0)
        if not self.fixed.kept:
            return self.room + forgiven
        taken = self._taken(case, link)
        return max(1 - (1 - self.room) * (1 - taken), taken) + forgiven

    def _taken(self, case: int | None, link: int) -> float:
        """The part of a capacity that is fixed."""
        return self.fixed.bps(case, link) / self.capacity_bps[link]

    def _note(self, broken: Sequence[Row]) -> None:
        fresh = [(row, len(self._rows) + at) for at, row in enumerate(broken)]
        self._rows.update(fresh)
        for number in range(len(self.columns)):
            self._enter(number, fresh)

    def _whole(self, level: int | None) -> Solution | None:
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
        beyond = dict(zip(asked.beyond, found.x[columns:].tolist(), strict=True))
        return Solution(shares, beyond, float(found.fun), Prices({}, []))

    def _solve(self) -> Solution:
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
            raise UnsolvedError(found.message)
        by_failure: dict[int | None, dict[int, float]] = {}
        if asked.most is not None:
            marginals = -found.ineqlin.marginals
            for (failure, link), price in zip(self._rows, marginals, strict=True):
                if price > NO_PRICE:
                    by_failure.setdefault(failure, {})[link] = float(price) / self._mbit(link)
        shares = np.zeros(len(self.columns))
        columns = len(asked.numbers)
        shares[asked.numbers] = found.x[:columns]
        beyond = dict(zip(asked.beyond, found.x[columns:].tolist(), strict=True))
        paid = found.eqlin.marginals.tolist()
        prices = Prices(by_failure, paid[: len(self.spaces)])
        return Solution(shares, beyond, float(found.fun), prices)

    def _asked(self) -> _Asked:
        """The program as matrices, of the columns that are allowed."""
        from scipy.sparse import csr_array

        numbers = [number for number, one in enumerate(self.allowed) if one]
        at = {number: place for place, number in enumerate(numbers)}
        beyond = list(dict.fromkeys(case if self.apart else None for case, _ in self._rows))
        over_at = {case: len(numbers) + place for place, case in enumerate(beyond)}
        count, height = len(numbers) + len(beyond), len(self._rows)
        limits = [self._limit(*row) for row in self._rows]
        left = [limit - self._taken(*row) for limit, row in zip(limits, self._rows, strict=True)]
        rows, places, values = list[int](), list[int](), list[float]()
        for number in numbers:
            entries = self._entries[number]
            rows += entries.keys()
            places += [at[number]] * len(entries)
            values += entries.values()
        rows += range(height)
        places += [over_at[case if self.apart else None] for case, _ in self._rows]
        values += [-limit for limit in limits]
        most = csr_array((values, (rows, places)), shape=(height, count)) if height else None
        each, due = self._sums(numbers, at, count)
        costs = [*(self.columns[number].cost_ms for number in numbers), *[OVER_MS] * len(beyond)]
        return _Asked(numbers, beyond, costs, most, left, each, due)

    def _sums(
        self, numbers: Sequence[int], at: Mapping[int, int], count: int
    ) -> tuple[csr_array, Shares]:
        """That ways in use of a demand add up to one, and detours of a group to the ways in use
        that come there."""
        from scipy.sparse import csr_array

        row = {key: len(self.spaces) + place for place, key in enumerate(self.detours)}
        rows, places, values = list[int](), list[int](), list[float]()
        for number in numbers:
            column = self.columns[number]
            demand, group = column.demand, column.group
            rows.append(demand if group is None else row[demand, group])
            places.append(at[number])
            values.append(1.0)
            for spot in column.spots:
                if (demand, spot.group) in row:
                    rows.append(row[demand, spot.group])
                    places.append(at[number])
                    values.append(-1.0)
        height = len(self.spaces) + len(self.detours)
        due = np.zeros(height)
        due[: len(self.spaces)] = 1
        return csr_array((values, (rows, places)), shape=(height, count)), due

    def _broken(self, solution: Solution) -> list[Row]:
        """The rows that carry too much and are not there yet, the fullest first."""
        base, moved = self._carried(solution.shares)
        found: list[tuple[float, int, int]] = []
        for failure in (None, *self.failures):
            of = base if failure is None else moved.get(failure, {})
            over = 1 + solution.beyond.get(failure if self.apart else None, 0.0)
            for link, more in of.items():
                carried = more if failure is None else base.get(link, 0.0) + more
                excess = carried / (self._mbit(link) * self._limit(failure, link) * over) - 1
                if excess > TOO_MUCH and (failure, link) not in self._rows:
                    found.append((-excess, -1 if failure is None else failure, link))
        taken: list[Row] = []
        seen: Counter[int] = Counter()
        for _, failure, link in sorted(found):
            if seen[link] < ROWS_OF_LINK:
                seen[link] += 1
                taken.append((None if failure < 0 else failure, link))
        return taken[:ROWS_AT_ONCE]

    def _carried(self, shares: Shares) -> tuple[dict[int, float], dict[int, dict[int, float]]]:
        """By link what is carried while nothing fails, and by failure how much more that is."""
        base: dict[int, float] = defaultdict(float)
        moved: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for link, bps in self.fixed.always.items():
            base[link] += bps / MBIT
        for case, more in self.fixed.more.items():
            for link, bps in more.items():
                moved[case][link] += bps / MBIT
        for number in np.nonzero(shares > NO_SHARE)[0]:
            column = self.columns[number]
            part = float(shares[number]) * self.spaces[column.demand].rate_bps / MBIT
            for failure, load in column.parts:
                of = base if failure is None else moved[failure]
                for link, times in load.items():
                    of[link] += times * part
        return base, moved


def worth_ms(program: Program, demand: int, way: Way, prices: Prices) -> float:
    """What a way costs at these prices, less what its demand pays: below zero it helps."""
    rate = program.spaces[demand].rate_bps / MBIT
    total = 0.0
    for failure, of in prices.by_failure.items():
        load = way.under(failure)
        if len(load) < len(of):
            total += sum(times * of.get(link, 0.0) for link, times in load.items())
        else:
            total += sum(price * load.get(link, 0) for link, price in of.items())
    return program.cost_ms(demand, way) + rate * total - prices.of_demand[demand]
