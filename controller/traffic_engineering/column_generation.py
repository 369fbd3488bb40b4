"""New primary paths and new detours, as prices require them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from corridor.controller.policy.product import Edge
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import (
    ByCase,
    LinkPrices,
    Price,
    PrimaryPath,
)
from corridor.controller.traffic_engineering.path_program import (
    MBIT,
    NO_SHARE,
    Column,
    LinearProgram,
    Prices,
    Solution,
    worth_ms,
)
from corridor.topologies.base.arrays import Flags
from corridor.topologies.base.progress import counting

HELPS_MS = 1e-6
LOOKED = "demands searched for paths that leave room for others"
CLEAR = 10**16
"""What a fibre costs that is to be kept clear of, in ns: more than others, less than one that has
no room."""
NS = 1e6
"""In a millisecond."""
DETOURS_WEIGH = 1e-3
"""The weight of a detour's delay relative to a primary path in the search for paths."""


def improved(program: LinearProgram, found: Solution) -> int:
    """Paths and detours added that are cheapest at the prices of a solution: how many columns."""
    in_use = _in_use(program, found)
    return sum(
        _improved(program, found.prices, demand, in_use[demand])
        for demand in counting(range(len(program.spaces)), LOOKED)
    )


def avoiding_failures(program: LinearProgram, found: Solution) -> int:
    """The same of those that keep clear of what fails where links are dear."""
    if program.settled:
        return 0
    dear, in_use = program.dear_cells(found.prices), _in_use(program, found)
    return sum(
        _kept_clear(program, found.prices, demand, in_use[demand], dear)
        for demand in range(len(program.spaces))
    )


def _in_use(program: LinearProgram, found: Solution) -> list[list[Column]]:
    in_use: list[list[Column]] = [[] for _ in program.spaces]
    for number, column in enumerate(program.columns):
        if found.shares[number] > NO_SHARE:
            in_use[column.demand].append(column)
    return in_use


def _improved(program: LinearProgram, prices: Prices, demand: int, in_use: list[Column]) -> int:
    space, added = program.spaces[demand], 0
    by_failure = _by_failure(prices, space)
    for column in in_use:
        for repair_point in column.repair_points if column.level + 1 >= program.settled else ():
            detours = space.detours_from(repair_point, by_failure) if repair_point.bridged else {}
            if detours:
                added += program.add_detours(demand, repair_point, detours)
    if program.settled:
        return added
    for main in _mains(program, demand, prices):
        added += _added(program, prices, demand, main, by_failure)
    return added


def main_at(program: LinearProgram, demand: int, prices: Mapping[int, int]) -> PrimaryPath | None:
    """The cheapest primary path of a demand, at prices of links in ns."""
    space = program.spaces[demand]
    if not program.failures:  # else it hangs on which detours were looked at before, too
        if demand not in program.free:
            program.free[demand] = space.shortest(by_objective(program, demand, {}))
        free = program.free[demand]
        if free is not None and prices.keys().isdisjoint(space.links.load(free.sights)):
            return free  # prices only make others dearer
    return space.shortest(by_objective(program, demand, prices))


def _added(
    program: LinearProgram, prices: Prices, demand: int, main: PrimaryPath, by_failure: LinkPrices
) -> int:
    """With the cheapest detours, if it is not there and helps."""
    if main.order in program.mains[demand] and not program.rests(demand, main.order):
        return 0
    space = program.spaces[demand]
    detours = space.detours(main, by_failure)
    candidate = space.composed(main, detours)
    if worth_ms(program, demand, candidate, prices) >= -HELPS_MS:
        return 0
    return program.add(demand, candidate, detours)


def _kept_clear(
    program: LinearProgram, prices: Prices, demand: int, in_use: list[Column], dear: Flags
) -> int:
    """Where detours load what is dear in a case: primary paths and detours that avoid this case's
    failure, or load other links."""
    space, added = program.spaces[demand], 0
    clear_of = dict[int, None]()
    hit = dict[int, list[int]]()
    for column in in_use:
        group = column.group
        first = group[1][0] if group else 0
        for case in program.cases_in(column, dear) if group else ():
            hit.setdefault(first, []).append(case)
            clear_of[space.cases.taken_down(case)] = None
            if first < space.links.sights:
                clear_of[1 << first // 2] = None
    by_failure = _by_failure(prices, space)
    for column in in_use:
        for repair_point in column.repair_points if column.level == 0 else ():
            for case in dict.fromkeys(hit.get(repair_point.thing, ())):
                if repair_point.bridged >> case & 1:
                    here = by_failure.but(
                        case, space.links.over(space.cases.taken_down(case), CLEAR)
                    )
                    added += program.add_detours(
                        demand, repair_point, space.detours_from(repair_point, here)
                    )
    total = _in_all(prices)
    for fibres in clear_of:
        main = space.shortest(
            _clear_of(fibres, by_objective(program, demand, _in_ns(total, space)))
        )
        if main is not None:
            added += _added(program, prices, demand, main, by_failure)
    return added


def _clear_of(fibres: int, price: Price) -> Price:
    return lambda edge: price(edge) + (CLEAR if edge.bit & fibres else 0)


def by_objective(program: LinearProgram, demand: int, prices: Mapping[int, int]) -> Price:
    """The cost of an edge of a primary path: by the objective, and by prices of links in ns."""
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


def _by_failure(prices: Prices, space: PathSpace) -> LinkPrices:
    unit = space.rate_bps / MBIT * NS / DETOURS_WEIGH
    return ByCase(
        {
            failure: {link: round(price * unit) for link, price in of.items()}
            for failure, of in prices.by_failure.items()
            if failure is not None
        }
    )


def _mains(program: LinearProgram, demand: int, prices: Prices) -> Iterator[PrimaryPath]:
    """At prices of all that may happen to others, and of what is while all is well."""
    space = program.spaces[demand]
    well, total = prices.by_failure.get(None, {}), _in_all(prices)
    for some in (total, well) if total != well else (total,):
        main = main_at(program, demand, _in_ns(some, space))
        if main is not None:
            yield main


def _in_all(prices: Prices) -> dict[int, float]:
    total: dict[int, float] = {}
    for of in prices.by_failure.values():
        for link, price in of.items():
            total[link] = total.get(link, 0.0) + price
    return total


def _in_ns(prices: Mapping[int, float], space: PathSpace) -> dict[int, int]:
    unit = space.rate_bps / MBIT * NS
    return {link: round(price * unit) for link, price in prices.items()}
