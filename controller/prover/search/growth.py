"""Paths on which packets multiply without end: loops in which a copy of each packet stays."""

from __future__ import annotations

from collections import Counter

from corridor.controller.forwarding.program import GROUP_OF_ALL, FastFailover
from corridor.controller.prover.search.core import Turn
from corridor.controller.prover.search.search import Exploration


def grows(seen: Exploration) -> str:
    """The hubs of a round on which a switch makes two packets of one, or nothing."""
    if seen.hops is not None:
        return ""
    import networkx as nx  # heavy, and seldom needed

    graph = nx.DiGraph()
    for node, following in seen.edges.items():
        graph.add_edges_from((node, to) for to, _ in following)
    for members in nx.strongly_connected_components(graph):
        for node in sorted(members):
            stay = Counter(
                _one_packet(seen, turn) for to, turn in seen.edges[node] if to in members
            )
            if any(copies > 1 for copies in stay.values()):
                return ", ".join(sorted({seen.core.places[place].hub for place, _ in members}))
    return ""


def _one_packet(seen: Exploration, turn: Turn) -> object:
    """Alike for what happens to one packet at once, whichever ports are dead."""
    step = turn.step
    groups = seen.core.network.lookups[step.at.hub].groups
    chosen = tuple(one for one in step.chosen if not _copies(groups[one.group]))
    return step.at, step.matched, chosen, step.packet.sent


def _copies(group: FastFailover) -> bool:
    return any(GROUP_OF_ALL in bucket.actions for bucket in group.buckets)
