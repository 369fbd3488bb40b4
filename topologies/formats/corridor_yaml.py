"""Our own topology files: YAML that names hubs and fibres, with units on every quantity.

A hub is either an id of the shipped catalogue or written out. A fibre whose ``length`` is not
given gets one derived from the great circle through its ``via`` points. ``extends`` starts from
other topologies, ``without`` and ``override`` change them. See docs/topologies.md for every key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from pydantic import ValidationError

from corridor.topologies.base.documents import (
    Document,
    KeyPath,
    describe_path,
    parse_document,
    validate,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.formats import corridor_writer
from corridor.topologies.formats.corridor_entries import (
    DEFAULT_SCALING,
    FibreEntry,
    GroupEntry,
    Overrides,
    TopologyEntry,
    Without,
)
from corridor.topologies.model import delay
from corridor.topologies.model.capacity import CapacityBasis, CapacityGroup
from corridor.topologies.model.catalogue import (
    CableSystem,
    CapacityClass,
    nearest_named,
    shipped_capacity_classes,
    shipped_hubs,
    shipped_systems,
    shipped_waypoints,
)
from corridor.topologies.model.domains import read_written
from corridor.topologies.model.hosts import Host, check_hosts
from corridor.topologies.model.operators import WrittenDomains
from corridor.topologies.model.topology import (
    Fibre,
    Hub,
    LatLon,
    LengthBasis,
    PossibleCrossing,
    Topology,
    path_km,
)

BaseLoader = Callable[[str], Topology]
"""Loads what ``extends`` names."""

_LIMITS = (90, 180)
"""Largest degrees of latitude and longitude."""


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
        self.classes: dict[str, CapacityClass] = dict(shipped_capacity_classes())
        self.groups: dict[str, CapacityGroup] = {}
        self.scaling = DEFAULT_SCALING
        self.domains: WrittenDomains | None = None
        self.hosts: list[Host] = []
        """Those of the files that it extends."""

    def topology(self) -> Topology:
        entry = validate(self.document, TopologyEntry)
        notes: list[str] = []
        for i, base in enumerate(entry.extends):
            notes += self._extend(base, ("extends", i))
        notes += filter(None, [self._changed(entry)])
        if entry.capacity is not None:
            self.scaling = entry.capacity.scaling()
        for i, written in enumerate(entry.hubs):
            self._add_hub(written, ("hubs", i))
        for i in range(len(entry.systems)):
            system = validate(self.document, CableSystem, at=("systems", i))
            self.systems[system.id] = system
        for i in range(len(entry.capacity_classes)):
            named = validate(self.document, CapacityClass, at=("capacity_classes", i))
            self.classes[named.id] = named
        for i in range(len(entry.capacity_groups)):
            self._add_group(("capacity_groups", i))
        for i in range(len(entry.fibres)):
            self._add_fibre(("fibres", i))
        if not self.hubs:
            raise self.document.error("has no hubs", hint='list them under "hubs:"')
        made = Topology(
            name=entry.name,
            title=entry.title or entry.name,
            hubs=tuple(self.hubs.values()),
            fibres=tuple(self.fibres.values()),
            scaling=self.scaling,
            notes=(*notes, *entry.notes),
        )
        made = self._with_footprints(made, len(entry.footprints))
        hosts = [validate(self.document, Host, at=("hosts", i)) for i in range(len(entry.hosts))]
        check_hosts(self.document, hosts, tuple(self.hubs), self.hosts)
        made = made.with_hosts((*self.hosts, *hosts))
        written = read_written(self.document, made)
        domains = self.domains if written is None else written.over(self.domains)
        return made if domains is None else made.model_copy(update={"domains": domains})

    def _with_footprints(self, made: Topology, written: int) -> Topology:
        if not written:
            return made
        from corridor.topologies.model.footprint import with_footprints, written_footprint

        at: list[KeyPath] = [("footprints", i) for i in range(written)]
        return with_footprints(made, [written_footprint(self.document, one) for one in at])

    def _extend(self, name: str, at: KeyPath) -> tuple[str, ...]:
        base = self.load_base(name)
        for hub in base.hubs:
            self._keep(self.hubs, hub, "hub", at)
        for fibre in base.fibres:
            self._keep(self.fibres, fibre, "fibre", at)
        for group in base.capacity_groups.values():
            if self.groups.setdefault(group.id, group) != group:
                message = f'capacity group "{group.id}" is another in an earlier base'
                raise self.document.error(message, *at, hint="rename one of the two")
        self.scaling = base.scaling
        for host in base.hosts:
            if any(host.id == one.id for one in self.hosts):
                message = f'host id "{host.id}" is used twice'
                raise self.document.error(message, *at, hint="give each its own id")
            self.hosts.append(host)
        if base.domains is not None:
            self.domains = base.domains.over(self.domains)
        return base.notes

    def _changed(self, entry: TopologyEntry) -> str:
        """Leaves out and overrides; a note that says what."""
        removed = self._leave_out(entry.without or Without())
        changed = self._override(entry.override or Overrides())
        return corridor_writer.told(removed, changed)

    def _leave_out(self, without: Without) -> Iterable[str]:
        for i, name in enumerate(without.fibres):
            self._known(self.fibres, name, "fibre", ("without", "fibres", i))
            del self.fibres[name]
        for i, name in enumerate(without.hubs):
            self._known(self.hubs, name, "hub", ("without", "hubs", i))
            del self.hubs[name]
        self.hosts = [host for host in self.hosts if host.hub in self.hubs]
        dark = [one.id for one in self.fibres.values() if not {*one.ends} <= self.hubs.keys()]
        for name in dark:
            del self.fibres[name]
        return (*without.hubs, *without.fibres, *dark)

    def _override(self, written: Overrides) -> Mapping[str, Collection[str]]:
        before = dict(self.hubs)
        for name in written.hubs:
            at = ("override", "hubs", name)
            base = self._known(self.hubs, name, "hub", at)
            self._keeps_id(written.hubs[name], at)
            self.hubs[name] = validate(
                self.document, Hub, at=at, over=corridor_writer.hub_data(base)
            )
        for name in written.capacity_groups:
            self._override_group(name, written.capacity_groups[name])
        moved = corridor_writer.moved(before, self.hubs)
        for fibre in list(self.fibres.values()):
            if not moved.isdisjoint(fibre.ends) and fibre.id not in written.fibres:
                entry = FibreEntry.model_validate(corridor_writer.kept_of(fibre, {}, moved=True))
                self.fibres[fibre.id] = self._fibre(entry, ("override", "hubs"))
        for name, keys in written.fibres.items():
            at = ("override", "fibres", name)
            known = self._known(self.fibres, name, "fibre", at)
            self._keeps_id(keys, at)
            kept = corridor_writer.kept_of(known, keys, moved=not moved.isdisjoint(known.ends))
            self.fibres[name] = self._fibre(
                validate(self.document, FibreEntry, at=at, over=kept), at
            )
        return {**written.hubs, **written.fibres, **written.capacity_groups}

    def _override_group(self, name: str, keys: Mapping[str, object]) -> None:
        at = ("override", "capacity_groups", name)
        known = self._known(self.groups, name, "capacity group", at)
        self._keeps_id(keys, at)
        over = corridor_writer.kept_of_group(known, keys)
        group = validate(self.document, GroupEntry, at=at, over=over).group()
        self.groups[name] = group
        for fibre in list(self.fibres.values()):
            shares = tuple(group if one.id == name else one for one in fibre.shares)
            if shares != fibre.shares:
                self.fibres[fibre.id] = fibre.model_copy(update={"shares": shares})

    def _keeps_id(self, keys: Mapping[str, object], at: KeyPath) -> None:
        if "id" in keys:
            hint = "leave the old one out and write a new one"
            raise self.document.error("an override cannot change an id", *at, "id", hint=hint)

    def _known[Kept](self, table: Mapping[str, Kept], name: str, kind: str, at: KeyPath) -> Kept:
        if name not in table:
            hint = nearest_named(name, table) or "corridor topology show lists what there is"
            message = f'no {kind} "{name}" in what this file extends'
            raise self.document.error(message, *at, hint=hint)
        return table[name]

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

    def _add_group(self, at: KeyPath) -> None:
        group = validate(self.document, GroupEntry, at=at).group()
        if group.id in self.groups:
            message = f'capacity group id "{group.id}" is used twice'
            raise self.document.error(message, *at, "id", hint="give each its own id")
        self.groups[group.id] = group

    def _add_fibre(self, at: KeyPath) -> None:
        entry = validate(self.document, FibreEntry, at=at)
        self._keep(self.fibres, self._fibre(entry, at), "fibre", at)

    def _fibre(self, entry: FibreEntry, at: KeyPath) -> Fibre:
        for key, end in (("a", entry.a), ("z", entry.z)):
            if end not in self.hubs:
                raise self._unknown_end(entry.id, end, (*at, key))
        if entry.a == entry.z:
            message = f'fibre "{entry.id}" starts and ends at "{entry.a}"'
            raise self.document.error(message, *at, "z", hint="a fibre joins two hubs")
        system = self._system(entry, at)
        via = tuple(self._place(point, (*at, "via", i)) for i, point in enumerate(entry.via))
        length_km = self._derived_km(entry, via) if entry.length is None else entry.length
        capacity_gbps, basis = self._capacity(entry, system, at)
        assumed_gbps, because = self._assumed(entry, at)
        if entry.length_basis == "published" and not entry.sources:
            message = f'fibre "{entry.id}": its length is called published, but has no source'
            hint = 'name the source under "sources:", or write "stated"'
            raise self.document.error(message, *at, "length_basis", hint=hint)
        given = entry.one_way_delay
        return Fibre(
            id=entry.id,
            a=entry.a,
            z=entry.z,
            medium=entry.medium,
            length_km=length_km,
            length_basis=_length_basis(entry),
            one_way_delay_ns=delay.one_way_delay_ns(length_km) if given is None else given,
            delay_basis="model" if given is None else "given",
            system=entry.system,
            via=via,
            crosses=entry.crosses,
            may_cross=self._may_cross(entry, at),
            operated_by=entry.operated_by or (system.operated_by if system else None),
            srlgs=_srlgs(entry),
            capacity_gbps=capacity_gbps,
            capacity_basis=basis,
            shares=self._shares(entry, at),
            assumed_gbps=assumed_gbps,
            assumed_because=because,
            status=entry.status,
            sources=entry.sources or (system.sources if system else ()),
            confidence=entry.confidence,
            notes=entry.notes,
        )

    def _capacity(
        self, entry: FibreEntry, system: CableSystem | None, at: KeyPath
    ) -> tuple[float | None, CapacityBasis]:
        capacity_gbps, basis = _known_capacity(entry, system)
        basis = entry.capacity_basis or basis
        if (basis == "unpublished") != (capacity_gbps is None):
            message = f'fibre "{entry.id}": capacity_basis {basis} does not fit its capacity'
            raise self.document.error(message, *at, "capacity_basis", hint="drop one of the two")
        return capacity_gbps, basis

    def _assumed(self, entry: FibreEntry, at: KeyPath) -> tuple[float | None, str]:
        """Return the assumption for an unpublished capacity, with its reason."""
        if entry.capacity_class:
            if entry.capacity is not None or entry.assumed_capacity is not None:
                message = f'fibre "{entry.id}" has a capacity and a capacity class'
                raise self.document.error(message, *at, "capacity_class", hint="drop one of them")
            if entry.capacity_class not in self.classes:
                hint = nearest(entry.capacity_class, self.classes)
                hint = hint or f"use one of {', '.join(self.classes)}"
                message = f'unknown capacity class "{entry.capacity_class}"'
                raise self.document.error(message, *at, "capacity_class", hint=hint)
            return self.classes[entry.capacity_class].assumed
        gbps = None if entry.assumed_capacity is None else entry.assumed_capacity / 1e9
        return gbps, entry.assumed_because

    def _shares(self, entry: FibreEntry, at: KeyPath) -> tuple[CapacityGroup, ...]:
        found = []
        for i, name in enumerate(entry.shares):
            if name not in self.groups:
                hint = nearest(name, self.groups) or 'describe it under "capacity_groups:"'
                message = f'unknown capacity group "{name}"'
                raise self.document.error(message, *at, "shares", i, hint=hint)
            group = self.groups[name]
            if group.at not in (entry.a, entry.z):
                message = f'fibre "{entry.id}" does not end at "{group.at}", where "{name}" is'
                raise self.document.error(message, *at, "shares", i, hint="drop it")
            found.append(group)
        return tuple(found)

    def _may_cross(self, entry: FibreEntry, at: KeyPath) -> tuple[PossibleCrossing, ...]:
        both = sorted({one.code for one in entry.may_cross} & {*entry.crosses})
        if both:
            message = f'fibre "{entry.id}" both crosses and may cross {", ".join(both)}'
            raise self.document.error(message, *at, "may_cross", hint="keep the one that is known")
        return entry.may_cross

    def _unknown_end(self, fibre_id: str, end: str, at: KeyPath) -> Exception:
        hint = nearest_named(end, self.hubs)
        if not hint and end in shipped_hubs():
            hint = f'add "{end}" to the hubs of this file'
        return self.document.error(
            f'fibre "{fibre_id}" ends at unknown hub "{end}"', *at, hint=hint
        )

    def _system(self, entry: FibreEntry, at: KeyPath) -> CableSystem | None:
        if not entry.system:
            return None
        if entry.system not in self.systems:
            hint = nearest_named(entry.system, self.systems) or 'describe it under "systems:"'
            raise self.document.error(
                f'unknown cable system "{entry.system}"', *at, "system", hint=hint
            )
        return self.systems[entry.system]

    def _derived_km(self, entry: FibreEntry, via: Iterable[LatLon]) -> float:
        points = [self.hubs[entry.a].place, *via, self.hubs[entry.z].place]
        return delay.derived_length_km(path_km(points), entry.medium)

    def _place(self, point: object, at: KeyPath) -> LatLon:
        if not isinstance(point, str):
            return self._degrees(point, at)
        places = {hub.id: hub.place for hub in (*shipped_hubs().values(), *self.hubs.values())}
        places |= shipped_waypoints()
        if point not in places:
            raise self.document.error(
                f'unknown waypoint "{point}"', *at, hint=nearest_named(point, places)
            )
        return places[point]

    def _degrees(self, point: object, at: KeyPath) -> LatLon:
        if isinstance(point, list) and len(point) == len(_LIMITS):
            pairs = list(zip(point, _LIMITS, strict=True))
            if all(type(x) in (int, float) and abs(x) <= limit for x, limit in pairs):
                return float(point[0]), float(point[1])
        hint = "write [latitude, longitude] in degrees, or a waypoint's id"
        raise self.document.error("a via point is not a place", *at, hint=hint)


def _known_capacity(
    entry: FibreEntry, system: CableSystem | None
) -> tuple[float | None, CapacityBasis]:
    if entry.capacity is not None:
        sourced = entry.sources or system is not None
        return entry.capacity / 1e9, "published" if sourced else "stated"
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
