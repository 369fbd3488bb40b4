"""Streams and transfers side by side: rows of ``flows.parquet`` and of the summary. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from corridor.experiments.account.account_of_run import Account, LostAt
from corridor.experiments.account.ends import read_streams
from corridor.experiments.account.packet_classes import STREAM, TRANSFER
from corridor.experiments.account.probes import flow_sample_summary
from corridor.experiments.account.summary import FlowSummary
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.topologies.base.arrays import Integers
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.named_tuples import from_plain as tuple_from_plain
from corridor.topologies.base.whole_file import write_parquet_file
from corridor.traffic.agents.intervals import (
    FORMAT,
    MAX_KEPT,
    HostIntervals,
    ReceivedIntervals,
    SentIntervals,
)
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.agents.tcp import TcpInterval, TcpResult
from corridor.traffic.measures.flows import FlowResult, flow_result, read_stream_delays

if TYPE_CHECKING:
    import pyarrow as pa


FLOWS_SCHEMA = 1
FLOW_COLUMNS = (
    ("demand", "string"),
    ("protocol", "string"),
    ("layer", "string"),
    ("bottleneck_mbps", "double"),
    ("asked_mbps", "double"),
    ("offered_mbps", "double"),
    ("delivered_mbps", "double"),
    ("offered_packets", "int64"),
    ("sent_packets", "int64"),
    ("delivered_packets", "int64"),
    ("lost_packets", "int64"),
    ("lost_at_sender", "int64"),
    ("lost_in_network", "int64"),
    ("lost_at_receiver_socket", "int64"),
    ("duplicates", "int64"),
    ("reordered", "int64"),
    ("received_bytes", "int64"),
    ("retransmits", "int64"),
    ("duration_ns", "int64"),
    ("receive_interval_ns", "int64"),
    ("delay_min_ns", "int64"),
    ("delay_p50_ns", "int64"),
    ("delay_p95_ns", "int64"),
    ("delay_p99_ns", "int64"),
    ("delay_max_ns", "int64"),
    ("lost_at_json", "string"),
    ("error", "string"),
)


@dataclass(frozen=True)
class FlowRow:
    """One stream or transfer of a demand."""

    demand: str
    protocol: str
    bottleneck_mbps: float
    lost_at: LostAt | None
    found: FlowResult

    @property
    def lost_at_json(self) -> str:
        return json.dumps(self.lost_at)


def flow_row(
    demand: PlannedDemand, protocol: str, found: FlowResult, lost_at: LostAt | None
) -> FlowRow:
    """Raises ValueError for a demand that has no path, and so no flow."""
    if demand.bottleneck_bps is None:
        raise ValueError(f"{demand.id} has no path, and a flow")
    return FlowRow(demand.id, protocol, demand.bottleneck_bps / 1e6, lost_at, found)


def flow_summary(row: FlowRow, lost_by: dict[str, int] | None) -> FlowSummary:
    """``lost_by`` as ``FlowSummary`` has it."""
    found = row.found
    return FlowSummary(
        protocol=row.protocol,
        layer=found.layer,
        asked=found.asked_mbps,
        offered=found.offered_mbps,
        delivered=found.delivered_mbps,
        bottleneck=row.bottleneck_mbps,
        offered_packets=found.offered_packets,
        delivered_packets=found.delivered_packets,
        loss=found.loss,
        lost_at=row.lost_at,
        retransmits=found.retransmits,
        error=found.error,
        sample=None if found.sample is None else flow_sample_summary(found.sample),
        lost_by=lost_by,
    )


def write_flows(path: Path, flows: Sequence[FlowRow]) -> None:
    """``flows.parquet``: one row a stream or transfer."""
    import pyarrow as pa

    schema = pa.schema(
        [
            (name, getattr(pa, "float64" if kind == "double" else kind)())
            for name, kind in FLOW_COLUMNS
        ],
        metadata={"corridor_schema": f"flows/{FLOWS_SCHEMA}"},
    )
    rows = [
        {name: getattr(row if hasattr(row, name) else row.found, name) for name, _ in FLOW_COLUMNS}
        for row in flows
    ]
    table: pa.Table = pa.Table.from_pylist(rows, schema=schema)
    write_parquet_file(path, table)


# UDP streams: what was offered, what arrived, where it was lost. Pure.


def stream_rows(raw: Path, plan: Plan, account: Account) -> list[FlowRow]:
    """One row a stream, from a run's ``raw`` folder."""
    sent: dict[int, SentStream] = {}
    received: dict[int, ReceivedStream] = {}
    for path in sorted(raw.glob("flows-*.json")):
        counted = read_streams(path)
        sent |= {one.flow: one for one in counted.streams_out}
        received |= {one.flow: one for one in counted.streams_in}
    times = read_stream_delays(raw)
    rows = []
    for flow, item in sorted(sent.items()):
        demand = plan.demands[flow]
        arrived, late = times.delay.get(flow), times.late.get(flow)
        result = flow_result(item, received.get(flow), arrived, late)
        lost_at = account.lost_at(demand.id, STREAM)
        refused = item.packets_intended - item.packets_sent
        if lost_at is not None and refused:
            lost_at[f"host {demand.hosts[0]} refused"] = refused
        rows.append(flow_row(demand, "udp", result, lost_at))
    return rows


# TCP transfers: what iperf3 said of each, and where its packets were lost. Pure.


@dataclass(frozen=True)
class Carried:
    """Of ``raw/transfers.json``: one transfer."""

    demand: int
    result: TcpResult


def read_transfers(raw: Path) -> list[Carried]:
    """From a run's ``raw`` folder; none where there were none."""
    path = raw / "transfers.json"
    if not path.exists():
        return []
    return [from_plain(Carried, one) for one in read_json(path, RESULT)]


def transfer_rows(raw: Path, plan: Plan, account: Account) -> list[FlowRow]:
    """One row a transfer."""
    return [_row(carried, plan, account) for carried in read_transfers(raw)]


def _row(carried: Carried, plan: Plan, account: Account) -> FlowRow:
    demand = plan.demands[carried.demand]
    said = carried.result
    found = FlowResult(
        flow=said.flow,
        layer=said.layer,
        delivered_mbps=said.received_mbps,
        duration_ns=said.duration_ns,
        received_bytes=said.received_bytes,
        retransmits=said.retransmits,
        min_rtt_us=said.min_rtt_us,
        error=said.error,
    )
    return flow_row(demand, "tcp", found, account.lost_at(demand.id, TRANSFER))


# Streams and transfers over time: what both ends counted, interval by interval.
#
# A track is one end of one flow. Streams are counted by whole hundredths of a second of the run,
# or wider ones where they last long; transfers by iperf3's tenths of a second, as they come.

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
        host = tuple_from_plain(HostIntervals, read_json(path, RESULT))
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
