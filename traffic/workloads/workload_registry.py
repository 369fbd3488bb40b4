"""The kinds of workloads: the one list of them."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.traffic.workloads import bulk, checkpoint, collective, requests, streaming
from corridor.traffic.workloads.workload_kind import WorkloadKind

KINDS: Mapping[str, WorkloadKind] = {
    kind.key: kind
    for kind in (bulk.KIND, checkpoint.KIND, collective.KIND, requests.KIND, streaming.KIND)
}
"""By their names in YAML."""
