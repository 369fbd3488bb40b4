"""Every directed link's worst load against its capacity, and what would make all fit.

The smallest lowering of rates is a linear program with rows added as needed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corridor.controller.intent.values import Added, Admission, Lowered, Use, Worst
from corridor.controller.intent.worst_loads import Load, Problem, problem_of
from corridor.topologies.base.installation import require

NO_DUAL = 1e-7
"""Dual values of these programs are fractions of small integers; less is rounding."""


class _Row(NamedTuple):
    """The rates of these demands, times how often they cross a link, must not exceed its limit."""

    limit: int
    crossings: tuple[tuple[int, int], ...]

    def excess(self, rates: Sequence[int]) -> int:
        return sum(rates[demand] * times for demand, times in self.crossings) - self.limit


def lowered(problem: Problem, links: Iterable[Worst]) -> tuple[Lowered, ...]:
    """Adds rows until no failure set breaks any. Only a link that was overloaded can be again."""
    full = [
        (problem.loads[link.fibre, link.hub], link.limit_bps) for link in links if not link.fits
    ]
    cirs = problem.rates.tolist()
    rates = cirs
    rows: set[_Row] = set()
    while broken := {row for load, limit in full for row in _broken(load, limit, rates)}:
        rows |= broken
        rates = _least_lowering(sorted(rows), cirs)
    return tuple(
        Lowered(demand, cir, rate)
        for demand, cir, rate in zip(problem.demands, cirs, rates, strict=True)
        if rate < cir
    )


def _broken(load: Load, limit: int, rates: list[int]) -> Iterator[_Row]:
    found = load.worst_above(limit, np.array(rates, dtype=np.int64))
    if found is not None:
        yield _Row(limit, tuple(load.crossings(found[1]).items()))


def _least_lowering(rows: list[_Row], cirs: list[int]) -> list[int]:
    """Rates that keep all rows with the smallest total reduction; larger demands first in order."""
    order = sorted(range(len(cirs)), key=lambda demand: (-cirs[demand], demand))
    column = {demand: number for number, demand in enumerate(order)}
    unit = max(cirs) / 1e5
    matrix = np.zeros((len(rows), len(cirs)))
    for line, row in zip(matrix, rows, strict=True):
        for demand, times in row.crossings:
            line[column[demand]] = times
    least = [row.excess(cirs) / unit for row in rows]
    given_up = _cheapest(matrix, least, [cirs[demand] / unit for demand in order])
    exact = [cirs[demand] - given_up[column[demand]] * unit for demand in range(len(cirs))]
    return _within(rows, [_whole(rate) for rate in exact])


def _cheapest(
    matrix: npt.NDArray[np.float64], least: list[float], most: list[float]
) -> list[float]:
    """At least ``least`` by rows and at most ``most`` each: the smallest sum; of these, one.

    The second program picks among the optima of the first, which by complementary slackness keep
    each row with a dual value tight and each variable with a reduced cost at its bound. Its
    prices are powers of e, no rational combination of which is zero (Lindemann, Weierstrass):
    so two vertices cannot cost the same.
    """
    require("lowering of committed rates", "optimize")
    from scipy.optimize import linprog

    precise = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    count, bounds = len(most), [(0.0, upper) for upper in most]
    rows: dict[str, object] = {"A_ub": -matrix, "b_ub": [-value for value in least]}
    first = linprog(np.ones(count), **rows, bounds=bounds, options=precise)
    assert first.status == 0, first.message
    for number, upper in enumerate(most):
        if abs(first.lower.marginals[number]) > NO_DUAL:
            bounds[number] = (0.0, 0.0)
        elif abs(first.upper.marginals[number]) > NO_DUAL:
            bounds[number] = (upper, upper)
    tight = np.abs(first.ineqlin.marginals) > NO_DUAL
    rows |= {"A_eq": matrix[tight], "b_eq": np.array(least)[tight]}
    prices = np.exp(np.arange(count) / count)
    second = linprog(prices, **rows, bounds=bounds, options=precise)
    chosen = second if second.status == 0 else first
    return [float(value) for value in chosen.x]


def _whole(rate: float) -> int:
    """The whole number meant; of a rate between two the lower."""
    near = round(rate)
    return max(0, near if abs(rate - near) < 0.01 else math.floor(rate))


def _within(rows: list[_Row], rates: list[int]) -> list[int]:
    """Takes away what rounding left too much, a few bits per second."""
    for row in rows:
        for demand, times in row.crossings:
            if (excess := row.excess(rates)) > 0:
                rates[demand] -= min(rates[demand], -(-excess // times))
    return rates


def admit(
    uses: Iterable[Use],
    capacity_bps: Mapping[str, int],
    elements: Mapping[str, Collection[str]],
    k: int | Mapping[str, int],
) -> Admission:
    """Holds every directed link's worst load against its capacity.

    ``capacity_bps`` is by fibre, for each direction; ``elements`` names what fails as one, with the
    fibres and gateways that it takes down. ``k`` is how many fail at once, for all demands or by
    demand.

    A demand beyond its own k is promised nothing, yet its packets still flow: it counts wherever
    they do, like any other, and may be lowered. But a load counts only where some demand on the
    link is promised its rate under that failure: else no promise is broken.

    The order of nothing matters. Raises ValueError for uses of a demand that may hold at once or
    differ in rate, for a fibre without capacity and for a demand without k.
    """
    problem = problem_of(sorted(uses, key=lambda use: use.demand), elements, k)
    links = [
        problem.worst(link, _capacity(capacity_bps, link[0])) for link in sorted(problem.loads)
    ]
    if all(link.fits for link in links):
        return Admission(tuple(links))
    return Admission(tuple(links), lowered(problem, links), _added(links, capacity_bps))


def together(
    uses: Iterable[Use],
    capacity_bps: Mapping[str, int],
    elements: Mapping[str, Collection[str]],
    k: int | Mapping[str, int],
    most: int,
) -> frozenset[frozenset[str]]:
    """Two failures each under which some link is overloaded, and fuller than under either alone: of
    each link this many, under which it is fullest."""
    problem = problem_of(sorted(uses, key=lambda use: use.demand), elements, k)
    return frozenset(
        frozenset(problem.elements[load.elements[one]] for one in pair)
        for link, load in problem.loads.items()
        for pair in load.together(_capacity(capacity_bps, link[0]), problem.rates, most)
    )


def _capacity(capacity_bps: Mapping[str, int], fibre: str) -> int:
    if fibre not in capacity_bps:
        raise ValueError(f"fibre {fibre} is used and has no capacity")
    return capacity_bps[fibre]


def _added(links: Iterable[Worst], capacity_bps: Mapping[str, int]) -> tuple[Added, ...]:
    needed: dict[str, int] = {}
    for link in links:
        if not link.fits:
            needed[link.fibre] = max(link.load_bps, needed.get(link.fibre, 0))
    return tuple(
        Added(fibre, capacity_bps[fibre], load - capacity_bps[fibre])
        for fibre, load in sorted(needed.items())
    )
