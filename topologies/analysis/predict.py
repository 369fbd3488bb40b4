"""What latency to expect between two places, by layer, with no network at hand.

``optical``: fibre along the delay-shortest route of pan-asia.
``ip``: the same under a carrier's IP private line (more hops and detours, from CAICT 2024 Q1).
``cloud``: between public-cloud regions, over the cloud-backbone reference graph.
``straight``: great circle x one factor; what the others fall back on off the map.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import delay
from corridor.topologies.model.catalogue import shipped_hubs
from corridor.topologies.model.geo import LatLon, great_circle_km
from corridor.topologies.model.routing import shortest_route
from corridor.topologies.model.topology import Hub, Topology

Layer = Literal["optical", "ip", "cloud", "straight"]
Place = str | LatLon

ATTACH_KM = 300.0
"""A place this near to a hub of the graph is reached by a land tail; others go straight."""


def predict_rtt_ms(a: Place, z: Place, layer: Layer = "cloud") -> float:
    """Round-trip milliseconds between two places: hub ids of the catalogue, or (lat, lon).

    Raises KeyError for an unknown hub id. Both directions are assumed alike.
    """
    from_place, to_place = place_of(a), place_of(z)
    overhead_ms = delay.CLOUD_ACCESS_RTT_MS if layer in ("cloud", "straight") else 0.0
    if layer == "straight":
        return overhead_ms + _straight_ms(from_place, to_place)
    routed = _routed_ms(_graph(layer), from_place, to_place)
    if routed is None:
        routed = _straight_ms(from_place, to_place)
    return overhead_ms + routed * (delay.IP_OVER_OPTICAL if layer == "ip" else 1.0)


def place_of(place: Place) -> LatLon:
    """Degrees of a catalogue hub, or the degrees themselves."""
    return places()[place] if isinstance(place, str) else place


def places() -> dict[str, LatLon]:
    """Degrees by hub id, for every hub of the catalogue and of the cloud graph."""
    hubs = (*shipped_hubs().values(), *_graph("cloud").hubs)
    return {hub.id: hub.place for hub in hubs}


@cache
def _graph(layer: Layer) -> Topology:
    return load_topology("cloud-backbone" if layer == "cloud" else "pan-asia")


def _straight_ms(a: LatLon, z: LatLon) -> float:
    length_km = great_circle_km(a, z) * delay.STRAIGHT_FACTOR
    return 2 * length_km * delay.FIBRE_NS_PER_KM / 1e6


def _routed_ms(topology: Topology, a: LatLon, z: LatLon) -> float | None:
    """None when a place is off the map or both hang on the same hub."""
    (hub_a, tail_a), (hub_z, tail_z) = _nearest(topology, a), _nearest(topology, z)
    if max(tail_a, tail_z) > ATTACH_KM or hub_a == hub_z:
        return None
    route = shortest_route(topology, hub_a.id, hub_z.id)
    if route is None:
        return None
    tails_km = delay.ROUTE_FACTOR["terrestrial"] * (tail_a + tail_z)
    return route.rtt_ms + 2 * tails_km * delay.FIBRE_NS_PER_KM / 1e6


def _nearest(topology: Topology, place: LatLon) -> tuple[Hub, float]:
    distances = ((great_circle_km(hub.place, place), hub.id) for hub in topology.hubs)
    distance_km, hub_id = min(distances)
    return topology.hub(hub_id), distance_km
