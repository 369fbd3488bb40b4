"""Which event may have lost which probes. Pure.

Probes lost one after another belong to the event that hits their demand and began last before the
first of them could have arrived, but for those that come after that event may have lost them.
Where packets were counted, that count says how many probes a dark path took: what was lost from its
beginning on and then the longest runs are taken for it, and what is left was lost in a full queue,
at a meter or at random.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.plan.values import Impact, Plan, PlannedDemand, PlannedEvent
from corridor.experiments.results.outages import runs
from corridor.experiments.scenario.event_registry import KINDS

OVER_NS, HELD_OUT_NS = 1_000_000_000, 10_000_000_000
"""After the end of an event: what is lost until then may be of it; and where fibres that have
failed are not used again at once."""
AT_ONCE_NS = 3_000_000_000
"""After an event that is over at once begins: the same."""
NO_EVENT = ""
"""Losses on a dark path are counted under this name if no event caused it."""
NOBODY = -1
AT_RANDOM = "at random"
"""No id of an event has a space."""


class Sent(NamedTuple):
    """The probes of a demand in order, and how many of the warm-up before were lost."""

    sent_ns: NDArray[np.int64]
    lost: NDArray[np.bool_]
    lost_before: int = 0


class Part(NamedTuple):
    """Probes lost one after another, and whose they may be."""

    first: int
    end: int
    """One after the last."""
    owner: int
    """The number of an event, or NOBODY: none is near."""
    is_expected: bool
    """Whether that event was expected to hit the demand."""


class Counted(NamedTuple):
    """How many probes of a demand were lost, as packets were counted."""

    dark: Mapping[str, int]
    """Without a path, or on a fibre or at a gateway that an event removed, by that event; under
    an empty name without an event."""
    at_random: int = 0


def parts(plan: Plan, demand: PlannedDemand, of: Sent) -> Iterator[Part]:
    """In order of time."""
    for first, last in runs(of.lost):
        while first < last:
            owner, is_expected = _owner(plan, demand, int(of.sent_ns[first]))
            until_ns = _until_ns(plan, demand, owner, int(of.sent_ns[first]))
            end = first + max(1, int(np.searchsorted(of.sent_ns[first:last], until_ns)))
            yield Part(first, end, owner, is_expected)
            first = end


def _until_ns(plan: Plan, demand: PlannedDemand, owner: int, sent_ns: int) -> float:
    """Before when probes are sent that belong to an owner: until it can have lost none any more, or
    until what begins then may, if it is over itself or is nobody."""
    reach_ns = longest_ns(plan, demand)
    later = [one for one in plan.events if KINDS[one.kind].disturbs]
    later = [one for one in later if one.begin_ns > sent_ns + reach_ns]
    if owner == NOBODY and demand.predicted_rtt_ns is None:
        return math.inf
    if owner == NOBODY:
        return min((one.begin_ns - reach_ns for one in later), default=math.inf)
    event = plan.events[owner]
    ended_ns = event.begin_ns if not KINDS[event.kind].end else event.end_ns
    begins = [
        one.begin_ns - reach_ns
        for one in later
        if ended_ns is not None and one.begin_ns >= ended_ns and impact_of(one, demand) is not None
    ]
    return min([_over_ns(plan, event, impact_of(event, demand)), *begins])


def owners(plan: Plan, demand: PlannedDemand, of: Sent, counted: Counted) -> NDArray[np.int64]:
    """By probe; no more of them than were ``counted``, those first whose event is the same by that
    count."""
    found = np.full(len(of.lost), NOBODY)
    left = Counter(counted.dark)
    left[AT_RANDOM] = counted.at_random

    def likely(one: Part) -> tuple[bool, int, int]:
        """First what was lost from the moment on at which its event began, then the longest."""
        is_late = (
            one.owner != NOBODY
            and one.first > 0
            and int(of.sent_ns[one.first - 1]) >= plan.events[one.owner].begin_ns
        )
        return is_late, one.first - one.end, one.first

    longest = sorted(parts(plan, demand, of), key=likely)
    near = [part for part in longest if part.owner != NOBODY]
    of_nobody = sum(part.end - part.first for part in longest if part.owner == NOBODY)
    if demand.predicted_rtt_ns is None:
        left[NO_EVENT] -= min(left[NO_EVENT], of_nobody)
    for own in (True, False):
        for part in near:
            event, first = plan.events[part.owner], part.first
            while first < part.end and found[first] != NOBODY:
                first += 1
            names = [event.id] if own else [name for name in left if name != AT_RANDOM]
            if is_lossy(impact_of(event, demand)):
                names.append(AT_RANDOM)
            for name in names:
                taken = min(left[name], part.end - first)
                found[first : first + taken] = part.owner
                first, left[name] = first + taken, left[name] - taken
    return found


def impact_of(event: PlannedEvent, demand: PlannedDemand) -> Impact | None:
    return next((one for one in event.impacts if one.demand == demand.index), None)


def longest_ns(plan: Plan, demand: PlannedDemand) -> int:
    """The longest round trip that a demand is expected to have at any time."""
    impacts = (impact_of(event, demand) for event in plan.events)
    rtts_ns = [
        rtt_ns
        for one in impacts
        if one is not None
        for rtt_ns in (one.before_rtt_ns, one.bridged_rtt_ns, one.followed_rtt_ns)
    ]
    return max(filter(None, [demand.predicted_rtt_ns, *rtts_ns]), default=0)


def is_lossy(impact: Impact | None) -> bool:
    """Whether an event makes fibres lose at random."""
    return impact is not None and impact.out_ns is None and impact.followed_rtt_ns is not None


def _owner(plan: Plan, demand: PlannedDemand, sent_ns: int) -> tuple[int, bool]:
    """Of a run of lost probes of which this was the first, and whether it was expected to hit the
    demand; NOBODY if no event is near."""
    arrives_ns = sent_ns + longest_ns(plan, demand)
    near = [
        number
        for number, event in enumerate(plan.events)
        if KINDS[event.kind].disturbs
        and event.begin_ns <= arrives_ns
        and sent_ns < _over_ns(plan, event, impact_of(event, demand))
    ]
    hitting = [number for number in near if impact_of(plan.events[number], demand) is not None]
    latest = max(hitting or near, key=lambda number: plan.events[number].begin_ns, default=NOBODY)
    return latest, bool(hitting)


def _over_ns(plan: Plan, event: PlannedEvent, impact: Impact | None) -> float:
    """After the epoch, until when what an event has done may lose a probe: sessions of BFD come up
    slowly, and a fibre that has failed is held out for a while."""
    kind = KINDS[event.kind]
    if event.end_ns is not None:
        slow = plan.follows or plan.bfd_interval_ms is not None
        return event.end_ns + (HELD_OUT_NS if slow else OVER_NS)
    if kind.end:
        return math.inf
    forbidden = impact is not None and impact.followed_rtt_ns is None
    return math.inf if forbidden else event.begin_ns + AT_ONCE_NS
