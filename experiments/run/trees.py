"""Topologies with and without loops: floods of learning switches circulate in loops. Pure."""

from __future__ import annotations

from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Topology


def has_loops(topology: Topology) -> bool:
    return bool(len(spanning_tree(topology).fibres) < len(topology.fibres))


def spanning_tree(topology: Topology) -> Topology:
    """The topology with the fibres of least delay that join what was joined, without a loop."""
    import networkx as nx  # takes a tenth of a second, which only these topologies need

    graph = nx.MultiGraph()
    graph.add_nodes_from(hub.id for hub in topology.hubs)
    for fibre in topology.fibres:
        graph.add_edge(*fibre.ends, key=fibre.id, delay=fibre.one_way_delay_ns)
    edges = nx.minimum_spanning_edges(graph, weight="delay", keys=True, data=False)
    kept = {fibre for _, _, fibre in edges}
    said = {name: getattr(topology, name) for name in type(topology).model_fields}
    fibres = tuple(fibre for fibre in topology.fibres if fibre.id in kept)
    return Topology(**{**said, "fibres": fibres})


def is_learning_switch(app: str) -> bool:
    """Whether an app that ships with Ryu floods what it does not know, with no spanning tree."""
    name = app.rpartition(".")[2]
    return name.startswith(("simple_switch", "simple_monitor", "example_switch")) and (
        "stp" not in name
    )


def check_loops(topology: Topology, controller: str, advice: str) -> str | None:
    """What to warn of; raises InputError for what would never come to rest."""
    if not has_loops(topology):
        return None
    if is_learning_switch(controller):
        what = f"{controller} floods, and floods circulate in the loops of {topology.name} for ever"
        raise InputError(what, advice)
    return f"warning: {topology.name} has loops; if {controller} floods, {advice}"
