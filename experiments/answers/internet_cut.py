"""What a cut does to background Internet traffic: not carried by country and reaction. Pure.

The model and its limits are in ``docs/background.md``. Nothing here is measured.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain
from typing import Literal

import numpy as np

from corridor.controller.intent.specification import failures_of
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.memory import remembered
from corridor.topologies.model.topology import Fibre, Topology
from corridor.traffic.background import (
    COARSE,
    REACTIONS,
    SAMPLES,
    SEED,
    Carried,
    CutOnMap,
    FlowCarried,
    Internet,
    OnMap,
    Reaction,
    RouteOnMap,
    assign,
    on_map,
)
from corridor.traffic.background.internet_file import Route, WrittenHolding
from corridor.traffic.background.market import Samples, central
from corridor.traffic.background.on_fibres import InternetOnFibres
from corridor.traffic.background.on_map import may_relate
from corridor.traffic.background.sampled import QUANTILES

AT_ONCE: Reaction = "none"
LEAST_GBPS = 1e-3
FULL = 0.999
"""Of the capacity."""


SEGMENT, SYSTEM = "segment:", "system:"
"""Kinds of elements that only background traffic has."""
MOST_RELATED = 2


@remembered(MOST_RELATED)
def internet_on(topology: Topology) -> OnMap | None:
    """Return the background traffic of the shipped data on a map; None if no route uses it."""
    found = on_map(topology) if may_relate(topology) else None
    return found if found is not None and found.is_related else None


def figures_of(loaded: LoadedScenario) -> tuple[OnMap | None, date]:
    """Return the background traffic on the map of a scenario, and its day: the figures of the key
    ``background``, otherwise the shipped ones on the scenario's day."""
    own = loaded.background
    if isinstance(own, InternetOnFibres):
        return own.of, own.day
    return internet_on(loaded.topology), loaded.as_of


@dataclass(frozen=True)
class Rate:
    """In Gbit/s, with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class AfterReaction:
    """Traffic in the busy hour after operators have reacted to a cut to some extent."""

    reaction: Reaction
    """``none``: at once. ``own``: over free capacity of the owner's other systems, after minutes
    to hours. ``bought``: after purchases, from the second day on."""
    carried_gbps: Rate
    shortfall_gbps: Rate
    """Of the traffic whose path is cut, what is not carried."""
    shortfall_share: float
    """Of what is offered."""
    rerouted_gbps: float
    rtt_ms: float | None
    """Mean round-trip time of the rerouted traffic, from landing station to region, with the
    queueing delay of full paths; None if nothing is rerouted."""
    full: tuple[str, ...]
    """Holdings that rerouted traffic has filled."""


@dataclass(frozen=True)
class DirectionCut:
    """Traffic of a country to one region."""

    direction: str
    offered_gbps: Rate
    lost_path_gbps: Rate
    """Traffic whose path is cut."""
    rtt_before_ms: float | None
    """Mean round-trip time of that traffic before the cut; None if there is none."""
    after: tuple[AfterReaction, ...]


@dataclass(frozen=True)
class OwnerCut:
    """An owner of capacity that is cut."""

    owner: str
    """``all``: all owners of the country together."""
    offered_gbps: float
    lost_path_gbps: float


@dataclass(frozen=True)
class CountryCut:
    """A country whose capacity is cut. Figures of countries differ in kind and are never added."""

    country: str
    name: str
    split: Literal["published", "assumed"]
    """Whether its capacity by cable is published, or our assumption on a published total."""
    offered_gbps: Rate
    lost_path_gbps: Rate
    rtt_before_ms: float | None
    after: tuple[AfterReaction, ...]
    owners: tuple[OwnerCut, ...]
    directions: tuple[DirectionCut, ...]

    def shortfall(self, reaction: str) -> Rate:
        """Return what is not carried after a reaction."""
        return next(one.shortfall_gbps for one in self.after if one.reaction == reaction)


@dataclass(frozen=True)
class UnknownCountry:
    """A country that uses or may use what is cut; its figures are missing or too old."""

    country: str
    why: str


@dataclass(frozen=True)
class InternetCut:
    """The effect on background traffic, computed by the model of ``corridor traffic``."""

    date: str
    """Capacity and traffic are those of this day."""
    samples: int
    """Random traffic matrices behind the intervals."""
    seed: int
    segments: tuple[str, ...]
    """Parts of cable systems that are cut."""
    countries: tuple[CountryCut, ...]
    """Those that lose capacity, with capacity by cable: first where that is published, then by the
    shortfall at once."""
    unknown: tuple[UnknownCountry, ...]


def internet_cut(
    related: OnMap | None,
    named: Sequence[str],
    day: date,
    samples: int = SAMPLES,
    seed: int = SEED,
    *,
    by_direction: bool = True,
) -> InternetCut | None:
    """Compute the effect of a cut on background traffic.

    Args:
        related: The figures on a map, as of ``figures_of``.
        named: Elements as of ``cut_elements``.
        day: Of the market.
        samples: Random traffic matrices, 2 or more.
        seed: Of these.
        by_direction: Whether each country has its directions.

    Returns:
        None if background traffic does not use the map, or what is cut.
    """
    if related is None:
        return None
    of, data = _Named.of(related, named), related.internet
    hit, near = of.hit(day), data.countries_near(day)
    totals = {code for code in near if data.split_of(code) == "total"}
    codes = [code for code in hit if code in near and code not in totals]
    drawn = of.carried(day, codes, samples, seed)
    countries = [_country(data, code, drawn, by_direction) for code in codes]
    unknown = {code: data.too_far(code, day) for code in hit if code not in near}
    unknown |= {code: _gap(data, code) for code in hit if code in totals}
    for one in of.gaps(day):
        if one.country not in codes:
            unknown.setdefault(one.country, one.why)
    if not (countries or unknown or of.cut.segments):
        return None
    return InternetCut(
        date=str(day),
        samples=samples,
        seed=seed,
        segments=tuple(sorted(of.cut.segments)),
        countries=tuple(sorted(countries, key=_rank)),
        unknown=tuple(UnknownCountry(*one) for one in sorted(unknown.items())),
    )


def _rank(of: CountryCut) -> tuple[bool, float]:
    """Countries whose capacity by cable is published first, then by what they lose."""
    return of.split != "published", -of.shortfall("none").value


def _gap(data: Internet, code: str) -> str:
    if code in data.countries:
        return "its capacity by cable is not in the data"
    return "its capacity is not in the data"


@dataclass(frozen=True)
class _Named:
    """A cut as it is named."""

    cut: CutOnMap
    dead: frozenset[str]
    """Fibres of the map that carry nothing, also those that end at failed hubs."""

    @classmethod
    def of(cls, related: OnMap, named: Sequence[str]) -> _Named:
        parts = [one for one in named if one.startswith((SEGMENT, SYSTEM))]
        stated = related.internet.cut(*(one.partition(":")[2] for one in parts))
        failures = failures_of(related.topology, [one for one in named if one not in parts])
        dead = (one.id for one in related.topology.fibres if not failures.spare(one))
        cut = related.cut(failures.links, failures.srlgs, failures.hubs, stated)
        return cls(cut, frozenset(dead))

    def hit(self, day: date) -> list[str]:
        """Countries with a holding on the day that is cut."""
        held = self.cut.of.internet.file.holdings
        return list(
            dict.fromkeys(
                one.country
                for one in held
                if one.exists(day) and any(self._takes(one.id, route) for route in one.routes)
            )
        )

    def _takes(self, holding: str, route: Route) -> bool:
        by_segment = not self.cut.segments.isdisjoint(route.segments)
        return by_segment or self.cut.takes((holding, route.to))

    def carried(
        self, day: date, countries: Collection[str], samples: int, seed: int
    ) -> list[Mapping[Reaction, Carried]]:
        """The best estimate, then each sample."""
        if not countries:
            return []
        random, internet = Samples(seed, samples), self.cut.of.internet
        found: list[Mapping[Reaction, Carried]] = []
        for draw in (central, *(random.draw(number) for number in range(samples))):
            market = internet.at(day, draw=draw, countries=countries)
            market, failed = self.cut.failing(market)
            found.append({one: assign(market, failed, reaction=one) for one in REACTIONS})
        return found

    def gaps(self, day: date) -> Iterator[UnknownCountry]:
        """Yield countries that use or may use what is cut, where figures do not say how much."""
        data = self.cut.of.internet
        near = data.countries_near(day)
        known = {one.country for one in data.file.holdings if one.system != COARSE} & {*near}
        for fibre in self._cut_fibres():
            for code in _countries(self.cut.of.topology, fibre):
                if fibre.medium == "terrestrial" and fibre.id not in self._related:
                    yield UnknownCountry(code, "its capacity by land there is not in the data")
                elif code not in known:
                    yield UnknownCountry(code, _gap(data, code))
        for one in data.file.holdings:
            if one.country in near and one.exists(day) and any(map(self._grazes, self._of(one))):
                why = f"whether its circuits on {one.system} use a cut fibre is not known"
                yield UnknownCountry(one.country, why)

    @cached_property
    def _related(self) -> frozenset[str]:
        """Fibres of segments."""
        return frozenset(chain.from_iterable(self.cut.of.fibres_of.values()))

    def _cut_fibres(self) -> Iterator[Fibre]:
        """Yield cut fibres by sea, across a border, or of segments; and those of their systems,
        where the map does not say which fibres a cut segment has."""
        of_segments = self.cut.of.fibres_of
        dead = self.dead.union(*(of_segments[one] for one in self.cut.segments))
        systems = {one.partition(":")[0] for one in self.cut.segments if not of_segments[one]}
        for fibre in self.cut.of.topology.fibres:
            is_cable = fibre.medium == "submarine" or fibre.id in self._related
            abroad = len({*_countries(self.cut.of.topology, fibre)}) > 1
            if (fibre.id in dead and (is_cable or abroad)) or fibre.system in systems:
                yield fibre

    def _of(self, holding: WrittenHolding) -> Iterator[tuple[RouteOnMap, Route]]:
        for one in holding.routes:
            yield self.cut.of.routes[holding.id, one.to], one

    def _grazes(self, of: tuple[RouteOnMap, Route]) -> bool:
        """Whether a route that is not on the map passes a segment of which a fibre is cut."""
        on_map, route = of
        passed = chain.from_iterable(self.cut.of.fibres_of[one] for one in route.segments)
        return not on_map.legs and not self.cut.fibres.isdisjoint(passed)


def _countries(topology: Topology, fibre: Fibre) -> Iterator[str]:
    for code in (*(topology.hub(end).located_in for end in fibre.ends), *fibre.crosses):
        yield code.partition("-")[0]


type _Drawn = Sequence[Mapping[Reaction, Carried]]


def _country(data: Internet, code: str, drawn: _Drawn, by_direction: bool) -> CountryCut:
    regions = sorted({one.direction for one in drawn[0][AT_ONCE].flows if one.country == code})
    parts = [_part(drawn, code, one) for one in regions] if by_direction else []
    whole = _part(drawn, code, "")
    return CountryCut(
        country=code,
        name=data.countries[code].name,
        split="assumed" if data.split_of(code) == "assumed" else "published",
        offered_gbps=whole.offered_gbps,
        lost_path_gbps=whole.lost_path_gbps,
        rtt_before_ms=whole.rtt_before_ms,
        after=whole.after,
        owners=tuple(_owners(drawn[0][AT_ONCE], code)),
        directions=tuple(parts),
    )


def _owners(of: Carried, code: str) -> Iterator[OwnerCut]:
    found = [one for one in of.totals if one.country == code and one.owner]
    for one in sorted(found, key=lambda total: -total.lost_path_gbps):
        if one.lost_path_gbps > LEAST_GBPS:
            yield OwnerCut(one.owner, one.offered_gbps, one.lost_path_gbps)


def _part(drawn: _Drawn, code: str, direction: str) -> DirectionCut:
    """The sums of a country, or of one of its directions."""

    def flows(of: Carried) -> list[FlowCarried]:
        return [one for one in of.flows if one.country == code and direction in ("", one.direction)]

    def rate(reaction: Reaction, name: str) -> Rate:
        sums = [sum(getattr(one, name) for one in flows(of[reaction])) for of in drawn]
        low, high = np.quantile(sums[1:], QUANTILES)
        return Rate(sums[0], float(low), float(high))

    kept, offered = flows(drawn[0][AT_ONCE]), rate("none", "offered_gbps")
    after = []
    for reaction, carried in drawn[0].items():
        now, lost = flows(carried), rate(reaction, "unserved_gbps")
        after.append(
            AfterReaction(
                reaction=reaction,
                carried_gbps=rate(reaction, "carried_gbps"),
                shortfall_gbps=lost,
                shortfall_share=lost.value / offered.value if offered.value else 0.0,
                rerouted_gbps=sum(one.rerouted_gbps for one in now),
                rtt_ms=_mean(map(_rerouted, kept, now)),
                full=tuple(_full(carried, code, direction)),
            )
        )
    return DirectionCut(
        direction=direction,
        offered_gbps=offered,
        lost_path_gbps=rate("none", "lost_path_gbps"),
        rtt_before_ms=_mean(map(_lost, kept)),
        after=tuple(after),
    )


def _lost(kept: FlowCarried) -> tuple[float, float]:
    """Rate in Gbit/s and RTT in ms, before the cut, of the part of a flow whose path is cut."""
    lost, before = kept.lost_path_gbps, kept.rtt_before_ms or 0.0
    rest = kept.carried_gbps * (kept.rtt_after_ms or 0.0)
    return lost, ((kept.carried_gbps + lost) * before - rest) / lost if lost else 0.0


def _rerouted(kept: FlowCarried, now: FlowCarried) -> tuple[float, float]:
    """The same of its rerouted part after a reaction; ``kept`` is the flow without a reaction."""
    moved, rest_ms = now.rerouted_gbps, (kept.rtt_after_ms or 0.0) - kept.queueing_ms
    rest = kept.carried_gbps * (rest_ms + now.queueing_ms)
    every = (kept.carried_gbps + moved) * (now.rtt_after_ms or 0.0)
    return moved, (every - rest) / moved if moved else 0.0


def _mean(parts: Iterable[tuple[float, float]]) -> float | None:
    """The mean of values by their weights."""
    known = [(weight, value) for weight, value in parts if weight > LEAST_GBPS]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if known else None


def _full(of: Carried, code: str, direction: str) -> Iterator[str]:
    for one in of.holdings:
        if one.country == code and direction in ("", one.direction):
            more = one.load_gbps - one.load_before_gbps
            if more > LEAST_GBPS and (one.utilization or 0.0) >= FULL:
                yield one.id
