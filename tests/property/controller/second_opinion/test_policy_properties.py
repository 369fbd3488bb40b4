"""Properties that the semantics of policies must have on any small network.

The judge here is the evaluator of the second opinion, which reads a whole path at once and shares
no code with the automata and the search that it judges; every walk is put before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corridor.controller.policy.model import Policy, PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import ApplicablePolicies, Failures
from corridor.controller.second_opinion.evaluator import Evaluator
from corridor.controller.second_opinion.journey import journey_of
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from policy_lab import CLASSES, TODAY, applicable_policies, demand, fibre, hub, network, permit
from random_policies import MAX_STOPS, NAMES, SRLGS, networks, policies, policy_lists

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ASKED = st.sampled_from(("general", "mixed", "foreign"))


def walks(topology: Topology, visits: int = 2) -> Iterator[Path]:
    """Every walk from the first hub to the last that visits no hub more than ``visits`` times."""
    src, dst = topology.hubs[0].id, topology.hubs[-1].id
    stack = [Path((src,), ())]
    while stack:
        walk = stack.pop()
        if walk.dst == dst:
            yield walk
        for step in topology.fibres_of(walk.dst):
            far = step.other_end(walk.dst)
            if walk.hubs.count(far) < visits:
                stack.append(Path((*walk.hubs, far), (*walk.fibres, step.id)))


def ask(topology: Topology, rules: list[Policy], data_class: str) -> ApplicablePolicies:
    src, dst = topology.hubs[0].id, topology.hubs[-1].id
    return applicable_policies(*rules, about=demand(data_class, src, dst), on=topology)


def allowed(topology: Topology, rules: list[Policy], data_class: str) -> frozenset[Path]:
    found = ask(topology, rules, data_class)
    return frozenset(walk for walk in walks(topology, visits=1) if found.verdict(walk).allowed)


# The judge: the second opinion, which reads whole paths and shares no code with what is tested.


def judge(
    topology: Topology,
    rules: list[Policy],
    data_class: str,
    walk: Path,
    closed: Collection[str] = (),
) -> bool:
    about = demand(data_class, walk.src, walk.dst).model_dump(mode="json", by_alias=True)
    passed = [position for position, name in enumerate(walk.hubs) if name not in closed]
    journey = journey_of(topology, walk.hubs, walk.fibres, passed)
    return evaluator(topology, tuple(rules)).rules_of(about).verdict(journey).lawful


@lru_cache(maxsize=16)
def evaluator(topology: Topology, rules: tuple[Policy, ...]) -> Evaluator:
    said = PolicySet(name="lab", policies=rules, classes=CLASSES)
    return Evaluator(said.model_dump(mode="json", by_alias=True), topology, TODAY)


@FEW
@given(networks(), policy_lists(), ASKED)
def test_verdicts_agree_with_a_judge_that_reads_whole_paths(
    topology: Topology, rules: list[Policy], data_class: str
) -> None:
    found = ask(topology, rules, data_class)
    for walk in walks(topology):
        answer = found.verdict(walk)
        assert answer.allowed == judge(topology, rules, data_class, walk), (walk, str(answer))


@FEW
@given(
    networks(most=4),
    policy_lists(),
    ASKED,
    st.lists(st.sampled_from(NAMES), max_size=1),
    st.lists(st.sampled_from(SRLGS), max_size=1),
)
def test_the_route_is_the_shortest_of_all_allowed_walks(
    topology: Topology, rules: list[Policy], data_class: str, closed: list[str], cut: list[str]
) -> None:
    failures = Failures(srlgs=frozenset(cut), gateways=frozenset(closed))
    left = network(list(topology.hubs), [f for f in topology.fibres if not set(cut) & set(f.srlgs)])
    found = best_permitted_path(ask(topology, rules, data_class), failures)
    most = max(map(found.path.hubs.count, NAMES)) if isinstance(found, PermittedPath) else 0
    delays = {
        walk: sum(left.fibre(name).one_way_delay_ns for name in walk.fibres)
        for walk in walks(left, visits=max(MAX_STOPS + 1, most))
        if judge(left, rules, data_class, walk, closed)
    }
    if isinstance(found, NoPermittedPath):
        assert not delays, found
        physical = any(True for _ in walks(left, visits=1))
        assert found.status == ("BLOCKED" if physical else "DOWN")
        return
    assert found.path in delays
    assert found.one_way_ns == delays[found.path]
    one_permit = [r for r in rules if r.effect != "permit" or r.id == found.permit]
    best = [ns for walk, ns in delays.items() if judge(left, one_permit, data_class, walk, closed)]
    assert found.one_way_ns == min(best)


@FEW
@given(
    *(networks(), policy_lists(), ASKED, st.randoms(use_true_random=False)),
    *(policies("restrict") | policies("deny"), policies("permit")),
)
def test_policies_only_add_up(
    topology: Topology,
    rules: list[Policy],
    data_class: str,
    random: Any,
    narrower: Policy,
    permit: Policy,
) -> None:
    """Their order means nothing, nor does a thing said twice. A further restrict or deny shrinks
    what is allowed, a further permit widens it."""
    shuffled = list(rules)
    random.shuffle(shuffled)
    one, other = ask(topology, rules, data_class), ask(topology, shuffled, data_class)
    assert best_permitted_path(one) == best_permitted_path(other)
    for walk in walks(topology, visits=1):
        assert one.verdict(walk) == other.verdict(walk)
    before = allowed(topology, rules, data_class)
    again = [rule.model_copy(update={"id": f"{rule.id}-again"}) for rule in rules]
    assert allowed(topology, [*rules, *again], data_class) == before
    assert allowed(topology, [*rules, narrower], data_class) <= before
    assert allowed(topology, [*rules, permit], data_class) >= before


@FEW
@given(networks(), policy_lists(), ASKED)
def test_a_remedy_does_what_it_says(
    topology: Topology, rules: list[Policy], data_class: str
) -> None:
    found = ask(topology, rules, data_class)
    failures = Failures(srlgs=frozenset({"s1"}))
    blocked = best_permitted_path(found, failures)
    if isinstance(blocked, PermittedPath):
        return
    for remedy in blocked.remedies:
        if remedy.kind == "repair":
            repaired = best_permitted_path(found)
            assert isinstance(repaired, PermittedPath)
            assert repaired.one_way_ns == remedy.one_way_ns


@example(topology=network([hub("a", "CN"), hub("b", "CN")], [fibre("a-b", 1)]))
@given(networks())
@settings(max_examples=10, deadline=None)
def test_without_policies_nothing_is_allowed(topology: Topology) -> None:
    assert allowed(topology, [], "general") == frozenset()


def test_the_judge_itself_tells_paths_apart() -> None:
    line = network(
        [hub("a", "CN"), hub("b", "CN", intl_gateway=True), hub("c", "PK")],
        [fibre("a-b", 1), fibre("b-c", 1), fibre("a-c", 1)],
    )
    gate = permit(hard={"waypoints": [{"any_of": "gateways", "before": "border"}]})
    by_gate, direct = Path(("a", "b", "c"), ("a-b", "b-c")), Path(("a", "c"), ("a-c",))
    assert judge(line, [gate], "general", by_gate)
    assert not judge(line, [gate], "general", direct)
