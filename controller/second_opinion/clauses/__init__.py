"""What each hard clause has against a whole path: one function a file, by the clause's own key."""

from collections.abc import Callable, Mapping
from typing import Any

from corridor.controller.second_opinion.clauses import (
    avoid,
    confine,
    hops,
    max_one_way,
    no_return,
    path,
    terminate,
    via,
    waypoints,
)
from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.places import Places

type Objection = Callable[[Any, Journey, Places], str]
"""From what a clause asks for: why a path is against it; empty where it is not, or not yet."""

OBJECTIONS: Mapping[str, Objection] = {
    "confine": confine.objection,
    "avoid": avoid.objection,
    "terminate": terminate.objection,
    "waypoints": waypoints.objection,
    "via": via.objection,
    "no_return": no_return.objection,
    "path": path.objection,
    "hops": hops.objection,
    "max_one_way": max_one_way.objection,
}
