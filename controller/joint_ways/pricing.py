"""New ways in use and new detours, as prices ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from corridor.controller.joint_ways.program import (
    MBIT,
    NO_SHARE,
    Column,
    Prices,
    Program,
    Solution,
    worth_ms,
)
from corridor.controller.joint_ways.spaces.links import Price
from corridor.controller.joint_ways.spaces.space import Space
from corridor.controller.joint_ways.spaces.ways import Main
from corridor.controller.policy.product import Edge
from corridor.topologies.base.progress import counting

HELPS_MS = 1e-6
LOOKED = "demands looked at for ways that leave others room"
NS = 1e6
"""In a millisecond."""
DETOURS_WEIGH = 1e-3
"""How much less than a way in use a detour's own delay counts where ways are looked for."""

type ByFailure = Mapping[int, Mapping[int, int]]


def improved(program: Program, found: Solution) -> int:
    """Ways and detours added that make the solution better: how many columns."""
    in_use: list[list[Column]] = [[] for _ in program.spaces]
    for number, column in enumerate(program.columns):
        if found.shares[number] > NO_SHARE:
            in_use[column.demand].append(column)
    return sum(
        _improved(program, found.prices, demand, in_use[demand])
        for demand in counting(range(len(program.spaces)), LOOKED)
    )


def _improved(program: Program, prices: Prices, demand: int, in_use: list[Column]) -> int:
    space, added = program.spaces[demand], 0
    by_failure = _by_failure(prices, space)
    for column in in_use:
        for spot in column.spots if column.level + 1 >= program.settled else ():
            detours = space.detours_from(spot, by_failure) if spot.bridged else {}
            if detours:
                added += program.add_detours(demand, spot, detours)
    if program.settled:
        return added
    for main in _mains(program, demand, prices):
        if main.order in program.mains[demand]:
            continue
        detours = space.detours(main, by_failure)
        way = space.composed(main, detours)
        if worth_ms(program, demand, way, prices) < -HELPS_MS:
            added += program.add(demand, way, detours)
    return added


def main_at(program: Program, demand: int, prices: Mapping[int, int]) -> Main | None:
    """The cheapest way in use of a demand, at prices of links in ns."""
    space = program.spaces[demand]
    if not program.failures:  # else it hangs on which detours were looked at before, too
        if demand not in program.free:
            program.free[demand] = space.shortest(by_objective(program, demand, {}))
        free = program.free[demand]
        if free is not None and prices.keys().isdisjoint(space.links.load(free.sights)):
            return free  # prices only make others dearer
    return space.shortest(by_objective(program, demand, prices))


def by_objective(program: Program, demand: int, prices: Mapping[int, int]) -> Price:
    """What an edge of a way in use costs: by the objective, and by prices of links in ns."""
    space, objective = program.spaces[demand], program.objective
    own, by_sight = program.own_ns[demand], space.links.by_sight(prices)
    fibres = space.product.topology.fibres

    def price(edge: Edge) -> int:
        sight = edge.sight
        if sight not in own:
            over = objective.over(space, fibres[edge.number], edge.delay_ns)
            own[sight] = 1 + round(over * NS)
        return own[sight] + by_sight.get(sight, 0)

    return price


def _by_failure(prices: Prices, space: Space) -> ByFailure:
    unit = space.rate_bps / MBIT * NS / DETOURS_WEIGH
    return {
        failure: {link: round(price * unit) for link, price in of.items()}
        for failure, of in prices.by_failure.items()
        if failure is not None
    }


def _mains(program: Program, demand: int, prices: Prices) -> Iterator[Main]:
    """At prices of all that may happen to others, and of what is while all is well."""
    space = program.spaces[demand]
    unit = space.rate_bps / MBIT * NS
    well = prices.by_failure.get(None, {})
    total: dict[int, float] = {}
    for of in prices.by_failure.values():
        for link, price in of.items():
            total[link] = total.get(link, 0.0) + price
    for some in (total, well) if total != well else (total,):
        in_ns = {link: round(price * unit) for link, price in some.items()}
        main = main_at(program, demand, in_ns)
        if main is not None:
            yield main
