"""Every pair of hubs by its delay-shortest path: what a controller on its own runs."""

from __future__ import annotations

from itertools import permutations

from controller.compiler import compile_paths
from controller.paths import shortest_paths
from controller.program import Program
from topologies.load import load_topology
from topologies.wiring import wire


def compile_all_pairs(topology_name: str, *, run_id: str = "c0") -> Program:
    topology = load_topology(topology_name)
    pairs = permutations((hub.id for hub in topology.hubs), 2)
    return compile_paths(wire(topology, run_id=run_id), shortest_paths(topology, pairs).values())
