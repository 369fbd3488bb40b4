"""What values of the map are made of: one-line text, ids, codes of jurisdictions."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

MAX_ID = 140


def _clean(text: str) -> str:
    """One line of text; every file format can carry it unchanged."""
    text = " ".join(text.split())
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Cn"):
            raise ValueError(f"text holds the control character U+{ord(character):04X}")
    return text


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("a name must not be empty")
    return text


Text = Annotated[str, AfterValidator(_clean)]
NonEmpty = Annotated[str, AfterValidator(_clean), AfterValidator(_not_empty)]


def _slug(text: str) -> str:
    if len(text) > MAX_ID or not re.fullmatch(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*", text):
        raise ValueError(f'"{text[:40]}" is not an id: use lower-case letters, digits and hyphens')
    return text


UNKNOWN_JURISDICTION = "XX"
"""ISO 3166 user-assigned code used where an imported graph does not say. Policies deny there what
they deny anywhere. ``ZZ``, Unicode's code for the same, is read as it."""


def _code(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", text):
        raise ValueError(f'"{text[:20]}" is not a jurisdiction code: write it like CN, HK or CN-GD')
    return UNKNOWN_JURISDICTION if text == "ZZ" else text


Slug = Annotated[str, AfterValidator(_slug)]
JurisdictionCode = Annotated[str, AfterValidator(_code)]


class Frozen(BaseModel):
    """A value: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
