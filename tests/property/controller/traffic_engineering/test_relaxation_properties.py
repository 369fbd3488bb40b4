"""What ladders give up, against brute force: the shortest protected path, and room for rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import exact_lab as lab
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.intent import Protection, Selector
from corridor.controller.intent.specification import Direction, Specification, failures_of
from corridor.controller.policy.automaton import Automaton, Violation
from corridor.controller.policy.model import Bandwidth, Demand, Policy, PolicySet, RelaxationStep
from corridor.controller.policy.permitted_paths import PermittedPath, best_permitted_path
from corridor.controller.policy.semantics import NO_FAILURES
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.controller.prover.exact_rates import admissions
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.traffic_engineering.relaxation import climb, unmet_constraints
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from paths_lab import (
    Served,
    dense_networks,
    in_use,
    intent,
    lawful_rest,
    lawful_rests,
    light_rules,
    protections,
)
from policy_lab import CLASSES, TODAY, fibre, hub, network, permit

FEW = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=150)
LADDERS: tuple[tuple[RelaxationStep, ...], ...] = (
    (),
    ("drop_protect",),
    ("exceed_latency",),
    ("drop_protect", "exceed_latency"),
    ("exceed_latency", "drop_protect"),
)


SHAPE = ("a-b", "a-c", "b-c", "b-d", "c-d", "a-e", "d-e")


@st.composite
def uneven_networks(draw: st.DrawFn) -> Topology:
    """Fibres of very different lengths, so that a budget that one detour keeps another breaks."""
    home = draw(st.sampled_from(("CN", "PK")))
    hubs = [
        hub(name, draw(st.sampled_from((home, home, "PK"))), intl_gateway=draw(st.booleans()))
        for name in "abced"
    ]
    lengths = st.integers(1, 30)
    return network(hubs, [fibre(pair, draw(lengths)) for pair in SHAPE[: draw(st.integers(5, 7))]])


@st.composite
def hurried(draw: st.DrawFn) -> Served:
    """A path whose permit limits the one-way delay, with little hard budget for detours.

    Where packets may turn back freely, a hop without a detour around it is on every path.
    """
    uneven = bool(draw(st.integers(0, 3)))
    topology = draw(uneven_networks() if uneven else dense_networks())
    (rule,) = draw(st.just([permit()]) | st.just([permit()]) | light_rules())
    scale = 4 if uneven else 1
    free = permit(hard={key: one for key, one in _plain(rule).items() if key != "max_one_way"})
    best = best_permitted_path(intent(topology, [free]).applicable_policies)
    assume(isinstance(best, PermittedPath))
    assert isinstance(best, PermittedPath)
    budget_ns = best.one_way_ns + draw(st.integers(3, 9)) * scale * 10**6
    if draw(st.integers(0, 3)):
        rule = permit(hard={**_plain(free), "max_one_way": format_duration(budget_ns)})
    most_ns = best.one_way_ns + draw(st.integers(-1, 8)) * scale * 10**6
    most_ns = max(min(most_ns, rule.hard.max_one_way or most_ns), 10**6)
    over = draw(st.sampled_from((["link"], ["link"], ["link", "gateway"], ["gateway"], ["srlg"])))
    soft = {"one_way": format_duration(most_ns), "protect": {"k": 1, "over": over}}
    ladder = draw(st.sampled_from(LADDERS))
    asked = permit(hard=rule.hard, soft=soft, on_soft_failure=ladder)
    graph = GraphBuilder(topology).graph(intent(topology, [asked], draw(asked_beside)))
    assume(isinstance(graph.route, PermittedPath))
    return Served(topology, graph)


asked_beside = st.just(Protection()) | protections


def _plain(rule: Policy) -> dict[str, Any]:
    return rule.hard.model_dump(mode="json", exclude_defaults=True, by_alias=True)


def bare(made: Served, path: Path) -> Iterator[str]:
    """What a path passes and nothing lawful leads around, found by trying all that is left."""
    topology, graph, _ = made
    assert graph.automaton is not None
    passed = [
        (f"gateway:{hub}", Path(path.hubs[: at + 1], path.fibres[:at]))
        for at, hub in enumerate(path.hubs)
        if "gateway" in graph.protection.over and serves(graph.automaton, topology, path, at)
    ]
    crossed = [
        (f"link:{fibre}", Path(path.hubs[: at + 1], path.fibres[:at]))
        for at, fibre in enumerate(path.fibres)
        if "link" in graph.protection.over
    ]
    for name, begun in (*passed, *crossed):
        if lawful_rest(graph, topology, failures_of(topology, [name]), begun) is None:
            yield name


def serves(automaton: Automaton, topology: Topology, path: Path, at: int) -> bool:
    """Whether the hub at a position of a path serves a waypoint there."""
    closed = replace(automaton.trip, closed=frozenset([path.hubs[at]]))
    opened, shut = automaton.start, automaton.start
    elements = [topology.hub(path.src)]
    for crossed, past_hub in zip(path.fibres[:at], path.hubs[1 : at + 1], strict=True):
        elements += [topology.fibre(crossed), topology.hub(past_hub)]
    for number, element in enumerate(elements):
        last = number == len(elements) - 1
        past = automaton.enter(opened, element)
        shut_past = (replace(automaton, trip=closed) if last else automaton).enter(opened, element)
        assert not isinstance(past, Violation)
        if isinstance(shut_past, Violation):
            return True
        opened, shut = past, shut_past
    return opened != shut


def fastest(delays: list[int]) -> int | None:
    return min(delays, default=None)


@settings(FEW, max_examples=250)
@given(hurried())
def test_what_is_left_of_a_delay_is_spent_on_the_shortest_protected_path(made: Served) -> None:
    topology, graph, _ = made
    assert graph.permit is not None
    start = Path((graph.intent.pair[0],), ())
    every = list(lawful_rests(graph, topology, NO_FAILURES, start))
    protected_ns = fastest([delay_ns for path, delay_ns in every if not [*bare(made, path)]])
    shortest_ns = min(delay_ns for _, delay_ns in every)
    ladder, asked_ns = graph.permit.on_soft_failure, graph.permit.soft.one_way
    assert asked_ns is not None
    both = [step for step in ladder if step in ("drop_protect", "exceed_latency")]
    patient = both[:1] == ["exceed_latency"]
    expected_ns = shortest_ns
    if protected_ns is not None and (patient or protected_ns <= asked_ns):
        expected_ns = protected_ns
    assert isinstance(graph.route, PermittedPath)
    assert graph.route.one_way_ns == expected_ns
    assert graph.spent_ns == expected_ns - shortest_ns
    assert in_use(graph).verdict(graph.route.path).allowed


@MANY
@given(hurried())
def test_what_is_lacking_is_told_and_by_which_step(made: Served) -> None:
    graph = made.graph
    assert graph.permit is not None
    assert isinstance(graph.route, PermittedPath)
    lost = [*bare(made, graph.route.path)]
    asked_ns = graph.permit.soft.one_way
    assert asked_ns is not None
    expected = {"drop_protect"} if lost else set()
    expected |= {"exceed_latency"} if graph.route.one_way_ns > asked_ns else set()
    told = unmet_constraints(graph)
    assert {lack.step for lack in told} == expected
    assert all(lack.on_ladder == (lack.step in graph.permit.on_soft_failure) for lack in told)
    for lack in told:
        if lack.step == "drop_protect":
            assert all(name in lack.said for name in lost)


@FEW
@given(dense_networks(), protections, st.sampled_from(LADDERS[:2]))
def test_without_a_delay_that_is_asked_for_the_path_stays_the_shortest(
    topology: Topology, protection: Protection, ladder: tuple[RelaxationStep, ...]
) -> None:
    plain = permit(soft={"protect": {"k": 1}}, on_soft_failure=ladder)
    asked = intent(topology, [plain], protection)
    route = GraphBuilder(topology).graph(asked).route
    best = best_permitted_path(asked.applicable_policies)
    assert route == best


RATES = ("200Mbit", "400Mbit", "600Mbit")


@st.composite
def promising(draw: st.DrawFn) -> Specification:
    """Demands whose permits guarantee rates, on fibres of 1 Gbit."""
    topology = draw(dense_networks())
    names = ("general", "important", "foreign")
    permits = [_permit_with_rates(draw, name) for name in names]
    hubs = [one.id for one in topology.hubs]
    pairs = draw(st.lists(st.sampled_from(list(permutations(hubs, 2))), min_size=2, max_size=6))
    directions = []
    for number, (src, dst) in enumerate(pairs):
        said = {"id": f"d{number}", "class": draw(st.sampled_from(names)), "src": src, "dst": dst}
        port = Selector("udp", 5000 + number, 5000 + number)
        own = draw(st.sampled_from((None, None, None, {"cir": "300Mbit", "pir": "500Mbit"})))
        directions.append(
            Direction.model_validate(
                {"demand": Demand.model_validate(said), "selectors": (port,), "bandwidth": own}
            )
        )
    return Specification(
        topology=topology,
        policies=PolicySet(name="lab", classes=CLASSES, policies=tuple(permits)),
        as_of=TODAY,
        directions=tuple(directions),
        k=draw(st.sampled_from((0, 0, 1))),
        over=("link",),
    )


def _permit_with_rates(draw: st.DrawFn, name: str) -> Policy:
    low, high = sorted(draw(st.lists(st.sampled_from(RATES), min_size=2, max_size=2)))
    soft = {"bandwidth": {"cir": low, "pir": high}, "protect": {"k": 1, "over": ["link"]}}
    ladder = draw(st.permutations(["drop_protect", "drop_pir"]))[: draw(st.integers(0, 2))]
    return permit(f"P-{name}", match={"class": name}, soft=soft, on_soft_failure=ladder)


def given_up(specification: Specification) -> dict[str, tuple[str, ...]]:
    return {one.demand.id: one.given_up for one in specification.directions}


def giving(specification: Specification, more: dict[str, tuple[str, ...]]) -> Specification:
    directions = tuple(
        one.model_copy(update={"given_up": more.get(one.demand.id, one.given_up)})
        for one in specification.directions
    )
    return specification.model_copy(update={"directions": directions})


def committed_fit(specification: Specification) -> bool:
    laid = lab.lay(specification.topology, specification.intents())
    explorer = Explorer(tables_of(laid.program), laid.wiring, laid.topology)
    searched = [explorer.search(one) for one in laid.intents]
    return all(admission.fits for admission in admissions(explorer, searched))


def rates_of(specification: Specification) -> dict[str, Bandwidth]:
    """Of the demands that are served with rates, by id."""
    graphs = [GraphBuilder(specification.topology).graph(one) for one in specification.intents()]
    rates = {
        graph.intent.id: graph.intent.guarantee(graph.permit) for graph in graphs if graph.permit
    }
    return {name: rate for name, rate in rates.items() if rate is not None}


def too_full(specification: Specification) -> dict[tuple[str, str], list[str]]:
    """Directed links that peaks do not fit while nothing fails, and the demands on each."""
    loads, on = Counter[tuple[str, str]](), dict[tuple[str, str], list[str]]()
    rates = rates_of(specification)
    for asked in specification.intents():
        route = GraphBuilder(specification.topology).graph(asked).route
        if isinstance(route, PermittedPath) and asked.id in rates:
            for link in zip(route.path.fibres, route.path.hubs[:-1], strict=True):
                loads[link] += rates[asked.id].pir or rates[asked.id].cir
                on.setdefault(link, []).append(asked.id)
    return {link: on[link] for link, load in loads.items() if load > 10**9}


@FEW
@given(promising(), st.integers(0, 2**32))
def test_no_order_of_demands_or_policies_changes_what_is_given_up(
    asked: Specification, seed: int
) -> None:
    chance = Random(seed)
    mixed = asked.policies.model_copy(
        update={"policies": tuple(chance.sample(asked.policies.policies, 3))}
    )
    directions = tuple(chance.sample(asked.directions, len(asked.directions)))
    other = asked.model_copy(update={"policies": mixed, "directions": directions})
    assert given_up(climb(asked)) == given_up(climb(other))


@FEW
@given(promising())
def test_what_is_given_up_makes_committed_rates_fit_and_none_of_it_is_too_much(
    asked: Specification,
) -> None:
    climbed = climb(asked)
    giving_up = given_up(climbed)
    everything = dict.fromkeys(giving_up, ("drop_protect", "drop_pir"))
    if not committed_fit(climbed):
        assert not any(giving_up.values())
        assert not committed_fit(giving(asked, everything)), "ladders would have helped"
        return
    for name, steps in giving_up.items():
        if "drop_protect" in steps:
            less = tuple(step for step in steps if step != "drop_protect")
            assert not committed_fit(giving(climbed, {name: less})), f"{name} gives up for nothing"


@FEW
@given(promising())
def test_peaks_are_given_up_where_they_do_not_fit_and_nowhere_else(asked: Specification) -> None:
    climbed = climb(asked)
    assume(committed_fit(climbed))
    giving_up, full = given_up(climbed), too_full(climbed)
    for name in {name for names in full.values() for name in names}:
        more = giving(climbed, {name: (*giving_up[name], "drop_pir")})
        assert rates_of(more)[name] == rates_of(climbed)[name], f"{name} could make room"
    for name, steps in giving_up.items():
        if "drop_pir" in steps:
            less = giving(climbed, {name: tuple(one for one in steps if one != "drop_pir")})
            assert any(name in on for on in too_full(less).values()), f"{name} is held for nothing"


@FEW
@given(promising())
def test_tables_are_proven_by_what_the_specification_says_is_given_up(
    asked: Specification,
) -> None:
    climbed = climb(asked)
    assume(committed_fit(climbed))
    laid = lab.lay(climbed.topology, climbed.intents())
    report = examine(tables_of(laid.program), laid.wiring, laid.topology, climbed.intents())
    assert report.holds
