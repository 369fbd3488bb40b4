"""``no_return``: once the path has left a region, it does not enter it again."""

from __future__ import annotations

from typing import Any

from corridor.controller.second_opinion.journey import Element, Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import names, short_form
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Hub


def objection(asked: Any, journey: Journey, places: Places) -> str:
    """Whether three elements, in this order, may be inside, outside and inside."""
    region = places.codes(names(short_form(asked, "to")))
    wanted = ["inside", "outside", "inside"]
    for element in journey.elements:
        if wanted[0] in _may_be(element, region):
            wanted.pop(0)
            if not wanted:
                return f"at {element.id} it may be back in what it has left"
    return ""


def _may_be(element: Element, region: frozenset[str]) -> set[str]:
    """``inside``, ``outside``, both where it is not known, and nothing of a fibre that is where
    its ends are."""
    both = {"inside", "outside"}
    if isinstance(element, Hub):
        if element.located_in == UNKNOWN_JURISDICTION:
            return both
        return {"inside"} if element.located_in in region else {"outside"}
    if not region.isdisjoint(element.crosses):
        return {"inside"}
    touched = {*element.crosses, *element.may_cross_codes}
    unknown = UNKNOWN_JURISDICTION in touched
    may_be_inside = unknown or not region.isdisjoint(element.may_cross_codes)
    return {
        *(["inside"] if may_be_inside else []),
        *(["outside"] if touched - region else []),
    }
