"""What each direction of a fibre took in, let out and lost, by class and cause. Pure.

Two counts that know nothing of each other have to agree on it: that of packets at both ends, and
that of the queueing disciplines between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from corridor.experiments.account.packet_classes import (
    CONTROL,
    FAULT,
    IN_FLIGHT,
    MACHINE,
    OTHER,
    QUEUE,
    RANDOM,
    UNEXPLAINED,
    Cause,
    Loss,
    split,
)
from corridor.experiments.account.readings import Moment, since
from corridor.topologies.model import hub_faults
from corridor.topologies.model.wiring import ALL_PPM, Shape, Wiring

CE_MARKS = "ce_marks"
FULL_LINE, BACKLOG = "the delay line was full", "the kernel's backlog"


class Direction(NamedTuple):
    """One direction of a fibre, by its sending and its receiving interface."""

    fibre: str
    src: str
    dst: str
    sender: str
    receiver: str
    shape: Shape

    @property
    def name(self) -> str:
        return f"{self.fibre}:{self.src}->{self.dst}"


class FibreAccount(NamedTuple):
    direction: Direction
    entered: int
    """Packets that went in, and those that were inside when counting began."""
    arrived: int
    losses: tuple[Loss, ...]
    problems: tuple[str, ...]
    ce_marks: int = 0
    """Packets that its queue marked instead of dropping them: they are not losses."""


def directions(wiring: Wiring) -> Iterator[Direction]:
    for wire in wiring.fibres:
        for near, far, shape in ((wire.a, wire.z, wire.forward), (wire.z, wire.a, wire.backward)):
            yield Direction(wire.fibre, near.hub, far.hub, near.interface, far.interface, shape)


def fibre_account(direction: Direction, read: Sequence[Moment]) -> FibreAccount:
    """Of one direction over a run."""
    lanes = [_Span(direction, lane, read[0]) for lane in LANES]
    ce_marks = 0
    for before, now in pairwise(read):
        for lane in lanes:
            lane.add(before, now)
        ce_marks += _ce_marks(direction, before, now)
    for lane in lanes:
        lane.end()
    first, last = read[0], read[-1]
    entered, arrived = (
        sum(since(first, last, interface, sent=sent).values())
        for interface, sent in ((direction.sender, True), (direction.receiver, False))
    )
    entered += sum(first.fibres[direction.sender][lane.inside] for lane in LANES)
    losses = tuple(loss for lane in lanes for loss in lane.losses)
    problems = tuple(problem for lane in lanes for problem in lane.problems)
    return FibreAccount(direction, entered, arrived, losses, problems, ce_marks)


class _Lane(NamedTuple):
    """The counters of a lane, by their names; a lane without a separate queue has none."""

    is_control: bool
    sent: str
    inside: str
    at_random: str
    by_queue: str | None


DATA_LANE = _Lane(False, "sent_packets", "backlog_packets", "line_drops", "queue_drops")
CONTROL_LANE = _Lane(True, "control_packets", "control_backlog_packets", "control_drops", None)


LANES = (DATA_LANE, CONTROL_LANE)


class _Span:
    """What a lane has lost since it was last empty: only then it is certain whose."""

    def __init__(self, direction: Direction, lane: _Lane, first: Moment) -> None:
        self._direction = direction
        self._lane = lane
        whose = CONTROL if lane.is_control else OTHER
        self._missing: Counter[int] = Counter({whose: first.fibres[direction.sender][lane.inside]})
        self._lost: Counter[Cause] = Counter()
        self._in_flight = self._unexplained = self._machine = self._flushed = self._late = 0
        self._undecided: str | None = None
        """The event of readings since the last whose counts were of one moment."""
        self.losses: list[Loss] = []
        self.problems: list[str] = []

    def add(self, before: Moment, now: Moment) -> None:
        """What has happened between two readings."""
        direction, lane = self._direction, self._lane
        entered = self._mine(since(before, now, direction.sender, sent=True))
        arrived = self._mine(since(before, now, direction.receiver, sent=False))
        was, said = before.fibres[direction.sender], now.fibres[direction.sender]
        if not entered and not arrived and was is said and self._undecided is None:
            return
        self._missing.update(entered)
        self._missing.subtract(arrived)
        by_queue = _counted(was, said, lane.by_queue) if lane.by_queue else 0
        at_random, sent = _counted(was, said, lane.at_random), _counted(was, said, lane.sent)
        self._lost[Cause(QUEUE)] += by_queue
        self._lost[self._line_cause(before, now)] += at_random
        self._in_flight = said[lane.inside]
        self._machine += now.said.machine - before.said.machine
        late = sent - sum(arrived.values())
        # A queue that is replaced takes along what it counted since the reading before.
        self._late += max(0, late) if self._is_replaced(before, now) else late
        missing = sum(entered.values()) - sum(arrived.values())
        more_inside = said[lane.inside] - was[lane.inside]
        self._unexplained += missing - by_queue - at_random - more_inside
        event = self._undecided
        if event is None:
            event = self._taken_away_by(before, now)
        is_torn = self._is_torn(now)
        self._undecided = event if is_torn else None
        if is_torn:  # packets are missing that the queue, read before, could not know of yet
            return
        if self._unexplained > 0 and event is not None:
            self._flush(event)
        if not self._in_flight:
            self._close()

    def _is_replaced(self, before: Moment, now: Moment) -> bool:
        """Whether the queue is another than at the reading before: counters begin again."""
        name = self._direction.sender
        is_reshaped = before.said.losing.get(name) != now.said.losing.get(name)
        is_restarted = now.said.do == hub_faults.RESTART
        return is_reshaped or is_restarted

    def _is_torn(self, now: Moment) -> bool:
        """Whether packets moved here while it was read, so that counts are not of one moment."""
        control = self._lane.is_control
        ends = ((self._direction.sender, True), (self._direction.receiver, False))
        return any((*end, control) in now.moving for end in ends)

    def _mine(self, frames: dict[int, int]) -> dict[int, int]:
        is_control = self._lane.is_control
        return {one: count for one, count in frames.items() if (one == CONTROL) == is_control}

    def end(self) -> None:
        """Whatever is not explained by now never will be."""
        name = self._direction.name
        if 0 < self._unexplained <= self._machine:
            self._lost[Cause(MACHINE, "", BACKLOG)] += self._unexplained
            self._flushed += self._unexplained
        elif self._unexplained:
            self._lost[Cause(UNEXPLAINED)] += max(0, self._unexplained)
            self.problems.append(
                f"{name}: {self._unexplained} packets did not arrive that its queue has not "
                "counted as lost"
            )
        if not 0 <= self._late <= self._flushed:
            self.problems.append(f"{name}: its queue has sent {self._late} packets more than came")
        self._lost[Cause(IN_FLIGHT)] += self._in_flight
        if not self._close():
            self.problems.append(
                f"{name}: {self._missing.total()} packets are missing at its far end, and "
                f"{self._lost.total()} were lost by the count of its queue"
            )

    def _line_cause(self, before: Moment, now: Moment) -> Cause:
        """Of what the delay line lost: all, where a fault has it lose all."""
        name = self._direction.sender
        declared = self._direction.shape.loss_ppm
        losing = max(one.said.losing.get(name, declared) for one in (before, now))
        if losing >= ALL_PPM:
            event = before.broken_by.get(name) or now.broken_by.get(name, "")
            return Cause(FAULT, event, "the fibre was cut")
        return Cause(RANDOM) if losing else Cause(QUEUE, "", FULL_LINE)

    def _taken_away_by(self, before: Moment, now: Moment) -> str | None:
        """The event that has changed the direction, or holds an end down: the kernel empties a
        queue a moment after its far end went down. None if nothing has."""
        ends = (self._direction.sender, self._direction.receiver)
        broken = [
            one.broken_by[end] for one in (before, now) for end in ends if end in one.broken_by
        ]
        reshaped = any(self._direction.sender in one.said.losing for one in (before, now))
        if now.said.do == hub_faults.RESTART or (now.said.do and (broken or reshaped)):
            return now.said.event
        return broken[0] if broken else None

    def _flush(self, event: str) -> None:
        """What was in the delay line and the queue when something was done to them."""
        self._lost[Cause(FAULT, event, "it was on the fibre, or in its queue")] += self._unexplained
        self._flushed += self._unexplained
        self._unexplained = 0

    def _close(self) -> bool:
        """Share what is missing out among causes, if that comes to the same; whether it does."""
        missing = {number: packets for number, packets in sorted(self._missing.items()) if packets}
        lost = {cause: packets for cause, packets in sorted(self._lost.items()) if packets}
        is_whole = sum(missing.values()) == sum(lost.values())
        if not is_whole or any(packets < 0 for packets in (*missing.values(), *lost.values())):
            return False
        for (number, cause), (packets, shared) in split(missing, lost).items():
            self.losses.append(Loss(number, self._direction.name, cause, packets, shared))
        self._missing, self._lost = Counter(), Counter()
        return True


def _ce_marks(direction: Direction, before: Moment, now: Moment) -> int:
    """Counters say nothing of marks where there are none."""
    was, has = (one.fibres[direction.sender].get(CE_MARKS, 0) for one in (before, now))
    return has - was if has >= was else has


def _counted(was: Mapping[str, int], said: Mapping[str, int], name: str) -> int:
    """Of a counter that begins again from nothing where a queue is put in place of another."""
    return said[name] - was[name] if said[name] >= was[name] else said[name]
