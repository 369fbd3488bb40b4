"""The events of a run as text: a line each, and one for each demand that an event put out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from corridor.experiments.results.summary import EventSummary, ExpectationSummary, Summary
from corridor.experiments.results.table import render

HEADINGS = (
    "event",
    "at",
    "until",
    "hit",
    "lost",
    "longest out",
    "expected",
    "RTT then",
    "expected",
)
MOST_HITS = 3
"""Demands named below an event: those that were out for the longest."""


def events_table(summary: Summary) -> str:
    """Empty if nothing happened."""
    events = summary.get("events")
    if not events:
        return ""
    rows = [row for event in events for row in _rows(event)]
    said = render(HEADINGS, rows, frozenset(HEADINGS[1:]))
    lost = sum(demand.get("lost_by", {}).get("unexplained", 0) for demand in summary["demands"])
    return said + (f"\n{lost} lost probes are explained by nothing" if lost else "")


def _rows(event: EventSummary) -> Iterator[tuple[str, ...]]:
    hits = sorted(event["hits"], key=lambda hit: -float(hit["out_ms"]))
    yield (
        f"{event['kind']} {event['what']}",
        f"{event['at_ms']:g} ms",
        "" if event["until_ms"] is None else f"{event['until_ms']:g} ms",
        str(len(hits)),
        str(sum(int(hit["lost"]) for hit in hits)),
        *("", "", "", ""),
    )
    if event["refused"]:
        yield (f"  refused: {event['refused'][:80]}", *([""] * (len(HEADINGS) - 1)))
    for hit in hits[:MOST_HITS]:
        yield _hit(hit)
    if len(hits) > MOST_HITS:
        yield (f"  and {len(hits) - MOST_HITS} more", *([""] * (len(HEADINGS) - 1)))


def _hit(hit: Mapping[str, Any]) -> tuple[str, ...]:
    surprise = "" if hit["expected"] else " (not expected)"
    expected_ms = hit["expected_out_ms"]
    return (
        f"  {hit['demand']}{surprise}",
        "",
        "",
        "",
        str(hit["lost"]),
        f"{hit['out_ms']:g} ms",
        "while it lasts" if expected_ms is None else f"{expected_ms:g} ms",
        _rtt(hit["rtt_then_ms"]),
        _rtt(hit["expected_rtt_then_ms"]),
    )


def _rtt(value_ms: float | None) -> str:
    return "none" if value_ms is None else f"{value_ms:.3f} ms"


def expectations_lines(summary: Summary) -> str:
    """What the timeline expected and did not find; how much holds if all does; else empty."""
    expected = summary.get("expectations", [])
    unmet = [one for one in expected if not one["holds"]]
    if expected and not unmet:
        return f"all {len(expected)} expectations of the timeline hold"
    return "\n".join(map(_unmet, unmet))


def _unmet(one: ExpectationSummary) -> str:
    found = "nothing was answered" if one["found"] is None else f"it is {one['found']}"
    at_most = "" if one["of"] == "status" else "at most "
    return (
        f"not as expected ({one['id']}): {one['of']} of {one['demand']} should be "
        f"{at_most}{one['expected']}, and {found}"
    )
