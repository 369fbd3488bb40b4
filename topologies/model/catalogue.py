"""The shipped catalogue: hubs, cable systems, classes of capacity and sea waypoints, by id."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, field_validator

from corridor.topologies.base.documents import Document, read_document, validate
from corridor.topologies.base.units import parse_length_km, parse_rate_bps
from corridor.topologies.base.words import short_name
from corridor.topologies.model.topology import CapacityBasis, Confidence, Frozen, Hub, LatLon, Slug

DATA = Path(__file__).parents[1] / "data"


class CableSystem(Frozen):
    """One submarine system. Its length covers all branches: never a point-to-point distance."""

    id: Slug
    name: str = Field(min_length=1)
    length_km: float | None = Field(default=None, alias="length")
    capacity_gbps: float | None = Field(default=None, alias="capacity")
    capacity_note: str = ""
    capacity_basis: CapacityBasis = "published"
    ready_for_service: str = ""
    status: str = ""
    operated_by: str | None = None
    """Who runs it, of those that a source names; "and partners" where they are not all."""
    sources: tuple[str, ...] = ()
    confidence: Confidence = "confident"
    notes: str = ""

    @field_validator("length_km", mode="before")
    @classmethod
    def _length(cls, value: object) -> float | None:
        return None if value is None else parse_length_km(value)

    @field_validator("capacity_gbps", mode="before")
    @classmethod
    def _capacity(cls, value: object) -> float | None:
        return None if value is None else parse_rate_bps(value, "capacity") / 1e9


def system_name(system: str) -> str:
    """Return the name of a cable system for sentences: ``Asia Direct Cable``, ``IMEWE cable``."""
    known = shipped_systems().get(system)
    name = short_name(known.name) if known else system
    return name if "able" in name else f"{name} cable"


def group_name(group: str) -> str:
    """Return the name of a shared-risk group for sentences: ``Red Sea corridor``."""
    kind, colon, which = group.rpartition(":")
    if kind == "cable":
        return system_name(which)
    return f"{which.replace('-', ' ').title()} {kind}" if colon else f"group {group}"


class CapacityClass(Frozen):
    """What is assumed of fibres of a kind whose capacity is not published."""

    id: Slug
    capacity: int
    """Bits per second, in each direction."""
    because: str = Field(min_length=1)
    """What the figure is, and whose."""
    sources: tuple[str, ...] = Field(min_length=1)

    @field_validator("capacity", mode="before")
    @classmethod
    def _rate(cls, value: object) -> int:
        return parse_rate_bps(value, "capacity")

    @property
    def assumed(self) -> tuple[float, str]:
        """Gigabits per second, and the class with its reason and sources in a line."""
        return self.capacity / 1e9, f"{self.id}: {self.because} ({'; '.join(self.sources)})"


class Waypoint(Frozen):
    """A point at sea (or a town) that a route passes; not a hub."""

    id: Slug
    name: str = Field(min_length=1)
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


@cache
def shipped_hubs() -> dict[str, Hub]:
    """Hubs by id, from ``data/hubs.yaml``."""
    document = read_document(DATA / "hubs.yaml")
    hubs = (validate(document, Hub, at=("hubs", i)) for i in _indices(document, "hubs"))
    return {hub.id: hub for hub in hubs}


@cache
def shipped_systems() -> dict[str, CableSystem]:
    """Cable systems by id, from ``data/cables.yaml``."""
    document = read_document(DATA / "cables.yaml")
    found = (
        validate(document, CableSystem, at=("systems", i)) for i in _indices(document, "systems")
    )
    return {system.id: system for system in found}


@cache
def shipped_capacity_classes() -> dict[str, CapacityClass]:
    """Classes of capacity by id, from ``data/capacity_classes.yaml``."""
    document = read_document(DATA / "capacity_classes.yaml")
    found = (
        validate(document, CapacityClass, at=("classes", i)) for i in _indices(document, "classes")
    )
    return {one.id: one for one in found}


@cache
def shipped_waypoints() -> dict[str, LatLon]:
    """Degrees by waypoint id, from ``data/waypoints.yaml``."""
    document = read_document(DATA / "waypoints.yaml")
    found = (
        validate(document, Waypoint, at=("waypoints", i)) for i in _indices(document, "waypoints")
    )
    return {point.id: (point.lat, point.lon) for point in found}


def _indices(document: Document, key: str) -> range:
    listed = document.value(key)
    assert isinstance(listed, list), f"{document.file} lists {key}"
    return range(len(listed))
