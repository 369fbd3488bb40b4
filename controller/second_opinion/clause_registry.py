"""All hard clauses that the second opinion knows, by the names of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corridor.controller.second_opinion import (
    avoid,
    borders,
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
    module.__name__.rpartition(".")[2]: module.objection
    for module in (
        confine,
        avoid,
        terminate,
        waypoints,
        hops,
        via,
        no_return,
        path,
        borders,
        max_one_way,
    )
}
INSPECTED = waypoints.__name__.rpartition(".")[2]
"""The clause that has packets go through gateways."""
