"""Which part of the globe a map shows, from the places that are on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from corridor.experiments.atlas.plane import (
    ROUND_DEG,
    UNITS_PER_DEGREE,
    UNITS_PER_LON,
    Projection,
)
from corridor.topologies.model.topology import LatLon

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
    before, after = min(gaps, key=lambda gap: (_cut(gap, arcs), gap[0] - gap[1]))
    west = (after + 180.0) % ROUND_DEG - 180.0
    return west, west + ROUND_DEG - (after - before)


def _positive(lon: float) -> float:
    return lon % ROUND_DEG


def _cut(gap: tuple[float, float], arcs: Sequence[tuple[float, float]]) -> int:
    """How many arcs go over the middle of a gap."""
    middle = (gap[0] + gap[1]) / 2
    return sum(
        ((middle - start) if far >= 0 else (start - middle)) % ROUND_DEG < abs(far)
        for start, far in arcs
    )
