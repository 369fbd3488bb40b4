"""Whether a plan's own probes queue behind each other, known before anything is sent. Pure.

Predictions are of a lone probe. On slow fibres one takes long to send (128 octets at 1 Mbit/s: a
millisecond), and one of another demand that comes in the meantime waits. All send times and delays
are in the plan, so every wait can be computed: each direction of a fibre is a queue, first come
first served, behind its delay.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from statistics import median

from corridor.experiments.plan.prediction import LABEL_BYTES, serialisation_ns
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.topologies.base.units import format_rate
from corridor.topologies.model.wiring import FibreWire, Wiring
from corridor.traffic.agents.probe import Probe

COMPETING = 0.5
"""The share of a fibre's rate from which on probes alone may queue behind each other for long."""
TOLD_NS = 100_000
"""From which median wait on it is worth telling; predictions are met within a tenth of that."""
MOST_STEPS = 200_000
"""Transits of fibres that are computed: of longer plans the beginning, by a number of probes of
each demand, two at least."""
MOST_NAMED = 3
REMEDY = "make them fewer, shorter or rarer (probe: of the scenario), or raise the topology's rates"

type Queue = tuple[str, bool]
"""A fibre, and whether it is passed from its a to its z."""


@dataclass(frozen=True)
class Waits:
    """How long the probes of one demand wait for others, round trip together."""

    median_ns: int
    most_ns: int
    fibre: str
    """Where they wait longest, all told."""


@dataclass(frozen=True)
class Hop:
    """A direction of a fibre that a probe crosses: its delay, then its queue."""

    queue: Queue
    delay_ns: int
    sends_ns: int

    def turned(self) -> Hop:
        """The same fibre in the other direction: both are alike."""
        fibre, forward = self.queue
        return Hop((fibre, not forward), self.delay_ns, self.sends_ns)


def waits(plan: Plan) -> dict[int, Waits]:
    """By the index of the demand; those whose median wait is too short to tell are left out.

    Answers come back along the same fibres where they are predicted to take as long; elsewhere
    only the path there is looked at.
    """
    paths = _paths(plan)
    waited: defaultdict[int, dict[int, int]] = defaultdict(dict)
    at: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    free_ns: defaultdict[Queue, int] = defaultdict(int)
    coming = list(_sent(plan, paths))
    heapq.heapify(coming)
    while coming:
        now_ns, demand, number, hop = heapq.heappop(coming)
        step = paths[demand][hop]
        there_ns = now_ns + step.delay_ns
        begin_ns = max(there_ns, free_ns[step.queue])
        free_ns[step.queue] = begin_ns + step.sends_ns
        waited[demand][number] = waited[demand].get(number, 0) + begin_ns - there_ns
        at[demand][step.queue[0]] += begin_ns - there_ns
        if hop + 1 < len(paths[demand]):
            heapq.heappush(coming, (free_ns[step.queue], demand, number, hop + 1))
    return {
        demand: found
        for demand, each in sorted(waited.items())
        if (found := _summed(list(each.values()), at[demand])).median_ns >= TOLD_NS
    }


def _summed(each_ns: list[int], at: Mapping[str, int]) -> Waits:
    return Waits(round(median(each_ns)), max(each_ns), max(at, key=lambda fibre: at[fibre]))


def _paths(plan: Plan) -> dict[int, list[Hop]]:
    frames = {part.demand: part.template.size_bytes for part in _probes(plan)}
    return hops_of([one for one in plan.demands if one.index in frames], plan.wiring, frames)


def hops_of(
    demands: Iterable[PlannedDemand], wiring: Wiring, frame_bytes: Mapping[int, int]
) -> dict[int, list[Hop]]:
    """Return the hops, in both directions, of each demand that is answered, by its index; a
    corrupt plan has fewer."""
    wires = {wire.fibre: wire for wire in wiring.fibres}
    found = {}
    for demand in demands:
        known = all(fibre in wires for fibre in demand.fibres)
        if not known or demand.predicted_backward_ns is None:
            continue
        hops = [
            _hop(wires[fibre], begin, frame_bytes[demand.index])
            for fibre, begin in zip(demand.fibres, demand.hubs, strict=False)
        ]
        if not hops:
            continue
        same = demand.predicted_forward_ns == demand.predicted_backward_ns
        found[demand.index] = [*hops, *map(Hop.turned, reversed(hops))] if same else hops
    return found


def _hop(wire: FibreWire, begin: str, frame_bytes: int) -> Hop:
    forward = wire.a.hub == begin
    shape = wire.forward if forward else wire.backward
    sends_ns = serialisation_ns(frame_bytes + LABEL_BYTES, max(shape.rate_bps, 8))
    return Hop((wire.fibre, forward), shape.usual_ns, sends_ns)


def _probes(plan: Plan) -> Iterator[Probe]:
    """What probes the network at rest: neither warming it nor next to a cut."""
    probing = [number for number, name in enumerate(plan.job.phases) if name == "probe"]
    for host in plan.job.hosts:
        yield from (part for part in host.of(Probe) if part.phase in probing)


def _sent(plan: Plan, paths: Mapping[int, list[Hop]]) -> Iterator[tuple[int, int, int, int]]:
    """When which probe of which demand sets out on its first hop."""
    probes = [part for part in _probes(plan) if part.demand in paths]
    a_round = sum(len(paths[part.demand]) for part in probes)
    most = max(2, MOST_STEPS // max(1, a_round))
    for part in probes:
        for number, at_ns in enumerate(part.send_times[:most]):
            yield at_ns, part.demand, number, 0


def queue_warnings(plan: Plan) -> list[str]:
    """Lines for people: on probes that wait for others, and on fibres that they fill."""
    return [*_waiting(plan), *_crowding(plan)]


def _waiting(plan: Plan) -> list[str]:
    found = waits(plan)
    if not found:
        return []
    worst = max(found, key=lambda index: found[index].median_ns)
    fibre, late_ms = found[worst].fibre, found[worst].median_ns / 1e6
    wire = next(wire for wire in plan.wiring.fibres if wire.fibre == fibre)
    rate = format_rate(min(wire.forward.rate_bps, wire.backward.rate_bps))
    name = next(one.id for one in plan.demands if one.index == worst)
    said = (
        f"probes wait for each other, which predictions ignore: those of {len(found)} of "
        f"{len(plan.demands)} demands, half of {name}'s for {late_ms:.2f} ms or more, most of it "
        f"at {fibre} ({rate}); {REMEDY}"
    )
    return [said]


def _crowding(plan: Plan) -> list[str]:
    found = sorted(crowded_fibres(plan).items(), key=lambda one: -one[1])
    if not found:
        return []
    named = ", ".join(f"{share:.0%} of {fibre}" for fibre, share in found[:MOST_NAMED])
    more = f" and of {len(found) - MOST_NAMED} more fibres" if len(found) > MOST_NAMED else ""
    return [
        f"probes alone ask for {named}{more}: they may queue behind each other; {REMEDY}",
    ]


def crowded_fibres(plan: Plan) -> dict[str, float]:
    """Fibres on which probes alone may queue: the share of the rate that they ask for."""
    asked: dict[str, float] = {}
    for demand in plan.demands:
        for fibre in demand.fibres:
            asked[fibre] = asked.get(fibre, 0.0) + demand.probe_bps
    rates = {
        one.fibre: min(one.forward.rate_bps, one.backward.rate_bps) for one in plan.wiring.fibres
    }
    shares = {fibre: bps / rates[fibre] for fibre, bps in asked.items() if rates[fibre]}
    return {fibre: share for fibre, share in shares.items() if share > COMPETING}


# When periodic probes of each demand start, so that no two meet on a fibre. Pure.
#
# Predictions are of a lone probe. Periodic probes repeat, so two demands that meet once meet at
# every probe, and both measure the wait as if it were their round trip. All delays are known, so
# starts are moved until no probe finds another on a fibre: the first demand stays, each other one
# moves as little as suffices.


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
