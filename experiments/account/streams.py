"""UDP streams: what was offered, what arrived, where it was lost. Pure."""

from __future__ import annotations

from pathlib import Path

from corridor.experiments.account.account_of_run import Account
from corridor.experiments.account.flows import FlowRow, flow_row
from corridor.experiments.account.packet_classes import STREAM
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.measures.flows import flow_result
from corridor.traffic.measures.stream_delays import read_stream_delays


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
