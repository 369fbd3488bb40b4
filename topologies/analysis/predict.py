"""What latency to expect between two places, by layer, and how certain that is; no network at hand.

``optical``: fibre along the delay-shortest route of pan-asia.
``ip``, ``public``: a carrier's IP service, the public Internet, over the same map.
``cloud``: between public-cloud regions, over the cloud-backbone reference graph; off it over the
fibre of pan-asia, and off both over the great circle, each with its own interval.

A layer without a path is not answered: constants of another layer say nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from corridor.topologies.analysis.measurements import (
    Measurement,
    cloud_places,
    shipped_measurements,
)
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import delay
from corridor.topologies.model.catalogue import nearest_named, shipped_hubs
from corridor.topologies.model.delay_model import (
    GREAT_CIRCLE,
    Crossing,
    DelayModel,
    ErrorBasis,
    Layer,
    LayerName,
    Region,
    shipped_model,
)
from corridor.topologies.model.routing import Route, Tree, shortest_tree, walk
from corridor.topologies.model.topology import Fibre, Hub, LatLon, Topology, great_circle_km

# A layer of the delay model over its map: routes, and what of them the layer's constants weigh.
#
# A fit needs the parts of a route (kilometres by medium, crossings), a prediction their weighted
# sum; both are found here, under the same routing.

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


Place = str | LatLon
NEAR_KM = 500.0
"""A measurement lies near a route if its two ends lie this near to the two ends of the route."""


@dataclass
class OffTheMap(InputError):
    """A layer has no path between two places, so it has no latency either."""

    why: str = ""


@dataclass(frozen=True)
class Prediction:
    """A median round trip in ms, and the interval of what a measurement would find.

    The interval holds 90 per cent of measurements where ``interval_basis`` is ``fitted``; a stated
    one is an estimate that no measurements support. No interval begins below light in fibre.
    """

    layer: LayerName
    rtt_ms: float
    low_ms: float
    high_ms: float
    basis: ErrorBasis
    interval_basis: ErrorBasis
    source: str
    topology: str
    """The map of the route, or ``great-circle``."""
    hubs: tuple[str, ...]
    """Of the route; none where it is the great circle."""
    fibre_ms: float | None
    """Of the optical layer between the same places; None where that has no path."""
    near: tuple[str, ...]
    """Measurements of the layer near this route, by id; the model was fitted on some of them."""

    @property
    def straight(self) -> bool:
        """Along the great circle, on no map."""
        return self.topology == GREAT_CIRCLE

    @property
    def beats_fibre(self) -> bool:
        """Faster than the optical layer, so over a path that is not on that layer's map."""
        return self.fibre_ms is not None and self.rtt_ms < self.fibre_ms

    def to_json(self) -> JsonObject:
        ends = {"rtt_ms": round(self.rtt_ms, 2)}
        interval = {"interval_ms": [round(self.low_ms, 2), round(self.high_ms, 2)]}
        facts = {"basis": self.basis, "interval_basis": self.interval_basis, "source": self.source}
        fibre_ms = None if self.fibre_ms is None else round(self.fibre_ms, 2)
        route = {"topology": self.topology, "route": self.hubs, "straight": self.straight}
        rest = {"fibre_ms": fibre_ms, "near": self.near, "near_km": NEAR_KM}
        return {**ends, **interval, **facts, **route, **rest}


def predict(
    a: Place,
    z: Place,
    layer: LayerName = "cloud",
    *,
    model: DelayModel | None = None,
    tail: bool = False,
) -> Prediction:
    """The round trip between two hub ids of the catalogue, or (lat, lon).

    ``tail``: its 95th percentile instead of its median, where the layer distinguishes them. Raises
    KeyError for an unknown hub id, OffTheMap where the layer has no path, and InputError where the
    model's answer lies below light in fibre.
    """
    model = model or shipped_model()
    used = model.layer(layer)
    region, parts = parts_of(a, z, used)
    rtt_ms = parts.rtt_ms(used, region, tail=tail)
    light_ms = RTT_MS_PER_KM * great_circle_km(place_of(a), place_of(z))
    _check_light(rtt_ms, light_ms, used, model)
    low, high = region.interval
    return Prediction(
        layer=layer,
        rtt_ms=rtt_ms,
        low_ms=max(light_ms, rtt_ms * low),
        high_ms=rtt_ms * high,
        basis=region.basis,
        interval_basis=region.interval_basis,
        source=region.source,
        topology=used.map_of(region),
        hubs=parts.hubs,
        fibre_ms=_fibre_ms(a, z, model),
        near=near_measurements(place_of(a), place_of(z), layer),
    )


def predict_rtt_ms(a: Place, z: Place, layer: LayerName = "cloud") -> float:
    """The median of ``predict`` alone."""
    return predict(a, z, layer).rtt_ms


def parts_of(a: Place, z: Place, layer: Layer) -> tuple[Region, Parts]:
    """The region of a layer that serves a pair, and the parts of its round trip.

    Raises OffTheMap where no region does.
    """
    found = _parts_or_none(a, z, layer)
    if found is not None:
        return found
    why = layered_map(layer, region_of(a, z, layer)).why_none(place_of(a), place_of(z))
    hint = "ask for --layer cloud, or name hubs of that map"
    raise OffTheMap(f"layer {layer.layer} has no path here: {why}", hint, why=why)


def _parts_or_none(a: Place, z: Place, layer: Layer) -> tuple[Region, Parts] | None:
    for region in layer.regions_of(jurisdictions_of(a, z)):
        parts = region_parts(layer, region, place_of(a), place_of(z))
        if parts is not None:
            return region, parts
    return None


def _fibre_ms(a: Place, z: Place, model: DelayModel) -> float | None:
    optical = model.layer("optical")
    found = _parts_or_none(a, z, optical)
    return None if found is None else found[1].rtt_ms(optical, found[0])


def _check_light(rtt_ms: float, light_ms: float, layer: Layer, model: DelayModel) -> None:
    if rtt_ms < light_ms:
        message = (
            f"layer {layer.layer} of the delay model {model.name} predicts {rtt_ms:.1f} ms, and "
            f"light in fibre takes {light_ms:.1f} ms along the great circle"
        )
        raise InputError(message, "raise the slope or the ends of this layer")


def near_measurements(
    a: LatLon, z: LatLon, layer: LayerName, rows: Iterable[Measurement] | None = None
) -> tuple[str, ...]:
    """Measurements of a layer whose ends lie within ``NEAR_KM`` of these, in either direction."""
    known = shipped_measurements() if rows is None else rows
    return tuple(one.id for one in known if one.layer == layer and _is_near(one, a, z))


def _is_near(row: Measurement, a: LatLon, z: LatLon) -> bool:
    near, far = place_of(row.a), place_of(row.z)
    return any(
        great_circle_km(near, one) <= NEAR_KM and great_circle_km(far, other) <= NEAR_KM
        for one, other in ((a, z), (z, a))
    )


def place_of(place: Place) -> LatLon:
    """Degrees of a catalogue hub, or the degrees themselves."""
    return places()[place] if isinstance(place, str) else place


def places() -> dict[str, LatLon]:
    """Degrees by hub id, for every hub of the catalogue and of the cloud graph."""
    return {name: (lat, lon) for name, (lat, lon, _) in cloud_places().items()}


def region_of(a: Place, z: Place, layer: Layer) -> Region:
    """The region of a layer that holds both places."""
    return layer.region(jurisdictions_of(a, z))


def jurisdictions_of(a: Place, z: Place) -> tuple[str, str]:
    """That of each of two places."""
    return _jurisdiction(a), _jurisdiction(z)


def _jurisdiction(place: Place) -> str:
    """Of a hub; of degrees, that of the nearest hub they could hang on, else none."""
    if isinstance(place, str):
        return cloud_places()[place][2]
    return _jurisdiction_at(place)


@cache
def _jurisdiction_at(place: LatLon) -> str:
    found = min((great_circle_km(hub.place, place), hub.id) for hub in shipped_hubs().values())
    return shipped_hubs()[found[1]].located_in if found[0] <= ATTACH_KM else ""
