"""Three small scenarios, and an update of one: they contain every case that the code
distinguishes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.forwarding.program import Program
from corridor.controller.forwarding.two_phase_plan import Update, update
from corridor.controller.intent.intent import ALL_KINDS, Intent, Protection, intents_of
from corridor.controller.policy.model import Demand, PolicySet
from corridor.controller.prover import prove, tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.controller.prover.verdicts import beyond_edges
from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology
from corridor.topologies.model.wiring import Wiring, wire

SCALING = Scaling(
    capacity_scale=1,
    assumed_terrestrial_gbps=1,
    assumed_submarine_gbps=1,
    min_rate_bps=8,
    max_rate_bps=10**9,
)
HUBS = {
    **dict.fromkeys(("west", "hill"), ("CN", False)),
    **dict.fromkeys(("south", "coast"), ("CN", True)),
    "mandalay": ("MM", False),
    "bangkok": ("TH", True),
    **dict.fromkeys(("island", "reef"), ("XX", False)),
    "lahore": ("PK", False),
    "karachi": ("PK", True),
}
FIBRES: Sequence[tuple[str, str, int, dict[str, Any]]] = (
    ("west", "south", 2, {}),
    ("west", "coast", 5, {}),
    ("west", "coast", 3, {"may_cross": [{"code": "VN"}]}),
    ("west", "hill", 1, {}),
    ("hill", "coast", 2, {"crosses": ["LA"]}),
    ("south", "coast", 4, {}),
    ("south", "mandalay", 3, {"srlgs": ["road"]}),
    ("south", "mandalay", 4, {"srlgs": ["road"]}),
    ("coast", "mandalay", 9, {"crosses": ["LA"]}),
    ("coast", "island", 3, {}),
    ("island", "lahore", 3, {}),
    ("island", "reef", 1, {}),
    ("reef", "mandalay", 1, {}),
    ("reef", "karachi", 9, {}),
    ("mandalay", "bangkok", 2, {}),
    ("mandalay", "lahore", 6, {}),
    ("bangkok", "lahore", 5, {}),
    ("bangkok", "karachi", 4, {"srlgs": ["sea"]}),
    ("lahore", "karachi", 1, {}),
    ("coast", "karachi", 20, {"srlgs": ["sea"], "medium": "submarine"}),
)
ORIGINS = {"d": "PK", "e": "TH", **dict.fromkeys("abcfgijkl", "CN")}
GATEWAY = {"any_of": "gateways", "before": "border", "then": "ASSESSED"}
RATES = {"cir": "10Mbit", "pir": "30Mbit"}
TWO = {"k": 2, "over": ["link", "srlg"]}
SOONER = {"one_way": "13ms", "protect": {"k": 1, "over": ["link"]}}


def _permit(name: str, of: str, hard: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "effect": "permit", "match": {"class": of}, "hard": hard or {}, **more}


POLICIES: Sequence[dict[str, Any]] = (
    _permit("A", "a", {"waypoints": [GATEWAY]}, soft={"bandwidth": RATES, "protect": TWO}),
    _permit("B", "b", {"max_one_way": "14ms"}, soft=SOONER, on_soft_failure=["exceed_latency"]),
    _permit("C", "c", {"confine": ["CN"]}, soft={"bandwidth": {"cir": "5Mbit"}}),
    _permit("D", "d", {"hops": 4, "terminate": {"only": ["CN"]}}),
    _permit("E", "e"),
    _permit("F1", "f", {"avoid": {"located_in": ["MM"]}}, preference=1),
    _permit("F2", "f", preference=2),
    _permit("I1", "i", {"confine": ["CN"]}, preference=1),
    _permit("I2", "i", {"max_one_way": "13ms"}, soft={"protect": TWO}, preference=2),
    _permit("J", "j", {"max_one_way": "3ms"}),
    _permit("K", "k", {"via": [{"hubs": ["hill"]}]}),
    _permit("L1", "l", {"avoid": {"located_in": ["MM"]}}, preference=1),
    _permit("L2", "l", {"waypoints": [GATEWAY]}, preference=2),
    {
        "id": "R",
        "effect": "restrict",
        "match": {"class": ["b", "f"]},
        "hard": {"avoid": {"crosses": ["LA"]}},
    },
    {"id": "N", "effect": "deny", "match": {"class": "g"}},
)
PORTS = (
    ("a", "udp"),
    ("a", "tcp"),
    ("b", "udp"),
    ("f", "tcp"),
    ("g", "tcp"),
    ("i", "tcp"),
    ("j", "tcp"),
)
DEMANDS = (
    ("a", "a", "west", "lahore", "d"),
    ("b", "b", "west", "lahore", None),
    ("c", "c", "west", "coast", "same-class"),
    ("f", "f", "west", "lahore", None),
    ("g", "g", "west", "lahore", None),
    ("e", "e", "bangkok", "south", None),
    ("d", "d", "karachi", "coast", None),
    ("h", "a", "south", "karachi", None),
    ("i", "i", "west", "lahore", None),
    ("j", "j", "west", "lahore", None),
    ("k", "k", "west", "south", None),
    ("l", "l", "south", "lahore", None),
)


def network() -> Topology:
    hubs = [
        Hub.model_validate(
            {"id": one, "name": one, "role": "transit", "located_in": law, "intl_gateway": gateway}
            | {"lat": 0, "lon": 0}
        )
        for one, (law, gateway) in HUBS.items()
    ]
    fibres = [
        Fibre.model_validate(
            {"id": f"{a}-{z}.{number}", "a": a, "z": z, "medium": "terrestrial", "length_km": 1}
            | {"length_basis": "derived", "one_way_delay_ns": delay_ms * 10**6, **more}
        )
        for number, (a, z, delay_ms, more) in enumerate(FIBRES)
    ]
    return Topology(name="lab", title="Lab", hubs=hubs, fibres=fibres, scaling=SCALING)


def intents(
    topology: Topology,
    protection: Protection,
    without: Iterable[str] = (),
    first_port: int = 5000,
) -> tuple[Intent, ...]:
    rules = PolicySet.model_validate(
        {
            "name": "lab",
            "classes": [
                {"id": one, "origin": law, "sensitivity": "general", "basis": "exempt"}
                for one, law in ORIGINS.items()
            ],
            "bindings": [
                {"hub": "west", "class": one, "dst": "lahore", "protocol": how, "dst_port": port}
                for port, (one, how) in enumerate(PORTS, start=first_port)
            ],
            "policies": [one for one in POLICIES if one["id"] not in without],
        }
    )
    keys = ("id", "class", "src", "dst", "returns")
    demands = [Demand.model_validate(dict(zip(keys, one, strict=True))) for one in DEMANDS]
    return intents_of(rules, topology, demands, date(2026, 1, 1), protection)


def broken() -> set[str]:
    """The claims that tables of the test networks violate; "raises" where the code fails."""
    topology = network()
    once = intents(topology, Protection(1, ("link", "gateway", "hub")))
    twice = intents(topology, Protection(2, ALL_KINDS), without=("C",))
    other = intents(topology, Protection(2, ("link",)), without=("R", "F1"), first_port=5001)
    found: set[str] = set()
    try:
        for asked, epoch in ((once, 0), (once, 1), (twice, 0)):
            wiring, program = _made(topology, asked, epoch)
            found |= _violated(topology, wiring, program, program, asked)
        found |= _updated(topology, once, other)
    except Exception:  # noqa: BLE001 - code that fails is noticed
        found.add("raises")
    return found


def _made(topology: Topology, asked: Sequence[Intent], epoch: int) -> tuple[Wiring, Program]:
    graphs = build_forwarding_graphs(topology, asked)
    wiring = wire(topology, gateways=gateways_of(graphs))
    return wiring, compile_forwarding_graphs(wiring, topology, graphs, epoch=epoch).program


def _violated(
    topology: Topology,
    wiring: Wiring,
    held: Program,
    intended: Program,
    asked: Sequence[Intent],
    resting: Program | None = None,
) -> set[str]:
    tables = tables_of(held)
    exact = examine(tables, wiring, topology, asked)
    labels = frozenset(use.label for use in resting.labels) if resting else frozenset[int]()
    proof = prove(tables, wiring, topology, asked, intended, exact, resting=labels)
    return {verdict.claim for verdict in proof.violated}


def _updated(topology: Topology, was: Sequence[Intent], becomes: Sequence[Intent]) -> set[str]:
    """At every moment from one set of intents to another."""
    wiring, old = _made(topology, was, 0)
    _, new = _made(topology, becomes, 1)
    step = update(old, new)
    found = {"C13"} if any(beyond_edges(step.beside, step.flipped)) else set()
    found |= _violated(topology, wiring, step.beside, step.beside, was, new)
    found |= _violated(topology, wiring, step.flipped, step.flipped, becomes, old)
    return found | _violated(topology, wiring, _removed(step), new, becomes)


def _removed(step: Update) -> Program:
    """What switches hold once the old epoch is taken away."""
    told = {one.hub: one for one in step.switches}
    switches = tuple(
        replace(
            switch,
            flows=tuple(one for one in switch.flows if one not in {*told[switch.hub].remove}),
            groups=tuple(
                one for one in switch.groups if one.id not in told[switch.hub].remove_groups
            ),
            meters=tuple(
                one for one in switch.meters if one.id not in told[switch.hub].remove_meters
            ),
        )
        for switch in step.flipped.switches
    )
    return replace(step.flipped, switches=switches)
