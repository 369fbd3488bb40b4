"""How much of each demand came over each fibre, over time, where workloads were sent: a table.

Background traffic has rows of its own, without a demand: its rate is reserved, not sent.

Counted by the kernel as packets arrive at the far end of a fibre, whatever switches say. The file
in ``raw/`` has a line a reading; guests write it, so this imports little."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corridor.experiments.account.packet_classes import MESSAGE, PROBE, STREAM, classes_of
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.bounded_file import RESULT, read_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.whole_file import write_parquet_file
from corridor.topologies.model.background import RESERVE, rates_of
from corridor.topologies.model.wiring import Shape

if TYPE_CHECKING:
    import pyarrow as pa


UTILISATION_SCHEMA = 1
UTILISATION_FILE = "utilisation.parquet"
RAW_FILE = "utilisation.jsonl"
BACKGROUND = "background"
type Counts = Mapping[tuple[str, int], int]
"""Octets so far, by the interface where they arrived and the number of their class."""


class Carried(NamedTuple):
    """One reading."""

    at_ns: int
    """As planned, after the epoch."""
    changed: Sequence[tuple[str, int, int]]
    """Interface, class of packets, octets so far; of those that have changed."""

    def to_json(self) -> str:
        return json.dumps([self.at_ns, self.changed], separators=(",", ":"))


class BackgroundRates:
    """The rates that a plan reserves for background traffic, while owners move it."""

    def __init__(self, plan: Plan) -> None:
        made = [one for one in plan.changes if one.do == RESERVE]
        self._steps = [(one.at_ns, rates_of(one.options)) for one in made]

    def mean_bps(self, fibre: str, shape: Shape, from_ns: int, until_ns: int, *, back: bool) -> int:
        """Of one direction, over a while."""
        times = [from_ns, *(min(max(at, from_ns), until_ns) for at, _ in self._steps), until_ns]
        bps = [shape.background_bps] + [
            fibres[fibre][back][0] if fibre in fibres else shape.background_bps
            for _, fibres in self._steps
        ]
        bits = sum(rate * (to - at) for rate, (at, to) in zip(bps, pairwise(times), strict=True))
        return int(bits // (until_ns - from_ns))


class Load(NamedTuple):
    """A row: what a demand brought over one direction of a fibre for a while; times count from the
    start of probing."""

    fibre: str
    from_hub: str
    demand: str
    data_class: str
    """``class`` in Parquet."""
    packets_of: str
    """What sent it: ``probe``, ``stream``, ``transfer``, ``message``; ``background``."""
    back: bool
    """Whether it went from the demand's destination to its source."""
    at_ns: int
    lasts_ns: int
    bytes: int
    """Of frames with their headers."""
    rate_bps: int
    """Emulated, of the fibre, with what background traffic takes of it."""
    share: float
    """Of that rate."""
    emulated_mbps: float
    real_gbps: float | None
    """What it stands for, as rates are scaled; None where that is not known."""


def read_utilisation(raw: Path, plan: Plan, capacity_scale: float | None) -> list[Load]:
    """By fibre and direction, then demand, then time; empty without counters. A reading
    that a killed run did not write whole is passed over, with all after it."""
    path = raw / RAW_FILE
    if not path.exists():
        return []
    readings = list(_readings(read_text(path, RESULT)))
    return sorted(_loads(readings, plan, capacity_scale))


def _readings(text: str) -> Iterator[tuple[int, Counts]]:
    """All counts at each moment."""
    so_far: dict[tuple[str, int], int] = {}
    for line in text.splitlines():
        try:
            at_ns, changed = json.loads(line)
            so_far = so_far | {(name, number): octets for name, number, octets in changed}
        except (ValueError, TypeError):
            return
        yield at_ns, so_far


def _loads(
    readings: Sequence[tuple[int, Counts]], plan: Plan, scale: float | None
) -> Iterator[Load]:
    arrives_at = {
        far.interface: (wire.fibre, near.hub, shape, back)
        for wire in plan.wiring.fibres
        for near, far, shape, back in (
            (wire.a, wire.z, wire.forward, False),
            (wire.z, wire.a, wire.backward, True),
        )
    }
    background = BackgroundRates(plan)
    classes = {one.number: one for one in classes_of(plan)}
    of_demand = {one.id: one.data_class for one in plan.demands}
    stands_for = _scales(plan, scale)
    for (from_ns, before), (until_ns, now) in pairwise(readings):
        lasts_ns = until_ns - from_ns
        for (interface, number), octets in now.items():
            brought = octets - before.get((interface, number), 0)
            if not brought or interface not in arrives_at or number not in classes:
                continue
            fibre, hub, shape, _ = arrives_at[interface]
            one = classes[number]
            bps = brought * 8e9 / lasts_ns
            real = stands_for(one.demand, one.kind)
            yield Load(
                fibre,
                hub,
                one.demand,
                of_demand[one.demand],
                one.kind,
                one.direction != "forward",
                from_ns - plan.start_ns,
                lasts_ns,
                brought,
                shape.fibre_bps,
                bps / shape.fibre_bps,
                bps / 1e6,
                None if real is None else bps / real / 1e9,
            )
        for fibre, hub, shape, back in arrives_at.values():
            if bps := background.mean_bps(fibre, shape, from_ns, until_ns, back=back):
                yield _background(fibre, hub, shape, bps, from_ns - plan.start_ns, lasts_ns, scale)


def _background(
    fibre: str, hub: str, shape: Shape, bps: int, at_ns: int, lasts_ns: int, scale: float | None
) -> Load:
    return Load(
        fibre,
        hub,
        demand="",
        data_class=BACKGROUND,
        packets_of=BACKGROUND,
        back=False,
        at_ns=at_ns,
        lasts_ns=lasts_ns,
        bytes=bps * lasts_ns // (8 * NS_PER_S),
        rate_bps=shape.fibre_bps,
        share=bps / shape.fibre_bps,
        emulated_mbps=bps / 1e6,
        real_gbps=None if scale is None else bps / scale / 1e9,
    )


def _scales(plan: Plan, scale: float | None) -> Callable[[str, str], float | None]:
    """By demand and kind of packets, the ratio of the emulated to the real rate: 1 of packets
    sent at their real rate. None where the ratio is not known: workloads of both sorts along
    one demand are not counted separately."""
    written: dict[tuple[str, str], set[bool]] = {}
    for workload in plan.workloads:
        kind = STREAM if workload.transport == "udp" else MESSAGE
        for number in workload.demands:
            key = plan.demands[number].id, kind
            written.setdefault(key, set()).add(workload.scale == "none")

    def of(demand: str, kind: str) -> float | None:
        as_written = written.get((demand, kind), {kind == PROBE})
        if len(as_written) > 1:
            return None
        return 1.0 if True in as_written else scale

    return of


def utilisation_table(rows: Sequence[Load]) -> pa.Table:
    """A column each."""
    import pyarrow as pa

    texts = ("fibre", "from_hub", "demand", "data_class", "packets_of")
    types = dict.fromkeys(texts, pa.string()) | {"back": pa.bool_()}
    types |= dict.fromkeys(("share", "emulated_mbps", "real_gbps"), pa.float64())
    columns = {
        "class" if name == "data_class" else name: pa.array(
            [getattr(row, name) for row in rows], types.get(name, pa.int64())
        )
        for name in Load._fields
    }
    metadata = {"corridor_schema": f"utilisation/{UTILISATION_SCHEMA}"}
    return pa.table(columns).replace_schema_metadata(metadata)


def write_utilisation(path: Path, rows: Sequence[Load]) -> None:
    """Nothing, where there are none: the same bytes for the same rows."""

    if not rows:
        path.unlink(missing_ok=True)
        return
    write_parquet_file(path, utilisation_table(rows))


def utilisation_of(path: Path) -> pa.Table:
    """The table of a run; without rows where it has none. InputError for another schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        return utilisation_table([])
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise InputError(f"is not a table of this version: {error}", file=str(path)) from error
    schema = (table.schema.metadata or {}).get(b"corridor_schema", b"").decode()
    if schema != f"utilisation/{UTILISATION_SCHEMA}":
        raise InputError(
            f"has schema {schema!r}, not utilisation/{UTILISATION_SCHEMA}", file=str(path)
        )
    return table


# What each direction of a fibre carried over time, where workloads were sent: a table.
#
# Counted by the queues of the fibre themselves, of all senders. The file next to it in ``raw/``
# has a line a reading; guests write it, so this imports little.

USE_SCHEMA = 1
USE_FILE = "fibre_use.parquet"
USE_RAW_FILE = "fibre_use.jsonl"
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
    """Of it, the rate that is reserved for background traffic, on average of the while."""

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
    path = raw / USE_RAW_FILE
    if not path.exists():
        return []
    readings = list(_use_readings(read_text(path, RESULT)))
    if len(readings) < 2:
        return []
    background, first_ns, last_ns = BackgroundRates(plan), readings[0].at_ns, readings[-1].at_ns
    ends = [
        (wire.fibre, end.hub, end.interface, shape, back)
        for wire in plan.wiring.fibres
        for back, end, shape in ((False, wire.a, wire.forward), (True, wire.z, wire.backward))
    ]
    used = [
        one
        for one in ends
        if readings[-1].sent_bytes.get(one[2])
        or background.mean_bps(one[0], one[3], first_ns, last_ns, back=one[4])
    ]
    return [
        Use(
            fibre,
            hub,
            before.at_ns - plan.start_ns,
            now.at_ns - before.at_ns,
            now.sent_bytes.get(interface, 0) - before.sent_bytes.get(interface, 0),
            now.dropped.get(interface, 0) - before.dropped.get(interface, 0),
            shape.fibre_bps,
            background.mean_bps(fibre, shape, before.at_ns, now.at_ns, back=back),
        )
        for fibre, hub, interface, shape, back in used
        for before, now in pairwise(readings)
    ]


def _use_readings(text: str) -> Iterator[Reading]:
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
