"""What fibres and landings carry, really and as emulated, and on what that rests. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from corridor.topologies.model.capacity import CapacityBasis, CapacityGroup
from corridor.topologies.model.sharing import GROUP
from corridor.topologies.model.topology import Confidence, Fibre, Topology


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
