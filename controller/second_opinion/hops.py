"""``hops``: the path has at most this many fibres."""

from __future__ import annotations

from typing import Any

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import short_form


def objection(asked: Any, journey: Journey, _places: Places) -> str:
    most = int(short_form(asked, "most"))
    count = len(journey.fibres)
    return f"{count} fibres are more than {most}" if count > most else ""
