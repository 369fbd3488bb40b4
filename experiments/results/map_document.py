"""A map and ways over it as JSON, as result folders have them. Pure."""

from __future__ import annotations

from corridor.controller.explain.path_summary import Passage
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.model.jurisdictions import load_jurisdictions
from corridor.topologies.model.topology import Fibre, Hub, Topology

NS_PER_MS = 1e6


def map_document(topology: Topology) -> JsonObject:
    """``jurisdictions`` are names by code, of all that hubs lie in and fibres may touch."""
    codes = {hub.located_in for hub in topology.hubs}
    for fibre in topology.fibres:
        codes |= {*fibre.crosses, *(one.code for one in fibre.may_cross)}
    names = load_jurisdictions()
    return {
        "jurisdictions": {code: names.name(code) for code in sorted(codes)},
        "hubs": [_hub(hub) for hub in topology.hubs],
        "fibres": [_fibre(fibre, topology) for fibre in topology.fibres],
    }


def way_document(way: Passage | None) -> JsonObject | None:
    if way is None:
        return None
    return {
        "hubs": list(way.hubs),
        "fibres": list(way.fibres),
        "one_way_ms": way.one_way_ns / NS_PER_MS,
        "length_km": way.length_km,
        "crosses": list(way.crosses),
        "may_cross": list(way.may_cross),
        "gateways": list(way.gateways),
        "phases": list(way.phases),
    }


def _hub(of: Hub) -> JsonObject:
    return {
        "id": of.id,
        "name": of.name,
        "local_name": of.local_name,
        "jurisdiction": of.located_in,
        "role": of.role,
        "lat": of.lat,
        "lon": of.lon,
    }


def _fibre(of: Fibre, topology: Topology) -> JsonObject:
    places = (topology.hub(of.a).place, *of.via, topology.hub(of.z).place)
    return {
        "id": of.id,
        "a": of.a,
        "z": of.z,
        "medium": of.medium,
        "system": of.system,
        "length_km": of.length_km,
        "one_way_ms": topology.one_way_delay_ns(of) / NS_PER_MS,
        "capacity_gbps": of.capacity_gbps or of.assumed_gbps,
        "capacity_assumed": of.capacity_gbps is None,
        "status": of.status,
        "operator": of.operated_by,
        "srlgs": list(of.srlgs),
        "crosses": list(of.crosses),
        "may_cross": [one.code for one in of.may_cross],
        "confidence": of.confidence,
        "sources": list(of.sources),
        "points": [list(place) for place in places],
    }
