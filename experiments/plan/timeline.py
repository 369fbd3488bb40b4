"""When each event of a scenario begins and ends, and what is done to the network then. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corridor.experiments.plan.values import Change
from corridor.experiments.scenario.event_registry import STREAM
from corridor.experiments.scenario.events import NamedEvent
from corridor.experiments.scenario.moments import START, STREAMS, Moment
from corridor.topologies.base.documents import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.fault_kind import QUICKEN, QUICKEN_NS, REPEATED_AFTER_NS, SLOW
from corridor.topologies.model.topology import Topology

SETTLED_NS = 5_000_000_000
"""After an event: sessions come up slowly (RFC 5880, 6.8.3)."""
ENDS = ("until", "for", "stop")
"""Keys that say when something ends."""
type Moments = Mapping[str, int]
"""Nanoseconds after the epoch, by name."""


@dataclass(frozen=True)
class Placed:
    """An event with its times after the epoch, in ns."""

    event: NamedEvent
    begin_ns: int
    end_ns: int | None
    """None if it lasts until the run ends, or is over at once."""


class Clock:
    """Finds out when events are, each by those that it counts from."""

    def __init__(self, events: Sequence[NamedEvent], named: Moments, document: Document) -> None:
        self._events = {event.id: event for event in events}
        self._named = dict(named)
        self._document = document
        self._placed: dict[str, Placed] = {}
        self._streams = [event for event in events if event.kind.key == STREAM]

    def placed(self) -> tuple[Placed, ...]:
        """All events in order of time; of those at the same time, as they are written."""
        for event in self._events.values():
            self._place_with_earlier(event)
        found = [self._placed[event.id] for event in self._events.values()]
        return tuple(sorted(found, key=lambda one: one.begin_ns))

    def _place_with_earlier(self, event: NamedEvent) -> None:
        """Place an event after those that it counts from, without a limit on how many follow each
        other. No event counts from itself: that is refused when a scenario is loaded."""
        waiting = [event]
        while waiting:
            before = self._events_before(waiting[-1])
            missing = [one for one in before if one.id not in self._placed]
            waiting += missing
            if not missing:
                last = waiting.pop()
                self._placed[last.id] = self._place(last)

    def _events_before(self, event: NamedEvent) -> Iterator[NamedEvent]:
        """Yield the events that an event counts from."""
        for moment in (event.begins, event.ends):
            if moment is not None and moment.name == STREAMS:
                yield from self._streams
            elif moment is not None and moment.event:
                yield self._events[moment.event]

    def _place(self, event: NamedEvent) -> Placed:
        begin_ns = self._at(event.begins, event)
        placed = Placed(event, begin_ns, self._end_ns(event, begin_ns))
        if begin_ns < self._named[START]:
            raise self.wrong(event, "begins before the first probe is sent")
        if placed.end_ns is not None and placed.end_ns <= begin_ns:
            raise self.wrong(event, "ends before it has begun")
        return placed

    def _end_ns(self, event: NamedEvent, begin_ns: int) -> int | None:
        if event.kind.steps is not None:
            return begin_ns + event.kind.steps(event.options)[-1][0]
        if event.lasts_ns is not None:
            return begin_ns + event.lasts_ns
        return None if event.ends is None else self._at(event.ends, event)

    def _at(self, moment: Moment, of: NamedEvent) -> int:
        if moment.name == STREAMS:
            return self._streams_ns(of) + moment.offset_ns
        if not moment.event:
            return self._named[moment.name] + moment.offset_ns
        other = self._placed[moment.event]
        if not moment.after_its_end:
            return other.begin_ns + moment.offset_ns
        if other.end_ns is None:
            raise self.wrong(other.event, "has no end to count from")
        return other.end_ns + moment.offset_ns

    def _streams_ns(self, of: NamedEvent) -> int:
        """When the first stream begins: of those sent by themselves, and those of the timeline."""
        begin_ns = [self._placed[one.id].begin_ns for one in self._streams]
        begin_ns += [self._named[STREAMS]] if STREAMS in self._named else []
        if not begin_ns:
            raise self.wrong(of, "counts from streams, and all of them are blocked")
        return min(begin_ns)

    def wrong(self, event: NamedEvent, why: str, hint: str = "give it other times") -> InputError:
        """Told at the event, or at the key that ends it, where it is written."""
        at = event.place
        key = next((one for one in ENDS if why.startswith("ends") and self._has(event, one)), None)
        where = (*at, key) if key else at
        return self._document.error(f"{event} {why}", *where, hint=hint)

    def _has(self, event: NamedEvent, key: str) -> bool:
        return self._document.value(*event.place, key) is not None


def refuse_outside(
    clock: Clock, placed: Sequence[Placed], start_ns: int, last_ns: int, over_ns: int
) -> None:
    """InputError for an event that begins when nothing is sent any more, or that is to end when
    the run is over."""
    for one in placed:
        if one.begin_ns >= last_ns:
            at, last = (format_duration(moment - start_ns) for moment in (one.begin_ns, last_ns))
            why = f"begins at {at}, and the last packet is sent at {last}"
            raise clock.wrong(one.event, why, "probe for longer (probe: count), or place it before")
        acts = one.event.kind.end or one.event.kind.steps is not None
        if acts and one.end_ns is not None and one.end_ns > over_ns:
            at, over = (format_duration(moment - start_ns) for moment in (one.end_ns, over_ns))
            why = f"ends at {at}, and the run is over at {over}"
            raise clock.wrong(one.event, why, "give it no end, or probe for longer (probe: count)")


def refuse_overlaps(clock: Clock, placed: Sequence[Placed]) -> None:
    """InputError for two of one kind of the same thing at a time: the end of the first would end
    the second as well."""
    last: dict[tuple[str, str], Placed] = {}
    for one in placed:
        name = one.event.kind.key, one.event.what
        before = last.get(name)
        if before is not None and one.event.kind.end and _lasts_beyond(before, one.begin_ns):
            why = f"begins while {before.event.id} lasts, which is the same event"
            raise clock.wrong(one.event, why, "end that one before, or make one of both")
        last[name] = one


def _lasts_beyond(one: Placed, moment_ns: int) -> bool:
    return one.end_ns is None or one.end_ns > moment_ns


def changes(placed: Sequence[Placed], topology: Topology) -> tuple[Change, ...]:
    """What is done when; of what is due at the same time ends come first, so that an event may
    follow another of its kind."""
    begins = [change for one in placed for change in _begins(one, topology)]
    ends = [
        Change(one.end_ns, one.event.kind.end, one.event.what, event=one.event.id)
        for one in placed
        if one.end_ns is not None and one.event.kind.end and one.event.kind.steps is None
    ]
    return tuple(sorted([*ends, *begins], key=lambda change: change.at_ns))


def bfd_changes(placed: Sequence[Placed], topology: Topology) -> Iterator[Change]:
    """BFD is as quick as the scenario says on fibres that events touch, from before they do until
    sessions have come up again. It begins slowly, and is slow elsewhere: each costs wall time by
    the packet."""
    for fibre, spans in sorted(_heeded(placed, topology).items()):
        for begin_ns, end_ns in _merged(spans):
            yield from quickened(begin_ns, fibre)
            if end_ns is not None:
                yield Change(end_ns, SLOW, fibre)


def quickened(begin_ns: int, fibre: str) -> Iterator[Change]:
    """Ask for the planned interval of a fibre from ``begin_ns`` on, so that it is in force
    ``QUICKEN_NS`` later. One that is to begin before the epoch is in force at the epoch."""
    for after_ns in REPEATED_AFTER_NS if begin_ns > 0 else (0,):
        yield Change(max(0, begin_ns) + after_ns, QUICKEN, fibre)


type Span = tuple[int, int | None]


def _heeded(placed: Sequence[Placed], topology: Topology) -> dict[str, list[Span]]:
    """When BFD of which fibres has to be quick."""
    spans: dict[str, list[Span]] = {}
    for one in placed:
        kind, options = one.event.kind, one.event.options
        fibres = set(kind.disabled_fibres(topology, one.event.what, options))
        if kind.needs_bfd(options):
            fibres |= kind.shapes(topology, one.event.what, options).keys()
        end_ns = None if one.end_ns is None else one.end_ns + SETTLED_NS
        for fibre in fibres:
            spans.setdefault(fibre, []).append((one.begin_ns - QUICKEN_NS, end_ns))
    return spans


def _merged(spans: Sequence[Span]) -> Iterator[Span]:
    """The same time without overlaps."""
    begin_ns, end_ns = min(spans, key=lambda span: span[0])
    for following in sorted(spans, key=lambda span: span[0]):
        if end_ns is not None and following[0] > end_ns + QUICKEN_NS:
            yield begin_ns, end_ns
            begin_ns, end_ns = following
        elif end_ns is not None:
            end_ns = None if following[1] is None else max(end_ns, following[1])
    yield begin_ns, end_ns


def _begins(one: Placed, topology: Topology) -> Iterator[Change]:
    event, kind = one.event, one.event.kind
    if kind.steps is not None:
        for offset_ns, do in kind.steps(event.options):
            yield Change(one.begin_ns + offset_ns, do, event.what, event=event.id)
    elif kind.begin:
        do = kind.begins_by(event.options)
        yield Change(one.begin_ns, do, event.what, _kept(event, topology), event.id)


def _kept(event: NamedEvent, topology: Topology) -> dict[str, Any]:
    """The options that an action gets, with what a guest could not find out."""
    kept = event.kind.kept_on(topology, event.what, event.options)
    if event.policies is not None:
        kept["set"] = event.policies.model_dump(mode="json", by_alias=True)
    return kept
