"""Lower bounds on the maximum utilization, which no choice of paths can beat.

They hold for routing that may split demands and reroutes each of them within its policies after
each failure. A demand counts if it is protected against the failure and arrives on its present
paths. Tables may lose other demands, so a bound that counted those could be too high.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.policy.product import Edge
from corridor.controller.traffic_engineering.candidate_paths import NOBODY, PathSpace
from corridor.controller.traffic_engineering.candidate_values import (
    CandidatePath,
    Failed,
    FailureSets,
    Links,
    Load,
)
from corridor.controller.traffic_engineering.load_grid import FixedCandidate, FixedLoad
from corridor.controller.traffic_engineering.path_program import MBIT
from corridor.controller.traffic_engineering.selection_setting import (
    SelectionProblem,
    selection_problem_of,
)
from corridor.topologies.base.installation import require
from corridor.topologies.model.topology import Topology

ENOUGH = 1e-4
"""How near to each other what is reached and what is proven must come."""
MOST_ROUNDS = 200
UNIT = 1e9


class Bound(NamedTuple):
    """The largest minimum over the failures."""

    fullest: float
    """As a part of a capacity."""
    failure: str
    """Empty while nothing fails."""


class Least(NamedTuple):
    """The same of one case, as parts of a capacity."""

    anyhow: float
    """Whichever paths all take."""
    beside: float
    """Whichever paths those take that may move, in addition to those that stay."""


def least_fullest(setting: SelectionProblem, capacity_bps: Sequence[int]) -> Bound:
    """The worst of all failures, and of none. Demands that are lost or not protected then count
    for nothing."""
    demands = [*zip(setting.spaces, setting.alone, strict=True)]
    cases, fixed = setting.cases, setting.fixed
    known = _Known()
    worst = Bound(_least(demands, capacity_bps, cases, None, known, fixed_bps=fixed.always), "")
    for failure in cases.numbers:
        found = _least(
            *(demands, capacity_bps, cases, failure, known),
            enough=worst.fullest,
            fixed_bps=fixed.under(failure),
        )
        if found > worst.fullest:
            worst = Bound(found, " and ".join(sorted(cases.named(failure))))
    return worst


def fits_nowhere(setting: SelectionProblem, capacity_bps: Sequence[int]) -> dict[Failed, float]:
    """Of all failures under which no paths fit, the minimum that the fullest link is asked for."""
    known, found = _Known(), dict[Failed, float]()
    demands = [*zip(setting.spaces, setting.alone, strict=True)]
    cases, fixed = setting.cases, setting.fixed
    for failure in (None, *cases.numbers):
        part = _least(
            *(demands, capacity_bps, cases, failure, known),
            enough=1.0,
            fixed_bps=fixed.under(failure),
        )
        if part > 1 + ENOUGH:
            found[frozenset() if failure is None else cases.named(failure)] = part
    return found


def minimum_in(
    topology: Topology, served: Iterable[ForwardingGraph], failed: Collection[str]
) -> Least | None:
    """Of demands that are protected against it, by the permits that are in use: the outcome of
    others then is not promised. None where there is no such demand.

    If those that stay went anywhere, a rate of several demands together would still be on the
    links of any one of them.
    """
    links = Links(topology)
    setting = selection_problem_of(served, GraphBuilder(topology), links, [failed])
    cases, room_bps, kept = setting.cases, links.capacity_bps, [*setting.fixed.kept]
    case = cases.number(failed)
    move = list[tuple[PathSpace, CandidatePath]]()
    for space, candidate in zip(setting.spaces, setting.alone, strict=True):
        if space.stays and not failed:
            kept.append(FixedCandidate(space.name, space, candidate))
        elif space.failure_hypotheses.protects(failed):
            move.append((space, candidate))
    faced = [one for one in kept if one.space.failure_hypotheses.protects(failed)]
    faced.sort(key=lambda one: one.space.arrives(one.candidate, case))
    stay = {one.payer: (one.space, one.candidate) for one in faced}
    if not move and not stay:
        return None
    beside = FixedLoad(one for one in kept if one.payer in stay)
    anyhow = _least([*move, *stay.values()], room_bps, cases, case, _Known())
    fixed_bps = beside.under(case)
    at_least = _least(move, room_bps, cases, case, _Known(), fixed_bps=fixed_bps)
    return Least(anyhow, max(anyhow, at_least))


type _Key = tuple[int, tuple[tuple[int, int], ...], int]


class _Column(NamedTuple):
    demand: int
    fibres: int
    """As bits."""
    load: Load


class _Known:
    """Paths that were found in one case serve in others that leave them."""

    def __init__(self) -> None:
        self._columns: dict[frozenset[str], dict[_Key, _Column]] = {}
        """By the hubs whose gateway is closed, since that makes other paths lawful."""

    def alive(self, closed: frozenset[str], dead: int) -> list[_Column]:
        every = self._columns.get(closed, {}).values()
        return [column for column in every if not column.fibres & dead]

    def add(self, closed: frozenset[str], column: _Column) -> bool:
        """Whether it is new."""
        of = self._columns.setdefault(closed, {})
        key = (column.demand, tuple(sorted(column.load.items())), column.fibres)
        is_new = key not in of
        of[key] = column
        return is_new


def _candidate(
    space: PathSpace, demand: int, failure: int | None, prices: Mapping[int, float]
) -> _Column | None:
    """The cheapest; budgets are not asked, so it is not dearer."""
    links = space.links

    def price(edge: Edge) -> int:
        dear = sum(prices.get(link, 0.0) for link in links.crossed(edge.sight))
        return 1 + round(dear * UNIT)

    path = space.anyhow(failure, price, divided=True)
    if path is None:
        return None
    fibres = 0
    for _, edge in path.steps:
        fibres |= edge.bit
    return _Column(demand, fibres, links.load(edge.sight for _, edge in path.steps))


def _least(
    demands: Sequence[tuple[PathSpace, CandidatePath]],
    capacity_bps: Sequence[int],
    cases: FailureSets,
    failure: int | None,
    known: _Known,
    *,
    enough: float = 0.0,
    fixed_bps: Mapping[int, int] = MappingProxyType({}),
) -> float:
    """A proven bound, by column generation, in addition to what is fixed; less than ``enough``
    where that is not reached."""
    spaces = [space for space, _ in demands]
    dead = 0 if failure is None else cases.taken_down(failure)
    closed = NOBODY if failure is None else cases.closed(failure)
    failed = NOBODY if failure is None else cases.named(failure)
    arrive = {
        at: None
        for at, (space, candidate) in enumerate(demands)
        if (failure is None or space.failure_hypotheses.protects(failed))
        and space.arrives(candidate, failure)
    }
    columns = [one for one in known.alive(closed, dead) if one.demand in arrive]
    served = {column.demand for column in columns}
    for demand in arrive:
        first = None if demand in served else _candidate(spaces[demand], demand, failure, {})
        if first is not None:
            known.add(closed, first)
            columns.append(first)
    if not columns:
        return max((bps / capacity_bps[link] for link, bps in fixed_bps.items()), default=0.0)
    bound = 0.0
    for _ in range(MOST_ROUNDS):
        fullest, prices, paid = _solved(spaces, capacity_bps, columns, fixed_bps)
        if fullest <= enough:
            return fullest
        reached, fresh = 0.0, []
        for demand, most in paid.items():
            rate = spaces[demand].rate_bps / MBIT
            dear = {link: rate * price for link, price in prices.items()}
            column = _candidate(spaces[demand], demand, failure, dear)
            assert column is not None
            cost = sum(times * prices.get(link, 0.0) for link, times in column.load.items()) * rate
            reached += cost
            if cost < most - 1e-9 and known.add(closed, column):
                fresh.append(column)
        worth = sum(price * capacity_bps[link] / MBIT for link, price in prices.items())
        reached += sum(price * fixed_bps.get(link, 0) / MBIT for link, price in prices.items())
        if worth > 0:
            bound = max(bound, reached / worth)
        if not fresh or fullest - bound <= ENOUGH * fullest:
            break
        columns += fresh
    return bound


def _solved(
    spaces: Sequence[PathSpace],
    capacity_bps: Sequence[int],
    columns: Sequence[_Column],
    fixed_bps: Mapping[int, int],
) -> tuple[float, dict[int, float], dict[int, float]]:
    """The utilization of the fullest link, prices of links, and the price of each demand with a
    path."""
    require("a lower bound of utilization", "optimize")
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    served = sorted({one.demand for one in columns})
    number = {demand: at for at, demand in enumerate(served)}
    used = sorted({*fixed_bps}.union(*(one.load for one in columns)))
    row = {link: at for at, link in enumerate(used)}
    rows, places, values = [], [], []
    for place, (demand, _, load) in enumerate(columns):
        for link, times in load.items():
            rows.append(row[link])
            places.append(place)
            values.append(times * spaces[demand].rate_bps / MBIT)
    for link in used:
        rows.append(row[link])
        places.append(len(columns))
        values.append(-capacity_bps[link] / MBIT)
    count = len(columns) + 1
    each = csr_array(
        (np.ones(len(columns)), ([number[one.demand] for one in columns], range(len(columns)))),
        (len(served), count),
    )
    found = linprog(
        [0.0] * len(columns) + [1.0],
        A_ub=csr_array((values, (rows, places)), shape=(len(used), count)),
        b_ub=np.array([-fixed_bps.get(link, 0) / MBIT for link in used]),
        A_eq=each,
        b_eq=np.ones(len(served)),
        method="highs-ds",
    )
    assert found.status == 0, found.message
    prices = {
        link: float(-price)
        for link, price in zip(used, found.ineqlin.marginals, strict=True)
        if price < -1e-12
    }
    paid = dict(zip(served, found.eqlin.marginals.tolist(), strict=True))
    return float(found.x[-1]), prices, paid
