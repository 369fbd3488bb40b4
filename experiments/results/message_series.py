"""Measures of a demand's messages over time, in bins from the start of probing. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from corridor.experiments.results.measures import Sample
from corridor.experiments.results.messages import MessageRow, rounds_of
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S

GOODPUT, COMPLETION, UNDER_WAY = "goodput_mbps", "completion_ms", "messages_under_way"
OF_MESSAGES = (GOODPUT, COMPLETION, UNDER_WAY)
"""What arrived, spread evenly from its first octet to its last; the median time of what was
intended in a bin; how many messages were meant to have begun and had not arrived as a bin ends."""


def of_messages(
    rows: Sequence[MessageRow], demand: str, measure: str, width_ns: int, start_ns: int
) -> list[Sample]:
    """Raises InputError where a demand has no messages."""
    mine = [row for row in rows if row.demand == demand and row.intended_ns is not None]
    if not mine:
        raise InputError(
            f"nothing tells {measure} of {demand}: no workload sent messages along it",
            "give it one under workloads",
        )
    last_ns = max(row.completed_ns or _partly_ns(row) or row.intended_ns or 0 for row in mine)
    bins = max(1, -(-(last_ns - start_ns) // width_ns))
    edges = start_ns + np.arange(bins + 1) * width_ns
    values = {GOODPUT: goodput_mbps, COMPLETION: _completion, UNDER_WAY: _under_way}[measure](
        mine, edges
    )
    return [
        Sample(round(number * width_ns / NS_PER_S, 9), value) for number, value in enumerate(values)
    ]


def _partly_ns(row: MessageRow) -> int | None:
    return row.until_ns if row.arrived_bytes else None


def goodput_mbps(rows: Sequence[MessageRow], edges: np.ndarray) -> list[float | None]:
    """Return the payload that arrived between edges, in ns of the clock of ``rows``."""
    found = np.zeros(len(edges) - 1)
    for row in rows:
        if row.until_ns is None or row.came_from_ns is None or not row.arrived_bytes:
            continue
        at = np.array([row.came_from_ns, max(row.until_ns, row.came_from_ns + 1)], float)
        found += np.diff(np.interp(edges.astype(float), at, [0.0, row.arrived_bytes]))
    return [float(octets) * 8_000 / int(edges[1] - edges[0]) for octets in found]


def _completion(rows: Sequence[MessageRow], edges: np.ndarray) -> list[float | None]:
    rounds = [one for one in rounds_of(rows) if one.took_ns is not None]
    begun = np.array([one.from_ns for one in rounds], np.int64)
    took = np.array([one.took_ns for one in rounds], np.int64)
    at = np.searchsorted(edges, begun, "right") - 1
    return [
        float(np.median(mine)) / 1e6 if len(mine := took[at == number]) else None
        for number in range(len(edges) - 1)
    ]


def _under_way(rows: Sequence[MessageRow], edges: np.ndarray) -> list[float | None]:
    begun = np.sort(np.array([row.intended_ns for row in rows], np.int64))
    ended = np.sort(
        np.array([row.completed_ns for row in rows if row.completed_ns is not None], np.int64)
    )
    ends = edges[1:]
    waiting = np.searchsorted(begun, ends, "right") - np.searchsorted(ended, ends, "right")
    return [float(one) for one in waiting]
