"""From what a run left behind to tables and a summary: probes, flows, losses, predictions.

Reads only the result folder, so it works the same after a finished run and after
one that was killed. docs/results.md describes every file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from corridor.controller.intent.specification import Specification
from corridor.experiments.plan.clipped_rates import clipped_rates
from corridor.experiments.plan.idle_streams import idle_streams
from corridor.experiments.plan.probe_queues import queue_warnings
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.results import validity
from corridor.experiments.results.account import account_of, add_account, add_causes
from corridor.experiments.results.anycast_text import anycast_summary
from corridor.experiments.results.certainty import CERTAINTY_FILE
from corridor.experiments.results.certainty_summary import CertaintiesDocument
from corridor.experiments.results.delay_alibi import Alibis
from corridor.experiments.results.fibre_use import USE_FILE, read_use, write_use
from corridor.experiments.results.flows import FlowRow, flow_summary, write_flows
from corridor.experiments.results.health import (
    lost_at_sockets,
    machine_warnings,
    unexplained,
)
from corridor.experiments.results.machine_counters import Health, read_health
from corridor.experiments.results.messages import (
    MESSAGES_FILE,
    message_rows,
    read_said,
    write_messages,
)
from corridor.experiments.results.outages import Outage, outages, summary_of, write_outages
from corridor.experiments.results.probes import add_measured, first_packet_rtt_ms, measured
from corridor.experiments.results.queue_counters import read_queues
from corridor.experiments.results.streams import stream_rows
from corridor.experiments.results.summary import DemandSummary, Summary
from corridor.experiments.results.timeline import add_timeline, epoch_of, in_force
from corridor.experiments.results.tracks import SERIES_FILE, read_tracks, write_series
from corridor.experiments.results.transfers import transfer_rows
from corridor.experiments.results.transit_check import judge_run
from corridor.experiments.results.unexpected import (
    probe_intervals_ms,
    unexpected_cuts,
    unexpected_events,
)
from corridor.experiments.results.unpredicted import tail_warnings
from corridor.experiments.results.utilisation import (
    UTILISATION_FILE,
    read_utilisation,
    write_utilisation,
)
from corridor.experiments.results.workloads import Sent, workloads_summary
from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, read_json, read_text
from corridor.topologies.base.codec import from_plain, read_document, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text
from corridor.traffic.measures import samples

SUMMARY_SCHEMA = 2


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
    """Write ``probes.parquet``, ``flows.parquet``, ``series.parquet`` where there are loads, and
    ``summary.json``; returns the summary."""
    hosts = samples.read_directory(out_dir / "raw")
    probes = samples.join(hosts)
    samples.write_parquet(out_dir / "probes.parquet", probes, hosts)
    account = account_of(out_dir / "raw", plan, hosts, epoch_of(hosts))
    flows = stream_rows(out_dir / "raw", plan, account)
    flows += transfer_rows(out_dir / "raw", plan, account)
    write_flows(out_dir / "flows.parquet", flows)
    write_use(out_dir / USE_FILE, read_use(out_dir / "raw", plan))
    write_series(out_dir / SERIES_FILE, read_tracks(out_dir / "raw", plan, epoch_of(hosts)))
    demands = _demands(plan, probes, flows)
    cuts = list(outages(probes, plan))
    if cuts:
        write_outages(out_dir / "cuts.parquet", cuts)
    summary = _summary(plan, facts, demands)
    if plan.controller_name:
        summary["controller"] = plan.controller_name
    damaged = sum(host.damaged for host in hosts)
    summary["warnings"] = validity.warnings(demands, flows, facts.clock_step_ns, damaged)
    summary["warnings"] += [*queue_warnings(plan), *idle_streams(plan), *clipped_rates(plan)]
    summary["invalid"] = validity.invalidity(demands, flows, facts.clock_step_ns)
    if cuts:
        summary["cuts"] = summary_of(cuts)
    add_timeline(out_dir, plan, probes, hosts, account, summary)
    _add_unexpected(summary, probes, cuts, plan)
    add_causes(account, summary)
    add_account(out_dir, account, summary)
    _add_workloads(out_dir, plan, probes, epoch_of(hosts), summary)
    queues = read_queues(out_dir / "raw", plan.wiring)
    if queues:
        summary["queues"] = queues
    _judge_health(summary, flows, plan, read_health(out_dir / "raw"))
    _add_alibis(out_dir / "raw" / "specification.json", demands)
    crossings = judge_run(
        out_dir / "raw",
        plan.wiring,
        partial(in_force, out_dir / "raw", plan, epoch_of(hosts)),
        labelled=not plan.controller,
    )
    if crossings is not None:
        summary["crossings"] = crossings.to_json()
    _add_certainty(out_dir / "raw" / CERTAINTY_FILE, summary)
    write_summary(out_dir, summary)
    return summary


def _add_unexpected(
    summary: Summary, probes: samples.Probes, cuts: Sequence[Outage], plan: Plan
) -> None:
    """Only of a run that came to its end: another was cut short itself."""
    clock = summary["clock"]
    if not summary["complete"] or plan.controller:
        return
    intervals_ms = probe_intervals_ms(probes, plan)
    found = unexpected_events(summary.get("events", []), plan, intervals_ms, clock)
    found += unexpected_cuts(cuts, plan, clock)
    if found:
        summary["unexpected"] = found
        summary["warnings"] += [f"outside its expectation: {one}" for one in found]


def write_summary(out_dir: Path, summary: Summary) -> None:
    """Whole or not at all: others may be reading it."""
    write_text(out_dir / "summary.json", json.dumps(summary, indent=1) + "\n")


def _judge_health(
    summary: Summary, flows: list[FlowRow], plan: Plan, health: Health | None
) -> None:
    """Only of a run that came to its end: of another, much is missing for other reasons."""
    summary["warnings"] += machine_warnings(health, plan)
    summary["warnings"] += tail_warnings(summary["demands"], plan, summary["clock"])
    if summary["complete"] and summary["invalid"] is None:
        demands = summary["demands"]
        summary["invalid"] = lost_at_sockets(health, demands) or unexplained(
            health, demands, flows, plan, summary["clock"]
        )


def _summary(plan: Plan, facts: RunFacts, demands: list[DemandSummary]) -> Summary:
    """As of a run of which there is nothing to warn of."""
    return {
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
        "warnings": [],
        "invalid": None,
        "demands": demands,
    }


def _add_workloads(
    out_dir: Path, plan: Plan, probes: samples.Probes, epoch_ns: int, summary: Summary
) -> None:
    """And ``messages.parquet``, where workloads sent messages, and ``utilisation.parquet``."""
    said = read_said(out_dir / "raw")
    scale = _capacity_scale(out_dir / "raw" / "specification.json")
    loads = read_utilisation(out_dir / "raw", plan, scale)
    write_utilisation(out_dir / UTILISATION_FILE, loads)
    rows = message_rows(plan, said, epoch_ns)
    write_messages(out_dir / MESSAGES_FILE, rows)
    if not rows:
        return
    if said.torn:
        summary["warnings"].append(f"{said.torn} lines on messages were torn and left out")
    summary["workloads"] = workloads_summary(Sent(plan, said, rows, probes, epoch_ns, scale))


def _capacity_scale(judged_by: Path) -> float | None:
    if not judged_by.exists():
        return None
    topology = Specification.from_json(read_text(judged_by, RESULT)).topology
    return topology.scaling.capacity_scale


def _add_certainty(file: Path, summary: Summary) -> None:
    """What was said before the run of how sure its paths are; runs of earlier versions lack it."""
    if not file.exists():
        return
    plain = read_json(file, RESULT)
    said = read_document(CertaintiesDocument, plain, str(file), "run it again")
    summary["certainty"] = to_plain(said.of)
    for demand in summary["demands"]:
        if demand["id"] in said.demands:
            demand["certainty"] = to_plain(said.demands[demand["id"]])


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


def _demands(plan: Plan, probes: samples.Probes, flows: list[FlowRow]) -> list[DemandSummary]:
    """Each one's prediction, and what was measured beside it."""
    found, first_ms = measured(probes), first_packet_rtt_ms(probes)
    demands = []
    for demand in plan.demands:
        entry = _predicted(demand)
        if demand.index in found:
            add_measured(entry, found[demand.index])
        _add_flows(entry, flows)
        entry["first_packet_rtt_ms"] = first_ms.get(demand.index)
        demands.append(entry)
    return demands


def _add_flows(entry: DemandSummary, flows: list[FlowRow]) -> None:
    mine = [flow_summary(row) for row in flows if row["demand"] == entry["id"]]
    if mine:
        first = mine[0]
        entry["throughput_mbps"] = {
            "offered": first["offered"],
            "delivered": first["delivered"],
            "bottleneck": first["bottleneck"],
        }
        entry["flows"] = mine


def _predicted(demand: PlannedDemand) -> DemandSummary:
    """As of a demand of which nothing was measured."""
    found = _planned(demand)
    anycast = anycast_summary(demand.anycast)
    if anycast is not None:
        found["anycast"] = to_plain(anycast)
    return found


def _planned(demand: PlannedDemand) -> DemandSummary:
    return {
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
        "not_judged": list(demand.not_judged),
        "path": list(demand.hubs),
        "phases": list(demand.phases),
        "fibres": list(demand.fibres),
        "crosses": list(demand.crosses),
        "may_cross": list(demand.may_cross),
        "capacity_assumed": list(demand.assumed),
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


def _per_million(number: int | None) -> float | None:
    return None if number is None else number / 1e6
