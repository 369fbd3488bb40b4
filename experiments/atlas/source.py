"""What a map is drawn of: places, fibres and the points they pass, from answers or a topology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from corridor.experiments.answers.map_document import MapDocument
from corridor.topologies.model.jurisdictions import load_jurisdictions
from corridor.topologies.model.topology import LatLon, Topology


def short_name(name: str) -> str:
    """Of a hub: without what stands in parentheses."""
    return name.partition(" (")[0]


@dataclass(frozen=True)
class MapHub:
    id: str
    name: str
    local_name: str
    jurisdiction: str
    role: str
    place: LatLon

    @property
    def short_name(self) -> str:
        return short_name(self.name)

    @property
    def short_local_name(self) -> str:
        return self.local_name.partition("(")[0].strip()


@dataclass(frozen=True)
class MapFibre:
    id: str
    a: str
    z: str
    medium: str
    status: str
    places: tuple[LatLon, ...]
    """From a's place through the points it passes to z's."""


@dataclass(frozen=True)
class MapData:
    hubs: tuple[MapHub, ...]
    fibres: tuple[MapFibre, ...]
    jurisdictions: Mapping[str, str]
    """Names by code, of those of hubs at least."""


def map_of_answers(where: MapDocument) -> MapData:
    """Of the part ``map`` of ``answers.json``."""
    return MapData(
        hubs=tuple(
            MapHub(
                id=hub.id,
                name=hub.name,
                local_name=hub.local_name,
                jurisdiction=hub.jurisdiction,
                role=hub.role,
                place=(hub.lat, hub.lon),
            )
            for hub in where.hubs
        ),
        fibres=tuple(
            MapFibre(
                id=fibre.id,
                a=fibre.a,
                z=fibre.z,
                medium=fibre.medium,
                status=fibre.status,
                places=tuple((lat, lon) for lat, lon in fibre.points),
            )
            for fibre in where.fibres
        ),
        jurisdictions=where.jurisdictions,
    )


def map_of_topology(topology: Topology) -> MapData:
    names = load_jurisdictions()
    return MapData(
        hubs=tuple(
            MapHub(hub.id, hub.name, hub.local_name, hub.located_in, hub.role, hub.place)
            for hub in topology.hubs
        ),
        fibres=tuple(
            MapFibre(
                id=fibre.id,
                a=fibre.a,
                z=fibre.z,
                medium=fibre.medium,
                status=fibre.status,
                places=(topology.hub(fibre.a).place, *fibre.via, topology.hub(fibre.z).place),
            )
            for fibre in topology.fibres
        ),
        jurisdictions={
            code: names.name(code) for code in {hub.located_in for hub in topology.hubs}
        },
    )
