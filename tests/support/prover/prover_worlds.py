"""Small networks with policies, compiled, for the tests of the prover."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any

from hypothesis import strategies as st

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.forwarding.program import FastFailover, Flow, Program, Reason, Table
from corridor.controller.intent.intent import Intent, Protection, clashes, intents_of
from corridor.controller.policy.model import DataClass, Demand, Policy, PolicySet
from corridor.controller.prover import Proof, Tables, prove, tables_of
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HOST_PORT, Wiring, wire
from policy_lab import TODAY, deny, fibre, hub, network, permit, restrict
from random_policies import networks, policy_lists


class NotHereError(Exception):
    """The network does not have what a mutant corrupts."""


@dataclass(frozen=True, repr=False)
class Spoilt:
    """What is proven: tables, and what they are held against."""

    tables: Tables
    intended: Program | None
    intents: tuple[Intent, ...]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text("Spoilt(...)")


@dataclass(repr=False)
class Mesh:
    """Demands as they are compiled, and chance to pick from them."""

    topology: Topology
    wiring: Wiring
    intents: tuple[Intent, ...]
    program: Program
    chance: Random = field(default_factory=lambda: Random(0))

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        demands = ", ".join(str(intent.demand) for intent in self.intents)
        fibres = ", ".join(fibre.id for fibre in self.topology.fibres)
        printer.text(f"Mesh({demands}; {fibres})")

    @property
    def tables(self) -> Tables:
        return tables_of(self.program)

    def prove(self, spoilt: Spoilt | None = None, **more: Any) -> Proof:
        if spoilt is None:
            spoilt = Spoilt(self.tables, self.program, self.intents)
        return prove(
            spoilt.tables, self.wiring, self.topology, spoilt.intents, spoilt.intended, **more
        )

    def with_switches(self, switches: Sequence[Any]) -> Spoilt:
        program = replace(self.program, switches=tuple(switches))
        return Spoilt(tables_of(program), self.program, self.intents)

    def replaced(
        self,
        hub: str,
        old: Flow | None,
        *new: Flow,
        groups: Sequence[FastFailover] = (),
        meters: Sequence[Any] | None = None,
    ) -> Spoilt:
        """With one entry of a hub taken out and others put in; ``groups`` replace those alike."""
        return self.rewritten(hub, {old: new} if old else {None: new}, groups, meters)

    def rewritten(
        self,
        hub: str,
        changes: dict[Flow | None, tuple[Flow, ...]],
        groups: Sequence[FastFailover] = (),
        meters: Sequence[Any] | None = None,
    ) -> Spoilt:
        made = {group.id: group for group in groups}
        switches = []
        for switch in self.program.switches:
            if switch.hub == hub:
                flows = [one for flow in switch.flows for one in changes.get(flow, (flow,))]
                kept = [made.pop(group.id, group) for group in switch.groups]
                switch = replace(
                    switch,
                    flows=(*flows, *changes.get(None, ())),
                    groups=(*kept, *made.values()),
                    meters=switch.meters if meters is None else tuple(meters),
                )
            switches.append(switch)
        return self.with_switches(switches)

    # What is there.

    def entries(
        self, reason: Reason, where: Callable[[str, Flow], bool] | None = None
    ) -> list[tuple[str, Flow]]:
        return [
            (switch.hub, flow)
            for switch in self.program.switches
            for flow in switch.flows
            if flow.reason is reason and (where is None or where(switch.hub, flow))
        ]

    def pick(
        self, reason: Reason, where: Callable[[str, Flow], bool] | None = None
    ) -> tuple[str, Flow]:
        """An entry of a reason with its hub."""
        return self.one_of(self.entries(reason, where))

    def one_of[T](self, some: Sequence[T]) -> T:
        if not some:
            raise NotHereError
        return self.chance.choice(some)

    def decisions(
        self, demand: str = "", where: Callable[[str, Flow], bool] | None = None
    ) -> list[tuple[str, Flow]]:
        """Entries of the last table that send on, all or those of a demand."""
        number = next(
            (n for n, intent in enumerate(self.intents, start=1) if intent.id == demand), 0
        )
        return [
            (switch.hub, flow)
            for switch in self.program.switches
            for flow in switch.flows
            if flow.table == Table.SWITCH
            and flow.match
            and (not demand or flow.policy == number)
            and (where is None or where(switch.hub, flow))
        ]

    def grouped(self) -> list[tuple[str, Flow, FastFailover]]:
        """Entries that use a group."""
        return [
            (at, flow, self.groups(at)[action.arguments[0]])
            for at, flow in self.decisions()
            for action in flow.actions
            if action.kind == "group"
        ]

    def groups(self, hub: str) -> dict[int, FastFailover]:
        return {group.id: group for group in self.switch(hub).groups}

    def switch(self, hub: str) -> Any:
        return next(switch for switch in self.program.switches if switch.hub == hub)

    def intent(self, flow: Flow) -> Intent:
        return self.intents[flow.policy - 1]

    @cached_property
    def ports(self) -> dict[tuple[str, int], tuple[str, str]]:
        """Hub and port to the fibre on it and the hub behind it."""
        found = {}
        for one in self.wiring.fibres:
            found[one.a.hub, one.a.port] = (one.fibre, one.z.hub)
            found[one.z.hub, one.z.port] = (one.fibre, one.a.hub)
        return found

    def port(self, hub: str, fibre: str) -> int:
        return next(
            port for (at, port), (name, _) in self.ports.items() if (at, name) == (hub, fibre)
        )

    def fibre_ports(self, hub: str) -> list[int]:
        return [port for at, port in self.ports if at == hub]

    def other_port(self, hub: str, *but: int | None) -> int:
        return self.one_of([port for port in self.fibre_ports(hub) if port not in but])

    def labels(self) -> list[int]:
        return [use.label for use in self.program.labels]

    def other_label(self, label: int) -> int:
        """Of another demand."""
        mine = next(use.demand for use in self.program.labels if use.label == label)
        return self.one_of([u.label for u in self.program.labels if u.demand != mine])

    def served(self) -> Iterator[tuple[int, Intent]]:
        """Demands that have a label, by number."""
        known = {use.demand for use in self.program.labels}
        for number, intent in enumerate(self.intents, start=1):
            if intent.id in known:
                yield number, intent


def compiled(topology: Topology, intents: Sequence[Intent], seed: int = 0) -> Mesh:
    graphs = build_forwarding_graphs(topology, intents)
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    return Mesh(topology, wiring, tuple(intents), program, Random(seed))


# A network that contains everything that mutants corrupt.


def atlas() -> Topology:
    """Three hubs in CN, two of them gateways; MM, TH, IN between; two in PK.

    ``a1-c1`` leaves CN where no gateway is, and an operator runs it that some data avoids.
    """
    return network(
        [
            hub("a1", "CN"),
            hub("a2", "CN", intl_gateway=True),
            hub("a3", "CN", intl_gateway=True),
            hub("b1", "MM"),
            hub("b2", "TH"),
            hub("x1", "IN"),
            hub("c1", "PK"),
            hub("c2", "PK"),
        ],
        [
            fibre("a1-a2", 2),
            fibre("a1-a3", 3),
            fibre("a2-a3", 1),
            fibre("a1-c1", 3, operated_by="SCO"),
            fibre("a2-b1", 4),
            fibre("a3-b1", 5),
            fibre("a2-b2", 5),
            fibre("a3-x1", 2),
            fibre("b1-b2", 1),
            fibre("b1-c1", 4),
            fibre("b2-c1", 5),
            fibre("b2-c2", 6),
            fibre("b1-x1", 1),
            fibre("x1-c1", 1),
            fibre("c1-c2", 1),
        ],
    )


CLASSES = tuple(
    DataClass.model_validate({"origin": origin, "sensitivity": "general", "basis": "exempt"} | more)
    for origin, more in (
        ("CN", {"id": "important"}),
        ("CN", {"id": "general"}),
        ("CN", {"id": "home"}),
        ("CN", {"id": "refused"}),
        ("CN", {"id": "sealed"}),
        ("CN", {"id": "kept"}),
        ("PK", {"id": "foreign"}),
        ("PK", {"id": "quick"}),
    )
)
GATEWAY_FIRST = [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]
POLICIES = (
    permit(
        "OUT",
        match={"class": "important"},
        hard={"waypoints": GATEWAY_FIRST},
        soft={"bandwidth": {"cir": "20Mbit", "pir": "40Mbit"}},
        legal_ref=["CN-24-7b"],
    ),
    permit("FREE", match={"class": "general"}, hard={"terminate": {"only": ["PK", "TH"]}}),
    permit("HOME", match={"class": "home"}, hard={"confine": ["CN"]}, legal_ref=["CN-DSL-3"]),
    permit("BACK", match={"class": "foreign"}),
    permit("QUICK", match={"class": "quick"}, hard={"max_one_way": "7ms"}),
    permit("SEALED", match={"class": "sealed"}, hard={"confine": ["CN"]}),
    permit("WOULD", match={"class": "refused"}),
    permit("KEPT", match={"class": "kept"}, hard={"terminate": {"only": ["CN"]}}),
    restrict("NO-IN", match={"origin": "CN"}, hard={"avoid": {"located_in": ["IN"]}}),
    restrict(
        "NO-SCO",
        match={"class": "general"},
        hard={"avoid": {"operated_by": ["SCO"], "unknown_operator": "accept"}},
    ),
    deny("NEVER", match={"class": "refused"}, legal_ref=["CN-DSL-CORE"]),
)
BINDINGS = [
    {"hub": "a1", "class": "important", "dst": "c1", "protocol": "udp", "dst_port": 5000},
    {"hub": "a1", "class": "general", "dst": "c1", "protocol": "udp", "dst_port": 6000},
    {"hub": "a1", "class": "home", "dst": "a3", "protocol": "udp", "dst_port": 4000},
    {"hub": "a1", "class": "home", "dst": "a3", "protocol": "tcp", "dst_port": 4001},
    {"hub": "a1", "class": "refused", "dst": "c1", "protocol": "tcp", "dst_port": 7000},
    {"hub": "a1", "class": "sealed", "dst": "c1", "protocol": "tcp", "dst_port": 8000},
    {"hub": "a1", "class": "kept", "dst": "c1", "protocol": "tcp", "dst_port": 9000},
]
DEMANDS = (
    ("checkpoints", "important", "a1", "c1", "foreign"),
    ("pages", "general", "a1", "c1", None),
    ("backup", "home", "a1", "a3", "same-class"),
    ("readings", "foreign", "c1", "a2", None),
    ("calls", "quick", "c2", "b2", None),
    ("core", "refused", "a1", "c1", None),
    ("sealed", "sealed", "a1", "c1", None),
    ("kept", "kept", "a1", "c1", None),
    ("more", "important", "a2", "c2", None),
)


def atlas_intents(
    k: int = 1,
    over: tuple[Any, ...] = ("link", "gateway"),
    policies: Sequence[Policy] = POLICIES,
    on: Topology | None = None,
) -> tuple[Intent, ...]:
    rules = PolicySet.model_validate(
        {"name": "atlas", "classes": CLASSES, "bindings": BINDINGS, "policies": policies}
    )
    demands = [
        Demand.model_validate({"id": name, "class": kind, "src": a, "dst": z, "returns": answers})
        for name, kind, a, z, answers in DEMANDS
    ]
    return intents_of(rules, on or atlas(), demands, TODAY, Protection(k, over))


_ATLASES: dict[int, Mesh] = {}


def atlas_world(k: int = 1, seed: int = 0) -> Mesh:
    if k not in _ATLASES:
        _ATLASES[k] = compiled(atlas(), atlas_intents(k))
    return replace(_ATLASES[k], chance=Random(seed))


# Any network and any policies.


@st.composite
def worlds(draw: st.DrawFn, most_demands: int = 3) -> Mesh:
    topology = draw(networks(5, extra=4))
    hubs = [one.id for one in topology.hubs]
    pairs = [(a, z) for a in hubs for z in hubs if a != z]
    kinds = ("general", "mixed", "foreign")
    policies = PolicySet.model_validate(
        {"name": "random", "classes": _KINDS, "policies": draw(policy_lists())}
    )
    picked = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=most_demands, unique=True))
    demands = [
        Demand.model_validate(
            {"id": f"d{number}", "class": draw(st.sampled_from(kinds)), "src": a, "dst": z}
        )
        for number, (a, z) in enumerate(picked)
    ]
    protection = Protection(draw(st.integers(0, 2)), ("link", "srlg", "gateway"))
    intents = intents_of(policies, topology, demands, TODAY, protection)
    assert not clashes(intents)
    return compiled(topology, intents, draw(st.integers(0, 2**32)))


def some_worlds() -> st.SearchStrategy[Mesh]:
    """Any network, or the atlas, in which more can fail."""
    return st.one_of(worlds(), st.sampled_from((0, 1, 2)).map(atlas_world))


_KINDS = tuple(
    DataClass.model_validate(
        {"id": name, "origin": origin, "sensitivity": "general", "basis": "exempt"}
    )
    for name, origin in (("general", "CN"), ("mixed", ["PK", "CN"]), ("foreign", "PK"))
)

__all__ = ["HOST_PORT", "Mesh", "NotHereError", "Spoilt", "atlas_world", "compiled", "worlds"]
