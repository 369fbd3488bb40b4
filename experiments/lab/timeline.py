"""What happens to the network while traffic flows: at which moment after the epoch, and what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from corridor.topologies.base.seconds import NS_PER_S


@dataclass(frozen=True)
class TimedEvent:
    """Something to do so many nanoseconds after the epoch."""

    at_ns: int
    do: Callable[[], None]


def keep(events: Iterable[TimedEvent], epoch_ns: int) -> None:
    """Do everything in order of time; what is due at once, in the order given."""
    for one in sorted(events, key=lambda one: one.at_ns):
        delay_ns = epoch_ns + one.at_ns - time.time_ns()
        time.sleep(max(0, delay_ns) / NS_PER_S)
        one.do()
