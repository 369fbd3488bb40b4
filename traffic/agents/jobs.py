"""The plan of one run as values: who probes whom, with which frames, when. Pure.

``Job.to_json`` is the job file that ``launcher.py`` reads. Times ending in ``_ns`` of
probes and streams count from the run's epoch, which the runner names when every agent is ready.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.arrivals.pacing import burst_packets, send_times, stream_packets
from corridor.traffic.packets import stamp

Clock = Literal["virtual", "real"]
Arrival = Literal["periodic", "poisson"]

MAX_DEMAND = 0xFFFE
TICK_NS = 256


def ssid_of(demand: int) -> int:
    """The STAMP session identifier of a demand: never 0, and reflectors read the demand back."""
    if not 0 <= demand <= MAX_DEMAND:
        raise InputError(f"demand {demand} does not fit a STAMP session identifier")
    return demand + 1


@dataclass(frozen=True)
class FrameSpec:
    """What ``packets/frames.py`` needs to build one frame; ``size_bytes`` is L2 without FCS."""

    id: str
    kind: Literal["stamp", "stream"]
    src_mac: str
    dst_mac: str
    src_ip: str
    dst_ip: str
    sport: int
    dport: int
    size_bytes: int
    dscp: int = 0
    ttl: int = 255
    ssid: int = 0
    error_estimate: int = stamp.error_estimate(256)
    reply: bool = False
    flow: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class FrameTemplate:
    """A serialised frame and the offsets of what changes from packet to packet."""

    frame_hex: str
    offsets: Mapping[str, int]

    @property
    def size_bytes(self) -> int:
        return len(self.frame_hex) // 2


@dataclass(frozen=True)
class Reply:
    """A reflector answers this peer with a frame of its own instead of through the kernel.

    Needed where the way back is chosen by the frame's destination address and one peer has
    several demands. The template is a ``stamp`` frame with ``reply`` set.
    """

    peer_ip: str
    peer_port: int
    template: FrameTemplate


@dataclass(frozen=True)
class Reflector:
    ip: str
    port: int = stamp.PORT
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True)
class Probe:
    """One demand's probes: ``count`` of them, ``interval_ns`` apart (the mean, if Poisson)."""

    demand: int
    template: FrameTemplate
    reply_port: int
    start_ns: int
    interval_ns: int
    count: int
    arrival: Arrival = "periodic"
    seed: int = 0
    first_seq: int = 0
    phase: int = 0


@dataclass(frozen=True)
class StreamOut:
    """A paced stream of equal frames; ``rate_bps`` counts frame bits without FCS."""

    flow: int
    template: FrameTemplate
    start_ns: int
    duration_ns: int
    rate_bps: int
    burst_ns: int = 100_000
    phase: int = 0

    @property
    def packets(self) -> int:
        return stream_packets(self.duration_ns, self.rate_bps, self.template.size_bytes)

    @property
    def burst(self) -> int:
        return burst_packets(self.burst_ns, self.rate_bps, self.template.size_bytes)


@dataclass(frozen=True)
class StreamIn:
    """Where a stream ends: counted from ``from_ns`` until ``until_ns``."""

    flow: int
    port: int
    until_ns: int
    from_ns: int = 0
    phase: int = 0


@dataclass(frozen=True)
class Host:
    """One agent: ``netns`` is a path to the host's network namespace, e.g. /proc/7/ns/net."""

    name: str
    netns: str
    interface: str
    reflect: tuple[Reflector, ...] = ()
    probes: tuple[Probe, ...] = ()
    streams_out: tuple[StreamOut, ...] = ()
    streams_in: tuple[StreamIn, ...] = ()


@dataclass(frozen=True)
class Phase:
    """Part of a run: its hosts' times count from ``start_offset_ns`` after the epoch."""

    name: str
    start_offset_ns: int
    hosts: tuple[Host, ...]


@dataclass(frozen=True)
class Job:
    """All agents of one launch.

    ``flush_records`` and ``flush_ns`` (0: never) set when records leave the agent; ``linger_ns``
    is how long after the last packet replies are still awaited; ``drain_ns`` how often stream
    receivers empty their socket; ``spin_ns`` (real clock only) how long before each deadline an
    agent spins instead of sleeping; ``processes`` how many agents share the hosts (0: one a host,
    but one for all where there is one CPU).
    """

    clock: Clock
    out_dir: str
    hosts: tuple[Host, ...]
    flush_records: int = 64
    flush_ns: int = 0
    linger_ns: int = NS_PER_S
    drain_ns: int = 10_000_000
    spin_ns: int = 0
    on_death: Literal["continue", "stop"] = "continue"
    processes: int = 0
    phases: tuple[str, ...] = field(default=("measure",))

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise InputError(f"traffic plan: {problem}")

    @property
    def duration_ns(self) -> int:
        """From the epoch to the moment the agents stop."""
        return end_ns(self.hosts, self.linger_ns)

    def to_json(self) -> str:
        return json.dumps(
            {**asdict(self), "end_ns": self.duration_ns}, separators=(",", ":"), sort_keys=True
        )


def end_ns(hosts: Sequence[Host], linger_ns: int) -> int:
    """When the last agent may stop; Poisson arrivals are taken at their exact times."""
    last = 0
    for host in hosts:
        for probe in host.probes:
            if probe.count:
                times = send_times(
                    probe.arrival, probe.start_ns, probe.interval_ns, probe.count, probe.seed
                )
                last = max(last, times[-1])
        for out in host.streams_out:
            last = max(last, out.start_ns + out.duration_ns)
    last += linger_ns
    return max([last, *(into.until_ns for host in hosts for into in host.streams_in)])


def in_sequence(phases: Sequence[Phase]) -> tuple[tuple[Host, ...], tuple[str, ...]]:
    """Merge phases into one plan: hosts with shifted times, and the phases' names.

    A demand probed in several phases goes on counting its sequence numbers, so no packet of one
    phase can be taken for one of another.
    """
    merged: dict[str, Host] = {}
    next_seq: dict[int, int] = {}
    for number, phase in enumerate(phases):
        shift = phase.start_offset_ns
        for host in phase.hosts:
            probes = []
            for probe in host.probes:
                first = next_seq.get(probe.demand, 0)
                next_seq[probe.demand] = first + probe.count
                probes.append(
                    replace(probe, start_ns=probe.start_ns + shift, first_seq=first, phase=number)
                )
            outs = tuple(
                replace(out, start_ns=out.start_ns + shift, phase=number)
                for out in host.streams_out
            )
            ins = tuple(
                replace(
                    into,
                    from_ns=into.from_ns + shift,
                    until_ns=into.until_ns + shift,
                    phase=number,
                )
                for into in host.streams_in
            )
            known = merged.get(host.name)
            if known is None:
                merged[host.name] = replace(
                    host, probes=tuple(probes), streams_out=outs, streams_in=ins
                )
            else:
                merged[host.name] = replace(
                    known,
                    reflect=tuple(dict.fromkeys((*known.reflect, *host.reflect))),
                    probes=(*known.probes, *probes),
                    streams_out=(*known.streams_out, *outs),
                    streams_in=(*known.streams_in, *ins),
                )
    return tuple(merged.values()), tuple(phase.name for phase in phases)


def aligned(time_ns: int) -> int:
    """``time_ns`` rounded down to a tick of the virtual clock.

    That clock is read in ticks, but its timers fire between them. A deadline on a tick reads the
    same whatever the kernel did before; elsewhere T1 may differ by a tick.
    """
    return time_ns // TICK_NS * TICK_NS


def staggered_starts(count: int, interval_ns: int) -> list[int]:
    """Start times that spread ``count`` periodic demands evenly over one interval, on ticks."""
    return [aligned(index * interval_ns // count) for index in range(count)]


def _problems(job: Job) -> list[str]:
    found = []
    if job.clock not in ("virtual", "real"):
        found.append(f"clock {job.clock!r} is neither 'virtual' nor 'real'")
    if job.clock == "virtual" and job.spin_ns:
        found.append("spin_ns would stop the virtual clock; leave it at 0")
    if job.flush_records < 1 or job.drain_ns < 1:
        found.append("flush_records and drain_ns must be at least 1")
    names = [host.name for host in job.hosts]
    found += [f"host {name!r} appears twice" for name in names if names.count(name) > 1]
    for host in job.hosts:
        for probe in host.probes:
            where = f"host {host.name!r}, demand {probe.demand}"
            if not 0 <= probe.demand <= MAX_DEMAND:
                found.append(f"{where}: does not fit a STAMP session identifier")
            if probe.arrival not in ("periodic", "poisson"):
                found.append(f"{where}: arrival {probe.arrival!r} is unknown")
            if probe.interval_ns < 1 or probe.count < 0 or probe.start_ns < 0:
                found.append(f"{where}: needs a positive interval and no negative count or start")
        for out in host.streams_out:
            if out.rate_bps < 1 or out.duration_ns < 1 or out.burst_ns < 0:
                found.append(f"host {host.name!r}, flow {out.flow}: needs a rate and a duration")
        ports = [into.port for into in host.streams_in]
        ports += sorted({probe.reply_port for probe in host.probes})
        ports += [reflector.port for reflector in host.reflect]
        found += [
            f"host {host.name!r} needs UDP port {port} twice"
            for port in dict.fromkeys(ports)
            if ports.count(port) > 1
        ]
    return found
