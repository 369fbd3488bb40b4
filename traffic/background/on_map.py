"""The background traffic on a map: fibres of its routes, and what a cut of the map takes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from corridor.topologies.model.topology import Topology
from corridor.traffic.background.internet import Internet, read_internet
from corridor.traffic.background.market import Holding, Market, Offer
from corridor.traffic.background.on_map_file import OnMapFile, Place, read_relation

CABLE = "cable:"
"""The shared-risk group of a system."""
ON_CUT_FIBRE = "map:cut"
"""A segment that routes over a fibre of the map get when it is cut."""
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

    def segments_in(
        self, groups: Collection[str] = (), hubs: Collection[str] = ()
    ) -> frozenset[str]:
        """Return the segments that a cut of shared-risk groups takes, and those that land at hubs
        that fail."""
        return frozenset(
            segment
            for segment, of in self.groups_of.items()
            if not set(groups).isdisjoint(of)
            or ((place := self._place(segment)) is not None and place.at in hubs)
        )

    def failing(
        self, market: Market, *, segments: Iterable[str] = (), fibres: Collection[str] = ()
    ) -> tuple[Market, frozenset[str]]:
        """Return a market and the segments that fail in it, for ``assign``.

        Args:
            market: Of any day.
            segments: Those that are cut.
            fibres: Fibres of the map that are cut. A route that uses one fails, other routes of
                the same segments do not: a fibre is one light path of a system.
        """
        hit = {
            name
            for (holding, region), one in self.routes.items()
            if any(leg.fibre in fibres for leg in one.legs)
            for name in (f"{holding}/{region}", holding)  # ids of holdings and of offers
        }
        if not hit:
            return market, frozenset(segments)
        marked = replace(
            market,
            holdings=tuple(_marked(one, hit) for one in market.holdings),
            offers=tuple(_marked(one, hit) for one in market.offers),
            segments={**market.segments, ON_CUT_FIBRE: 0.0},
        )
        return marked, frozenset({*segments, ON_CUT_FIBRE})

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
        return RouteOnMap(legs, missing, stated.note if stated and legs else "")

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


def on_map(topology: Topology, internet: Internet | None = None) -> OnMap:
    """Relate background traffic to a map by ``traffic/data/internet_on_maps.yaml``.

    Args:
        topology: Any topology. One that no route uses has nothing of it: ``is_related`` is False.
        internet: Default: that of the shipped data.

    Raises:
        InputError: A data file that ships is damaged.
    """
    known = internet or read_internet()
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
