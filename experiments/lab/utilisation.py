"""Reads periodically, while workloads are sent, the traffic of each demand on each fibre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from corridor.experiments.account.utilisation import RAW_FILE, Carried
from corridor.experiments.lab.account_readings import AccountReadings
from corridor.experiments.lab.timeline import TimedEvent


def utilisation_readings(
    times_ns: Sequence[int], counts: AccountReadings, raw: Path
) -> Iterator[TimedEvent]:
    """Each is appended to the file as it is read: what has changed since the one before."""
    target = raw / RAW_FILE
    known: dict[tuple[str, int], int] = {}

    def read(at_ns: int) -> None:
        now = {
            (point.interface, point.number): passed.octets
            for point, passed in counts.passed().items()
            if point.number and not point.sent
        }
        changed = sorted(  # the kernel's hash tables have their own order in each run
            (*key, octets) for key, octets in now.items() if known.get(key) != octets
        )
        known.update(now)
        with target.open("a") as file:
            file.write(f"{Carried(at_ns, changed).to_json()}\n")

    for at_ns in times_ns:
        yield TimedEvent(at_ns, partial(read, at_ns))
