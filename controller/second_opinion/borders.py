"""``borders``: the path crosses, or may cross, at most this many borders of jurisdictions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import short_form
from corridor.topologies.model.topology import Fibre, Hub


def objection(asked: Any, journey: Journey, places: Places) -> str:
    most = int(short_form(asked, "most"))
    legs = zip(journey.fibres, pairwise(journey.hubs), strict=True)
    crossed = sum(_along(fibre, near, far, places) for fibre, (near, far) in legs)
    return f"{crossed} borders are more than {most}" if crossed > most else ""


def _along(fibre: Fibre, near: Hub, far: Hub, places: Places) -> int:
    """How many borders there may be between two hubs."""
    thirds = {*fibre.crosses, *fibre.may_cross_codes}
    if thirds:
        return len(thirds) + 1
    same = places.lies_in(near.located_in, (far.located_in,))
    return 0 if same and places.lies_in(far.located_in, (near.located_in,)) else 1
