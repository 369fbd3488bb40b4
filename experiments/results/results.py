"""From what a run left behind to tables and a summary: probes, flows, losses, predictions.

Reads only the result folder, so it works the same after a finished run and after
one that was killed. docs/results.md describes every file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.controller.intent.specification import Specification
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.results import validity
from corridor.experiments.results.delay_alibi import Alibis
from corridor.experiments.results.outages import outages, summary_of, write_outages
from corridor.experiments.results.summary import DemandSummary, FlowSummary, Summary
from corridor.experiments.results.transit_check import judge_run
from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, read_json, read_text
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.wiring import FibreWire
from corridor.traffic.measures import metrics, samples
from corridor.traffic.measures.flows import flow_result
from corridor.traffic.workloads.stream_in import ReceivedStream
from corridor.traffic.workloads.stream_out import SentStream

if TYPE_CHECKING:
    import pyarrow as pa

SUMMARY_SCHEMA = 2
FLOWS_SCHEMA = 1
WARM_UP_PHASE, PROBE_PHASE = 0, 1
type Counters = Mapping[str, Mapping[str, int]]
"""By interface."""


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run besides its samples; None where it did not come that far."""

    testbed: str
    clock: str
    reason: str
    complete: bool
    failure: str | None
    build_s: float | None
    teardown_s: float | None
    wall_s: float
    virtual_s: float | None
    clock_step_ns: int | None


def read_plan(out_dir: Path) -> Plan:
    """The plan a run was executed from."""
    path = out_dir / "raw" / "plan.json"
    try:
        return from_plain(Plan, read_json(path, RESULT))
    except NoSuchFile:
        raise InputError("holds no run: raw/plan.json is missing", file=str(out_dir)) from None
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"is not a plan of this version: {error}",
            "report with the version that made the run",
            file=str(path),
        ) from None


def summarise(out_dir: Path, plan: Plan, facts: RunFacts) -> Summary:
    """Write ``probes.parquet``, ``flows.parquet`` and ``summary.json``; returns the summary."""
    hosts = samples.read_directory(out_dir / "raw")
    probes = samples.join(hosts)
    samples.write_parquet(out_dir / "probes.parquet", probes, hosts)
    flows = read_flows(out_dir, plan)
    _write_flows(out_dir / "flows.parquet", flows)
    measured = {
        item.demand: item for item in metrics.by_demand(probes) if item.phase == PROBE_PHASE
    }
    first_ns = _first_packets(probes)
    demands = [_demand(demand, measured.get(demand.index), flows) for demand in plan.demands]
    for demand, entry in zip(plan.demands, demands, strict=True):
        entry["first_packet_rtt_ms"] = first_ns.get(demand.index)
    cuts = list(outages(probes, plan))
    if cuts:
        write_outages(out_dir / "cuts.parquet", cuts)
    damaged = sum(host.damaged for host in hosts)
    summary: Summary = {
        "schema": SUMMARY_SCHEMA,
        "scenario": plan.scenario,
        "policies": plan.policies,
        "as_of": plan.as_of,
        "testbed": facts.testbed,
        "clock": facts.clock,
        "testbed_reason": facts.reason,
        "framework": plan.framework,
        "seed": plan.seed,
        "complete": facts.complete,
        "failure": facts.failure,
        "network": {
            "hubs": len(plan.wiring.hubs),
            "fibres": len(plan.wiring.fibres),
            "build_s": facts.build_s,
            "teardown_s": facts.teardown_s,
        },
        "wall_s": facts.wall_s,
        "virtual_s": facts.virtual_s,
        "clock_step_ns": facts.clock_step_ns,
        "warnings": validity.warnings(demands, flows, facts.clock_step_ns, damaged),
        "invalid": validity.invalidity(demands, flows, facts.clock_step_ns),
        "demands": demands,
    }
    if cuts:
        summary["cuts"] = summary_of(cuts)
    _add_alibis(out_dir / "raw" / "specification.json", demands)
    crossings = judge_run(out_dir / "raw", plan.wiring)
    if crossings is not None:
        summary["crossings"] = crossings.to_json()
    text = json.dumps(summary, indent=1) + "\n"
    (out_dir / "summary.json").write_text(text)
    return summary


def _add_alibis(judged_by: Path, demands: list[DemandSummary]) -> None:
    """Where no measured packet of a demand, on its way there, can have been."""
    if not judged_by.exists():
        return
    alibis = Alibis(Specification.from_json(read_text(judged_by, RESULT)).topology)
    for demand in demands:
        one_way_ms = demand["one_way_ms"]
        slowest_ms = one_way_ms["forward"]["max"] if one_way_ms is not None else None
        if slowest_ms is not None:
            found = alibis.of(demand["src"], demand["dst"], round(slowest_ms * 1e6))
            demand["alibi"] = list(found)


def _first_packets(probes: samples.Probes) -> dict[int, float]:
    """RTT in ms of each demand's very first probe, which meets empty caches in the switches."""
    chosen = probes[(probes["phase"] == WARM_UP_PHASE) & (probes["seq"] == 0) & probes["received"]]
    rtt_ns = (chosen["t4_ns"] - chosen["t1_ns"]) - (chosen["t3_ns"] - chosen["t2_ns"])
    pairs = zip(chosen["demand"].tolist(), rtt_ns.tolist(), strict=True)
    return {demand: rtt / 1e6 for demand, rtt in pairs}


def read_flows(out_dir: Path, plan: Plan) -> list[dict[str, Any]]:
    """One row a flow, UDP streams first: what was offered, what arrived, where it was lost."""
    raw = out_dir / "raw"
    sent: dict[int, SentStream] = {}
    received: dict[int, ReceivedStream] = {}
    for path in sorted(raw.glob("flows-*.json")):
        report = read_json(path, RESULT)
        sent |= {item["flow"]: item for item in report["streams_out"]}
        received |= {item["flow"]: item for item in report["streams_in"]}
    drops = _stream_drops(raw / "fibres.json", plan)
    rows = []
    for flow, item in sorted(sent.items()):
        demand = plan.demands[flow]
        result = flow_result(item, received.get(flow))
        rows.append(_flow_row(demand, "udp", result, drops.get(demand.id)))
    return rows + _transfer_rows(raw / "transfers.json", plan)


def _flow_row(
    demand: PlannedDemand, protocol: str, result: Mapping[str, Any], drops: dict[str, int] | None
) -> dict[str, Any]:
    return {
        "demand": demand.id,
        "protocol": protocol,
        "bottleneck_mbps": _per_million(demand.bottleneck_bps),
        "lost_at": drops,
        **result,
    }


def _transfer_rows(path: Path, plan: Plan) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    rows = []
    for entry in read_json(path, RESULT):
        demand = plan.demands[entry["demand"]]
        counters = entry["counters"]
        drops = _drops_between(counters["before"], counters["after"], plan)
        result = {**entry["result"], "delivered_mbps": entry["result"]["received_mbps"]}
        rows.append(_flow_row(demand, "tcp", result, drops))
    return rows


def _stream_drops(path: Path, plan: Plan) -> dict[str, dict[str, int]]:
    """Demand id to losses by fibre and direction, from the counters around its stream."""
    if not path.exists():
        return {}
    readings = read_json(path, RESULT)
    return {
        before["name"].removeprefix("stream:"): _drops_between(
            before["counters"], after["counters"], plan
        )
        for before, after in pairwise(readings)
    }


def _drops_between(before: Counters, after: Counters, plan: Plan) -> dict[str, int]:
    """Packets lost by place: ``fibre:from->to queue`` (buffer full) or ``line`` (at random)."""
    lost = {}
    for fibre in plan.wiring.fibres:
        for interface, name in _directions(fibre):
            for kind in ("queue", "line"):
                counter = f"{kind}_drops"
                dropped = after[interface][counter] - before[interface][counter]
                if dropped:
                    lost[f"{name} {kind}"] = dropped
    return lost


def _directions(fibre: FibreWire) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (fibre.a.interface, f"{fibre.fibre}:{fibre.a.hub}->{fibre.z.hub}"),
        (fibre.z.interface, f"{fibre.fibre}:{fibre.z.hub}->{fibre.a.hub}"),
    )


def _demand(
    demand: PlannedDemand, found: metrics.DemandMetrics | None, flows: list[dict[str, Any]]
) -> DemandSummary:
    entry: DemandSummary = {
        "id": demand.id,
        "class": demand.data_class,
        "src": demand.src,
        "dst": demand.dst,
        "status": demand.status,
        "data": demand.data,
        "returns": demand.returns,
        "permit": demand.permit,
        "legal_ref": list(demand.legal_ref),
        "why": demand.why,
        "lacks": list(demand.lacks),
        "path": list(demand.hubs),
        "phases": list(demand.phases),
        "fibres": list(demand.fibres),
        "crosses": list(demand.crosses),
        "predicted_rtt_ms": _per_million(demand.predicted_rtt_ns),
        "predicted_one_way_ms": {
            "forward": _per_million(demand.predicted_forward_ns),
            "backward": _per_million(demand.predicted_backward_ns),
        },
        "rtt_ms": None,
        "one_way_ms": None,
        "pdv_ms": None,
        "sent": 0,
        "received": 0,
        "lost": 0,
        "lost_forward": 0,
        "lost_backward": 0,
        "lost_unattributed": 0,
        "duplicates": 0,
        "reordered": 0,
    }
    if found is not None:
        _add_measured(entry, found)
    throughput = [_throughput(row) for row in flows if row["demand"] == demand.id]
    if throughput:
        first = throughput[0]
        entry["throughput_mbps"] = {
            "offered": first["offered"],
            "delivered": first["delivered"],
            "bottleneck": first["bottleneck"],
        }
        entry["flows"] = throughput
    return entry


def _add_measured(entry: DemandSummary, found: metrics.DemandMetrics) -> None:
    entry["rtt_ms"] = found.rtt.ms()
    entry["one_way_ms"] = {"forward": found.forward.ms(), "backward": found.backward.ms()}
    entry["pdv_ms"] = {"forward": found.forward_pdv.ms(), "backward": found.backward_pdv.ms()}
    entry["sent"] = found.sent
    entry["received"] = found.received
    entry["lost"] = found.lost
    entry["lost_forward"] = found.lost_forward
    entry["lost_backward"] = found.lost_backward
    entry["lost_unattributed"] = found.lost_unattributed
    entry["duplicates"] = found.duplicates
    entry["reordered"] = found.reordered
    entry["send_lateness_ms"] = found.send_lateness.ms()


def _per_million(number: int | None) -> float | None:
    return None if number is None else number / 1e6


def _throughput(row: Mapping[str, Any]) -> FlowSummary:
    return {
        "protocol": row["protocol"],
        "layer": row["layer"],
        "asked": row.get("asked_mbps"),
        "offered": row.get("offered_mbps"),
        "delivered": row.get("delivered_mbps"),
        "bottleneck": row["bottleneck_mbps"],
        "offered_packets": row.get("offered_packets"),
        "delivered_packets": row.get("delivered_packets"),
        "loss": row.get("loss"),
        "lost_at": row["lost_at"],
        "retransmits": row.get("retransmits"),
        "error": row.get("error"),
    }


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
    ("delay_p99_ns", "int64"),
    ("delay_max_ns", "int64"),
    ("lost_at_json", "string"),
    ("error", "string"),
)


def _write_flows(path: Path, flows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

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
    pq.write_table(table, path, compression="zstd", version="2.6")
