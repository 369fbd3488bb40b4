"""When the messages of a workload are due, window by window. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.traffic.workloads.arrivals import Arrival, send_times
from corridor.traffic.workloads.outbox import MOST_MESSAGES
from corridor.traffic.workloads.workload_kind import Along, Load

AHEAD_NS = 1_000_000_000
"""So long before they are needed, connections are opened that are to be open by then."""


def due(load: Load, along: Along, interval_ns: int, arrival: Arrival) -> Iterator[tuple[int, int]]:
    """Each window's number, with each time in it at which a message is due."""
    mean_ns = max(1, round(load.compressed(interval_ns) * along.rarer))
    for number, (begin_ns, end_ns) in enumerate(load.windows):
        seed = load.seed_for(along, f"arrivals {number}")
        for at_ns in _up_to(arrival, begin_ns, end_ns, mean_ns, seed):
            yield number, at_ns


def _up_to(arrival: Arrival, begin_ns: int, end_ns: int, mean_ns: int, seed: int) -> Iterator[int]:
    """Kinds of arrivals give this many, of which the first are the same however many are asked for;
    here it is not known how many."""
    count = (end_ns - begin_ns) // mean_ns + 16
    while True:
        times = send_times(arrival, begin_ns, mean_ns, min(count, 2 * MOST_MESSAGES), seed)
        if times[-1] >= end_ns or count >= 2 * MOST_MESSAGES:
            break
        count *= 2
    for at_ns in times:
        if at_ns >= end_ns:
            return
        yield at_ns


def shares(octets: int, of: int) -> list[int]:
    """What each of several connections carries, none of them nothing."""
    least, more = divmod(octets, max(1, of))
    return [size for size in (least + (number < more) for number in range(max(1, of))) if size]
