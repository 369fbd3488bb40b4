"""How each demand is served, and why not better. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.packet_traces import DetectedFailure, trace_packet
from corridor.controller.intent.values import Worst
from corridor.controller.openflow.deployments import Deployment
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.semantics import Failures
from corridor.controller.traffic_engineering.relaxation import unmet_constraints


class Status(StrEnum):
    UP = "UP"
    """By the permit of first choice, with all that was asked for."""
    ALT = "ALT"
    """By another permit."""
    DEGRADED = "DEGRADED"
    """As policies allow, and worse than asked for."""
    BLOCKED = "BLOCKED"
    """Fibres lead there, policies do not."""
    DOWN = "DOWN"
    """No fibres lead there."""
    UNKNOWN = "UNKNOWN"
    """What switches hold is not proven."""


OUTSIDE = "not judged: the policies say nothing of this data"
"""Why a demand is served that no permit covers."""
SERVED = frozenset({Status.UP, Status.ALT, Status.DEGRADED})
"""Packets of such demands arrive."""


@dataclass(frozen=True)
class DemandStatus:
    """One demand, or its answers, at a moment."""

    demand: str
    status: Status
    permit: str = ""
    hubs: tuple[str, ...] = ()
    fibres: tuple[str, ...] = ()
    """Between those hubs, in order."""
    one_way_ns: int | None = None
    reason: str = ""
    clause: str = ""
    """The first policy and clause that forbid a path."""
    legal_ref: tuple[str, ...] = ()
    remedy: str = ""
    """The cheapest single change that would help."""
    judged: bool = True
    """Unless it is served though the policies say nothing of its data."""


def unknown(demands: Iterable[str], reason: str) -> tuple[DemandStatus, ...]:
    """Of all demands, while nothing is known of the tables that serve them."""
    return tuple(DemandStatus(one, Status.UNKNOWN, reason=reason) for one in demands)


def statuses(
    deployment: Deployment, failures: Failures, lacking: Sequence[Worst] = ()
) -> tuple[DemandStatus, ...]:
    """Of all demands while ``failures`` last, for which the deployment may not yet be made;
    ``lacking`` are the links that committed rates do not fit by it."""
    return tuple(
        _status(deployment, number, graph, failures, lacking)
        for number, graph in enumerate(deployment.graphs, start=1)
    )


def _status(
    deployment: Deployment,
    number: int,
    graph: ForwardingGraph,
    failures: Failures,
    lacking: Sequence[Worst],
) -> DemandStatus:
    if number in deployment.withdrawn:
        return _withdrawn(deployment, number)
    if isinstance(graph.route, NoPermittedPath):
        return _unserved(graph, graph.route)
    walk = trace_packet(graph, deployment.topology, failures)
    if not walk.delivered:
        found = ", ".join(one.what for one in walk.found) or "its hub is dark"
        said = f"no detour around {found} until the next deployment"
        return DemandStatus(graph.intent.id, Status.DOWN, graph.route.permit, reason=said)
    worse = [
        *_bridged(walk.found),
        *_unfit(graph.intent.pays_as, lacking),
        *map(str, unmet_constraints(graph, walk.one_way_ns)),
    ]
    permit = walk.taken[-1].automaton.permit
    first = graph.first_choice
    lost = f"{' and '.join(first)} {'has' if len(first) == 1 else 'have'} no path"
    other = () if permit.id in first else (lost,)
    unjudged = () if graph.intent.applicable_policies.is_judged else (OUTSIDE,)
    return DemandStatus(
        demand=graph.intent.id,
        status=Status.DEGRADED if worse else Status.ALT if other else Status.UP,
        permit=permit.id,
        hubs=walk.path.hubs,
        fibres=walk.path.fibres,
        one_way_ns=walk.one_way_ns,
        reason="; ".join((*worse, *other, *unjudged)),
        legal_ref=permit.legal_ref,
        judged=graph.intent.applicable_policies.is_judged,
    )


def _withdrawn(deployment: Deployment, number: int) -> DemandStatus:
    intent = deployment.intents[number - 1]
    refused = intent.applicable_policies.refusals
    first = refused[0]
    clause = f"{first.policy} {first.clause}"
    reason = "; ".join(one.reason for one in refused)
    return DemandStatus(
        intent.id, Status.BLOCKED, reason=reason, clause=clause, legal_ref=first.legal_ref
    )


def _unserved(graph: ForwardingGraph, why: NoPermittedPath) -> DemandStatus:
    first = why.because[0] if why.because else None
    return DemandStatus(
        demand=graph.intent.id,
        status=Status(why.status),
        reason="; ".join(one.reason for one in why.because) or "no fibres lead there",
        clause=f"{first.policy} {first.clause}" if first else "",
        legal_ref=first.legal_ref if first else (),
        remedy=str(why.remedies[0]) if why.remedies else "",
    )


def _bridged(found: tuple[DetectedFailure, ...]) -> Iterator[str]:
    if found:
        yield f"bridged around {', '.join(one.what for one in found)}"


def _unfit(demand: str, lacking: Sequence[Worst]) -> Iterator[str]:
    """Where its rate does not fit: now, or else under the failure with the highest overload."""
    mine = sorted(
        (one for one in lacking if demand in one.demands),
        key=lambda one: (bool(one.failure), -one.excess_bps, one.fibre, one.hub),
    )
    if mine:
        more = len(mine) - 1
        others = f" ({more} more link{'s' if more > 1 else ''})" if more else ""
        yield f"rates: {mine[0]}{others}"
