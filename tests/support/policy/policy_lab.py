"""Small networks and policies for the tests of policies."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date
from typing import Any

from corridor.controller.policy.clauses import CLAUSES
from corridor.controller.policy.model import DataClass, Demand, Policy, PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import (
    NO_FAILURES,
    ApplicablePolicies,
    Failures,
    PolicyDecision,
    rule,
)
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology

TODAY = date(2026, 1, 1)
SCALING = Scaling(
    capacity_scale=1,
    assumed_terrestrial_gbps=1,
    assumed_submarine_gbps=1,
    min_rate_bps=8,
    max_rate_bps=10**9,
)


def other_examples(drawn: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """By kind, the examples of clauses of which a generator draws no values of its own."""
    return {kind: one.examples for kind, one in CLAUSES.items() if kind not in {*drawn}}


def hub(name: str, located_in: str, **more: Any) -> Hub:
    entry = {"id": name, "name": name, "role": "transit", "located_in": located_in}
    return Hub.model_validate({**entry, "lat": 0, "lon": 0, **more})


def fibre(name: str, delay_ms: int, **more: Any) -> Fibre:
    """``a-z``; a second fibre of the same pair is ``a-z.2``."""
    a, z = name.split(".")[0].split("-")
    entry = {"id": name, "a": a, "z": z, "medium": "terrestrial", "length_km": 1}
    delay = {"length_basis": "derived", "one_way_delay_ns": delay_ms * 10**6}
    return Fibre.model_validate({**entry, **delay, **more})


def network(hubs: list[Hub], fibres: list[Fibre]) -> Topology:
    return Topology(name="lab", title="Lab", hubs=hubs, fibres=fibres, scaling=SCALING)


def corridor() -> Topology:
    """West and its coast in CN, a gateway at each; two paths abroad to Karachi, one via India.

    ::

        west --5-- coast(gw) --20 crosses OM-- karachi
         |  \\        |                           |
         1   2        9                           |
         |    kun(gw) --4-- mandalay --6-- mumbai-+3
        kash --7 (SCO)-- gilgit ------4------- karachi
    """
    return network(
        [
            hub("west", "CN"),
            hub("kash", "CN", operated_by="China Telecom"),
            hub("coast", "CN", operated_by="China Telecom", intl_gateway=True),
            hub("kun", "CN", intl_gateway=True),
            hub("mandalay", "MM"),
            hub("mumbai", "IN", confidence="unsure"),
            hub("gilgit", "PK", operated_by="PTCL"),
            hub("karachi", "PK"),
        ],
        [
            fibre("west-coast", 5, operated_by="China Telecom"),
            fibre("west-kun", 2, operated_by="China Telecom"),
            fibre("west-kash", 1, operated_by="China Telecom"),
            fibre("coast-kun", 9, operated_by="China Telecom"),
            fibre(
                "kash-gilgit",
                7,
                operated_by="SCO",
                srlgs=("corridor:karakoram",),
                confidence="unsure",
            ),
            fibre("gilgit-karachi", 4, operated_by="PTCL"),
            fibre("kun-mandalay", 4, operated_by="China Unicom / CAT"),
            fibre("mandalay-mumbai", 6),
            fibre("mumbai-karachi", 3),
            fibre("coast-karachi", 20, crosses=("OM",)),
        ],
    )


CLASSES = tuple(
    DataClass.model_validate(entry)
    for entry in (
        {"id": "general", "origin": "CN", "sensitivity": "general", "basis": "exempt"},
        {"id": "important", "origin": "CN", "sensitivity": "important", "basis": "assessment"},
        {"id": "foreign", "origin": "PK", "sensitivity": "personal", "basis": "exempt"},
        {"id": "mixed", "origin": ["PK", "CN"], "sensitivity": "personal", "basis": "exempt"},
        {
            "id": "lapsed",
            "origin": "CN",
            "sensitivity": "important",
            "basis": "assessment",
            "valid_until": "2025-12-31",
        },
    )
)


def policy(effect: str, name: str, **more: Any) -> Policy:
    return Policy.model_validate({"id": name, "effect": effect, **more})


def permit(name: str = "P", **more: Any) -> Policy:
    return policy("permit", name, **more)


def restrict(name: str = "R", **more: Any) -> Policy:
    return policy("restrict", name, **more)


def deny(name: str = "D", **more: Any) -> Policy:
    return policy("deny", name, **more)


def demand(data_class: str = "general", src: str = "west", dst: str = "karachi") -> Demand:
    return Demand.model_validate({"id": "demand", "class": data_class, "src": src, "dst": dst})


def applicable_policies(
    *policies: Policy, about: Demand | None = None, on: Topology | None = None, day: date = TODAY
) -> ApplicablePolicies:
    rules = PolicySet(name="lab", policies=policies, classes=CLASSES)
    return rule(rules, on or corridor(), about or demand(), day)


def route(
    *policies: Policy,
    about: Demand | None = None,
    on: Topology | None = None,
    failures: Failures = NO_FAILURES,
) -> PermittedPath | NoPermittedPath:
    return best_permitted_path(applicable_policies(*policies, about=about, on=on), failures)


def along(*hubs: str, topology: Topology | None = None) -> Path:
    """The path over these hubs, by the first fibre of each pair."""
    fibres = []
    for near, far in itertools.pairwise(hubs):
        joining = (f for f in (topology or corridor()).fibres if {near, far} == set(f.ends))
        fibres.append(next(joining).id)
    return Path(hubs, tuple(fibres))


def verdict(*policies: Policy, on: str, about: Demand | None = None) -> PolicyDecision:
    """The verdict on a path written as its hubs: ``"west kun mandalay"``."""
    return applicable_policies(*policies, about=about).verdict(along(*on.split()))
