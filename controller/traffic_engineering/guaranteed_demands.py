"""The demands to which rates are promised."""

from __future__ import annotations

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.model import Bandwidth


def may_have_rates(intent: Intent) -> bool:
    """Under some permit that it may go by."""
    permits = (automaton.permit for automaton in intent.applicable_policies.automata)
    return any(intent.guarantee(permit) is not None for permit in permits)


def rates_of(graph: ForwardingGraph) -> Bandwidth | None:
    return None if graph.permit is None else graph.intent.guarantee(graph.permit)
