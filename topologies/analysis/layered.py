"""A layer of the delay model over its map: routes, and what of them the layer's constants weigh.

A fit needs the parts of a route (kilometres by medium, crossings), a prediction their weighted sum;
both are found here, under the same routing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import delay
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.delay_model import GREAT_CIRCLE, Crossing, Layer, Region
from corridor.topologies.model.routing import Route, Tree, shortest_tree, walk
from corridor.topologies.model.topology import Fibre, Hub, LatLon, Topology, great_circle_km

ATTACH_KM = 300.0
"""A place this near to a hub of the graph is reached by a land tail; others go straight."""
TERMINALS_RTT_MS = 2 * delay.TERMINAL_NS / 1e6
RTT_MS_PER_KM = 2 * delay.FIBRE_NS_PER_KM / 1e6


@dataclass(frozen=True)
class Parts:
    """Of one round trip, in ms before any constant weighs it."""

    land_ms: float
    sea_ms: float
    terminals_ms: float
    crossings: tuple[str, ...]
    """Those of the layer that the route passes."""
    hubs: tuple[str, ...] = ()
    """None where it goes straight."""
    fibres: tuple[str, ...] = ()

    def rtt_ms(self, layer: Layer, region: Region, *, tail: bool = False) -> float:
        """What the constants make of it; ``tail``: a 95th percentile instead of a median."""
        passed = [one for one in layer.crossings if one.id in self.crossings]
        added = sum(
            (one.median_ms or 0.0) + ((one.tail_ms or 0.0) if tail else 0.0) for one in passed
        )
        weighed = region.slope * (self.land_ms + self.sea_ms)
        return max(0.0, region.ends_ms + weighed + self.terminals_ms + added)


class LayeredMap:
    """The map of a region of a layer; routes are the shortest by that region's constants."""

    def __init__(self, layer: Layer, region: Region) -> None:
        """Raises InputError where the layer names fibres that its map does not have."""
        self.region = region
        self.name = layer.map_of(region)
        whole = _whole_map(self.name)
        own = self.name == layer.topology
        if own:
            _check_names(layer, whole)
        self.crossings: tuple[Crossing, ...] = layer.crossings if own else ()
        without = layer.without if own else ()
        self.fibres: Mapping[str, Fibre] = {fibre.id: fibre for fibre in whole.fibres}
        kept = [self._weighed(one) for one in whole.fibres if one.id not in without]
        # A copy would keep what the whole map remembers about its fibres.
        self.topology = Topology.model_construct(**{**dict(whole), "fibres": tuple(kept)})
        self._trees: dict[str, Tree] = {}

    def parts(self, a: LatLon, z: LatLon) -> Parts | None:
        """None where ``why_none`` has a reason."""
        (hub_a, tail_a), (hub_z, tail_z) = self.nearest(a), self.nearest(z)
        if max(tail_a, tail_z) > ATTACH_KM or hub_a == hub_z:
            return None
        route = self.route(hub_a.id, hub_z.id)
        if route is None:
            return None
        tails_km = delay.ROUTE_FACTOR["terrestrial"] * (tail_a + tail_z)
        return self._parts_of(route, tails_km)

    def why_none(self, a: LatLon, z: LatLon) -> str:
        """Why the map has no path between two places; empty where it has one."""
        found = (self.nearest(a), self.nearest(z))
        for hub, km in found:
            if km > ATTACH_KM:
                where = f"the nearest hub of {self.name}, {hub.id}, is {km:.0f} km away"
                return f"{where} from one place, and the limit is {ATTACH_KM:.0f} km"
        (hub_a, _), (hub_z, _) = found
        if hub_a == hub_z:
            return f"both places are nearest to one hub of {self.name}, {hub_a.id}"
        joined = self.route(hub_a.id, hub_z.id)
        return "" if joined is not None else f"{self.name} does not join {hub_a.id} and {hub_z.id}"

    def route(self, a: str, z: str) -> Route | None:
        """The shortest by this layer's constants; delays of its fibres are the layer's."""
        if a not in self._trees:
            self._trees[a] = shortest_tree(self.topology, a)
        tree = self._trees[a]
        return Route(*walk(tree, z)) if z in tree else None

    def nearest(self, place: LatLon) -> tuple[Hub, float]:
        """The hub nearest to a place, and how far it is in km."""
        distances = ((great_circle_km(hub.place, place), hub) for hub in self._hubs)
        distance_km, hub = min(distances, key=lambda found: (found[0], found[1].id))
        return hub, distance_km

    @cached_property
    def _hubs(self) -> tuple[Hub, ...]:
        return self.topology.hubs

    def _weighed(self, fibre: Fibre) -> Fibre:
        """The fibre with the one-way delay that this layer gives it."""
        delay_ns = self.region.slope * (fibre.one_way_delay_ns - delay.TERMINAL_NS)
        delay_ns += delay.TERMINAL_NS
        for crossing in self.crossings:
            if fibre.id in crossing.fibres:
                delay_ns += (crossing.median_ms or 0.0) * 1e6 / 2
        return fibre.model_copy(update={"one_way_delay_ns": max(0, round(delay_ns))})

    def _parts_of(self, route: Route, tails_km: float) -> Parts:
        land_ms, sea_ms = tails_km * RTT_MS_PER_KM, 0.0
        passed = tuple(fibre.id for fibre in route.fibres)
        for name in passed:
            fibre = self.fibres[name]
            ms = 2 * (fibre.one_way_delay_ns - delay.TERMINAL_NS) / 1e6
            if fibre.medium == "submarine":
                sea_ms += ms
            else:
                land_ms += ms
        crossings = [one.id for one in self.crossings if any(name in one.fibres for name in passed)]
        terminals_ms = TERMINALS_RTT_MS * len(passed)
        return Parts(land_ms, sea_ms, terminals_ms, tuple(crossings), route.hubs, passed)


def region_parts(layer: Layer, region: Region, a: LatLon, z: LatLon) -> Parts | None:
    """Parts of a round trip over the map of a region; None where that map has no path."""
    if layer.map_of(region) == GREAT_CIRCLE:
        return straight_parts(a, z)
    return layered_map(layer, region).parts(a, z)


def straight_parts(a: LatLon, z: LatLon) -> Parts:
    """Along the great circle, as if it were all on land."""
    return Parts(RTT_MS_PER_KM * great_circle_km(a, z), 0.0, 0.0, ())


@cache
def layered_map(layer: Layer, region: Region) -> LayeredMap:
    """The map of a layer in a region, made once."""
    return LayeredMap(layer, region)


@cache
def _whole_map(name: str) -> Topology:
    return load_topology(name)


def _check_names(layer: Layer, topology: Topology) -> None:
    known = {fibre.id for fibre in topology.fibres}
    for name in (*layer.without, *(fibre for one in layer.crossings for fibre in one.fibres)):
        if name not in known:
            hint = (
                nearest_named(name, known) or f"corridor topology show {layer.topology} lists them"
            )
            message = f'layer {layer.layer} of the delay model names "{name}"'
            raise InputError(f"{message}, which is not a fibre of {layer.topology}", hint)
