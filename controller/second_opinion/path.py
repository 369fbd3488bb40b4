"""``path``: the whole path fits a regular expression over its hubs and fibres."""

from __future__ import annotations

from typing import Any

from corridor.controller.second_opinion.expressions import Reading, parsed
from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import short_form


def objection(asked: Any, journey: Journey, places: Places) -> str:
    expression = str(short_form(asked, "expression"))
    reading = Reading(journey, places)
    fits = len(journey.hubs) in parsed(expression).ends(reading, 0)
    if fits or (not journey.ended and reading.ran_out):
        return ""
    return f"it does not fit {expression}"
