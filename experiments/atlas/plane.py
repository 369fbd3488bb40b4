"""The plane of a map: the equirectangular projection, true at 26 degrees north, and lines in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from corridor.topologies.model.topology import LatLon

XY = tuple[float, float]
Line = tuple[XY, ...]

TRUE_AT_DEG = 26.0
UNITS_PER_DEGREE = 10.0
"""Of latitude."""
UNITS_PER_LON = UNITS_PER_DEGREE * math.cos(math.radians(TRUE_AT_DEG))
ROUND_DEG = 360.0


@dataclass(frozen=True)
class Projection:
    """``west`` and ``north`` are where x and y are 0; ``middle`` is the longitude to both sides of
    which half of the globe is drawn."""

    west: float
    north: float
    middle: float

    def xy(self, lat: float, lon: float) -> XY:
        return self.xy_beyond(lat, self._turned(lon))

    def xy_beyond(self, lat: float, lon: float) -> XY:
        """The same without turning the globe: a longitude may be beyond 180 degrees."""
        return (lon - self.west) * UNITS_PER_LON, (self.north - lat) * UNITS_PER_DEGREE

    def place(self, xy: XY) -> LatLon:
        """What ``xy_beyond`` maps there."""
        return self.north - xy[1] / UNITS_PER_DEGREE, self.west + xy[0] / UNITS_PER_LON

    def line(self, places: Sequence[LatLon]) -> Line:
        """Through places, from each to the next in the shorter direction around the globe; it may
        leave the plane at one side: see ``wrapped``."""
        lon = self._turned(places[0][1])
        points = [self.xy_beyond(places[0][0], lon)]
        for (_, before), (lat, after) in pairwise(places):
            lon += (after - before + 180.0) % ROUND_DEG - 180.0
            points.append(self.xy_beyond(lat, lon))
        return tuple(points)

    def wrapped(self, line: Line) -> tuple[Line, ...]:
        """What leaves the plane at one side comes back at the other, as its own part."""
        around = ROUND_DEG * UNITS_PER_LON
        edge = (self.middle - 180.0 - self.west) * UNITS_PER_LON
        parts: list[list[XY]] = [[]]
        at = _sheet(line[0], edge, around)
        for number, point in enumerate(line):
            sheet = _sheet(point, edge, around)
            if sheet != at:
                x = edge + around * max(sheet, at)
                y = _height_at(line[number - 1], point, x)
                parts[-1].append((x - around * at, y))
                parts.append([(x - around * sheet, y)])
                at = sheet
            parts[-1].append((point[0] - around * at, point[1]))
        return tuple(tuple(part) for part in parts)

    def _turned(self, lon: float) -> float:
        return self.middle + (lon - self.middle + 180.0) % ROUND_DEG - 180.0


def _sheet(point: XY, edge: float, around: float) -> int:
    """How often the globe was gone around to the east."""
    return math.floor((point[0] - edge) / around)


def _height_at(a: XY, z: XY, x: float) -> float:
    return a[1] + (z[1] - a[1]) * (x - a[0]) / (z[0] - a[0])


def beside(line: Line, distance: float) -> Line:
    """The line so far to its left (where y grows downwards), with the same ends."""
    if not distance:
        return line
    line = _bendable(line)
    moved = [
        _moved(point, before, after, distance)
        for before, point, after in zip(line, line[1:], line[2:], strict=False)
    ]
    return (line[0], *moved, line[-1])


def _bendable(line: Line) -> Line:
    """A straight line with points near its ends, so that what is next to it is parallel to it."""
    if len(line) > 2:
        return line
    (ax, ay), (zx, zy) = line
    return line[0], *((ax + (zx - ax) * t, ay + (zy - ay) * t) for t in (0.15, 0.85)), line[1]


def _moved(point: XY, before: XY, after: XY, distance: float) -> XY:
    dx, dy = after[0] - before[0], after[1] - before[1]
    long = math.hypot(dx, dy)
    if not long:
        return point
    return point[0] + dy / long * distance, point[1] - dx / long * distance


def svg_path(lines: Iterable[Line]) -> str:
    """With one digit after the point."""
    return "".join(
        "M" + "L".join(f"{_digit(x)} {_digit(y)}" for x, y in line) for line in lines if line
    )


def _digit(value: float) -> str:
    told = f"{value:.1f}".removesuffix(".0")
    return "0" if told == "-0" else told


# Polygons cut to a rectangle (Sutherland and Hodgman, 1974).


def clipped(ring: Line, west: float, east: float, low: float, high: float) -> Line:
    """What of a closed ring is in the rectangle; empty where nothing is. Where it leaves the
    rectangle and comes back, it follows the edge."""
    edges: tuple[tuple[int, float, int], ...] = (
        *((0, west, 1), (0, east, -1)),
        *((1, low, 1), (1, high, -1)),
    )
    for axis, bound, sign in edges:
        ring = _cut(ring, *_side(axis, bound, sign))
    return ring


def _side(
    axis: int, bound: float, sign: int
) -> tuple[Callable[[XY], bool], Callable[[XY, XY], XY]]:
    def inside(point: XY) -> bool:
        return sign * point[axis] >= sign * bound

    def meeting(a: XY, z: XY) -> XY:
        share = (bound - a[axis]) / (z[axis] - a[axis])
        other = a[1 - axis] + share * (z[1 - axis] - a[1 - axis])
        return (bound, other) if axis == 0 else (other, bound)

    return inside, meeting


def _cut(ring: Line, inside: Callable[[XY], bool], meeting: Callable[[XY, XY], XY]) -> Line:
    kept: list[XY] = []
    for a, z in zip(ring, ring[1:] + ring[:1], strict=True):
        if inside(a):
            kept.append(a)
        if inside(a) != inside(z):
            kept.append(meeting(a, z))
    return tuple(kept)


# Which part of the globe a map shows, from the places that are on it.

MARGIN = 0.05
"""Of the longer side."""
LEAST_MARGIN_DEG = 1.5
LEAST_SIDE_DEG = 6.0
LEAST_SHARE = 0.45
"""Of the longer side that the shorter one has at least."""


@dataclass(frozen=True)
class Frame:
    """In degrees; ``east`` may be beyond 180."""

    west: float
    east: float
    south: float
    north: float

    @property
    def width(self) -> float:
        return (self.east - self.west) * UNITS_PER_LON

    @property
    def height(self) -> float:
        return (self.north - self.south) * UNITS_PER_DEGREE

    @property
    def projection(self) -> Projection:
        return Projection(self.west, self.north, (self.west + self.east) / 2)


def frame_of(courses: Sequence[Sequence[LatLon]]) -> Frame:
    """Of the places that fibres pass, and of hubs as courses of one place.

    The map is cut open where fewest courses are cut, and there where the gap is widest: a corridor
    over the Pacific is drawn in one piece.
    """
    west, east = _sides(courses)
    lats = [lat for course in courses for lat, _ in course]
    margin = max(LEAST_MARGIN_DEG, MARGIN * max(east - west, max(lats) - min(lats)))
    west, east = _widened(west, east, margin, LEAST_SIDE_DEG)
    south, north = _widened(min(lats), max(lats), margin, LEAST_SIDE_DEG)
    ratio = UNITS_PER_LON / UNITS_PER_DEGREE
    west, east = _widened(west, east, 0.0, LEAST_SHARE * (north - south) / ratio)
    south, north = _widened(south, north, 0.0, LEAST_SHARE * (east - west) * ratio)
    if east - west > ROUND_DEG:
        west, east = (west + east - ROUND_DEG) / 2, (west + east + ROUND_DEG) / 2
    return Frame(west, east, *_on_the_globe(south, north))


def _widened(low: float, high: float, margin: float, least: float) -> tuple[float, float]:
    more = max(margin, (least - (high - low)) / 2)
    return low - more, high + more


def _on_the_globe(south: float, north: float) -> tuple[float, float]:
    """Moved rather than made smaller, as far as there is room."""
    if north > 90.0:
        south, north = max(-90.0, south - (north - 90.0)), 90.0
    if south < -90.0:
        south, north = -90.0, min(90.0, north - (south + 90.0))
    return south, north


def _sides(courses: Sequence[Sequence[LatLon]]) -> tuple[float, float]:
    lons = sorted({_positive(lon) for course in courses for _, lon in course})
    arcs = [
        (_positive(a[1]), (z[1] - a[1] + 180.0) % ROUND_DEG - 180.0)
        for course in courses
        for a, z in pairwise(course)
    ]
    gaps = [*pairwise(lons), (lons[-1], lons[0] + ROUND_DEG)]
    before, after = min(gaps, key=lambda gap: (_cut_open(gap, arcs), gap[0] - gap[1]))
    west = (after + 180.0) % ROUND_DEG - 180.0
    return west, west + ROUND_DEG - (after - before)


def _positive(lon: float) -> float:
    return lon % ROUND_DEG


def _cut_open(gap: tuple[float, float], arcs: Sequence[tuple[float, float]]) -> int:
    """How many arcs go over the middle of a gap."""
    middle = (gap[0] + gap[1]) / 2
    return sum(
        ((middle - start) if far >= 0 else (start - middle)) % ROUND_DEG < abs(far)
        for start, far in arcs
    )
