"""The cheapest path within a delay bound: each path has both a price and a delay.

Label setting (Hansen, Bicriterion path problems, 1980): of the paths that come to a place only
those are gone on with that no cheaper one, or as cheap, comes to sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from corridor.controller.policy.product import Edge, Product
from corridor.controller.traffic_engineering.candidate_values import Order

MOST_LABELS = 200_000
"""Paths begun that are gone on with."""

type Cost = Callable[[int, Edge], int]
"""What an edge from a place costs, above zero."""


def cheapest_in_time(
    product: Product, start: int, dead: int, cost: Cost, within_ns: int
) -> Order | None:
    """Of equal ones that over fewer fibres, then that over the fibres named first; None where none
    is in time, or not found within a number of labels."""
    soonest: dict[int, int] = {}
    queue: list[tuple[int, int, Order, int, int]] = [(0, 0, (), 0, start)]
    for _ in range(MOST_LABELS):
        while queue and soonest.get(queue[0][4], within_ns + 1) <= queue[0][3]:
            heappop(queue)
        if not queue:
            return None
        so_far, count, order, delay_ns, at = heappop(queue)
        if product.is_end(at):
            return order
        soonest[at] = delay_ns
        for edge in product.edges(at):
            after_ns = delay_ns + edge.delay_ns
            if edge.bit & dead or after_ns + edge.floor_ns > within_ns:
                continue
            if soonest.get(edge.far, within_ns + 1) > after_ns:
                label = (so_far + cost(at, edge), count + 1, (*order, edge.number))
                heappush(queue, (*label, after_ns, edge.far))
    return None
