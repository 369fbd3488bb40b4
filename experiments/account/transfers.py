"""TCP transfers: what iperf3 said of each, and where its packets were lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from corridor.experiments.account.account_of_run import Account
from corridor.experiments.account.flows import FlowRow, flow_row
from corridor.experiments.account.packet_classes import TRANSFER
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.traffic.agents.tcp_report import TcpResult


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
