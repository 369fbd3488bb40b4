"""What a demand was to have and has not, and whether its permit's ladder gives it up. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from corridor.controller.forwarding.forwarding_tree import Cross, ForwardingTree, unprotected
from corridor.controller.policy.model import LadderStep, Policy
from corridor.controller.policy.routes import NoRoute
from corridor.topologies.base.units import format_duration, format_rate


@dataclass(frozen=True)
class Lack:
    """One soft clause that does not hold, or protection that is not had."""

    step: LadderStep
    """That gives it up."""
    said: str
    on_ladder: bool
    """Whether the permit in use has that step; it is served all the same if not."""

    def __str__(self) -> str:
        return f"{self.step}: {self.said}" if self.on_ladder else self.said


def lacks(way: ForwardingTree, one_way_ns: int | None = None) -> tuple[Lack, ...]:
    """What a served demand gives up; ``one_way_ns`` is its delay now, if not the planned one."""
    permit = way.permit
    if permit is None or isinstance(way.route, NoRoute):
        return ()
    takes_ns = way.route.one_way_ns if one_way_ns is None else one_way_ns
    return tuple(
        Lack(step, said, step in permit.on_soft_failure)
        for step, said in _said(way, permit, takes_ns)
    )


def _said(way: ForwardingTree, permit: Policy, one_way_ns: int) -> Iterator[tuple[LadderStep, str]]:
    asked, intent = permit.soft.one_way, way.intent
    rates = intent.guarantee(permit)
    if asked is not None and one_way_ns > asked:
        took = format_duration(one_way_ns)
        yield "exceed_latency", f"one way takes {took}, asked for {format_duration(asked)}"
    if rates is not None and intent.gives_up("drop_protect", permit):
        yield "drop_protect", f"no room on detours for {format_rate(rates.cir)}"
    bare = [
        f"link:{node.fibre}" if isinstance(node, Cross) else f"gateway:{node.hub}"
        for node in unprotected(way.first, way.protection)
    ]
    if bare:
        yield "drop_protect", f"no detour around {', '.join(bare)}"
    if intent.aggregate is None and rates not in (None, intent.bandwidth, permit.soft.bandwidth):
        assert rates is not None
        yield "drop_pir", f"held to {format_rate(rates.cir)}"
