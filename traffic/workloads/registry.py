"""Every kind of workload that agents carry out. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corridor.traffic.workloads.messages_kind import Messages
from corridor.traffic.workloads.probe import Probes
from corridor.traffic.workloads.reflector import Reflectors
from corridor.traffic.workloads.stream_in import StreamsIn
from corridor.traffic.workloads.stream_out import StreamsOut
from corridor.traffic.workloads.workload import Part, Workload

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
