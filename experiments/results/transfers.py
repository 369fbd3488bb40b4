"""TCP transfers: what iperf3 said of each, and where its packets were lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corridor.experiments.plan.values import Plan
from corridor.experiments.results.flows import FlowRow, flow_row
from corridor.experiments.results.losses import Counters, lost_between
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.traffic.workloads.tcp import TcpResult


@dataclass(frozen=True)
class Around:
    """The counters of all fibres."""

    before: Counters
    after: Counters


@dataclass(frozen=True)
class Carried:
    """Of ``raw/transfers.json``: one transfer."""

    demand: int
    result: TcpResult
    counters: Around


def transfer_rows(raw: Path, plan: Plan) -> list[FlowRow]:
    """One row a transfer, from a run's ``raw`` folder."""
    path = raw / "transfers.json"
    if not path.exists():
        return []
    return [_row(from_plain(Carried, one), plan) for one in read_json(path, RESULT)]


def _row(carried: Carried, plan: Plan) -> FlowRow:
    counters, result = carried.counters, carried.result
    lost_at = lost_between(counters.before, counters.after, plan.wiring)
    figures = {**to_plain(result), "delivered_mbps": result.received_mbps}
    return flow_row(plan.demands[carried.demand], "tcp", figures, lost_at)
