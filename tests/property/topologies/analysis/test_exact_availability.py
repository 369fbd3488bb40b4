"""The decomposition agrees with an enumeration of all states, whatever the parts and the system."""

from __future__ import annotations

import itertools
from functools import cache

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.topologies.analysis.decomposition import (
    Decomposition,
    FailureSpace,
    Hit,
    Parts,
    System,
    Verdict,
    at_most_failed,
    bits,
)

LINES, SAMPLES, MOST_ALONE = 6, 2, 5
FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
"""Each example enumerates up to 2,048 states."""
PROBABILITIES = st.floats(0.001, 0.6)


def down(parts: Parts, failed: int) -> int:
    """The lines that are down while a set of parts, events and hits has failed."""
    lines = 0
    for part in bits(failed):
        lines |= parts.alone[part]
    for event, hit, of in parts.hits:
        if failed >> event & 1 and failed >> hit & 1:
            lines |= of
    return lines


def states(unavailable: np.ndarray) -> np.ndarray:
    """The probability of each set of failed parts, by sample."""
    found = np.ones((1, unavailable.shape[1]))
    for one in unavailable:
        found = np.concatenate([found * (1 - one), found * one])
    return found


def enumerated(parts: Parts, unavailable: np.ndarray, system: System) -> np.ndarray:
    """The probability of failure by sample."""
    answers = cache(lambda lines: system(lines).works)
    fails = [not answers(down(parts, failed)) for failed in range(1 << len(parts.alone))]
    return states(unavailable)[fails].sum(axis=0)


@st.composite
def failing_parts(draw: st.DrawFn) -> tuple[Parts, np.ndarray]:
    lines = st.integers(1, (1 << LINES) - 1)
    alone = draw(st.lists(lines, min_size=1, max_size=MOST_ALONE))
    hits = []
    for _ in range(draw(st.integers(0, 2))):
        event = len(alone)
        alone.append(0)
        for _ in range(draw(st.integers(1, 2))):
            hits.append(Hit(event, len(alone), draw(lines)))
            alone.append(0)
    parts = Parts(tuple(alone), tuple(hits))
    rows = st.lists(PROBABILITIES, min_size=SAMPLES, max_size=SAMPLES)
    unavailable = np.array([draw(rows) for _ in alone])
    return parts, unavailable


@st.composite
def connections(draw: st.DrawFn) -> System:
    """Two ends of a random graph, whose lines are its edges."""
    edges = [
        draw(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda one: one[0] != one[1]))
        for _ in range(LINES)
    ]

    def ask(lines: int) -> Verdict:
        graph = nx.MultiGraph()
        graph.add_nodes_from(range(5))
        for number, (a, z) in enumerate(edges):
            if not lines >> number & 1:
                graph.add_edge(a, z, number)
        if not nx.has_path(graph, 0, 4):
            return Verdict(False, 0)
        path = nx.shortest_path(graph, 0, 4)
        used = [min(graph[a][z]) for a, z in itertools.pairwise(path)]
        return Verdict(True, sum(1 << one for one in used))

    return ask


@st.composite
def tables(draw: st.DrawFn) -> System:
    """A tree that looks at lines in turn: more of them down may help or not."""
    order = draw(st.permutations(range(LINES)))
    answers = draw(st.lists(st.booleans(), min_size=LINES + 1, max_size=LINES + 1))
    jumps = draw(st.lists(st.integers(1, 3), min_size=LINES, max_size=LINES))

    def ask(lines: int) -> Verdict:
        at, relies_on = 0, 0
        while at < LINES:
            line = order[at]
            if lines >> line & 1:
                at += jumps[at]
            else:
                relies_on |= 1 << line
                at += 2
        return Verdict(answers[min(at, LINES)], relies_on)

    return ask


def bounds(space: FailureSpace, found: Decomposition) -> tuple[np.ndarray, np.ndarray]:
    return space.probabilities(found.fails), 1 - space.probabilities(found.works)


@FEW
@given(of=failing_parts(), system=st.one_of(connections(), tables()))
def test_the_decomposition_equals_the_enumeration_of_all_states(of, system):
    parts, unavailable = of
    space = FailureSpace(parts, unavailable)
    found = space.decompose(system, gap=0.0, most_questions=10_000)
    exact = enumerated(parts, unavailable, system)
    for one in bounds(space, found):
        assert one == pytest.approx(exact, abs=1e-12)
    assert found.gap == pytest.approx(0, abs=1e-12)


@FEW
@given(of=failing_parts(), system=st.one_of(connections(), tables()), most=st.integers(1, 4))
def test_bounds_of_a_search_that_ends_early_contain_the_exact_value(of, system, most):
    parts, unavailable = of
    space = FailureSpace(parts, unavailable)
    found = space.decompose(system, gap=1e-3, most_questions=most)
    exact = enumerated(parts, unavailable, system)
    low, high = bounds(space, found)
    assert (low <= exact + 1e-12).all()
    assert (exact <= high + 1e-12).all()
    means = FailureSpace(parts, unavailable.mean(axis=1, keepdims=True))
    low, high = bounds(means, found)
    assert found.gap == pytest.approx(float((high - low)[0]), abs=1e-12)


@FEW
@given(unavailable=st.lists(PROBABILITIES, min_size=1, max_size=8), most=st.integers(0, 3))
def test_states_of_few_failures_are_counted(unavailable, most):
    each = states(np.array(unavailable)[:, None])[:, 0]
    expected = sum(one for failed, one in enumerate(each) if failed.bit_count() <= most)
    assert at_most_failed(unavailable, most) == pytest.approx(expected)
