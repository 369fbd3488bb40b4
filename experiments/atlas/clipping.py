"""Polygons cut to a rectangle (Sutherland and Hodgman, 1974)."""

from __future__ import annotations

from collections.abc import Callable

from corridor.experiments.atlas.plane import XY, Line


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
