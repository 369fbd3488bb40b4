"""The cheapest path within a delay bound, against all paths."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.policy.product import Edge, Product
from corridor.controller.traffic_engineering.candidate_values import cheapest_within_delay
from paths_lab import Served, served, served_in_time

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
MOST_PATHS = 5000
MS = 10**6


def every_path(product: Product, start: int, dead: int) -> Iterator[tuple[Edge, ...]]:
    """That comes to no place twice."""
    waiting: list[tuple[int, tuple[Edge, ...]]] = [(start, ())]
    while waiting:
        at, edges = waiting.pop()
        if product.is_end(at):
            yield edges
            continue
        passed = {start, *(edge.far for edge in edges)}
        waiting += [
            (edge.far, (*edges, edge))
            for edge in product.edges(at)
            if not edge.bit & dead and edge.far not in passed
        ]


@MANY
@given(served() | served_in_time(), st.integers(0, 2**32), st.integers(1, 4))
def test_no_path_that_is_in_time_is_cheaper(made: Served, seed: int, most_price: int) -> None:
    assume(isinstance(made.graph.route, PermittedPath))
    random, automaton = Random(seed), made.graph.automaton
    product = GraphBuilder(made.topology).courses(automaton).product
    start = product.entered(automaton.trip.src)
    dead = random.choice((0, 1 << random.randrange(len(made.topology.fibres))))
    paths = []
    for one in every_path(product, start, dead):
        paths.append(one)
        assume(len(paths) <= MOST_PATHS)
    prices = [random.randint(1, most_price) for _ in range(2 * len(made.topology.fibres))]
    delays = sorted({sum(edge.delay_ns for edge in one) for one in paths})
    for within_ns in (0, *random.sample(delays, min(4, len(delays))), 10**12):
        found = cheapest_within_delay(
            product, start, dead, lambda _at, edge: prices[edge.sight], within_ns
        )
        in_time = (
            (sum(prices[edge.sight] for edge in one), len(one), tuple(edge.number for edge in one))
            for one in paths
            if sum(edge.delay_ns for edge in one) <= within_ns
        )
        best = min(in_time, default=None)
        assert found == (None if best is None else best[2]), within_ns
