"""Random networks with several permits: compiled, walked under failures, and judged.

    PYTHONPATH=$(echo tests/support/* | tr ' ' :) python -m overlapping_permits --cases 10000 --seed
    1

The walker is ``table_walker``, the judge ``plain_judge``: neither shares code with what they judge.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.model import Policy
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire
from plain_judge import Case, is_lawful, may_go_on
from plain_worlds import Rule, hub_selector, random_network, random_rule
from policy_lab import applicable_policies, demand
from table_walker import TableWalker, Walked

MOST_PAIRS = 8


@dataclass
class Mesh:
    """What a seed stands for."""

    seed: int
    topology: Topology
    rules: tuple[Rule, ...]
    protection: Protection
    walker: TableWalker
    chance: Random
    pairs: tuple[tuple[str, str], ...]

    def cases(self) -> Iterator[Case]:
        for src, dst in self.pairs:
            yield Case(self.topology, src, dst, self.rules)


def random_world(seed: int) -> Mesh:
    """Two to four permits, of which some are narrowed, and at most one restrict."""
    chance = Random(seed)
    topology = random_network(chance)
    count = chance.choice((2, 2, 3, 4))
    rules = [random_rule(chance, topology, f"P{n}", "permit", matches=True) for n in range(count)]
    if chance.random() < 0.4:
        rules.append(random_rule(chance, topology, "R", "restrict", matches=True))
    if chance.random() < 0.05:
        rules.append(
            {"id": "D", "effect": "deny", "match": {"dst": hub_selector(chance, topology)}}
        )
    over = chance.choice((("link",), ("link", "srlg"), ("link", "srlg", "hub", "gateway")))
    protection = Protection(chance.choice((1, 1, 2)), over)
    ends = (topology.hubs[0].id, topology.hubs[-1].id)
    pairs = (ends, ends[::-1])
    policies = [Policy.model_validate(one) for one in rules]
    intents = []
    for src, dst in pairs:
        about = demand(src=src, dst=dst).model_copy(update={"id": f"{src}-to-{dst}"})
        intents.append(
            Intent(applicable_policies(*policies, about=about, on=topology), protection=protection)
        )
    graphs = build_forwarding_graphs(topology, intents)
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    walker = TableWalker(program, wiring, topology)
    return Mesh(seed, topology, tuple(rules), protection, walker, chance, pairs)


def failure_sets(mesh: Mesh) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Sets of what may fail, and whether they are promised to be bridged."""
    known = elements(mesh.topology, mesh.protection.over)
    yield (), True
    for one in known:
        yield (one,), True
    pairs = list(itertools.combinations(known, 2))
    if mesh.protection.k > 1:
        for pair in mesh.chance.sample(pairs, min(MOST_PAIRS, len(pairs))):
            yield pair, True
    anything = elements(mesh.topology)
    for size in (1, 2, 3):
        yield tuple(mesh.chance.sample(anything, size)), False


@dataclass
class Tally:
    """The results of all walks."""

    worlds: int = 0
    walks: int = 0
    delivered: int = 0
    needless: list[str] = field(default_factory=list)
    unlawful: list[str] = field(default_factory=list)
    round: list[str] = field(default_factory=list)
    clauses: Counter[str] = field(default_factory=Counter)
    spoilt: set[tuple[int, str]] = field(default_factory=set)
    """Networks and demands with a needless drop."""
    single: int = 0
    """Needless drops while nothing or one thing had failed."""

    def note(self, mesh: Mesh, case: Case, names: tuple[str, ...], promised: bool) -> None:
        failures = failures_of(mesh.topology, names)
        if failures.hubs & {case.src, case.dst}:
            return
        self.walks += 1
        walked = mesh.walker.walk(case.src, case.dst, failures)
        where = f"seed {mesh.seed}, {case.src} to {case.dst}, dead {names}: {told(walked)}"
        if walked.goes_round:
            self.round.append(where)
        elif walked.delivered_to:
            self.delivered += 1
            if walked.delivered_to != case.dst or not is_lawful(case, walked.met):
                self.unlawful.append(where)
        elif promised:
            rest = may_go_on(case, walked.met, failures)
            if rest is not None:
                self.single += len(names) < 2
                self.spoilt.add((mesh.seed, case.src))
                self.needless.append(f"{where}; left was {' '.join(one.name for one in rest)}")

    def __str__(self) -> str:
        share = 100 * len(self.needless) / max(self.walks, 1)
        return (
            f"{self.worlds} worlds, {self.walks} walks, {self.delivered} delivered; needless drops "
            f"{len(self.needless)} ({share:.2f} % of walks; {self.single} of them with at most one "
            f"failure; {len(self.spoilt)} of {2 * self.worlds} demands); unlawful deliveries "
            f"{len(self.unlawful)}; packets that go round {len(self.round)}"
        )


def told(walked: Walked) -> str:
    went = " ".join(f"[{m.name}]" if m.kind == "box" else m.name for m in walked.met)
    end = "-> host" if walked.delivered_to else "..." if walked.goes_round else "dropped"
    return f"{went} {end}"


def examine(seeds: Iterator[int] | range) -> Tally:
    """Walks in the network of each seed."""
    tally = Tally()
    for seed in seeds:
        mesh = random_world(seed)
        tally.worlds += 1
        tally.clauses.update(key for rule in mesh.rules for key in rule.get("hard", ()))
        sets = list(failure_sets(mesh))
        for case in mesh.cases():
            for names, promised in sets:
                tally.note(mesh, case, names, promised)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    tally = examine(range(asked.seed, asked.seed + asked.cases))
    print(tally, dict(tally.clauses), f"{time.monotonic() - began:.0f} s")
    for line in (*tally.round[:3], *tally.unlawful[:5], *tally.needless[:5]):
        print(" ", line)


if __name__ == "__main__":
    main()
