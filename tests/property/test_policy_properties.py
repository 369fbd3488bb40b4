"""Properties that the semantics of policies must have on any small network.

The judge here reads a whole path at once and enumerates every walk; it shares no code with the
automata and the search that it judges.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
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


def judge(
    topology: Topology,
    rules: list[Policy],
    data_class: str,
    walk: Path,
    closed: Collection[str] = (),
) -> bool:
    origins = {"general": ["CN"], "foreign": ["PK"], "mixed": ["PK", "CN"]}[data_class]
    ends = topology.hub(walk.src), topology.hub(walk.dst)
    speaking = [rule for rule in rules if _speaks(rule, data_class, origins, *ends)]
    if any(rule.effect == "deny" for rule in speaking):
        return False
    restricts = [rule for rule in speaking if rule.effect == "restrict"]
    return any(
        all(_keeps(rule, topology, walk, closed) for rule in (one, *restricts))
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
    for selector, end in ((match.src, src), (match.dst, dst)):
        answer = _chosen(selector, end)
        if answer is False or (answer is None and not lenient):
            return False
    return True


def _met(one: Fibre) -> list[str]:
    """What may be touched counts against a policy as what is touched."""
    return [*one.crosses, *(doubt.code for doubt in one.may_cross)]


def _keeps(rule: Policy, topology: Topology, walk: Path, closed: Collection[str]) -> bool:
    hard = rule.hard
    hubs = [topology.hub(name) for name in walk.hubs]
    fibres = [topology.fibre(name) for name in walk.fibres]
    way: list[Hub | Fibre] = [hubs[0]]
    for one, far in zip(fibres, hubs[1:], strict=True):
        way += [one, far]
    if hard.confine and not all(_confined(hard.confine, one) for one in way):
        return False
    if hard.terminate and hubs[-1].located_in not in hard.terminate.only:
        return False
    if hard.avoid:
        asked = [one for one in way if one.id not in (walk.src, walk.dst)]
        if any(_avoided(hard.avoid, one) for one in asked):
            return False
    took_ns = sum(f.one_way_delay_ns for f in fibres)
    in_time = hard.max_one_way is None or took_ns <= hard.max_one_way
    few = hard.hops is None or len(fibres) <= hard.hops.most
    once = hard.no_return is None or not _returns(hard.no_return.to, way)
    fits = hard.path is None or _fits(hard.path.expression, hubs, fibres)
    inspected = [one if isinstance(one, Hub) and one.id not in closed else None for one in way]
    return (
        in_time
        and few
        and once
        and fits
        and _passes(hard.waypoints, way, inspected)
        and _passes(hard.via, way, way)
    )


def _chosen(selector: Any, one: Hub | Fibre) -> bool | None:
    """What a selector of ``random_policies`` says of an element: every key, and no exception."""
    of_hubs, of_fibres = {"hubs", "role", "gateway", "located_in", "outside"}, {"cables", "srlgs"}
    of_fibres |= {"medium", "status", "crosses"}
    given = {name for name in (*of_hubs, *of_fibres) if getattr(selector, name, None)}
    given |= {"gateway"} if selector.gateway is False else set()
    if given & (of_fibres if isinstance(one, Hub) else of_hubs):
        return False
    said = [_holds(name, getattr(selector, name), one) for name in given]
    if selector.operated_by:
        said.append(_run_by_alpha(one))
    for other in selector.excepted:
        answer = _chosen(other, one)
        said.append(None if answer is None else not answer)
    return False if False in said else None if None in said else True


def _holds(key: str, names: Any, one: Any) -> bool | None:
    place = None if isinstance(one, Fibre) or one.located_in == "XX" else one.located_in
    match key:
        case "located_in" | "outside":
            return None if place is None else (place in names) is (key == "located_in")
        case "crosses":
            sure, met = set(one.crosses), set(_met(one))
            return True if sure & set(names) else None if met & {*names, "XX"} else False
        case "cables":
            return one.system in names or any(f"cable:{name}" in one.srlgs for name in names)
        case "srlgs":
            return bool(set(one.srlgs) & set(names))
        case "gateway":
            return bool(one.intl_gateway is names)
        case "hubs":
            return one.id in names
        case _:
            return getattr(one, key) in names


def _run_by_alpha(one: Hub | Fibre) -> bool | None:
    return None if one.operated_by is None else "Alpha" in one.operated_by


def _avoided(avoid: Any, one: Hub | Fibre) -> bool:
    if any(_chosen(other, one) is True for other in avoid.excepted):
        return False
    if any(_chosen(other, one) is not False for other in avoid.any_of):
        return True
    if avoid.operated_by:
        by = _run_by_alpha(one)
        if by or (by is None and avoid.unknown_operator == "refuse"):
            return True
    if isinstance(one, Hub):
        in_bad = bool(avoid.located_in) and one.located_in in {*avoid.located_in, "XX"}
        return in_bad or one.id in avoid.hubs or one.role in avoid.role
    return (
        (bool(avoid.crosses) and bool(set(_met(one)) & {*avoid.crosses, "XX"}))
        or any(_holds(key, getattr(avoid, key), one) for key in ("cables", "srlgs"))
        or one.medium in avoid.medium
        or one.status in avoid.status
    )


def _confined(confine: Any, one: Hub | Fibre) -> bool:
    if any(_chosen(other, one) is True for other in confine.excepted):
        return True
    touched = {one.located_in} if isinstance(one, Hub) else set(_met(one))
    if confine.within and not touched <= set(confine.within):
        return False
    if isinstance(one, Hub):
        return not confine.role or one.role in confine.role
    laid = not confine.medium or one.medium in confine.medium
    return laid and (not confine.status or one.status in confine.status)


def _returns(region: Collection[str], way: list[Hub | Fibre]) -> bool:
    """Whether three elements may be inside, outside and inside, in this order."""
    inside, outside = [], []
    for one in way:
        touched = [one.located_in] if isinstance(one, Hub) else _met(one)
        surely = bool(set(touched[:1] if isinstance(one, Hub) else one.crosses) & set(region))
        inside.append(bool(set(touched) & {*region, "XX"}))
        outside.append(not surely and bool(set(touched) - set(region)))
    return any(
        inside[first] and outside[between] and inside[last]
        for last in range(len(way))
        for between in range(last)
        for first in range(between)
    )


ATOM = re.compile(r"(\{[^}]*\})|(?:(!?)<([^>]+)>)?(?:\s*(!?)(@?[\w-]+|\.))?")


def _fits(expression: str, hubs: list[Hub], fibres: list[Fibre]) -> bool:
    """By Python's own expressions: a letter for each hub, and for each atom those that fit it."""
    steps = list(zip(hubs, [None, *fibres], strict=True))
    letters = [chr(0x4E00 + number) for number in range(len(steps))]

    def of(found: re.Match[str]) -> str:
        times, no_fibre, fibre, no_hub, hub = found.groups()
        if times or not (fibre or hub):
            return str(times or "")
        fitting = [
            letter
            for letter, (one, by) in zip(letters, steps, strict=True)
            if (not fibre or _is_called(by, fibre) is not bool(no_fibre))
            and (not hub or hub == "." or _is_a(one, hub) is (not no_hub))
        ]
        return f"[{''.join(fitting)}]" if fitting else "(?!)"

    return re.fullmatch(ATOM.sub(of, expression).replace(" ", ""), "".join(letters)) is not None


def _is_called(one: Fibre | None, name: str) -> bool:
    if one is None:
        return False
    return name in (one.id, one.system, *one.srlgs) or f"cable:{name}" in one.srlgs


def _is_a(one: Hub, name: str) -> bool | None:
    if name.isupper():
        return None if one.located_in == "XX" else one.located_in == name
    if name == "@gateway":
        return one.intl_gateway
    return name in (one.id, f"@{one.role}")


def _passes(
    stops: tuple[Any, ...], way: list[Hub | Fibre], serving: Sequence[Hub | Fibre | None]
) -> bool:
    """Some choice of positions, in order, serves every stop in time."""
    home = way[0].located_in if isinstance(way[0], Hub) else ""
    border = len(way)  # position of the first element that must not be reached before
    for position, one in enumerate(way):
        touched = [one.located_in] if isinstance(one, Hub) else _met(one)
        if one.id != way[0].id and set(touched) - {home}:
            border = min(border, position)

    def serve(left: tuple[Any, ...], earliest: int) -> bool:
        if not left:
            return True
        last = border if left[0].before == "border" else len(way)
        return any(
            one is not None and _chosen(left[0].any_of, one) is True and serve(left[1:], position)
            for position, one in enumerate(serving[:last])
            if position >= earliest
        )

    return serve(stops, 0)


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
    found = best_route(ask(topology, rules, data_class), failures)
    most = max(map(found.path.hubs.count, NAMES)) if isinstance(found, Route) else 0
    delays = {
        walk: sum(left.fibre(name).one_way_delay_ns for name in walk.fibres)
        for walk in walks(left, visits=max(MAX_STOPS + 1, most))
        if judge(left, rules, data_class, walk, closed)
    }
    if isinstance(found, NoRoute):
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
