"""What the classes of queues passed, marked and dropped, as a table for a terminal. Pure."""

from __future__ import annotations

from corridor.experiments.account.queue_counters import ClassSummary, QueueSummary
from corridor.experiments.account.summary import Summary
from corridor.experiments.terminal.columns import render

MOST_LINES = 20
HEADINGS = ("fibre", "from hub", "discipline", "queue class", "sent", "dropped")
CE_MARKS = "CE marks"


def queues_table(summary: Summary, width: int | None) -> str:
    """A row for each class of the queues that dropped or marked packets, those that dropped most
    first; empty where none did."""
    full = [queue for queue in summary.queues if any(_dropped_and_marked(queue))]
    full.sort(key=_dropped_and_marked, reverse=True)
    classes = [(queue, one) for queue in full for one in queue.classes]
    if not classes:
        return ""
    has_marks = any(one.ce_marks is not None for _queue, one in classes)
    headings = (*HEADINGS, CE_MARKS) if has_marks else HEADINGS
    rows = [_row(queue, one)[: len(headings)] for queue, one in classes]
    more = [f"and {len(rows) - MOST_LINES} more queue classes"] if len(rows) > MOST_LINES else []
    numbers = frozenset(headings[4:])
    table = render(headings, rows[:MOST_LINES], numbers, width=width, spare=("discipline",))
    return "\n".join([table, *more])


def _dropped_and_marked(queue: QueueSummary) -> tuple[int, int]:
    classes = queue.classes
    return sum(one.drops for one in classes), sum((one.ce_marks or 0) for one in classes)


def _row(queue: QueueSummary, one: ClassSummary) -> tuple[str, ...]:
    """A queue that never marks says so by nothing."""
    return (
        queue.fibre,
        queue.from_,
        queue.discipline,
        one.name,
        str(one.sent_packets),
        str(one.drops),
        str(one.ce_marks or ""),
    )
