"""The energy audit of a run, from the messages of its workloads.

Energy is computed from the planned power of jobs: a job computes only from the arrival of what it
waits for on, and does not make up for lost time. Octets are those that arrived, over the scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.account.workload_summary import (
    COMPUTING_FILE,
    Audited,
    AuditedTransfer,
    EnergyAudit,
)
from corridor.experiments.plan.values import Plan
from corridor.experiments.results.messages import MessageRow
from corridor.experiments.scenario.options import (
    HOURS,
    Computing,
    ComputingHub,
    ComputingLeg,
    ComputingRun,
)
from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, read_json

AT_ORIGIN = ""
"""Name of the demand of data that did not have to be sent."""
BYTES_OF_GB = 1e9


class Sent(NamedTuple):
    """What a workload sent in the run."""

    demand: str
    src: str
    dst: str
    octets: float
    """Over the scale."""
    began_h: float
    arrived_h: float | None


def energy_audit(computing: Computing, sent: Mapping[str, Sent]) -> EnergyAudit:
    """Return the audit of a run.

    Args:
        computing: What the scenario states.
        sent: By workload.
    """
    parts = [part for run in computing.runs for part in _parts(run, computing, sent)]
    legs = [(leg, sent[leg.workload]) for leg in computing.legs]
    total = _audited("all", parts, legs)
    each = computing.wan_kwh_per_gb
    hubs = _names([*(one.hub for one in parts), *(hub for _, of in legs for hub in of[1:3])])
    demands = _names([*(of.demand for _, of in legs), *(one.demand for one in parts)])
    classes = _names([*(one.data for one in parts), *(leg.data for leg, _ in legs)])

    def audited(
        names: Iterable[str],
        is_part: Callable[[_Part, str], bool],
        is_leg: Callable[[ComputingLeg, Sent, str], bool],
    ) -> tuple[Audited, ...]:
        return tuple(
            _audited(
                name,
                [one for one in parts if is_part(one, name)],
                [(leg, of) for leg, of in legs if is_leg(leg, of, name)],
            )
            for name in names
        )

    return EnergyAudit(
        count=computing.count,
        currency=computing.currency,
        hour_s=computing.hour / 1e9,
        total=total,
        wan_mwh=None if each is None else total.bytes / BYTES_OF_GB * each / 1000,
        hubs=audited(
            hubs, lambda one, name: one.hub == name, lambda _, of, name: name in (of.src, of.dst)
        ),
        demands=audited(
            demands, lambda one, name: one.demand == name, lambda _, of, name: of.demand == name
        ),
        classes=audited(
            classes, lambda one, name: one.data == name, lambda leg, _, name: leg.data == name
        ),
        transfers=tuple(
            AuditedTransfer(
                leg.workload,
                of.demand,
                leg.data,
                leg.octets,
                round(of.octets),
                of.began_h,
                of.arrived_h,
            )
            for leg, of in legs
        ),
    )


class _Part(NamedTuple):
    """Energy of a run of jobs with one set of values of its hub."""

    hub: str
    demand: str
    data: str
    values: ComputingHub
    planned_it_mwh: float
    it_mwh: float


def _parts(run: ComputingRun, computing: Computing, sent: Mapping[str, Sent]) -> list[_Part]:
    arrivals = [sent[name].arrived_h for name in run.awaits]
    known = [one for one in arrivals if one is not None]
    begins_h = max(known, default=0.0) if len(known) == len(arrivals) else float(HOURS)
    demand = sent[run.brought_by].demand if run.brought_by else AT_ORIGIN
    values = sorted(
        (one for one in computing.hubs if one.hub == run.hub), key=lambda one: one.from_h
    )
    ends = [*(one.from_h for one in values[1:]), HOURS]
    found = []
    for one, until_h in zip(values, ends, strict=True):
        hours = [(hour, run.mw[hour]) for hour in range(one.from_h, until_h)]
        planned = sum(mw for _, mw in hours)
        it_mwh = sum(mw * min(1.0, max(0.0, hour + 1 - begins_h)) for hour, mw in hours)
        if planned:
            found.append(_Part(run.hub, demand, run.data, one, planned, it_mwh))
    return found


def _audited(
    name: str, parts: Sequence[_Part], legs: Sequence[tuple[ComputingLeg, Sent]]
) -> Audited:
    def summed(energy: str, per_kwh: str = "", scale: float = 1.0) -> float | None:
        """Energy at the meter, times a value of the hub; None where that is unknown."""
        values = [getattr(one.values, per_kwh) if per_kwh else 1.0 for one in parts]
        if None in values:
            return None
        mwh = (getattr(one, energy) * one.values.pue for one in parts)
        return sum((one * of * scale for one, of in zip(mwh, values, strict=True)), 0.0)

    return Audited(
        name=name,
        planned_it_mwh=sum(one.planned_it_mwh for one in parts),
        it_mwh=sum(one.it_mwh for one in parts),
        planned_mwh=summed("planned_it_mwh") or 0.0,
        mwh=summed("it_mwh") or 0.0,
        planned_tco2=summed("planned_it_mwh", "g_per_kwh", 1e-3),
        tco2=summed("it_mwh", "g_per_kwh", 1e-3),
        green_mwh=summed("it_mwh", "green"),
        planned_cost=summed("planned_it_mwh", "price", 1e3),
        cost=summed("it_mwh", "price", 1e3),
        planned_bytes=sum(leg.octets for leg, _ in legs),
        bytes=round(sum(of.octets for _, of in legs)),
    )


def _names(of: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(of))


def audit_of(out_dir: Path, plan: Plan, rows: Sequence[MessageRow]) -> EnergyAudit | None:
    """Return the audit of a run; None if its scenario does not state what hubs compute."""
    try:
        stated = read_json(out_dir / "raw" / COMPUTING_FILE, RESULT)
    except NoSuchFile:
        return None
    computing = Computing.model_validate(stated)
    return energy_audit(computing, sent_by_workload(plan, rows, computing.hour))


def sent_by_workload(plan: Plan, rows: Sequence[MessageRow], hour_ns: int) -> dict[str, Sent]:
    """What each workload sent, in octets and hours of the plan."""
    by_workload = defaultdict[str, list[MessageRow]](list)
    for row in rows:
        by_workload[row.workload].append(row)
    ends = {one.id: (one.src, one.dst) for one in plan.demands}

    def hour_of(at_ns: int) -> float:
        return (at_ns - plan.start_ns) / hour_ns

    found = {}
    for one in plan.workloads:
        mine = by_workload[one.id]
        demand = plan.demands[one.demands[0]].id
        completed = [row.completed_ns for row in mine if row.completed_ns is not None]
        found[one.id] = Sent(
            demand,
            *ends[demand],
            octets=sum(row.arrived_bytes or 0 for row in mine) / one.factors[0],
            began_h=hour_of(one.windows[0][0]),
            arrived_h=hour_of(max(completed)) if mine and len(completed) == len(mine) else None,
        )
    return found
