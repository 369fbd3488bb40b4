"""UDP streams: what was offered, what arrived, where it was lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from corridor.experiments.plan.values import AFTER, Plan
from corridor.experiments.results.flows import FlowRow, flow_row
from corridor.experiments.results.losses import Counters, LostAt, lost_between
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain
from corridor.traffic.measures.flows import flow_result
from corridor.traffic.measures.stream_delays import read_stream_delays
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
    lost_at, times = _lost_at(raw, plan), read_stream_delays(raw)
    rows = []
    for flow, item in sorted(sent.items()):
        demand = plan.demands[flow]
        arrived, late = times.delay.get(flow), times.late.get(flow)
        result = flow_result(item, received.get(flow), arrived, late)
        rows.append(flow_row(demand, "udp", result, lost_at.get(demand.id)))
    return rows


def read_counters(raw: Path) -> list[Reading]:
    """Of fibres while streams were sent, in order of time; none where none were."""
    path = raw / "fibres.json"
    if not path.exists():
        return []
    return [from_plain(Reading, one) for one in read_json(path, RESULT)]


def _lost_at(raw: Path, plan: Plan) -> dict[str, LostAt]:
    """By demand, from the counters around its stream: its own two readings, or the next."""
    readings = read_counters(raw)
    ends = {one.name: one for one in readings if one.name.startswith(AFTER)}
    alone = [one for one in readings if f"{AFTER}{one.name}" not in ends and one.name not in ends]
    pairs = [
        *pairwise(alone),
        *((one, ends[f"{AFTER}{one.name}"]) for one in readings if f"{AFTER}{one.name}" in ends),
    ]
    return {
        before.name.removeprefix("stream:"): lost_between(
            before.counters, after.counters, plan.wiring
        )
        for before, after in pairs
    }
