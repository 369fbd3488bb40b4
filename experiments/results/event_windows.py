"""A run cut into stretches: before, while and after each event of its timeline. Pure.

An event lasts from its beginning until its end; one that is over at once does not last, and one
without an end lasts until the last packet is sent. Nothing else happens in a stretch before or
after: it reaches to where another event begins or ends. While an event lasts others may begin.
Times are ns after the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from corridor.experiments.plan.values import Plan, PlannedEvent
from corridor.experiments.scenario.event_registry import KINDS

When = Literal["before", "while", "after"]


class EventWindow(NamedTuple):
    event: str
    when: When
    from_ns: int
    until_ns: int
    on: tuple[str, ...] = ()
    """All events that last at some time of it, or happen in it, in order of time."""

    def holds(self, at_ns: int | None) -> bool:
        return at_ns is not None and self.from_ns <= at_ns < self.until_ns

    @property
    def lasts_ns(self) -> int:
        return self.until_ns - self.from_ns


def stretches(plan: Plan) -> list[EventWindow]:
    """Those that last, by event in order of time; none of a run without events."""
    events = [one for one in plan.events if not KINDS[one.kind].observes]
    over_ns = ends_ns(plan)
    edges = sorted(
        {
            plan.start_ns,
            over_ns,
            *(moment for one in events for moment in (one.begin_ns, one.end_ns) if moment),
        }
    )
    found = (stretch for one in events for stretch in _of(one, edges, over_ns))
    spans = [(one.id, one.begin_ns, _end_ns(one, over_ns)) for one in events]
    return [one._replace(on=tuple(_on(one, spans))) for one in found if one.lasts_ns > 0]


def _on(stretch: EventWindow, spans: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    for name, begin_ns, end_ns in sorted(spans, key=lambda one: one[1]):
        at_once = begin_ns == end_ns and stretch.from_ns < begin_ns < stretch.until_ns
        if at_once or (begin_ns < stretch.until_ns and end_ns > stretch.from_ns):
            yield name


def ends_ns(plan: Plan) -> int:
    """When workloads begin nothing more, or events are over, whichever is last."""
    windows = [end_ns for one in plan.workloads for _, end_ns in one.windows]
    begins = [one.begin_ns for one in plan.events]
    ends = [one.end_ns for one in plan.events if one.end_ns is not None]
    return max([plan.start_ns, *windows, *begins, *ends])


def _of(event: PlannedEvent, edges: Sequence[int], over_ns: int) -> Iterator[EventWindow]:
    begin_ns = event.begin_ns
    end_ns = _end_ns(event, over_ns)
    before_ns = max((edge for edge in edges if edge < begin_ns), default=begin_ns)
    after_ns = min((edge for edge in edges if edge > end_ns), default=end_ns)
    yield EventWindow(event.id, "before", before_ns, begin_ns)
    yield EventWindow(event.id, "while", begin_ns, end_ns)
    yield EventWindow(event.id, "after", end_ns, after_ns)


def _end_ns(event: PlannedEvent, over_ns: int) -> int:
    if event.end_ns is not None:
        return event.end_ns
    kind = KINDS[event.kind]
    return over_ns if kind.end or kind.of == "workload" else event.begin_ns
