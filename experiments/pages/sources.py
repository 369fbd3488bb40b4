"""What a page rests on: rules of law with their links, and where the map comes from. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from corridor.experiments.answers.map_document import FibreEntry
from corridor.experiments.pages.demands import Asked, law_key, references

SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Law:
    """One rule that the answers cite."""

    id: str
    citation: str
    address: str
    """As policies have it: no link yet."""
    status: str
    confidence: str
    demands: int
    """How many cite it."""


def safe_address(address: str) -> str:
    """An address that a page may link to, else nothing: it is data, and may say anything."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in SCHEMES and parts.netloc else ""


def law_of(demands: Sequence[Asked]) -> list[Law]:
    counts = Counter(key for one in demands for key in _cited(one))
    return [
        Law(
            one.id,
            one.citation,
            one.address,
            one.status,
            one.confidence,
            counts[law_key(one)],
        )
        for one in references(demands)
    ]


def _cited(of: Asked) -> set[str]:
    return {law_key(one) for one in references([of])}


def map_sources(fibres: Iterable[FibreEntry]) -> list[str]:
    """Each text once, in the order of the fibres."""
    return list(dict.fromkeys(source for fibre in fibres for source in fibre.sources))
