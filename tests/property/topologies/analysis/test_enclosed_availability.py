"""Exact bounds agree with an enumeration of all states, whatever the parts and the system."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.topologies.analysis.decomposition import Parts, Verdict
from corridor.topologies.analysis.enclosure import (
    DELIVERED,
    DROPPED,
    Branch,
    Decided,
    FailureDiagrams,
)
from failing_lines import connections, enumerated, failing_parts

LINES, MOST_ALONE = 8, 10
FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
"""Each example enumerates the states of up to 16 parts: 65,536."""


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
@given(of=failing_parts(LINES, MOST_ALONE), system=connections(LINES))
def test_bounds_meet_at_the_enumeration_of_all_states(of, system):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=0.0, most_questions=10_000)
    exact = enumerated(parts, unavailable, system)
    for one in bounds(space, found):
        assert one == pytest.approx(exact, abs=1e-12)
    assert found.gap == 0


@FEW
@given(of=failing_parts(LINES, MOST_ALONE), system=connections(LINES), most=st.integers(1, 4))
def test_bounds_of_a_search_that_ends_early_contain_the_exact_value(of, system, most):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=1e-3, most_questions=most)
    exact = enumerated(parts, unavailable, system)
    low, high = bounds(space, found)
    assert (low <= exact + 1e-12).all()
    assert (exact <= high + 1e-12).all()


@FEW
@given(of=failing_parts(LINES, MOST_ALONE), directions=st.lists(walks(), min_size=1, max_size=2))
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
@given(of=failing_parts(LINES, MOST_ALONE), system=connections(LINES))
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
