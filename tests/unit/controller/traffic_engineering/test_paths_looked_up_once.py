"""Cached results of joint path selection equal those that would be computed again."""

from __future__ import annotations

import random

import pytest

from corridor.controller.forwarding.compiler import compile_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.traffic_engineering import fewest_moves, least_added_delay
from corridor.controller.traffic_engineering.candidate_values import Links
from corridor.controller.traffic_engineering.column_generation import by_objective, main_at
from corridor.controller.traffic_engineering.fit_rates import Served, with_picks
from corridor.controller.traffic_engineering.objective import seeing
from corridor.controller.traffic_engineering.path_program import LinearProgram
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.topologies.model.wiring import wire
from rates_lab import CUT, MINI, NEXT, TWO, loaded, spec

RATES = {
    "a": ("50Mbit", "shanghai", "guian"),
    "b": ("47Mbit", "guian", "bangkok"),
    "c": ("40Mbit", "shanghai", "kunming"),
    "d": ("40Mbit", "bangkok", "guian"),
    "e": ("20Mbit", "karachi", "shanghai"),
}


@pytest.mark.parametrize("kind", [fewest_moves.KIND, least_added_delay.KIND])
def test_a_path_that_crosses_nothing_with_a_price_stays_the_cheapest(kind):
    links, served = Links(MINI), Served(MINI, spec(RATES).intents())
    spaces, graphs, _, _ = selection_problem_of(
        served.graphs, served.builder, links, current_failures_only=True
    )
    program = LinearProgram(spaces, links.capacity_bps, [], seeing(kind, spaces, graphs), graphs)
    drawn = random.Random(1)
    kept = 0
    for _ in range(200):
        priced = drawn.sample(range(len(links.names)), drawn.choice([0, 1, 2, 5]))
        prices = {link: drawn.choice([1, 10**6, 10**9]) for link in priced}
        for demand, space in enumerate(spaces):
            found = main_at(program, demand, prices)
            assert found == space.shortest(by_objective(program, demand, prices))
            kept += bool(prices) and found is program.free[demand]
    assert 200 < kept < 1000


def tables(graphs) -> object:
    return compile_forwarding_graphs(wire(MINI), MINI, graphs).program


@pytest.mark.parametrize("rates", [TWO, NEXT])
def test_paths_tried_after_others_are_those_that_nobody_tried_before(rates):
    asked = loaded(rates, k=1)
    bare = with_picks(asked, {})
    for one in (asked, bare, asked):
        served = Served(MINI, one.intents(), CUT)
        fresh = GraphBuilder(MINI, CUT)
        graphs = [fresh.graph(intent) for intent in one.intents()]
        assert tables(served.graphs) == tables(graphs)
    assert Served(MINI, asked.intents(), CUT).builder is served.builder
    assert Served(MINI, asked.intents()).builder is not served.builder
    again = [
        first.applicable_policies.automata is then.applicable_policies.automata
        for first, then in zip(asked.intents(), bare.intents(), strict=True)
    ]
    assert all(again)
