"""What switches hold, recognised as ours, so that a controller that comes back breaks nothing.

Pure. A controller that died in the middle of an update leaves entries of two versions; which edges
are flipped says what must be finished and what undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from corridor.controller.forwarding.compiler import DirectionTables
from corridor.controller.forwarding.labels import Seat, seat_of
from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    FIRST_PATH,
    LAST_PATH,
    Flow,
    Table,
    serial_of,
)
from corridor.controller.forwarding.two_phase_plan import EDGE
from corridor.controller.openflow import modifications
from corridor.controller.openflow.deployments import Deployment
from corridor.controller.openflow.modifications import Modifications
from corridor.controller.prover import Tables
from corridor.controller.reconcile.repair import compare, only_extra, whole_core


@dataclass(frozen=True)
class Recognised:
    """``whole``: exactly so. ``more``: all of it serves, and something is next to it. ``edges``:
    its core is whole, and some edges are other: an update was about to flip them."""

    deployment: Deployment
    what: Literal["whole", "more", "edges"]
    finish: Modifications
    """For bundles, where edges are other."""


def seats_held(held: Tables, directions: Sequence[DirectionTables]) -> tuple[Seat, ...]:
    """The seats in which switches hold these directions: by the labels that edges give, else by
    those that hubs forward; where neither was read, that of ``directions``."""
    ours = [
        (hub, flow)
        for hub, switch in held.switches.items()
        for flow in switch.flows
        if flow.cookie >> 48 == COOKIE_MAGIC
    ]
    seats = _at_edges(flow for _, flow in ours)
    lowest = _lowest((hub, flow) for hub, flow in ours if flow.policy not in seats)
    return tuple(
        seats.get(number) or _by_hubs(lowest, number, direction) or direction.seat
        for number, direction in enumerate(directions, start=1)
    )


def _at_edges(flows: Iterable[Flow]) -> dict[int, Seat]:
    seats = {}
    for flow in flows:
        if flow.table in EDGE:
            given = [a.arguments[0] for a in flow.actions if a.kind == "push_label"]
            if given:
                seats[flow.policy] = seat_of(int(given[0]))
            elif flow.goto is None:
                seats[flow.policy] = Seat(0 if flow.serial == serial_of(0) else 1, FIRST_PATH)
    return seats


def _lowest(flows: Iterable[tuple[str, Flow]]) -> dict[tuple[str, int, int], int]:
    """By hub, direction and serial, the lowest direction number of the labels that are
    forwarded."""
    lowest: dict[tuple[str, int, int], int] = {}
    for hub, flow in flows:
        label = dict(flow.match).get("mpls_label")
        if flow.table == Table.SWITCH and isinstance(label, int):
            key, path = (hub, flow.policy, flow.serial), label & LAST_PATH
            lowest[key] = min(path, lowest.get(key, path))
    return lowest


def _by_hubs(
    lowest: dict[tuple[str, int, int], int], number: int, direction: DirectionTables
) -> Seat | None:
    """The seat that most hubs agree on; where a block starts is how far its labels are moved."""
    made = _lowest((hub, flow) for hub, flows in direction.flows.items() for flow in flows)
    found = Counter(
        Seat(epoch, direction.seat.first + lowest[held] - path)
        for (hub, _, _), path in made.items()
        for epoch in (0, 1)
        if (held := (hub, number, serial_of(epoch))) in lowest
    )
    return found.most_common(1)[0][0] if found else None


def recognise(held: Tables, candidates: Iterable[Deployment]) -> Recognised | None:
    """The candidate that is served now; the first, where several could be."""
    compared = [(one, compare(held, one)) for one in candidates]
    for one, differ in compared:
        if not differ:
            return Recognised(one, "whole", {})
    for one, differ in compared:
        if only_extra(differ):
            return Recognised(one, "more", {})
    for one, differ in compared:
        if whole_core(differ):
            return Recognised(one, "edges", modifications.edges_exchanged(differ))
    return None
