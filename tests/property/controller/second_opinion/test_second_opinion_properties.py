"""Two evaluators of policies that share nothing say the same of every path, and of every packet."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_policy_properties import walks

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import ALL_KINDS, ANY_PACKET
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.policy.model import Demand, PolicySet
from corridor.controller.policy.semantics import rule
from corridor.controller.second_opinion import Declared, Sample, compare
from corridor.controller.second_opinion.evaluator import Evaluator
from corridor.controller.second_opinion.journey import Failed, journey_of
from corridor.controller.second_opinion.packets import sent_by_host, switches_of
from corridor.controller.second_opinion.walker import Walker
from corridor.topologies.base.codec import to_plain
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire
from openflow_network import OpenFlowNetwork
from openflow_network import Packet as OtherPacket
from prover_worlds import Mesh, some_worlds
from wide_policies import CLASSES, DAY, SERVICES, wide_networks, wide_sets

TODAY = date.fromisoformat(DAY)
MOST_WALKS = 40
WIDE = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def asked(topology: Topology, data_class: str, service: str | None) -> Demand:
    src, dst = topology.hubs[0].id, topology.hubs[-1].id
    about = {"id": "demand", "class": data_class, "src": src, "dst": dst, "service": service}
    return Demand.model_validate(about | {"returns": "same-class"})


@WIDE
@given(
    wide_networks(),
    wide_sets(),
    st.sampled_from(CLASSES),
    st.sampled_from((None, *SERVICES)),
)
def test_both_evaluators_allow_the_same_paths(
    topology: Topology, plain: dict[str, Any], data_class: str, service: str | None
) -> None:
    policies = PolicySet.model_validate(plain)
    demand = asked(topology, data_class, service)
    first = rule(policies, topology, demand, TODAY)
    said = policies.model_dump(mode="json", by_alias=True)
    about = demand.model_dump(mode="json", by_alias=True)
    second = Evaluator(said, topology, TODAY).rules_of(about)
    as_written = Evaluator(plain, topology, TODAY).rules_of(about)
    for walk in islice(walks(topology), MOST_WALKS):
        journey = journey_of(topology, walk.hubs, walk.fibres).through_every_gateway()
        verdict, other = first.verdict(walk), second.verdict(journey)
        assert verdict.allowed == other.lawful, (str(journey), str(verdict), other)
        assert as_written.verdict(journey).lawful == other.lawful


@FEW
@given(wide_networks(), wide_sets(), st.sampled_from(CLASSES), st.integers(0, 2))
def test_packets_go_as_the_second_opinion_says(
    topology: Topology, plain: dict[str, Any], data_class: str, k: int
) -> None:
    demand = asked(topology, data_class, None)
    answers = demand.returning()
    assert answers
    judged_by = Specification(
        topology=topology,
        policies=PolicySet.model_validate(plain),
        as_of=TODAY,
        directions=tuple(
            Direction(demand=one, selectors=(ANY_PACKET,)) for one in (demand, answers)
        ),
        k=k,
        over=ALL_KINDS,
    )
    graphs = build_forwarding_graphs(topology, judged_by.intents())
    wiring = wire(topology, gateways=gateways_of(graphs))
    switches = compile_forwarding_graphs(wiring, topology, graphs).program.switches
    held = {
        "switches": {one.hub: to_plain(one.flows) for one in switches},
        "groups": {one.hub: to_plain(one.groups) for one in switches},
    }
    opinion = compare(Declared.of(judged_by), held, wiring, sample=Sample(sets=10))
    assert opinion.agrees, str(opinion)


@FEW
@given(some_worlds(), st.data())
def test_two_kinds_of_switches_do_the_same_with_packets(net: Mesh, data: st.DataObject) -> None:
    plain = {
        "switches": {one.hub: to_plain(one.flows) for one in net.program.switches},
        "groups": {one.hub: to_plain(one.groups) for one in net.program.switches},
    }
    fibres, gateways = (
        [one.id for one in some] for some in (net.topology.fibres, net.topology.hubs)
    )
    down = frozenset(data.draw(st.lists(st.sampled_from(fibres), max_size=2)))
    closed = frozenset(data.draw(st.lists(st.sampled_from(gateways), max_size=1)))
    others = OpenFlowNetwork(net.program, net.wiring, down, closed)
    walker = Walker(switches_of(plain), net.wiring)
    dead = walker.ports.dead_by(Failed(fibres=down, gateways=closed))
    for intent in net.intents:
        src, dst = (net.wiring.hub(hub) for hub in intent.pair)
        packet = sent_by_host(src, dst, to_plain(intent.selectors[0]))
        walk = walker.walk((src.hub, src.port), packet, dead)
        fate = others.send(src.hub, OtherPacket.of(**packet.header))
        assert walk.fibres == fate.fibres
        assert [walk.hubs[at] for at in sorted(walk.inspected)] == fate.gateways
        assert [walk.delivered_to] * bool(walk.delivered_to) == [at for at, _ in fate.delivered]
