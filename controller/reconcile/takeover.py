"""What switches hold, recognised as ours, so that a controller that comes back breaks nothing.

Pure. A controller that died in the middle of an update leaves entries of two versions; which edges
are flipped says what must be finished and what undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from corridor.controller.deployment import modifications
from corridor.controller.deployment.deployments import Deployment
from corridor.controller.deployment.modifications import Modifications
from corridor.controller.forwarding.labels import Seat, seat_of
from corridor.controller.forwarding.program import COOKIE_MAGIC, FIRST_WAY, serial_of
from corridor.controller.forwarding.two_phase_plan import EDGE
from corridor.controller.prover import Tables
from corridor.controller.reconcile.repair import compare, only_extra, whole_core


@dataclass(frozen=True)
class Recognised:
    """``whole``: exactly so. ``more``: all of it serves, and something is beside it. ``edges``: its
    core is whole, and some edges are other: an update was about to flip them."""

    deployment: Deployment
    what: Literal["whole", "more", "edges"]
    finish: Modifications
    """For bundles, where edges are other."""


def seats_at_edges(held: Tables, count: int) -> tuple[Seat, ...]:
    """The seats of so many directions, by the labels that their edges give; the first of epoch 0
    where an edge gives none."""
    seats = dict.fromkeys(range(1, count + 1), Seat(0, FIRST_WAY))
    for switch in held.switches.values():
        for flow in switch.flows:
            if flow.table in EDGE and flow.cookie >> 48 == COOKIE_MAGIC and flow.policy in seats:
                given = [a.arguments[0] for a in flow.actions if a.kind == "push_label"]
                if given:
                    seats[flow.policy] = seat_of(int(given[0]))
                elif flow.goto is None:
                    seats[flow.policy] = Seat(0 if flow.serial == serial_of(0) else 1, FIRST_WAY)
    return tuple(seats.values())


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
