"""UDP streams: what was offered, what arrived, where it was lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from corridor.experiments.plan.values import Plan
from corridor.experiments.results.flows import FlowRow, flow_row
from corridor.experiments.results.losses import Counters, LostAt, lost_between
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain
from corridor.traffic.measures.flows import flow_result
from corridor.traffic.workloads.stream_in import ReceivedStream
from corridor.traffic.workloads.stream_out import SentStream


@dataclass(frozen=True)
class Reading:
    """Of ``raw/fibres.json``: the counters as a stream began, or at the end."""

    name: str
    counters: Counters


def stream_rows(raw: Path, plan: Plan) -> list[FlowRow]:
    """One row a stream, from a run's ``raw`` folder."""
    sent: dict[int, SentStream] = {}
    received: dict[int, ReceivedStream] = {}
    for path in sorted(raw.glob("flows-*.json")):
        report = read_json(path, RESULT)
        sent |= {item["flow"]: item for item in report["streams_out"]}
        received |= {item["flow"]: item for item in report["streams_in"]}
    lost_at = _lost_at(raw / "fibres.json", plan)
    rows = []
    for flow, item in sorted(sent.items()):
        demand = plan.demands[flow]
        result = flow_result(item, received.get(flow))
        rows.append(flow_row(demand, "udp", result, lost_at.get(demand.id)))
    return rows


def _lost_at(path: Path, plan: Plan) -> dict[str, LostAt]:
    """By demand, from the counters around its stream."""
    if not path.exists():
        return {}
    readings = [from_plain(Reading, one) for one in read_json(path, RESULT)]
    return {
        before.name.removeprefix("stream:"): lost_between(
            before.counters, after.counters, plan.wiring
        )
        for before, after in pairwise(readings)
    }
