"""Background traffic on a map, as its file states it: fibres of routes, effects of cuts. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from corridor import traffic
from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import shipped_hubs, shipped_waypoints
from corridor.topologies.model.fields import Frozen, JurisdictionCode, NonEmpty, Slug
from corridor.topologies.model.topology import Fibre, Topology
from corridor.traffic.background.internet import COARSE, Internet, read_internet
from corridor.traffic.background.internet_file import SegmentId
from corridor.traffic.background.market import Holding, Market, Offer

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


CABLE = "cable:"
"""The shared-risk group of a system."""
ON_CUT_FIBRE = "map:cut"
"""A segment that routes get when a fibre or hub fails that they need."""
type RouteId = tuple[str, str]
"""Of a holding or offer of the data file, and the region."""


class Leg(NamedTuple):
    """A fibre of a route, in the direction from the country to the region."""

    fibre: str
    start: str
    """The hub."""
    end: str


@dataclass(frozen=True)
class RouteOnMap:
    """What a map has of a route."""

    legs: tuple[Leg, ...]
    """From the country to the region; each begins where the one before ends."""
    missing: tuple[str, ...]
    """Segments of the route that none of the legs passes."""
    note: str
    """Why it begins or ends elsewhere than at the landing and in the region; empty if it does not.
    """
    hubs: frozenset[str] = frozenset()
    """Where it begins, is handed over, or is regenerated: it fails with any of them."""


@dataclass(frozen=True)
class OnMap:
    """The background traffic on one topology."""

    internet: Internet
    topology: Topology
    relation: OnMapFile

    @cached_property
    def fibres_of(self) -> Mapping[str, tuple[str, ...]]:
        """By segment, the fibres that pass it, in the order of the map."""
        listed = {one.segment: one.fibres for one in self.relation.segments if one.fibres}
        return {
            segment: self._listed(listed[segment])
            if segment in listed
            else tuple(self._passing(segment))
            for segment in self.internet.lengths_km
        }

    @cached_property
    def groups_of(self) -> Mapping[str, tuple[str, ...]]:
        """By segment, the shared-risk groups that contain it, on this map or not."""
        listed = {one.segment: one.groups for one in self.relation.segments}
        return {segment: self._groups(segment, listed) for segment in self.internet.lengths_km}

    @cached_property
    def routes(self) -> Mapping[RouteId, RouteOnMap]:
        """By holding or offer and region: what this map has of each route."""
        file = self.internet.file
        held = {
            (one.id, to.to): (one.country, to.segments)
            for one in file.holdings
            for to in one.routes
        }
        offered = {(one.id, one.to): (one.country, one.segments) for one in file.offers}
        return {key: self._route(key, *route) for key, route in (held | offered).items()}

    @property
    def is_related(self) -> bool:
        """Whether any route uses a fibre of the map."""
        return any(one.legs for one in self.routes.values())

    def cut(
        self,
        links: Collection[str] = (),
        groups: Collection[str] = (),
        hubs: Collection[str] = (),
        segments: Collection[str] = (),
    ) -> CutOnMap:
        """Return what fails with fibres, shared-risk groups, hubs and segments.

        A fibre of the map is one light path of a system: its cut takes the routes over it, and no
        other route of the same segments. A failed hub takes routes that begin, end or change their
        system there, and routes by land that pass it: those are regenerated in the city. A route
        by sea that only passes the city stays, as its cable branches off shore.
        """
        taken = frozenset(
            segment
            for segment, of in self.groups_of.items()
            if not set(groups).isdisjoint(of) or not set(hubs).isdisjoint(self._hubs_of(segment))
        )
        fibres = (
            one.id
            for one in self.topology.fibres
            if one.id in links or not set(groups).isdisjoint(one.srlgs)
        )
        return CutOnMap(self, taken.union(segments), frozenset(fibres), frozenset(hubs))

    def _hubs_of(self, segment: str) -> tuple[str, ...]:
        return next((one.hubs for one in self.relation.segments if one.segment == segment), ())

    def _listed(self, fibres: Iterable[str]) -> tuple[str, ...]:
        """Those that this map has: one that extends the map of the file may leave some out."""
        known = set(fibres)
        return tuple(one.id for one in self.topology.fibres if one.id in known)

    def _passing(self, segment: str) -> Iterator[str]:
        place = self._place(segment)
        for fibre in self.topology.fibres:
            if place is not None and fibre.system == _system(segment) and place.is_met_by(fibre):
                yield fibre.id

    def _place(self, segment: str) -> Place | None:
        name = segment.partition(":")[2]
        return next((one for one in self.relation.places if one.place == name), None)

    def _groups(self, segment: str, listed: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        place = self._place(segment)
        of_place = () if place is None else place.all_groups
        own = (f"{CABLE}{_system(segment)}", *of_place, *listed.get(segment, ()))
        return tuple(dict.fromkeys(own))

    def _route(self, key: RouteId, country: str, segments: tuple[str, ...]) -> RouteOnMap:
        stated = next((one for one in self.relation.routes if (one.holding, one.to) == key), None)
        start = (stated and stated.start) or self.relation.landings.get(country)
        end = (stated and stated.until) or self.relation.regions.get(key[1])
        passed = {fibre for one in segments for fibre in self.fibres_of[one]}
        legs = self._legs(start, end, passed)
        used = {leg.fibre for leg in legs}
        missing = tuple(one for one in segments if used.isdisjoint(self.fibres_of[one]))
        hubs = frozenset(self._hubs(stated, country, key[1], segments[-1], legs))
        return RouteOnMap(legs, missing, stated.note if stated and legs else "", hubs)

    def _hubs(
        self,
        stated: StatedRoute | None,
        country: str,
        region: str,
        last: str,
        legs: tuple[Leg, ...],
    ) -> Iterator[str]:
        """Yield where a route begins and is handed over, and the hubs that it passes by land."""
        if not (stated and stated.start) and country in self.relation.landings:
            yield self.relation.landings[country]
        if stated and stated.handed_over:
            yield stated.handed_over
        elif _system(last) != COARSE and region in self.relation.regions:
            yield self.relation.regions[region]
        for leg in legs:
            if self.topology.fibre(leg.fibre).medium == "terrestrial":
                yield from (leg.start, leg.end)

    def _legs(self, start: str | None, end: str | None, passed: Collection[str]) -> tuple[Leg, ...]:
        """The path of fewest fibres over those that pass the segments of a route."""
        hubs = {hub.id for hub in self.topology.hubs}
        if start not in hubs or end not in hubs:
            return ()
        paths: dict[str | None, tuple[Leg, ...]] = {start: ()}
        queue = [str(start)]
        for here in queue:
            for fibre in self.topology.fibres_of(here):
                far = fibre.other_end(here)
                if fibre.id in passed and far not in paths:
                    paths[far] = (*paths[here], Leg(fibre.id, here, far))
                    queue.append(far)
        return paths.get(end, ())


@dataclass(frozen=True)
class CutOnMap:
    """What has failed of the background traffic."""

    of: OnMap
    segments: frozenset[str]
    fibres: frozenset[str]
    """Of the map; without those that end at failed hubs."""
    hubs: frozenset[str]

    def takes(self, route: RouteId) -> bool:
        """Whether a route fails by a fibre or a hub; it also fails with its segments."""
        one = self.of.routes[route]
        return not self.hubs.isdisjoint(one.hubs) or any(
            leg.fibre in self.fibres for leg in one.legs
        )

    def failing(self, market: Market) -> tuple[Market, frozenset[str]]:
        """Return a market of any day and the segments that fail in it, for ``assign``."""
        taken = [route for route in self.of.routes if self.takes(route)]
        if not taken:
            return market, self.segments
        hit = {name for id_, region in taken for name in (f"{id_}/{region}", id_)}  # or an offer's
        marked = replace(
            market,
            holdings=tuple(_marked(one, hit) for one in market.holdings),
            offers=tuple(_marked(one, hit) for one in market.offers),
            segments={**market.segments, ON_CUT_FIBRE: 0.0},
        )
        return marked, self.segments | {ON_CUT_FIBRE}


def on_map(topology: Topology, internet: Internet | None = None) -> OnMap:
    """Relate background traffic to a map by ``traffic/data/internet_on_maps.yaml``.

    Args:
        topology: Any topology. One that no route uses has nothing of it: ``is_related`` is False.
        internet: Default: that of the shipped data. Of other figures, holdings, segments and
            regions are related that have the same ids as there.

    Raises:
        InputError: A data file that ships is damaged.
    """
    if internet is not None:
        return OnMap(internet, topology, written_relation())
    known = read_internet()
    return OnMap(known, topology, read_relation(known))


def fibre_routes(
    topology: Topology, internet: Internet | None = None
) -> Mapping[RouteId, tuple[Leg, ...]]:
    """Return the fibres of each route of background traffic, from the country to the region.

    A route of a system or country that is not on the map is empty; ``OnMap.routes`` says what is
    missing of a route.
    """
    return {key: one.legs for key, one in on_map(topology, internet).routes.items()}


def _marked[Capacity: (Holding, Offer)](one: Capacity, hit: Collection[str]) -> Capacity:
    return replace(one, segments=(*one.segments, ON_CUT_FIBRE)) if one.id in hit else one


def _system(segment: str) -> str:
    return segment.partition(":")[0]
