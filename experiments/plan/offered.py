"""What workloads would send on average while they are on, all at once: no promise. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.experiments.plan.prediction import bottleneck_bps
from corridor.experiments.plan.workload_scaling import scaled
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.scenario.workloads import Workload
from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class Offered:
    bps: Mapping[str, int]
    """Payload as emulated, by demand and, for answers, by theirs; only of those with a path."""
    uncounted: tuple[str, ...]
    """Workloads whose load follows from the network, or from a trace."""


@dataclass(frozen=True)
class _OnPath:
    bottleneck_bps: int | None


def offered(loaded: LoadedScenario, graphs: Mapping[str, ForwardingGraph]) -> Offered:
    """Return the load that demands offer on their paths."""
    loads: dict[str, float] = defaultdict(float)
    uncounted = []
    for workload in loaded.workloads:
        if not workload.kind.mean_bps(workload.options):
            uncounted.append(workload.entry.id)
            continue
        for name, bps in _loads(workload, loaded.topology, graphs):
            loads[name] += bps
    sent = {name: max(1, round(bps)) for name, bps in loads.items() if bps}
    return Offered(sent, tuple(uncounted))


def _loads(
    workload: Workload, topology: Topology, graphs: Mapping[str, ForwardingGraph]
) -> Iterator[tuple[str, float]]:
    back = workload.kind.back_share(workload.options)
    on_paths = [_on_path(topology, graphs[name]) for name in workload.demands]
    rates = scaled(workload, on_paths, topology).mean_bps
    for name, on_path, bps in zip(workload.demands, on_paths, rates, strict=True):
        if on_path.bottleneck_bps is not None:
            yield name, bps * (1 - back)
            yield f"{name}{RETURN}", bps * back


def _on_path(topology: Topology, graph: ForwardingGraph) -> _OnPath:
    if isinstance(graph.route, NoPermittedPath):
        return _OnPath(None)
    return _OnPath(bottleneck_bps(topology, graph.route.path))
