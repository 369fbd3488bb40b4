"""The plan of one run as values: who probes whom, with which frames, when. Pure.

``Job.to_json`` is the job file that ``launcher.py`` reads. Times ending in ``_ns`` of
probes and streams count from the run's epoch, which the runner names when every agent is ready.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, Self

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.arrivals.registry import DEFAULT, Arrival, parts_of, send_times
from corridor.traffic.packets import stamp
from corridor.traffic.workloads.pacing import burst_packets, stream_packets

Clock = Literal["virtual", "real"]

MAX_DEMAND = 0xFFFE


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


class Part:
    """One thing that a host does. A kind of it is a class with these, and a field of ``Host``."""

    lasting: ClassVar[bool] = False
    """Whether it is the same one in all phases that name it."""

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:
        """As it is in a phase that begins so late; ``sent`` counts the probes of each demand."""
        raise NotImplementedError

    def end_ns(self, linger_ns: int) -> int:
        """When its host may stop as far as it is concerned."""
        raise NotImplementedError

    def problems(self) -> Iterator[str]:
        """Why it cannot be carried out, if it cannot."""
        yield from ()

    @property
    def takes_port(self) -> tuple[int, object] | None:
        """The UDP port it receives on, and who owns that: several may share one owner's port."""
        return None


@dataclass(frozen=True)
class Reflector(Part):
    ip: str
    port: int = stamp.PORT
    replies: tuple[Reply, ...] = ()
    lasting: ClassVar[bool] = True

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:  # noqa: ARG002
        return self

    def end_ns(self, linger_ns: int) -> int:
        return linger_ns

    @property
    def takes_port(self) -> tuple[int, object]:
        return self.port, id(self)


@dataclass(frozen=True)
class Probe(Part):
    """One demand's probes: ``count`` of them, ``interval_ns`` apart, as ``arrival`` has it."""

    demand: int
    template: FrameTemplate
    reply_port: int
    start_ns: int
    interval_ns: int
    count: int
    arrival: Arrival = DEFAULT
    seed: int = 0
    first_seq: int = 0
    phase: int = 0

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:
        first = sent.get(self.demand, 0)
        sent[self.demand] = first + self.count
        return replace(self, start_ns=self.start_ns + shift_ns, first_seq=first, phase=phase)

    def end_ns(self, linger_ns: int) -> int:
        """By the exact times of its arrivals."""
        times = send_times(self.arrival, self.start_ns, self.interval_ns, self.count, self.seed)
        return (times[-1] if times else 0) + linger_ns

    def problems(self) -> Iterator[str]:
        where = f"demand {self.demand}"
        if not 0 <= self.demand <= MAX_DEMAND:
            yield f"{where}: does not fit a STAMP session identifier"
        try:
            parts_of(self.arrival)
        except ValueError as problem:
            yield f"{where}: {problem}"
        if self.interval_ns < 1 or self.count < 0 or self.start_ns < 0:
            yield f"{where}: needs a positive interval and no negative count or start"

    @property
    def takes_port(self) -> tuple[int, object]:
        return self.reply_port, Probe


@dataclass(frozen=True)
class StreamOut(Part):
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

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:  # noqa: ARG002
        return replace(self, start_ns=self.start_ns + shift_ns, phase=phase)

    def end_ns(self, linger_ns: int) -> int:
        return self.start_ns + self.duration_ns + linger_ns

    def problems(self) -> Iterator[str]:
        if self.rate_bps < 1 or self.duration_ns < 1 or self.burst_ns < 0:
            yield f"flow {self.flow}: needs a rate and a duration"


@dataclass(frozen=True)
class StreamIn(Part):
    """Where a stream ends: counted from ``from_ns`` until ``until_ns``."""

    flow: int
    port: int
    until_ns: int
    from_ns: int = 0
    phase: int = 0

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:  # noqa: ARG002
        from_ns, until_ns = self.from_ns + shift_ns, self.until_ns + shift_ns
        return replace(self, from_ns=from_ns, until_ns=until_ns, phase=phase)

    def end_ns(self, linger_ns: int) -> int:  # noqa: ARG002
        return self.until_ns

    @property
    def takes_port(self) -> tuple[int, object]:
        return self.port, id(self)


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

    @property
    def parts(self) -> dict[str, tuple[Part, ...]]:
        """All that it does, by field."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.default == ()}

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Host:
        shifted: dict[str, Any] = {
            name: tuple(part.in_phase(phase, shift_ns, sent) for part in parts)
            for name, parts in self.parts.items()
        }
        return replace(self, **shifted)

    def joined(self, later: Host) -> Host:
        """What this host does, and what it does in a later phase."""
        together: dict[str, Any] = {
            name: (*mine, *(one for one in later.parts[name] if not one.lasting or one not in mine))
            for name, mine in self.parts.items()
        }
        return replace(self, **together)

    def problems(self) -> Iterator[str]:
        """Why it cannot do all of it."""
        parts = [part for parts in self.parts.values() for part in parts]
        for part in parts:
            yield from (f"host {self.name!r}, {problem}" for problem in part.problems())
        taken = [port for port, _ in {part.takes_port: 0 for part in parts if part.takes_port}]
        for port, count in Counter(taken).items():
            if count > 1:
                yield f"host {self.name!r} needs UDP port {port} twice"


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
    """When the last agent may stop."""
    parts = (part for host in hosts for parts in host.parts.values() for part in parts)
    return max([linger_ns, *(part.end_ns(linger_ns) for part in parts)])


def in_sequence(phases: Sequence[Phase]) -> tuple[tuple[Host, ...], tuple[str, ...]]:
    """Merge phases into one plan: hosts with shifted times, and the phases' names.

    A demand probed in several phases goes on counting its sequence numbers, so no packet of one
    phase can be taken for one of another.
    """
    merged: dict[str, Host] = {}
    sent: dict[int, int] = {}
    for number, phase in enumerate(phases):
        for host in phase.hosts:
            shifted = host.in_phase(number, phase.start_offset_ns, sent)
            known = merged.get(host.name)
            merged[host.name] = known.joined(shifted) if known else shifted
    return tuple(merged.values()), tuple(phase.name for phase in phases)


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
    return [*found, *(problem for host in job.hosts for problem in host.problems())]
