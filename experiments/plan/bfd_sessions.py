"""One session of BFD (RFC 5880) as Open vSwitch holds it, over a fibre that fails and is repaired.

Pure. An end sends after 75 to 100 % of its interval, at random (6.8.7), and the interval is a
second at least until the end itself is up (6.8.3), so how long a session takes to come up is not
known beforehand: a caller draws as often as it wants to know how much that matters. Detection takes
three intervals of the slower of both. Intervals are taken to be as quick as planned at all times,
and no packet of a session to be lost at random.

Switches avoid a dead fibre once Open vSwitch has rewritten its cached flows. Its revalidators start
no sooner than 5 ms after they last started (``udpif_revalidator`` of Open vSwitch 3.5). Flows wait
where any port of any switch changed within these 5 ms, such as the other end of the fibre.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from random import Random
from typing import NamedTuple

from corridor.topologies.base.seconds import NS_PER_S

SLOW_NS = NS_PER_S
"""Least interval of an end that is not up (RFC 5880, 6.8.3)."""
MULTIPLIER = 3
"""Intervals after which an end that has heard nothing is down."""
CLOCK_MS = 1
"""Open vSwitch counts in whole milliseconds, so that each of its waits may be so much longer."""
REWRITTEN_MS = 5 + CLOCK_MS
"""Cached flows may lead over a fibre that is known to be dead for so long."""
JITTER_PERCENT = 26
"""What is taken off an interval: less than this, in whole percents."""
QUIET_INTERVALS = 10
"""Of a session that is up, before the next thing happens to it: nothing is computed in the
meantime."""
LONG_DOWN_NS = 10 * NS_PER_S
"""Of a session that is down while nothing passes, the same; both ends then speak at any moment."""


class Span(NamedTuple):
    """From when until when, in ns; ``math.inf`` for good."""

    begin_ns: int
    end_ns: float

    def touches(self, begin_ns: float, end_ns: float) -> bool:
        return self.begin_ns <= end_ns and begin_ns < self.end_ns


@dataclass(frozen=True)
class Line:
    """What a session runs over; directions by the end that sends."""

    one_way_ns: int
    lost: tuple[tuple[Span, ...], tuple[Span, ...]]
    """When nothing passes."""
    slower: tuple[tuple[Span, int], ...] = ()
    """When what is sent takes longer, and by how much."""
    resets: tuple[int, ...] = ()
    """When both ends start again."""

    @property
    def moments(self) -> list[int]:
        """When anything of it changes, in order."""
        spans = [*self.lost[0], *self.lost[1], *(span for span, _ in self.slower)]
        ends = [int(span.end_ns) for span in spans if span.end_ns != math.inf]
        return sorted({*(span.begin_ns for span in spans), *ends, *self.resets})

    def arrives_ns(self, sender: int, at_ns: int) -> int | None:
        """None for what is lost, also in flight."""
        more_ns = sum(ns for span, ns in self.slower if span.touches(at_ns, at_ns))
        arrives_ns = at_ns + self.one_way_ns + more_ns
        if any(span.touches(at_ns, arrives_ns) for span in self.lost[sender]):
            return None
        return arrives_ns


class Turn(NamedTuple):
    """An end, 0 or 1, comes up or goes down."""

    at_ns: int
    end: int
    up: bool


class _State(IntEnum):
    DOWN = 1
    INIT = 2
    UP = 3


class _Packet(NamedTuple):
    arrives_ns: int
    sender: int
    state: _State
    interval_ns: int


class _End:
    """As ``bfd.c`` of Open vSwitch keeps it."""

    def __init__(self, interval_ns: int, random: Random) -> None:
        self._interval_ns, self._random = interval_ns, random
        self.state = _State.UP
        self.heard_interval_ns = interval_ns
        self.last_ns = self.next_ns = self.detect_ns = 0
        self._is_heard = True

    @property
    def settled(self) -> bool:
        """Whether it is up, and knows that the other is."""
        return self.state is _State.UP and self.heard_interval_ns == self._interval_ns

    @property
    def interval_ns(self) -> int:
        """The interval that it announces."""
        is_up = self.state is _State.UP
        return self._interval_ns if is_up else max(self._interval_ns, SLOW_NS)

    def speak_from(self, at_ns: int, *, silence_ns: int) -> None:
        """Send for the first time within an interval; not be down for that silence."""
        self.last_ns = at_ns
        self.next_ns = at_ns + self._random.randrange(self.interval_ns)
        self.detect_ns = at_ns + silence_ns + MULTIPLIER * self.interval_ns

    def sent(self, now_ns: int) -> None:
        self.last_ns = now_ns
        self._set_next()

    def down(self) -> None:
        self.state, self._is_heard, self.heard_interval_ns = _State.DOWN, False, 0

    def hear(self, packet: _Packet) -> None:
        if (
            not self._is_heard
        ):  # the other's wish to hear is new, and the next packet gets a new time
            self._is_heard = True
            self._set_next()
        self.heard_interval_ns = packet.interval_ns
        longest_ns = max(self._interval_ns, packet.interval_ns)
        self.detect_ns = packet.arrives_ns + MULTIPLIER * longest_ns
        if self.state is _State.UP:
            if packet.state is _State.DOWN:
                self.down()
        elif self.state is _State.DOWN and packet.state is not _State.UP:
            self.state = _State.INIT if packet.state is _State.DOWN else _State.UP
        elif self.state is _State.INIT and packet.state is not _State.DOWN:
            self.state = _State.UP

    def _set_next(self) -> None:
        share = self._random.randrange(JITTER_PERCENT)
        self.next_ns = self.last_ns + self.interval_ns - self.interval_ns * share // 100


def avoided_after_ms(interval_ms: int, *, is_silent: bool) -> int:
    """How long switches use a fibre that was cut, at most.

    Both ends notice a lost carrier at once, and silence three intervals after the last packet.
    """
    noticed_ms = MULTIPLIER * interval_ms + CLOCK_MS if is_silent else 0
    return noticed_ms + REWRITTEN_MS


def turns(line: Line, interval_ns: int, random: Random, until_ns: int) -> Iterator[Turn]:
    """When ends come up and go down, of a session that is up before anything happens."""
    moments = line.moments
    if moments:
        yield from _Session(line, interval_ns, random, moments).run(until_ns)


class _Session:
    """Two ends, and what is in flight between them."""

    def __init__(
        self, line: Line, interval_ns: int, random: Random, moments: Sequence[int]
    ) -> None:
        self._line, self._moments = line, moments
        self._quiet_ns = QUIET_INTERVALS * interval_ns + line.one_way_ns
        self._ends = (_End(interval_ns, random), _End(interval_ns, random))
        self._in_flight: list[_Packet] = []
        self._resets = [at for at in line.resets if at >= moments[0]]
        self._now_ns = moments[0] - 2 * self._quiet_ns
        self._begin_at(self._now_ns)

    def run(self, until_ns: int) -> Iterator[Turn]:
        while self._now_ns < until_ns:
            up = [end.state is _State.UP for end in self._ends]
            if self._is_over():
                return
            self._step()
            for number, end in enumerate(self._ends):
                if (end.state is _State.UP) != up[number]:
                    yield Turn(self._now_ns, number, not up[number])

    def _is_over(self) -> bool:
        """Whether nothing changes any more; what changes nothing in the meantime is skipped."""
        following_ns = next((at for at in self._moments if at > self._now_ns), None)
        lost = self._lost()
        is_up = all(end.settled for end in self._ends)
        is_quiet = is_up and not (any(lost) or self._is_slower())
        is_dark = all(end.state is _State.DOWN for end in self._ends) and all(lost)
        if not (is_quiet or is_dark):
            return False
        if following_ns is None:
            return True
        ahead_ns = LONG_DOWN_NS if is_dark else 2 * self._quiet_ns
        if following_ns - self._now_ns > 2 * ahead_ns:
            self._begin_at(following_ns - ahead_ns)
        return False

    def _step(self) -> None:
        number, end = min(enumerate(self._ends), key=lambda one: _due_ns(one[1]))
        at_ns = _due_ns(end)
        if self._resets and self._resets[0] <= min(at_ns, self._arrives_ns):
            self._reset(self._resets.pop(0))
        elif self._arrives_ns <= at_ns:
            packet = heapq.heappop(self._in_flight)
            self._now_ns = packet.arrives_ns
            self._ends[1 - packet.sender].hear(packet)
        else:
            self._now_ns = at_ns
            if end.state is not _State.DOWN and end.detect_ns <= at_ns:
                end.down()
            else:
                self._send(number, end)

    @property
    def _arrives_ns(self) -> float:
        return self._in_flight[0].arrives_ns if self._in_flight else math.inf

    def _send(self, number: int, end: _End) -> None:
        arrives_ns = self._line.arrives_ns(number, self._now_ns)
        if arrives_ns is not None:
            packet = _Packet(arrives_ns, number, end.state, end.interval_ns)
            heapq.heappush(self._in_flight, packet)
        end.sent(self._now_ns)

    def _reset(self, at_ns: int) -> None:
        self._now_ns = at_ns
        self._in_flight.clear()
        for end in self._ends:
            end.down()
            end.next_ns = at_ns

    def _begin_at(self, at_ns: int) -> None:
        """With nothing in flight, and both about to send."""
        self._now_ns = at_ns
        self._in_flight.clear()
        for end in self._ends:
            end.speak_from(at_ns, silence_ns=self._line.one_way_ns)

    def _is_slower(self) -> bool:
        now_ns = self._now_ns
        return any(span.touches(now_ns, now_ns) for span, _ in self._line.slower)

    def _lost(self) -> list[bool]:
        """By the end that sends."""
        now_ns = self._now_ns
        return [any(span.touches(now_ns, now_ns) for span in one) for one in self._line.lost]


def _due_ns(end: _End) -> int:
    return end.next_ns if end.state is _State.DOWN else min(end.next_ns, end.detect_ns)
