"""The computed loads of paths against those of their tables, in every case."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import exact_lab as lab
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.specification import KINDS, elements, failures_of
from corridor.controller.policy.model import Bandwidth
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.traffic_engineering import least_added_delay
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import ByCase, CandidatePath, Links
from corridor.controller.traffic_engineering.path_program import LinearProgram
from corridor.controller.traffic_engineering.path_selection import preferred_paths_of
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.topologies.model.topology import Topology
from paths_lab import Served, served, served_in_time
from paths_lab import graph as graph_of
from policy_lab import fibre, hub, network, permit

MANY = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
MOST_SETS = 60
DEAR = 10**8


def space_of(made: Served, seed: int) -> tuple[Intent, PathSpace, CandidatePath]:
    """With a rate, in all single failures of the kinds protected against, and in some pairs."""
    asked = replace(made.graph.intent, bandwidth=Bandwidth(cir="1Mbit"))
    pairs = [frozenset(one) for one in combinations(elements(made.topology, KINDS), 2)]
    sets = Random(seed).sample(pairs, min(MOST_SETS, len(pairs)))
    links = Links(made.topology)
    builder = GraphBuilder(made.topology)
    spaces, candidates, _, _ = selection_problem_of([builder.graph(asked)], builder, links, sets)
    return asked, spaces[0], candidates[0]


def dear(space: PathSpace, seed: int) -> dict[int, dict[int, int]]:
    """Prices of links by case, that lead detours anywhere."""
    random, links = Random(seed), range(len(space.links.names))
    return {
        case: {link: random.randrange(DEAR) for link in links if random.random() < 0.3}
        for case in space.cases.numbers
    }


def loaded(explorer: Explorer, topology: Topology, asked: Intent, failed: frozenset[str]):
    outcome = explorer.follow(asked, failures_of(topology, failed))
    crossed = ((one.thing, one.hub) for one in outcome.crossed if not one.is_gateway)
    return Counter(crossed)


def named(space: PathSpace, candidate: CandidatePath, case: int | None):
    return {space.links.names[link]: times for link, times in candidate.under(case).items()}


def assert_loads_as_tables_do(made: Served, seed: int) -> None:
    asked, space, default = space_of(made, seed)
    prices = dear(space, seed)
    main = space.shortest(lambda edge: 1 + prices.get(edge.sight % 7, {}).get(edge.sight, 0))
    candidates = [default, space.candidate(default.main, ByCase(prices))]
    candidates += [space.candidate(main, ByCase(prices))] if main is not None else []
    for candidate in candidates:
        picks = tuple(preferred_paths_of(made.topology, space, candidate, default))
        picked = replace(asked, picks=picks)
        route = GraphBuilder(made.topology).graph(picked).route
        assert isinstance(route, PermittedPath)
        if [made.topology.fibres[one].id for one in candidate.order] != [*route.path.fibres]:
            continue  # it would be protected less, or too late
        laid = lab.lay(made.topology, [picked])
        explorer = Explorer(tables_of(laid.program), laid.wiring, laid.topology)
        for case in (None, *space.cases.numbers):
            failed = frozenset[str]() if case is None else space.cases.named(case)
            found = loaded(explorer, made.topology, picked, failed)
            assert named(space, candidate, case) == found, (sorted(failed), picks)


@MANY
@given(served() | served_in_time(), st.integers(0, 2**32))
def test_paths_load_in_each_case_what_their_tables_say(made: Served, seed: int) -> None:
    assume(isinstance(made.graph.route, PermittedPath))
    assert_loads_as_tables_do(made, seed)


def test_a_way_over_a_fibre_twice_the_same_way_finds_it_dead_the_first_time():
    names = "abcdz"
    pairs = ("a-b", "b-c", "a-d", "b-z", "a-c", "c-d", "d-b", "d-z")
    fibres = [fibre(pair, 1 if pair in {"a-b", "b-c", "a-d", "b-z"} else 9) for pair in pairs]
    topology = network([hub(name, "CN") for name in names], fibres)
    rule = permit(hard={"via": [{"hubs": "c"}, {"hubs": "d"}]})
    for k in (1, 2):
        made = Served(topology, graph_of(topology, rule, k=k, over=KINDS))
        assert isinstance(made.graph.route, PermittedPath)
        assert made.graph.route.path.hubs == ("a", "b", "c", "b", "a", "d", "a", "b", "z")
        for seed in range(9):
            assert_loads_as_tables_do(made, seed)


@MANY
@given(served(), st.integers(0, 2**32))
def test_the_program_adds_up_what_whole_paths_load(made: Served, seed: int) -> None:
    assume(isinstance(made.graph.route, PermittedPath))
    _, space, default = space_of(made, seed)
    prices = dear(space, seed)
    failures = space.cases.numbers
    program = LinearProgram(
        [space], space.links.capacity_bps, failures, least_added_delay.KIND, [default]
    )
    detours = space.detours(default.main, ByCase(prices))
    candidate = space.composed(default.main, detours)
    program.add(0, candidate, detours)
    wanted = {(None, default.order), *((key, one.order) for key, one in detours.items())}
    total = np.zeros(program.grid.shape, dtype=np.int64)
    for column in program.columns:
        if (column.group and column.group[1], column.order) in wanted:
            total[:, column.takes.links] += column.takes.times
            np.add.at(total.ravel(), column.takes.cells, column.takes.changes)
    assert (total * space.rate_bps == program.reckoning.carried_bps([candidate])).all()
    for row, case in zip(total.tolist(), (None, *failures), strict=True):
        assert {link: times for link, times in enumerate(row) if times} == dict(
            candidate.under(case)
        )
