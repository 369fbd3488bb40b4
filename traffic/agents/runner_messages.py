"""What the launcher of agents tells; see its docstring. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from corridor.traffic.packets.forked import Ending

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
