"""Properties that the semantics of policies must have on any small network.

The judge here reads a whole path at once and enumerates every walk; it shares no code with the
automata and the search that it judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corridor.controller.policy.automaton import Violation
from corridor.controller.policy.failures import Failures
from corridor.controller.policy.model import Policy
from corridor.controller.policy.paths import Path
from corridor.controller.policy.routes import NoRoute, Route, best_route
from corridor.controller.policy.semantics import Ruling
from corridor.topologies.model.topology import Fibre, Hub, Topology
from policy_lab import demand, fibre, hub, network, permit, ruling
from random_policies import MAX_STOPS, NAMES, SRLGS, networks, policies, policy_lists

FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


def ask(topology: Topology, rules: list[Policy], data_class: str) -> Ruling:
    src, dst = topology.hubs[0].id, topology.hubs[-1].id
    return ruling(*rules, about=demand(data_class, src, dst), on=topology)


def allowed(topology: Topology, rules: list[Policy], data_class: str) -> frozenset[Path]:
    found = ask(topology, rules, data_class)
    return frozenset(walk for walk in walks(topology, visits=1) if found.verdict(walk).allowed)


# The judge: whole paths, no states.


def judge(topology: Topology, rules: list[Policy], data_class: str, walk: Path) -> bool:
    origins = {"general": ["CN"], "foreign": ["PK"], "mixed": ["PK", "CN"]}[data_class]
    ends = topology.hub(walk.src), topology.hub(walk.dst)
    speaking = [rule for rule in rules if _speaks(rule, data_class, origins, *ends)]
    if any(rule.effect == "deny" for rule in speaking):
        return False
    restricts = [rule for rule in speaking if rule.effect == "restrict"]
    return any(
        all(_keeps(rule, topology, walk) for rule in (one, *restricts))
        for one in speaking
        if one.effect == "permit"
    )


def _speaks(rule: Policy, data_class: str, origins: list[str], src: Hub, dst: Hub) -> bool:
    lenient = rule.effect != "permit"
    match = rule.match
    if match.data_class and data_class not in match.data_class:
        return False
    if match.origin:
        covered = [origin in match.origin for origin in origins]
        if not (any(covered) if lenient else all(covered)):
            return False
    if match.src.located_in and src.located_in not in match.src.located_in:
        return False
    if match.dst.outside:
        if dst.located_in == "XX":
            return lenient
        return dst.located_in not in match.dst.outside
    return True


def _met(one: Fibre) -> list[str]:
    """What may be touched counts against a policy as what is touched."""
    return [*one.crosses, *(doubt.code for doubt in one.may_cross)]


def _keeps(rule: Policy, topology: Topology, walk: Path) -> bool:
    hard = rule.hard
    hubs = [topology.hub(name) for name in walk.hubs]
    fibres = [topology.fibre(name) for name in walk.fibres]
    touched = {one.located_in for one in hubs} | {code for f in fibres for code in _met(f)}
    if hard.confine and not touched <= set(hard.confine.within):
        return False
    if hard.terminate and hubs[-1].located_in not in hard.terminate.only:
        return False
    if hard.avoid:
        between = [one for one in hubs if one.id not in (walk.src, walk.dst)]
        bad_places, bad_media = hard.avoid.located_in, hard.avoid.crosses
        if bad_places and {one.located_in for one in between} & {*bad_places, "XX"}:
            return False
        if bad_media and {code for f in fibres for code in _met(f)} & {*bad_media, "XX"}:
            return False
        if hard.avoid.operated_by:
            elements: list[Hub | Fibre] = [*between, *fibres]
            for element in elements:
                if element.operated_by is None and hard.avoid.unknown_operator == "refuse":
                    return False
                if element.operated_by and "Alpha" in element.operated_by:
                    return False
    took_ns = sum(f.one_way_delay_ns for f in fibres)
    in_time = hard.max_one_way is None or took_ns <= hard.max_one_way
    few = hard.hops is None or len(fibres) <= hard.hops.most
    return in_time and few and _passes(rule, hubs, fibres)


def _passes(rule: Policy, hubs: list[Hub], fibres: list[Fibre]) -> bool:
    """Some choice of positions, in order, serves every waypoint in time."""
    home = hubs[0].located_in
    border = len(hubs)  # position of the first hub that must not be reached unassessed
    for position, one in enumerate(hubs):
        if position and one.id != hubs[0].id and one.located_in != home:
            border = min(border, position)
        if position < len(fibres) and any(code != home for code in _met(fibres[position])):
            border = min(border, position + 1)

    def serve(stops: tuple[Any, ...], earliest: int) -> bool:
        if not stops:
            return True
        last = border if stops[0].before == "border" else len(hubs)
        return any(
            _selects(stops[0].any_of, hubs[position]) and serve(stops[1:], position)
            for position in range(earliest, last)
        )

    return serve(rule.hard.waypoints, 0)


def _selects(selector: Any, one: Hub) -> bool:
    if selector.gateway:
        return one.intl_gateway
    return one.located_in in selector.located_in


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
    gateways = [
        one.model_copy(update={"intl_gateway": one.intl_gateway and one.id not in closed})
        for one in topology.hubs
    ]
    left = network(gateways, [f for f in topology.fibres if not set(cut) & set(f.srlgs)])
    # A closed gateway serves no waypoint; the judge's network has neither, so places must differ.
    by_place = any(not stop.any_of.gateway for rule in rules for stop in rule.hard.waypoints)
    if closed and by_place:
        return
    found = best_route(ask(topology, rules, data_class), failures)
    delays = {
        walk: sum(left.fibre(name).one_way_delay_ns for name in walk.fibres)
        for walk in walks(left, visits=MAX_STOPS + 1)
        if judge(left, rules, data_class, walk)
    }
    if isinstance(found, NoRoute):
        assert not delays, found
        physical = any(True for _ in walks(left, visits=1))
        assert found.status == ("BLOCKED" if physical else "DOWN")
        return
    assert found.path in delays
    assert found.one_way_ns == delays[found.path]
    one_permit = [r for r in rules if r.effect != "permit" or r.id == found.permit]
    best = [ns for walk, ns in delays.items() if judge(left, one_permit, data_class, walk)]
    assert found.one_way_ns == min(best)


@FEW
@given(networks(), policy_lists(), ASKED, st.randoms(use_true_random=False))
def test_the_order_of_policies_means_nothing(
    topology: Topology, rules: list[Policy], data_class: str, random: Any
) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)
    one, other = ask(topology, rules, data_class), ask(topology, shuffled, data_class)
    assert best_route(one) == best_route(other)
    for walk in walks(topology, visits=1):
        assert one.verdict(walk) == other.verdict(walk)


@FEW
@given(networks(), policy_lists(), ASKED, policies("restrict") | policies("deny"))
def test_a_further_restrict_or_deny_only_shrinks_what_is_allowed(
    topology: Topology, rules: list[Policy], data_class: str, further: Policy
) -> None:
    assert allowed(topology, [*rules, further], data_class) <= allowed(topology, rules, data_class)


@FEW
@given(networks(), policy_lists(), ASKED, policies("permit"))
def test_a_further_permit_only_widens_what_is_allowed(
    topology: Topology, rules: list[Policy], data_class: str, further: Policy
) -> None:
    assert allowed(topology, [*rules, further], data_class) >= allowed(topology, rules, data_class)


@FEW
@given(networks(), policy_lists(), ASKED)
def test_saying_a_thing_twice_changes_nothing(
    topology: Topology, rules: list[Policy], data_class: str
) -> None:
    again = [rule.model_copy(update={"id": f"{rule.id}-again"}) for rule in rules]
    assert allowed(topology, [*rules, *again], data_class) == allowed(topology, rules, data_class)


@FEW
@given(networks(), policy_lists(), ASKED)
def test_a_dead_prefix_condemns_every_path_that_starts_with_it(
    topology: Topology, rules: list[Policy], data_class: str
) -> None:
    for automaton in ask(topology, rules, data_class).automata:
        for walk in walks(topology):
            state: Any = automaton.start
            elements: list[Hub | Fibre] = []
            for position, name in enumerate(walk.hubs):
                elements.append(topology.hub(name))
                if position < len(walk.fibres):
                    elements.append(topology.fibre(walk.fibres[position]))
            for element in elements:
                entered = automaton.enter(state, element)
                if isinstance(entered, Violation):
                    break
                assert all(after >= before for before, after in zip(state, entered, strict=True))
                state = entered


@FEW
@given(networks(), policy_lists(), ASKED)
def test_a_remedy_does_what_it_says(
    topology: Topology, rules: list[Policy], data_class: str
) -> None:
    found = ask(topology, rules, data_class)
    failures = Failures(srlgs=frozenset({"s1"}))
    blocked = best_route(found, failures)
    if isinstance(blocked, Route):
        return
    for remedy in blocked.remedies:
        if remedy.kind == "repair":
            repaired = best_route(found)
            assert isinstance(repaired, Route)
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
    with pytest.raises(KeyError):
        judge(line, [gate], "nonsense", direct)
