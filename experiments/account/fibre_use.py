"""How full each direction of a fibre was, as ``summary.json`` has it under ``fibre_use``. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from corridor.topologies.base.codec import OMIT_EMPTY
from corridor.topologies.base.seconds import NS_PER_S

if TYPE_CHECKING:
    from corridor.experiments.account.utilisation import Use

CONGESTED = 0.9
"""The utilization of an interval from which a direction is called congested."""


@dataclass(frozen=True, kw_only=True)
class FibreUse:
    """One direction of a fibre that carried anything. Shares are of its rate."""

    fibre: str
    from_: str
    """The hub from which it is entered."""
    rate_mbps: float
    """Emulated, with what background traffic takes of it."""
    utilization: float
    """What was sent and the background, on average of the run."""
    most_utilization: float
    """Of the interval with the highest utilization: half a second, longer in long runs."""
    background: float
    """The part that is reserved for background traffic, on average of the run."""
    dropped_packets: int
    """At its full queue."""
    congested_s: float
    """How long intervals of 90 % or more last, in total."""
    congested_in: tuple[str, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Events of the timeline that lasted at some time of these."""

    @property
    def is_congested(self) -> bool:
        return self.congested_s > 0


@dataclass(frozen=True)
class Lasting:
    """An event of the timeline, in ms from the start of probing; without an end it lasts."""

    event: str
    from_ms: float
    until_ms: float | None


def fibre_use(rows: Sequence[Use], events: Sequence[Lasting]) -> Iterator[FibreUse]:
    """Yield each direction that carried anything, the highest mean utilization first.

    Args:
        rows: Intervals of directions, as ``read_use`` returns them.
        events: In the order in which they are to be named.
    """
    by_direction: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for one in rows:
        by_direction[one.fibre, one.from_hub].append(one)
    found = [_use(direction, every, events) for direction, every in by_direction.items()]
    yield from sorted(found, key=lambda one: (-one.utilization, one.fibre, one.from_))


def _use(direction: tuple[str, str], rows: Sequence[Use], events: Sequence[Lasting]) -> FibreUse:
    lasts_ns = sum(one.lasts_ns for one in rows)
    full = [one for one in rows if one.share >= CONGESTED]
    return FibreUse(
        fibre=direction[0],
        from_=direction[1],
        rate_mbps=rows[0].rate_bps / 1e6,
        utilization=sum(one.share * one.lasts_ns for one in rows) / lasts_ns,
        most_utilization=max(one.share for one in rows),
        background=sum(one.background_bps / one.rate_bps * one.lasts_ns for one in rows) / lasts_ns,
        dropped_packets=sum(one.dropped_packets for one in rows),
        congested_s=sum(one.lasts_ns for one in full) / NS_PER_S,
        congested_in=tuple(
            one.event for one in events if any(_overlaps(one, interval) for interval in full)
        ),
    )


def _overlaps(event: Lasting, interval: Use) -> bool:
    from_ns = event.from_ms * 1e6
    until_ns = math.inf if event.until_ms is None else event.until_ms * 1e6
    return from_ns < interval.at_ns + interval.lasts_ns and interval.at_ns < until_ns
