"""The file that relates background traffic to a map, as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from corridor import traffic
from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import shipped_hubs, shipped_waypoints
from corridor.topologies.model.fields import Frozen, JurisdictionCode, NonEmpty, Slug
from corridor.topologies.model.topology import Fibre, Topology
from corridor.traffic.background.internet import Internet
from corridor.traffic.background.internet_file import SegmentId

FILE = Path(traffic.__file__).with_name("data") / "internet_on_maps.yaml"


class Place(Frozen):
    """Part of any system, by the second part of the ids of its segments."""

    place: Slug
    at: Slug | None = None
    by: Slug | None = None
    within: NonEmpty | None = Field(default=None, alias="in")
    groups: tuple[NonEmpty, ...] = ()

    @model_validator(mode="after")
    def _one_of_three(self) -> Place:
        if sum(one is not None for one in (self.at, self.by, self.within)) != 1:
            raise ValueError(f"place {self.place} needs one of at, by, in")
        return self

    @property
    def all_groups(self) -> tuple[str, ...]:
        return (*((self.within,) if self.within else ()), *self.groups)

    def is_met_by(self, fibre: Fibre) -> bool:
        """Whether a fibre of the system passes the place."""
        if self.at is not None:
            return self.at in fibre.ends
        if self.by is not None:
            return shipped_waypoints()[self.by] in fibre.via
        return self.within in fibre.srlgs


class SegmentOnMap(Frozen):
    """Fibres, groups and hubs of a segment that do not follow from its place."""

    segment: SegmentId
    fibres: tuple[Slug, ...] = ()
    groups: tuple[NonEmpty, ...] = ()
    hubs: tuple[Slug, ...] = ()
    """Where it is regenerated or handed over, so that it fails with them."""


class StatedRoute(Frozen):
    """Where a route of a holding begins and ends on the map, if not at landing and region."""

    holding: Slug
    to: Slug
    start: Slug | None = Field(default=None, alias="from")
    until: Slug | None = None
    handed_over: Slug | None = None
    """The hub, where it is not that of the region."""
    note: NonEmpty


class Outside(Frozen):
    """A fibre of a system with holdings that no segment contains."""

    fibre: Slug
    note: NonEmpty


class OnMapFile(Frozen):
    """The whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    map: Slug
    landings: Mapping[JurisdictionCode, Slug]
    regions: Mapping[Slug, Slug]
    places: tuple[Place, ...]
    segments: tuple[SegmentOnMap, ...] = ()
    routes: tuple[StatedRoute, ...] = ()
    outside: tuple[Outside, ...] = ()


def may_relate(topology: Topology) -> bool:
    """Whether a topology has both a hub where routes of the shipped file begin and one where they
    end: cheaper than to relate it."""
    file = written_relation()
    begin = {*file.landings.values(), *(one.start for one in file.routes)}
    end = {*file.regions.values(), *(one.until for one in file.routes)}
    hubs = {hub.id for hub in topology.hubs}
    return not hubs.isdisjoint(begin) and not hubs.isdisjoint(end)


def written_relation() -> OnMapFile:
    """Return the shipped file, its ids unchecked."""
    return _written(FILE)[1]


@cache
def _written(path: str | Path) -> tuple[Document, OnMapFile]:
    document = read_document(path)
    return document, validate(document, OnMapFile)


def read_relation(
    internet: Internet, path: str | Path | None = None, whole_map: Topology | None = None
) -> OnMapFile:
    """Read the file and check its ids.

    Args:
        internet: The background traffic.
        path: Default: the shipped file.
        whole_map: The map that the file is for, to check fibres and groups, too. A scenario may
            leave fibres of it out.

    Raises:
        InputError: The file cannot be read, or an id in it is unknown: with its line.
    """
    document, file = _written(path or FILE)
    for kind, known, used in _references(file, internet, whole_map):
        for at, name in used:
            if name not in known:
                hint = nearest(name, known) or f"name a {kind} of the data"
                raise document.error(f'no {kind} "{name}"', *at, hint=hint)
    _check_once(document, file)
    return file


type _Used = Iterator[tuple[KeyPath, str]]


def _references(
    file: OnMapFile, internet: Internet, whole_map: Topology | None
) -> Iterator[tuple[str, frozenset[str], _Used]]:
    """Kinds, their known ids, and the places that use an id."""
    data = internet.file
    yield "segment", frozenset(internet.lengths_km), _each(file, "segments", "segment")
    places = frozenset(one.partition(":")[2] for one in internet.lengths_km)
    yield "place", places, _each(file, "places", "place")
    yield "waypoint", frozenset(shipped_waypoints()), _each(file, "places", "by")
    yield "hub", frozenset(shipped_hubs()), _hubs(file)
    yield "country", frozenset(internet.countries), ((("landings",), one) for one in file.landings)
    yield (
        "region",
        frozenset(one.id for one in data.regions),
        ((("regions",), one) for one in file.regions),
    )
    routes = frozenset(
        (*(f"{one.id} to {to.to}" for one in data.holdings for to in one.routes),
         *(f"{one.id} to {one.to}" for one in data.offers))
    )  # fmt: skip
    stated = ((("routes", i), f"{one.holding} to {one.to}") for i, one in enumerate(file.routes))
    yield "route", routes, stated
    if whole_map is not None:
        yield "fibre", frozenset(one.id for one in whole_map.fibres), _fibres(file)
        yield "shared-risk group", frozenset(whole_map.srlgs), _groups(file)


def _each(file: OnMapFile, key: str, field: str) -> _Used:
    for number, one in enumerate(getattr(file, key)):
        if (name := getattr(one, field)) is not None:
            yield (key, number, field), name


def _hubs(file: OnMapFile) -> _Used:
    for key in ("landings", "regions"):
        yield from (((key, name), hub) for name, hub in getattr(file, key).items())
    yield from _each(file, "places", "at")
    for number, one in enumerate(file.segments):
        yield from ((("segments", number, "hubs", i), hub) for i, hub in enumerate(one.hubs))
    for field, key in (("start", "from"), ("until", "until"), ("handed_over", "handed_over")):
        for at, name in _each(file, "routes", field):
            yield (*at[:-1], key), name


def _fibres(file: OnMapFile) -> _Used:
    yield from _each(file, "outside", "fibre")
    for number, one in enumerate(file.segments):
        yield from ((("segments", number, "fibres", i), name) for i, name in enumerate(one.fibres))


def _groups(file: OnMapFile) -> _Used:
    for number, place in enumerate(file.places):
        yield from ((("places", number), name) for name in place.all_groups)
    for number, one in enumerate(file.segments):
        yield from ((("segments", number, "groups", i), name) for i, name in enumerate(one.groups))


def _check_once(document: Document, file: OnMapFile) -> None:
    """Raise InputError for an entry that is written twice."""
    ids = {
        "places": [one.place for one in file.places],
        "segments": [one.segment for one in file.segments],
        "routes": [f"{one.holding} to {one.to}" for one in file.routes],
        "outside": [one.fibre for one in file.outside],
    }
    for key, names in ids.items():
        for number, name in enumerate(names):
            if name in names[:number]:
                raise document.error(f'"{name}" is written twice', key, number)
