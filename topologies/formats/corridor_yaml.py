"""Our own topology files: YAML that names hubs and fibres, with units on every quantity.

A hub is either an id of the shipped catalogue or written out. A fibre whose ``length`` is not
given gets one derived from the great circle through its ``via`` points. ``extends`` starts from
other topologies. See docs/topologies.md for every key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from pydantic import Field, ValidationError, field_validator, model_validator

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.documents import (
    Document,
    KeyPath,
    describe_path,
    nearest,
    parse_document,
    validate,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import (
    QuantityError,
    format_duration,
    format_length,
    format_rate,
    parse_duration_ns,
    parse_length_km,
    parse_rate_bps,
)
from corridor.topologies.model import delay
from corridor.topologies.model.catalogue import (
    CableSystem,
    shipped_hubs,
    shipped_systems,
    shipped_waypoints,
)
from corridor.topologies.model.geo import LatLon, path_km
from corridor.topologies.model.topology import (
    MAX_CAPACITY_GBPS,
    MAX_DELAY_NS,
    MAX_LENGTH_KM,
    CapacityBasis,
    Confidence,
    Fibre,
    Frozen,
    Hub,
    JurisdictionCode,
    LengthBasis,
    Scaling,
    Slug,
    Status,
    Text,
    Topology,
)

BaseLoader = Callable[[str], Topology]
"""Loads what ``extends`` names."""

_LIMITS = (90, 180)
"""Largest degrees of latitude and longitude."""

DEFAULT_SCALING = Scaling(
    capacity_scale=1.0,
    assumed_terrestrial_gbps=1.0,
    assumed_submarine_gbps=1.0,
    min_rate_bps=1_000,
    max_rate_bps=10_000_000_000,
)
"""For files that state none: capacities as written, 1 Gbit/s where none is."""


class ScalingEntry(Frozen):
    scale: float = Field(gt=0, le=1)
    assumed_terrestrial: int
    assumed_submarine: int
    min_rate: int
    max_rate: int

    @field_validator(
        "assumed_terrestrial", "assumed_submarine", "min_rate", "max_rate", mode="before"
    )
    @classmethod
    def _rate(cls, value: object) -> int:
        return parse_rate_bps(value)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_rate > self.max_rate:
            raise QuantityError("min_rate is above max_rate", "exchange the two")
        return self

    def scaling(self) -> Scaling:
        return Scaling(
            capacity_scale=self.scale,
            assumed_terrestrial_gbps=self.assumed_terrestrial / 1e9,
            assumed_submarine_gbps=self.assumed_submarine / 1e9,
            min_rate_bps=self.min_rate,
            max_rate_bps=self.max_rate,
        )


class TopologyEntry(Frozen):
    name: Slug
    title: Text = ""
    extends: tuple[str, ...] = ()
    capacity: ScalingEntry | None = None
    hubs: list[object] = Field(default_factory=list)
    systems: list[object] = Field(default_factory=list)
    fibres: list[object] = Field(default_factory=list)
    notes: tuple[Text, ...] = ()


class FibreEntry(Frozen):
    id: Slug
    a: str
    z: str
    medium: delay.Medium = "terrestrial"
    length: float | None = Field(default=None, le=MAX_LENGTH_KM)
    length_basis: LengthBasis | None = None
    via: tuple[object, ...] = ()
    """Waypoint ids, hub ids or [lat, lon]."""
    one_way_delay: int | None = Field(default=None, le=MAX_DELAY_NS)
    system: Text = ""
    crosses: tuple[JurisdictionCode, ...] = ()
    operated_by: Text | None = None
    srlgs: tuple[Text, ...] = ()
    capacity: int | None = Field(default=None, le=MAX_CAPACITY_GBPS * 1e9)
    capacity_basis: CapacityBasis | None = None
    status: Status = "in-service"
    sources: tuple[Text, ...] = ()
    confidence: Confidence = "confident"
    notes: Text = ""

    @field_validator("length", mode="before")
    @classmethod
    def _length(cls, value: object) -> float | None:
        return None if value is None else parse_length_km(value)

    @field_validator("one_way_delay", mode="before")
    @classmethod
    def _delay(cls, value: object) -> int | None:
        return None if value is None else parse_duration_ns(value, "one_way_delay")

    @field_validator("capacity", mode="before")
    @classmethod
    def _capacity(cls, value: object) -> int | None:
        return None if value is None else parse_rate_bps(value, "capacity")


def from_text(text: str, file: str, load_base: BaseLoader) -> Topology:
    """A Topology from YAML text. Raises InputError with the line of the first mistake."""
    try:
        return _Reader(parse_document(text, file), load_base).topology()
    except ValidationError as problem:
        error = problem.errors(include_url=False)[0]
        message = error["msg"].removeprefix("Value error, ")
        raise InputError(f"{describe_path(error['loc'])} {message}".strip(), file=file) from None


class _Reader:
    """Reads one document; keeps what later fibres refer to."""

    def __init__(self, document: Document, load_base: BaseLoader) -> None:
        self.document = document
        self.load_base = load_base
        self.hubs: dict[str, Hub] = {}
        self.fibres: dict[str, Fibre] = {}
        self.systems: dict[str, CableSystem] = dict(shipped_systems())
        self.scaling = DEFAULT_SCALING

    def topology(self) -> Topology:
        entry = validate(self.document, TopologyEntry)
        notes: list[str] = []
        for i, base in enumerate(entry.extends):
            notes += self._extend(base, ("extends", i))
        if entry.capacity is not None:
            self.scaling = entry.capacity.scaling()
        for i, written in enumerate(entry.hubs):
            self._add_hub(written, ("hubs", i))
        for i in range(len(entry.systems)):
            system = validate(self.document, CableSystem, at=("systems", i))
            self.systems[system.id] = system
        for i in range(len(entry.fibres)):
            self._add_fibre(("fibres", i))
        if not self.hubs:
            raise self.document.error("has no hubs", hint='list them under "hubs:"')
        return Topology(
            name=entry.name,
            title=entry.title or entry.name,
            hubs=tuple(self.hubs.values()),
            fibres=tuple(self.fibres.values()),
            scaling=self.scaling,
            notes=(*notes, *entry.notes),
        )

    def _extend(self, name: str, at: KeyPath) -> tuple[str, ...]:
        base = self.load_base(name)
        for hub in base.hubs:
            self._keep(self.hubs, hub, "hub", at)
        for fibre in base.fibres:
            self._keep(self.fibres, fibre, "fibre", at)
        self.scaling = base.scaling
        return base.notes

    def _add_hub(self, written: object, at: KeyPath) -> None:
        if isinstance(written, str):
            known = shipped_hubs()
            if written not in known:
                hint = (
                    nearest(written, known)
                    or "write it out with id, name, role, located_in, lat, lon"
                )
                raise self.document.error(f'no hub "{written}" in the catalogue', *at, hint=hint)
            hub = known[written]
        else:
            hub = validate(self.document, Hub, at=at)
        self._keep(self.hubs, hub, "hub", at)

    def _keep[Kept: (Hub, Fibre)](
        self, table: dict[str, Kept], value: Kept, kind: str, at: KeyPath
    ) -> None:
        if value.id in table:
            raise self.document.error(
                f'{kind} id "{value.id}" is used twice', *at, "id", hint="give each its own id"
            )
        table[value.id] = value

    def _add_fibre(self, at: KeyPath) -> None:
        entry = validate(self.document, FibreEntry, at=at)
        for key, end in (("a", entry.a), ("z", entry.z)):
            if end not in self.hubs:
                raise self._unknown_end(entry.id, end, (*at, key))
        if entry.a == entry.z:
            message = f'fibre "{entry.id}" starts and ends at "{entry.a}"'
            raise self.document.error(message, *at, "z", hint="a fibre joins two hubs")
        system = self._system(entry, at)
        derived_km = self._derived_km(entry, at)
        length_km = derived_km if entry.length is None else entry.length
        capacity_gbps, basis = _capacity(entry, system)
        if entry.capacity_basis is not None:
            basis = entry.capacity_basis
        if (basis == "unpublished") != (capacity_gbps is None):
            message = f'fibre "{entry.id}": capacity_basis {basis} does not fit its capacity'
            raise self.document.error(message, *at, "capacity_basis", hint="drop one of the two")
        if entry.length_basis == "published" and not entry.sources:
            message = f'fibre "{entry.id}": its length is called published, but has no source'
            hint = 'name the source under "sources:", or write "stated"'
            raise self.document.error(message, *at, "length_basis", hint=hint)
        given = entry.one_way_delay
        fibre = Fibre(
            id=entry.id,
            a=entry.a,
            z=entry.z,
            medium=entry.medium,
            length_km=length_km,
            length_basis=_length_basis(entry),
            one_way_delay_ns=delay.one_way_delay_ns(length_km) if given is None else given,
            delay_basis="model" if given is None else "given",
            system=entry.system,
            crosses=entry.crosses,
            operated_by=entry.operated_by,
            srlgs=_srlgs(entry),
            capacity_gbps=capacity_gbps,
            capacity_basis=basis,
            status=entry.status,
            sources=entry.sources or (system.sources if system else ()),
            confidence=entry.confidence,
            notes=entry.notes,
        )
        self._keep(self.fibres, fibre, "fibre", at)

    def _unknown_end(self, fibre_id: str, end: str, at: KeyPath) -> Exception:
        hint = nearest(end, self.hubs)
        if not hint and end in shipped_hubs():
            hint = f'add "{end}" to the hubs of this file'
        return self.document.error(
            f'fibre "{fibre_id}" ends at unknown hub "{end}"', *at, hint=hint
        )

    def _system(self, entry: FibreEntry, at: KeyPath) -> CableSystem | None:
        if not entry.system:
            return None
        if entry.system not in self.systems:
            hint = nearest(entry.system, self.systems) or 'describe it under "systems:"'
            raise self.document.error(
                f'unknown cable system "{entry.system}"', *at, "system", hint=hint
            )
        return self.systems[entry.system]

    def _derived_km(self, entry: FibreEntry, at: KeyPath) -> float:
        points = [self.hubs[entry.a].place]
        points += [self._place(point, (*at, "via", i)) for i, point in enumerate(entry.via)]
        points.append(self.hubs[entry.z].place)
        return delay.derived_length_km(path_km(points), entry.medium)

    def _place(self, point: object, at: KeyPath) -> LatLon:
        if not isinstance(point, str):
            return self._degrees(point, at)
        places = {hub.id: hub.place for hub in (*shipped_hubs().values(), *self.hubs.values())}
        places |= shipped_waypoints()
        if point not in places:
            raise self.document.error(
                f'unknown waypoint "{point}"', *at, hint=nearest(point, places)
            )
        return places[point]

    def _degrees(self, point: object, at: KeyPath) -> LatLon:
        if isinstance(point, list) and len(point) == len(_LIMITS):
            pairs = list(zip(point, _LIMITS, strict=True))
            if all(type(x) in (int, float) and abs(x) <= limit for x, limit in pairs):
                return float(point[0]), float(point[1])
        hint = "write [latitude, longitude] in degrees, or a waypoint's id"
        raise self.document.error("a via point is not a place", *at, hint=hint)


def _capacity(entry: FibreEntry, system: CableSystem | None) -> tuple[float | None, CapacityBasis]:
    if entry.capacity is not None:
        return entry.capacity / 1e9, "published"
    if system is not None and system.capacity_gbps is not None:
        return system.capacity_gbps, system.capacity_basis
    return None, "unpublished"


def _length_basis(entry: FibreEntry) -> LengthBasis:
    """``published`` only with a source of the fibre's own: a system's is for its whole length."""
    if entry.length is None:
        return "derived"
    return entry.length_basis or ("published" if entry.sources else "stated")


def _srlgs(entry: FibreEntry) -> tuple[str, ...]:
    own = (f"cable:{entry.system}",) if entry.system else ()
    return tuple(dict.fromkeys((*own, *entry.srlgs)))


def to_data(topology: Topology) -> JsonObject:
    """Plain values that ``from_text`` reads back to the same topology, once dumped as YAML."""
    scaling = topology.scaling
    return {
        "name": topology.name,
        "title": topology.title,
        "capacity": {
            "scale": scaling.capacity_scale,
            "assumed_terrestrial": format_rate(round(scaling.assumed_terrestrial_gbps * 1e9)),
            "assumed_submarine": format_rate(round(scaling.assumed_submarine_gbps * 1e9)),
            "min_rate": format_rate(scaling.min_rate_bps),
            "max_rate": format_rate(scaling.max_rate_bps),
        },
        "notes": list(topology.notes),
        "hubs": [hub.model_dump(mode="json", exclude_defaults=True) for hub in topology.hubs],
        "systems": [
            {"id": name, "name": name}
            for name in sorted({f.system for f in topology.fibres if f.system})
            if name not in shipped_systems()
        ],
        "fibres": [_fibre_data(fibre) for fibre in topology.fibres],
    }


def _fibre_data(fibre: Fibre) -> JsonObject:
    data: JsonObject = fibre.model_dump(
        mode="json",
        exclude_defaults=True,
        exclude={"length_km", "length_basis", "one_way_delay_ns", "delay_basis", "capacity_gbps"},
    )
    data["length"] = format_length(fibre.length_km)
    data["length_basis"] = fibre.length_basis
    data["one_way_delay"] = format_duration(fibre.one_way_delay_ns)
    if fibre.capacity_gbps is not None:
        data["capacity"] = format_rate(round(fibre.capacity_gbps * 1e9))
    return data
