"""Single paths of an exploration: the cheapest to see, the longest, a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from corridor.controller.prover.search.claim import TraceStep
from corridor.controller.prover.search.core import Turn
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import Came, Exploration, Node


def trace_to(
    seen: Exploration, node: Node, step: Step, came: Came | None = None
) -> tuple[TraceStep, ...]:
    """The path from the door to a step, by default that which needs the fewest ports dead."""
    came = seen.cheapest if came is None else came
    sights = [TraceStep(step, node[1])]
    while node in came:
        node, turn = came[node]
        sights.append(TraceStep(turn.step, node[1]))
    return tuple(reversed(sights))


def longest(seen: Exploration, weight: Callable[[Turn], int]) -> tuple[dict[Node, int], Came]:
    """The maximum weight of a path to each node, and those paths; only of paths without loops."""
    most: dict[Node, int] = {seen.start: 0}
    came: Came = {}
    for node in _in_order(seen):
        for to, turn in seen.edges[node]:
            total = most[node] + weight(turn)
            if total > most.get(to, -1):
                most[to] = total
                came[to] = (node, turn)
    return most, came


def _in_order(seen: Exploration) -> Iterator[Node]:
    """Each node after all that lead to it: depth first, the last finished first."""
    finished: list[Node] = []
    met = {seen.start}
    open_edges = [(seen.start, iter(seen.edges[seen.start]))]
    while open_edges:
        node, rest = open_edges[-1]
        following = next(rest, None)
        if following is None:
            finished.append(node)
            open_edges.pop()
        elif following[0] not in met:
            met.add(following[0])
            open_edges.append((following[0], iter(seen.edges[following[0]])))
    return reversed(finished)


def loop(seen: Exploration) -> tuple[TraceStep, ...]:
    """A path to a node and in a loop to it again, or nothing without a loop."""
    on_trace: dict[Node, int] = {seen.start: 0}
    done: set[Node] = set()
    steps: list[tuple[Node, Turn]] = []
    open_edges = [iter(seen.edges[seen.start])]
    while open_edges:
        following = next(open_edges[-1], None)
        if following is None:
            open_edges.pop()
            done.add(on_trace.popitem()[0])
            if steps:
                steps.pop()
            continue
        to, turn = following
        node = next(reversed(on_trace))
        if to in on_trace:
            return _round(seen, [*steps[on_trace[to] :], (node, turn)])
        if to not in done:
            on_trace[to] = len(on_trace)
            steps.append((node, turn))
            open_edges.append(iter(seen.edges[to]))
    return ()


def _round(seen: Exploration, circle: list[tuple[Node, Turn]]) -> tuple[TraceStep, ...]:
    """The cheapest path to where a circle begins, then once around."""
    (first, turn), rest = circle[0], circle[1:]
    around = [TraceStep(turn.step, node[1]) for node, turn in rest]
    return (*trace_to(seen, first, turn.step), *around)


def is_taken(seen: Exploration, fibres: tuple[str, ...]) -> bool:
    """Whether packets may come over these fibres, and no others, to some host."""
    nodes = {seen.start}
    for fibre in (*fibres, None):
        nodes |= {
            to
            for node in nodes
            for to, turn in seen.edges[node]
            if turn.move is not None and not turn.move.fibre
        }
        if fibre is not None:
            nodes = _across(seen, nodes, fibre)
    return bool(fibres) and any(
        turn.step.end is End.DELIVERED for node in nodes for turn in seen.at(node[0]).turns
    )


def _across(seen: Exploration, nodes: set[Node], fibre: str) -> set[Node]:
    return {
        to
        for node in nodes
        for to, turn in seen.edges[node]
        if turn.move is not None and turn.move.fibre == fibre
    }
