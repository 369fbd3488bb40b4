"""Streams and transfers over time: what both ends counted, interval by interval. Pure.

A track is one end of one flow. Streams are counted by whole hundredths of a second of the run, or
wider ones where they last long; transfers by iperf3's tenths of a second, as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.flows import read_transfers
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.named_tuples import from_plain
from corridor.topologies.base.parquet_file import write_parquet_file
from corridor.traffic.agents.intervals import (
    FORMAT,
    MAX_KEPT,
    HostIntervals,
    ReceivedIntervals,
    SentIntervals,
)
from corridor.traffic.agents.tcp_report import TcpInterval

if TYPE_CHECKING:
    import pyarrow as pa

type Integers = NDArray[np.int64]
Protocol = Literal["udp", "tcp"]
Side = Literal["sender", "receiver"]

SERIES_SCHEMA = 1
SERIES_FILE = "series.parquet"
COUNTS = (
    *("offered_packets", "sent_packets", "arrived_packets", "delay_sum_ns", "sent_bytes"),
    *("delivered_packets", "delivered_bytes", "retransmits", "cwnd_bytes", "rtt_us"),
)
SERIES_COLUMNS = ("demand", "protocol", "side", "at_ns", "lasts_ns", *COUNTS)
UNKNOWN = -1
"""Marks a value that is not known; null in Parquet."""


@dataclass(frozen=True, eq=False)
class Track:
    """One end of a flow: intervals in order of time, in ns after the start of probing."""

    demand: str
    protocol: Protocol
    side: Side
    """A sender's counts lie where packets were sent, a receiver's where they arrived."""
    from_ns: Integers
    until_ns: Integers
    counts: Mapping[str, Integers]
    """By name, as ``COUNTS``; what this end does not count is not there."""

    @property
    def width_ns(self) -> int:
        """Of its widest interval."""
        return int((self.until_ns - self.from_ns).max())


def read_tracks(raw: Path, plan: Plan, epoch_ns: int) -> list[Track]:
    """Of all flows in a run's ``raw`` folder, streams first; none of runs that kept none.

    Raises ValueError for intervals of another format, or that do not belong together.
    """
    return [*_of_streams(raw, plan), *_of_transfers(raw, plan, epoch_ns)]


def _of_streams(raw: Path, plan: Plan) -> Iterator[Track]:
    sent: dict[int, SentIntervals] = {}
    received: dict[int, ReceivedIntervals] = {}
    for path in sorted(raw.glob("intervals-*.json")):
        host = from_plain(HostIntervals, read_json(path, RESULT))
        if host.schema != FORMAT:
            raise ValueError(f"{path.name} is of format {host.schema}, not {FORMAT}")
        sent |= {one.flow: one for one in host.streams_out}
        received |= {one.flow: one for one in host.streams_in}
    for flow in sorted(sent.keys() | received.keys()):
        yield from _stream(plan.demands[flow].id, sent.get(flow), received.get(flow), plan.start_ns)


def _stream(
    demand: str, sent: SentIntervals | None, got: ReceivedIntervals | None, start_ns: int
) -> Iterator[Track]:
    """Both ends over the same intervals: from the first with a packet at either to the last."""
    known = [(one.first, one.width_ns) for one in (sent, got) if one is not None]
    width_ns = known[0][1]
    first = min(number for number, _ in known)
    if {width for _, width in known} != {width_ns} or width_ns < 1:
        raise ValueError(f"intervals of {demand} are not equally wide")
    if max(number for number, _ in known) - first > MAX_KEPT:
        raise ValueError(f"intervals of {demand} do not belong together")
    sender: dict[str, Integers] = {}
    receiver: dict[str, Integers] = {}
    if sent is not None:
        later = sent.first - first
        octets = [packets * sent.frame_bytes for packets in sent.sent]
        sender = _later(
            later, offered_packets=sent.offered, sent_packets=sent.sent, sent_bytes=octets
        )
    if got is not None:
        later = got.first - first
        sender |= _later(later, arrived_packets=got.arrived, delay_sum_ns=got.delay_ns)
        receiver = _later(later, delivered_packets=got.packets, delivered_bytes=got.frame_bytes)
    every = [*sender.values(), *receiver.values()]
    busy = np.concatenate([np.flatnonzero(counts) for counts in every])
    if not len(busy):
        return
    rows = np.arange(busy.min(), busy.max() + 1)
    from_ns = (rows + first) * width_ns - start_ns
    ends: tuple[tuple[Side, dict[str, Integers]], ...] = (
        ("sender", sender),
        ("receiver", receiver),
    )
    for side, counted in ends:
        if counted:
            counts = {name: _rows(counted[name], rows) for name in COUNTS if name in counted}
            yield Track(demand, "udp", side, from_ns, from_ns + width_ns, counts)


def _later(rows: int, **columns: Sequence[int]) -> dict[str, Integers]:
    """Return each column with ``rows`` zeros before its values."""
    return {name: np.array([*[0] * rows, *values], np.int64) for name, values in columns.items()}


def _rows(counts: Integers, rows: Integers) -> Integers:
    """Some rows; 0 beyond the last."""
    return np.append(counts, 0)[np.minimum(rows, len(counts))]


def _of_transfers(raw: Path, plan: Plan, epoch_ns: int) -> Iterator[Track]:
    zero_ns = epoch_ns + plan.start_ns
    for carried in read_transfers(raw):
        demand = plan.demands[carried.demand].id
        yield from _transfer(demand, "sender", carried.result.sending, zero_ns)
        yield from _transfer(demand, "receiver", carried.result.receiving, zero_ns)


def _transfer(
    demand: str, side: Side, listed: Sequence[TcpInterval], zero_ns: int
) -> Iterator[Track]:
    if not listed:
        return
    from_ns = np.array([one.from_ns for one in listed], np.int64) - zero_ns
    until_ns = np.array([one.until_ns for one in listed], np.int64) - zero_ns
    if (until_ns <= from_ns).any() or (from_ns[1:] < until_ns[:-1]).any():
        raise ValueError(f"intervals of the transfer of {demand} are not in order")
    octets = _known(one.octets for one in listed)
    counts = {"delivered_bytes": octets}
    if side == "sender":
        counts = {
            "sent_bytes": octets,
            "retransmits": _known(one.retransmits for one in listed),
            "cwnd_bytes": _known(one.cwnd_octets for one in listed),
            "rtt_us": _known(one.rtt_us for one in listed),
        }
    yield Track(demand, "tcp", side, from_ns, until_ns, counts)


def _known(values: Iterable[int | None]) -> Integers:
    return np.array([UNKNOWN if value is None else value for value in values], np.int64)


def to_arrow(tracks: Sequence[Track]) -> pa.Table:
    """A row an interval of each track; null what its end does not count."""
    import pyarrow as pa

    texts = {
        name: [getattr(track, name) for track in tracks for _ in track.from_ns]
        for name in ("demand", "protocol", "side")
    }
    numbers = {
        "at_ns": _joined([track.from_ns for track in tracks]),
        "lasts_ns": _joined([track.until_ns - track.from_ns for track in tracks]),
    }
    columns = {name: pa.array(values, pa.string()) for name, values in texts.items()}
    columns |= {name: pa.array(values) for name, values in numbers.items()}
    for name in COUNTS:
        values = _joined(
            [track.counts.get(name, np.full(len(track.from_ns), UNKNOWN)) for track in tracks]
        )
        columns[name] = pa.array(values, mask=values == UNKNOWN)
    return pa.table(columns).replace_schema_metadata({"corridor_schema": f"series/{SERIES_SCHEMA}"})


def read_series(path: Path) -> list[Track]:
    """The tracks again; InputError for another schema."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    schema = (table.schema.metadata or {}).get(b"corridor_schema", b"").decode()
    if schema != f"series/{SERIES_SCHEMA}":
        raise InputError(f"has schema {schema!r}, not series/{SERIES_SCHEMA}", file=str(path))
    ends = zip(*(table[name].to_pylist() for name in ("demand", "protocol", "side")), strict=True)
    numbers = {
        name: table[name].fill_null(UNKNOWN).to_numpy() for name in ("at_ns", "lasts_ns", *COUNTS)
    }
    rows: dict[tuple[str, Protocol, Side], list[int]] = {}
    for row, end in enumerate(ends):
        rows.setdefault(end, []).append(row)
    return [
        _track(end, {name: of[mine] for name, of in numbers.items()}) for end, mine in rows.items()
    ]


def _track(end: tuple[str, Protocol, Side], numbers: Mapping[str, Integers]) -> Track:
    at_ns, lasts_ns, *_ = numbers.values()
    known = {name: numbers[name] for name in COUNTS if (numbers[name] != UNKNOWN).any()}
    return Track(*end, at_ns, at_ns + lasts_ns, known)


def _joined(parts: Sequence[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def write_series(path: Path, tracks: Sequence[Track]) -> None:
    """``series.parquet``, where there are any: the same bytes for the same tracks."""
    if not tracks:
        return

    write_parquet_file(path, to_arrow(tracks))
