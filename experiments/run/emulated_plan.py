"""The demands of a scenario measured on the map today and on the map with a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.expansion.candidates import read_candidates
from corridor.experiments.expansion.plan_documents import (
    EmulatedDemand,
    EmulatedMap,
    EmulatedPlan,
    PlanAnswer,
)
from corridor.experiments.run.event_log import Say
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_loaded
from corridor.experiments.scenario.changed import with_timeline
from corridor.topologies.base.documents import Plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Topology

PROBES: dict[str, Plain] = {"interval": "20ms", "count": 50, "size": "128B"}
TODAY, PLANNED = "today", "planned"


def emulate_plan(
    options: Options, of: PlanAnswer, candidates: Path | None = None, say: Say = print
) -> PlanAnswer:
    """Run the demands on both maps, without events and workloads, and return the answer with RTTs
    that were predicted and measured.

    Args:
        options: Of both runs; ``out`` is a folder for the two result folders.
        of: The answer.
        candidates: The file of candidates of the answer; the shipped one without it.
        say: Prints the lines of the runs.

    Raises:
        InputError: The plan builds nothing.
        CorridorError: A run failed; its folder is kept.
    """
    if not of.plan.ids:
        raise InputError(
            "the plan builds nothing, so nothing can be compared", "leave --emulate out"
        )
    today = with_timeline(options.scenario, options.under, [], PROBES)
    built = read_candidates(today.topology, candidates).built(of.plan.ids)
    maps: dict[str, Topology] = {TODAY: today.topology, PLANNED: built}
    measured: dict[str, Mapping[str, DemandSummary]] = {}
    runs = []
    for name, topology in maps.items():
        loaded = with_timeline(options.scenario, options.under, [], PROBES, topology=topology)
        out = None if options.out is None else options.out / name
        outcome = run_loaded(loaded, replace(options, out=out), say)
        measured[name] = {one.id: one for one in outcome.summary.demands}
        runs.append(EmulatedMap(name, str(outcome.out_dir)))
    demands = tuple(
        EmulatedDemand(
            demand=name,
            today_predicted_ms=one.predicted_rtt_ms,
            today_measured_ms=_median(one),
            planned_predicted_ms=measured[PLANNED][name].predicted_rtt_ms,
            planned_measured_ms=_median(measured[PLANNED][name]),
        )
        for name, one in measured[TODAY].items()
    )
    return replace(of, emulated=EmulatedPlan(tuple(runs), demands))


def _median(of: DemandSummary) -> float | None:
    return None if of.rtt_ms is None else of.rtt_ms.p50
