"""``confine``: every hub is in, and every fibre certainly crosses only, some jurisdictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corridor.controller.second_opinion.journey import Element, Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import Plain, is_given, names, refuse_others
from corridor.controller.second_opinion.selectors import (
    EXCEPT,
    KEYS,
    has,
    is_excepted,
    speaks_of,
)
from corridor.topologies.model.topology import Hub

WITHIN = "within"


def objection(asked: Any, journey: Journey, places: Places) -> str:
    clause: Plain = asked if isinstance(asked, Mapping) else {WITHIN: asked}
    refuse_others(clause, (*KEYS, WITHIN, EXCEPT))
    for element in journey.elements:
        if is_excepted(clause, element, places) is True:
            continue
        if is_given(clause.get(WITHIN)) and not _stays(element, names(clause[WITHIN]), places):
            return f"{element.id} is not certainly within {', '.join(names(clause[WITHIN]))}"
        for key, value in clause.items():
            if key in (WITHIN, EXCEPT) or not speaks_of(key, element):
                continue
            if has(element, key, value, places) is not True:
                return f"{element.id} does not certainly have the {key} that is asked for"
    return ""


def _stays(element: Element, within: tuple[str, ...], places: Places) -> bool:
    if isinstance(element, Hub):
        return places.lies_in(element.located_in, within) is True
    met = (*element.crosses, *element.may_cross_codes)
    return all(places.lies_in(code, within) is True for code in met)
