"""From what a run left behind to tables and a summary: probes, flows, losses, predictions.

Reads only the result folder, so it works the same after a finished run and after
one that was killed. docs/results.md describes every file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from corridor.controller.intent.specification import Specification
from corridor.experiments.account.account_of_run import (
    Account,
    account_of,
    unbalanced,
    write_account,
)
from corridor.experiments.account.counters import read_health, read_queues
from corridor.experiments.account.domains_of_run import domains_of_run
from corridor.experiments.account.fibre_use import Lasting, fibre_use
from corridor.experiments.account.flows import (
    SERIES_FILE,
    FlowRow,
    flow_summary,
    read_tracks,
    stream_rows,
    transfer_rows,
    write_flows,
    write_series,
)
from corridor.experiments.account.probes import first_packet_rtt_ms, measured, with_measured
from corridor.experiments.account.summary import (
    BothDirections,
    DemandSummary,
    NetworkSummary,
    Outage,
    Rates,
    Summary,
)
from corridor.experiments.account.transit_check import Alibis, judge_run
from corridor.experiments.account.utilisation import (
    USE_FILE,
    UTILISATION_FILE,
    read_use,
    read_utilisation,
    write_use,
    write_utilisation,
)
from corridor.experiments.account.workload_summary import EnergyAudit, WorkloadsSummary
from corridor.experiments.answers.certainty import CERTAINTY_FILE
from corridor.experiments.answers.demand_parts import CertaintiesDocument, anycast_summary
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.plan.warnings import plan_warnings
from corridor.experiments.results.energy_of_run import audit_of
from corridor.experiments.results.health import (
    invalidity,
    lost_at_sockets,
    machine_warnings,
    unexplained,
)
from corridor.experiments.results.health import (
    warnings as health_warnings,
)
from corridor.experiments.results.messages import (
    MESSAGES_FILE,
    message_rows,
    read_said,
    write_messages,
)
from corridor.experiments.results.outages import outages, summary_of, write_outages
from corridor.experiments.results.timeline import Timeline, epoch_of, in_force, timeline_of
from corridor.experiments.results.unpredicted import (
    probe_intervals_ms,
    tail_warnings,
    unexpected_cuts,
    unexpected_events,
)
from corridor.experiments.results.workloads import Sent, workloads_summary
from corridor.experiments.scenario.event_registry import KINDS
from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, read_json, read_text
from corridor.topologies.base.codec import from_plain, read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.model.topology import Topology
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
        raise InputError("contains no run: raw/plan.json is missing", file=str(out_dir)) from None
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"is not a plan of this version: {error}",
            "report with the version that made the run",
            file=str(path),
        ) from None


def summarise(out_dir: Path, plan: Plan, facts: RunFacts) -> Summary:
    """Write ``probes.parquet``, ``flows.parquet``, ``series.parquet`` where there are loads, and
    ``summary.json``; returns the summary."""
    raw = out_dir / "raw"
    hosts = samples.read_directory(raw)
    probes, epoch_ns = samples.join(hosts), epoch_of(hosts)
    samples.write_parquet(out_dir / "probes.parquet", probes, hosts)
    account = account_of(raw, plan, hosts, epoch_ns)
    flows = stream_rows(raw, plan, account) + transfer_rows(raw, plan, account)
    write_flows(out_dir / "flows.parquet", flows)
    use = read_use(raw, plan)
    write_use(out_dir / USE_FILE, use)
    write_series(out_dir / SERIES_FILE, read_tracks(raw, plan, epoch_ns))
    cuts = list(outages(probes, plan))
    if cuts:
        write_outages(out_dir / "cuts.parquet", cuts)
    timeline = timeline_of(out_dir, plan, probes, hosts, account)
    topology, certain = _topology(raw / "specification.json"), _certainty(raw / CERTAINTY_FILE)
    planned = [_with_flows(one, flows, account) for one in _measured(plan, probes)]
    alibis = None if topology is None else Alibis(topology)
    demands = [_with_causes(one, timeline, alibis, certain) for one in planned]
    unexpected = _unexpected(timeline, probes, cuts, plan, facts)
    balance = write_account(out_dir, account)
    workloads, energy, torn = _workloads(out_dir, plan, probes, epoch_ns, topology)
    health, step_ns = read_health(raw), facts.clock_step_ns
    warnings = [
        *health_warnings(demands, flows, step_ns, sum(host.damaged for host in hosts)),
        *plan_warnings(plan),
        *timeline.warnings,
        *(f"outside its expectation: {one}" for one in unexpected),
        *account.warnings,
        *torn,
        *machine_warnings(health, plan),
        *tail_warnings(demands, plan, facts.clock),
    ]
    invalid = invalidity(demands, flows, step_ns)
    if invalid is None and facts.complete:  # of another run, much is missing for other reasons
        invalid = (
            unbalanced(balance)
            or lost_at_sockets(health, demands)
            or unexplained(health, demands, flows, plan, facts.clock)
        )
    summary = Summary(
        schema=SUMMARY_SCHEMA,
        scenario=plan.scenario,
        policies=plan.policies,
        as_of=plan.as_of,
        testbed=facts.testbed,
        clock=facts.clock,
        testbed_reason=facts.reason,
        framework=plan.framework,
        seed=plan.seed,
        complete=facts.complete,
        failure=facts.failure,
        network=NetworkSummary(
            hubs=len(plan.wiring.hubs),
            fibres=len(plan.wiring.fibres),
            build_s=facts.build_s,
            teardown_s=facts.teardown_s,
        ),
        wall_s=facts.wall_s,
        virtual_s=facts.virtual_s,
        clock_step_ns=step_ns,
        warnings=tuple(warnings),
        invalid=invalid,
        demands=tuple(demands),
        controller=plan.controller_name,
        cuts=summary_of(cuts) if cuts else None,
        events=timeline.events,
        expectations=timeline.expectations,
        unexpected=tuple(unexpected),
        account=balance,
        workloads=workloads,
        energy=energy,
        queues=tuple(read_queues(raw, plan.wiring)),
        fibre_use=tuple(fibre_use(use, list(_lasting(timeline)))),
        crossings=judge_run(
            raw, plan.wiring, partial(in_force, raw, plan, epoch_ns), labelled=not plan.controller
        ),
        domains=domains_of_run(raw, plan, _asked(raw, plan)) if plan.domains else None,
        certainty=certain.of if certain else None,
    )
    write_summary(out_dir, summary)
    return summary


def _asked(raw: Path, plan: Plan) -> list[Specification]:
    """The specification of a run, and each that its events asked for."""
    judged_by = raw / "specification.json"
    if not judged_by.exists():
        return []
    first = Specification.from_json(read_text(judged_by, RESULT))
    return [one for one, _ in in_force(raw, plan, 0, first)]


def _lasting(timeline: Timeline) -> Iterator[Lasting]:
    """Yield the events that took place and last."""
    for one in timeline.events or ():
        if KINDS[one.kind].end and not one.refused:
            yield Lasting(one.id, one.at_ms, one.until_ms)


def _unexpected(
    timeline: Timeline,
    probes: samples.Probes,
    cuts: Sequence[Outage],
    plan: Plan,
    facts: RunFacts,
) -> list[str]:
    """Only of a run that came to its end: another was cut short itself."""
    if not facts.complete or plan.controller or plan.domains:
        return []
    intervals_ms = probe_intervals_ms(probes, plan)
    found = unexpected_events(timeline.events or (), plan, intervals_ms, facts.clock)
    return found + unexpected_cuts(cuts, plan, facts.clock)


def write_summary(out_dir: Path, summary: Summary) -> None:
    """Whole or not at all: others may be reading it."""
    write_text(out_dir / "summary.json", json.dumps(summary.to_json(), indent=1) + "\n")


def _workloads(
    out_dir: Path, plan: Plan, probes: samples.Probes, epoch_ns: int, topology: Topology | None
) -> tuple[WorkloadsSummary | None, EnergyAudit | None, list[str]]:
    """Write ``messages.parquet``, where workloads sent messages, and ``utilisation.parquet``;
    return the results of workloads, the energy audit, and the warnings."""
    said = read_said(out_dir / "raw")
    scale = topology.scaling.capacity_scale if topology is not None else None
    loads = read_utilisation(out_dir / "raw", plan, scale)
    write_utilisation(out_dir / UTILISATION_FILE, loads)
    rows = message_rows(plan, said, epoch_ns)
    write_messages(out_dir / MESSAGES_FILE, rows)
    energy = audit_of(out_dir, plan, rows)
    if not rows:
        return None, energy, []
    torn = [f"{said.torn} incomplete lines about messages were left out"] if said.torn else []
    sent = Sent(plan, said, rows, probes, epoch_ns, scale)
    return workloads_summary(sent), energy, torn


def _topology(judged_by: Path) -> Topology | None:
    if not judged_by.exists():
        return None
    return Specification.from_json(read_text(judged_by, RESULT)).topology


def _certainty(file: Path) -> CertaintiesDocument | None:
    """The uncertainty of paths, computed before the run; older runs do not have it."""
    if not file.exists():
        return None
    return read_document(CertaintiesDocument, read_json(file, RESULT), str(file), "run it again")


def _measured(plan: Plan, probes: samples.Probes) -> Iterator[DemandSummary]:
    """Each demand's prediction, and what probes measured."""
    found, first_ms = measured(probes), first_packet_rtt_ms(probes)
    for demand in plan.demands:
        entry = replace(_planned(demand), first_packet_rtt_ms=first_ms.get(demand.index))
        mine = found.get(demand.index)
        yield entry if mine is None else with_measured(entry, mine)


def _with_flows(entry: DemandSummary, flows: list[FlowRow], account: Account) -> DemandSummary:
    mine = tuple(
        flow_summary(row, account.flow_lost_by(entry.id, row.protocol))
        for row in flows
        if row.demand == entry.id
    )
    if not mine:
        return entry
    first = mine[0]
    rates = Rates(offered=first.offered, delivered=first.delivered, bottleneck=first.bottleneck)
    return replace(entry, flows=mine, throughput_mbps=rates)


def _with_causes(
    entry: DemandSummary,
    timeline: Timeline,
    alibis: Alibis | None,
    certain: CertaintiesDocument | None,
) -> DemandSummary:
    """Why its probes were lost, where none can have been, and the uncertainty of its path."""
    slowest_ms = entry.one_way_ms.forward.max if entry.one_way_ms is not None else None
    alibi = None
    if alibis is not None and slowest_ms is not None:
        alibi = alibis.of(entry.src, entry.dst, round(slowest_ms * 1e6))
    return replace(
        entry,
        lost_by=dict(timeline.lost_by.get(entry.id, {})),
        alibi=alibi,
        certainty=certain.demands.get(entry.id) if certain else None,
    )


def _planned(demand: PlannedDemand) -> DemandSummary:
    """The summary of a demand without measurements."""
    return DemandSummary(
        id=demand.id,
        class_=demand.data_class,
        src=demand.src,
        dst=demand.dst,
        src_host=demand.src_host,
        dst_host=demand.dst_host,
        status=demand.status,
        data=demand.data,
        returns=demand.returns,
        permit=demand.permit,
        legal_ref=demand.legal_ref,
        why=demand.why,
        lacks=demand.lacks,
        not_judged=demand.not_judged,
        path=demand.hubs,
        phases=demand.phases,
        fibres=demand.fibres,
        crosses=demand.crosses,
        may_cross=demand.may_cross,
        capacity_assumed=demand.assumed,
        predicted_rtt_ms=_per_million(demand.predicted_rtt_ns),
        predicted_one_way_ms=BothDirections(
            forward=_per_million(demand.predicted_forward_ns),
            backward=_per_million(demand.predicted_backward_ns),
        ),
        rtt_ms=None,
        one_way_ms=None,
        pdv_ms=None,
        sent=0,
        received=0,
        lost=0,
        lost_forward=0,
        lost_backward=0,
        lost_unattributed=0,
        duplicates=0,
        reordered=0,
        anycast=anycast_summary(demand.anycast),
    )


def _per_million(number: int | None) -> float | None:
    return None if number is None else number / 1e6
