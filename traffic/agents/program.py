"""What a kind of workload is: its plan, and what an agent does about it. Standard library only.

A kind is one file and a line of ``jobs.py``. The file holds a ``Part``, which is one
thing that a host is to do, and the ``Workload`` that executes all parts of the kind at a host. A
kind of several files has the part in the first of them. Parts are named tuples: agents
read them, and dataclasses are dear to import in a guest.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple, Protocol, Self

from corridor.traffic.agents.delays import DelayFile
from corridor.traffic.agents.records import RecordWriter
from corridor.traffic.packets.kernel import Descriptors


class Part(Protocol):
    """One thing that a host does, as it is planned. Its times count from the run's epoch."""

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:
        """As it is in a phase that begins so late; ``sent`` counts the probes of each demand."""

    def end_ns(self, linger_ns: int) -> int:
        """When its host may stop as far as it is concerned."""

    def problems(self) -> Iterator[str]:
        """Why it cannot be carried out, if it cannot."""

    @property
    def takes_port(self) -> tuple[object, object] | None:
        """The UDP port it receives on, and who owns that: several may share one owner's port."""


class Timed(Protocol):
    """What the agent's loop calls at its deadlines."""

    next_ns: int

    def start(self, epoch_ns: int) -> bool:
        """Fix ``next_ns``; False when there is nothing to do."""

    def fire(self) -> int:
        """Act, set ``next_ns`` (0: never again), return the time read or 0."""


class Place(NamedTuple):
    """What workloads of one host share: its wire, its records, and how its job is carried out."""

    wire: socket.socket
    writer: RecordWriter
    delays: DelayFile
    descriptors: Descriptors
    """What the loop waits for, for those that come and go."""
    host: str
    netns: str
    out_dir: str
    flush_records: int
    drain_ns: int
    spins: bool
    """Whether to wait for a deadline by reading the clock."""
    error_estimate: int


class Workload[P: Part]:
    """All parts of one kind at one host. It opens its sockets as it is made, or raises OSError."""

    key: ClassVar[str]
    """Of its parts in the job file."""
    part: ClassVar[type[Part]]
    """What is planned of it: a named tuple."""
    lasting: ClassVar[bool] = False
    """Whether a part is the same one in all phases that name it."""
    turn: ClassVar[int] = 0
    """Of several kinds due at the same nanosecond, the one of the lowest turn comes first."""
    in_flows: ClassVar[bool] = False
    """Whether its counts are kept in ``flows-HOST.json`` and ``intervals-HOST.json``, and outlive
    the launcher."""
    told_if_idle: ClassVar[bool] = True
    """Whether a host without any of its parts tells counts of it."""

    def __init__(self, parts: Sequence[P], place: Place) -> None:
        raise NotImplementedError

    @classmethod
    def clashes(cls, parts: Sequence[P]) -> Iterator[str]:  # noqa: ARG003
        """Why a host cannot carry out all of these together, though it could each one alone."""
        yield from ()

    def handlers(self) -> dict[int, Callable[[], None]]:
        """What to call when which descriptor is readable."""
        return {}

    def timed(self) -> list[Timed]:
        """What has deadlines."""
        return []

    def stop(self) -> None:
        """Begin nothing more: the loop calls no deadline any more either."""

    def finish(self) -> Mapping[str, object]:
        """Count what still waits; the counters, by the keys under which the job's results have
        them."""
        raise NotImplementedError

    def intervals(self) -> Sequence[Mapping[str, object]]:
        """What it counted interval by interval, one object a part that does; after ``finish``."""
        return []

    def __len__(self) -> int:
        """How many parts it carries out."""
        raise NotImplementedError
