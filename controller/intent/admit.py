"""Every directed link's worst load against its capacity, and what would make all fit."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from corridor.controller.intent.lowering import lowered
from corridor.controller.intent.values import Added, Admission, Use, Worst
from corridor.controller.intent.worst_loads import problem_of


def admit(
    uses: Iterable[Use],
    capacity_bps: Mapping[str, int],
    elements: Mapping[str, Collection[str]],
    k: int | Mapping[str, int],
    headroom: float = 1.0,
) -> Admission:
    """Holds every directed link's worst load against its capacity.

    ``capacity_bps`` is by fibre, for each direction; ``headroom`` is the share of it that may be
    promised. ``elements`` names what fails as one, with the fibres and gateways that it takes
    down. ``k`` is how many fail at once, for all demands or by demand.

    A demand beyond its own k is promised nothing, yet its packets still flow: it counts wherever
    they do, like any other, and may be lowered. But a load counts only where some demand on the
    link is promised its rate under that failure: else no promise is broken.

    The order of nothing matters. Raises ValueError for uses of a demand that may hold at once or
    differ in rate, for a fibre without capacity and for a demand without k.
    """
    share = _share(headroom)
    problem = problem_of(sorted(uses, key=lambda use: use.demand), elements, k)
    links = []
    for link in sorted(problem.loads):
        limit = math.floor(_capacity(capacity_bps, link[0]) * share)
        links.append(problem.worst(link, limit))
    if all(link.fits for link in links):
        return Admission(tuple(links))
    return Admission(tuple(links), lowered(problem, links), _added(links, capacity_bps, share))


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


def _share(headroom: float) -> Fraction:
    """As it is written, so that nine tenths of ten are nine."""
    share = Fraction(str(headroom))
    if not 0 < share <= 1:
        raise ValueError(f"headroom is a share above 0 and up to 1, not {headroom}")
    return share


def _capacity(capacity_bps: Mapping[str, int], fibre: str) -> int:
    if fibre not in capacity_bps:
        raise ValueError(f"fibre {fibre} is used and has no capacity")
    return capacity_bps[fibre]


def _added(
    links: Iterable[Worst], capacity_bps: Mapping[str, int], share: Fraction
) -> tuple[Added, ...]:
    needed: dict[str, int] = {}
    for link in links:
        if not link.fits:
            load = math.ceil(link.load_bps / share)
            needed[link.fibre] = max(load, needed.get(link.fibre, 0))
    return tuple(
        Added(fibre, capacity_bps[fibre], load - capacity_bps[fibre])
        for fibre, load in sorted(needed.items())
    )
