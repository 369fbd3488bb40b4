"""From a scenario to a plan: everything a testbed needs, computed before anything is built.

A plan is a value that crosses into a guest as JSON. Executing it decides
nothing: paths, tables, frames, times and transfers are all in it, and so is
what they are expected to give.
"""

from __future__ import annotations

from corridor.controller.forwarding.compiler import compile_ways, gateways_of, plan_ways
from corridor.experiments.plan.cuts import cut_faults, cut_phases, plan_cuts
from corridor.experiments.plan.garbage import collecting_later
from corridor.experiments.plan.policies import assessments, fault_times, planned, refuse_misfits
from corridor.experiments.plan.traffic import boundaries, end_of, frame_specs, phases, transfers
from corridor.experiments.plan.values import NO_POLICIES, PLAN_SCHEMA, Plan
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.wiring import wire
from corridor.traffic.agents import jobs
from corridor.traffic.agents.scapy_process import build_templates

PPM_DIGITS = 6
"""A millionth of a part per million: finer than what netem can do."""


def make_plan(loaded: LoadedScenario, *, clock: jobs.Clock, run_id: str, seed: int) -> Plan:
    """Compile a scenario; raises InputError if its demands cannot be told apart, or if rates that
    it guarantees do not fit under the failures that it protects them against."""
    with collecting_later():
        return _planned(loaded, clock, run_id, seed)


def _planned(loaded: LoadedScenario, clock: jobs.Clock, run_id: str, seed: int) -> Plan:
    scenario, topology = loaded.scenario, loaded.topology
    ways = plan_ways(topology, intents_for(loaded))
    gateways = gateways_of(ways)
    wiring = wire(
        topology,
        run_id=run_id,
        seed=seed,
        buffer_ms=scenario.network.buffer / 1e6,
        loss_ppm=losses_ppm(loaded),
        gateways=gateways,
    )
    program = compile_ways(wiring, topology, ways).program
    refuse_misfits(program, wiring, topology, ways)
    demands = tuple(
        planned(number, demand, demand.probe or scenario.probe, there, back, topology)
        for number, (demand, there, back) in enumerate(
            zip(scenario.demands, ways[::2], ways[1::2], strict=True)
        )
    )
    templates = build_templates(frame_specs(scenario.demands, scenario.probe, wiring))
    measured = phases(loaded, demands, wiring, templates, seed)
    cuts = plan_cuts(loaded, demands, ways, program, wiring, after_ns=end_of(measured, demands))
    cutting = cut_phases(cuts, loaded, wiring, templates)
    hosts, names = jobs.in_sequence([*measured, *cutting])
    job = jobs.plan_job(clock, "", hosts, names)
    return Plan(
        schema=PLAN_SCHEMA,
        scenario=scenario.name,
        seed=seed,
        policies=loaded.policies.name,
        as_of=loaded.as_of.isoformat(),
        framework=scenario.framework,
        segmentation_offload=scenario.network.segmentation_offload,
        demands=demands,
        wiring=wiring,
        program=program,
        job=job,
        watched=loaded.policies.name != NO_POLICIES,
        gateways=assessments(gateways, program, wiring, [way.intent for way in ways]),
        bfd_interval_ms=scenario.network.bfd // 10**6 if scenario.network.bfd else None,
        faults=(*fault_times(scenario.faults, measured), *cut_faults(cuts)),
        cuts=cuts,
        boundaries=boundaries(measured, job.end_ns),
        transfers=transfers(scenario.demands, demands, wiring),
    )


def losses_ppm(loaded: LoadedScenario) -> dict[str, float]:
    """Random loss of each fibre, in parts per million; a whole number where it is one."""
    network = loaded.scenario.network
    shares = {
        fibre.id: network.fibre_loss.get(fibre.id, network.loss) for fibre in loaded.topology.fibres
    }
    return {fibre: _whole(round(share * 1e6, PPM_DIGITS)) for fibre, share in shares.items()}


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number
