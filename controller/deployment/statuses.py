"""How each demand is served, and why not better. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from corridor.controller.deployment.deployments import Standing
from corridor.controller.forwarding.forwarding_tree import Way
from corridor.controller.forwarding.walks import FoundDead, journey_of
from corridor.controller.policy.failures import Failures
from corridor.controller.policy.routes import NoRoute
from corridor.controller.relaxation.ladder import lacks


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


SERVED = frozenset({Status.UP, Status.ALT, Status.DEGRADED})
"""Packets of such demands arrive."""


@dataclass(frozen=True)
class DemandStatus:
    """One demand, or its answers, at a moment."""

    demand: str
    status: Status
    permit: str = ""
    hubs: tuple[str, ...] = ()
    one_way_ns: int | None = None
    reason: str = ""
    clause: str = ""
    """The first that is in the way: policy and clause."""
    legal_ref: tuple[str, ...] = ()
    remedy: str = ""
    """The cheapest single change that would help."""


def unknown(demands: Iterable[str], reason: str) -> tuple[DemandStatus, ...]:
    """Of all demands, while nothing is known of the tables that serve them."""
    return tuple(DemandStatus(one, Status.UNKNOWN, reason=reason) for one in demands)


def statuses(standing: Standing, failures: Failures) -> tuple[DemandStatus, ...]:
    """Of all demands while ``failures`` last, which the standing may not have been made for yet."""
    return tuple(
        _status(standing, number, way, failures)
        for number, way in enumerate(standing.ways, start=1)
    )


def _status(standing: Standing, number: int, way: Way, failures: Failures) -> DemandStatus:
    if number in standing.withdrawn:
        return _withdrawn(standing, number)
    if isinstance(way.route, NoRoute):
        return _unserved(way, way.route)
    journey = journey_of(way, standing.topology, failures)
    if not journey.delivered:
        found = ", ".join(one.what for one in journey.found) or "its hub is dark"
        said = f"no way around {found} until the next standing"
        return DemandStatus(way.intent.id, Status.DOWN, way.route.permit, reason=said)
    worse = [*_bridged(journey.found), *map(str, lacks(way, journey.one_way_ns))]
    first = way.intent.ruling.automata[0].permit.id
    other = (f"{first} has no path",) if way.status == "ALT" else ()
    return DemandStatus(
        demand=way.intent.id,
        status=Status.DEGRADED if worse else Status.ALT if other else Status.UP,
        permit=way.route.permit,
        hubs=journey.path.hubs,
        one_way_ns=journey.one_way_ns,
        reason="; ".join((*worse, *other)),
        legal_ref=way.permit.legal_ref if way.permit else (),
    )


def _withdrawn(standing: Standing, number: int) -> DemandStatus:
    intent = standing.intents[number - 1]
    refused = intent.ruling.refusals
    first = refused[0]
    clause = f"{first.policy} {first.clause}"
    reason = "; ".join(one.reason for one in refused)
    return DemandStatus(
        intent.id, Status.BLOCKED, reason=reason, clause=clause, legal_ref=first.legal_ref
    )


def _unserved(way: Way, why: NoRoute) -> DemandStatus:
    first = why.because[0] if why.because else None
    return DemandStatus(
        demand=way.intent.id,
        status=Status(why.status),
        reason="; ".join(one.reason for one in why.because) or "no fibres lead there",
        clause=f"{first.policy} {first.clause}" if first else "",
        legal_ref=first.legal_ref if first else (),
        remedy=str(why.remedies[0]) if why.remedies else "",
    )


def _bridged(found: tuple[FoundDead, ...]) -> Iterator[str]:
    if found:
        yield f"bridged around {', '.join(one.what for one in found)}"
