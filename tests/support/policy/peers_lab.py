"""Examples of other policy languages as data: graphs, policies in ours, and what must come out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path as File
from typing import Any

import yaml

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import intents_of
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.permitted_paths import PermittedPath, best_permitted_path
from corridor.controller.policy.semantics import ApplicablePolicies, rule
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire
from policy_lab import TODAY, fibre, hub, network
from table_walker import TableWalker

FOLDER = File(__file__).parent / "peers"
PEERS = ("scion", "fattire", "merlin", "propane")
CLASSES = [
    {"id": name, "origin": "CN", "sensitivity": "general", "basis": "exempt"}
    for name in ("one", "other")
]


@dataclass(frozen=True)
class Example:
    """One entry of a peer's file."""

    peer: str
    given: dict[str, Any]
    topology: Topology | None
    shortest: bool
    """Whether the peer counts paths of fewest links only."""

    def __str__(self) -> str:
        return f"{self.peer}: {self.given['says']}"

    @property
    def stands_for(self) -> int:
        """How many of the peer's examples it is; 0 where it says one again."""
        return int(self.given.get("examples", 1))

    def set_of_policies(self, folder: File) -> PolicySet:
        """Loaded from a file, as a user would. Raises InputError."""
        assert self.topology is not None
        pairs = self.given.get("demands") or [[self.given["from"], self.given["to"]]]
        demands = [
            {"id": f"d{number}", "src": src, "dst": dst, "class": rest[0] if rest else "one"}
            for number, (src, dst, *rest) in enumerate(pairs)
        ]
        written = {
            "schema": 1,
            "name": "peer",
            "classes": CLASSES,
            "bindings": self.given.get("bindings", []),
            "demands": demands,
            "policies": self.given["policies"],
        }
        file = folder / "policies.yaml"
        file.write_text(yaml.safe_dump(written, sort_keys=False))
        return load_policies(file, self.topology)

    def rulings(self, policies: PolicySet) -> list[ApplicablePolicies]:
        assert self.topology is not None
        return [rule(policies, self.topology, one, TODAY) for one in policies.demands]

    def paths(self, applicable_policies: ApplicablePolicies) -> Iterator[Path]:
        """What the peer would choose from."""
        found = list(
            simple_paths(
                applicable_policies.topology,
                applicable_policies.demand.src,
                applicable_policies.demand.dst,
            )
        )
        fewest = min(len(path.fibres) for path in found)
        return (path for path in found if not self.shortest or len(path.fibres) == fewest)


@cache
def examples() -> tuple[Example, ...]:
    return tuple(example for peer in PEERS for example in _examples(peer))


def _examples(peer: str) -> Iterator[Example]:
    read = yaml.safe_load((FOLDER / f"{peer}.yaml").read_text())
    whole = load_topology(FOLDER / read["topology"]) if "topology" in read else None
    graphs = {name: graph(one) for name, one in read.get("graphs", {}).items()}
    for given in read["cases"]:
        topology = graphs[given["graph"]] if "graph" in given else whole
        yield Example(peer, given, topology, read.get("paths") == "fewest-links")


def graph(given: dict[str, Any]) -> Topology:
    """Every fibre takes 1 ms."""
    places = {
        name: one if isinstance(one, dict) else {"located_in": one}
        for name, one in given["hubs"].items()
    }
    hubs = [hub(name, **one) for name, one in places.items()]
    return network(hubs, [fibre(name, 1) for name in given["fibres"]])


def simple_paths(topology: Topology, src: str, dst: str) -> Iterator[Path]:
    waiting = [Path((src,), ())]
    while waiting:
        path = waiting.pop()
        if path.dst == dst:
            yield path
            continue
        for one in topology.fibres_of(path.dst):
            far = one.other_end(path.dst)
            if far not in path.hubs:
                waiting.append(Path((*path.hubs, far), (*path.fibres, one.id)))


def in_use(example: Example, applicable_policies: ApplicablePolicies) -> list[Path]:
    """The paths of the most preferred permits that allow any."""
    for _, some in itertools.groupby(
        applicable_policies.automata, key=lambda one: one.permit.preference
    ):
        alone = ApplicablePolicies(
            applicable_policies.topology, applicable_policies.demand, tuple(some)
        )
        found = [path for path in example.paths(applicable_policies) if alone.verdict(path).allowed]
        if found:
            return found
    return []


def taken(applicable_policies: ApplicablePolicies, cut: list[str]) -> str:
    """The hubs of the route while fibres are cut, or nothing."""
    failures = failures_of(applicable_policies.topology, [f"link:{name}" for name in cut])
    found = best_permitted_path(applicable_policies, failures)
    return " ".join(found.path.hubs) if isinstance(found, PermittedPath) else ""


def stranded(example: Example, policies: PolicySet) -> list[str]:
    """Demands and single fibres that, while cut, keep a packet from its end."""
    topology = example.topology
    assert topology is not None
    intents = intents_of(policies, topology, policies.demands, TODAY)
    graphs = build_forwarding_graphs(topology, intents)
    wiring = wire(topology, gateways=gateways_of(graphs))
    walker = TableWalker(
        compile_forwarding_graphs(wiring, topology, graphs).program, wiring, topology
    )
    return [
        f"{intent.id} without {one.id}"
        for intent in intents
        for one in topology.fibres
        if not walker.walk(*intent.pair, failures_of(topology, [f"link:{one.id}"])).delivered_to
    ]
