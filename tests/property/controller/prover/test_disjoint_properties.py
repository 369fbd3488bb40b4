"""Disjoint paths that are found are the best pair that a search of all walks finds.

Several permits at once, under failures: no needless drop, and nothing unlawful delivered.

The walker and the judge share no code with what they judge. ``CORRIDOR_CASES=10000`` draws so many
worlds instead of a few; ``overlapping_permits`` says how to ask for one by its seed.
"""

from __future__ import annotations

import os
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.compiler import build_forwarding_graphs, still_shared
from corridor.controller.intent.intent import Disjoint, Intent
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from overlapping_permits import Tally, examine
from plain_worlds import CLAUSES
from policy_lab import applicable_policies, demand, permit
from random_policies import networks, policy_lists

KINDS = ("link", "srlg", "hub")


def allowed(topology: Topology, of: ApplicablePolicies, visits: int) -> list[Path]:
    found, stack = [], [Path((of.demand.src,), ())]
    while stack:
        walk = stack.pop()
        if walk.dst == of.demand.dst and of.verdict(walk).allowed:
            found.append(walk)
        for step in topology.fibres_of(walk.dst):
            far = step.other_end(walk.dst)
            if walk.hubs.count(far) < visits:
                stack.append(Path((*walk.hubs, far), (*walk.fibres, step.id)))
    return found


def took_ns(topology: Topology, walk: Path) -> int:
    return sum(topology.fibre(name).one_way_delay_ns for name in walk.fibres)


def share(topology: Topology, one: Path, other: Path, over: tuple[str, ...]) -> bool:
    fibres = [[topology.fibre(name) for name in walk.fibres] for walk in (one, other)]
    risks = [{srlg for fibre in some for srlg in fibre.srlgs} for some in fibres]
    ends = {one.src, one.dst} & {other.src, other.dst}
    return (
        ("link" in over and not set(one.fibres).isdisjoint(other.fibres))
        or ("srlg" in over and not risks[0].isdisjoint(risks[1]))
        or ("hub" in over and bool(set(one.hubs) & set(other.hubs) - ends))
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.tuples(networks(most=5, extra=8), st.just([permit()])),
        st.tuples(networks(most=5, extra=4), policy_lists()),
    ),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True).map(tuple),
    st.data(),
)
def test_no_pair_of_walks_that_share_nothing_is_shorter(net, over, data):
    topology, rules = net
    one_permit = [rules[0], *(rule for rule in rules[1:] if rule.effect != "permit")]
    names = [hub.id for hub in topology.hubs]
    pair = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True)
    asked, ends = [], data.draw(pair)
    for name in ("a", "b"):
        src, dst = ends if name == "a" else data.draw(st.one_of(st.just(ends), pair))
        about = demand(src=src, dst=dst).model_copy(update={"id": name})
        of = applicable_policies(*one_permit, about=about, on=topology)
        asked.append(Intent(of, disjoint=(Disjoint(demands=("a", "b"), over=over),)))
    graphs = build_forwarding_graphs(topology, asked)
    visits = 1 if rules == [permit()] else 2
    walks = [allowed(topology, intent.applicable_policies, visits) for intent in asked]
    if not all(walks):
        return
    sums = [
        took_ns(topology, one) + took_ns(topology, other)
        for one, other in product(*walks)
        if not share(topology, one, other, over)
    ]
    found = still_shared(topology, graphs)
    assert bool(found) == (not sums)
    routes = [graph.route for graph in graphs]
    assert all(isinstance(route, PermittedPath) for route in routes)
    if sums:
        assert sum(route.one_way_ns for route in routes) == min(sums)


FEW = 150
CASES = int(os.environ.get("CORRIDOR_CASES", FEW))


@pytest.fixture(scope="module")
def tally() -> Tally:
    return examine(range(1, CASES + 1))


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_no_packet_is_dropped_while_any_permit_leaves_a_path(tally: Tally) -> None:
    assert tally.needless == [], str(tally)


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_nothing_is_delivered_that_no_permit_allows(tally: Tally) -> None:
    assert tally.unlawful == [], str(tally)


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_no_packet_goes_round(tally: Tally) -> None:
    assert tally.round == [], str(tally)


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_the_worlds_have_the_whole_language_in_them(tally: Tally) -> None:
    assert set(tally.clauses) == set(CLAUSES)
    assert tally.delivered > tally.walks / 3
    assert tally.delivered < tally.walks
