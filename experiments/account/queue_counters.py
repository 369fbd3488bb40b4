"""What the classes of queues in front of fibres counted while it was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.topologies.base.codec import OMIT_NONE, to_plain
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.topologies.emulation.fibre_counters import ClassCounters

FILE = "queues.json"
"""In ``raw``; only of runs in which fibres have queues of a kind."""
COUNTED = ("sent_packets", "sent_bytes", "drops", "ce_marks")


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
        said = json.loads((raw / FILE).read_text())
        return list(_summed(wiring, said["before"], said["after"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _summed(wiring: Wiring, before: Any, after: Any) -> Iterator[QueueSummary]:
    for fibre in wiring.fibres:
        for end, shape in ((fibre.a, fibre.forward), (fibre.z, fibre.backward)):
            now = after.get(end.interface, [])
            then = {one["name"]: one for one in before.get(end.interface, [])}
            classes = [_since(one, then.get(one["name"], {}), marks=shape.queue.ecn) for one in now]
            if any(one.sent_packets or one.drops for one in classes):
                yield QueueSummary(
                    fibre=fibre.fibre,
                    from_=end.hub,
                    discipline=shape.queue.name,
                    classes=tuple(classes),
                )


def _since(now: Mapping[str, Any], then: Mapping[str, Any], *, marks: bool) -> ClassSummary:
    so_far, before = ({name: int(one.get(name, 0)) for name in COUNTED} for one in (now, then))
    counted = {name: so_far[name] - before[name] for name in COUNTED}
    if any(value < 0 for value in counted.values()):
        counted = so_far
    return ClassSummary(
        name=str(now["name"]),
        sent_packets=counted["sent_packets"],
        sent_bytes=counted["sent_bytes"],
        drops=counted["drops"],
        backlog_packets=int(now["backlog_packets"]),
        ce_marks=counted["ce_marks"] if marks else None,
    )
