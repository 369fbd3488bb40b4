"""The kinds of workloads: the one list of them."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.experiments.workloads import bulk, checkpoint, collective, requests, stream
from corridor.experiments.workloads.kind import WorkloadKind

KINDS: Mapping[str, WorkloadKind] = {
    kind.key: kind
    for kind in (bulk.KIND, checkpoint.KIND, collective.KIND, requests.KIND, stream.KIND)
}
"""By their names in YAML."""
