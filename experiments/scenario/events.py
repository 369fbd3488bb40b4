"""Events of a scenario, its faults among them, with names, and held against what there is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import PolicySet
from corridor.experiments.scenario.event_registry import LOADS, STREAM, TRANSFER
from corridor.experiments.scenario.kinds import Event, Fault, TimedEvent
from corridor.experiments.scenario.moments import NAMED, START, STREAMS, Moment
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.options import Values
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Topology

if TYPE_CHECKING:
    from corridor.topologies.model.fault_kind import EventKind


@dataclass(frozen=True)
class NamedEvent:
    """One event, however it was written."""

    id: str
    kind: EventKind
    what: str
    options: Values
    begins: Moment
    ends: Moment | None
    """Unless it lasts until the run ends."""
    lasts_ns: int | None
    place: tuple[str, int]
    """Where it stands: the list, and its number there."""
    policies: PolicySet | None = None
    """Of an event that asks for others."""

    def __str__(self) -> str:
        if self.place[0] == "workloads":
            return f'workload "{self.what}"'
        return f"{self.place[0]}[{self.place[1]}] ({self.id})"


def named_events(faults: Sequence[Fault], timeline: Sequence[Event]) -> tuple[NamedEvent, ...]:
    """All of a scenario, in the order in which they are written."""
    written: list[tuple[tuple[str, int], Fault | Event]] = [
        *((("faults", number), one) for number, one in enumerate(faults)),
        *((("timeline", number), one) for number, one in enumerate(timeline)),
    ]
    taken = {one.id for one in timeline if one.id}
    named = []
    for place, one in written:
        given = one.id if isinstance(one, TimedEvent) else None
        name = given or _free(f"{one.kind.key}-{one.what}".translate(PLAIN), taken)
        taken.add(name)
        named.append(
            NamedEvent(
                id=name,
                kind=one.kind,
                what=one.what,
                options=one.options,
                begins=one.begins,
                ends=one.ends,
                lasts_ns=one.lasts if isinstance(one, TimedEvent) else None,
                place=place,
            )
        )
    return tuple(named)


PLAIN = str.maketrans(":@", "--")
"""Of ids of events that have none: what moments with their names cannot contain."""


def _free(name: str, taken: Collection[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


@dataclass(frozen=True)
class Known:
    """What events may name."""

    topology: Topology
    topology_name: str
    demands: Mapping[str, bool]
    """By id; whether it streams or transfers anyway, after all probing."""
    workloads: Collection[str]
    """Their ids."""
    streams: bool
    """Whether anything streams."""
    has_bfd: bool
    follows: bool
    domains: Collection[str]
    """Those that have a controller each; empty where one controller serves all."""

    def names(self, kind: EventKind) -> Collection[str]:
        topology = self.topology
        if self.domains and kind.disconnects == "controller":
            return self.domains
        return {
            "fibre": [fibre.id for fibre in topology.fibres],
            "hub": [hub.id for hub in topology.hubs],
            "group": topology.srlgs,
            "jurisdiction": {hub.located_in for hub in topology.hubs},
            "demand": self.demands,
            "workload": self.workloads,
            "process": kind.names,
            "domain": self.domains,
        }.get(kind.of, ())


def checked(
    document: Document, events: Sequence[NamedEvent], known: Known, folder: Path
) -> tuple[NamedEvent, ...]:
    """The events with their policies loaded; raises InputError with the line of one that cannot
    be."""
    found = []
    for event in events:
        _check_name(document, event, known)
        _check_use(document, event, known)
        asked = _policies(document, event, known, folder) if event.kind.of == "file" else None
        found.append(replace(event, policies=asked))
    _refuse_second_loads(document, events)
    _check_moments(document, events, known)
    _refuse_overlaps(document, events)
    return tuple(found)


def _check_name(document: Document, event: NamedEvent, known: Known) -> None:
    kind, names = event.kind, known.names(event.kind)
    if kind.of in ("file", "day") or event.what in names:
        return
    hint = nearest_named(event.what, names)
    if not hint and kind.of in ("demand", "process", "workload", "domain"):
        few = ", ".join(sorted(names)[:5])
        missing = "controller: {domains: operators}" if kind.of == "domain" else "workloads"
        hint = f"use one of {few}" if few else f"give the scenario {missing}"
    hint = hint or f"corridor topology show {known.topology_name}"
    noun = "fault" if event.place[0] == "faults" else "event"
    message = f'{noun} of unknown {kind.of} "{event.what}"'
    raise document.error(message, *event.place, kind.key, hint=hint)


def _check_use(document: Document, event: NamedEvent, known: Known) -> None:
    kind, key = event.kind, event.kind.key
    if misfit := kind.misfit(known.topology, event.what, event.options):
        raise document.error(misfit, *event.place)
    for flag in sorted(kind.only_bfd_notices):
        if event.options[flag] and not known.has_bfd:
            raise unnoticed(document, *event.place, flag)
    if kind.asks_controller and not known.follows:
        message = f"{key} has no effect on a controller that does not follow events"
        raise document.error(message, *event.place, key, hint="leave follow: false out")
    if key in LOADS and known.demands[event.what]:
        message = f'"{event.what}" has a throughput already'
        raise document.error(message, *event.place, key, hint="leave one of the two out")
    if key == TRANSFER and (event.lasts_ns is None or event.lasts_ns % NS_PER_S):
        message = "a transfer lasts whole seconds"
        raise document.error(message, *event.place, hint="write for example for: 2s")


def unnoticed(document: Document, *place: str | int) -> InputError:
    """For a failure of which only BFD would tell."""
    hint = "give network a bfd interval, for example bfd: 15ms"
    return document.error("a silent cut would not be detected", *place, hint=hint)


def _policies(document: Document, event: NamedEvent, known: Known, folder: Path) -> PolicySet:
    beside = folder / event.what
    try:
        return load_policies(str(beside) if is_file(beside) else event.what, known.topology)
    except InputError as error:
        raise document.error_of_named(error, *event.place, event.kind.key) from error


def _refuse_second_loads(document: Document, events: Sequence[NamedEvent]) -> None:
    """A demand has one stream and one transfer at most: each has its own ports."""
    first: dict[tuple[str, str], NamedEvent] = {}
    for event in events:
        name = event.kind.key, event.what
        if event.kind.key in LOADS and name in first:
            message = f'"{event.what}" has a {event.kind.key} already: {first[name].id}'
            raise document.error(message, *event.place, event.kind.key, hint="leave one out")
        first.setdefault(name, event)


def _check_moments(document: Document, events: Sequence[NamedEvent], known: Known) -> None:
    """Every name that an event counts from is one, and none counts from itself."""
    counts = Counter(event.id for event in events)
    streams = [event.id for event in events if event.kind.key == STREAM]
    counted_from: dict[str, set[str]] = {}
    for event in events:
        _check_id(document, event, counts)
        for key, moment in _moments(event):
            _check_moment(document, event, key, moment, counts, known)
            counted_from.setdefault(event.id, set()).update(_counted_from(moment, streams))
    in_circles = _in_circles(counted_from)
    for event in events if in_circles else ():
        if event.id in in_circles and event.id in _all_of(event.id, counted_from):
            message = f'"{event.id}" counts from itself'
            raise document.error(message, *event.place, hint="count from the start")


def _in_circles(counted_from: Mapping[str, Collection[str]]) -> set[str]:
    """Return the events that count from a circle of events; empty without a circle.

    Events that count from none that is left are taken away, again and again (Kahn's algorithm).
    """
    left = {event: len(others) for event, others in counted_from.items()}
    followers: dict[str, list[str]] = {}
    for event, others in counted_from.items():
        for other in others:
            followers.setdefault(other, []).append(event)
    waiting = [event for event, count in left.items() if not count]
    while waiting:
        event = waiting.pop()
        del left[event]
        for follower in followers.get(event, ()):
            left[follower] -= 1
            if not left[follower]:
                waiting.append(follower)
    return {*left}


def _all_of(event: str, counted_from: Mapping[str, Collection[str]]) -> set[str]:
    """All events that one depends on, however far away."""
    found, waiting = set[str](), [event]
    while waiting:
        new = set(counted_from.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


def _check_id(document: Document, event: NamedEvent, counts: Mapping[str, int]) -> None:
    if event.id in NAMED:
        message = f'"{event.id}" is a moment of every run, and cannot be the id of an event'
        raise document.error(message, *event.place, "id", hint="give it another")
    if counts[event.id] > 1:
        message = f'event id "{event.id}" is used {counts[event.id]} times'
        raise document.error(message, *event.place, hint="give each its own")


def _check_moment(
    document: Document,
    event: NamedEvent,
    key: str,
    moment: Moment,
    ids: Collection[str],
    known: Known,
) -> None:
    if moment.name == STREAMS and not known.streams:
        hint = "give a demand a throughput, or the timeline a stream"
        raise document.error("no demand sends a stream in this scenario", *event.place, hint=hint)
    if moment.event and moment.event not in ids:
        hint = nearest(moment.event, [*ids, *NAMED]) or "name an event's id"
        message = f'no moment is called "{moment.name}"'
        raise document.error(message, *event.place, key, hint=hint)


def _counted_from(moment: Moment, streams: Sequence[str]) -> Sequence[str]:
    """The ids of the events that a moment depends on."""
    if moment.name == STREAMS:
        return streams
    return [moment.event] if moment.event else []


def _moments(event: NamedEvent) -> Iterator[tuple[str, Moment]]:
    yield "at", event.begins
    if event.ends is not None:
        yield "until", event.ends


def _refuse_overlaps(document: Document, events: Sequence[NamedEvent]) -> None:
    """Of one kind, one of the same thing at a time: the end of the first would end the second.

    Those that count from other moments are looked at once it is known when they are.
    """
    ends: dict[tuple[str, str], float] = {}
    for event in sorted(filter(_is_timed, events), key=lambda one: one.begins.offset_ns):
        name = event.kind.key, event.what
        if event.begins.offset_ns < ends.get(name, 0):
            message = f'another {event.kind.key} of "{event.what}" lasts when this one begins'
            hint = "end that one before, or make one of both"
            raise document.error(message, *event.place, event.kind.key, hint=hint)
        ends[name] = _over_ns(event)


def _is_timed(event: NamedEvent) -> bool:
    """Whether an event lasts, and counts from the start alone."""
    names = {moment.name for _, moment in _moments(event)}
    return bool(event.kind.end) and names == {START}


def _over_ns(event: NamedEvent) -> float:
    """After the start, when an event is over that counts from there."""
    begin_ns = event.begins.offset_ns
    if event.kind.steps is not None:
        return begin_ns + event.kind.steps(event.options)[-1][0]
    if event.lasts_ns is not None:
        return begin_ns + event.lasts_ns
    return math.inf if event.ends is None else event.ends.offset_ns
