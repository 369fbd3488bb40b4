"""Exact bounds agree with an enumeration of all states, whatever the parts and the system."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.topologies.analysis.decomposition import Hit, Parts, System, Verdict
from corridor.topologies.analysis.enclosure import (
    DELIVERED,
    DROPPED,
    Branch,
    Decided,
    FailureDiagrams,
)

LINES, SAMPLES, MOST_ALONE = 8, 2, 10
FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
"""Each example enumerates the states of up to 16 parts: 65,536."""
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
    fails = np.array([not system(lines).works for lines in range(1 << LINES)])
    return states(unavailable)[fails[down(parts)]].sum(axis=0)


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
def walks(draw: st.DrawFn) -> tuple[Branch, ...]:
    """A tree that looks at lines, perhaps at one twice: more of them down may help or not."""
    found: list[Branch] = []
    for number in range(draw(st.integers(1, 10))):
        ends = st.integers(DROPPED, number - 1)
        line = 1 << draw(st.integers(0, LINES - 1))
        found.append(Branch(line, draw(ends), draw(ends)))
    return tuple(found)


def is_delivered(walk: Sequence[Branch], lines: int) -> bool:
    at = len(walk) - 1
    while at >= 0:
        at = walk[at].if_down if walk[at].line & lines else walk[at].if_up
    return at == DELIVERED


def bounds(space: FailureDiagrams, found: Decided) -> tuple[np.ndarray, np.ndarray]:
    return space.probabilities(found.fails), space.probabilities(found.may_fail)


@FEW
@given(of=failing_parts(), system=connections())
def test_bounds_meet_at_the_enumeration_of_all_states(of, system):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=0.0, most_questions=10_000)
    exact = enumerated(parts, unavailable, system)
    for one in bounds(space, found):
        assert one == pytest.approx(exact, abs=1e-12)
    assert found.gap == 0


@FEW
@given(of=failing_parts(), system=connections(), most=st.integers(1, 4))
def test_bounds_of_a_search_that_ends_early_contain_the_exact_value(of, system, most):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=1e-3, most_questions=most)
    exact = enumerated(parts, unavailable, system)
    low, high = bounds(space, found)
    assert (low <= exact + 1e-12).all()
    assert (exact <= high + 1e-12).all()


@FEW
@given(of=failing_parts(), directions=st.lists(walks(), min_size=1, max_size=2))
def test_tables_are_as_the_enumeration_of_all_states_has_them(of, directions):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.followed(directions, 10_000)

    def ask(lines: int) -> Verdict:
        return Verdict(all(is_delivered(one, lines) for one in directions), 0)

    exact = enumerated(parts, unavailable, ask)
    for one in bounds(space, found):
        assert one == pytest.approx(exact, abs=1e-12)


@FEW
@given(of=failing_parts(), system=connections())
def test_what_is_saved_is_the_difference_to_a_part_that_never_fails(of, system):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=0.0, most_questions=10_000)
    saved, system = space.saved(found.fails), cache(system)
    exact = enumerated(parts, unavailable, system)
    for part in parts.counted:
        never = unavailable.copy()
        never[part] = 0
        expected = exact - enumerated(parts, never, system)
        assert saved[part] == pytest.approx(expected, abs=1e-12)


def test_diagrams_that_get_large_end_a_search_with_wide_bounds():
    parts = Parts(tuple(1 << line for line in range(LINES)))
    space = FailureDiagrams(parts, np.full((LINES, 1), 0.1))
    walk = tuple(
        Branch(1 << line, DELIVERED, line - 1 if line else DROPPED) for line in range(LINES)
    )
    exact = space.followed([walk], 1_000)
    assert space.probabilities(exact.fails) == pytest.approx(1e-8)
    unknown = space.followed([walk], 1)
    assert bounds(space, unknown) == (0, 1)
