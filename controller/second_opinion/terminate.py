"""``terminate``: the last hub is in one of some jurisdictions."""

from __future__ import annotations

from typing import Any

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import names, short_form


def objection(asked: Any, journey: Journey, places: Places) -> str:
    only = names(short_form(asked, "only"))
    last = journey.hubs[-1]
    if journey.ended and places.lies_in(last.located_in, only) is not True:
        return f"it ends at {last.id}, which is not certainly in {', '.join(only)}"
    return ""
