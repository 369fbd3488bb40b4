"""Hubs and fibres of a map, by the few values that drawings depend on."""

from __future__ import annotations

from typing import Any

from corridor.experiments.answers.map_document import FibreEntry, HubEntry
from corridor.topologies.base.codec import from_plain
from corridor.topologies.model.topology import LatLon
from handmade_answers import FIBRE


def hub(
    id: str,  # noqa: A002
    place: LatLon,
    name: str = "",
    local_name: str = "",
    jurisdiction: str = "XX",
    role: str = "foreign",
) -> HubEntry:
    return HubEntry(
        id=id,
        name=name or id.title(),
        local_name=local_name,
        jurisdiction=jurisdiction,
        role=role,
        gateway=False,
        lat=place[0],
        lon=place[1],
    )


def fibre(name: str, a: str, z: str, *points: LatLon, medium: str = "submarine") -> FibreEntry:
    plain: dict[str, Any] = {**FIBRE, "id": name, "a": a, "z": z, "points": points}
    return from_plain(FibreEntry, {**plain, "medium": medium, "status": "in-service"})
