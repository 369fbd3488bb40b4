"""Every pair of hubs by its shortest path, whatever the data: what a controller on its own runs."""

from __future__ import annotations

from datetime import date
from itertools import permutations

from controller.compiler import compile_ways, plan_ways
from controller.intent import intents_of
from controller.policy.load import load_policies
from controller.policy.model import UNCLASSIFIED, Demand
from controller.program import Program
from topologies.load import load_topology
from topologies.wiring import wire


def compile_all_pairs(topology_name: str, *, run_id: str = "c0") -> Program:
    topology = load_topology(topology_name)
    demands = [
        Demand.model_validate(
            {"id": f"{src}-to-{dst}", "class": UNCLASSIFIED, "src": src, "dst": dst}
        )
        for src, dst in permutations((hub.id for hub in topology.hubs), 2)
    ]
    # Nothing in this set depends on the day.
    intents = intents_of(load_policies("none"), topology, demands, as_of=date.min)
    wiring = wire(topology, run_id=run_id)
    return compile_ways(wiring, topology, plan_ways(topology, intents)).program
