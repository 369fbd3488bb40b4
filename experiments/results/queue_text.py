"""What the classes of queues passed and dropped, as a table for a terminal. Pure."""

from __future__ import annotations

from corridor.experiments.results.columns import render
from corridor.experiments.results.summary import Summary

MOST_LINES = 20
HEADINGS = ("queue before", "from", "discipline", "class", "passed", "dropped")


def queues_table(summary: Summary, width: int | None) -> str:
    """A row for each class of the queues that dropped packets, those that dropped most first;
    empty where none did."""
    full = [
        queue
        for queue in summary.get("queues", ())
        if any(one["drops"] for one in queue["classes"])
    ]
    full.sort(key=lambda queue: -sum(one["drops"] for one in queue["classes"]))
    rows = [
        (
            queue["fibre"],
            queue["from"],
            queue["discipline"],
            one["name"],
            str(one["sent_packets"]),
            str(one["drops"]),
        )
        for queue in full
        for one in queue["classes"]
    ]
    if not rows:
        return ""
    more = [f"and {len(rows) - MOST_LINES} more classes"] if len(rows) > MOST_LINES else []
    table = render(
        HEADINGS, rows[:MOST_LINES], frozenset(HEADINGS[4:]), width=width, spare=("discipline",)
    )
    return "\n".join([table, *more])
