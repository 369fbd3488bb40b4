"""What switches hold, recognised as ours, so that a controller that comes back breaks nothing.

Pure. A controller that died in the middle of an update leaves entries of two epochs; which edges
are flipped says what must be finished and what undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from corridor.controller.deployment import modifications
from corridor.controller.deployment.deployments import Deployment
from corridor.controller.deployment.modifications import Modifications
from corridor.controller.forwarding.program import COOKIE_MAGIC
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


def epochs_at_edges(held: Tables) -> tuple[int, ...]:
    """Epochs whose labels edges give, or whose demands they drop."""
    serials = {
        flow.serial
        for switch in held.switches.values()
        for flow in switch.flows
        if flow.table in EDGE and flow.cookie >> 48 == COOKIE_MAGIC and flow.serial
    }
    return tuple(sorted(serial - 1 for serial in serials if serial <= 2))


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
