"""What a brief rests on: cited rules, and the constants of computed delays. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from corridor.controller.explain.references import Reference
from corridor.experiments.brief.document import Source
from corridor.experiments.pages.sources import safe_address
from corridor.topologies.base.words import confidence_word
from corridor.topologies.model.delay import FIBRE_NS_PER_KM, ROUTE_FACTOR, TERMINAL_NS

_BY_LAND, _BY_SEA = (ROUTE_FACTOR[medium] for medium in ("terrestrial", "submarine"))
CONSTANTS = (
    (
        f"Fibre delay {FIBRE_NS_PER_KM / 1000:g} µs per km (areapac.com; mapyourtech.com); "
        f"{TERMINAL_NS / 1e6:g} ms for the two ends of a fibre (mapyourtech.com; Huawei forum "
        "681393-875)."
    ),
    (
        "Where no length is published: great circle times "
        f"{_BY_LAND:g} by land and {_BY_SEA:g} by sea "
        "(fitted on measurements)."
    ),
)
FINE = ("in-force", "confident", "")


def law_sources(cited: Iterable[Reference]) -> list[Source]:
    return [
        Source(
            text=one.citation,
            id=one.id,
            address=safe_address(one.address),
            caveat=", ".join(
                confidence_word(word) for word in (one.status, one.confidence) if word not in FINE
            ),
        )
        for one in cited
    ]
