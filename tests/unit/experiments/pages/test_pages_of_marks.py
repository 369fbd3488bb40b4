"""The section of a run's page on queues that mark instead of dropping."""

from __future__ import annotations

from typing import Any

from corridor.experiments.pages.run_page import queue_marks_of
from typed_summary import typed


def queue(fibre: str, **counted: int) -> dict[str, Any]:
    one = {"name": "all", "sent_packets": 90, "drops": 0, **counted}
    return {"fibre": fibre, "from": "west", "discipline": "pie", "classes": [one]}


SUMMARY = {
    "queues": [queue("marks", ce_marks=7), queue("drops", drops=3), queue("rests", ce_marks=0)]
}


def test_a_page_says_what_was_marked_beside_what_was_dropped() -> None:
    found = queue_marks_of(typed(SUMMARY))
    assert found is not None
    assert "have marked 7 packets" in found.said[0]
    (table,) = found.tables
    assert [(row[0], *row[5:]) for row in table.rows] == [("marks", "0", "7"), ("drops", "3", "–")]


def test_a_page_of_a_run_whose_queues_only_drop_has_no_such_section() -> None:
    assert queue_marks_of(typed({})) is None
    assert queue_marks_of(typed({"queues": [queue("drops", drops=3)]})) is None
