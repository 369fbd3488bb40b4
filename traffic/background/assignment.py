"""Background traffic on capacity, before and after a cut, as operators route it. Pure.

1. The traffic of an owner in a direction uses the owner's holdings in that direction.
2. After a cut it moves to free capacity of the owner's other systems in the same direction.
3. Then to what must be bought: transit in other regions, behind free capacity of the owner, from
   where traffic goes on over the coarse edges; then free capacity of other owners in the country,
   first to the Gulf, then to Singapore and Hong Kong; then offers. Of free capacity only a share
   can be had within days.
4. The rest is the shortfall: a fluid queue that loses 1 - 1/rho at rho times the capacity.

Capacity of another owner is never used unless it is bought. Flows that compete for the same
capacity get equal shares of their demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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
from corridor.traffic.background.detours import Detours
from corridor.traffic.background.market import Flow, Holding, Market, Offer

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
    before = _Network(market, frozenset(), load)
    before.use_own_direction()
    after = _Network(market, dead, load, before)
    if reaction != "none":
        after.use_own_direction()
    if reaction == "bought":
        after.buy()
    return _document(before, after, reaction)


@dataclass
class _Resource:
    """Capacity that flows use: a holding, or an offer."""

    of: Holding | Offer
    cut: bool
    load_gbps: float = 0.0

    @property
    def owner(self) -> str:
        return self.of.owner if isinstance(self.of, Holding) else ""

    @property
    def capacity_gbps(self) -> float:
        return 0.0 if self.cut else self.of.capacity_gbps

    @property
    def free_gbps(self) -> float:
        return max(0.0, self.capacity_gbps - self.load_gbps)


class _Placed(NamedTuple):
    """Part of a flow on capacity."""

    resource: _Resource
    gbps: float
    length_km: float
    """To the flow's own region."""
    segments: tuple[str, ...]


@dataclass
class _Stream:
    """A flow while it is assigned."""

    flow: Flow
    offered_gbps: float
    left_gbps: float
    """Not carried yet."""
    lost_path_gbps: float = 0.0
    placed: list[_Placed] = field(default_factory=list)

    @property
    def carried_gbps(self) -> float:
        return self.offered_gbps - self.left_gbps

    @property
    def rtt_ms(self) -> float | None:
        """The mean over what is carried."""
        gbps = sum(one.gbps for one in self.placed)
        if gbps <= TOLERANCE_GBPS:
            return None
        delays = (one.gbps * one_way_delay_ns(one.length_km) for one in self.placed)
        return 2 * sum(delays) / gbps / NS_PER_MS


class _Network:
    """The capacity of a day with some segments cut, while flows are assigned to it."""

    def __init__(
        self, market: Market, dead: frozenset[str], load: float, before: _Network | None = None
    ) -> None:
        self.market, self.dead, self.load = market, dead, load
        capacity: list[Holding | Offer] = [*market.holdings, *market.offers]
        self.resources = [_Resource(one, not dead.isdisjoint(one.segments)) for one in capacity]
        self.detours = Detours(market.transits, dead)
        self.streams = [
            _Stream(one, load * one.offered_gbps, load * one.offered_gbps) for one in market.flows
        ]
        if before is not None:
            self._keep(before)

    def _keep(self, before: _Network) -> None:
        """Leave all traffic where it was, unless its path is cut."""
        twins = {id(old): new for old, new in zip(before.resources, self.resources, strict=True)}
        for old, stream in zip(before.streams, self.streams, strict=True):
            for one in old.placed:
                twin = twins[id(one.resource)]
                if twin.cut:
                    stream.lost_path_gbps += one.gbps
                else:
                    self._place(stream, twin, one.gbps, one.length_km, one.segments)

    def use_own_direction(self) -> None:
        """Place what is left of each flow on holdings of its owner in its direction."""
        for stream in self.streams:
            self._use_in_proportion(stream)

    def buy(self) -> None:
        """Move what is left to other regions on own capacity, then to others, then to offers."""
        for country in _once(one.flow.country for one in self.streams):
            streams, holdings = self._of(country), self._holdings(country)
            offers = [one for one in self.resources if _is_offer(one, country)]
            rooms = {id(one): self.market.bought_share * one.free_gbps for one in holdings}
            rooms |= {id(one): one.free_gbps for one in offers}
            for owner in _once(one.flow.owner for one in streams):
                mine = [one for one in holdings if one.owner == owner]
                self._allocate([one for one in streams if one.flow.owner == owner], mine, rooms)
            for resources in (*_in_order(holdings), offers):
                self._allocate(streams, resources, rooms)

    def _of(self, country: str) -> list[_Stream]:
        return [one for one in self.streams if one.flow.country == country]

    def _holdings(self, country: str) -> list[_Resource]:
        return [
            one
            for one in self.resources
            if one.of.country == country and not _is_offer(one, country)
        ]

    def _use_in_proportion(self, stream: _Stream) -> None:
        """Fill holdings of the flow's owner and direction in proportion to what is free."""
        flow = stream.flow
        resources = [
            one
            for one in self._holdings(flow.country)
            if (one.owner, one.of.direction) == (flow.owner, flow.direction)
        ]
        free = sum(one.free_gbps for one in resources)
        share = min(1.0, stream.left_gbps / free) if free > 0 else 0.0
        for one in resources:
            gbps = self.detours.room(one.of.segments, one.free_gbps * share)
            self._place(stream, one, gbps, one.of.length_km, one.of.segments)

    def _allocate(
        self, streams: Sequence[_Stream], resources: Sequence[_Resource], rooms: dict[int, float]
    ) -> None:
        """Fill capacity with what is left of several flows, in proportion to it.

        Args:
            streams: The flows.
            resources: The capacity.
            rooms: By ``id`` of a resource: what these flows may use of it; lowered as they do.
        """
        wanted = sum(one.left_gbps for one in streams)
        room = sum(rooms[id(one)] for one in resources)
        if min(wanted, room) <= TOLERANCE_GBPS:
            return
        for share in (min(1.0, room / wanted), 1.0):  # then what some cannot reach, for the others
            for stream in streams:
                self._fill(stream, resources, rooms, share * stream.left_gbps)

    def _fill(
        self,
        stream: _Stream,
        resources: Sequence[_Resource],
        rooms: dict[int, float],
        quota_gbps: float,
    ) -> None:
        """Place up to a quota of one flow, on the shortest paths first."""
        for length, _, resource, segments in self._reachable(stream, resources):
            if quota_gbps <= TOLERANCE_GBPS:
                return
            free = min(quota_gbps, rooms[id(resource)], resource.free_gbps)
            gbps = self.detours.room(segments, free)
            self._place(stream, resource, gbps, length, segments)
            rooms[id(resource)] -= gbps
            quota_gbps -= gbps

    def _reachable(
        self, stream: _Stream, resources: Sequence[_Resource]
    ) -> list[tuple[float, int, _Resource, tuple[str, ...]]]:
        """Return length in km to the region of the flow, a number, capacity and segments."""
        found = []
        for number, resource in enumerate(resources):
            detour = self.detours.between(resource.of.direction, stream.flow.direction)
            if not resource.cut and detour is not None:
                length = resource.of.length_km + detour.length_km
                segments = (*resource.of.segments, *detour.segments)
                found.append((length, number, resource, segments))
        return sorted(found, key=lambda one: one[:2])

    def _place(
        self,
        stream: _Stream,
        resource: _Resource,
        gbps: float,
        length_km: float,
        segments: Sequence[str],
    ) -> None:
        gbps = min(gbps, stream.left_gbps)
        if gbps <= 0:
            return
        resource.load_gbps += gbps
        stream.left_gbps -= gbps
        stream.placed.append(_Placed(resource, gbps, length_km, tuple(segments)))
        self.detours.take(segments, gbps)


def _is_offer(resource: _Resource, country: str) -> bool:
    return isinstance(resource.of, Offer) and resource.of.country == country


def _once[T](values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))


def _in_order(holdings: Sequence[_Resource]) -> list[list[_Resource]]:
    """Return holdings by region, in the order in which owners buy."""
    regions = _once((*BOUGHT_FIRST, *(one.of.direction for one in holdings)))
    return [[one for one in holdings if one.of.direction == region] for region in regions]


def _document(before: _Network, after: _Network, reaction: Reaction) -> Carried:
    pairs = zip(before.streams, after.streams, strict=True)
    flows = tuple(_flow(old, new, after.market.buffer_ms, reaction) for old, new in pairs)
    resources = zip(before.resources, after.resources, strict=True)
    holdings = tuple(_holding(old, new) for old, new in resources)
    return Carried(
        schema=SCHEMA,
        date=str(after.market.date),
        load=after.load,
        reaction=reaction,
        failed=tuple(sorted(after.dead)),
        flows=flows,
        holdings=holdings,
        totals=totals(flows, holdings),
    )


def _flow(before: _Stream, after: _Stream, buffer_ms: float, reaction: Reaction) -> FlowCarried:
    shortfall = after.left_gbps if after.left_gbps > TOLERANCE_GBPS else 0.0
    on_dead_paths = after.lost_path_gbps if reaction == "none" else 0.0
    queueing = buffer_ms if shortfall - on_dead_paths > TOLERANCE_GBPS else 0.0
    rtt = after.rtt_ms
    rerouted = after.offered_gbps - shortfall - (before.carried_gbps - after.lost_path_gbps)
    return FlowCarried(
        country=after.flow.country,
        owner=after.flow.owner,
        direction=after.flow.direction,
        offered_gbps=after.offered_gbps,
        lost_path_gbps=after.lost_path_gbps,
        rerouted_gbps=rerouted if rerouted > TOLERANCE_GBPS else 0.0,
        carried_gbps=after.offered_gbps - shortfall,
        shortfall_gbps=shortfall,
        loss_share=shortfall / after.offered_gbps if after.offered_gbps else 0.0,
        rtt_before_ms=before.rtt_ms,
        rtt_after_ms=None if rtt is None else rtt + queueing,
        queueing_ms=queueing,
    )


def _holding(before: _Resource, after: _Resource) -> HoldingCarried:
    capacity = after.of.capacity_gbps
    return HoldingCarried(
        id=after.of.id,
        country=after.of.country,
        owner=after.owner,
        system=after.of.system if isinstance(after.of, Holding) else "",
        direction=after.of.direction,
        capacity_gbps=capacity,
        load_before_gbps=before.load_gbps,
        load_gbps=after.load_gbps,
        utilization=after.load_gbps / capacity if capacity and not after.cut else None,
        cut=after.cut,
    )
