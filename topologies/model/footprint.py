"""Footprints: disasters as shapes on the globe, and the fibres whose routes pass them. Pure.

A route is known at its hubs and waypoints only. Between them it lies somewhere near the great
circle, so a fibre is hit surely, possibly or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import parse_length_km
from corridor.topologies.model.catalogue import DATA, shipped_hubs, shipped_waypoints
from corridor.topologies.model.fields import Frozen, NonEmpty, Slug, Text
from corridor.topologies.model.topology import (
    MEAN_EARTH_RADIUS_KM,
    Confidence,
    Fibre,
    LatLon,
    Topology,
    great_circle_km,
)

FILE = DATA / "footprints.yaml"
GROUP = "footprint:"
"""Of the shared-risk groups that footprints make."""
POINT_KM = 30.0
"""How far off a hub or waypoint of a route may be: ``waypoints.yaml`` states it."""
BEND = 0.3
"""How far a route may lie off its great circle, over the distance to its nearest known point. Half
of the intermediate points of the map ``pan-asia`` lie less than 0.31 of the distance to their
nearer neighbour off the line between their neighbours."""
STEP_KM = 5.0
"""Between points of a route that are compared with a shape."""
KM_OF_DEGREE = math.radians(1) * MEAN_EARTH_RADIUS_KM
MOST_KM = 5_000.0
LEAST_CORNERS, LEAST_POINTS = 3, 2


def _place(written: object) -> object:
    """The degrees of a waypoint or hub by its id; anything else as it is."""
    if not isinstance(written, str):
        return written
    places = {hub.id: hub.place for hub in shipped_hubs().values()} | shipped_waypoints()
    if written not in places:
        hint = nearest(written, places) or "write a hub, a waypoint, or [latitude, longitude]"
        raise ValueError(f'unknown place "{written}": {hint}')
    return places[written]


def _on_the_globe(place: LatLon) -> LatLon:
    if abs(place[0]) > 90 or abs(place[1]) > 180:
        raise ValueError("latitude is at most 90 degrees, longitude at most 180")
    return place


type Place = Annotated[
    LatLon,
    BeforeValidator(_place, json_schema_input_type=str | LatLon),
    AfterValidator(_on_the_globe),
    Field(description="A hub, a waypoint, or [latitude, longitude]"),
]
type Length = Annotated[
    float, BeforeValidator(parse_length_km, json_schema_input_type=str), Field(gt=0, le=MOST_KM)
]


class Circle(Frozen):
    """All points within a distance of one."""

    at: Place
    radius_km: Length = Field(alias="radius")

    def distance_km(self, place: LatLon) -> float:
        """Return how far a point is outside; negative inside."""
        return great_circle_km(self.at, place) - self.radius_km

    def __str__(self) -> str:
        return f"circle of {self.radius_km:g} km around {_degrees(self.at)}"


class Stretch(Frozen):
    """A strip along points, such as a stretch of sea."""

    along: tuple[Place, ...] = Field(min_length=LEAST_POINTS)
    width_km: Length = Field(alias="width")

    def distance_km(self, place: LatLon) -> float:
        """As of a circle."""
        return _to_line_km(place, self.along) - self.width_km / 2

    def __str__(self) -> str:
        ends = f"{_degrees(self.along[0])} to {_degrees(self.along[-1])}"
        return f"strip of {self.width_km:g} km from {ends}"


class Footprint(Frozen):
    """What a disaster hits: a circle, a polygon or a strip."""

    id: Slug
    what: NonEmpty
    date: Text = ""
    circle: Circle | None = None
    polygon: tuple[Place, ...] = ()
    stretch: Stretch | None = None
    margin_km: Length | None = Field(default=None, alias="margin")
    """How far off the edge of the shape itself may be."""
    cut: tuple[Slug, ...] = ()
    """Cable systems that this event is known to have cut."""
    source: tuple[NonEmpty, ...] = ()
    confidence: Confidence = "unsure"
    note: Text = ""

    @field_validator("polygon")
    @classmethod
    def _corners(cls, corners: tuple[LatLon, ...]) -> tuple[LatLon, ...]:
        if corners and len(set(corners)) < LEAST_CORNERS:
            raise ValueError("a polygon has three corners or more")
        return corners

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if sum(map(bool, (self.circle, self.polygon, self.stretch))) != 1:
            raise ValueError("a footprint has one shape: circle, polygon or stretch")
        return self

    @property
    def group(self) -> str:
        """The shared-risk group of the fibres that it hits."""
        return f"{GROUP}{self.id}"

    @property
    def shape(self) -> str:
        """The shape in words."""
        return str(self.circle or self.stretch or f"polygon of {len(self.polygon)} corners")

    def distance_km(self, place: LatLon) -> float:
        """Return how far a point is outside the shape; negative inside.

        Args:
            place: Degrees north and east.
        """
        shape = self.circle or self.stretch
        if shape is not None:
            return shape.distance_km(place)
        edge = _to_line_km(place, (*self.polygon, self.polygon[0]))
        return -edge if _is_within(place, self.polygon) else edge


class Struck(NamedTuple):
    """A fibre that a footprint hits."""

    fibre: str
    distance_km: float
    """The minimum distance of its drawn route from the shape; negative inside."""
    is_sure: bool
    """Whether it passes the shape wherever the route lies within its margin."""


def struck(topology: Topology, footprint: Footprint) -> tuple[Struck, ...]:
    """Return the fibres that a footprint surely or possibly hits, in the order of the map.

    At each point of a route, the margin is 30 km, and 0.3 of the distance to the nearest hub or
    waypoint of the route, and the margin of the footprint. A fibre is hit surely where it is
    inside by more than the margin, and possibly where it is outside by less.

    Args:
        topology: Any map.
        footprint: As of ``named_footprint`` or ``read_footprint``.
    """
    found = (_struck(topology, fibre, footprint) for fibre in topology.fibres)
    return tuple(one for one in found if one is not None)


def with_footprints(topology: Topology, footprints: Sequence[Footprint]) -> Topology:
    """Return a map on which the fibres that a footprint hits are a shared-risk group.

    Fibres that are possibly hit are members, too.
    """
    groups: dict[str, list[str]] = {}
    for footprint in footprints:
        for one in struck(topology, footprint):
            groups.setdefault(one.fibre, []).append(footprint.group)
    fibres = (
        fibre.model_copy(update={"srlgs": tuple(dict.fromkeys((*fibre.srlgs, *more)))})
        if (more := groups.get(fibre.id))
        else fibre
        for fibre in topology.fibres
    )
    return topology.model_copy(update={"fibres": tuple(fibres)}) if groups else topology


def _struck(topology: Topology, fibre: Fibre, footprint: Footprint) -> Struck | None:
    points = (topology.hub(fibre.a).place, *fibre.via, topology.hub(fibre.z).place)
    least, inmost, outmost = math.inf, math.inf, math.inf
    for leg in pairwise(points):
        for distance_km, margin_km in _compared(*leg, footprint):
            least = min(least, distance_km)
            inmost = min(inmost, distance_km + margin_km)
            outmost = min(outmost, distance_km - margin_km)
    return Struck(fibre.id, least, inmost <= 0) if outmost <= 0 else None


def _compared(a: LatLon, z: LatLon, footprint: Footprint) -> Iterator[tuple[float, float]]:
    """Yield distance and margin at points of a leg; points that cannot be hit are left out."""
    length = great_circle_km(a, z)
    least = POINT_KM + (footprint.margin_km or 0.0)
    most = least + BEND * length / 2
    km = 0.0
    while True:
        distance_km = footprint.distance_km(_between(a, z, km / length if length else 0.0))
        yield distance_km, least + BEND * min(km, length - km)
        if km >= length:
            return
        # A move by d changes the distance by at most d; half of that is left for the projection.
        km = min(length, km + max(STEP_KM, (distance_km - most) / 2))


def _between(a: LatLon, z: LatLon, share: float) -> LatLon:
    """The point of a great circle after a share of its length."""
    if a == z:
        return a
    ends = [_vector(one) for one in (a, z)]
    angle = great_circle_km(a, z) / MEAN_EARTH_RADIUS_KM
    weights = (math.sin((1 - share) * angle), math.sin(share * angle))
    x, y, up = (weights[0] * p + weights[1] * q for p, q in zip(*ends, strict=True))
    return math.degrees(math.atan2(up, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def _vector(place: LatLon) -> tuple[float, float, float]:
    lat, lon = map(math.radians, place)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _flat(place: LatLon, around: LatLon) -> tuple[float, float]:
    """Kilometres east and north of a point, exact near it."""
    east = (place[1] - around[1] + 540) % 360 - 180
    km = KM_OF_DEGREE
    return east * math.cos(math.radians(around[0])) * km, (place[0] - around[0]) * km


def _to_line_km(place: LatLon, line: Sequence[LatLon]) -> float:
    points = [_flat(one, place) for one in line]
    return min(_to_edge(a, z) for a, z in pairwise(points))


def _to_edge(a: tuple[float, float], z: tuple[float, float]) -> float:
    """The distance of the origin from an edge."""
    (ax, ay), (dx, dy) = a, (z[0] - a[0], z[1] - a[1])
    square = dx * dx + dy * dy
    share = min(1.0, max(0.0, -(ax * dx + ay * dy) / square)) if square else 0.0
    return math.hypot(ax + share * dx, ay + share * dy)


def _is_within(place: LatLon, corners: Sequence[LatLon]) -> bool:
    """Whether a ray to the east passes an odd number of edges."""
    points = [_flat(one, place) for one in corners]
    crossed = 0
    for (ax, ay), (zx, zy) in pairwise((*points, points[0])):
        crossed += (ay > 0) != (zy > 0) and ax - ay * (zx - ax) / (zy - ay) > 0
    return crossed % 2 == 1


def _degrees(place: LatLon) -> str:
    lat, lon = place
    return f"{abs(lat):g}{'N' if lat >= 0 else 'S'} {abs(lon):g}{'E' if lon >= 0 else 'W'}"


@cache
def shipped_footprints() -> dict[str, Footprint]:
    """Dated events by id, from ``data/footprints.yaml``; sources are written out."""
    document = read_document(FILE)
    sources = document.value("sources")
    listed = document.value("footprints")
    assert isinstance(sources, dict), "the file has sources"
    assert isinstance(listed, list), "the file lists footprints"
    found = {}
    for i in range(len(listed)):
        one = validate(document, Footprint, at=("footprints", i))
        written = tuple(sources[name] for name in one.source)
        found[one.id] = one.model_copy(update={"source": written})
    return found


def footprint_of(named: str) -> Footprint:
    """Return a shipped footprint by its id, or that of a file.

    Raises:
        InputError: There is neither, or the file is invalid.
    """
    known = shipped_footprints()
    if named in known:
        return known[named]
    if Path(named).suffix in (".yaml", ".yml") or Path(named).is_file():
        return validate(read_document(named), Footprint)
    hint = nearest(named, known) or f"name a YAML file, or one of {', '.join(known)}"
    raise InputError(f'no footprint is called "{named}"', hint)


def written_footprint(document: Document, at: KeyPath) -> Footprint:
    """Return what an entry of a document is: the id of a shipped footprint, or one written out.

    Raises:
        InputError: It is neither, with its line.
    """
    written = document.value(*at)
    if not isinstance(written, str):
        return validate(document, Footprint, at=at)
    known = shipped_footprints()
    if written not in known:
        hint = nearest(written, known) or f"use one of {', '.join(known)}, or write it out"
        raise document.error(f'no footprint is called "{written}"', *at, hint=hint)
    return known[written]
