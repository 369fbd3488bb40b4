"""From a scenario to a plan: everything a testbed needs, computed before anything is built.

A plan is a value that crosses into a guest as JSON. Executing it decides
nothing: paths, tables, frames, times and transfers are all in it, and so is
what they are expected to give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.openflow.deployments import Deployment, DesiredState, unbuilt
from corridor.controller.openflow.frameworks import framework_here
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.controller.traffic_engineering.reoptimisation import chosen_now
from corridor.experiments.plan.cuts import cut_faults, cut_phases, plan_cuts
from corridor.experiments.plan.policies import (
    assessments,
    names_gateways,
    planned,
    possible_gateways,
    refuse_misfits,
    refuse_shared,
)
from corridor.experiments.plan.queues import BackgroundMoves, with_queues
from corridor.experiments.plan.timeline import (
    Clock,
    Placed,
    bfd_changes,
    changes,
    refuse_outside,
    refuse_overlaps,
)
from corridor.experiments.plan.traffic import (
    boundaries,
    end_of,
    frame_specs,
    last_sent_ns,
    moments,
    phases,
    timeline_phases,
    transfers,
)
from corridor.experiments.plan.values import (
    FIRST_EPOCH,
    PLAN_SCHEMA,
    Change,
    Cut,
    Plan,
    PlannedEvent,
)
from corridor.experiments.plan.workloads import plan_workloads
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.lines import lines
from corridor.experiments.scenario.moments import END, START
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.scenario.served_by_domains import served_events
from corridor.topologies.base.memory import collecting_later
from corridor.topologies.model.wiring import wire
from corridor.traffic.agents import jobs
from corridor.traffic.agents.scapy_process import blank_templates, build_templates
from corridor.traffic.packets.frame_spec import FrameSpec
from corridor.traffic.packets.template import FrameTemplate

Frames = Callable[[Sequence[FrameSpec]], dict[str, FrameTemplate]]


def make_plan(
    loaded: LoadedScenario,
    *,
    clock: jobs.Clock,
    run_id: str,
    seed: int,
    intended: Intended | None = None,
    frames: Frames = build_templates,
) -> Plan:
    """Compile a scenario; raises InputError if its demands cannot be distinguished, or if rates
    that it guarantees do not fit under the failures that it protects them against.

    A caller that has what is ``intended`` passes it, so that paths are planned once.
    """
    with collecting_later():
        intended = intended or Intended.of(loaded)
        if loaded.scenario.controller.domains is not None:
            loaded = served_events(loaded)
        plan = _planned(loaded, intended, clock, run_id, seed, frames)
        if loaded.scenario.controller.domains is None:
            return plan
        from corridor.experiments.plan.domains import by_domains

        return by_domains(plan, loaded, intended)


def make_plan_unsent(loaded: LoadedScenario, intended: Intended | None = None) -> Plan:
    """The plan of a command that sends no packets: Scapy builds no frames for it."""
    seed = loaded.scenario.seed
    return make_plan(
        loaded, clock="virtual", run_id="c0", seed=seed, intended=intended, frames=blank_templates
    )


def _planned(
    loaded: LoadedScenario,
    intended: Intended,
    testbed_clock: jobs.Clock,
    run_id: str,
    seed: int,
    frames: Frames,
) -> Plan:
    scenario, topology = loaded.scenario, loaded.topology
    specification, graphs = intended.specification, intended.graphs
    gateways = gateways_of(graphs)
    asked = [one.policies for one in loaded.events if one.policies is not None]
    if scenario.follows and (gateways or any(map(names_gateways, asked))):
        gateways |= possible_gateways(topology, [loaded.policies, *asked])
    on_fibres = lines(scenario.network, topology)
    wiring = wire(
        topology,
        run_id=run_id,
        seed=seed,
        buffer_ms=scenario.network.buffer / 1e6,
        lines=on_fibres,
        gateways=gateways,
        ipv6=scenario.has_ipv6,
    )
    known = DesiredState(specification)
    without = known.without(wiring)
    if scenario.follows:  # as its controller does, which knows no other gateways
        chosen = chosen_now(specification, specification, without, None, unbuilt(wiring))
        known = DesiredState(chosen)
        graphs = build_forwarding_graphs(topology, chosen.intents(), without)
    wiring = with_queues(wiring, loaded, graphs)
    compiled = compile_forwarding_graphs(wiring, topology, graphs, epoch=FIRST_EPOCH)
    intents = tuple(graph.intent for graph in graphs)
    installed = Deployment(known, intents, without, compiled, FIRST_EPOCH)
    program = compiled.program
    refuse_misfits(program, wiring, topology, graphs, chooses=specification.chooses)
    refuse_shared(loaded, graphs)
    demands = tuple(
        planned(
            number,
            demand,
            demand.probe or scenario.probe,
            there,
            back,
            topology,
            share=scenario.stream_share(demand),
            tcp=scenario.sends_by_tcp(demand),
            lines=on_fibres,
        )
        for number, (demand, there, back) in enumerate(
            zip(scenario.demands, graphs[::2], graphs[1::2], strict=True)
        )
    )
    templates = frames(frame_specs(scenario, wiring))
    measured = phases(loaded, demands, wiring, templates, seed)
    cuts = plan_cuts(loaded, demands, graphs, program, wiring, after_ns=end_of(measured, demands))
    cutting = list(cut_phases(cuts, loaded, wiring, templates))
    named = moments(measured)
    clock = Clock((*loaded.events, *loaded.loads), named, loaded.document)
    everything = clock.placed()
    sending = plan_workloads(
        loaded, clock, everything, named[END], demands, wiring, templates, seed
    )
    placed = tuple(one for one in everything if one.event not in loaded.loads)
    refuse_overlaps(clock, placed)
    beside = [*timeline_phases(placed, demands, wiring, templates), *sending.phases]
    hosts, names = jobs.in_sequence([*measured, *cutting, *beside])
    job = jobs.plan_job(testbed_clock, "", hosts, names)
    last_ns = last_sent_ns([*measured, *cutting, *beside])
    refuse_outside(clock, placed, named[START], last_ns, job.end_ns)
    events: tuple[PlannedEvent, ...] = ()
    if placed:  # for them alone, the whole controller is imported
        from corridor.experiments.plan.impacts import planned_events, unpredicted

        events = (
            planned_events(placed, loaded, specification, installed, wiring, last_ns, testbed_clock)
            if scenario.controller.domains is None
            else tuple(map(unpredicted, placed))
        )
    return Plan(
        schema=PLAN_SCHEMA,
        scenario=scenario.name,
        seed=seed,
        policies=loaded.policies.name,
        as_of=loaded.as_of.isoformat(),
        framework=framework_here(scenario.framework),
        follows=scenario.follows,
        segmentation_offload=scenario.network.segmentation_offload,
        demands=demands,
        wiring=wiring,
        program=program,
        job=job,
        watched=loaded.policies.name != NO_POLICIES,
        gateways=assessments(gateways, program, wiring, intents),
        bfd_interval_ms=scenario.network.bfd // 10**6 if scenario.network.bfd else None,
        start_ns=named[START],
        changes=(
            *_changes(loaded, placed, cuts),
            *BackgroundMoves(loaded, wiring).changes(placed, job.end_ns),
        ),
        events=events,
        cuts=cuts,
        boundaries=boundaries(
            measured, beside, placed, job.end_ns, workloads=bool(sending.workloads)
        ),
        transfers=transfers(scenario, demands, wiring, placed),
        workloads=sending.workloads,
        messages=sending.messages,
    )


def _changes(
    loaded: LoadedScenario, placed: tuple[Placed, ...], cuts: tuple[Cut, ...]
) -> tuple[Change, ...]:
    """Of the timeline, and of the cuts one after another. BFD is made slow in the meantime only
    where nothing is lost at random, which it would notice at any time."""
    bfd = loaded.scenario.network.bfd is not None and not any(
        line.loss_ppm for line in lines(loaded.scenario.network, loaded.topology).values()
    )
    slow = bfd_changes(placed, loaded.topology) if bfd and placed and not cuts else ()
    timed = sorted([*slow, *changes(placed, loaded.topology)], key=lambda change: change.at_ns)
    return (*timed, *cut_faults(cuts))
