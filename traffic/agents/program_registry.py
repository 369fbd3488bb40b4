"""Every kind of workload that agents carry out. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corridor.traffic.agents.messages_kind import Messages
from corridor.traffic.agents.probe import Probes
from corridor.traffic.agents.program import Part, Workload
from corridor.traffic.agents.reflector import Reflectors
from corridor.traffic.agents.stream_in import StreamsIn
from corridor.traffic.agents.stream_out import StreamsOut

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
