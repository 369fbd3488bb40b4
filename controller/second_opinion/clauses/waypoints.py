"""``waypoints``: gateways are passed in an order, some before the border."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import Plain
from corridor.controller.second_opinion.selectors import selects


def objection(asked: Sequence[Plain], way: Journey, places: Places) -> str:
    inside = positions_before_the_border(way, places)
    position = 0
    for number, stop in enumerate(asked, start=1):
        at_border = stop.get("before") == "border"
        last = inside if at_border else len(way.hubs)
        serving = (
            at
            for at in range(position, last)
            if at in way.inspected and selects(stop["any_of"], way.hubs[at], places) is True
        )
        served = next(serving, None)
        if served is None:
            too_late = way.ended or (at_border and inside < len(way.hubs))
            return f"waypoint {number} is not passed in time" if too_late else ""
        position = served
    return ""


def positions_before_the_border(way: Journey, places: Places) -> int:
    """How many hubs are reached before anything is touched that may lie outside the jurisdiction
    of the first one."""
    home = (way.hubs[0].located_in,)
    for position, hub in enumerate(way.hubs):
        if position:
            met = (*way.fibres[position - 1].crosses, *way.fibres[position - 1].may_cross_codes)
            if any(places.lies_in(code, home) is not True for code in met):
                return position
        if hub.id != way.hubs[0].id and places.lies_in(hub.located_in, home) is not True:
            return position
    return len(way.hubs)
