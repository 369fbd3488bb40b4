"""In which language a local name is written, so that browsers choose the right letters. Pure."""

from __future__ import annotations

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
