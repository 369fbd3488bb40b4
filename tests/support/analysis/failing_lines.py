"""Random parts that take lines down, systems of lines, and the enumeration of all states."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from corridor.topologies.analysis.lines import Hit, Parts, System, Verdict

SAMPLES = 2
PROBABILITIES = st.floats(0.001, 0.6)


def down(parts: Parts) -> np.ndarray:
    """The lines that are down, by the set of parts, events and hits that have failed."""
    failed = np.arange(1 << len(parts.alone))
    lines = np.zeros_like(failed)
    for part, of in enumerate(parts.alone):
        lines |= np.where(failed >> part & 1, of, 0)
    for event, hit, of in parts.hits:
        lines |= np.where(failed >> event & failed >> hit & 1, of, 0)
    return lines


def states(unavailable: np.ndarray) -> np.ndarray:
    """The probability of each set of failed parts, by sample."""
    found = np.ones((1, unavailable.shape[1]))
    for one in unavailable:
        found = np.concatenate([found * (1 - one), found * one])
    return found


def enumerated(parts: Parts, unavailable: np.ndarray, system: System) -> np.ndarray:
    """The probability of failure by sample."""
    lines, which = np.unique(down(parts), return_inverse=True)
    fails = np.array([not system(int(one)).works for one in lines])
    return states(unavailable)[fails[which]].sum(axis=0)


@st.composite
def failing_parts(draw: st.DrawFn, lines: int, most_alone: int) -> tuple[Parts, np.ndarray]:
    taken = st.integers(1, (1 << lines) - 1)
    alone = draw(st.lists(taken, min_size=1, max_size=most_alone))
    hits = []
    for _ in range(draw(st.integers(0, 2))):
        event = len(alone)
        alone.append(0)
        for _ in range(draw(st.integers(1, 2))):
            hits.append(Hit(event, len(alone), draw(taken)))
            alone.append(0)
    parts = Parts(tuple(alone), tuple(hits))
    rows = st.lists(PROBABILITIES, min_size=SAMPLES, max_size=SAMPLES)
    unavailable = np.array([draw(rows) for _ in alone])
    return parts, unavailable


@st.composite
def connections(draw: st.DrawFn, lines: int) -> System:
    """Two ends of a random graph, whose lines are its edges."""
    edges = [
        draw(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda one: one[0] != one[1]))
        for _ in range(lines)
    ]

    def ask(down: int) -> Verdict:
        graph = nx.MultiGraph()
        graph.add_nodes_from(range(5))
        for number, (a, z) in enumerate(edges):
            if not down >> number & 1:
                graph.add_edge(a, z, number)
        if not nx.has_path(graph, 0, 4):
            return Verdict(False, 0)
        path = nx.shortest_path(graph, 0, 4)
        used = [min(graph[a][z]) for a, z in itertools.pairwise(path)]
        return Verdict(True, sum(1 << one for one in used))

    return ask
