"""``max_one_way``: the pure one-way delay of the path is within a budget."""

from __future__ import annotations

from typing import Any

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.topologies.base.units import parse_duration_ns


def objection(asked: Any, journey: Journey, _places: Places) -> str:
    late = journey.one_way_delay_ns > parse_duration_ns(asked)
    return f"{journey.one_way_delay_ns / 1e6:g} ms are more than {asked}" if late else ""
