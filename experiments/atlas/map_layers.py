"""Answers and results as layers of GeoJSON for geographic information systems. Pure.

One file a layer, so that all features of a file have the same properties. docs/export.md lists
them with their units."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from types import MappingProxyType

from corridor.controller.explain.subject import Exported
from corridor.experiments.account.summary import EventSummary
from corridor.experiments.answers.capacity_document import CapacityAnswer, LinkUtilisation
from corridor.experiments.answers.document import Answers, CutEntry, DemandAnswer
from corridor.experiments.answers.map_document import (
    FibreEntry,
    HubEntry,
    MapDocument,
    PathDocument,
)
from corridor.experiments.atlas.plane import Projection
from corridor.topologies.model.routing import GROUP
from corridor.topologies.model.topology import LatLon

type Features = Iterator[Feature]

LEFT_OUT = (
    "areas of jurisdictions: the map has no borders; hubs, fibres and paths name jurisdictions",
    "paths of responses, and detours of several failures: corridor explain",
    "flow tables and proofs: --to walker or aalwines",
)
COURSE = "Lines follow the points of the map, not surveyed routes: use length_km, not their length."
UNITS = "Delays (ms) are of fibres and terminals, one-way unless rtt is in the name."
FIBRES = f"Fibres of the map, with the sources of their entries. {COURSE} {UNITS}"
PATHS = (
    f"Computed paths: with policies, and the shortest without. {COURSE} {UNITS} "
    "added_rtt is relative to no policies, with the 90 % interval of Monte Carlo samples."
)
CUTS = f"Computed effect of each failure on the paths of demands. {COURSE} {UNITS}"
LOADS = (
    "Computed load of each direction of a fibre, without failures and in its worst failure set. "
    "Rates: {load}; capacities: {held_against}."
)


class MapGeometry:
    """The geometry of hubs, fibres, paths and failed elements of one map."""

    def __init__(self, where: MapDocument) -> None:
        self._hubs: dict[str, LatLon] = {one.id: (one.lat, one.lon) for one in where.hubs}
        self._fibres = {one.id: one for one in where.fibres}

    def course(self, fibre: str, start: str) -> list[LatLon]:
        """Its points, from the end ``start``."""
        found = self._fibres[fibre]
        points = list(found.points)
        return points if found.a == start else points[::-1]

    def path(self, path: PathDocument) -> Geometry | None:
        """One line over all its fibres, or a point if they begin and end at one place; None if
        source and destination are the same hub."""
        courses = [self.course(*one) for one in zip(path.fibres, path.hubs, strict=False)]
        joined = [place for place, _ in groupby(place for course in courses for place in course)]
        return lines([joined]) if joined else None

    def elements(self, names: Iterable[str]) -> Geometry | None:
        """Of ``link:ID``, ``srlg:ID``, ``hub:ID``, ``gateway:ID``, or bare ids of these; None if
        the map has none of them."""
        found = [self._hubs[hub] for name in names if (hub := _bare(name)) in self._hubs]
        courses = [
            self.course(one.id, one.a) for one in self._fibres.values() if _is_in(one, names)
        ]
        parts = [*map(point, found), *([lines(courses)] if courses else [])]
        if len(parts) > 1:
            return {"type": "GeometryCollection", "geometries": parts}
        return parts[0] if parts else None


def _bare(name: str) -> str:
    kind, _, rest = name.partition(":")
    return rest if kind in ("link", "srlg", "hub", "gateway") else name


def _is_in(fibre: FibreEntry, names: Iterable[str]) -> bool:
    return any(_bare(name) in (fibre.id, *fibre.srlgs) for name in names)


def layers(
    answers: Answers,
    capacity: CapacityAnswer | None,
    events: Sequence[EventSummary] = (),
    fibres_of_events: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Exported:
    """The files of a scenario or run: ``loads`` only with committed rates, ``events`` only of a
    run with a timeline. ``fibres_of_events`` are those of events on something that the map does not
    have, such as a jurisdiction."""
    of = MapGeometry(answers.map)
    about = f"Scenario {answers.scenario}, policies {answers.policies}, as of {answers.as_of}."
    wanted: dict[str, tuple[str, Features]] = {
        "hubs": ("Hubs of the map.", map(_hub, answers.map.hubs)),
        "fibres": (
            FIBRES,
            map(partial(_fibre, of), answers.map.fibres),
        ),
        "paths": (
            PATHS,
            _paths(of, answers),
        ),
        "cuts": (
            CUTS,
            _cuts(of, answers.demands),
        ),
    }
    if capacity is not None:
        wanted |= {
            "loads": (
                LOADS.format(load=capacity.load, held_against=capacity.held_against),
                _loads(of, answers.map, capacity.links),
            )
        }
    if events:
        wanted |= {
            "events": (
                "Measured effect of the events of a run.",
                _events(of, events, fibres_of_events),
            )
        }
    found = {name: (words, list(features)) for name, (words, features) in wanted.items()}
    return Exported(
        {
            f"{name}.geojson": collection(name, f"{about} {words}", features)
            for name, (words, features) in found.items()
        },
        (*LEFT_OUT, *_missing(capacity, events)),
        ", ".join(f"{len(features)} {name}" for name, (_, features) in found.items()),
    )


def _missing(capacity: CapacityAnswer | None, events: Sequence[EventSummary]) -> Iterator[str]:
    if capacity is None:
        yield "loads: no demand has a committed rate"
    elif any(one.fibre.startswith(GROUP) for one in capacity.links):
        yield "loads of capacity groups, which are not fibres: corridor capacity --json"
    if not events:
        yield "events: only a run with a timeline has measured ones"


def _hub(hub: HubEntry) -> Feature:
    properties = {
        "name": hub.name,
        "local_name": hub.local_name,
        "jurisdiction": hub.jurisdiction,
        "role": hub.role,
        "international_gateway": hub.gateway,
    }
    return feature(hub.id, point((hub.lat, hub.lon)), properties)


def _fibre(of: MapGeometry, fibre: FibreEntry) -> Feature:
    properties = {
        "from_hub": fibre.a,
        "to_hub": fibre.z,
        "medium": fibre.medium,
        "system": fibre.system,
        "operator": fibre.operator,
        "status": fibre.status,
        "length_km": fibre.length_km,
        "one_way_delay_ms": fibre.one_way_ms,
        "capacity_gbps": fibre.capacity_gbps,
        "capacity_assumed": fibre.capacity_assumed,
        "crosses": fibre.crosses,
        "may_cross": fibre.may_cross,
        "shared_risk_groups": fibre.srlgs,
        "confidence": fibre.confidence,
        "sources": fibre.sources,
    }
    return feature(fibre.id, lines([of.course(fibre.id, fibre.a)]), properties)


def _paths(of: MapGeometry, answers: Answers) -> Features:
    for demand in answers.demands:
        for variant, path in (("policies", demand.lawful), ("shortest", demand.free)):
            properties = (
                _of_demand(demand, answers.policies) | {"variant": variant} | _path_feature(path)
            )
            geometry = None if path is None else of.path(path)
            yield feature(f"{demand.id}/{variant}", geometry, properties)


def _of_demand(demand: DemandAnswer, policies: str) -> Feature:
    low, high = demand.extra_interval_ms or (None, None)
    return {
        "demand": demand.id,
        "class": demand.class_,
        "data": demand.data,
        "from_hub": demand.src,
        "to_hub": demand.dst,
        "outcome": demand.outcome(policies).word,
        "permit": demand.permit,
        "blocked_because": demand.why,
        "added_rtt_ms": demand.extra_ms,
        "added_rtt_low_ms": low,
        "added_rtt_high_ms": high,
        "legal_rules": [one.id or one.citation for one in demand.legal],
    }


def _path_feature(path: PathDocument | None) -> Feature:
    return {
        "hubs": path.hubs if path else [],
        "fibres": path.fibres if path else [],
        "one_way_delay_ms": path.one_way_ms if path else None,
        "length_km": path.length_km if path else None,
        "crosses": path.crosses if path else [],
        "may_cross": path.may_cross if path else [],
        "gateways": path.gateways if path else [],
    }


def _cuts(of: MapGeometry, demands: Iterable[DemandAnswer]) -> Features:
    by_dead: dict[tuple[str, ...], list[tuple[DemandAnswer, CutEntry]]] = defaultdict(list)
    for demand in demands:
        for cut in demand.cuts:
            by_dead[cut.dead].append((demand, cut))
    for dead, hits in sorted(by_dead.items()):
        added = [ms for demand, cut in hits if (ms := _added_ms(demand, cut)) is not None]
        properties = {
            "dead": dead,
            "demands": [demand.id for demand, _ in hits],
            "lost_at_once": _named(hits, lambda cut: not cut.delivered),
            "lost_after_recomputation": _named(hits, lambda cut: cut.again is None),
            "most_added_one_way_ms": max(added, default=None),
        }
        yield feature("+".join(dead), of.elements(dead), properties)


def _named(
    hits: Iterable[tuple[DemandAnswer, CutEntry]], wanted: Callable[[CutEntry], bool]
) -> list[str]:
    return [demand.id for demand, cut in hits if wanted(cut)]


def _added_ms(demand: DemandAnswer, cut: CutEntry) -> float | None:
    if cut.again is None or demand.lawful is None:
        return None
    return round(cut.again.one_way_ms - demand.lawful.one_way_ms, 6)


def _loads(of: MapGeometry, where: MapDocument, links: Iterable[LinkUtilisation]) -> Features:
    fibres: Mapping[str, FibreEntry] = {one.id: one for one in where.fibres}
    for link in links:
        if (fibre := fibres.get(link.fibre)) is None:
            continue
        properties = {
            "fibre": link.fibre,
            "from_hub": link.hub,
            "to_hub": fibre.z if link.hub == fibre.a else fibre.a,
            "capacity_gbps": link.capacity.gbps,
            "capacity_basis": link.capacity.basis,
            "background_gbps": link.usual_background_gbps,
            "load_gbps": link.usual_gbps,
            "load_share": link.usual_share,
            "worst_load_gbps": link.load_gbps,
            "worst_load_share": link.share,
            "worst_headroom_gbps": link.room_gbps,
            "worst_failures": link.failure,
            "demands": link.demands,
        }
        course = lines([of.course(link.fibre, link.hub)])
        yield feature(f"{link.fibre}/{link.hub}", course, properties)


def _events(
    of: MapGeometry, events: Iterable[EventSummary], fibres: Mapping[str, Sequence[str]]
) -> Features:
    for event in events:
        outages = [(hit.out_ms, hit.expected_out_ms) for hit in event.hits]
        properties = {
            "kind": event.kind,
            "what": event.what,
            "at_ms": event.at_ms,
            "until_ms": event.until_ms,
            "demands": [hit.demand for hit in event.hits],
            "lost_probes": sum(hit.lost for hit in event.hits),
            "longest_outage_ms": max((out for out, _ in outages), default=None),
            "longest_expected_outage_ms": max(
                (out for _, out in outages if out is not None), default=None
            ),
        }
        place = of.elements([event.what]) or of.elements(fibres.get(event.id, ()))
        yield feature(event.id, place, properties)


# Places and lines as GeoJSON (RFC 7946): coordinates in degrees of WGS 84, longitude first.
#
# A line that passes longitude 180 is cut there into parts (RFC 7946, section 3.1.9). Each feature
# is one line of text, in the order given, so that the same features are the same octets.

type Geometry = dict[str, object]
type Feature = dict[str, object]
type Position = tuple[float, float]

DIGITS = 6
"""After the decimal point: about 0.1 m (RFC 7946, section 11.2)."""
SEPARATOR = "; "
GLOBE = Projection(west=-180.0, north=90.0, middle=0.0)


def point(place: LatLon) -> Geometry:
    return {"type": "Point", "coordinates": _position(place)}


def lines(courses: Iterable[Sequence[LatLon]]) -> Geometry:
    """A ``LineString``, or a ``MultiLineString`` of several courses or beyond longitude 180. Each
    step takes the shorter direction around the globe. A course of one place is a ``Point``, because
    a line has two positions or more (RFC 7946, section 3.1.4)."""
    parts = [part for course in courses for part in _parts(course)]
    if len(parts) == 1 and len(parts[0]) == 1:
        return {"type": "Point", "coordinates": parts[0][0]}
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0]}
    return {"type": "MultiLineString", "coordinates": parts}


def _parts(course: Sequence[LatLon]) -> list[list[Position]]:
    wrapped = GLOBE.wrapped(GLOBE.line(course))
    return [[_position(GLOBE.place(xy)) for xy in part] for part in wrapped]


def _position(place: LatLon) -> Position:
    lat, lon = place
    return round(lon, DIGITS) + 0.0, round(lat, DIGITS) + 0.0


def feature(key: str, geometry: Geometry | None, properties: Mapping[str, object]) -> Feature:
    """With its id among its properties, too, because some readers ignore the id of a feature.
    Without a geometry it is unlocated (RFC 7946, section 3.2). Lists become text, because GDAL
    chooses the type of a column of lists by whether any is empty."""
    named = {"id": key} | {name: _plain(value) for name, value in properties.items()}
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": named}


def _plain(value: object) -> object:
    return SEPARATOR.join(value) if isinstance(value, (list, tuple)) else value


def collection(name: str, description: str, features: Iterable[Mapping[str, object]]) -> str:
    """The text of a file; ``description`` states units and sources for people."""
    head = {"type": "FeatureCollection", "name": name, "description": description}
    rows = ",\n".join(_text(one) for one in features)
    return f'{_text(head)[:-1]}, "features": [\n{rows}\n]}}\n'


def _text(plain: Mapping[str, object]) -> str:
    return json.dumps(plain, ensure_ascii=False, allow_nan=False)
