"""The part of a plan that sends: frames, who sends which when, and transfers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypedDict

from corridor.experiments.plan.probe_queues import hops_of, starts_apart
from corridor.experiments.plan.timeline import Placed
from corridor.experiments.plan.values import AFTER, Boundary, PlannedDemand, Transfer
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.event_registry import LOADS, STREAM, TRANSFER
from corridor.experiments.scenario.intents import server_port
from corridor.experiments.scenario.moments import END, START, STREAMS
from corridor.experiments.scenario.scenario import LoadedScenario, Scenario
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model.addresses import ETH_TYPE
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents import intervals, jobs
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.program import Part
from corridor.traffic.agents.reflector import Reflector
from corridor.traffic.agents.stream_in import StreamIn
from corridor.traffic.agents.stream_out import StreamOut
from corridor.traffic.packets import ports, stamp
from corridor.traffic.packets.frame_spec import FrameSpec, ssid_of
from corridor.traffic.packets.template import FrameTemplate
from corridor.traffic.workloads.arrivals import DEFAULT, Arrival, parts_of

STREAM_FRAME_BYTES = 1442
PHASE_GAP_NS = NS_PER_S
WARM_UP_PROBES, WARM_UP_INTERVAL_NS = 3, 20_000_000
RECEIVE_TAIL_NS = 500_000_000


class _Ends(TypedDict):
    """Of a frame."""

    src_mac: str
    dst_mac: str
    src_ip: str
    dst_ip: str


def frame_specs(scenario: Scenario, wiring: Wiring) -> list[FrameSpec]:
    hosts = {host.name: host for host in wiring.hosts}
    specs = []
    for number, demand in enumerate(scenario.demands):
        src, dst = (hosts[name] for name in demand.hosts)
        ends: _Ends = {
            "src_mac": src.host_mac,
            "dst_mac": dst.host_mac,
            "src_ip": src.ip(demand.family),
            "dst_ip": dst.ip(demand.family),
        }
        specs.append(
            FrameSpec(
                id=f"probe-{number}",
                kind="stamp",
                sport=ports.REPLY_BASE + number,
                dport=stamp.PORT,
                size_bytes=(demand.probe or scenario.probe).size,
                ssid=ssid_of(number),
                dscp=scenario.dscp(demand),
                **ends,
            )
        )
        if scenario.streams(demand):
            specs.append(
                FrameSpec(
                    id=f"stream-{number}",
                    kind="stream",
                    sport=ports.STREAM_BASE + number,
                    dport=ports.STREAM_BASE + number,
                    size_bytes=STREAM_FRAME_BYTES,
                    flow=number,
                    dscp=scenario.dscp(demand),
                    **ends,
                )
            )
    return specs


def phases(
    loaded: LoadedScenario,
    demands: tuple[PlannedDemand, ...],
    wiring: Wiring,
    templates: dict[str, FrameTemplate],
    seed: int,
) -> list[jobs.Phase]:
    """A few probes to warm every path, then probing, then each stream alone."""
    warm_up = jobs.Phase("warm-up", 0, _warm_up_hosts(loaded, wiring, templates))
    probe_ns = end_of([warm_up], demands)
    probing = jobs.Phase("probe", probe_ns, _probe_hosts(loaded, demands, wiring, templates, seed))
    phases = [warm_up, probing]
    offset_ns = end_of(phases, demands)
    for demand in demands:
        wanted = loaded.scenario.demands[demand.index].throughput
        if demand.stream_bps is None or wanted is None:
            continue
        offset_ns += PHASE_GAP_NS
        duration_ns = wanted.duration
        hosts = stream_hosts(demand, wiring, templates, duration_ns)
        phases.append(jobs.Phase(f"stream:{demand.id}", offset_ns, hosts))
        offset_ns += duration_ns + (demand.predicted_rtt_ns or 0) + RECEIVE_TAIL_NS
    return phases


def moments(phases: Sequence[jobs.Phase]) -> dict[str, int]:
    """When probing starts, when its last probe is sent, and when the first separate stream begins,
    after the epoch."""
    probing = next(phase for phase in phases if phase.name == "probe")
    found = {
        START: probing.start_offset_ns,
        END: probing.start_offset_ns + jobs.end_ns(probing.hosts, 0),
    }
    streams = [phase.start_offset_ns for phase in phases if phase.name.startswith("stream:")]
    return found | ({STREAMS: min(streams)} if streams else {})


def last_sent_ns(phases: Iterable[jobs.Phase]) -> int:
    """When the last packet is sent, after the epoch."""
    return max(
        (phase.start_offset_ns + jobs.end_ns(phase.hosts, 0) for phase in phases if phase.hosts),
        default=0,
    )


def timeline_phases(
    placed: Iterable[Placed],
    demands: Sequence[PlannedDemand],
    wiring: Wiring,
    templates: dict[str, FrameTemplate],
) -> list[jobs.Phase]:
    """The streams of a timeline, in addition to all else."""
    by_id = {demand.id: demand for demand in demands}
    found = []
    for one in placed:
        if one.event.kind.key != STREAM or one.end_ns is None:
            continue
        demand = by_id[one.event.what]
        if demand.stream_bps is not None:
            hosts = stream_hosts(demand, wiring, templates, one.end_ns - one.begin_ns)
            found.append(jobs.Phase(f"stream:{demand.id}", one.begin_ns, hosts))
    return found


def end_of(phases: Sequence[jobs.Phase], demands: Iterable[PlannedDemand]) -> int:
    """A whole number of gaps after the last packet of the last phase can have come back."""
    longest_rtt_ns = max(demand.predicted_rtt_ns or 0 for demand in demands)
    last = phases[-1]
    length_ns = -(-jobs.end_ns(last.hosts, longest_rtt_ns) // PHASE_GAP_NS) * PHASE_GAP_NS
    return last.start_offset_ns + length_ns


def _warm_up_hosts(
    loaded: LoadedScenario, wiring: Wiring, templates: dict[str, FrameTemplate]
) -> tuple[jobs.Host, ...]:
    """The first packet of a path fills caches of the switches; it is measured separately."""
    schedules = [Schedule(WARM_UP_INTERVAL_NS, WARM_UP_PROBES) for _ in loaded.scenario.demands]
    return stamp_hosts(loaded.scenario.demands, schedules, wiring, templates)


def _probe_hosts(
    loaded: LoadedScenario,
    planned: Sequence[PlannedDemand],
    wiring: Wiring,
    templates: dict[str, FrameTemplate],
    seed: int,
) -> tuple[jobs.Host, ...]:
    """A demand's random numbers belong to its id, whatever else is demanded."""
    schedules = []
    for demand in loaded.scenario.demands:
        options = demand.probe or loaded.scenario.probe
        own_seed = seed_of(seed, "arrivals of", demand.id) if options.arrival.kind.draws else 0
        arrival = options.arrival.planned
        schedules.append(Schedule(options.interval, options.count, arrival, own_seed))
    starts_ns = _starts_ns(schedules, planned, wiring, templates)
    return stamp_hosts(loaded.scenario.demands, schedules, wiring, templates, starts_ns)


def _starts_ns(
    schedules: Sequence[Schedule],
    planned: Sequence[PlannedDemand],
    wiring: Wiring,
    templates: dict[str, FrameTemplate],
) -> dict[int, int]:
    """When probes that no chance draws start, by the number of the demand."""
    of = {number: one for number, one in enumerate(schedules) if not parts_of(one.arrival)[0].draws}
    if not of:
        return {}
    frames = {number: templates[f"probe-{number}"].size_bytes for number in of}
    hops = hops_of([one for one in planned if one.index in of], wiring, frames)
    starts_ns = {number: one.start_ns(number, len(schedules)) for number, one in of.items()}
    return starts_apart(starts_ns, {number: one.interval_ns for number, one in of.items()}, hops)


@dataclass(frozen=True)
class Schedule:
    """When the probes of one demand are sent."""

    interval_ns: int
    count: int
    arrival: Arrival = DEFAULT
    seed: int = 0

    def start_ns(self, number: int, of: int) -> int:
        """When demand ``number`` of these starts: spread over an interval, unless chance does."""
        return 0 if parts_of(self.arrival)[0].draws else self.interval_ns * number // of


def stamp_hosts(
    demands: tuple[Demand, ...],
    schedules: Sequence[Schedule | None],
    wiring: Wiring,
    templates: dict[str, FrameTemplate],
    starts_ns: Mapping[int, int] = MappingProxyType({}),
) -> tuple[jobs.Host, ...]:
    """Senders and reflectors of one phase.

    ``schedules`` are in the order of ``demands``; one without is not probed. ``starts_ns`` are by
    the number of a demand, where they are not those of its schedule.
    """
    hosts = wiring.hosts
    parts: dict[str, list[Part]] = {host.name: [] for host in hosts}
    targets = {(demand.hosts[1], demand.family) for demand in demands}
    for host in hosts:
        for family in ETH_TYPE:
            if (host.name, family) in targets:
                parts[host.name].append(Reflector(host.ip(family)))
    for number, (demand, schedule) in enumerate(zip(demands, schedules, strict=True)):
        if schedule is None:
            continue
        parts[demand.hosts[0]].append(
            Probe(
                demand=number,
                template=templates[f"probe-{number}"],
                reply_port=ports.REPLY_BASE + number,
                start_ns=starts_ns.get(number, schedule.start_ns(number, len(demands))),
                interval_ns=schedule.interval_ns,
                packets=schedule.count,
                arrival=schedule.arrival,
                seed=schedule.seed,
            )
        )
    return tuple(
        jobs.Host(host.name, "", host.host_interface, tuple(parts[host.name]))
        for host in hosts
        if parts[host.name]
    )


def stream_hosts(
    demand: PlannedDemand,
    wiring: Wiring,
    templates: dict[str, FrameTemplate],
    duration_ns: int,
) -> tuple[jobs.Host, ...]:
    assert demand.stream_bps is not None
    src, dst = map(wiring.host, demand.hosts)
    flow = demand.index
    until_ns = duration_ns + (demand.predicted_forward_ns or 0) + RECEIVE_TAIL_NS
    width_ns = intervals.width_for(duration_ns)
    sent = StreamOut(
        flow,
        templates[f"stream-{flow}"],
        0,
        duration_ns,
        demand.stream_bps,
        interval_ns=width_ns,
    )
    port = ports.STREAM_BASE + flow
    received = StreamIn(flow, port, until_ns, interval_ns=width_ns, family=demand.family)
    return (
        jobs.Host(src.name, "", src.host_interface, (sent,)),
        jobs.Host(dst.name, "", dst.host_interface, (received,)),
    )


def boundaries(
    phases: list[jobs.Phase],
    timeline: list[jobs.Phase],
    placed: Sequence[Placed],
    end_ns: int,
    *,
    workloads: bool,
) -> tuple[Boundary, ...]:
    """Counters are read half a gap before each stream that is alone and once after the last, around
    each one of the timeline, and at the start and the end where there are such loads."""
    streams = [phase for phase in phases if phase.name.startswith("stream:")]
    before = [Boundary(phase.start_offset_ns - PHASE_GAP_NS // 2, phase.name) for phase in streams]
    around = [
        boundary
        for phase in timeline
        if phase.name.startswith("stream:")
        for boundary in (
            Boundary(phase.start_offset_ns, phase.name),
            Boundary(phase.start_offset_ns + jobs.end_ns(phase.hosts, 0), f"{AFTER}{phase.name}"),
        )
    ]
    loaded = workloads or any(one.event.kind.key in LOADS for one in placed)
    first = [Boundary(0, "start")] if loaded else []
    last = [Boundary(end_ns, "end")] if streams or loaded else []
    return (*first, *before, *around, *last)


def transfers(
    scenario: Scenario,
    planned: tuple[PlannedDemand, ...],
    wiring: Wiring,
    placed: Iterable[Placed],
) -> tuple[Transfer, ...]:
    """One for each demand that sends by TCP: at its time in the timeline, or at the end."""
    timed = {one.event.what: one for one in placed if one.event.kind.key == TRANSFER}
    found = []
    for demand, plan in zip(scenario.demands, planned, strict=True):
        if not plan.tcp:
            continue
        src, dst = map(wiring.host, demand.hosts)
        at_ns, lasts_ns = _when(demand, timed.get(demand.id))
        found.append(
            Transfer(
                demand=plan.index,
                src_host=src.host,
                dst_host=dst.host,
                src_ip=src.ip(demand.family),
                dst_ip=dst.ip(demand.family),
                port=server_port(plan.index, demand),
                client_port=ports.TCP_CLIENT_BASE + plan.index,
                control_port=ports.TCP_CONTROL_BASE + plan.index,
                duration_s=lasts_ns // NS_PER_S,
                at_ns=at_ns,
                dscp=scenario.dscp(demand),
            )
        )
    return tuple(found)


def _when(demand: Demand, timed: Placed | None) -> tuple[int | None, int]:
    """When a transfer begins after the epoch, or None, and how long it lasts."""
    if timed is not None and timed.event.lasts_ns is not None:
        return timed.begin_ns, timed.event.lasts_ns
    assert demand.throughput is not None
    return None, demand.throughput.duration
