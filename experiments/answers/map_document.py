"""A topology as the ``map`` of ``answers.json``: what maps and pages draw. Pure."""

from __future__ import annotations

from typing import TypedDict

from corridor.topologies.model.jurisdictions import load_jurisdictions
from corridor.topologies.model.topology import Fibre, Hub, Topology


class HubEntry(TypedDict):
    id: str
    name: str
    local_name: str
    jurisdiction: str
    role: str
    gateway: bool
    lat: float
    lon: float


class FibreEntry(TypedDict):
    """``points`` are the places it passes, in degrees of latitude and longitude, its ends among
    them."""

    id: str
    a: str
    z: str
    medium: str
    system: str
    length_km: float
    one_way_ms: float
    capacity_gbps: float | None
    capacity_assumed: bool
    status: str
    operator: str | None
    srlgs: list[str]
    crosses: list[str]
    may_cross: list[str]
    confidence: str
    sources: list[str]
    points: list[list[float]]


class MapDocument(TypedDict):
    jurisdictions: dict[str, str]
    hubs: list[HubEntry]
    fibres: list[FibreEntry]


def map_document(topology: Topology) -> MapDocument:
    fibres = [_fibre(topology, fibre) for fibre in topology.fibres]
    hubs = [_hub(hub) for hub in topology.hubs]
    codes = {hub["jurisdiction"] for hub in hubs}
    codes |= {code for fibre in fibres for code in (*fibre["crosses"], *fibre["may_cross"])}
    known = load_jurisdictions()
    return {
        "jurisdictions": {code: known.name(code) for code in sorted(codes)},
        "hubs": hubs,
        "fibres": fibres,
    }


def _hub(hub: Hub) -> HubEntry:
    return {
        "id": hub.id,
        "name": hub.name,
        "local_name": hub.local_name,
        "jurisdiction": hub.located_in,
        "role": hub.role,
        "gateway": hub.intl_gateway,
        "lat": hub.lat,
        "lon": hub.lon,
    }


def _fibre(topology: Topology, fibre: Fibre) -> FibreEntry:
    ends = topology.hub(fibre.a).place, topology.hub(fibre.z).place
    return {
        "id": fibre.id,
        "a": fibre.a,
        "z": fibre.z,
        "medium": fibre.medium,
        "system": fibre.system,
        "length_km": fibre.length_km,
        "one_way_ms": topology.one_way_delay_ns(fibre) / 1e6,
        "capacity_gbps": topology.capacity_gbps(fibre),
        "capacity_assumed": fibre.known_gbps is None,
        "status": fibre.status,
        "operator": fibre.operated_by,
        "srlgs": list(fibre.srlgs),
        "crosses": list(fibre.crosses),
        "may_cross": [one.code for one in fibre.may_cross],
        "confidence": fibre.confidence,
        "sources": list(fibre.sources),
        "points": [list(point) for point in (ends[0], *fibre.via, ends[1])],
    }
