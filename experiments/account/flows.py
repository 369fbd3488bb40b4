"""Streams and transfers side by side: rows of ``flows.parquet`` and of the summary. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.account.account_of_run import Account, LostAt
from corridor.experiments.account.ends import read_streams
from corridor.experiments.account.packet_classes import STREAM, TRANSFER
from corridor.experiments.account.probes import flow_sample_summary
from corridor.experiments.account.summary import FlowSummary
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.parquet_file import write_parquet_file
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.agents.tcp_report import TcpResult
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
            lost_at[f"host {demand.src} refused"] = refused
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
