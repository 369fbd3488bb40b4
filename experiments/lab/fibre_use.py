"""Reads what fibres have carried, every so often while workloads are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.account.fibre_use import RAW_FILE, Reading
from corridor.experiments.lab.timeline import TimedEvent

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet


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
