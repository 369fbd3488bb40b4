"""What a controller that lies to its neighbours can and cannot cause."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.domains.composition import Domains
from corridor.controller.domains.lies import Lie
from corridor.topologies.model.domains import domains_of
from corridor.topologies.model.operators import WrittenDomains
from policy_lab import applicable_policies, demand, fibre, hub, network, permit
from random_partitions import partitioned
from random_policies import hard_clauses, networks

NET = network(
    [
        hub("a", "CN"),
        hub("l", "PK"),
        hub("g", "PK", intl_gateway=True),
        hub("t", "SA"),
        hub("z", "PK"),
    ],
    [fibre("a-l", 1), fibre("l-z", 9), fibre("l-g", 1), fibre("a-t", 4), fibre("t-z", 4)],
)
HUBS = {"a": "north@CN", "l": "liar@PK", "g": "liar@PK", "t": "third@SA", "z": "south@PK"}
"""From a to z: over the liar in 10 ms, over the third in 8 ms. Only the liar's g has a gateway."""
DOMAINS = Domains(
    domains_of(NET.model_copy(update={"domains": WrittenDomains.model_validate({"hubs": HUBS})}))
)


def agreed(lie: Lie | None, *rules: object):
    asked = applicable_policies(*(rules or (permit(),)), about=demand("general", "a", "z"), on=NET)
    return asked, DOMAINS.agree(asked, lie=lie).route


def test_without_a_lie_the_third_domain_carries() -> None:
    _, found = agreed(None)
    assert found is not None
    assert (found.path.hubs, found.one_way_ns) == (("a", "t", "z"), 8_000_000)


def test_a_false_delay_attracts_a_path_that_is_slower_than_agreed() -> None:
    asked, found = agreed(Lie("liar@PK", "delay"))
    assert found is not None
    assert found.path.hubs == ("a", "l", "z")
    assert found.one_way_ns == 1_000_000
    assert asked.verdict(found.path).violations == ()


def test_a_false_reach_ends_the_packets_at_the_liar() -> None:
    _, found = agreed(Lie("liar@PK", "reach"))
    assert found is not None
    assert found.path.hubs == ("a", "l")
    assert not found.is_delivered


def test_a_false_state_takes_packets_past_a_gateway_that_they_never_saw() -> None:
    inspected = permit(hard={"waypoints": [{"any_of": {"hubs": ["g"]}}]})
    _, honest = agreed(None, inspected)
    assert honest is not None
    assert honest.path.hubs == ("a", "l", "g", "l", "z")
    for kind in ("state", "plausible-state"):
        asked, found = agreed(Lie("liar@PK", kind), inspected)
        assert found is not None
        assert found.path.hubs == ("a", "l", "z")
        assert [one.clause for one in asked.verdict(found.path).violations] == ["waypoints"]


def test_a_domain_without_the_gateway_cannot_claim_its_state_plausibly() -> None:
    inspected = permit(hard={"waypoints": [{"any_of": {"hubs": ["g"]}}]})
    asked, found = agreed(Lie("third@SA", "state"), inspected)
    assert found is not None
    assert found.path.hubs == ("a", "t", "z")
    assert asked.verdict(found.path).violations != ()
    _, plausible = agreed(Lie("third@SA", "plausible-state"), inspected)
    assert plausible is not None
    assert plausible.path.hubs == ("a", "l", "g", "l", "z")


@st.composite
def cases(draw: st.DrawFn):
    topology = draw(networks(6, extra=5).flatmap(partitioned))
    src, dst = draw(st.permutations([hub.id for hub in topology.hubs]))[:2]
    rules = [permit("ONE", hard=draw(hard_clauses())), permit("TWO", hard=draw(hard_clauses()))]
    asked = applicable_policies(*rules, about=demand("general", src, dst), on=topology)
    known = domains_of(topology)
    return asked, known, draw(st.sampled_from(known.domains))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.sampled_from(["delay", "reach"]))
def test_lies_about_delay_and_reach_never_deliver_by_a_forbidden_path(case, kind) -> None:
    asked, known, domain = case
    found = Domains(known).agree(asked, lie=Lie(domain, kind)).route
    if found is None or not found.is_delivered:
        return
    verdict = asked.verdict(found.path)
    # A path that is only late under one permit may be forbidden by another one.
    assert verdict.allowed or any(one.clause == "max_one_way" for one in verdict.violations)
