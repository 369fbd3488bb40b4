"""A topology and paths over it as in ``answers.json``: what maps and pages draw. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.explain.path_summary import PathDetails
from corridor.topologies.base.codec import Document
from corridor.topologies.base.words import short_name
from corridor.topologies.model.catalogue import load_jurisdictions
from corridor.topologies.model.topology import Fibre, Hub, LatLon, Topology


@dataclass(frozen=True, kw_only=True)
class HubEntry:
    id: str
    name: str
    local_name: str
    jurisdiction: str
    role: str
    gateway: bool
    lat: float
    lon: float

    @property
    def place(self) -> LatLon:
        return self.lat, self.lon

    @property
    def short_name(self) -> str:
        return short_name(self.name)

    @property
    def short_local_name(self) -> str:
        return self.local_name.partition("(")[0].strip()


@dataclass(frozen=True, kw_only=True)
class FibreEntry:
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
    srlgs: tuple[str, ...]
    crosses: tuple[str, ...]
    may_cross: tuple[str, ...]
    confidence: str
    sources: tuple[str, ...]
    points: tuple[LatLon, ...]


@dataclass(frozen=True, kw_only=True)
class MapDocument(Document):
    jurisdictions: dict[str, str]
    hubs: tuple[HubEntry, ...]
    fibres: tuple[FibreEntry, ...]


def map_document(topology: Topology) -> MapDocument:
    fibres = tuple(_fibre(topology, fibre) for fibre in topology.fibres)
    hubs = tuple(map(_hub, topology.hubs))
    codes = {hub.jurisdiction for hub in hubs}
    codes |= {code for fibre in fibres for code in (*fibre.crosses, *fibre.may_cross)}
    known = load_jurisdictions()
    return MapDocument(
        jurisdictions={code: known.name(code) for code in sorted(codes)},
        hubs=hubs,
        fibres=fibres,
    )


def _hub(hub: Hub) -> HubEntry:
    return HubEntry(
        id=hub.id,
        name=hub.name,
        local_name=hub.local_name,
        jurisdiction=hub.located_in,
        role=hub.role,
        gateway=hub.intl_gateway,
        lat=hub.lat,
        lon=hub.lon,
    )


def _fibre(topology: Topology, fibre: Fibre) -> FibreEntry:
    ends = topology.hub(fibre.a).place, topology.hub(fibre.z).place
    return FibreEntry(
        id=fibre.id,
        a=fibre.a,
        z=fibre.z,
        medium=fibre.medium,
        system=fibre.system,
        length_km=fibre.length_km,
        one_way_ms=topology.one_way_delay_ns(fibre) / 1e6,
        capacity_gbps=topology.capacity_gbps(fibre),
        capacity_assumed=fibre.known_gbps is None,
        status=fibre.status,
        operator=fibre.operated_by,
        srlgs=fibre.srlgs,
        crosses=fibre.crosses,
        may_cross=tuple(one.code for one in fibre.may_cross),
        confidence=fibre.confidence,
        sources=fibre.sources,
        points=(ends[0], *fibre.via, ends[1]),
    )


@dataclass(frozen=True, kw_only=True)
class PathDocument:
    """A path one way; ``phases`` is empty where no policy was asked."""

    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    one_way_ms: float
    length_km: float
    crosses: tuple[str, ...]
    may_cross: tuple[str, ...]
    gateways: tuple[str, ...]
    phases: tuple[str, ...]


def path_document(of: PathDetails | None) -> PathDocument | None:
    if of is None:
        return None
    return PathDocument(
        hubs=of.hubs,
        fibres=of.fibres,
        one_way_ms=of.one_way_ns / 1e6,
        length_km=of.length_km,
        crosses=of.crosses,
        may_cross=of.may_cross,
        gateways=of.gateways,
        phases=of.phases,
    )
