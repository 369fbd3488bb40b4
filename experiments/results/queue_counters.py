"""What the classes of queues in front of fibres had counted before and after a measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from corridor.topologies.base.codec import to_plain
from corridor.topologies.emulation.fibre_counters import ClassCounters

FILE = "queues.json"
"""In ``raw``; only of runs in which fibres have queues of a kind."""


class ClassCounted(TypedDict):
    """As ``ClassCounters`` has it."""

    name: str
    sent_packets: int
    sent_bytes: int
    drops: int
    backlog_packets: int


type ByInterface = Mapping[str, Sequence[ClassCounters]]


def write_queues(raw: Path, before: ByInterface, after: ByInterface) -> None:
    """Nothing where no fibre has such a queue."""
    if not after:
        return
    said = {
        when: {name: to_plain(list(classes)) for name, classes in counted.items()}
        for when, counted in (("before", before), ("after", after))
    }
    (raw / FILE).write_text(json.dumps(said))
