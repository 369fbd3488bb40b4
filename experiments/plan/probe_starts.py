"""When periodic probes of each demand start, so that no two meet on a fibre. Pure.

Predictions are of a lone probe. Periodic probes repeat, so two demands that meet once meet at every
probe, and both measure the wait as if it were their round trip. All delays are known, so starts are
moved until no probe finds another on a fibre: the first demand stays, each other one moves as
little as suffices.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import gcd

from corridor.experiments.plan.probe_queues import Hop, Queue

GUARD_NS = 10_000
"""Between two probes on a fibre: what switches and hosts take is in no delay."""
MOST_MOVES = 1000
"""Of one demand; beyond that fibres are crowded, and probes wait for each other."""

type _Span = tuple[int, int]
"""When a fibre begins to be taken, within the period after which all repeats, and how long."""


class _Taken:
    """When a fibre is taken, by the probes of all demands so far."""

    def __init__(self) -> None:
        self._spans: list[_Span] = []
        self._longest_ns = 0

    def add(self, begin_ns: int, lasts_ns: int) -> None:
        insort(self._spans, (begin_ns, lasts_ns))
        self._longest_ns = max(self._longest_ns, lasts_ns)

    def near(self, begin_ns: int, sends_ns: int, period_ns: int) -> Iterator[_Span]:
        """Return every span that a probe may overlap, and few others."""
        low_ns = begin_ns - self._longest_ns - GUARD_NS
        high_ns = begin_ns + sends_ns + GUARD_NS
        if high_ns - low_ns >= period_ns:
            yield from self._spans
            return
        for turn_ns in (-period_ns, 0, period_ns):
            first = bisect_left(self._spans, (low_ns + turn_ns,))
            last = bisect_right(self._spans, (high_ns + turn_ns + 1,))
            yield from self._spans[first:last]


def starts_apart(
    starts_ns: Mapping[int, int],
    intervals_ns: Mapping[int, int],
    hops: Mapping[int, Sequence[Hop]],
) -> dict[int, int]:
    """Return when the probes of each demand start, by its index.

    Probes of different intervals meet at some time unless they differ within the greatest common
    divisor of both. A demand that finds no free time keeps its start.
    """
    period_ns = gcd(*intervals_ns.values())
    if period_ns <= 2 * GUARD_NS:
        return dict(starts_ns)  # every two probes of a fibre meet, whenever they start
    taken: defaultdict[Queue, _Taken] = defaultdict(_Taken)
    found = dict(starts_ns)
    for demand, start_ns in starts_ns.items():
        passes = _passes(hops.get(demand, ()))
        moved_ns = _free(start_ns, passes, taken, period_ns)
        if moved_ns is not None and moved_ns < intervals_ns[demand]:
            found[demand] = moved_ns
        for queue, offset_ns, sends_ns in passes:
            begin_ns = (found[demand] + offset_ns) % period_ns
            taken[queue].add(begin_ns, sends_ns)
    return found


def _passes(hops: Sequence[Hop]) -> list[tuple[Queue, int, int]]:
    """Return for each hop its queue, when a probe comes to it, and how long it is sent."""
    found, at_ns = [], 0
    for hop in hops:
        at_ns += hop.delay_ns
        found.append((hop.queue, at_ns, hop.sends_ns))
        at_ns += hop.sends_ns
    return found


def _free(
    start_ns: int,
    passes: Sequence[tuple[Queue, int, int]],
    taken: Mapping[Queue, _Taken],
    period_ns: int,
) -> int | None:
    for _ in range(MOST_MOVES):
        late_ns = max(
            (
                _overlap(begin_ns, sends_ns, span, period_ns)
                for queue, offset_ns, sends_ns in passes
                if queue in taken
                for begin_ns in ((start_ns + offset_ns) % period_ns,)
                for span in taken[queue].near(begin_ns, sends_ns, period_ns)
            ),
            default=0,
        )
        if not late_ns:
            return start_ns
        start_ns += late_ns
    return None


def _overlap(begin_ns: int, sends_ns: int, span: _Span, period_ns: int) -> int:
    """Return how much later the one has to come, so as to come after the other; 0 if it is free."""
    other_ns, lasts_ns = span
    since_ns = (begin_ns - other_ns) % period_ns
    if since_ns < lasts_ns + GUARD_NS:
        return lasts_ns + GUARD_NS - since_ns
    if period_ns - since_ns < sends_ns + GUARD_NS:
        return period_ns - since_ns + lasts_ns + GUARD_NS
    return 0
