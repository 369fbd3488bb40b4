"""The outcome of a packet of a forwarding graph while given things are dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from corridor.controller.forwarding.forwarding_graph import (
    Assess,
    Cross,
    Deliver,
    ForwardingGraph,
    Node,
)
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology


class DetectedFailure(NamedTuple):
    """What a packet meets dead."""

    at: int
    """Where: the position of the hub in the journey's path."""
    what: str
    """``link:...`` or ``gateway:...``."""


@dataclass(frozen=True)
class PacketTrace:
    """How far a packet comes, and what it passes."""

    path: Path
    """From its source to where it is delivered or dropped."""
    gateways: tuple[str, ...]
    """Hubs whose gateway it passes, in order."""
    taken: tuple[Node, ...]
    """What it does at each hub; twice where it passes a gateway. Ends in delivery, or without."""
    stuck: Node | None
    """The decision at which it is dropped: this and all its alternatives are dead."""
    found: tuple[DetectedFailure, ...]
    """In order."""
    one_way_ns: int

    @property
    def delivered(self) -> bool:
        return bool(self.taken) and isinstance(self.taken[-1], Deliver)


def trace_packet(
    graph: ForwardingGraph, topology: Topology, failures: Failures = NO_FAILURES
) -> PacketTrace:
    """The journey of a packet of ``graph`` while ``failures`` last."""
    found: list[DetectedFailure] = []
    taken: list[Node] = []
    crossed: list[Cross] = []
    stuck = None
    node = None if graph.intent.demand.src in failures.hubs else graph.first
    while node is not None:
        chosen, dead = _decide(node, topology, failures)
        found += [DetectedFailure(len(crossed), _name(one)) for one in dead]
        if chosen is None:
            stuck = node
            break
        taken.append(chosen)
        if isinstance(chosen, Cross):
            crossed.append(chosen)
        node = chosen.then if isinstance(chosen, Cross | Assess) else None
    hubs = (graph.intent.demand.src, *(one.then.hub for one in crossed))
    fibres = tuple(one.fibre for one in crossed)
    return PacketTrace(
        path=Path(hubs, fibres),
        gateways=tuple(node.hub for node in taken if isinstance(node, Assess)),
        taken=tuple(taken),
        stuck=stuck,
        found=tuple(found),
        one_way_ns=sum(topology.one_way_delay_ns(topology.fibre(name)) for name in fibres),
    )


def _decide(
    node: Node, topology: Topology, failures: Failures
) -> tuple[Node | None, tuple[Node, ...]]:
    """The first alternative that is alive, and those before it, which are dead."""
    alternatives = tuple(node.alternatives)
    for position, one in enumerate(alternatives):
        if _is_live(one, topology, failures):
            return one, alternatives[:position]
    return None, alternatives


def _name(node: Node) -> str:
    return f"link:{node.fibre}" if isinstance(node, Cross) else f"gateway:{node.hub}"


def _is_live(node: Node, topology: Topology, failures: Failures) -> bool:
    """What a hub sees for itself: its fibres, and its gateway."""
    if isinstance(node, Cross):
        return failures.spare(topology.fibre(node.fibre))
    return not isinstance(node, Assess) or node.hub not in failures.gateways
