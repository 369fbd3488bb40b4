"""Tables of networks with hosts behind hubs, of both versions of IP, are proven, and a second
opinion agrees."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.intent.intent import ALL_KINDS, ANY_PACKET
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.policy.model import Demand, PolicySet
from corridor.controller.prover import prove, tables_of
from corridor.controller.second_opinion import Declared, Sample, compare
from corridor.controller.second_opinion.packets import sent_by_host, switches_of
from corridor.controller.second_opinion.walker import Walker
from corridor.topologies.base.codec import to_plain
from corridor.topologies.model.hosts import Host
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire
from openflow_network import OpenFlowNetwork
from openflow_network import Packet as OtherPacket
from wide_policies import CLASSES, DAY, wide_networks, wide_sets

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def with_hosts(draw: st.DrawFn) -> Topology:
    topology = draw(wide_networks())
    hubs = [hub.id for hub in topology.hubs]
    at = draw(st.lists(st.sampled_from(hubs), min_size=1, max_size=5))
    return topology.with_hosts(
        Host(id=f"host{number}", hub=hub, address=draw(addresses(number)))
        for number, hub in enumerate(at)
    )


def addresses(number: int) -> st.SearchStrategy[str | None]:
    return st.sampled_from((None, f"10.200.7.{number + 1}"))


@st.composite
def demands(draw: st.DrawFn, topology: Topology) -> tuple[Demand, ...]:
    """Of up to three pairs of hosts, each with its answers, by IPv4 or by IPv6."""
    hosts = [(hub.id, None) for hub in topology.hubs]
    ends = [*hosts, *((host.hub, host.id) for host in topology.hosts)]
    pairs = [pair for pair in permutations(ends, 2) if pair[0][0] != pair[1][0]]
    each = st.tuples(st.sampled_from(pairs), st.sampled_from(("ipv4", "ipv6")))
    alike = {"unique_by": lambda one: (frozenset(one[0]), one[1])}
    found = []
    for number, (ends_of, family) in enumerate(
        draw(st.lists(each, min_size=1, max_size=3, **alike))
    ):
        (src, src_host), (dst, dst_host) = ends_of
        about = {"src": src, "src_host": src_host, "dst": dst, "dst_host": dst_host}
        about["family"] = family
        about |= {"id": f"demand{number}", "class": draw(st.sampled_from(CLASSES))}
        demand = Demand.model_validate(about | {"returns": "same-class"})
        answers = demand.returning()
        assert answers
        found += [demand, answers]
    return tuple(found)


@FEW
@given(with_hosts(), wide_sets(), st.integers(0, 1), st.data())
def test_tables_with_hosts_are_proven_and_walked(
    topology: Topology, plain: dict[str, Any], k: int, data: st.DataObject
) -> None:
    judged_by = Specification(
        topology=topology,
        policies=PolicySet.model_validate(plain),
        as_of=date.fromisoformat(DAY),
        directions=tuple(
            Direction(demand=one, selectors=(ANY_PACKET,)) for one in data.draw(demands(topology))
        ),
        k=k,
        over=ALL_KINDS,
    )
    graphs = build_forwarding_graphs(topology, judged_by.intents())
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    intents = tuple(graph.intent for graph in graphs)
    proof = prove(tables_of(program), wiring, topology, intents, program)
    assert [one for one in proof.verdicts if one.status == "violated"] == []
    held = {
        "switches": {one.hub: to_plain(one.flows) for one in program.switches},
        "groups": {one.hub: to_plain(one.groups) for one in program.switches},
    }
    opinion = compare(Declared.of(judged_by), held, wiring, sample=Sample(sets=10))
    assert opinion.agrees, str(opinion)
    others = OpenFlowNetwork(program, wiring)
    walker = Walker(switches_of(held), wiring)
    for intent in intents:
        src, dst = map(wiring.host, intent.hosts)
        packet = sent_by_host(src, dst, {}, intent.family)
        walk = walker.walk((src.hub, src.port), packet)
        fate = others.send(src.hub, OtherPacket.of(**packet.header), src.port)
        assert walk.delivered_to in ("", dst.name)
        assert [walk.delivered_to] * bool(walk.delivered_to) == [at for at, _ in fate.delivered]
