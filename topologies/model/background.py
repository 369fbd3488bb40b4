"""Background traffic: what is on fibres and is not sent by demands, and what moves of it. Pure.

After events cut or repair fibres, owners move their traffic some time later: queues of fibres then
have the rate that it leaves. That is no event of scenarios.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import ClassVar, NamedTuple

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import Effect, Interfaces, ShapeChange, ends_of
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import SLOWEST_BPS, Shape, in_flight_packets

type Link = tuple[str, str]
"""A fibre, and the hub from which it is entered."""


@dataclass(frozen=True)
class FibreFlow:
    """Background traffic on a sequence of links."""

    id: str
    """Of a holding with its region, or of a fibre and the hub towards which it flows."""
    gbps: float
    links: tuple[Link, ...]
    """In the order in which traffic crosses them."""


@dataclass(frozen=True)
class Background:
    """Background traffic while given fibres are cut."""

    flows: tuple[FibreFlow, ...]
    elsewhere: tuple[str, ...] = ()
    """Ids of traffic of the figures that the map has no fibres for."""
    shortfalls_gbps: Mapping[str, float] = field(default_factory=dict)
    """Traffic that nothing carries, by country with traffic on the map, or by fibre of a stated
    rate; without those that lose none."""

    @property
    def link_gbps(self) -> dict[Link, float]:
        """The sum on each directed link."""
        found: dict[Link, float] = {}
        for flow in self.flows:
            for link in flow.links:
                found[link] = found.get(link, 0.0) + flow.gbps
        return found

    def on(self, topology: Topology) -> Topology:
        """Return the topology with this background, which leaves less of its fibres to demands."""
        of = self.link_gbps
        rates = {
            fibre.id: (of.get((fibre.id, fibre.a), 0.0), of.get((fibre.id, fibre.z), 0.0))
            for fibre in topology.fibres
        }
        loaded = {name: both for name, both in rates.items() if any(both)}
        return topology.model_copy(update={"background_gbps": loaded})


@dataclass(frozen=True, kw_only=True)
class GrowthRate:
    """The growth of a year as a share, and what it rests on: 0.24 is 24 %."""

    of: str
    """A class, demand or aggregate, empty for all; or ``background`` and a country."""
    per_year: float
    low: float
    high: float
    """Bounds: the value if no others are known."""
    basis: str
    """``stated`` in the question; else ``published``, ``derived`` or ``assumed``."""
    confidence: str = ""
    source: str = ""
    """Title and address."""


class BackgroundGrowth(NamedTuple):
    """The growth of some flows."""

    rate: GrowthRate
    until: date
    """The last day to which the figures may be carried."""
    flows: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class BackgroundTraffic:
    """The background of a scenario, before and after cuts. Here: stated rates of fibres."""

    moves: ClassVar[bool] = False
    """Whether owners have other capacity to which they move traffic."""
    source: str
    """``stated``, ``internet``, or a file of figures."""
    topology: Topology
    stated: tuple[FibreFlow, ...] = ()
    day: date | None = None
    """Of the figures."""
    load: float = 1.0
    """Multiple of the traffic of the busy hour."""

    def after(
        self,
        links: Collection[str] = (),
        groups: Collection[str] = (),
        hubs: Collection[str] = (),
    ) -> Background:
        """Return the traffic while fibres, shared-risk groups and hubs fail.

        What was on a fibre that ends at a failed hub is lost, and moves nowhere.
        """
        dead = {
            one.id
            for one in self.topology.fibres
            if one.id in links or not {*one.srlgs, *one.ends}.isdisjoint((*groups, *hubs))
        }
        lost: dict[str, float] = {}
        for flow in self.stated:
            for name in {fibre for fibre, _ in flow.links} & dead:
                lost[name] = lost.get(name, 0.0) + flow.gbps
        kept = tuple(one for one in self.stated if all(name not in dead for name, _ in one.links))
        return Background(kept, shortfalls_gbps=lost)

    def growth(self) -> tuple[BackgroundGrowth, ...]:
        """Return the growth of flows, where the figures state one."""
        return ()

    def intervals(
        self,
        _links: Collection[str] = (),
        _groups: Collection[str] = (),
        _hubs: Collection[str] = (),
    ) -> Mapping[Link, tuple[float, float]]:
        """Return the 90 % interval of each link's Gbit/s, where the figures have one."""
        return {}

    def samples(self, _seed: int, _count: int) -> tuple[BackgroundTraffic, ...]:
        """Return samples of the traffic; none where the figures have no intervals."""
        return ()


RESERVE = "reserve"
NAME = (RESERVE, "")


def rates_of(options: Values) -> Mapping[str, tuple[tuple[int, int], tuple[int, int]]]:
    """By fibre, forward and backward: bits per second of background, and packets in a queue."""
    found: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = options["fibres"]
    return found


def reserve(network: Interfaces, _what: str, options: Values) -> list[str]:
    """Have only these fibres (``rates_of`` the options) other rates than planned."""
    shapes: dict[str, ShapeChange] = {}
    for fibre, both in rates_of(options).items():
        for (end, _), one in zip(ends_of(network.wiring, fibre), both, strict=True):
            shapes[end.interface] = partial(reserved, now=one)
    return network.make(NAME, Effect(shapes=shapes, first=True)) if shapes else network.end(NAME)


def reserved(shape: Shape, now: Sequence[int]) -> Shape:
    """The declared shape with another rate of background, and as many packets in its queue. The
    delay line holds what arrives at the higher of both rates."""
    background_bps, packets = now
    rate_bps = max(SLOWEST_BPS, shape.fibre_bps - background_bps)
    in_flight = in_flight_packets(rate_bps, shape.longest_ns)
    return replace(
        shape,
        rate_bps=rate_bps,
        background_bps=shape.fibre_bps - rate_bps,
        queue_packets=packets,
        in_flight_packets=max(shape.in_flight_packets, in_flight),
    )
