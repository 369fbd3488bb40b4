"""``python -m corridor.experiments.atlas.make_land land-50m.json > land.json``: from the coasts of
Natural Earth, as TopoJSON, those that are shipped: thinned, and rounded to a tenth of a degree."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from pathlib import Path

from corridor.experiments.atlas.land import area
from corridor.experiments.atlas.plane import TRUE_AT_DEG, XY, Line

STEP_DEG = 0.1
TOLERANCE_DEG = 0.06
LEAST_AREA_DEG2 = 0.03
SOUTH_DEG = -60.0
"""Antarctica is left out."""

ABOUT = {
    "what": "Land of the globe without borders, thinned to 0.06 degrees; islands below 0.03 square "
    "degrees and all south of 60 S are left out. Rings of differences of longitude and latitude in "
    "steps; the first is from 0, 0. Made by make_land.py.",
    "source": "Natural Earth 1:50m land (naturalearthdata.com), by land-50m.json of npm package "
    "world-atlas 2.0.2",
    "licence": "Natural Earth is in the public domain; world-atlas is under the ISC licence",
    "credit": "Land: Natural Earth, public domain",
}


def rings_of(topology: object) -> Iterator[Line]:
    """Of the object ``land`` of a quantised TopoJSON, in degrees; the last point is the first.

    Raises ValueError for anything else.
    """
    match topology:
        case {
            "arcs": list(deltas),
            "transform": {"scale": list(scale), "translate": list(move)},
            "objects": {"land": {"geometries": list(geometries)}},
        }:
            arcs = [_arc(arc, scale, move) for arc in deltas]
        case _:
            raise ValueError("is not a quantised TopoJSON with an object named land")
    for geometry in geometries:
        for ring in _rings(geometry):
            lines = [arcs[at] if at >= 0 else arcs[~at][::-1] for at in ring]
            yield (lines[0][0], *(point for line in lines for point in line[1:]))


def _rings(geometry: object) -> Iterator[Sequence[int]]:
    """The numbers of the arcs of each ring."""
    match geometry:
        case {"type": "Polygon", "arcs": list(rings)}:
            yield from rings
        case {"type": "MultiPolygon", "arcs": list(polygons)}:
            yield from chain.from_iterable(polygons)


def _arc(deltas: Sequence[Sequence[int]], scale: Sequence[float], move: Sequence[float]) -> Line:
    """Positions are the sums of differences, scaled and moved (TopoJSON, section 2.1.2)."""
    (scale_x, scale_y), (move_x, move_y) = scale, move
    lons, lats = (list(accumulate(axis)) for axis in zip(*deltas, strict=True))
    return tuple(
        (x * scale_x + move_x, y * scale_y + move_y) for x, y in zip(lons, lats, strict=True)
    )


def thinned(line: Line, tolerance: float) -> Line:
    """Without points that are nearer than that to what is left (Douglas and Peucker, 1973)."""
    kept, open_ends = {0, len(line) - 1}, [(0, len(line) - 1)]
    while open_ends:
        start, end = open_ends.pop()
        between = range(start + 1, end)
        far = max(between, key=lambda at: _off(line[at], line[start], line[end]), default=start)
        if far != start and _off(line[far], line[start], line[end]) > tolerance:
            kept.add(far)
            open_ends += [(start, far), (far, end)]
    return tuple(line[at] for at in sorted(kept))


def _off(point: XY, a: XY, z: XY) -> float:
    """Degrees of latitude from a point to the line through two others."""
    flat = math.cos(math.radians(TRUE_AT_DEG))
    (px, py), (ax, ay), (zx, zy) = ((x * flat, y) for x, y in (point, a, z))
    long = math.hypot(zx - ax, zy - ay)
    if not long:
        return math.hypot(px - ax, py - ay)
    return abs((zx - ax) * (ay - py) - (ax - px) * (zy - ay)) / long


def coarse(ring: Line) -> Line:
    """A closed ring, whose last point is its first, as it is shipped, in steps; may be empty."""
    half = len(ring) // 2
    thin = thinned(ring[: half + 1], TOLERANCE_DEG)[:-1] + thinned(ring[half:], TOLERANCE_DEG)
    if abs(area(thin)) < LEAST_AREA_DEG2:
        return ()
    steps = [(round(lon / STEP_DEG), round(lat / STEP_DEG)) for lon, lat in thin]
    points = tuple(after for before, after in pairwise(steps) if after != before)
    return points if len(points) > 2 else ()


def _differences(ring: Line) -> list[int]:
    return [
        int(value)
        for before, after in pairwise(((0, 0), *ring))
        for value in (after[0] - before[0], after[1] - before[1])
    ]


def main(file: Path) -> None:
    topology = json.loads(file.read_text(encoding="utf-8"))
    northern = (ring for ring in rings_of(topology) if max(lat for _, lat in ring) > SOUTH_DEG)
    rings = [_differences(ring) for ring in map(coarse, northern) if ring]
    about = json.dumps({**ABOUT, "degrees_per_step": STEP_DEG}, indent=1)[:-2]
    lines = ",\n".join(json.dumps(ring, separators=(",", ":")) for ring in rings)
    print(f'{about},\n "rings": [\n{lines}\n]}}')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
