"""Why a switch or a gateway let a packet go no further: by policies, or by an event. Pure.

A switch does not count what it drops for want of a live port. What it did not send on is known
exactly; that it had no live port is taken from what had happened to the network by then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from corridor.experiments.account.controller_events import StatusEvent
from corridor.experiments.account.fibres import BACKLOG
from corridor.experiments.account.packet_classes import (
    FORWARD,
    GATEWAY,
    MACHINE,
    POLICY,
    SWITCH,
    UNEXPLAINED,
    Cause,
    PacketClass,
)
from corridor.experiments.account.readings import Moment
from corridor.experiments.plan.values import Plan, PlannedEvent
from corridor.experiments.scenario.event_registry import KINDS, is_fault

HELD_OUT_NS = 10_000_000_000
"""After the end of an event: sessions of BFD come up slowly, and a fibre that has failed is held
out for a while; so long it may be that no port is live."""


BLOCKED = "BLOCKED"


class Reasons:
    """What happened in one run."""

    def __init__(
        self,
        plan: Plan,
        classes: Mapping[int, PacketClass],
        told: Sequence[StatusEvent],
        epoch_ns: int,
        flapped: frozenset[str],
        lost_upcalls: int = 0,
    ) -> None:
        """``told`` are statuses of demands, by a controller that follows; ``flapped`` are
        interfaces whose session of BFD went down though nothing had failed; ``lost_upcalls`` how
        many packets were lost in flight up from the datapath."""
        self._plan = plan
        self._classes = classes
        self._planned = {demand.id: demand for demand in plan.demands}
        self._told = told
        self._epoch_ns = epoch_ns
        self._flapped = {
            end.hub
            for fibre in plan.wiring.fibres
            for end in (fibre.a, fibre.z)
            if end.interface in flapped
        }
        self._lost_upcalls = lost_upcalls
        self._metered = frozenset() if plan.controller else _metered(plan)

    @property
    def of_others(self) -> bool:
        """Whether tables are of someone else's controller."""
        return bool(self._plan.controller)

    def is_metered(self, hub: str, number: int) -> bool:
        """Whether a meter keeps such packets to a rate there, as planned."""
        of = self._classes[number]
        return of.src == hub and (of.demand, of.direction == FORWARD) in self._metered

    def may_be_metered(self, hub: str, number: int) -> bool:
        """Whether one may have come to, by other policies, though none was planned."""
        may = bool(self._plan.follows or self._plan.controller) and not self._metered
        return may and self._classes[number].src == hub

    def at_switch(self, hub: str, number: int, before: Moment, now: Moment) -> Cause:
        of, event = self._classes[number], self._event(number, before, now)
        while_blocked = any(self._is_blocked(of, one.said.at_ns) for one in (before, now))
        if of.src == hub and while_blocked and not self._plan.controller:
            was_so = self._planned[of.demand].status == BLOCKED
            return Cause(POLICY, "" if was_so else event or "", "no permitted path")
        if event is not None:
            return Cause(SWITCH, event, "no live port")
        if hub in self._flapped:
            return Cause(SWITCH, "", "BFD declared ports dead without a failure")
        if self._plan.controller:
            return Cause(SWITCH, "", "by the tables of the user-supplied controller")
        if self._lost_upcalls:
            return Cause(MACHINE, "", "in upcalls from the datapath")
        if now.said.machine > before.said.machine:
            return Cause(MACHINE, "", BACKLOG)
        return Cause(UNEXPLAINED)

    def at_gateway(self, _hub: str, number: int, before: Moment, now: Moment) -> Cause:
        event = self._event(number, before, now)
        return Cause(GATEWAY, event or "", "" if event else "refused, or its queue was full")

    def _is_blocked(self, of: PacketClass, until_ns: int) -> bool:
        """By the last status from a following controller before that time, or as planned."""
        planned = self._planned[of.demand]
        if of.direction != FORWARD:
            return planned.predicted_backward_ns is None
        said = [
            one.status
            for one in self._told
            if one.demand == of.demand and one.at_ns - self._epoch_ns <= until_ns
        ]
        return (said[-1] if said else planned.status) == BLOCKED

    def _event(self, number: int, before: Moment, now: Moment) -> str | None:
        """Of those that may keep packets from being sent on then, the one that began last: if there
        is one, of those that take something away, and are expected to hit the demand."""
        demand = self._planned[self._classes[number].demand].index
        begun = [
            (takes, begin_ns, name)
            for name, takes, begin_ns, over_ns in self._spans(demand)
            if begin_ns < max(now.said.at_ns, before.said.at_ns + 1)
            and before.said.at_ns <= over_ns
        ]
        return max(begun)[-1] if begun else None

    def _spans(self, demand: int) -> Iterator[tuple[str, int, float, float]]:
        """Events and cuts, how likely they are the cause, from when until when that lasts."""
        for event in self._plan.events:
            if KINDS[event.kind].disturbs:
                hits = any(impact.demand == demand for impact in event.impacts)
                likely = 2 * is_fault(event.kind) + hits
                yield event.id, likely, event.begin_ns, _over_ns(event)
        for cut in self._plan.cuts:
            yield cut.phase, 3, cut.cut_ns, cut.repair_ns + HELD_OUT_NS


def _over_ns(event: PlannedEvent) -> float:
    if event.end_ns is not None:
        return event.end_ns + HELD_OUT_NS
    return math.inf if KINDS[event.kind].end else event.begin_ns + HELD_OUT_NS


def _metered(plan: Plan) -> frozenset[tuple[str, bool]]:
    """Demands with a meter, in the forward (True) or the return direction."""
    numbers = {
        flow.policy for switch in plan.program.switches for flow in switch.flows if flow.meter
    }
    return frozenset(
        (plan.demands[(number - 1) // 2].id, number % 2 == 1) for number in numbers if number
    )
