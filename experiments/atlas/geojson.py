"""Places and lines as GeoJSON (RFC 7946): coordinates in degrees of WGS 84, longitude first. Pure.

A line that passes longitude 180 is cut there into parts (RFC 7946, section 3.1.9). Each feature is
one line of text, in the order given, so that the same features are the same octets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from corridor.experiments.atlas.plane import Projection
from corridor.topologies.model.topology import LatLon

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
