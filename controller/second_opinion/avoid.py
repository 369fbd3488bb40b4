"""``avoid``: nothing between the ends has any of some properties, or may have."""

from __future__ import annotations

from typing import Any

from corridor.controller.second_opinion.answers import Known
from corridor.controller.second_opinion.journey import Element, Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import Plain, is_given, listed, refuse_others
from corridor.controller.second_opinion.selectors import (
    EXCEPT,
    KEYS,
    has,
    is_excepted,
    selects,
    speaks_of,
)

UNKNOWN_OPERATOR, ANY_OF = "unknown_operator", "any_of"


def objection(asked: Plain, journey: Journey, places: Places) -> str:
    refuse_others(asked, (*KEYS, UNKNOWN_OPERATOR, ANY_OF, EXCEPT))
    between: list[Element] = [*journey.hubs_between, *journey.fibres]
    for element in between:
        if is_excepted(asked, element, places) is True:
            continue
        for key, value in asked.items():
            if key in (UNKNOWN_OPERATOR, ANY_OF, EXCEPT) or not speaks_of(key, element):
                continue
            if is_given(value) and _may_have(asked, element, key, value, places):
                return f"{element.id} is, or may be, of {key} {value}"
        for selector in listed(asked.get(ANY_OF)):
            if selects(selector, element, places) is not False:
                return f"{element.id} is, or may be, one of {selector}"
    return ""


def _may_have(asked: Plain, element: Element, key: str, value: Any, places: Places) -> bool:
    answer: Known = has(element, key, value, places)
    if answer is None and key == "operated_by" and asked.get(UNKNOWN_OPERATOR) == "accept":
        return False
    return answer is not False
