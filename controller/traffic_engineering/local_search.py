"""Whole paths made to fit next to each other, and then to cost less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from corridor.controller.traffic_engineering.candidate_paths import ALL
from corridor.controller.traffic_engineering.candidate_values import Main, Way
from corridor.controller.traffic_engineering.column_generation import main_at
from corridor.controller.traffic_engineering.exact_loads import Loads, loads_of
from corridor.controller.traffic_engineering.failure_cases import NOT_DEAR
from corridor.controller.traffic_engineering.load_grid import Case
from corridor.controller.traffic_engineering.path_program import Program
from corridor.topologies.base.progress import counting

ROUNDS = 12
"""The maximum of rounds in which each demand is tried on better paths."""
AGAIN = 6
"""How often cases are looked at, too, that are broken by repair."""
TRIED, MOST_IN_WAY = 3, 8
"""How many other paths of a demand are tried, and how many other demands may have to make room."""
TOO_MUCH_NS = 10**13
"""The cost of an overload by one whole capacity when a path is added to all others."""
NO_BETTER = 1e-9

type Rank = tuple[float, float]
"""How many capacities too much there are, and what paths cost."""


def mended(program: Program, ways: Sequence[Way]) -> State:
    """Paths that leave less overloaded, and then cost less; those of low rates move first, or last,
    whichever comes to less. Where there are many cases, only those count that bind; again with
    those that are broken then, so often."""
    for _ in range(AGAIN):
        state = _mended(watched(program, ways))
        if state.is_whole:
            return state
        ways = state.ways
    return watched(program, ways)


def watched(program: Program, ways: Sequence[Way]) -> State:
    """In all cases that bind, or are overloaded with these paths."""
    return State.of(program, watch(program, ways))


def _mended(first: State) -> State:
    order = range(len(first.ways))
    tried = [first, first.copy()]
    for state, one in zip(tried, ([*reversed(order)], [*order]), strict=True):
        state.settle(one)
    return min(tried, key=lambda state: state.rank)


def roomier(state: State) -> State:
    """Each demand that loads what is overloaded is tried on other paths, where others make room,
    until all fits or no demand has moved."""
    for _ in range(ROUNDS):
        before = state
        for demand in state.in_way():
            if state.is_in_way(demand):
                ways = sorted(state.known(demand), key=lambda way: state.beside(demand, way))
                state = _tried(state, demand, ways)
        if state.fits or state is before:
            break
    return state


def cheaper(state: State) -> State:
    """Each demand that costs more than it has to is tried by cheaper paths, from which others make
    room."""
    for demand in counting(range(len(state.ways)), "demands tried on cheaper paths"):
        cost_ms = partial(state.program.cost_ms, demand)
        now = cost_ms(state.ways[demand])
        ways = [way for way in state.known(demand) if cost_ms(way) < now - NO_BETTER]
        state = _tried(state, demand, sorted(ways, key=cost_ms))
    return state


def _tried(state: State, demand: int, ways: Iterable[Way]) -> State:
    """The state with the first of these paths of a demand that improves the total, once others
    have made room for it."""
    orders = {way.order: way for way in reversed([*ways]) if way.order != state.ways[demand].order}
    for way in [*reversed(orders.values())][:TRIED]:
        other = state.copy()
        other.take(demand, way)
        other.settle([demand], rounds=1, detours_only=True)
        for detours_only in (True, False):
            in_way = [one for one in other.in_way() if one != demand][:MOST_IN_WAY]
            if not in_way:
                break
            other.settle(in_way, rounds=1, detours_only=detours_only)
            other.settle([demand], rounds=1, detours_only=True)
        if other.rank < state.rank:
            return other
    return state


class _Known(NamedTuple):
    """What does not change."""

    program: Program
    ways: tuple[tuple[Way, ...], ...]
    """That are known, by demand."""
    least_ms: tuple[float, ...]
    """What the cheapest of them costs."""


class State:
    """A path for each demand, and what they load together."""

    def __init__(self, known: _Known, ways: list[Way], loads: Loads, costs_ms: list[float]) -> None:
        self._known, self.program, self.ways, self._loads = known, known.program, ways, loads
        self._costs_ms = costs_ms

    @classmethod
    def of(cls, program: Program, ways: Sequence[Way]) -> State:
        rates = (space.rate_bps for space in program.spaces)
        loads = loads_of(
            program.capacity_bps,
            sorted(program.watched),
            zip(ways, rates, strict=True),
            program.forgiven,
            program.fixed,
        )
        known = [
            tuple(space.way(main, NOT_DEAR) for main in _mains(program, demand))
            for demand, space in enumerate(program.spaces)
        ]
        least = [
            min(program.cost_ms(demand, way) for way in some) for demand, some in enumerate(known)
        ]
        costs = [program.cost_ms(demand, way) for demand, way in enumerate(ways)]
        return cls(_Known(program, tuple(known), tuple(least)), list(ways), loads, costs)

    def copy(self) -> State:
        return State(self._known, list(self.ways), self._loads.copy(), list(self._costs_ms))

    def known(self, demand: int) -> tuple[Way, ...]:
        return self._known.ways[demand]

    @property
    def fits(self) -> bool:
        """In all cases but those that are let pass."""
        return not self._full()

    @property
    def is_whole(self) -> bool:
        """Whether all cases are looked at in which something is overloaded."""
        return binding(self.program, self.ways) <= self.program.watched

    def _full(self) -> list[tuple[Case, int]]:
        forgiven = self.program.forgiven
        return [(case, link) for case, link in self._loads.full() if case not in forgiven]

    def _full_by_case(self) -> dict[Case, set[int]]:
        found: dict[Case, set[int]] = {}
        for case, link in self._full():
            found.setdefault(case, set()).add(link)
        return found

    @property
    def rank(self) -> Rank:
        return round(self._loads.too_full(), 9), round(sum(self._costs_ms), 6)

    def take(self, demand: int, way: Way) -> None:
        rate_bps = self.program.spaces[demand].rate_bps
        self._loads.add(self.ways[demand], -rate_bps)
        self._loads.add(way, rate_bps)
        self._now(demand, way)

    def settle(
        self, order: Iterable[int], rounds: int = ROUNDS, *, detours_only: bool = False
    ) -> None:
        """Each demand in turn takes the path that is best given all others, until none moves."""
        order = list(order)
        for _ in range(rounds):
            before = [self.ways[demand].key for demand in order]
            for demand in order:
                self._settle(demand, detours_only=detours_only)
            if before == [self.ways[demand].key for demand in order]:
                break

    def in_way(self) -> list[int]:
        """Who loads what is overloaded: those first that it would fit without, the lowest rate
        first."""
        full = self._full_by_case()
        found = []
        for demand, way in enumerate(self.ways):
            if _loads_any(way, full):
                rate_bps = self.program.spaces[demand].rate_bps
                found.append((rate_bps, demand))
        return [demand for _, demand in sorted(found)]

    def is_in_way(self, demand: int) -> bool:
        return _loads_any(self.ways[demand], self._full_by_case())

    def beside(self, demand: int, way: Way) -> Rank:
        """The rank of a path in place of the present one of the demand."""
        rate_bps, now = self.program.spaces[demand].rate_bps, self.ways[demand]
        self._loads.add(now, -rate_bps)
        rank = self._beside(demand, way)
        self._loads.add(now, rate_bps)
        return rank

    def _settle(self, demand: int, *, detours_only: bool) -> None:
        rate_bps, now = self.program.spaces[demand].rate_bps, self.ways[demand]
        self._loads.add(now, -rate_bps)
        best, least = now, self._beside(demand, now)
        if least[0] < NO_BETTER and least[1] < self._known.least_ms[demand] + NO_BETTER:
            self._loads.add(now, rate_bps)
            return
        for way in (*self.known(demand), *self._around(demand)):
            if detours_only and way.order != now.order:
                continue
            rank = self._beside(demand, way)
            if rank[0] < least[0] - NO_BETTER or (
                rank[0] < least[0] + NO_BETTER and rank[1] < least[1] - NO_BETTER
            ):
                best, least = way, rank
        self._loads.add(best, rate_bps)
        self._now(demand, best)

    def _now(self, demand: int, way: Way) -> None:
        self.ways[demand], self._costs_ms[demand] = way, self.program.cost_ms(demand, way)

    def _beside(self, demand: int, way: Way) -> Rank:
        excess = self._loads.excess(way, self.program.spaces[demand].rate_bps)
        return excess, self.program.cost_ms(demand, way)

    def _around(self, demand: int) -> list[Way]:
        """Paths that avoid what is full: another path, and the same with other
        detours."""
        space, now = self.program.spaces[demand], self.ways[demand]
        everywhere, by_failure = self._loads.prices(space.rate_bps, TOO_MUCH_NS)
        mains = dict.fromkeys([now.main, *(way.main for way in self.known(demand))])
        main = main_at(self.program, demand, everywhere)
        if main is not None:
            mains[main] = None
        return [space.way(main, by_failure) for main in mains]


def _loads_any(way: Way, full: Mapping[Case, set[int]]) -> bool:
    """Whether a path with its detours loads any of these links in the case in which it is full."""
    return not all(links.isdisjoint(way.under(case)) for case, links in full.items())


def _mains(program: Program, demand: int) -> Iterable[Main]:
    """That of the program, and the cheapest."""
    mains = dict.fromkeys(program.mains[demand].values())
    main = main_at(program, demand, {})
    if main is not None:
        mains[main] = None
    return mains


# Which cases are looked at during repair of whole paths: the binding ones, if there are many.


def binding(program: Program, ways: Sequence[Way]) -> frozenset[int]:
    """The cases of the rows, and those in which these paths overload links; all, where
    there are few."""
    if not program.has_many_cases:
        return frozenset(program.failures)
    grid, reckoning = program.grid, program.reckoning
    limits = np.maximum(np.array(program.capacity_bps), reckoning.fixed_bps)
    rows = np.nonzero((reckoning.carried_bps(ways) > limits).any(axis=1))[0]
    found = {grid.at(cell)[0] for cell in program.rows.cells} | {grid.cases[row] for row in rows}
    return frozenset(case for case in found if case is not None)


def watch(program: Program, ways: Sequence[Way]) -> list[Way]:
    """The same paths, that say what they load in these cases, and in those watched before, as all
    do from now on."""
    program.watched = binding(program, ways) | program.watched
    is_all = len(program.watched) == len(program.failures)
    mask = ALL if is_all else sum(1 << case for case in program.watched)
    found = []
    for space, way in zip(program.spaces, ways, strict=True):
        space.watch(mask)
        found.append(space.composed(way.main, way.onward))
    return found


def watch_all(program: Program) -> None:
    """Paths say what they load in every case."""
    for space in program.spaces:
        space.watch(ALL)
