"""Streams and transfers side by side: rows of ``flows.parquet`` and of the summary. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

from corridor.experiments.account.account_of_run import Account, LostAt
from corridor.experiments.account.packet_classes import STREAM, TRANSFER
from corridor.experiments.account.probes import flow_sample_summary
from corridor.experiments.account.summary import FlowSummary
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.parquet_file import write_parquet_file
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.agents.tcp_report import TcpResult
from corridor.traffic.measures.flows import FlowSample, flow_result
from corridor.traffic.measures.stream_delays import read_stream_delays

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


class FlowRow(TypedDict):
    """One stream or transfer: what is common to both, then what only one of them has."""

    demand: str
    protocol: str
    layer: str
    bottleneck_mbps: float
    lost_at: LostAt | None
    delivered_mbps: float | None
    asked_mbps: NotRequired[float]
    offered_mbps: NotRequired[float | None]
    offered_packets: NotRequired[int]
    sent_packets: NotRequired[int]
    delivered_packets: NotRequired[int | None]
    loss: NotRequired[float | None]
    lost_packets: NotRequired[int]
    lost_at_sender: NotRequired[int]
    lost_in_network: NotRequired[int]
    lost_at_receiver_socket: NotRequired[int]
    duplicates: NotRequired[int]
    reordered: NotRequired[int]
    send_late_max_ns: NotRequired[int]
    send_late_p99_ns: NotRequired[int | None]
    receive_interval_ns: NotRequired[int]
    delay_min_ns: NotRequired[int | None]
    delay_p50_ns: NotRequired[int | None]
    delay_p95_ns: NotRequired[int | None]
    delay_p99_ns: NotRequired[int | None]
    sample: NotRequired[FlowSample]
    delay_max_ns: NotRequired[int | None]
    received_bytes: NotRequired[int | None]
    retransmits: NotRequired[int | None]
    min_rtt_us: NotRequired[int | None]
    duration_ns: NotRequired[int | None]
    error: NotRequired[str | None]


def flow_row(
    demand: PlannedDemand, protocol: str, figures: Mapping[str, object], lost_at: LostAt | None
) -> FlowRow:
    """``figures`` are those of ``flow_result`` or ``TcpResult`` of ``traffic/agents``.

    Raises ValueError for a demand that has no path, and so no flow.
    """
    if demand.bottleneck_bps is None:
        raise ValueError(f"{demand.id} has no path, and a flow")
    common = {
        "demand": demand.id,
        "protocol": protocol,
        "bottleneck_mbps": demand.bottleneck_bps / 1e6,
        "lost_at": lost_at,
    }
    return cast(FlowRow, {**common, **figures})


def flow_summary(row: FlowRow, lost_by: dict[str, int] | None) -> FlowSummary:
    """``lost_by`` as ``FlowSummary`` has it."""
    return FlowSummary(
        protocol=row["protocol"],
        layer=row["layer"],
        asked=row.get("asked_mbps"),
        offered=row.get("offered_mbps"),
        delivered=row["delivered_mbps"],
        bottleneck=row["bottleneck_mbps"],
        offered_packets=row.get("offered_packets"),
        delivered_packets=row.get("delivered_packets"),
        loss=row.get("loss"),
        lost_at=row["lost_at"],
        retransmits=row.get("retransmits"),
        error=row.get("error"),
        sample=flow_sample_summary(row["sample"]) if "sample" in row else None,
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
        {
            **{name: row.get(name) for name, _ in FLOW_COLUMNS},
            "lost_at_json": json.dumps(row["lost_at"]),
        }
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
        report = read_json(path, RESULT)
        sent |= {item["flow"]: item for item in report["streams_out"]}
        received |= {item["flow"]: item for item in report["streams_in"]}
    times = read_stream_delays(raw)
    rows = []
    for flow, item in sorted(sent.items()):
        demand = plan.demands[flow]
        arrived, late = times.delay.get(flow), times.late.get(flow)
        result = flow_result(item, received.get(flow), arrived, late)
        lost_at = account.lost_at(demand.id, STREAM)
        if lost_at is not None and result["refused_by_sender"]:
            lost_at[f"host {demand.src} refused"] = result["refused_by_sender"]
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
    result = replace(carried.result, sending=(), receiving=())
    figures = {**to_plain(result), "delivered_mbps": result.received_mbps}
    return flow_row(demand, "tcp", figures, account.lost_at(demand.id, TRANSFER))
