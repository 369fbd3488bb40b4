"""The kinds of workloads: the one list of them."""

from __future__ import annotations

from corridor.topologies.base.registry import Registry
from corridor.traffic.workloads import bulk, checkpoint, collective, requests, streaming
from corridor.traffic.workloads.workload_kind import WorkloadKind

KINDS = Registry(
    "corridor.workloads",
    (bulk.KIND, checkpoint.KIND, collective.KIND, requests.KIND, streaming.KIND),
    of=WorkloadKind,
)
"""By their names in YAML."""
