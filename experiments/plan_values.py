"""The plan of a run as values; ``experiments.plan`` makes one, ``experiments.execute`` runs it.

Apart from its planner, so that a guest reads a plan without importing the models behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.program import Program
from topologies.wiring import Wiring

PLAN_SCHEMA = 1


@dataclass(frozen=True)
class PlannedDemand:
    """A demand with its path and what the model expects of it."""

    index: int
    id: str
    data_class: str
    src: str
    dst: str
    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    crosses: tuple[str, ...]
    predicted_forward_ns: int
    predicted_backward_ns: int
    bottleneck_bps: int
    probes: int
    stream_bps: int | None
    tcp: bool

    @property
    def predicted_rtt_ns(self) -> int:
        return self.predicted_forward_ns + self.predicted_backward_ns


@dataclass(frozen=True)
class Transfer:
    """One kernel TCP transfer, run by itself after the agents have ended."""

    demand: int
    src_host: str
    dst_host: str
    src_ip: str
    dst_ip: str
    port: int
    client_port: int
    duration_s: int


@dataclass(frozen=True)
class Boundary:
    """A moment between two phases at which fibre counters are read, after the epoch."""

    at_ns: int
    name: str


@dataclass(frozen=True)
class Plan:
    """One run, ready to execute. ``job`` lacks only namespaces and the output folder."""

    schema: int
    scenario: str
    seed: int
    framework: str
    segmentation_offload: bool
    demands: tuple[PlannedDemand, ...]
    wiring: Wiring
    program: Program
    job: dict[str, Any]
    boundaries: tuple[Boundary, ...]
    transfers: tuple[Transfer, ...]
