"""What the classes of queues in front of fibres counted while it was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.topologies.base.codec import OMIT_NONE, from_plain, to_plain
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.topologies.emulation.fibre_counters import ClassCounters

FILE = "queues.json"
"""In ``raw``; only of runs in which fibres have queues of a kind."""


@dataclass(frozen=True, kw_only=True)
class ClassSummary:
    """Packets and octets that passed, what was dropped, and what still waited at the end."""

    name: str
    sent_packets: int
    sent_bytes: int
    drops: int
    backlog_packets: int
    ce_marks: int | None = field(default=None, metadata=OMIT_NONE)
    """Packets marked instead of dropped (congestion experienced); only where a queue marks."""


@dataclass(frozen=True, kw_only=True)
class QueueSummary:
    """Of one direction of a fibre: that which is entered at the hub ``from``."""

    fibre: str
    from_: str
    discipline: str
    classes: tuple[ClassSummary, ...]


type ByInterface = Mapping[str, Sequence[ClassCounters]]


def write_queues(raw: Path, before: ByInterface, after: ByInterface) -> None:
    """Nothing where no fibre has such a queue."""
    if not after:
        return
    said = {
        when: {name: to_plain(list(classes)) for name, classes in counted.items()}
        for when, counted in (("before", before), ("after", after))
    }
    (raw / FILE).write_text(json.dumps(said))


def read_queues(raw: Path, wiring: Wiring) -> list[QueueSummary]:
    """Of each direction that a packet came to; none where nothing was counted, or cannot be read.

    A queue whose interface was created again counts from that moment."""
    try:
        said = from_plain(_Counted, json.loads((raw / FILE).read_text()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return list(_summed(wiring, said))


@dataclass(frozen=True)
class _Counted:
    """The file: by interface, the classes of its queue."""

    before: dict[str, tuple[ClassSummary, ...]]
    after: dict[str, tuple[ClassSummary, ...]]


def _summed(wiring: Wiring, said: _Counted) -> Iterator[QueueSummary]:
    for fibre in wiring.fibres:
        for end, shape in ((fibre.a, fibre.forward), (fibre.z, fibre.backward)):
            now = said.after.get(end.interface, ())
            then = {one.name: one for one in said.before.get(end.interface, ())}
            classes = [_since(one, then.get(one.name), marks=shape.queue.ecn) for one in now]
            if any(one.sent_packets or one.drops for one in classes):
                yield QueueSummary(
                    fibre=fibre.fibre,
                    from_=end.hub,
                    discipline=shape.queue.name,
                    classes=tuple(classes),
                )


def _since(now: ClassSummary, then: ClassSummary | None, *, marks: bool) -> ClassSummary:
    so_far, before = (_counts(one) for one in (now, then))
    more = [count - less for count, less in zip(so_far, before, strict=True)]
    sent_packets, sent_bytes, drops, ce_marks = so_far if min(more) < 0 else more
    return ClassSummary(
        name=now.name,
        sent_packets=sent_packets,
        sent_bytes=sent_bytes,
        drops=drops,
        backlog_packets=now.backlog_packets,
        ce_marks=ce_marks if marks else None,
    )


def _counts(of: ClassSummary | None) -> Sequence[int]:
    """Of a class; zeros of one that was not there."""
    if of is None:
        return (0,) * 4
    return of.sent_packets, of.sent_bytes, of.drops, of.ce_marks or 0
