"""All hard clauses that the second opinion knows, by the names of their files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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
from corridor.topologies.base.registry import Registry


class ClauseReader(NamedTuple):
    """How a clause is judged by this room."""

    key: str
    objection: Callable[[Any, Journey, Places], str]
    """From what a clause asks for: why a path is against it; empty where it is not, or not yet."""


OBJECTIONS = Registry(
    "corridor.second_opinions",
    (
        ClauseReader(module.__name__.rpartition(".")[2], module.objection)
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
    ),
    of=ClauseReader,
)
"""By the names of clauses."""
INSPECTED = waypoints.__name__.rpartition(".")[2]
"""The clause that has packets go through gateways."""
