"""Numbers, lists and tables as people read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.controller.policy.semantics import NOT_JUDGED
from corridor.experiments.answers.map_document import FibreEntry, MapDocument, PathDocument
from corridor.topologies.base import words

NOTHING = "–"
LONGEST_LEAD = 20


type PageCell = str | tuple[str, str]
"""A text, or a text and a smaller one below it."""


@dataclass(frozen=True)
class PageTable:
    """A table of the template; ``heads`` have whether their column has numbers."""

    id: str
    title: str
    about: str
    heads: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[PageCell]]


@dataclass(frozen=True)
class Tables:
    """A section: sentences, then tables."""

    title: str
    said: Sequence[str]
    tables: Sequence[PageTable]


def ms(value: float | None) -> str:
    """To a tenth of a millisecond."""
    return NOTHING if value is None else f"{value:.1f}"


def extra(value: float | None) -> str:
    """With its sign; what rounds to nothing is 0."""
    if value is None:
        return NOTHING
    return f"{value:+.1f}" if words.has_moved(value) else "0"


def between(interval: Sequence[float] | None) -> str:
    """An interval in ms; empty if there is none, or if it is 0 to 0."""
    if interval is None:
        return ""
    low, high = (f"{one:.1f}" for one in interval)
    return "" if low == high == "0.0" else f"{low} to {high}"


def duration(value_ms: float | None) -> str:
    return NOTHING if value_ms is None else words.duration(value_ms)


def permit_word(id: str | None) -> str:  # noqa: A002
    """The permit that a path needs, or that none covers the data; empty without a path."""
    return "none: not covered by the policy set" if id == NOT_JUDGED.id else id or ""


def led(sentence: str) -> tuple[str, str]:
    """What a sentence is about, where it says so before a colon, and the rest."""
    lead, colon, rest = sentence.partition(":")
    short = len(lead) <= LONGEST_LEAD and colon and rest
    return (f"{lead}:", rest) if short else ("", sentence)


def crosses(of: PathDocument | FibreEntry | None) -> str:
    """Jurisdictions that a path or a fibre meets; with a ``?`` those that it may meet besides."""
    return " ".join([*of.crosses, *(f"{code}?" for code in of.may_cross)]) if of else ""


# What may fail on a map, by kind and name. Pure.

KINDS: Mapping[str, str] = {
    "link": "fibre",
    "srlg": "shared risk",
    "hub": "hub",
    "gateway": "gateway",
}
OF_FIBRES = ("link", "srlg")


def fibres_by_name(where: MapDocument | None) -> dict[str, list[int]]:
    """Numbers of the fibres that a fibre's or a shared risk's name stands for."""
    found: dict[str, list[int]] = {}
    for number, fibre in enumerate(where.fibres if where else ()):
        for name in (fibre.id, *fibre.srlgs):
            found.setdefault(name, []).append(number)
    return found


# In which language a local name is written, so that browsers choose the right letters. Pure.

SCRIPTS = (
    *((0x0400, 0x04FF, "cyrillic"), (0x0600, 0x06FF, "arabic"), (0x0900, 0x097F, "hindi")),
    *((0x0E00, 0x0E7F, "thai"), (0x0E80, 0x0EFF, "lao"), (0x1000, 0x109F, "burmese")),
    *((0x2E80, 0x9FFF, "han"), (0xAC00, 0xD7AF, "hangul")),
)
"""The first and the last letter of each, in Unicode."""
LANGUAGES = {"thai": "th", "lao": "lo", "burmese": "my", "hindi": "hi", "hangul": "ko"}
BY_PLACE = {
    ("arabic", "PK"): "ur",
    ("arabic", "IR"): "fa",
    ("han", "HK"): "zh-Hant",
    ("han", "MO"): "zh-Hant",
    ("han", "TW"): "zh-Hant",
    ("han", "JP"): "ja",
    ("cyrillic", "KZ"): "kk",
    ("cyrillic", "KG"): "ky",
}
OTHERWISE = {"arabic": "ar", "han": "zh-Hans", "cyrillic": "ru"}
UNKNOWN = "und"


def language(name: str, jurisdiction: str) -> str:
    """By its letters and where it is; ``und`` where they do not tell."""
    script = next((found for letter in name if (found := _script(ord(letter)))), "")
    by_place = BY_PLACE.get((script, jurisdiction))
    return by_place or LANGUAGES.get(script) or OTHERWISE.get(script) or UNKNOWN


def _script(code: int) -> str:
    return next((name for first, last, name in SCRIPTS if first <= code <= last), "")
