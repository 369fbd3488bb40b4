"""Streams and transfers side by side: rows of ``flows.parquet`` and of the summary. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

from corridor.experiments.account.lost_by_place import LostAt
from corridor.experiments.account.samples_told import flow_sample_summary
from corridor.experiments.account.summary import FlowSummary
from corridor.experiments.plan.values import PlannedDemand
from corridor.topologies.base.parquet_file import write_parquet_file
from corridor.traffic.measures.flows import FlowSample

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
