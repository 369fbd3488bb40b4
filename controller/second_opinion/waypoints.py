"""``waypoints``: packets go through gateways of some hubs, in an order, some before the border."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import Plain
from corridor.controller.second_opinion.selectors import selects, unserved


def objection(asked: Sequence[Plain], journey: Journey, places: Places) -> str:
    def serves(position: int, stop: Plain) -> bool:
        number, is_fibre = divmod(position, 2)
        if is_fibre or number not in journey.inspected:
            return False
        return selects(stop["any_of"], journey.hubs[number], places) is True

    late = unserved(asked, journey, places, serves)
    return f"waypoint {late} is not passed in time" if late else ""
