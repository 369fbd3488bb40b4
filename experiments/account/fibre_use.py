"""What each direction of a fibre carried over time, where workloads were sent: a table.

Counted by the queues of the fibre themselves, of all senders. The file next to it in ``raw/`` has a
line a reading; guests write it, so this imports little.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.plan.values import Plan
from corridor.topologies.base.bounded_file import RESULT, read_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.parquet_file import write_parquet_file
from corridor.topologies.base.seconds import NS_PER_S

USE_SCHEMA = 1
USE_FILE = "fibre_use.parquet"
RAW_FILE = "fibre_use.jsonl"
LEAST_NS, MOST_READINGS = NS_PER_S // 2, 240


class Reading(NamedTuple):
    """Totals so far of the interfaces that send onto fibres."""

    at_ns: int
    """As planned, after the epoch."""
    sent_bytes: Mapping[str, int]
    dropped: Mapping[str, int]
    """Packets that found a queue full."""

    def to_json(self) -> str:
        return json.dumps([self.at_ns, self.sent_bytes, self.dropped], separators=(",", ":"))


class Use(NamedTuple):
    """A row: one direction of a fibre for a while. Times count from the start of probing."""

    fibre: str
    from_hub: str
    at_ns: int
    lasts_ns: int
    sent_bytes: int
    """Of frames, with their headers."""
    dropped_packets: int
    rate_bps: int
    """Emulated, with what background traffic takes of it."""
    background_bps: int = 0
    """Of it, the rate that is reserved for background traffic."""

    @property
    def share(self) -> float:
        """Of its rate, what was sent and the background."""
        sent_bps = self.sent_bytes * 8 * NS_PER_S / self.lasts_ns
        return (sent_bps + self.background_bps) / self.rate_bps


def reading_times_ns(plan: Plan) -> Sequence[int]:
    """After the epoch: from the start of probing until agents stop; none without workloads."""
    if not plan.workloads:
        return ()
    lasts_ns = plan.job.end_ns - plan.start_ns
    width_ns = LEAST_NS * -(-lasts_ns // (LEAST_NS * MOST_READINGS))
    return range(plan.start_ns, plan.job.end_ns, width_ns)


def read_use(raw: Path, plan: Plan) -> list[Use]:
    """Return the used directions of fibres, in order; empty without counters. A line that a
    killed run did not write whole is skipped."""
    path = raw / RAW_FILE
    if not path.exists():
        return []
    readings = list(_readings(read_text(path, RESULT)))
    ends = [
        (wire.fibre, end.hub, end.interface, shape)
        for wire in plan.wiring.fibres
        for end, shape in ((wire.a, wire.forward), (wire.z, wire.backward))
    ]
    last = readings[-1].sent_bytes if readings else {}
    used = [one for one in ends if last.get(one[2]) or one[3].background_bps]
    return [
        Use(
            fibre,
            hub,
            before.at_ns - plan.start_ns,
            now.at_ns - before.at_ns,
            now.sent_bytes.get(interface, 0) - before.sent_bytes.get(interface, 0),
            now.dropped.get(interface, 0) - before.dropped.get(interface, 0),
            shape.fibre_bps,
            shape.background_bps,
        )
        for fibre, hub, interface, shape in used
        for before, now in pairwise(readings)
    ]


def _readings(text: str) -> Iterator[Reading]:
    for line in text.splitlines():
        try:
            at_ns, sent, dropped = json.loads(line)
        except ValueError:
            return
        yield Reading(at_ns, sent, dropped)


def write_use(path: Path, rows: Sequence[Use]) -> None:
    """Nothing, where there are none."""
    import pyarrow as pa

    if not rows:
        path.unlink(missing_ok=True)
        return
    columns = dict(zip(Use._fields, zip(*rows, strict=True), strict=True))
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata({"corridor_schema": f"fibre-use/{USE_SCHEMA}"})
    write_parquet_file(path, table)


def use_of(path: Path) -> list[Use]:
    """The rows of the file; empty where there is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(Use._fields))
    except FileNotFoundError:
        return []
    except pa.ArrowInvalid as error:
        raise InputError(f"is not a table of this version: {error}", file=str(path)) from error
    columns = (table.column(name).to_pylist() for name in Use._fields)
    return [Use._make(row) for row in zip(*columns, strict=True)]
