"""Controllers of random domains, killed at random moments: they agree, and stay lawful."""

from __future__ import annotations

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from corridor.controller.domains.kept_state import Key
from corridor.controller.intent.intent import ANY_PACKET
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.policy.semantics import Failures
from domain_network import DomainNetwork
from policy_lab import CLASSES, TODAY, demand
from random_partitions import partitioned
from random_policies import networks, policy_lists

MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def cases(draw: st.DrawFn):
    """A network in domains with some demands under two policy sets, a fibre to cut, a seed."""
    topology = draw(networks(5, extra=4).flatmap(lambda one: partitioned(one, by_hub=True)))
    names = [hub.id for hub in topology.hubs]
    pairs = draw(st.lists(st.permutations(names).map(lambda one: tuple(one[:2])), max_size=3))
    asked = [
        demand(draw(st.sampled_from(["general", "secret"])), *pair).model_copy(
            update={"id": f"d{number}"}
        )
        for number, pair in enumerate({(names[0], names[-1]), *pairs})
    ]
    specifications = [
        Specification(
            topology=topology,
            policies=PolicySet(name="lab", policies=draw(policy_lists()), classes=CLASSES),
            as_of=TODAY, k=0, over=(),
            directions=tuple(Direction(demand=one, selectors=(ANY_PACKET,)) for one in asked),
        )
        for _ in range(2)
    ]  # fmt: skip
    dead = draw(st.sampled_from([one.id for one in topology.fibres]))
    return specifications, dead, draw(st.integers(0, 2**16))


def agreed(net: DomainNetwork, dead: frozenset[str]) -> None:
    """Every direction has the delay of one controller, and nothing else is installed."""
    installed = sum(len(one.state.crossings) for one in net.controllers.values())
    on_paths = 0
    found = {
        crossing.direction: (crossing, one.name)
        for one in net.controllers.values()
        for crossing in one.active()
        if not crossing.upstream
    }
    for number, intent in enumerate(net.intents, 1):
        alone = lawful_route(intent.applicable_policies, Failures(links=dead))
        assert (number in found) == (alone is not None)
        if alone is None:
            continue
        crossing, name = found[number]
        assert crossing.delay_ns == alone.one_way_ns
        on_paths += 1
        while crossing.onward is not None:
            name = crossing.downstream
            key = Key(number, crossing.epoch, crossing.onward)
            crossing = net.controllers[name].state.crossings[key]
            assert crossing.status == "active"
            on_paths += 1
    assert on_paths == installed
    assert all(one.is_settled for one in net.controllers.values())


@MANY
@given(cases())
def test_they_agree_as_one_controller_and_their_tables_are_lawful(case):
    (rules, _), dead, seed = case
    net = DomainNetwork(rules, seed)
    while net.step():
        assert net.breaches() == []
    agreed(net, frozenset())
    event(f"{len(net.controllers)} domains")
    net.cut(dead)
    net.settle()
    assert net.breaches() == []
    agreed(net, frozenset({dead}))


@MANY
@given(cases())
def test_killed_at_any_moment_they_forward_no_packet_unlawfully_and_agree_in_the_end(case):
    specifications, dead, seed = case
    net = DomainNetwork(specifications[0], seed)
    net.kills = 0.05
    changes = [lambda: net.cut(dead)]
    changes += [
        lambda name=name: net.change(name, specifications[1]) for name in sorted(net.controllers)
    ]
    for moment in range(120):
        net.step()
        if net.chance.random() < 0.06:
            net.kill(net.chance.choice(sorted(net.controllers)))
        if changes and moment > 20 and net.chance.random() < 0.15:
            changes.pop(net.chance.randrange(len(changes)))()
        if moment % 4 == 0:
            net.inject()
        net.move()
        assert net.breaches() == []
    while changes:
        changes.pop()()
    net.kills = 0.0
    net.settle()
    for name, one in net.controllers.items():
        one.again()
        net.keep(name)
    net.settle()
    assert net.breaches() == []
    agreed(net, frozenset({dead}))
    event("packets arrived" if net.arrived else "none arrived")


@MANY
@given(cases(), st.integers(0, 40))
def test_after_one_kill_they_come_to_the_paths_of_one_controller_without_an_order(case, moment):
    (rules, _), dead, seed = case
    net = DomainNetwork(rules, seed)
    net.settle()
    net.cut(dead)
    for _ in range(moment):
        net.step()
    net.kill(net.chance.choice(sorted(net.controllers)))
    net.settle()
    assert net.breaches() == []
    agreed(net, frozenset({dead}))


@MANY
@given(cases())
def test_an_update_loses_no_packet(case):
    """Packets of both versions arrive while domains agree again after a repair."""
    (rules, _), dead, seed = case
    net = DomainNetwork(rules, seed)
    net.cut(dead)
    net.settle()
    net.repaired(dead)
    while net.step():
        net.inject()
        for _ in range(40):  # shorter than the drain time, which passes as fast as messages here
            net.move()
    assert net.lost_packets == 0
    agreed(net, frozenset())


@MANY
@given(cases())
def test_a_domain_that_leaves_carries_nothing_and_is_used_again_once_it_is_back(case):
    (rules, _), _, seed = case
    net = DomainNetwork(rules, seed)
    net.settle()
    gone = net.chance.choice(sorted(net.controllers))
    net.controllers[gone].leave()
    net.keep(gone)
    while net.step():
        assert net.breaches() == []
    assert not [*net.controllers[gone].active()]
    assert all(gone not in (one.upstream, one.downstream) for one in net.crossings())
    event(f"{len(net.crossings())} crossings of others")
    net.kill(gone)  # it remembers
    net.settle()
    assert not [*net.controllers[gone].active()]
    net.controllers[gone].rejoin()
    net.keep(gone)
    net.settle()
    assert net.breaches() == []
    agreed(net, frozenset())
