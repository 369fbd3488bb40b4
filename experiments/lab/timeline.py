"""What happens to the network while traffic flows: at which moment after the epoch, and what.

Readings of what fibres have carried are such moments, too.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.account.fibre_use import RAW_FILE, Reading
from corridor.topologies.base.seconds import NS_PER_S

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet


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


# Reads what fibres have carried, every so often while workloads are sent.


def use_readings(times_ns: Sequence[int], net: CorridorNet, raw: Path) -> Iterator[TimedEvent]:
    """Each is appended to the file as it is read."""
    target = raw / RAW_FILE

    def read(at_ns: int) -> None:
        found = net.kernel.counters()
        sent = {name: one.sent_bytes for name, one in found.items() if one.sent_packets}
        dropped = {name: one.queue_drops for name, one in found.items() if one.queue_drops}
        with target.open("a") as file:
            file.write(f"{Reading(at_ns, sent, dropped).to_json()}\n")

    for at_ns in times_ns:
        yield TimedEvent(at_ns, partial(read, at_ns))
