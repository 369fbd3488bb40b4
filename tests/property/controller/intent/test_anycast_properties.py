"""The hub of an anycast demand is the nearest that a search of all walks finds lawful."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.intent.anycast import settle
from corridor.controller.policy.model import Demand, DemandEntry, PolicySet
from corridor.controller.policy.semantics import rule
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from policy_lab import CLASSES, TODAY
from random_policies import networks, policy_lists


def walks(topology: Topology, src: str, dst: str, visits: int = 2) -> list[Path]:
    found, stack = [], [Path((src,), ())]
    while stack:
        walk = stack.pop()
        if walk.dst == dst:
            found.append(walk)
        for step in topology.fibres_of(walk.dst):
            far = step.other_end(walk.dst)
            if walk.hubs.count(far) < visits:
                stack.append(Path((*walk.hubs, far), (*walk.fibres, step.id)))
    return found


def least_ns(rules: PolicySet, topology: Topology, one: Demand) -> int | None:
    applicable_policies = rule(rules, topology, one, TODAY)
    took = [
        sum(topology.fibre(name).one_way_delay_ns for name in walk.fibres)
        for walk in walks(topology, one.src, one.dst)
        if applicable_policies.verdict(walk).allowed
    ]
    return min(took, default=None)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    networks(most=4, extra=3),
    policy_lists(),
    st.sampled_from(("general", "foreign")),
    st.booleans(),
)
def test_no_hub_that_is_lawful_is_nearer_than_the_one_that_serves(topology, rules, name, answered):
    one_permit = [rules[0], *(one for one in rules[1:] if one.effect != "permit")]
    lab = PolicySet(name="lab", policies=tuple(one_permit), classes=CLASSES)
    src, *others = [hub.id for hub in topology.hubs]
    returns = "same-class" if answered else None
    plain = {"id": "one", "class": name, "src": src, "dst": others, "returns": returns}
    asked = DemandEntry.model_validate(plain)
    found = settle(lab, topology, asked, TODAY)
    ranked = []
    for hub in others:
        there = asked.to(hub)
        back = there.returning()
        took_ns = least_ns(lab, topology, there)
        deaf = back is not None and least_ns(lab, topology, back) is None
        if took_ns is not None:
            ranked.append((deaf, took_ns, hub))
    assert found.may_go == bool(ranked)
    if ranked:
        assert found.demand.dst == min(ranked)[2]
