"""The land of the globe, without borders: ``land.json``, and what of it is around a frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corridor.experiments.atlas.plane import ROUND_DEG, Frame, Line, clipped
from corridor.topologies.base.codec import read_document

FILE = Path(__file__).with_name("land.json")
BEYOND_LON_DEG, BEYOND_LAT_DEG = 25.0, 18.0
"""Land is drawn so far beyond the frame: who looks closer at a place near its edge sees no false
coast."""
LEAST_AREA = 4.0
"""Square units; smaller islands are left out."""


@cache
def read_land() -> tuple[Line, ...]:
    """Rings of (longitude, latitude) in degrees: coasts, and inland seas as holes, which go around
    the other way."""
    held = _held()
    return tuple(_ring(steps, held.degrees_per_step) for steps in held.rings)


def source() -> str:
    """What is to be said below a map."""
    return _held().credit


@dataclass(frozen=True)
class _Held:
    """Of the file, which says itself what its rings are."""

    credit: str
    degrees_per_step: float
    rings: tuple[list[int], ...]


@cache
def _held() -> _Held:
    return read_document(_Held, json.loads(FILE.read_text(encoding="utf-8")), str(FILE), "")


def _ring(steps: Sequence[int], step: float) -> Line:
    """From differences of longitude and latitude, one after another.

    The data close a ring that crosses 180 degrees along that meridian, by points at both sides of
    the globe. Here such a ring goes on beyond 180 degrees: else its ends are joined across the map.
    """
    lon = lat = 0
    points: list[tuple[float, float]] = []
    for east, north in zip(steps[::2], steps[1::2], strict=True):
        lon, lat = lon + east, lat + north
        before = points[-1][0] if points else 0.0
        points.append((before + (lon * step - before + 180.0) % ROUND_DEG - 180.0, lat * step))
    lons = [one for one, _ in points]
    turned = ROUND_DEG * round((min(lons) + max(lons)) / 2 / ROUND_DEG)
    return tuple((one - turned, north) for one, north in points)


@cache
def land_around(frame: Frame) -> tuple[Line, ...]:
    """Closed rings in the plane of a frame, in whole units; the first point is not repeated."""
    found = []
    middle = (frame.west + frame.east) / 2
    west = max(frame.west - BEYOND_LON_DEG, middle - 180.0)
    east = min(frame.east + BEYOND_LON_DEG, middle + 180.0)
    south, north = frame.south - BEYOND_LAT_DEG, frame.north + BEYOND_LAT_DEG
    for turned in (-ROUND_DEG, 0.0, ROUND_DEG):
        for ring in read_land():
            moved = tuple((lon + turned, lat) for lon, lat in ring)
            ring_here = _in_plane(clipped(moved, west, east, south, north), frame)
            if len(ring_here) > 2 and abs(area(ring_here)) >= LEAST_AREA:
                found.append(ring_here)
    return tuple(found)


def _in_plane(ring: Line, frame: Frame) -> Line:
    points = [frame.projection.xy_beyond(lat, lon) for lon, lat in ring]
    whole = [(float(round(x)), float(round(y))) for x, y in points]
    return tuple(
        point
        for point, before in zip(whole, [*whole[-1:], *whole], strict=False)
        if point != before
    )


def area(ring: Line) -> float:
    """Of a closed ring; its sign states which way around it goes."""
    return (
        sum(a[0] * z[1] - z[0] * a[1] for a, z in zip(ring, ring[1:] + ring[:1], strict=True)) / 2
    )


def land_path(rings: Sequence[Line]) -> str:
    """As one path of SVG, in whole units from point to point: small where it is many."""
    return "".join(_relative(ring) for ring in rings)


def _relative(ring: Line) -> str:
    x, y = int(ring[0][0]), int(ring[0][1])
    said = [f"M{x} {y}l"]
    for to_x, to_y in ((int(one), int(other)) for one, other in ring[1:]):
        dx, dy = to_x - x, to_y - y
        said.append(f"{_apart(dx, first=said[-1].endswith('l'))}{_apart(dy, first=False)}")
        x, y = to_x, to_y
    return "".join(said) + "z"


def _apart(number: int, *, first: bool) -> str:
    """A minus sign is a separator, too."""
    return f"{number}" if first or number < 0 else f" {number}"
