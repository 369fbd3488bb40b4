"""Whole paths made to fit next to each other, and then to cost less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from corridor.controller.traffic_engineering.candidate_paths import ALL
from corridor.controller.traffic_engineering.candidate_values import (
    NOT_DEAR,
    CandidatePath,
    PrimaryPath,
)
from corridor.controller.traffic_engineering.column_generation import main_at
from corridor.controller.traffic_engineering.load_grid import Case, Loads, loads_of
from corridor.controller.traffic_engineering.path_program import LinearProgram
from corridor.topologies.base.progress import counting

ROUNDS = 12
"""The maximum of rounds in which each demand is tried on better paths."""
AGAIN = 6
"""How often cases are looked at, too, that are broken by repair."""
TRIED, MOST_BLOCKING = 3, 8
"""How many other paths of a demand are tried, and how many other demands may have to make room."""
TOO_MUCH_NS = 10**13
"""The cost of an overload by one whole capacity when a path is added to all others."""
NO_BETTER = 1e-9

type Rank = tuple[float, float]
"""How many capacities too much there are, and what paths cost."""


def with_less_overload(program: LinearProgram, candidates: Sequence[CandidatePath]) -> State:
    """Paths that leave less overloaded, and then cost less; those of low rates move first, or last,
    whichever comes to less. Where there are many cases, only those count that bind; again with
    those that are broken then, so often."""
    for _ in range(AGAIN):
        state = _mended(watched(program, candidates))
        if state.is_whole:
            return state
        candidates = state.candidates
    return watched(program, candidates)


def watched(program: LinearProgram, candidates: Sequence[CandidatePath]) -> State:
    """In all cases that bind, or are overloaded with these paths."""
    return State.of(program, watch(program, candidates))


def _mended(first: State) -> State:
    order = range(len(first.candidates))
    tried = [first, first.copy()]
    for state, one in zip(tried, ([*reversed(order)], [*order]), strict=True):
        state.settle(one)
    return min(tried, key=lambda state: state.rank)


def with_ejection_chains(state: State) -> State:
    """Each demand that loads what is overloaded is tried on other paths, where others make room,
    until all fits or no demand has moved."""
    for _ in range(ROUNDS):
        before = state
        for demand in state.blocking_demands():
            if state.is_blocking(demand):
                candidates = sorted(
                    state.known(demand), key=lambda candidate: state.beside(demand, candidate)
                )
                state = _tried(state, demand, candidates)
        if state.fits or state is before:
            break
    return state


def at_lower_cost(state: State) -> State:
    """Each demand that costs more than it has to is tried by cheaper paths, from which others make
    room."""
    for demand in counting(range(len(state.candidates)), "demands tried on cheaper paths"):
        cost_ms = partial(state.program.cost_ms, demand)
        now = cost_ms(state.candidates[demand])
        candidates = [
            candidate for candidate in state.known(demand) if cost_ms(candidate) < now - NO_BETTER
        ]
        state = _tried(state, demand, sorted(candidates, key=cost_ms))
    return state


def _tried(state: State, demand: int, candidates: Iterable[CandidatePath]) -> State:
    """The state with the first of these paths of a demand that improves the total, once others
    have made room for it."""
    orders = {
        candidate.order: candidate
        for candidate in reversed([*candidates])
        if candidate.order != state.candidates[demand].order
    }
    for candidate in [*reversed(orders.values())][:TRIED]:
        other = state.copy()
        other.take(demand, candidate)
        other.settle([demand], rounds=1, detours_only=True)
        for detours_only in (True, False):
            blocking_demands = [one for one in other.blocking_demands() if one != demand][
                :MOST_BLOCKING
            ]
            if not blocking_demands:
                break
            other.settle(blocking_demands, rounds=1, detours_only=detours_only)
            other.settle([demand], rounds=1, detours_only=True)
        if other.rank < state.rank:
            return other
    return state


class _Known(NamedTuple):
    """What does not change."""

    program: LinearProgram
    candidates: tuple[tuple[CandidatePath, ...], ...]
    """That are known, by demand."""
    least_ms: tuple[float, ...]
    """What the cheapest of them costs."""


class State:
    """A path for each demand, and what they load together."""

    def __init__(
        self, known: _Known, candidates: list[CandidatePath], loads: Loads, costs_ms: list[float]
    ) -> None:
        self._known, self.program, self.candidates, self._loads = (
            known,
            known.program,
            candidates,
            loads,
        )
        self._costs_ms = costs_ms

    @classmethod
    def of(cls, program: LinearProgram, candidates: Sequence[CandidatePath]) -> State:
        rates = (space.rate_bps for space in program.spaces)
        loads = loads_of(
            program.capacity_bps,
            sorted(program.watched),
            zip(candidates, rates, strict=True),
            program.tolerated,
            program.fixed,
        )
        known = [
            tuple(space.candidate(main, NOT_DEAR) for main in _mains(program, demand))
            for demand, space in enumerate(program.spaces)
        ]
        least = [
            min(program.cost_ms(demand, candidate) for candidate in some)
            for demand, some in enumerate(known)
        ]
        costs = [program.cost_ms(demand, candidate) for demand, candidate in enumerate(candidates)]
        return cls(_Known(program, tuple(known), tuple(least)), list(candidates), loads, costs)

    def copy(self) -> State:
        return State(self._known, list(self.candidates), self._loads.copy(), list(self._costs_ms))

    def known(self, demand: int) -> tuple[CandidatePath, ...]:
        return self._known.candidates[demand]

    @property
    def fits(self) -> bool:
        """In all cases but those that are let pass."""
        return not self._full()

    @property
    def is_whole(self) -> bool:
        """Whether all cases are looked at in which something is overloaded."""
        return binding(self.program, self.candidates) <= self.program.watched

    def _full(self) -> list[tuple[Case, int]]:
        tolerated = self.program.tolerated
        return [(case, link) for case, link in self._loads.full() if case not in tolerated]

    def _full_by_case(self) -> dict[Case, set[int]]:
        found: dict[Case, set[int]] = {}
        for case, link in self._full():
            found.setdefault(case, set()).add(link)
        return found

    @property
    def rank(self) -> Rank:
        return round(self._loads.too_full(), 9), round(sum(self._costs_ms), 6)

    def take(self, demand: int, candidate: CandidatePath) -> None:
        rate_bps = self.program.spaces[demand].rate_bps
        self._loads.add(self.candidates[demand], -rate_bps)
        self._loads.add(candidate, rate_bps)
        self._now(demand, candidate)

    def settle(
        self, order: Iterable[int], rounds: int = ROUNDS, *, detours_only: bool = False
    ) -> None:
        """Each demand in turn takes the path that is best given all others, until none moves."""
        order = list(order)
        for _ in range(rounds):
            before = [self.candidates[demand].key for demand in order]
            for demand in order:
                self._settle(demand, detours_only=detours_only)
            if before == [self.candidates[demand].key for demand in order]:
                break

    def blocking_demands(self) -> list[int]:
        """Who loads what is overloaded: those first that it would fit without, the lowest rate
        first."""
        full = self._full_by_case()
        found = []
        for demand, candidate in enumerate(self.candidates):
            if _loads_any(candidate, full):
                rate_bps = self.program.spaces[demand].rate_bps
                found.append((rate_bps, demand))
        return [demand for _, demand in sorted(found)]

    def is_blocking(self, demand: int) -> bool:
        return _loads_any(self.candidates[demand], self._full_by_case())

    def beside(self, demand: int, candidate: CandidatePath) -> Rank:
        """The rank of a path in place of the present one of the demand."""
        rate_bps, now = self.program.spaces[demand].rate_bps, self.candidates[demand]
        self._loads.add(now, -rate_bps)
        rank = self._beside(demand, candidate)
        self._loads.add(now, rate_bps)
        return rank

    def _settle(self, demand: int, *, detours_only: bool) -> None:
        rate_bps, now = self.program.spaces[demand].rate_bps, self.candidates[demand]
        self._loads.add(now, -rate_bps)
        best, least = now, self._beside(demand, now)
        if least[0] < NO_BETTER and least[1] < self._known.least_ms[demand] + NO_BETTER:
            self._loads.add(now, rate_bps)
            return
        for candidate in (*self.known(demand), *self._around(demand)):
            if detours_only and candidate.order != now.order:
                continue
            rank = self._beside(demand, candidate)
            if rank[0] < least[0] - NO_BETTER or (
                rank[0] < least[0] + NO_BETTER and rank[1] < least[1] - NO_BETTER
            ):
                best, least = candidate, rank
        self._loads.add(best, rate_bps)
        self._now(demand, best)

    def _now(self, demand: int, candidate: CandidatePath) -> None:
        self.candidates[demand], self._costs_ms[demand] = (
            candidate,
            self.program.cost_ms(demand, candidate),
        )

    def _beside(self, demand: int, candidate: CandidatePath) -> Rank:
        excess = self._loads.excess(candidate, self.program.spaces[demand].rate_bps)
        return excess, self.program.cost_ms(demand, candidate)

    def _around(self, demand: int) -> list[CandidatePath]:
        """Paths that avoid what is full: another path, and the same with other
        detours."""
        space, now = self.program.spaces[demand], self.candidates[demand]
        everywhere, by_failure = self._loads.prices(space.rate_bps, TOO_MUCH_NS)
        mains = dict.fromkeys([now.main, *(candidate.main for candidate in self.known(demand))])
        main = main_at(self.program, demand, everywhere)
        if main is not None:
            mains[main] = None
        return [space.candidate(main, by_failure) for main in mains]


def _loads_any(candidate: CandidatePath, full: Mapping[Case, set[int]]) -> bool:
    """Whether a path with its detours loads any of these links in the case in which it is full."""
    return not all(links.isdisjoint(candidate.under(case)) for case, links in full.items())


def _mains(program: LinearProgram, demand: int) -> Iterable[PrimaryPath]:
    """That of the program, and the cheapest."""
    mains = dict.fromkeys(program.mains[demand].values())
    main = main_at(program, demand, {})
    if main is not None:
        mains[main] = None
    return mains


# Which cases are looked at during repair of whole paths: the binding ones, if there are many.


def binding(program: LinearProgram, candidates: Sequence[CandidatePath]) -> frozenset[int]:
    """The cases of the rows, and those in which these paths overload links; all, where
    there are few."""
    if not program.has_many_cases:
        return frozenset(program.failures)
    grid, reckoning = program.grid, program.reckoning
    limits = np.maximum(np.array(program.capacity_bps), reckoning.fixed_bps)
    rows = np.nonzero((reckoning.carried_bps(candidates) > limits).any(axis=1))[0]
    found = {grid.at(cell)[0] for cell in program.rows.cells} | {grid.cases[row] for row in rows}
    return frozenset(case for case in found if case is not None)


def watch(program: LinearProgram, candidates: Sequence[CandidatePath]) -> list[CandidatePath]:
    """The same paths, that say what they load in these cases, and in those watched before, as all
    do from now on."""
    program.watched = binding(program, candidates) | program.watched
    is_all = len(program.watched) == len(program.failures)
    mask = ALL if is_all else sum(1 << case for case in program.watched)
    found = []
    for space, candidate in zip(program.spaces, candidates, strict=True):
        space.watch(mask)
        found.append(space.composed(candidate.main, candidate.onward))
    return found


def watch_all(program: LinearProgram) -> None:
    """Paths say what they load in every case."""
    for space in program.spaces:
        space.watch(ALL)
