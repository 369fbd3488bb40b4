"""Every kind of workload that agents carry out. Standard library only."""

from __future__ import annotations

from corridor.traffic.workloads.probe import Probes
from corridor.traffic.workloads.reflector import Reflectors
from corridor.traffic.workloads.stream import StreamsIn, StreamsOut
from corridor.traffic.workloads.workload import Workload

WORKLOADS: tuple[type[Workload], ...] = (Reflectors, Probes, StreamsOut, StreamsIn)
"""In the order in which a host opens their sockets."""
FLOW_KEYS = tuple(kind.key for kind in WORKLOADS if kind.in_flows)
