"""Distances on the globe, in kilometres."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

MEAN_EARTH_RADIUS_KM = 6371.0088
"""IUGG mean radius R1."""

LatLon = tuple[float, float]
"""Degrees north, degrees east (WGS 84)."""


def great_circle_km(a: LatLon, z: LatLon) -> float:
    """Haversine distance between two places."""
    lat_a, lon_a, lat_z, lon_z = map(math.radians, (*a, *z))
    half = (
        math.sin((lat_z - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_z) * math.sin((lon_z - lon_a) / 2) ** 2
    )
    return 2 * MEAN_EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def path_km(points: Sequence[LatLon]) -> float:
    """Sum of the great circles along ``points``."""
    return sum(great_circle_km(a, z) for a, z in itertools.pairwise(points))
