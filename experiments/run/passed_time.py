"""How far a measurement has come, seen from outside: by the records that agents have written.

Reading them costs a guest nothing, and they contain its clock.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from corridor.experiments.plan.values import Plan
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.jobs import end_ns
from corridor.traffic.agents.records import HEADER_BYTES, RECORD, RECORD_BYTES

T1 = 11
"""Of the fields of a record: when its probe was sent."""


def sending_s(plan: Plan) -> float:
    """How long a plan sends, by the run's own clock; it waits for what is late after that."""
    return end_ns(plan.job.hosts, 0) / NS_PER_S


def passed_s(raw: Path, epoch_ns: int) -> float:
    """Seconds of the run's own clock from the start of traffic to the last record; 0 before."""
    last_ns = max((_last_ns(path) for path in raw.glob("probes-*.rec")), default=0)
    return max(0.0, (last_ns - epoch_ns) / NS_PER_S)


def _last_ns(path: Path) -> int:
    with contextlib.suppress(OSError), path.open("rb") as file:
        whole = (os.fstat(file.fileno()).st_size - HEADER_BYTES) // RECORD_BYTES
        if whole > 0:
            data = os.pread(file.fileno(), RECORD_BYTES, HEADER_BYTES + (whole - 1) * RECORD_BYTES)
            if len(data) == RECORD_BYTES:
                return int(RECORD.unpack(data)[T1])
    return 0
