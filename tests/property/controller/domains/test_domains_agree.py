"""Controllers of random domains find what one controller of the whole network finds."""

from __future__ import annotations

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from corridor.controller.domains.composition import Domains
from corridor.controller.domains.timing import agreement_time
from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.policy.semantics import Failures
from corridor.topologies.model.domains import domains_of
from policy_lab import applicable_policies, demand, permit
from random_partitions import partitioned
from random_policies import hard_clauses, networks, policy_lists

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def cases(draw: st.DrawFn):
    """A network in domains, a demand under random policies, and a fibre that fails, or none."""
    topology = draw(networks(6, extra=5).flatmap(partitioned))
    names = [hub.id for hub in topology.hubs]
    src, dst = draw(st.permutations(names))[:2]
    about = demand(draw(st.sampled_from(["general", "secret"])), src, dst)
    soft = permit("SOFT", hard=draw(hard_clauses()), preference=50)
    rules = [soft, *draw(policy_lists())] if draw(st.booleans()) else draw(policy_lists())
    applicable = applicable_policies(*rules, about=about, on=topology)
    dead = draw(st.none() | st.sampled_from([one.id for one in topology.fibres]))
    return topology, applicable, frozenset({dead} - {None})


@MANY
@given(cases())
def test_the_same_lawfulness_and_delay_as_one_controller(case):
    topology, applicable, dead = case
    found = Domains(domains_of(topology)).agree(applicable, dead)
    alone = lawful_route(applicable, Failures(links=dead))
    event("no path" if alone is None else f"{len(found.route.chain) if found.route else 0} domains")
    assert (found.route is None) == (alone is None)
    if found.route is None:
        return
    assert found.route.one_way_ns == alone.one_way_ns
    path = found.route.path
    assert (path.src, path.dst) == (alone.path.src, alone.path.dst)
    assert applicable.verdict(path).violations == ()
    assert dead.isdisjoint(path.fibres)
    assert sum(topology.fibre(one).one_way_delay_ns for one in path.fibres) == alone.one_way_ns


@MANY
@given(cases())
def test_each_segment_is_of_its_domain_and_each_offer_is_told_once(case):
    topology, applicable, dead = case
    known = domains_of(topology)
    found = Domains(known).agree(applicable, dead)
    disclosed = [(one.to, one.entry) for one in found.disclosed.offers]
    permits = max(1, len(applicable.automata))
    assert max((disclosed.count(one) for one in disclosed), default=0) <= permits
    for segment in found.route.segments if found.route else ():
        for fibre, hub in zip(segment.fibres, segment.hubs[:-1], strict=True):
            assert known.domain(fibre, hub) == segment.domain


@MANY
@given(cases(), st.sampled_from([0, 1_000_000, 50_000_000]))
def test_the_same_delay_if_messages_take_time(case, work_ns):
    topology, applicable, dead = case
    views = Domains(domains_of(topology)).views
    took = agreement_time(views, applicable, dead, work_ns)
    alone = lawful_route(applicable, Failures(links=dead))
    assert took.one_way_ns == (None if alone is None else alone.one_way_ns)
    if took.first_ns is None or took.final_ns is None:
        return
    assert 0 <= took.first_ns <= took.final_ns <= took.quiet_ns
