"""What a kind of workload is to the agent that carries it out. Standard library only.

A kind is one class, in the file of what it sends or receives, and a line of ``registry.py``. The
agent makes one of each kind for each host, with the plans of the job file's ``key``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from corridor.traffic.packets import stamp
from corridor.traffic.workloads.records import RecordWriter

ERROR_NS = {"virtual": 256, "real": 1000}
DRAIN_NS = 10_000_000


class Timed(Protocol):
    """What the agent's loop calls at its deadlines."""

    next_ns: int

    def start(self, epoch_ns: int) -> bool:
        """Fix ``next_ns``; False when there is nothing to do."""

    def fire(self) -> int:
        """Act, set ``next_ns`` (0: never again), return the time read or 0."""


class Place:
    """What workloads of one host share: its wire, its records, and how its job is carried out."""

    __slots__ = ("drain_ns", "error_estimate", "spins", "wire", "writer")

    def __init__(self, job: dict[str, Any], wire: socket.socket, writer: RecordWriter) -> None:
        self.wire = wire
        self.writer = writer
        self.spins = spin_ns_of(job) > 0
        self.drain_ns: int = job.get("drain_ns", DRAIN_NS)
        self.error_estimate = stamp.error_estimate(ERROR_NS[job["clock"]])


class Workload:
    """All plans of one kind at one host. It opens its sockets as it is made, or raises OSError."""

    key: ClassVar[str]
    """Of its plans in the job file."""
    turn: ClassVar[int] = 0
    """Of several kinds due at the same nanosecond, the one of the lowest turn comes first."""
    in_flows: ClassVar[bool] = False
    """Whether its counts are kept in ``flows-HOST.json``, and outlive the launcher."""

    def __init__(self, plans: list[dict[str, Any]], place: Place) -> None:
        raise NotImplementedError

    def handlers(self) -> dict[int, Callable[[], None]]:
        """What to call when which descriptor is readable."""
        return {}

    def timed(self) -> list[Timed]:
        """What has deadlines."""
        return []

    def finish(self) -> dict[str, Any]:
        """Count what still waits; the counters, by the keys under which the job's results have
        them."""
        raise NotImplementedError

    def __len__(self) -> int:
        """How many plans it carries out."""
        raise NotImplementedError


def spin_ns_of(job: dict[str, Any]) -> int:
    """How long before a deadline to spin; never in the virtual clock, which spinning stops."""
    return int(job.get("spin_ns", 0)) if job["clock"] == "real" else 0


def flat(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan with its template's fields beside its own; they may be written either way."""
    template = plan.get("template")
    return {**plan, **template} if template else plan
