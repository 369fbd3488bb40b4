"""What happens to the network while traffic flows: at which moment after the epoch, and what."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from corridor.topologies.base.seconds import NS_PER_S

PR_SET_TIMERSLACK = 29


@dataclass(frozen=True)
class TimedEvent:
    """Something to do this many nanoseconds after the epoch."""

    at_ns: int
    do: Callable[[], object]


def wake_exactly() -> None:
    """Have this thread's sleeps end when they should; by default the kernel may add 50 us."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def keep(events: Iterable[TimedEvent], epoch_ns: int) -> None:
    """Do everything in order of time; what is due at once, in the order given."""
    wake_exactly()
    for one in sorted(events, key=lambda one: one.at_ns):
        delay_ns = epoch_ns + one.at_ns - time.time_ns()
        time.sleep(max(0, delay_ns) / NS_PER_S)
        one.do()
