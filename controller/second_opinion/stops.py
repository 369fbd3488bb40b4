"""Stops that are passed in order, some of them before the border; used by clauses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from corridor.controller.second_opinion.journey import Element, Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import Plain
from corridor.topologies.model.topology import Hub


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
