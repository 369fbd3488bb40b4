"""Paths by which rates fit as things are, whatever fails next.

They are asked for first when something has failed: few have to move for it, and it is found soon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from corridor.controller.forwarding.walks import walk_of
from corridor.controller.intent.picks import Pick
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.failures import Failures
from corridor.controller.traffic_engineering import fewest_moves
from corridor.controller.traffic_engineering.directed_links import Links
from corridor.controller.traffic_engineering.fit_rates import TRIES, Served, with_picks
from corridor.controller.traffic_engineering.guaranteed_demands import rates_of
from corridor.topologies.model.sharing import capacities_bps, shared_links

if TYPE_CHECKING:
    from corridor.controller.intent.values import Link

type Excess = Mapping[Link, int]
"""What does not fit, in bit/s, by directed link."""


def fits_as_is(specification: Specification, without: Failures) -> bool:
    """Whether committed rates do, unless something more fails."""
    return not _excess(_served(specification, without))


def is_worse_as_is(one: Specification, other: Specification, without: Failures) -> bool:
    """Whether some shortfall is larger with the paths of ``one``, without further failures."""
    mine, others = (_excess(_served(asked, without)) for asked in (one, other))
    return any(over > others.get(link, 0) for link, over in mine.items())


def fitted_as_is(specification: Specification, without: Failures) -> Specification:
    """The same, with other paths where committed rates do not fit on the present ones; as few
    demands move as possible. If nothing fits, the result with the smallest shortfall."""
    # numpy is dear to import
    from corridor.controller.traffic_engineering.path_program import UnsolvedError
    from corridor.controller.traffic_engineering.path_selection import choose

    served = _served(specification, without)
    best, least = specification, _excess(served)
    less: Counter[Link] = Counter()
    for _ in range(TRIES if least else 0):
        links = Links(specification.topology, less)
        try:
            choice = choose(
                *(served.topology, served.ways, served.builder, fewest_moves.KIND, links),
                as_is=True,
            )
        except UnsolvedError:
            break
        picked = with_picks(specification, _moved(specification, choice.picks))
        excess = _excess(_served(picked, without))
        if sum(excess.values()) < sum(least.values()):
            best, least = picked, excess
        if not excess or choice.fullest > 1:
            break
        less.update(excess)
    return best


def _moved(
    before: Specification, chosen: Mapping[str, tuple[Pick, ...]]
) -> Mapping[str, tuple[Pick, ...]]:
    """What is chosen of those that move; the others keep the detours, too, that were picked."""
    picks = dict(chosen)
    for one in before.directions:
        if one.picks and _in_use(chosen.get(one.demand.id, ())) == _in_use(one.picks):
            picks[one.demand.id] = one.picks
    return picks


def _in_use(picks: tuple[Pick, ...]) -> tuple[str, ...]:
    return next((one.fibres for one in picks if not one.dead), ())


def _served(specification: Specification, without: Failures) -> Served:
    return Served(specification.topology, specification.intents(), without)


def _excess(served: Served) -> Excess:
    most: dict[tuple[Link, str], int] = {}
    for way in served.ways:
        rates, path = rates_of(way), walk_of(way, served.topology).path
        assert rates is not None
        crossed: Counter[Link] = Counter()
        for fibre, hub in zip(path.fibres, path.hubs[:-1], strict=True):
            crossed.update([(fibre, hub), *shared_links(served.topology.fibre(fibre), hub)])
        for link, times in crossed.items():
            paid = link, way.intent.pays_as
            most[paid] = max(most.get(paid, 0), times * rates.cir)
    loads: Counter[Link] = Counter()
    for (link, _), bps in most.items():
        loads[link] += bps
    room_bps = capacities_bps(served.topology)
    excess = {link: load - room_bps[link[0]] for link, load in loads.items()}
    return {link: over for link, over in excess.items() if over > 0}
