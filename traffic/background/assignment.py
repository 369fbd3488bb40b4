"""Background traffic on capacity, before and after a cut, as operators route it. Pure.

Each stage returns placements of traffic on capacity, and the next one adds to them:

1. The traffic of an owner in a direction uses the owner's capacity in that direction; what does not
   fit uses the owner's capacity in other regions, from where it goes on over the coarse edges. BGP
   does both within minutes.
2. After a cut, traffic stays where its path is whole. The rest is placed as in 1.
3. What is left uses what can be bought within days: a share of the free capacity of other owners in
   the country, first to the Gulf, then to Singapore and Hong Kong, then of offers.
4. The rest is the shortfall: a fluid queue that loses 1 - 1/rho at rho times the capacity.

Capacity of another owner is never used unless it is bought. Flows that compete for the same
capacity get equal shares of their demands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.delay import one_way_delay_ns
from corridor.traffic.background.carried import (
    SCHEMA,
    Carried,
    FlowCarried,
    HoldingCarried,
    Reaction,
    totals,
)
from corridor.traffic.background.market import Flow, Holding, Market, Offer, Transit


class Detour(NamedTuple):
    """How traffic goes on from one region to another."""

    length_km: float
    segments: tuple[str, ...]


class Detours:
    """The edges that have not failed. Paths are computed once for each region where they begin."""

    def __init__(self, transits: Sequence[Transit], failed: Iterable[str]) -> None:
        dead = set(failed)
        self._edges = [one for one in transits if one.segment not in dead]
        self._found: dict[str, dict[str, Detour]] = {}

    @property
    def capacities_gbps(self) -> Mapping[str, float]:
        """By segment, of those edges whose capacity is published."""
        return {
            one.segment: one.capacity_gbps for one in self._edges if one.capacity_gbps is not None
        }

    def between(self, here: str, there: str) -> Detour | None:
        """Return the shortest path, or None."""
        if here not in self._found:
            self._found[here] = self._search(here)
        return self._found[here].get(there)

    def _search(self, here: str) -> dict[str, Detour]:
        """By region, the shortest path from here (Bellman and Ford: there are a dozen edges)."""
        best, changed = {here: Detour(0.0, ())}, True
        while changed:
            changed = False
            for edge in self._edges:
                for a, z in (edge.between, edge.between[::-1]):
                    length = best[a].length_km + edge.length_km if a in best else float("inf")
                    if length < (best[z].length_km if z in best else float("inf")):
                        best[z] = Detour(length, (*best[a].segments, edge.segment))
                        changed = True
        return best


PEAK = 1.0
"""The load of the busy hour. The mean of a day is ``Internet.mean_load``."""
MOST_LOAD = 1000.0
TOLERANCE_GBPS = 1e-6
"""Rounding of floating-point numbers: less than this is nothing."""
BOUGHT_FIRST = ("gulf", "singapore", "hongkong")
"""The order in which owners buy; reports on Pakistan in 2025 have it."""
NS_PER_MS = 1e6


def assign(
    market: Market,
    failed: Iterable[str] = (),
    *,
    load: float = PEAK,
    reaction: Reaction = "bought",
) -> Carried:
    """Route the background traffic.

    Args:
        market: Holdings and traffic of a day.
        failed: Ids of segments; ``Internet.cut`` makes them of names.
        load: Multiple of the busy hour's traffic.
        reaction: How far operators have reacted.

    Returns:
        Each flow, each holding, and the sums of owners and countries, in Gbit/s and ms. Offered is
        carried plus shortfall to within ``TOLERANCE_GBPS``, and no holding is above its capacity.

    Raises:
        InputError: A segment is not known, or the load is not possible.
    """
    dead = frozenset(failed)
    for segment in sorted(dead - market.segments.keys()):
        hint = nearest(segment, market.segments) or "write it like smw4:red-sea"
        raise InputError(f'no segment "{segment}"', hint)
    if not 0 <= load <= MOST_LOAD:
        hint = f"write 0 to {MOST_LOAD:,.0f}; 1 is the busy hour"
        raise InputError(f"a load of {load} is not possible", hint)
    before = _on_own(_Network.of(market, frozenset(), load), ())
    network = _Network.of(market, dead, load)
    after = tuple(one for one in before if dead.isdisjoint(one.path.segments))
    if reaction != "none":
        after = _on_own(network, after)
    if reaction == "bought":
        after = _on_bought(network, after)
    return _document(network, before, after, reaction)


class _Path(NamedTuple):
    """Capacity, by its number in the market, and what is behind it up to the region of a flow."""

    length_km: float
    capacity: int
    segments: tuple[str, ...]


class _Placed(NamedTuple):
    """Part of a flow, by its number in the market, on a path."""

    flow: int
    path: _Path
    gbps: float


type _Placements = tuple[_Placed, ...]


@dataclass(frozen=True)
class _Network:
    """The capacity of a day with some segments cut, and the traffic that it is offered."""

    market: Market
    dead: frozenset[str]
    load: float
    capacities: tuple[Holding | Offer, ...]
    detours: Detours

    @classmethod
    def of(cls, market: Market, dead: frozenset[str], load: float) -> _Network:
        capacities: tuple[Holding | Offer, ...] = (*market.holdings, *market.offers)
        return cls(market, dead, load, capacities, Detours(market.transits, dead))

    def is_cut(self, number: int) -> bool:
        return not self.dead.isdisjoint(self.capacities[number].segments)

    def offered_gbps(self, flow: int) -> float:
        return self.load * self.market.flows[flow].offered_gbps

    def holdings(self, country: str) -> list[int]:
        return _numbers(self.market.holdings, country)

    def offers(self, country: str) -> list[int]:
        return _numbers(self.market.offers, country, len(self.market.holdings))

    def flows(self, country: str) -> list[int]:
        return _numbers(self.market.flows, country)

    def paths(self, flow: int, capacities: Iterable[int]) -> list[_Path]:
        """Return paths of a flow over capacity to its region, the shortest first."""
        found = []
        for number in capacities:
            one = self.capacities[number]
            detour = self.detours.between(one.direction, self.market.flows[flow].direction)
            if detour is not None:
                segments = (*one.segments, *detour.segments)
                found.append(_Path(one.length_km + detour.length_km, number, segments))
        return sorted(found)


class _Room:
    """What flows, capacity and coarse edges have left while a stage places traffic."""

    def __init__(self, network: _Network, placed: _Placements) -> None:
        self.placed = list(placed)
        self.left = [network.offered_gbps(flow) for flow in range(len(network.market.flows))]
        self.free = [
            0.0 if network.is_cut(number) else one.capacity_gbps
            for number, one in enumerate(network.capacities)
        ]
        self.edges = dict(network.detours.capacities_gbps)
        for one in placed:
            self._take(one)

    def place(self, flow: int, path: _Path, gbps: float) -> float:
        """Place at most a rate, as far as there is room; return what was placed."""
        edges = (self.edges[one] for one in path.segments if one in self.edges)
        gbps = min(gbps, self.left[flow], self.free[path.capacity], *edges)
        if gbps <= 0:
            return 0.0
        one = _Placed(flow, path, gbps)
        self.placed.append(one)
        self._take(one)
        return gbps

    def _take(self, one: _Placed) -> None:
        self.left[one.flow] = max(0.0, self.left[one.flow] - one.gbps)
        self.free[one.path.capacity] = max(0.0, self.free[one.path.capacity] - one.gbps)
        for segment in one.path.segments:
            if segment in self.edges:
                self.edges[segment] = max(0.0, self.edges[segment] - one.gbps)


def _on_own(network: _Network, placed: _Placements) -> _Placements:
    """Place what is left of each owner's traffic on its capacity: in its direction, then in all."""
    room, market = _Room(network, placed), network.market
    for country in _once(one.country for one in market.flows):
        flows, holdings = network.flows(country), network.holdings(country)
        for owner in _once(market.flows[one].owner for one in flows):
            mine = [one for one in holdings if market.holdings[one].owner == owner]
            streams = [one for one in flows if market.flows[one].owner == owner]
            for flow in streams:
                _in_proportion(network, room, flow, mine)
            _shared(network, room, streams, mine, 1.0)
    return tuple(room.placed)


def _on_bought(network: _Network, placed: _Placements) -> _Placements:
    """Place what is left on capacity of others, in the order of purchases, then on offers."""
    room, market = _Room(network, placed), network.market
    for country in _once(one.country for one in market.flows):
        holdings = network.holdings(country)
        regions = _once((*BOUGHT_FIRST, *(market.holdings[one].direction for one in holdings)))
        groups = [
            [one for one in holdings if market.holdings[one].direction == region]
            for region in regions
        ]
        for group in (*groups, network.offers(country)):
            _shared(network, room, network.flows(country), group, market.bought_share)
    return tuple(room.placed)


def _in_proportion(network: _Network, room: _Room, flow: int, mine: Sequence[int]) -> None:
    """Fill holdings of the owner in the direction of a flow in proportion to what is free."""
    direction = network.market.flows[flow].direction
    numbers = [one for one in mine if network.capacities[one].direction == direction]
    free = sum(room.free[one] for one in numbers)
    share = min(1.0, room.left[flow] / free) if free > 0 else 0.0
    for number in numbers:
        one = network.capacities[number]
        room.place(flow, _Path(one.length_km, number, one.segments), share * room.free[number])


def _shared(
    network: _Network, room: _Room, flows: Sequence[int], capacities: Sequence[int], share: float
) -> None:
    """Fill a share of free capacity with what is left of flows, in proportion to that."""
    usable = {one: share * room.free[one] for one in capacities}
    wanted, usable_gbps = sum(room.left[one] for one in flows), sum(usable.values())
    if min(wanted, usable_gbps) <= TOLERANCE_GBPS:
        return
    for part in (min(1.0, usable_gbps / wanted), 1.0):  # then what some cannot reach, for others
        for flow in flows:
            quota = part * room.left[flow]
            for path in network.paths(flow, capacities):
                if quota <= TOLERANCE_GBPS:
                    break
                gbps = room.place(flow, path, min(quota, usable[path.capacity]))
                usable[path.capacity] -= gbps
                quota -= gbps


def _numbers(rows: Sequence[Flow | Holding | Offer], country: str, first: int = 0) -> list[int]:
    return [number for number, one in enumerate(rows, first) if one.country == country]


def _once[T](values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))


def _document(
    network: _Network, before: _Placements, after: _Placements, reaction: Reaction
) -> Carried:
    flows = tuple(
        _flow(network, number, _of_flow(before, number), _of_flow(after, number), reaction)
        for number in range(len(network.market.flows))
    )
    holdings = tuple(
        _holding(network, number, before, after) for number in range(len(network.capacities))
    )
    return Carried(
        schema=SCHEMA,
        date=str(network.market.date),
        load=network.load,
        reaction=reaction,
        failed=tuple(sorted(network.dead)),
        flows=flows,
        holdings=holdings,
        totals=totals(flows, holdings),
    )


def _of_flow(placed: _Placements, flow: int) -> list[_Placed]:
    return [one for one in placed if one.flow == flow]


def _flow(
    network: _Network,
    number: int,
    before: Collection[_Placed],
    after: Collection[_Placed],
    reaction: Reaction,
) -> FlowCarried:
    flow, offered = network.market.flows[number], network.offered_gbps(number)
    left = offered - _gbps(after)
    shortfall = left if left > TOLERANCE_GBPS else 0.0
    lost_path = _gbps(one for one in before if not network.dead.isdisjoint(one.path.segments))
    rerouted = offered - shortfall - (_gbps(before) - lost_path)
    if rerouted > lost_path - TOLERANCE_GBPS:  # purchases may also serve what exceeded capacity
        rerouted = lost_path
    on_dead_paths = lost_path if reaction == "none" else 0.0
    queued_before, queueing = (
        network.market.buffer_ms if gbps > TOLERANCE_GBPS else 0.0
        for gbps in (offered - _gbps(before), shortfall - on_dead_paths)
    )
    return FlowCarried(
        country=flow.country,
        owner=flow.owner,
        direction=flow.direction,
        offered_gbps=offered,
        lost_path_gbps=lost_path,
        rerouted_gbps=rerouted if rerouted > TOLERANCE_GBPS else 0.0,
        carried_gbps=offered - shortfall,
        shortfall_gbps=shortfall,
        loss_share=shortfall / offered if offered else 0.0,
        rtt_before_ms=_rtt_ms(before, queued_before),
        rtt_after_ms=_rtt_ms(after, queueing),
        queueing_ms=queueing,
    )


def _gbps(placed: Iterable[_Placed]) -> float:
    return sum(one.gbps for one in placed)


def _rtt_ms(placed: Collection[_Placed], queueing_ms: float) -> float | None:
    """The mean over what is carried; None if nothing is."""
    gbps = _gbps(placed)
    if gbps <= TOLERANCE_GBPS:
        return None
    delays = sum(one.gbps * one_way_delay_ns(one.path.length_km) for one in placed)
    return 2 * delays / gbps / NS_PER_MS + queueing_ms


def _holding(
    network: _Network, number: int, before: _Placements, after: _Placements
) -> HoldingCarried:
    of, is_cut = network.capacities[number], network.is_cut(number)
    load_before, load = (
        _gbps(one for one in placed if one.path.capacity == number) for placed in (before, after)
    )
    return HoldingCarried(
        id=of.id,
        country=of.country,
        owner=of.owner if isinstance(of, Holding) else "",
        system=of.system if isinstance(of, Holding) else "",
        direction=of.direction,
        capacity_gbps=of.capacity_gbps,
        load_before_gbps=load_before,
        load_gbps=load,
        utilization=load / of.capacity_gbps if of.capacity_gbps and not is_cut else None,
        cut=is_cut,
    )
