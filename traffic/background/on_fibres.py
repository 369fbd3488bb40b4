"""Internet traffic on the fibres of a map, in the direction in which it flows. Pure.

Published rates are of one direction: that towards the country, which dominates for networks whose
users download. The other direction carries none here, as no source gives its rate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import ClassVar

import numpy as np

from corridor.topologies.base.errors import InputError
from corridor.topologies.model.background import (
    Background,
    BackgroundGrowth,
    BackgroundTraffic,
    FibreFlow,
    GrowthRate,
    Link,
)
from corridor.topologies.model.topology import Topology
from corridor.traffic.background.assignment import PEAK, TOLERANCE_GBPS, assign
from corridor.traffic.background.internet import Internet
from corridor.traffic.background.market import Draw, Market, Samples, central
from corridor.traffic.background.on_map import CutOnMap, OnMap, on_map
from corridor.traffic.background.sampled import QUANTILES, SAMPLES, SEED


def internet_on_fibres(
    topology: Topology,
    internet: Internet,
    day: date,
    *,
    source: str,
    load: float = PEAK,
) -> InternetOnFibres:
    """Put the Internet traffic of a day on the fibres of a map.

    Args:
        topology: A map that the figures are related to.
        internet: The figures.
        day: As in ``Internet.at``.
        source: The name of the figures.
        load: Multiple of the busy hour's traffic.

    Raises:
        InputError: The day has no figures, or no fibre of the map carries traffic of them.
    """
    of = on_map(topology, internet)
    if not of.is_related:
        raise InputError(
            f"no fibre of {topology.name} is known to carry Internet traffic",
            "state rates: background: {fibres: {FIBRE: RATE}}",
        )
    internet.at(day)
    return InternetOnFibres(source=source, topology=topology, day=day, load=load, of=of)


@dataclass(frozen=True, kw_only=True)
class InternetOnFibres(BackgroundTraffic):
    """Internet traffic of owners, who move it after a cut."""

    moves: ClassVar[bool] = True
    of: OnMap
    day: date
    draw: Draw = central
    """Chooses each uncertain figure: its value, or that of a sample."""
    _known: dict[tuple[frozenset[str], ...], Background] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Capacity answers ask for the same failures again and again."""

    def after(
        self,
        links: Collection[str] = (),
        groups: Collection[str] = (),
        hubs: Collection[str] = (),
    ) -> Background:
        """Return the traffic while fibres, shared-risk groups and hubs fail.

        Owners move traffic to their other capacity (reaction ``own``), on the map or not.
        """
        failed = frozenset(links), frozenset(groups), frozenset(hubs)
        if failed not in self._known:
            market = self.of.internet.at(self.day, draw=self.draw)
            self._known[failed] = self._carried(market, self.of.cut(*failed))
        return self._known[failed]

    def growth(self) -> tuple[BackgroundGrowth, ...]:
        """Return the growth of each country with traffic on the map, as its figures state it."""
        flows: dict[str, set[str]] = {}
        file, links = self.of.internet.file, dict(self._towards())
        countries = {one.id: one.country for one in file.holdings}
        countries |= {one.id: one.country for one in file.offers}
        for holding, region in self.of.routes:
            if links[flow := f"{holding}/{region}"]:
                flows.setdefault(countries[holding], set()).add(flow)
        return tuple(self._growth_of(code, frozenset(some)) for code, some in flows.items())

    def _growth_of(self, code: str, flows: frozenset[str]) -> BackgroundGrowth:
        internet = self.of.internet
        growth = internet.countries[code].growth
        of, named = growth.estimate, internet.file.sources.get(growth.source)
        rate = GrowthRate(
            of=f"background {code}",
            per_year=of.value,
            low=of.low,
            high=of.high,
            basis=growth.basis,
            confidence=growth.confidence,
            source="" if named is None else f"{named.title}, {named.url}",
        )
        return BackgroundGrowth(rate, internet.last_day(code), flows)

    def intervals(
        self,
        links: Collection[str] = (),
        groups: Collection[str] = (),
        hubs: Collection[str] = (),
    ) -> Mapping[Link, tuple[float, float]]:
        """Return the 90 % interval of each link's Gbit/s, from samples of the figures."""
        samples, found = Samples(SEED, SAMPLES), dict[Link, list[float]]()
        cut = self.of.cut(links, groups, hubs)
        for number in range(SAMPLES):
            market = self.of.internet.at(self.day, draw=samples.draw(number))
            for link, gbps in self._carried(market, cut).link_gbps.items():
                found.setdefault(link, [0.0] * SAMPLES)[number] = gbps
        bounds = {link: np.quantile(some, QUANTILES) for link, some in found.items()}
        return {link: (float(low), float(high)) for link, (low, high) in bounds.items()}

    def samples(self, seed: int, count: int) -> tuple[InternetOnFibres, ...]:
        """Return samples of the traffic: all figures within their intervals."""
        drawn = Samples(seed, count)
        return tuple(replace(self, draw=drawn.draw(at), _known={}) for at in range(count))

    def _carried(self, market: Market, cut: CutOnMap) -> Background:
        marked, failed = cut.failing(market)
        carried = assign(marked, failed, load=self.load, reaction="own")
        links = dict(self._towards())
        flows = tuple(
            FibreFlow(one.id, one.load_gbps, links[one.id])
            for one in carried.holdings
            if one.load_gbps > 0 and links.get(one.id)
        )
        elsewhere = tuple(one.id for one in carried.holdings if one.owner and not links.get(one.id))
        on_map = {one.country for one in carried.holdings if links.get(one.id)}
        shortfalls = {
            one.country: one.shortfall_gbps
            for one in carried.totals
            if not one.owner and one.country in on_map and one.shortfall_gbps > TOLERANCE_GBPS
        }
        return Background(flows, elsewhere, shortfalls)

    def _towards(self) -> Iterator[tuple[str, tuple[Link, ...]]]:
        """Yield each holding with its links in the direction from the region to the country."""
        for (holding, region), one in self.of.routes.items():
            links = tuple((leg.fibre, leg.end) for leg in reversed(one.legs))
            yield f"{holding}/{region}", links
