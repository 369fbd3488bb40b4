"""From a scenario to a plan: everything a testbed needs, computed before anything is built.

A plan is a value that crosses into a guest as JSON. Executing it decides
nothing: paths, tables, frames, times and transfers are all in it, and so is
what they are expected to give.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from controller.compiler import compile_paths
from controller.paths import Path, crossed_jurisdictions, shortest_paths
from experiments.plan_values import PLAN_SCHEMA, Boundary, Plan, PlannedDemand, Transfer
from experiments.prediction import bottleneck_bps, one_way_ns
from experiments.scenario import Demand, LoadedScenario, ProbeOptions
from topologies.model import Topology
from topologies.wiring import Wiring, wire
from traffic import jobs, stamp
from traffic.scapy_process import build_templates

REPLY_PORT_BASE = 20_000
STREAM_PORT_BASE = 30_000
TCP_PORT, TCP_CLIENT_PORT_BASE = 5201, 40_000
STREAM_FRAME_BYTES = 1442
PHASE_GAP_NS = 1_000_000_000
WARM_UP_PROBES, WARM_UP_INTERVAL_NS = 3, 20_000_000
RECEIVE_TAIL_NS = 500_000_000


def make_plan(loaded: LoadedScenario, *, clock: jobs.Clock, run_id: str, seed: int) -> Plan:
    """Compile a scenario; raises InputError if a demand has no path."""
    scenario, topology = loaded.scenario, loaded.topology
    wiring = wire(
        topology,
        run_id=run_id,
        seed=seed,
        buffer_ms=scenario.network.buffer / 1e6,
        loss_ppm=_losses(loaded),
    )
    paths = _both_ways(shortest_paths(topology, _pairs(scenario.demands)))
    demands = tuple(
        _planned(number, demand, demand.probe or scenario.probe, paths, topology)
        for number, demand in enumerate(scenario.demands)
    )
    templates = build_templates(_frame_specs(scenario.demands, scenario.probe, wiring))
    phases = _phases(loaded, demands, wiring, templates, seed)
    hosts, names = jobs.in_sequence(phases)
    job = jobs.Job(clock=clock, out_dir="", hosts=hosts, phases=names)
    return Plan(
        schema=PLAN_SCHEMA,
        scenario=scenario.name,
        seed=seed,
        framework=scenario.framework,
        segmentation_offload=scenario.network.segmentation_offload,
        demands=demands,
        wiring=wiring,
        program=compile_paths(wiring, paths.values()),
        job=json.loads(job.to_json()),
        boundaries=_boundaries(phases, job),
        transfers=_transfers(scenario.demands, demands, wiring),
    )


def _losses(loaded: LoadedScenario) -> dict[str, int]:
    network = loaded.scenario.network
    shares = {
        fibre.id: network.fibre_loss.get(fibre.id, network.loss) for fibre in loaded.topology.fibres
    }
    return {fibre: round(share * 1e6) for fibre, share in shares.items()}


def _pairs(demands: tuple[Demand, ...]) -> list[tuple[str, str]]:
    return [(demand.src, demand.dst) for demand in demands]


def _both_ways(paths: dict[tuple[str, str], Path]) -> dict[tuple[str, str], Path]:
    """Answers come back the way the questions went, unless that pair has a path of its own."""
    backward = {(dst, src): path.reversed() for (src, dst), path in paths.items()}
    return {**backward, **paths}


def _planned(
    number: int,
    demand: Demand,
    probe: ProbeOptions,
    paths: dict[tuple[str, str], Path],
    topology: Topology,
) -> PlannedDemand:
    forward, backward = paths[demand.src, demand.dst], paths[demand.dst, demand.src]
    bottleneck = bottleneck_bps(topology, forward)
    wanted = demand.throughput
    share = wanted.udp if wanted else None
    return PlannedDemand(
        index=number,
        id=demand.id,
        data_class=demand.data_class,
        src=demand.src,
        dst=demand.dst,
        hubs=forward.hubs,
        fibres=forward.fibres,
        crosses=crossed_jurisdictions(topology, forward),
        predicted_forward_ns=one_way_ns(topology, forward, probe.size),
        predicted_backward_ns=one_way_ns(topology, backward, probe.size),
        bottleneck_bps=bottleneck,
        probes=probe.count,
        stream_bps=None if share is None else round(bottleneck * share),
        tcp=bool(wanted and wanted.tcp),
    )


def _frame_specs(
    demands: tuple[Demand, ...], default: ProbeOptions, wiring: Wiring
) -> list[jobs.FrameSpec]:
    hubs = {hub.hub: hub for hub in wiring.hubs}
    specs = []
    for number, demand in enumerate(demands):
        src, dst = hubs[demand.src], hubs[demand.dst]
        ends: dict[str, Any] = {
            "src_mac": src.host_mac,
            "dst_mac": dst.host_mac,
            "src_ip": src.host_ip,
            "dst_ip": dst.host_ip,
        }
        specs.append(
            jobs.FrameSpec(
                id=f"probe-{number}",
                kind="stamp",
                sport=REPLY_PORT_BASE + number,
                dport=stamp.PORT,
                size_bytes=(demand.probe or default).size,
                ssid=jobs.ssid_of(number),
                **ends,
            )
        )
        if demand.throughput and demand.throughput.udp is not None:
            specs.append(
                jobs.FrameSpec(
                    id=f"stream-{number}",
                    kind="stream",
                    sport=STREAM_PORT_BASE + number,
                    dport=STREAM_PORT_BASE + number,
                    size_bytes=STREAM_FRAME_BYTES,
                    flow=number,
                    **ends,
                )
            )
    return specs


def _phases(
    loaded: LoadedScenario,
    demands: tuple[PlannedDemand, ...],
    wiring: Wiring,
    templates: dict[str, jobs.FrameTemplate],
    seed: int,
) -> list[jobs.Phase]:
    """A few probes to warm every path, then probing, then each stream alone."""
    warm_up = jobs.Phase("warm-up", 0, _warm_up_hosts(loaded, wiring, templates))
    probe_ns = _end_of(warm_up, demands)
    probing = jobs.Phase("probe", probe_ns, _probe_hosts(loaded, wiring, templates, seed))
    phases = [warm_up, probing]
    offset_ns = probe_ns + _end_of(probing, demands)
    for demand in demands:
        if demand.stream_bps is None:
            continue
        offset_ns += PHASE_GAP_NS
        duration_ns = _throughput_duration_ns(loaded, demand)
        hosts = _stream_hosts(demand, wiring, templates, duration_ns)
        phases.append(jobs.Phase(f"stream:{demand.id}", offset_ns, hosts))
        offset_ns += duration_ns + demand.predicted_rtt_ns + RECEIVE_TAIL_NS
    return phases


def _throughput_duration_ns(loaded: LoadedScenario, demand: PlannedDemand) -> int:
    wanted = loaded.scenario.demands[demand.index].throughput
    assert wanted is not None
    return wanted.duration


def _end_of(phase: jobs.Phase, demands: tuple[PlannedDemand, ...]) -> int:
    """A whole number of gaps after the last probe of a phase can have come back."""
    longest_rtt_ns = max(demand.predicted_rtt_ns for demand in demands)
    return -(-jobs.end_ns(phase.hosts, longest_rtt_ns) // PHASE_GAP_NS) * PHASE_GAP_NS


def _warm_up_hosts(
    loaded: LoadedScenario, wiring: Wiring, templates: dict[str, jobs.FrameTemplate]
) -> tuple[jobs.Host, ...]:
    """The first packet of a path fills caches of the switches; it is measured by itself."""
    schedules = [
        _Schedule(WARM_UP_INTERVAL_NS, WARM_UP_PROBES, "periodic", 0)
        for _ in loaded.scenario.demands
    ]
    return _stamp_hosts(loaded.scenario.demands, schedules, wiring, templates)


def _probe_hosts(
    loaded: LoadedScenario,
    wiring: Wiring,
    templates: dict[str, jobs.FrameTemplate],
    seed: int,
) -> tuple[jobs.Host, ...]:
    schedules = []
    for number, demand in enumerate(loaded.scenario.demands):
        options = demand.probe or loaded.scenario.probe
        own_seed = seed * 1_000_003 + number if options.arrival == "poisson" else 0
        schedules.append(_Schedule(options.interval, options.count, options.arrival, own_seed))
    return _stamp_hosts(loaded.scenario.demands, schedules, wiring, templates)


@dataclass(frozen=True)
class _Schedule:
    interval_ns: int
    count: int
    arrival: jobs.Arrival
    seed: int


def _stamp_hosts(
    demands: tuple[Demand, ...],
    schedules: list[_Schedule],
    wiring: Wiring,
    templates: dict[str, jobs.FrameTemplate],
) -> tuple[jobs.Host, ...]:
    """Senders and reflectors of one phase; demands start spread over their interval."""
    probes: dict[str, list[jobs.Probe]] = {hub.hub: [] for hub in wiring.hubs}
    targets = {demand.dst for demand in demands}
    for number, (demand, schedule) in enumerate(zip(demands, schedules, strict=True)):
        probes[demand.src].append(
            jobs.Probe(
                demand=number,
                template=templates[f"probe-{number}"],
                reply_port=REPLY_PORT_BASE + number,
                start_ns=schedule.interval_ns * number // len(demands),
                interval_ns=schedule.interval_ns,
                count=schedule.count,
                arrival=schedule.arrival,
                seed=schedule.seed,
            )
        )
    return tuple(
        jobs.Host(
            name=hub.hub,
            netns="",
            interface=hub.host_interface,
            reflect=(jobs.Reflector(hub.host_ip),) if hub.hub in targets else (),
            probes=tuple(probes[hub.hub]),
        )
        for hub in wiring.hubs
        if hub.hub in targets or probes[hub.hub]
    )


def _stream_hosts(
    demand: PlannedDemand,
    wiring: Wiring,
    templates: dict[str, jobs.FrameTemplate],
    duration_ns: int,
) -> tuple[jobs.Host, ...]:
    assert demand.stream_bps is not None
    src, dst = wiring.hub(demand.src), wiring.hub(demand.dst)
    flow = demand.index
    until_ns = duration_ns + demand.predicted_forward_ns + RECEIVE_TAIL_NS
    sender = jobs.Host(
        name=src.hub,
        netns="",
        interface=src.host_interface,
        streams_out=(
            jobs.StreamOut(flow, templates[f"stream-{flow}"], 0, duration_ns, demand.stream_bps),
        ),
    )
    receiver = jobs.Host(
        name=dst.hub,
        netns="",
        interface=dst.host_interface,
        streams_in=(jobs.StreamIn(flow, STREAM_PORT_BASE + flow, until_ns),),
    )
    return (sender, receiver)


def _boundaries(phases: list[jobs.Phase], job: jobs.Job) -> tuple[Boundary, ...]:
    """Counters are read half a gap before each stream and once after the last."""
    streams = [phase for phase in phases if phase.name.startswith("stream:")]
    if not streams:
        return ()
    before = [Boundary(phase.start_offset_ns - PHASE_GAP_NS // 2, phase.name) for phase in streams]
    return (*before, Boundary(job.duration_ns, "end"))


def _transfers(
    demands: tuple[Demand, ...], planned: tuple[PlannedDemand, ...], wiring: Wiring
) -> tuple[Transfer, ...]:
    found = []
    for demand, plan in zip(demands, planned, strict=True):
        if plan.tcp:
            assert demand.throughput is not None
            src, dst = wiring.hub(demand.src), wiring.hub(demand.dst)
            found.append(
                Transfer(
                    demand=plan.index,
                    src_host=src.host,
                    dst_host=dst.host,
                    src_ip=src.host_ip,
                    dst_ip=dst.host_ip,
                    port=TCP_PORT,
                    client_port=TCP_CLIENT_PORT_BASE + plan.index,
                    duration_s=demand.throughput.duration // 1_000_000_000,
                )
            )
    return tuple(found)
