"""``capacity.json``: how full each fibre is, whatever fails, and how far traffic can grow. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from corridor.topologies.base.bounded_file import RESULT, is_file, read_json
from corridor.topologies.base.codec import JsonObject, formerly, read_document, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.model.capacity import CapacityBasis, CapacityGroup
from corridor.topologies.model.routing import GROUP
from corridor.topologies.model.topology import Confidence, Fibre, Topology

CAPACITY_SCHEMA = 1
Load = Literal["committed", "peak", "offered"]
Paths = Literal["fixed", "today", "chosen"]
"""``fixed``: paths do not depend on these rates. ``today``: they do, and the answer is for those of
today's rates. ``chosen``: for the paths that are chosen for the grown rates."""
Holding = Literal["real", "emulated"]
Kind = Literal["all", "class", "demand", "aggregate"]
CAPACITY_FILE = "capacity.json"
"""In a result folder, and in one that ``corridor capacity --out`` made."""
MAP_FILE = "map.json"
"""Next to it where there is no run: what is drawn."""


@dataclass(frozen=True)
class Capacity:
    """Of each direction."""

    gbps: float
    """A real one."""
    basis: Literal[CapacityBasis, "assumed"]
    """``assumed``: no one publishes it."""
    because: str
    """What an assumption rests on, where that is stated."""
    sources: tuple[str, ...]
    """Of the entry of the map: its fibre or landing."""
    confidence: Confidence | None
    """Of the fibre's entry; None of a landing."""
    emulated_bps: int
    at_bound: Literal["", "floor", "ceiling"]
    """Whether the emulated rate is the minimum or the maximum of the map, and not the capacity."""


@dataclass(frozen=True)
class LinkUtilisation:
    """One direction of a fibre, or of what fibres share at a landing."""

    fibre: str
    """A capacity group is called ``capacity group`` and its id."""
    hub: str
    """From which it is entered; of a capacity group, the direction."""
    capacity: Capacity
    usual_share: float
    """Of its capacity, while nothing fails."""
    share: float
    """The same in the worst failure; above 1 it does not fit."""
    failure: tuple[str, ...]
    """The fewest elements that cause it; empty where it is worst while nothing fails."""
    demands: tuple[str, ...]
    """Whose rates are on it then: demands and aggregates."""
    usual_bps: int
    """As emulated."""
    load_bps: int
    usual_gbps: float
    """Real ones."""
    load_gbps: float
    room_gbps: float
    """Left in the worst failure; negative where it does not fit."""
    emulated_share: float
    """Of its rate in the emulation, in the worst failure there."""
    usual_background_gbps: float = 0.0
    """Background traffic while nothing fails; part of ``usual_gbps``."""
    background_gbps: float = 0.0
    """Background traffic in the worst failure; part of ``load_gbps``."""
    background_low_gbps: float | None = None
    """The 5 % quantile of the background while nothing fails; None where its figures have no
    interval."""
    background_high_gbps: float | None = None
    """The 95 % quantile."""


@dataclass(frozen=True)
class GrowthBound:
    """Up to how many times what there is now one directed link takes."""

    times: float
    """Below 1 it does not fit as it is; 0 where not even without what grows."""
    exact: str
    """The same as a ratio of whole numbers."""
    fibre: str
    hub: str
    failure: tuple[str, ...]
    demands: tuple[str, ...]


@dataclass(frozen=True)
class Growth:
    """How far something can grow while all else stays as it is."""

    what: str
    """A class, a demand or an aggregate; empty for all."""
    kind: Kind
    first: GrowthBound
    paths: Paths = "fixed"
    """For which paths this holds."""


@dataclass(frozen=True)
class AddedCapacity:
    """To both directions."""

    fibre: str
    capacity: Capacity
    add_gbps: float
    add_bps: int
    """As emulated, rounded up."""


@dataclass(frozen=True)
class LoweredDemand:
    """A rate as it is today, and what it would have to be today."""

    demand: str
    gbps: float
    to_gbps: float
    to_bps: int
    """As emulated, rounded down."""


@dataclass(frozen=True)
class Target:
    """What makes traffic fit that has grown: all of ``add``, or any one of ``lower``."""

    what: str
    times: float
    exact: str
    fits: bool
    add: tuple[AddedCapacity, ...]
    lower: tuple[LoweredDemand, ...]
    """Single demands whose lowering alone is enough, the smallest change first."""
    paths: Paths = "fixed"
    """The paths on which that is the minimum."""


@dataclass(frozen=True)
class TooLarge:
    """A rate that alone is more than a fibre on its path carries."""

    demand: str
    gbps: float
    fibre: str
    """The narrowest that it meets."""
    capacity: Capacity
    widest_gbps: float | None
    """Of the permitted path with the highest capacity without failures; None of an aggregate."""


@dataclass(frozen=True)
class OtherLoad:
    """Another load of the same scenario, in short."""

    load: Load
    first: GrowthBound


@dataclass(frozen=True)
class BackgroundLoad:
    """Traffic on the fibres that no demand sends."""

    source: str
    """``internet``, a file of figures, or ``stated``."""
    date: str
    """The day of the figures; empty for stated rates."""
    load: float
    """Multiple of the traffic of the busy hour."""
    flows: tuple[str, ...]
    """Holdings with their regions, or stated fibres, whose traffic is on the map."""
    elsewhere: tuple[str, ...]
    """Holdings that the map has no fibres for: in no utilization."""
    shortfalls_gbps: Mapping[str, float]
    """Traffic that its owners cannot carry, after they have moved what ``cut`` takes: by country
    with traffic on the map, or by fibre of a stated rate. Figures of countries differ in kind and
    are never added."""
    moved: bool = False
    """Whether owners have moved their traffic in failure sets, too; else what a failed fibre
    carried is dropped there."""


@dataclass(frozen=True)
class CapacityAnswer:
    scenario: str
    policies: str
    as_of: str
    load: Load
    held_against: Holding
    """Real capacities, or the rates of the emulation."""
    stated: tuple[str, ...]
    """Rates that were stated next to the scenario, as they were written."""
    cut: tuple[str, ...]
    """What is taken to be dead all the time; paths are planned without it."""
    k: int
    """The number of failures that a demand is protected against."""
    over: tuple[str, ...]
    """Of which kinds."""
    scale: float
    """Emulated over real rates."""
    rates_gbps: Mapping[str, float]
    """Real rates, by demand or aggregate; of offered loads, reverse demands separately."""
    without_path: tuple[str, ...] = field(metadata=formerly("no_way"))
    """Demands with a rate that no policy lets go."""
    links: tuple[LinkUtilisation, ...]
    """The fullest first."""
    growth: tuple[Growth, ...]
    """Of all, then of each class, aggregate and demand."""
    next: tuple[GrowthBound, ...]
    """Links in the order in which they are full as what is asked about grows, on the paths that
    carry the maximum of it."""
    target: Target
    too_large: tuple[TooLarge, ...]
    others: tuple[OtherLoad, ...] = ()
    uncounted: tuple[str, ...] = ()
    """Workloads in no load, as theirs follows from the network."""
    paths: Paths = "fixed"
    """The paths of ``next``."""
    is_at_least: bool = False
    """Whether more growth may fit: the search for paths ended at its bound."""
    at_bounds: tuple[str, ...] = ()
    """Fibres and groups used whose emulated rate is a bound of the map, not their capacity."""
    background: BackgroundLoad | None = None
    """None of a scenario without background traffic."""

    @property
    def fits(self) -> bool:
        return all(one.share <= 1 for one in self.links)

    def to_json(self) -> JsonObject:
        return {"schema": CAPACITY_SCHEMA, **to_plain(self)}


def write_capacity(folder: Path, of: CapacityAnswer) -> None:
    said = json.dumps(of.to_json(), indent=1, ensure_ascii=False)
    write_text(folder / CAPACITY_FILE, said + "\n")


def read_capacity(folder: Path) -> CapacityAnswer | None:
    """None where there is none. Raises InputError for one of another version."""
    path = folder / CAPACITY_FILE
    if not is_file(path):
        return None
    plain = read_json(path, RESULT)
    match plain:
        case {"schema": schema} if schema == CAPACITY_SCHEMA:
            return read_document(CapacityAnswer, plain, str(path), "ask again")
        case {"schema": schema}:
            why = f"its schema is {schema!r}, not {CAPACITY_SCHEMA}"
        case _:
            why = "it has no schema"
    raise InputError(f"is not a {CAPACITY_FILE} of this version: {why}", "ask again", str(path))


# What fibres and landings carry, really and as emulated, and on what that rests.


@dataclass(frozen=True)
class Capacities:
    """By fibre, and by capacity group."""

    of: Mapping[str, Capacity]
    scale: Fraction
    real: Mapping[str, Fraction]
    """Real capacities at the scale of the map, in bit/s: within no bounds."""
    emulated: Mapping[str, Fraction]

    def limits(self, held_against: Literal["real", "emulated"]) -> Mapping[str, Fraction]:
        return self.real if held_against == "real" else self.emulated

    @property
    def at_bounds(self) -> frozenset[str]:
        return frozenset(name for name, one in self.of.items() if one.at_bound)


def capacities(topology: Topology) -> Capacities:
    groups = topology.capacity_groups.values()
    emulated_bps = {one.id: topology.emulated_rate_bps(one) for one in topology.fibres}
    emulated_bps |= {f"{GROUP}{one.id}": topology.emulated_group_bps(one) for one in groups}
    scale = Fraction(str(topology.scaling.capacity_scale))
    of = {one.id: _of_fibre(topology, one, emulated_bps[one.id]) for one in topology.fibres}
    for group in groups:
        name = f"{GROUP}{group.id}"
        of[name] = _of_group(topology, group, emulated_bps[name])
    return Capacities(
        of,
        scale,
        {name: Fraction(str(one.gbps)) * 10**9 * scale for name, one in of.items()},
        {name: Fraction(bps) for name, bps in emulated_bps.items()},
    )


def _of_fibre(topology: Topology, fibre: Fibre, emulated_bps: int) -> Capacity:
    rate = topology.emulated_rate(fibre)
    return Capacity(
        gbps=topology.capacity_gbps(fibre),
        basis=_basis(fibre),
        because=fibre.assumed_because if fibre.known_gbps is None else "",
        sources=fibre.sources,
        confidence=fibre.confidence,
        emulated_bps=emulated_bps,
        at_bound=rate.basis if rate.basis in ("floor", "ceiling") else "",
    )


def _basis(fibre: Fibre) -> Literal[CapacityBasis, "assumed"]:
    if fibre.known_gbps is None:
        return "assumed"
    return "published" if fibre.capacity_basis == "unpublished" else fibre.capacity_basis


def _of_group(topology: Topology, group: CapacityGroup, emulated_bps: int) -> Capacity:
    sharing = [fibre for fibre in topology.fibres if group in fibre.shares]
    gbps = group.capacity_gbps
    found = gbps or max(topology.capacity_gbps(fibre) for fibre in sharing)
    unbound = round(found * 1e9 * topology.scaling.capacity_scale)
    return Capacity(
        gbps=found,
        basis="assumed" if gbps is None else "published",
        because="as much as the largest of its fibres" if gbps is None else "",
        sources=group.sources,
        confidence=None,
        emulated_bps=emulated_bps,
        at_bound=""
        if emulated_bps == unbound
        else "floor"
        if emulated_bps > unbound
        else "ceiling",
    )
