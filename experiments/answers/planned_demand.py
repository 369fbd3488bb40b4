"""The forwarding graphs of one demand of a scenario, and of the responses to it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from corridor.controller.forwarding.compiler import plan_ways
from corridor.controller.forwarding.forwarding_tree import ForwardingTree
from corridor.controller.policy.model import RETURN
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest


class PlannedDemand(NamedTuple):
    """One demand as compiled, next to the demands that it must be disjoint from."""

    forward: ForwardingTree
    reverse: ForwardingTree | None
    """The reverse demand; None if ``forward`` is a reverse demand itself."""


def planned_demand(loaded: LoadedScenario, demand: str) -> PlannedDemand:
    """Return the forwarding graphs of a demand by its id, such as ``ckpt-karachi`` or
    ``ckpt-karachi.return``. Raises InputError with the nearest id if there is no such demand."""
    intents = {intent.id: intent for intent in intents_for(loaded)}
    if demand not in intents:
        hint = nearest(demand, intents) or f"it has {', '.join(list(intents)[:6:2])}, ..."
        raise InputError(f'scenario {loaded.scenario.name} has no demand "{demand}"', hint)
    wanted = (demand, f"{demand}{RETURN}")
    together = [one for one in intents.values() if one.id in wanted or one.disjoint]
    graphs = {one.intent.id: one for one in plan_ways(loaded.topology, together)}
    return PlannedDemand(graphs[wanted[0]], graphs.get(wanted[1]))
