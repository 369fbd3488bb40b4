"""A small network under policies, for tests of what the controller does when something changes."""

from __future__ import annotations

from datetime import date
from functools import cache

from corridor.controller.intent.intent import ALL_KINDS, ANY_PACKET
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.policy.model import Demand, PolicySet
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import Wiring, wire

TODAY = date(2026, 11, 24)
CLASSES = (
    {"id": "home", "origin": "CN", "sensitivity": "core", "basis": "none"},
    {
        "id": "export",
        "origin": "CN",
        "sensitivity": "important",
        "basis": "assessment",
        "valid_until": "2027-06-30",
    },
    {"id": "foreign", "origin": "PK", "sensitivity": "general", "basis": "exempt"},
)
GATED = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}
PERMITS = (
    {
        "id": "HOME",
        "effect": "permit",
        "match": {"class": "home"},
        "hard": {"confine": "CN"},
    },
    {
        "id": "EXPORT",
        "effect": "permit",
        "match": {"class": "export"},
        "hard": GATED,
        "soft": {"protect": {"k": 1, "over": ["link", "srlg"], "immediate": True}},
        "legal_ref": ["CN-24-7b"],
    },
    {
        "id": "FOREIGN",
        "effect": "permit",
        "match": {"class": "foreign"},
        "soft": {"protect": {"k": 1, "over": ["link", "srlg"], "immediate": True}},
    },
)
NO_SEA = {
    "id": "NO-SEA",
    "effect": "restrict",
    "match": {},
    "hard": {"avoid": {"crosses": ["HK", "VN"]}},
}
NO_EXPORT = {"id": "NO-EXPORT", "effect": "deny", "match": {"class": "export"}}
DEMANDS = (
    ("train", "home", "shanghai", "guian", "home"),
    ("ckpt", "export", "guian", "karachi", "foreign"),
    ("render", "export", "shanghai", "bangkok", "foreign"),
)


def policies(*more: dict, without: tuple[str, ...] = ()) -> PolicySet:
    chosen = [one for one in (*PERMITS, *more) if one["id"] not in without]
    return PolicySet.model_validate({"name": "lab", "classes": CLASSES, "policies": chosen})


@cache
def specification(topology: str = "mini") -> Specification:
    directions = []
    for name, data, src, dst, returns in DEMANDS:
        there = Demand.model_validate(
            {"id": name, "class": data, "src": src, "dst": dst, "returns": returns}
        )
        directions += [
            Direction(demand=one, selectors=(ANY_PACKET,)) for one in (there, there.returning())
        ]
    return Specification(
        topology=load_topology(topology),
        policies=policies(),
        as_of=TODAY,
        directions=tuple(directions),
        k=1,
        over=ALL_KINDS,
    )


@cache
def wiring(run_id: str = "c0") -> Wiring:
    topology = specification().topology
    gateways = frozenset(hub.id for hub in topology.hubs if hub.intl_gateway)
    return wire(topology, run_id=run_id, seed=1, gateways=gateways)
