"""Which hubs and fibres a selector of a policy means, and which groups a jurisdiction is in.

Answers may be unknown: True, False, or None where no one can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from corridor.controller.second_opinion.declared import (
    Plain,
    is_given,
    listed,
    names,
    refuse_others,
)
from corridor.controller.second_opinion.journey import Element, Journey
from corridor.topologies.base.documents import read_document
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre, Hub

type Known = bool | None


def every(answers: Iterable[Known]) -> Known:
    """Whether all hold: one that does not decides, whatever is unknown."""
    known = list(answers)
    if False in known:
        return False
    return None if None in known else True


def some(answers: Iterable[Known]) -> Known:
    """Whether one holds: one that does decides, whatever is unknown."""
    known = list(answers)
    if True in known:
        return True
    return None if None in known else False


def opposite(answer: Known) -> Known:
    return None if answer is None else not answer


SHIPPED = Path(__file__).parents[2] / "topologies" / "data" / "jurisdictions.yaml"


@cache
def shipped_groups() -> Mapping[str, frozenset[str]]:
    """The members of each shipped group; a jurisdiction is a group of one."""
    document: Any = read_document(SHIPPED).value()
    groups: dict[str, set[str]] = {group["id"]: set() for group in document["groups"]}
    for one in document["jurisdictions"]:
        groups[one["id"]] = {one["id"]}
        for group in one.get("groups", ()):
            groups[group].add(one["id"])
    return {name: frozenset(members) for name, members in groups.items()}


class Places:
    """What names of places mean in one policy set."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._own = {name: tuple(members) for name, members in groups.items()}

        self._found: dict[tuple[str, ...], frozenset[str]] = {}

    def codes(self, named: Iterable[str]) -> frozenset[str]:
        """The jurisdictions behind names of jurisdictions and of groups, groups of groups too."""
        key = tuple(named)
        if key not in self._found:
            self._found[key] = self._covered(key)
        return self._found[key]

    def _covered(self, named: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting, seen = list(named), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self._own:
                waiting += self._own[name]
            else:
                found |= shipped_groups().get(name, {name})
        return frozenset(found)

    def is_place(self, name: str) -> bool:
        return name in self._own or name in shipped_groups()

    def lies_in(self, code: str, named: Iterable[str]) -> Known:
        """Whether a jurisdiction is one of those named; what is not known may be any."""
        return None if code == UNKNOWN_JURISDICTION else code in self.codes(named)


OTHERS = ("partners", "others")
"""What stands among operators for some that are not known."""


def selects(selector: Any, element: Element, places: Places) -> Known:
    """Whether a hub or fibre is meant: every key given holds, and no exception does.

    Raises UnknownKeyError.
    """
    if selector == "any":
        return True
    if selector == "gateways":
        selector = {"gateway": True}
    refuse_others(selector, (*KEYS, EXCEPT))
    held = [has(element, key, value, places) for key, value in selector.items() if key != EXCEPT]
    return every([*held, opposite(is_excepted(selector, element, places))])


EXCEPT = "except"


def is_excepted(selector: Plain, element: Element, places: Places) -> Known:
    """Whether one of its exceptions means the element."""
    return some(selects(one, element, places) for one in listed(selector.get(EXCEPT)))


def has(element: Element, key: str, value: Any, places: Places) -> Known:
    """Whether an element has the property that a key of a selector asks for."""
    if not is_given(value):
        return True
    asked = _OF_HUBS if isinstance(element, Hub) else _OF_FIBRES
    return asked[key](element, value, places) if key in asked else False


def speaks_of(key: str, element: Element) -> bool:
    """Whether a key is about things of the kind of an element."""
    return key in (_OF_HUBS if isinstance(element, Hub) else _OF_FIBRES)


def crosses(fibre: Fibre, value: Any, places: Places) -> Known:
    """Whether light comes under one of some jurisdictions between the ends of a fibre."""
    surely = [places.lies_in(code, names(value)) for code in fibre.crosses]
    perhaps = [places.lies_in(code, names(value)) for code in fibre.may_cross_codes]
    return some([*surely, *(None if one else one for one in perhaps)])


def operated_by(element: Element, value: Any, places: Places) -> Known:
    """Whether one of some operators, or one of some jurisdictions, runs an element."""
    said = element.operated_by
    if not said:
        return None
    parts = [part.strip() for part in re.split(r"/| and ", said)]
    known = [part for part in parts if part not in OTHERS]
    met: list[Known] = [_is_operator(part, name, places) for part in known for name in names(value)]
    return some([*met, *(None for _ in range(len(parts) - len(known)))])


def _is_operator(operator: str, name: str, places: Places) -> Known:
    """Where an operator comes from is known only if its jurisdiction is in its place."""
    if operator == name:
        return True
    if not places.is_place(name):
        return False
    return places.lies_in(operator, (name,)) if places.is_place(operator) else None


type _Asks = Callable[[Any, Any, Places], Known]
_OF_HUBS: Mapping[str, _Asks] = {
    "hubs": lambda hub, value, _: hub.id in names(value),
    "role": lambda hub, value, _: hub.role in names(value),
    "gateway": lambda hub, value, _: hub.intl_gateway == value,
    "located_in": lambda hub, value, places: places.lies_in(hub.located_in, names(value)),
    "outside": lambda hub, value, places: opposite(places.lies_in(hub.located_in, names(value))),
    "operated_by": operated_by,
    "confidence": lambda hub, value, _: hub.confidence in names(value),
}
_OF_FIBRES: Mapping[str, _Asks] = {
    "fibres": lambda fibre, value, _: fibre.id in names(value),
    "cables": lambda fibre, value, _: any(
        name == fibre.system or f"cable:{name}" in fibre.srlgs for name in names(value)
    ),
    "srlgs": lambda fibre, value, _: not set(names(value)).isdisjoint(fibre.srlgs),
    "medium": lambda fibre, value, _: fibre.medium in names(value),
    "status": lambda fibre, value, _: fibre.status in names(value),
    "crosses": crosses,
    "operated_by": operated_by,
    "confidence": lambda fibre, value, _: fibre.confidence in names(value),
}
KEYS = frozenset({*_OF_HUBS, *_OF_FIBRES})
"""All keys of selectors, but for exceptions."""


# Stops that are passed in order, some of them before the border; used by clauses.


def unserved(
    stops: Sequence[Plain], journey: Journey, places: Places, serves: Callable[[int, Plain], bool]
) -> int:
    """The number, from 1, of the first stop that is not served in time; 0 where none is late.

    ``serves`` says whether the element of a position serves a stop.
    """
    elements = list(journey.elements)
    inside = _before_the_border(elements, places)
    position = 0
    for number, stop in enumerate(stops):
        last = inside if _is_for_the_border(stop) else len(elements)
        served = next((at for at in range(position, last) if serves(at, stop)), None)
        if served is None:
            has_left = inside < len(elements) and any(map(_is_for_the_border, stops[number:]))
            return number + 1 if journey.ended or has_left else 0
        position = served
    return 0


def _is_for_the_border(stop: Plain) -> bool:
    return stop.get("before") == "border"


def _before_the_border(elements: Sequence[Element], places: Places) -> int:
    """How many elements come before the first that may lie outside the jurisdiction of the first
    hub."""
    first = elements[0]
    for position, element in enumerate(elements):
        if element.id != first.id and not _is_at_home(element, first, places):
            return position
    return len(elements)


def _is_at_home(element: Element, first: Element, places: Places) -> bool:
    home = (first.located_in,) if isinstance(first, Hub) else ()
    if isinstance(element, Hub):
        return places.lies_in(element.located_in, home) is True
    met = (*element.crosses, *element.may_cross_codes)
    return all(places.lies_in(code, home) is True for code in met)
