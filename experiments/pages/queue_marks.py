"""What queues with ECN marked, in addition to what queues dropped. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.queue_counters import ClassSummary, QueueSummary
from corridor.experiments.account.summary import Summary
from corridor.experiments.pages.words import NOTHING
from corridor.topologies.base.words import counted


@dataclass(frozen=True)
class Row:
    """A class of a queue before one direction of a fibre."""

    fibre: str
    start: str
    discipline: str
    name: str
    passed: int
    dropped: int
    marked: str


@dataclass(frozen=True)
class QueueMarks:
    title: str
    said: str
    rows: Sequence[Row]


def queue_marks_of(summary: Summary) -> QueueMarks | None:
    """None where no queue marks."""
    found = [(queue, one) for queue in summary.queues for one in queue.classes]
    marking = [one.ce_marks for _queue, one in found if one.ce_marks is not None]
    if not marking:
        return None
    rows = [_row(queue, one) for queue, one in found if one.drops or one.ce_marks]
    said = (
        f"Queues with marking have marked {counted(sum(marking), 'packet')} (congestion "
        "experienced, RFC 3168). Marks are not losses: senders that support them slow down as "
        "after a loss."
    )
    return QueueMarks("Packets marked by queues", said, rows)


def _row(queue: QueueSummary, one: ClassSummary) -> Row:
    marked = str(one.ce_marks) if one.ce_marks is not None else NOTHING
    where = (queue.fibre, queue.from_, queue.discipline)
    return Row(*where, one.name, one.sent_packets, one.drops, marked)
