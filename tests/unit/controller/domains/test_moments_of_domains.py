"""Tables of all domains at each moment: what is proven of them, and what is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corridor.controller.domains.held_tables import Held
from corridor.controller.domains.in_memory import agreed
from corridor.controller.domains.messages import digest
from corridor.controller.domains.moments import prove_moments
from corridor.controller.forwarding.program import Reason
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.wiring import wire


@pytest.fixture(scope="module")
def network():
    under = {"policies": "pan-asia", "as_of": "2026-11-24", "service": "leased-circuit"}
    rules = specify(load_scenario("mini", **under))
    gateways = frozenset(hub.id for hub in rules.topology.hubs if hub.intl_gateway)
    return rules, wire(rules.topology, gateways=gateways)


def first_tables(rules, wiring):
    return [
        Held(0, name, digest(rules), True, {one.hub: one.flows for one in each.program()}, {})
        for name, each in agreed(rules, wiring).items()
    ]


def proven(network, held):
    rules, wiring = network
    given = ({digest(rules): rules.intents()}, HomeDomains(rules.topology).home)
    return prove_moments(held, *given, wiring, rules.topology)


def test_moments_count_from_when_every_domain_has_tables(network):
    held = first_tables(*network)
    assert proven(network, held[:-1]).proven == 0
    assert proven(network, held) == proven(network, [*held[::-1]])
    assert proven(network, held).proven == 1
    assert proven(network, held).violated == ()


def test_an_entry_that_passes_a_gateway_by_is_found_and_only_while_it_is_there(network):
    held = first_tables(*network)
    one, hub, flow = next(
        (one, hub, flow)
        for one in held
        for hub, flows in one.add.items()
        for flow in flows
        if flow.reason == Reason.TO_GATEWAY
    )
    onward = next(
        each
        for each in one.add[hub]
        if each.reason == Reason.FROM_GATEWAY and each.policy == flow.policy
    )
    bypass = replace(flow, actions=onward.actions)
    others = dict.fromkeys(one.add, ())
    there = replace(one, whole=False, add={**others, hub: (bypass,)}, remove={hub: (flow,)})
    back = replace(one, whole=False, add={**others, hub: (flow,)}, remove={hub: (bypass,)})
    found = proven(network, [*held, there, back])
    assert found.proven == 3
    assert {text.split()[0] for text in found.violated} == {"C7"}
    assert proven(network, [*held, back]).violated == ()
