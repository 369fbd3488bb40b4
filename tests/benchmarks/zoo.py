"""Compile and prove policies on large graphs: ``python -m tests.benchmarks.zoo [GRAPH ...]``.

Each graph gets demands between random hubs, half of them confined to the jurisdictions of their
ends and half kept out of the jurisdiction that shortest paths cross most, protected against any one
failure. Prints a row a graph: its size, its tables, and seconds to compile and to prove all claims.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import Intent, Protection, Selector, intents_of
from corridor.controller.policy.model import UNCLASSIFIED, Demand, PolicySet
from corridor.controller.prover import prove, tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.experiments.terminal.columns import render
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import shortest_path_between
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Topology
from corridor.topologies.model.wiring import wire

GRAPHS = (
    "topohub:backbone/eurasia_nosc",
    "topohub:backbone/europe_nosc",
    "topohub:topozoo/TataNld",
    "topohub:caida/2024-08/4134",
    "topohub:backbone/africa_nosc",
)
DEMANDS = 60
SEED = 1
FIRST_PORT = 20_000
HEADINGS = (
    "graph",
    "hubs",
    "fibres",
    "in",
    "served",
    "entries",
    "groups",
    "labels",
    "load s",
    "compile s",
    "prove s",
    "holds",
)


def main(names: list[str]) -> int:
    rows = [_row(name) for name in names or GRAPHS]
    print(render(HEADINGS, rows, frozenset(HEADINGS[1:])))
    return 0


def _row(name: str) -> tuple[str, ...]:
    started = time.perf_counter()
    topology = load_topology(name)
    loaded = time.perf_counter()
    intents = tuple(_intents(topology))
    graphs = build_forwarding_graphs(topology, intents)
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    compiled = time.perf_counter()
    tables = tables_of(program)
    exact = examine(tables, wiring, topology, intents)
    proof = prove(tables, wiring, topology, intents, program, exact)
    proven = time.perf_counter()
    served = sum(graph.first is not None for graph in graphs)
    return (
        name.removeprefix("topohub:"),
        str(len(topology.hubs)),
        str(len(topology.fibres)),
        str(len({hub.located_in for hub in topology.hubs})),
        f"{served}/{len(intents)}",
        str(proof.counts.entries),
        str(proof.counts.groups),
        str(len(program.labels)),
        f"{loaded - started:.1f}",
        f"{compiled - loaded:.2f}",
        f"{proven - compiled:.2f}",
        "yes" if proof.holds else ", ".join(verdict.claim for verdict in proof.violated),
    )


def _intents(topology: Topology) -> Iterator[Intent]:
    chance = random.Random(SEED)
    hubs = [hub.id for hub in topology.hubs]
    pairs = [tuple(chance.sample(hubs, 2)) for _ in range(DEMANDS)]
    demands = [
        Demand.model_validate(
            {
                "id": f"d{number}",
                "class": UNCLASSIFIED,
                "src": src,
                "dst": dst,
                "returns": "same-class",
            }
        )
        for number, (src, dst) in enumerate(pairs)
    ]
    policies = _policies(topology, demands)
    asked = intents_of(policies, topology, demands, date(2026, 1, 1), Protection(1))
    for number, intent in enumerate(asked):
        port = FIRST_PORT + number
        yield Intent(intent.applicable_policies, (Selector("udp", port, port),), intent.protection)


def _policies(topology: Topology, demands: list[Demand]) -> PolicySet:
    """Everything is permitted; every second demand is confined, and the others avoid a place."""
    where = {hub.id: hub.located_in for hub in topology.hubs}
    avoided = _most_crossed(topology, demands)
    rules: list[dict[str, object]] = [{"id": "ALL", "effect": "permit"}]
    for number, demand in enumerate(demands):
        ends = sorted({where[demand.src], where[demand.dst]} - {UNKNOWN_JURISDICTION})
        for index, (src, dst) in enumerate(
            ((demand.src, demand.dst), (demand.dst, demand.src)), start=1
        ):
            match = {"src": {"hubs": [src]}, "dst": {"hubs": [dst]}}
            if number % 2 and ends:
                rule: dict[str, object] = {"confine": ends}
            elif avoided:
                rule = {"avoid": {"located_in": [avoided]}}
            else:
                continue
            rules.append(
                {"id": f"R{number}-{index}", "effect": "restrict", "match": match, "hard": rule}
            )
    return PolicySet.model_validate({"name": "zoo", "policies": rules})


def _most_crossed(topology: Topology, demands: list[Demand]) -> str:
    """The jurisdiction that most shortest paths cross between their ends; empty if none does."""
    where = {hub.id: hub.located_in for hub in topology.hubs}
    routes = [shortest_path_between(topology, demand.src, demand.dst) for demand in demands]
    crossed = Counter(
        code
        for route in filter(None, routes)
        for code in {where[hub] for hub in route.hubs[1:-1]}
        - {where[route.hubs[0]], where[route.hubs[-1]]}
    )
    return crossed.most_common(1)[0][0] if crossed else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
