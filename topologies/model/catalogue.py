"""The shipped catalogue by id: hubs, cable systems, jurisdictions and their groups, classes of
capacity and sea waypoints; and what people call these.

``上海`` is the hub ``shanghai``, ``Thailand`` the jurisdiction ``TH``, ``SeaMeWe-4`` the cable
``smw4``. A word that means several ids of one kind means none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import get_args

from pydantic import Field, field_validator

from corridor.topologies.base.documents import Document, read_document, validate
from corridor.topologies.base.suggestions import nearest, nearest_or_some, squeezed
from corridor.topologies.base.units import parse_length_km, parse_rate_bps
from corridor.topologies.base.words import short_name
from corridor.topologies.model.topology import (
    CapacityBasis,
    Confidence,
    Frozen,
    Hub,
    JurisdictionCode,
    LatLon,
    Role,
    Slug,
)

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


class Jurisdiction(Frozen):
    id: JurisdictionCode
    name: str = Field(min_length=1)
    groups: tuple[Slug, ...] = ()


class Group(Frozen):
    id: Slug
    name: str = Field(min_length=1)


class Jurisdictions(Frozen):
    """All jurisdictions known by name, and the groups they belong to."""

    jurisdictions: tuple[Jurisdiction, ...]
    groups: tuple[Group, ...]

    @cached_property
    def by_id(self) -> dict[str, Jurisdiction]:
        return {jurisdiction.id: jurisdiction for jurisdiction in self.jurisdictions}

    def name(self, code: str) -> str:
        """The name of a code, or the code itself when it is not listed."""
        return self.by_id[code].name if code in self.by_id else code

    def members(self, group: str) -> tuple[str, ...]:
        """Codes of a group, in file order. Raises KeyError with a near match."""
        known = [entry.id for entry in self.groups]
        if group not in known:
            raise KeyError(f'no group "{group}" {nearest(group, known)}'.strip())
        return tuple(j.id for j in self.jurisdictions if group in j.groups)


@cache
def load_jurisdictions() -> Jurisdictions:
    """The shipped list. Raises InputError only when the installation is damaged."""
    return validate(read_document(DATA / "jurisdictions.yaml"), Jurisdictions)


LEAST_WORD, LEAST_INITIALS = 5, 2
"""Letters of a word that stands for a name of several, and words of one that initials stand for."""


def nearest_named(word: str, options: Iterable[str]) -> str:
    """As ``nearest``, also by what the catalogue calls what is among ``options``."""
    return nearest(word, options, meanings())


def nearest_named_or_some(word: str, options: Iterable[str]) -> str:
    return nearest_or_some(word, options, meanings())


@cache
def meanings() -> Mapping[str, tuple[str, ...]]:
    """Ids by what else they are called: of each word one of a kind at most."""
    known, found = load_jurisdictions(), dict[str, tuple[str, ...]]()
    hubs = {hub.id: (hub.name, hub.local_name or "") for hub in shipped_hubs().values()}
    places = {one.id: (one.name,) for one in known.jurisdictions}
    places |= {one.id: (one.name,) for one in known.groups}
    systems = {one.id: (one.name,) for one in shipped_systems().values()}
    for kind, forms in ((hubs, _FORMS), (places, (*_FORMS, _initials)), (systems, _FORMS)):
        for word, id_ in _unique(kind, forms).items():
            found[word] = (*found.get(word, ()), id_)
    return found


def _unique(kind: Mapping[str, Iterable[str]], forms: Iterable[_Form]) -> dict[str, str]:
    """Words that mean one id of a kind; those of the first of ``forms`` before the others'."""
    by_word: dict[str, str] = {}
    for form in forms:
        claimed: dict[str, set[str]] = {}
        for id_, names in kind.items():
            for word in {squeezed(part) for name in names for part in form(name)}:
                claimed.setdefault(word, set()).add(id_)
        for word, ids in claimed.items():
            if len(ids) == 1 and word and word not in _TERMS:
                by_word.setdefault(word, *ids)
    return by_word


_TERMS = frozenset(get_args(Role))
"""Words that mean something else wherever names are written."""


type _Form = Callable[[str], Iterator[str]]
"""From a name to words for it."""


def _whole(name: str) -> Iterator[str]:
    yield name


def _parts(name: str) -> Iterator[str]:
    """What is in a name next to brackets, within them, and next to strokes."""
    outside = re.sub(r"\([^)]*\)", " ", name)
    for part in (outside, *re.findall(r"\(([^)]*)\)", name)):
        yield part
        yield from part.split("/")


def _words(name: str) -> Iterator[str]:
    """Words of a name that are much of it: ``Saudi`` of Saudi Arabia, not ``border`` of a border's
    hub."""
    for whole in (name, *_parts(name)):
        letters = len(squeezed(whole))
        for word in whole.split():
            if len(word) >= LEAST_WORD and len(squeezed(word)) * 5 >= letters * 2:
                yield word


def _initials(name: str) -> Iterator[str]:
    """``UAE`` of United Arab Emirates."""
    words = [word for word in name.split() if word[0].isupper()]
    if len(words) >= LEAST_INITIALS:
        yield "".join(word[0] for word in words)


_FORMS: tuple[_Form, ...] = (_whole, _parts, _words)
