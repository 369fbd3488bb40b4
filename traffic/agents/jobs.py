"""Every kind of workload that agents carry out. Standard library only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Self, TypedDict, get_args

from corridor.topologies.base import named_tuples
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.messages_kind import Messages
from corridor.traffic.agents.probe import Probes
from corridor.traffic.agents.program import Part, Workload
from corridor.traffic.agents.reflector import Reflectors
from corridor.traffic.agents.stream_in import StreamsIn
from corridor.traffic.agents.stream_out import StreamsOut
from corridor.traffic.packets.kernel import Ending

WORKLOADS: tuple[type[Workload[Any]], ...] = (
    Reflectors,
    Probes,
    StreamsOut,
    StreamsIn,
    Messages,
)
"""In the order in which a host opens their sockets."""
KIND_OF: Mapping[type[Part], type[Workload[Any]]] = {kind.part: kind for kind in WORKLOADS}
"""What carries out a part, by the part's class."""
FLOW_KEYS = tuple(kind.key for kind in WORKLOADS if kind.in_flows)


# The plan of one run as values: senders, reflectors, frames and times. Standard library only.
#
# ``Job.to_json`` is the job file that ``launcher.py`` reads. Times ending in ``_ns`` of what hosts
# do count from the run's epoch, which the runner names when every agent is ready.


Clock = Literal["virtual", "virtual, computing charged", "real"]
"""The virtual ones skip time in which nothing happens. In the first, computing takes no time."""
CHARGED: Final = "virtual, computing charged"
CLOCKS: tuple[Clock, ...] = get_args(Clock)


def clock_in_words(clock: str) -> str:
    """``virtual clock``, or ``virtual clock, computing charged``."""
    kind, comma, more = clock.partition(",")
    return f"{kind} clock{comma}{more}"


class Host(NamedTuple):
    """One agent: ``netns`` is a path to the host's network namespace, e.g. /proc/7/ns/net."""

    name: str
    netns: str
    interface: str
    parts: tuple[Part, ...] = ()
    """All that it does, of the kinds of ``WORKLOADS``."""

    def of[P: Part](self, kind: type[P]) -> tuple[P, ...]:
        """Its parts of one kind, in order."""
        return tuple(part for part in self.parts if isinstance(part, kind))

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:
        return self._replace(
            parts=tuple(part.in_phase(phase, shift_ns, sent) for part in self.parts)
        )

    def joined(self, later: Host) -> Self:
        """What this host does, and what it does in a later phase."""
        more = (
            part
            for part in later.parts
            if not KIND_OF[type(part)].lasting or part not in self.parts
        )
        return self._replace(parts=(*self.parts, *more))

    def in_order(self) -> Self:
        """With its parts in the order of their kinds, as job files have them."""
        order = sorted(self.parts, key=lambda part: WORKLOADS.index(KIND_OF[type(part)]))
        return self._replace(parts=tuple(order))

    def problems(self) -> Iterator[str]:
        """Why it cannot do all of it."""
        for part in self.parts:
            yield from (f"host {self.name!r}, {problem}" for problem in part.problems())
        for kind in WORKLOADS:
            clashes = kind.clashes(self.of(kind.part))
            yield from (f"host {self.name!r}, {problem}" for problem in clashes)
        taken = [port for port, _ in {part.takes_port: 0 for part in self.parts if part.takes_port}]
        for port, count in Counter(taken).items():
            if count > 1:
                yield f"host {self.name!r} needs UDP port {port} twice"

    def to_plain(self) -> Mapping[str, object]:
        """With its parts by the keys of their kinds."""
        parts = {
            kind.key: named_tuples.to_plain(found)
            for kind in WORKLOADS
            if (found := self.of(kind.part))
        }
        return {**self._asdict(), "parts": parts}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        parts = dict(plain["parts"])
        found = [
            named_tuples.from_plain(kind.part, one)
            for kind in WORKLOADS
            for one in parts.pop(kind.key, ())
        ]
        if parts:
            raise ValueError(f"unknown parts: {', '.join(parts)}")
        return cls(plain["name"], plain["netns"], plain["interface"], tuple(found))


class Phase(NamedTuple):
    """Part of a run: its hosts' times count from ``start_offset_ns`` after the epoch."""

    name: str
    start_offset_ns: int
    hosts: tuple[Host, ...]


class Settings(NamedTuple):
    """How a job is carried out.

    ``flush_records`` and ``flush_ns`` (0: never) set when records leave the agent; ``linger_ns``
    is how long after the last packet replies are still awaited; ``drain_ns`` how often stream
    receivers empty their socket; ``spin_ns`` (real clock only) how long before each deadline an
    agent spins instead of sleeping; ``processes`` how many agents share the hosts (0: one a host,
    but one for all where there is one CPU).
    """

    flush_records: int = 64
    flush_ns: int = 0
    linger_ns: int = NS_PER_S
    drain_ns: int = 10_000_000
    spin_ns: int = 0
    on_death: Literal["continue", "stop"] = "continue"
    processes: int = 0


USUAL = Settings()


class Job(NamedTuple):
    """All agents of one launch. ``plan_job`` makes one that can be carried out."""

    clock: Clock
    out_dir: str
    hosts: tuple[Host, ...]
    phases: tuple[str, ...]
    end_ns: int
    """From the epoch to the moment the agents stop."""
    settings: Settings = USUAL

    def to_json(self) -> str:
        return json.dumps(self.to_plain(), separators=(",", ":"), sort_keys=True)

    def to_plain(self) -> Mapping[str, object]:
        hosts = [host.to_plain() for host in self.hosts]
        return {**named_tuples.to_plain(self._replace(hosts=())), "hosts": hosts}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The job again; KeyError, TypeError or ValueError for what is none."""
        hosts = tuple(Host.from_plain(host) for host in plain["hosts"])
        return named_tuples.from_plain(cls, {**plain, "hosts": ()})._replace(hosts=hosts)


def plan_job(
    clock: Clock,
    out_dir: str,
    hosts: tuple[Host, ...],
    phases: tuple[str, ...] = ("measure",),
    settings: Settings = USUAL,
) -> Job:
    """A job that ends after the last of its hosts; InputError if it cannot be carried out."""
    job = Job(clock, out_dir, tuple(host.in_order() for host in hosts), phases, 0, settings)
    for problem in _problems(job):
        from corridor.topologies.base.errors import InputError

        raise InputError(f"traffic plan: {problem}")
    return job._replace(end_ns=end_ns(hosts, settings.linger_ns))


def end_ns(hosts: Sequence[Host], linger_ns: int) -> int:
    """When the last agent may stop."""
    return max([linger_ns, *(part.end_ns(linger_ns) for host in hosts for part in host.parts)])


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
    settings = job.settings
    if job.clock not in CLOCKS:
        found.append(f"clock {job.clock!r} is none of {', '.join(map(repr, CLOCKS))}")
    if job.clock == "virtual" and settings.spin_ns:
        found.append("spin_ns would stop the virtual clock; leave it at 0")
    if settings.flush_records < 1 or settings.drain_ns < 1:
        found.append("flush_records and drain_ns must be at least 1")
    names = [host.name for host in job.hosts]
    found += [f"host {name!r} appears twice" for name in names if names.count(name) > 1]
    return [*found, *(problem for host in job.hosts for problem in host.problems())]


# What the launcher of agents tells; see its docstring. Standard library only.


type HostCounts = Mapping[str, object]
"""Of one host, as JSON has them; each kind of workload says what its own are."""


class Ready(TypedDict):
    """All hosts have bound their sockets."""

    ready: int
    processes: int
    start_ms: float


class Death(Ending):
    """An agent that ended without a result, and whose it was."""

    hosts: list[str]


class Done(TypedDict):
    """The outcome of a job."""

    agents: dict[str, HostCounts]
    died: list[Death]
    clock_step_ns: int
