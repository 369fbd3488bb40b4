"""``via``: the path goes by some hubs or fibres, in an order, some before the border."""

from __future__ import annotations

from typing import Any

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import Plain, listed, short_form
from corridor.controller.second_opinion.selectors import selects, unserved

ANY_OF = "any_of"


def objection(asked: Any, journey: Journey, places: Places) -> str:
    stops = [_as_a_stop(one) for one in listed(short_form(asked, "stops"))]
    elements = list(journey.elements)

    def serves(position: int, stop: Plain) -> bool:
        return selects(stop[ANY_OF], elements[position], places) is True

    late = unserved(stops, journey, places, serves)
    return f"stop {late} is not passed in time" if late else ""


def _as_a_stop(written: Any) -> Plain:
    """A stop may be written as its selector alone."""
    return written if isinstance(written, dict) and ANY_OF in written else {ANY_OF: written}
