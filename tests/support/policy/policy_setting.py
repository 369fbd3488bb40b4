"""One demand in a small network under some policies: what is allowed, what is best, what tables do.

Three levels that relations between policies are asked of: every simple path by its verdict, the
best route, and compiled tables walked under failures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.model import Policy
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire
from plain_worlds import Rule, random_network, random_rule
from policy_lab import applicable_policies, demand, network
from table_walker import TableWalker, Walked

PROTECTION = Protection(1, ("link", "srlg"))


@dataclass(frozen=True)
class Setting:
    """What relations start from, and change."""

    topology: Topology
    rules: tuple[Rule, ...]
    src: str
    dst: str
    protection: Protection = PROTECTION

    def under(self, *rules: Rule) -> Setting:
        return replace(self, rules=rules)

    def beside(self, *rules: Rule) -> Setting:
        return replace(self, rules=(*self.rules, *rules))

    def on(self, topology: Topology) -> Setting:
        return replace(self, topology=topology)

    @property
    def hubs(self) -> tuple[str, ...]:
        return tuple(hub.id for hub in self.topology.hubs)

    @property
    def fibres(self) -> tuple[str, ...]:
        return tuple(fibre.id for fibre in self.topology.fibres)

    @cached_property
    def ruled(self) -> ApplicablePolicies:
        policies = [Policy.model_validate(rule) for rule in self.rules]
        return applicable_policies(
            *policies, about=demand(src=self.src, dst=self.dst), on=self.topology
        )

    @cached_property
    def allowed(self) -> frozenset[Path]:
        """Every lawful path that passes no hub twice."""
        return frozenset(p for p in self.simple_paths() if self.ruled.verdict(p).allowed)

    def simple_paths(self) -> Iterator[Path]:
        waiting = [Path((self.src,), ())]
        while waiting:
            path = waiting.pop()
            if path.dst == self.dst:
                yield path
                continue
            for fibre in self.topology.fibres_of(path.dst):
                far = fibre.other_end(path.dst)
                if far not in path.hubs:
                    waiting.append(Path((*path.hubs, far), (*path.fibres, fibre.id)))

    @cached_property
    def route(self) -> PermittedPath | None:
        found = best_permitted_path(self.ruled)
        return None if isinstance(found, NoPermittedPath) else found

    @property
    def best_ns(self) -> int | None:
        return None if self.route is None else self.route.one_way_ns

    def delay_ns(self, path: Path) -> int:
        return sum(self.topology.fibre(name).one_way_delay_ns for name in path.fibres)

    def walker(self) -> TableWalker:
        """Of the tables that serve the demand."""
        intent = Intent(self.ruled, protection=self.protection)
        graphs = build_forwarding_graphs(self.topology, [intent])
        wiring = wire(self.topology, gateways=gateways_of(graphs))
        program = compile_forwarding_graphs(wiring, self.topology, graphs).program
        return TableWalker(program, wiring, self.topology)

    def walks(self, most: int = 12) -> dict[str, Walked]:
        """Outcomes of a packet without failures, and under each of some failures."""
        walker = self.walker()
        names = ("", *elements(self.topology, ("link", "srlg", "gateway"))[:most])
        return {
            name: walker.walk(
                self.src, self.dst, failures_of(self.topology, [name] if name else [])
            )
            for name in names
        }

    def __str__(self) -> str:
        hubs = [
            f"{one.id}:{one.located_in}/{one.role}{'*' * one.intl_gateway}/{one.operated_by}"
            for one in self.topology.hubs
        ]
        fibres = [
            f"{one.id}:{one.one_way_delay_ns // 10**6}ms {one.medium} {one.status} {one.system} "
            f"{one.operated_by} {' '.join(one.srlgs)} {' '.join(one.crosses)} "
            f"{' '.join(f'{code}?' for code in sorted(one.may_cross_codes))}"
            for one in self.topology.fibres
        ]
        return "\n".join(map(str, (f"{self.src} to {self.dst}", *hubs, *fibres, *self.rules)))


def random_setting(chance: Random, *, permits: int = 0, known: bool = False) -> Setting:
    """A permit or more, and at most one restrict; ``known``: nothing about the map is in doubt."""
    topology = random_network(chance, most=6)
    if known:
        topology = all_known(topology)
    count = permits or chance.choice((1, 1, 2, 3))
    rules = [
        random_rule(chance, topology, f"P{n}", "permit", matches=not permits) for n in range(count)
    ]
    if chance.random() < 0.3:
        rules.append(random_rule(chance, topology, "R", "restrict", matches=not permits))
    return Setting(topology, tuple(rules), topology.hubs[0].id, topology.hubs[-1].id)


def all_known(topology: Topology) -> Topology:
    """Every hub somewhere, every operator known, nothing that may be crossed."""
    hubs = [
        hub.model_copy(
            update={
                "located_in": "TH" if hub.located_in == "XX" else hub.located_in,
                "operated_by": hub.operated_by or "Beta",
            }
        )
        for hub in topology.hubs
    ]
    fibres = [
        fibre.model_copy(
            update={
                "may_cross": (),
                "crosses": tuple(code for code in fibre.crosses if code != "XX"),
                "operated_by": fibre.operated_by or "Beta",
            }
        )
        for fibre in topology.fibres
    ]
    return network(hubs, fibres)


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Rules, or parts of them, with other names for hubs, fibres and policies."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list | tuple):
        return type(value)(renamed(one, names) for one in value)
    if isinstance(value, Mapping):
        return {
            key: in_expression(one, names) if key == "path" else renamed(one, names)
            for key, one in value.items()
        }
    return value


def in_expression(text: str, names: Mapping[str, str]) -> str:
    """A path expression with other names for hubs."""
    parts = []
    word = ""
    for letter in text + " ":
        if letter.isalnum() or letter in "-_:@":
            word += letter
        else:
            parts += [names.get(word, word), letter]
            word = ""
    return "".join(parts)[:-1]


def renamed_topology(topology: Topology, names: Mapping[str, str]) -> Topology:
    def other(name: str) -> str:
        return names.get(name, name)

    hubs = [hub.model_copy(update={"id": other(hub.id)}) for hub in topology.hubs]
    fibres = [
        one.model_copy(update={"id": other(one.id), "a": other(one.a), "z": other(one.z)})
        for one in topology.fibres
    ]
    return network(hubs, fibres)


def renamed_path(path: Path, names: Mapping[str, str]) -> Path:
    return Path(*(tuple(names.get(n, n) for n in part) for part in (path.hubs, path.fibres)))
