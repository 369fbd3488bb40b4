"""What went into each switch and did not come out of it, by class, and why. Pure.

A packet ends at a switch or a gateway by policies, or by an event. A switch does not count what it
drops for want of a live port. What it did not send on is known exactly; that it had no live port is
taken from what had happened to the network by then.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from corridor.experiments.account.fibres import BACKLOG
from corridor.experiments.account.packet_classes import (
    CONTROL,
    FORWARD,
    GATEWAY,
    MACHINE,
    METER,
    OTHER,
    POLICY,
    SWITCH,
    UNEXPLAINED,
    Cause,
    Loss,
    PacketClass,
    split,
)
from corridor.experiments.account.readings import Moment, since
from corridor.experiments.account.run_files import StatusEvent
from corridor.experiments.plan.values import Plan, PlannedEvent
from corridor.experiments.scenario.event_registry import KINDS, is_fault
from corridor.topologies.model.wiring import HubWire, Wiring

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
        return self._begins(of) == hub and (of.demand, of.direction == FORWARD) in self._metered

    def may_be_metered(self, hub: str, number: int) -> bool:
        """Whether one may have come to, by other policies, though none was planned."""
        may = bool(self._plan.follows or self._plan.controller) and not self._metered
        return may and self._begins(self._classes[number]) == hub

    def _begins(self, of: PacketClass) -> str:
        """The hub of the host that sends them."""
        demand = self._planned[of.demand]
        return demand.src if of.direction == FORWARD else demand.dst

    def at_switch(self, hub: str, number: int, before: Moment, now: Moment) -> Cause:
        of, event = self._classes[number], self._event(number, before, now)
        while_blocked = any(self._is_blocked(of, one.said.at_ns) for one in (before, now))
        if self._begins(of) == hub and while_blocked and not self._plan.controller:
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


type Side = tuple[str, bool]


class Passage(NamedTuple):
    """Something that packets go into and come out of: a switch, or a gateway."""

    hub: str
    place: str
    into: tuple[Side, ...]
    out_of: tuple[Side, ...]
    is_gateway: bool = False


class PassageAccount(NamedTuple):
    losses: tuple[Loss, ...]
    problems: tuple[str, ...]


def passages(wiring: Wiring) -> Iterator[Passage]:
    """All switches and gateways. What a switch sends is counted at its own interfaces."""
    for hub in wiring.hubs:
        hosts = [host.switch_interface for host in hub.attached]
        names = [*hosts, *_fibre_ends(wiring, hub)]
        into, out_of = [(name, False) for name in names], [(name, True) for name in names]
        if hub.gateway is not None:
            there, back = (hub.gateway.in_interface, True), (hub.gateway.out_interface, False)
            out_of.append(there)
            into.append(back)
            yield Passage(hub.hub, f"gateway {hub.hub}", (there,), (back,), is_gateway=True)
        yield Passage(hub.hub, hub.hub, tuple(into), tuple(out_of))


def _fibre_ends(wiring: Wiring, hub: HubWire) -> Iterator[str]:
    for fibre in wiring.fibres:
        for end in (fibre.a, fibre.z):
            if end.hub == hub.hub:
                yield end.interface


def lost_in(passage: Passage, read: Sequence[Moment]) -> list[dict[int, int]]:
    """By interval between readings, what went in and did not come out, by class.

    A packet may be inside when counts are read, and counts are read one after another: what comes
    out in excess is taken from what is missing around it. What is negative in the end came from
    nowhere.
    """
    found: list[Counter[int]] = []
    for before, now in pairwise(read):
        missing: Counter[int] = Counter()
        for name, sent in passage.into:
            missing.update(since(before, now, name, sent=sent))
        for name, sent in passage.out_of:
            missing.subtract(since(before, now, name, sent=sent))
        # What switches send for themselves begins and ends in them, and so do answers to ARP.
        del missing[OTHER], missing[CONTROL]
        found.append(missing)
    for order in (found, found[::-1]):
        _take_back(order)
    return [{number: packets for number, packets in one.items() if packets} for one in found]


def _take_back(found: Sequence[Counter[int]]) -> None:
    """Take what came out in excess from what was missing in intervals before, the last first."""
    for place, now in enumerate(found):
        for number in [number for number, packets in now.items() if packets < 0]:
            for before in reversed(found[:place]):
                taken = min(before[number], -now[number])
                if taken > 0:
                    before[number] -= taken
                    now[number] += taken


def passage_accounts(
    wiring: Wiring, read: Sequence[Moment], reasons: Reasons
) -> Iterator[PassageAccount]:
    """Of every switch and gateway. Meters are shared out over all switches at once, for only their
    sum is counted."""
    found = {passage: lost_in(passage, read) for passage in passages(wiring)}
    yield from _meters(found, read, reasons)
    for passage, lost in found.items():
        yield _account(passage, lost, read, reasons)


def _meters(
    found: Mapping[Passage, list[dict[int, int]]], read: Sequence[Moment], reasons: Reasons
) -> Iterator[PassageAccount]:
    """What meters have dropped, taken out of what is ``found`` to be missing."""
    told = [_dropped(was, now) for was, now in pairwise(one.said.meters for one in read)]
    missing = [
        sum(_metered_directions(found, interval, reasons.is_metered).values())
        for interval in range(len(told))
    ]
    known = [one for one in told if one is not None]
    is_known = len(known) == len(told)
    if is_known and sum(known) == sum(missing):
        told = [*missing]  # meters are read a moment after packets are
    over = 0
    for interval, dropped in enumerate(told):
        for may_be in (reasons.is_metered, reasons.may_be_metered):
            if dropped == 0:
                break
            losses, by_meters = _by_meters(_metered_directions(found, interval, may_be), dropped)
            for passage, loss in losses:
                found[passage][interval][loss.number] -= loss.packets
            yield PassageAccount(tuple(loss for _, loss in losses), ())
            dropped = 0 if dropped is None else dropped - by_meters
        over += dropped or 0
    if over and is_known and not reasons.of_others:  # whose meters see ARP, too
        said = f"meters have dropped {over} packets more than are missing where they are"
        yield PassageAccount((), (said,))


def _dropped(was: Mapping[str, int], now: Mapping[str, int]) -> int | None:
    """By all meters between two readings; None if one that has dropped packets was replaced."""
    if any(was[number] and number not in now for number in was):
        return None
    return sum(count - was.get(number, 0) for number, count in now.items())


def _metered_directions(
    found: Mapping[Passage, list[dict[int, int]]],
    interval: int,
    may_be: Callable[[str, int], bool],
) -> dict[tuple[Passage, int], int]:
    """What is missing at switches in an interval, of classes that a meter may drop there."""
    return {
        (passage, number): packets
        for passage, lost in found.items()
        if not passage.is_gateway
        for number, packets in lost[interval].items()
        if packets > 0 and may_be(passage.hub, number)
    }


def _by_meters(
    metered: Mapping[tuple[Passage, int], int], dropped: int | None
) -> tuple[list[tuple[Passage, Loss]], int]:
    """What meters have dropped of what is missing, and how many packets that are. Where no one
    knows what they dropped, all of it."""
    missing = sum(metered.values())
    known = missing if dropped is None else min(dropped, missing)
    keys = sorted(metered, key=lambda one: (one[0].place, one[1]))
    rows = {place: metered[key] for place, key in enumerate(keys)}
    told = "" if dropped is not None else "by what is missing: meters were replaced"
    columns = {Cause(METER, "", told): known, Cause(UNEXPLAINED): missing - known}
    losses = []
    for (place, cause), (packets, shared) in split(rows, columns).items():
        if cause.kind == METER:
            passage, number = keys[place]
            losses.append((passage, Loss(number, passage.place, cause, packets, shared)))
    return losses, known


def _account(
    passage: Passage, lost: Sequence[Mapping[int, int]], read: Sequence[Moment], reasons: Reasons
) -> PassageAccount:
    losses: Counter[tuple[int, Cause]] = Counter()
    problems = []
    for interval, missing in enumerate(lost):
        before, now = read[interval], read[interval + 1]
        for number, packets in missing.items():
            if packets < 0:
                problems.append(
                    f"{passage.place}: {-packets} packets were sent that were not received"
                )
            elif packets:
                found = reasons.at_gateway if passage.is_gateway else reasons.at_switch
                cause = found(passage.hub, number, before, now)
                losses[number, cause] += packets
    unexplained = sum(n for (_, cause), n in losses.items() if cause.kind == UNEXPLAINED)
    if unexplained:
        what = "were not forwarded, for an unknown reason"
        problems.append(f"{passage.place}: {unexplained} packets {what}")
    return PassageAccount(
        tuple(Loss(number, passage.place, cause, n) for (number, cause), n in losses.items()),
        tuple(problems),
    )
