"""What no choice of ways can be better than.

The least that the fullest link is asked for if demands could be divided, and all were routed again,
each within its law, after each failure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from corridor.controller.forwarding.forwarding_tree import ForwardingTree, TreeBuilder
from corridor.controller.joint_ways.fixed import Fixed, Kept
from corridor.controller.joint_ways.program import MBIT
from corridor.controller.joint_ways.setting import Setting, setting_of
from corridor.controller.joint_ways.spaces.links import Links, Load
from corridor.controller.joint_ways.spaces.space import NOBODY, Space
from corridor.controller.policy.product import Edge
from corridor.topologies.model.topology import Topology

ENOUGH = 1e-4
"""How near to each other what is reached and what is proven must come."""
MOST_ROUNDS = 200
UNIT = 1e9


class Bound(NamedTuple):
    """The most that some failure makes of the least."""

    fullest: float
    """As a part of a capacity."""
    failure: str
    """Empty while nothing fails."""


class Least(NamedTuple):
    """The same of one case, as parts of a capacity."""

    anyhow: float
    """Whichever ways all take."""
    beside: float
    """Whichever ways those take that may move, beside those that stay."""


def least_fullest(setting: Setting, capacity_bps: Sequence[int]) -> Bound:
    """The worst of all failures, and of none. Demands that have no way then count for nothing."""
    spaces, cases, fixed = setting.spaces, setting.cases, setting.fixed
    worst = Bound(_least(spaces, capacity_bps, None, 0.0, fixed.always), "")
    for failure in cases.numbers:
        found = _least(spaces, capacity_bps, failure, worst.fullest, fixed.under(failure))
        if found > worst.fullest:
            worst = Bound(found, " and ".join(sorted(cases.named(failure))))
    return worst


def least_in(
    topology: Topology, served: Iterable[ForwardingTree], failed: Collection[str]
) -> Least | None:
    """Of demands that are protected against it, by the permits that are in use: what becomes of
    others then is not promised. None where there is no such demand.

    If those that stay went anywhere, a rate of several demands together would still be on the
    links of any one of them.
    """
    links = Links(topology)
    setting = setting_of(served, TreeBuilder(topology), links, [failed])
    case, room_bps, kept = setting.cases.number(failed), links.capacity_bps, [*setting.fixed.kept]
    move = list[Space]()
    for space, way in zip(setting.spaces, setting.alone, strict=True):
        if space.stays and not failed:
            kept.append(Kept(space.name, space, way))
        elif space.suspects.protects(failed):
            move.append(space)
    stay = {one.payer: one.space for one in kept if one.space.suspects.protects(failed)}
    if not move and not stay:
        return None
    beside = Fixed(one for one in kept if one.payer in stay)
    anyhow = _least([*move, *stay.values()], room_bps, case, 0.0)
    return Least(anyhow, max(anyhow, _least(move, room_bps, case, 0.0, beside.under(case))))


class _Column(NamedTuple):
    demand: int
    load: Load


def _least(
    spaces: Sequence[Space],
    capacity_bps: Sequence[int],
    failure: int | None,
    known: float,
    fixed_bps: Mapping[int, int] = MappingProxyType({}),
) -> float:
    """A proven bound, by column generation, beside what is fixed; something below ``known`` where
    that is not reached."""
    ways = [load for space in spaces if (load := _way(space, failure, {})) is not None]
    served = [space for space in spaces if _way(space, failure, {}) is not None]
    if not served:
        return max((bps / capacity_bps[link] for link, bps in fixed_bps.items()), default=0.0)
    columns = [_Column(at, load) for at, load in enumerate(ways)]
    seen = {(at, tuple(sorted(load))) for at, load in columns}
    bound = 0.0
    for _ in range(MOST_ROUNDS):
        fullest, prices, paid = _solved(served, capacity_bps, columns, fixed_bps)
        if fullest <= known:
            return fullest
        reached, fresh = 0.0, []
        for at, space in enumerate(served):
            rate = space.rate_bps / MBIT
            load = _way(space, failure, {link: rate * price for link, price in prices.items()})
            assert load is not None
            cost = sum(times * prices.get(link, 0.0) for link, times in load.items()) * rate
            reached += cost
            if cost < paid[at] - 1e-9 and (at, tuple(sorted(load))) not in seen:
                seen.add((at, tuple(sorted(load))))
                fresh.append(_Column(at, load))
        worth = sum(price * capacity_bps[link] / MBIT for link, price in prices.items())
        reached += sum(price * fixed_bps.get(link, 0) / MBIT for link, price in prices.items())
        if worth > 0:
            bound = max(bound, reached / worth)
        if not fresh or fullest - bound <= ENOUGH * fullest:
            break
        columns += fresh
    return bound


def _way(space: Space, failure: int | None, prices: Mapping[int, float]) -> Load | None:
    """The cheapest while something has failed; budgets are not asked, so it is no dearer."""
    dead = 0 if failure is None else space.cases.taken_down(failure)
    closed = NOBODY if failure is None else space.cases.closed(failure)
    start = space.product.without_gateways(closed).entered(space.automaton.trip.src)
    links = space.links

    def price(edge: Edge) -> int:
        dear = sum(prices.get(link, 0.0) for link in links.crossed(edge.sight))
        return 1 + round(dear * UNIT)

    path = None if start is None else space.cheapest(start, dead, closed, price, divided=True)
    return None if path is None else links.load(edge.sight for _, edge in path.steps)


def _solved(
    spaces: Sequence[Space],
    capacity_bps: Sequence[int],
    columns: Sequence[_Column],
    fixed_bps: Mapping[int, int],
) -> tuple[float, dict[int, float], list[float]]:
    """The fullest link's part, prices of links, and what each demand pays."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    used = sorted({*fixed_bps}.union(*(one.load for one in columns)))
    row = {link: at for at, link in enumerate(used)}
    rows, places, values = [], [], []
    for place, (demand, load) in enumerate(columns):
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
        (np.ones(len(columns)), ([one.demand for one in columns], range(len(columns)))),
        (len(spaces), count),
    )
    found = linprog(
        [0.0] * len(columns) + [1.0],
        A_ub=csr_array((values, (rows, places)), shape=(len(used), count)),
        b_ub=np.array([-fixed_bps.get(link, 0) / MBIT for link in used]),
        A_eq=each,
        b_eq=np.ones(len(spaces)),
        method="highs-ds",
    )
    assert found.status == 0, found.message
    prices = {
        link: float(-price)
        for link, price in zip(used, found.ineqlin.marginals, strict=True)
        if price < -1e-12
    }
    return float(found.x[-1]), prices, found.eqlin.marginals.tolist()
